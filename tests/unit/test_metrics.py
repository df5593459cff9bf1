"""Formulas, derived metrics, and several metrics side by side."""

import io
import json
from contextlib import suppress
from typing import Any

import known
import known_graph
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

import pyrometer
from pyrometer.analyze import derivations
from pyrometer.cli import run
from pyrometer.errors import SelectionError
from pyrometer.profile.formula import LONGEST, parse
from pyrometer.show import text

NAMES = {"Ir": 1000, "Dr": 30, "alloc-bytes": 4096, "alloc-blocks": 3, "a": 2, "b": 5, "μ.x": 7}


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("Ir + 10 Dr", 1300),
        ("Ir + 10Dr + 2 (a + b)", 1314),
        ("alloc-bytes / alloc-blocks", 4096 / 3),
        ("Ir - Dr", 970),
        ("Ir-Dr", 970),
        ("alloc-bytes-a", 4094),
        ("-a + b", 3),
        ("2 * -a", -4),
        ("--a", 2),
        ("+a", 2),
        ("a - b - 1", -4),
        ("a - (b - 1)", -2),
        ("100 / 2 a", 25),
        ("100 / 2 * a", 100),
        ("a + b * 2", 12),
        ("(a + b) * 2", 14),
        ("1.5e1 a", 30),
        (".5 a", 1),
        ('"alloc-bytes" / 2', 2048),
        ("μ.x * 2", 14),
        ("a <= 2", 1),
        ("a + b < 7", 0),
        ("a > 1", 1),
        ("b / (a - 2)", None),
        ("(b / (a - 2)) * 0", None),
        ("1e308 * 10 * 1e308", None),
        ("1e400 * a", None),
        ("1e400 - 1e400", None),
    ],
)
def test_a_formula_has_this_value(formula, value):
    assert parse(formula, NAMES).evaluate(NAMES) == value


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("", "column 1"),
        ("a +", "column 4"),
        ("a b", "column 3"),
        ("a 2", "column 3"),
        ("(a", "column 3"),
        ("a)", "column 2"),
        ("a + * b", "column 5"),
        ("a ** b", "column 4"),
        ("nobody", "no metric 'nobody', at column 1"),
        ("a + __import__('os')", "no metric '__import__', at column 5"),
        ("a % b", "column 3"),
        ("a()", "column 2"),
        ("a, b", "column 2"),
        ("(" * 65 + "a" + ")" * 65, "more than 64 parentheses"),
        ("a + " * LONGEST + "a", "letters"),
        ('"a', "column 1"),
    ],
)
def test_a_wrong_formula_is_refused_at_its_column(formula, said):
    with pytest.raises(SelectionError) as refused:
        parse(formula, NAMES)
    assert said in refused.value.what
    assert refused.value.cure


def test_what_can_be_summed():
    degrees = {text: parse(text, NAMES).degree for text in ("a + 2 b", "a / 2", "a / b", "a * b", "a + 1", "2", "-a")}
    assert degrees == {
        "a + 2 b": "linear",
        "a / 2": "linear",
        "a / b": "ratio",
        "a * b": "ratio",
        "a + 1": "ratio",
        "2": "constant",
        "-a": "linear",
    }


_NUMBERS = st.integers(0, 1000).map(str)
_TERMS = st.recursive(
    st.sampled_from(["a", "b", "Dr"]) | _NUMBERS,
    lambda inner: (
        st.tuples(inner, st.sampled_from([" + ", " - ", " * ", " / "]), inner).map(lambda t: f"({t[0]}{t[1]}{t[2]})")
        | inner.map(lambda one: f"-{one}")
    ),
    max_leaves=20,
)


@given(_TERMS)
def test_values_are_those_of_python(formula):
    values = {"a": 2, "b": 5, "Dr": 30}
    try:
        expected = eval(formula, {"__builtins__": {}}, values)
    except ZeroDivisionError:
        expected = None
    assert parse(formula, values).evaluate(values) == expected


@given(st.text(max_size=60) | st.text('ab12.+-*/()<>= "e', max_size=40))
def test_any_text_is_a_formula_or_an_error(formula):
    with suppress(SelectionError):
        value = parse(formula, NAMES).evaluate(NAMES)
        assert value is None or isinstance(value, int | float)


@given(st.lists(st.tuples(st.integers(0, 10**12), st.integers(0, 10**12)), max_size=20))
def test_a_linear_formula_of_sums_is_the_sum_of_the_formula(pairs):
    formula = parse("3 a + 10 (b - a)", NAMES)
    parts = [formula.evaluate({"a": a, "b": b}) for a, b in pairs]
    whole = formula.evaluate({"a": sum(a for a, _ in pairs), "b": sum(b for _, b in pairs)})
    assert sum(part or 0 for part in parts) == whole


def cachegrind(**events: int) -> pyrometer.Profile:
    """One function with these counts."""
    return pyrometer.build(
        metrics=[{"name": name, "kind": "exact"} for name in events],
        functions=[{"name": "main"}],
        frames=[{"function": 0, "file": "/a.c", "line": 1}],
        stacks=[{"frame": 0}],
        samples=[{"stack": 0, "metric": at, "value": value} for at, value in enumerate(events.values())],
    )


def totals(profile: pyrometer.Profile, *names: str, **derive: str) -> list[float | None]:
    return [column.total for column in profile.metric_columns("top", names, derive=derive).columns]


CACHE = {"Ir": 9000, "I1mr": 40, "ILmr": 10, "Dr": 2000, "D1mr": 300, "DLmr": 50, "Dw": 1000, "D1mw": 154, "DLmw": 1}


def test_built_in_metrics_of_the_simulated_cache():
    profile = cachegrind(**CACHE, Bc=500, Bcm=50, Bi=100, Bim=10)
    assert totals(profile, "L1m", "LLm", "Bm") == [494, 61, 60]
    assert totals(profile, "CEst") == [9000 + 600 + 4940 + 6100]
    assert totals(profile, "D1-miss-rate", "branch-miss-rate", "I1-miss-rate") == [454 / 3000, 0.1, 40 / 9000]
    hits = 12000 - 494
    assert totals(profile, "estimated-cycles") == [hits + 5 * (494 - 61) + 35 * 61]
    assert sum(value or 0 for value in totals(profile, "L1-hit-rate", "LL-hit-rate", "RAM-hit-rate")) == pytest.approx(
        1
    )


def test_gungraun_estimates_a_published_sample_so():
    # 11,844 hits of L1, 61 of LL, 433 of RAM: 27,304 cycles.
    misses = 61 + 433
    events = CACHE | {"Ir": 11844 + misses - 3000, "I1mr": misses, "D1mr": 0, "D1mw": 0}
    assert totals(cachegrind(**events | {"ILmr": 433, "DLmr": 0, "DLmw": 0}), "estimated-cycles") == [27304]


def test_without_branches_or_cache_an_estimate_is_made_of_what_is_there():
    assert totals(cachegrind(**CACHE), "CEst") == [9000 + 4940 + 6100]
    assert totals(cachegrind(Ir=1000, Bc=10, Bcm=3, Bi=5, Bim=1), "CEst") == [1040]
    assert "CEst" not in derivations(cachegrind(Ir=1000)).known


def heap() -> pyrometer.Profile:
    """Two allocation points below `main`: many small blocks that live short, and one large one that stays."""
    names = ("alloc-bytes", "alloc-blocks", "lifetime", "read-bytes", "written-bytes", "peak-bytes", "exit-bytes")
    units = ("bytes", "count", "count", "bytes", "bytes", "bytes", "bytes")
    points = [(16_000, 1_000, 100_000, 8_000, 16_000, 160, 0), (5 << 20, 1, 9_000_000, 0, 5 << 20, 5 << 20, 5 << 20)]
    return pyrometer.build(
        pyrometer.Meta(instrument="heap", command=["./program"]),
        metrics=[{"name": n, "unit": u, "kind": "exact"} for n, u in zip(names, units, strict=True)],
        functions=[{"name": "main"}, {"name": "small"}, {"name": "large"}],
        frames=[{"function": at, "file": "/src/a.c", "line": at + 1} for at in range(3)],
        stacks=[{"frame": 0}, {"frame": 1, "parent": 0}, {"frame": 2, "parent": 0}],
        samples=[
            {"stack": stack, "metric": metric, "value": value}
            for stack, point in enumerate(points, 1)
            for metric, value in enumerate(point)
            if value
        ],
    )


def test_heap_profiles_have_averages_per_place():
    view = heap().metric_columns("top", ["alloc-blocks", "average-size", "average-lifetime", "short-lived"])
    found = {row.place.name: [amount.value for amount in row.self] for row in view.rows}
    assert found == {"small": [1000, 16, 100, 1], "large": [1, 5 << 20, 9_000_000, 0]}
    shown = text.render(view)
    assert "5.0 MiB" in shown
    assert "yes" in shown
    rates = heap().metric_columns("top", ["alloc-bytes", "reads-per-byte", "writes-per-byte"])
    assert [[amount.value for amount in row.self[1:]] for row in rates.rows] == [[0, 1], [0.5, 1]]


def test_heap_profiles_sort_by_any_metric_and_have_trees_of_any():
    def order(sort: str) -> list[str]:
        return [row.place.name for row in heap().metric_columns("top", sort=sort).rows]

    assert (order("alloc-bytes"), order("alloc-blocks")) == (["large", "small"], ["small", "large"])
    assert (order("exit-bytes"), order("average-lifetime")) == (["large", "small"], ["large", "small"])
    tree = heap().metric_columns("tree", ["peak-bytes", "alloc-blocks"], min_share=0)
    assert [(depth, node.place.name, node.total[1].value) for depth, node in tree.walk()] == [
        (0, "main", 1001),
        (1, "large", 1),
        (1, "small", 1000),
    ]


def test_a_flame_graph_of_any_metric_of_the_heap(tmp_path):
    heap().flamegraph(tmp_path / "a.svg", metric="exit-bytes")
    drawn = (tmp_path / "a.svg").read_text()
    assert "large (5,242,880 bytes, 100.00%)" in drawn
    assert "<title>small (" not in drawn


def test_derived_metrics_of_the_user_and_of_the_file():
    profile = known_graph.profile()
    assert totals(profile, "Sum", "mine", "half", mine="Sum * 2", half="mine / 4") == [396, 792, 198]
    assert "broken" not in derivations(profile).known
    view = profile.metric_columns("top", ["rate"], derive={"rate": "D1mr / Dr"})
    assert [(row.place.name, row.self[0].value) for row in view.rows] == [("alloc", 0.4), ("odd", 1 / 6)]
    assert view.columns[0].total == pytest.approx(5 / 33)


@pytest.mark.parametrize(
    ("derive", "said"),
    [
        ({"Ir": "Dr"}, "has a metric 'Ir' already"),
        ({"x": "x + 1"}, "no metric 'x'"),
        ({"L1m": "Ir", "x": "L1m", "L1m ": "1 / 0 /"}, "column"),
        ({"Sum": "Ir", "x": "Sum", "y": "nothing"}, "nothing"),
    ],
)
def test_derived_metrics_that_cannot_be(derive, said):
    with pytest.raises(SelectionError) as refused:
        known_graph.profile().metric_columns("top", list(derive), derive=derive)
    assert said in refused.value.what


def test_a_formula_with_the_name_of_a_recorded_metric_is_an_error_where_that_is_asked_for_too(tmp_path, capsys):
    known_graph.profile().save(tmp_path / "a.pyro")
    for view in ("top", "lines", "tree"):
        command = ["show", str(tmp_path / "a.pyro"), "--view", view, "--metric", "Ir", "--derive", "Ir = Dr"]
        assert run(command) == SelectionError.exit_code
        assert "has a metric 'Ir' already" in capsys.readouterr().err


def test_a_metric_is_never_made_of_itself():
    profile = cachegrind(**CACHE)
    with pytest.raises(SelectionError, match="made of itself"):
        profile.metric_columns("top", ["CEst"], derive={"L1m": "CEst - Ir"})


def test_unknown_metrics_are_named_with_what_there_is():
    with pytest.raises(SelectionError, match="no metric 'cycles'") as refused:
        known_graph.profile().metric_columns("top", ["cycles"])
    assert "Ir, Dr, D1mr" in refused.value.cure
    assert "Sum" in refused.value.cure


def test_several_metrics_of_a_recording_with_stacks():
    view = known.profile().metric_columns("top", by="total")
    rows = {row.place.name.removeprefix("program::"): [amount.value for amount in row.total] for row in view.rows}
    assert rows["main"] == [210, 7]
    assert rows["lex"] == [30, 7]
    tree = known.profile().metric_columns("tree", min_share=0, inverted=True)
    lex = next(node for node in tree.roots if node.place.name == "program::lex")
    assert [amount.value for amount in lex.total] == [30, 7]


@pytest.mark.parametrize("width", [40, 60, 80, 120, 400])
@pytest.mark.parametrize("view", ["top", "lines", "tree"])
def test_columns_fit_the_terminal_and_name_what_is_left_out(width, view):
    many = 12
    wide = pyrometer.build(
        metrics=[{"name": f"metric-{at}", "kind": "exact"} for at in range(many)],
        functions=[{"name": "a::rather::long::name"}],
        frames=[{"function": 0, "file": "/a.c", "line": 1}],
        stacks=[{"frame": 0}],
        samples=[{"stack": 0, "metric": at, "value": 123_456_789} for at in range(many)],
    )
    stream = io.StringIO()
    text.show(wide.metric_columns(view), text.console(stream, width))
    lines = stream.getvalue().splitlines()
    table = [line for line in lines if "lost 0" not in line]
    assert max(cell_len(line) for line in table) <= width
    left_out = " ".join(lines).partition("no room for ")[2].partition(":")[0]
    numbers = [int(name.removeprefix("metric-")) for name in left_out.split(", ") if name]
    assert numbers == list(range(many - len(numbers), many))
    assert bool(numbers) == (width < 400)


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    known_graph.profile().save(tmp_path / "graph.pyro")
    return tmp_path


def names(capsys) -> list[str]:
    return [column["name"] for column in json.loads(capsys.readouterr().out)["columns"]]


def test_metrics_on_the_command_line(file, capsys):
    show = ["show", "--format", "json"]
    assert run([*show, "--metric", "all", "--sort", "D1mr"]) == 0
    assert names(capsys) == ["D1mr", "Ir", "Dr"]
    assert run([*show, "--metric", "Dr", "--metric", "Sum"]) == 0
    assert names(capsys) == ["Dr", "Sum"]
    assert run([*show, "--derive", "cost = Ir + 10 D1mr"]) == 0
    assert names(capsys) == ["Ir", "cost"]
    assert run([*show, "--view", "files"]) == 0
    assert names(capsys) == ["Ir", "Dr", "D1mr"]
    assert run([*show, "--metric", "Dr"]) == 0
    assert json.loads(capsys.readouterr().out)["view"] == "top"
    assert run([*show, "--view", "summary", "--metric", "Ir", "--metric", "Dr"]) == 2
    assert run([*show, "--view", "binaries", "--sort", "Ir"]) == 2
    assert run(["show", "--derive", "Ir + 1"]) == 2
    assert "NAME = FORMULA" in capsys.readouterr().err


def test_formulas_of_the_project_and_of_the_user(file, capsys):
    (file / "config" / "pyrometer").mkdir(parents=True)
    (file / "config" / "pyrometer" / "pyrometer.toml").write_text('[derive]\nmine = "Ir"\nboth = "2 Ir"\n')
    (file / "pyrometer.toml").write_text('[derive]\nboth = "3 Ir"\n')
    assert run(["show", "--format", "json", "--metric", "mine", "--metric", "both"]) == 0
    assert [column["total"] for column in json.loads(capsys.readouterr().out)["columns"]] == [330, 990]
    (file / "pyrometer.toml").write_text("[derive]\nboth = 3\n")
    assert run(["show", "--metric", "mine"]) == 88
    assert "no table of formulas" in capsys.readouterr().err
    (file / "pyrometer.toml").write_text("[derive\n")
    assert run(["show", "--metric", "mine"]) == 88
    assert "cannot be read" in capsys.readouterr().err


def test_stacks_can_be_chosen_by_what_is_true_of_them(tmp_path, capsys):
    def names(*where: str) -> list[str]:
        return [row.place.name for row in heap().top(where=where).rows]

    assert (names("short-lived"), names("read-bytes <= 0")) == (["small"], ["large"])
    assert names("average-size > 10") == ["large", "small"]
    assert names("average-size > 10", "exit-bytes <= 0") == ["small"]
    assert names("alloc-bytes > 1e12") == []
    assert heap().top(where="short-lived").basis.excluded == 1
    tree = heap().metric_columns("tree", ["alloc-blocks"], where="short-lived")
    assert [node.place.name for _, node in tree.walk()] == ["main", "small"]
    with pytest.raises(SelectionError, match="no metric 'speed'"):
        names("speed > 1")
    heap().save(tmp_path / "heap.pyro")
    assert run(["export", "--to", "folded", "-o", "-", "--where", "read-bytes <= 0", str(tmp_path / "heap.pyro")]) == 0
    heap().export("folded", tmp_path / "out", where="read-bytes <= 0")
    assert (tmp_path / "out").read_text().splitlines()[1:] == ["main;large 5242880"]


def test_a_file_says_up_to_when_a_life_is_short():
    profile = heap()
    meta = pyrometer.Meta(extra={"dhat": {"tuth": 50}})
    rows = {name: list(profile.table(name).rows()) for name in ("metrics", "functions", "frames", "stacks", "samples")}
    plain: dict[str, Any] = {
        name: [{k: v for k, v in row.items() if k != "id"} for row in table] for name, table in rows.items()
    }
    assert [row.place.name for row in pyrometer.build(meta, **plain).top(where="short-lived").rows] == []
    assert [row.place.name for row in pyrometer.build(**plain).top(where="short-lived").rows] == ["small"]


def test_several_metrics_of_edges_have_the_number_of_calls():
    view = known_graph.profile().metric_columns("callers", function="even")
    assert [(row.place.name, row.total[0].value, row.calls) for row in view.rows] == [
        ("parse", 90, 2),
        ("solve", 80, 3),
        ("odd", 0, 8),
    ]
    assert [row.calls for row in known.profile().metric_columns("callers", function="parse").rows] == [None]


@pytest.mark.parametrize("view", ["top", "lines", "files"])
def test_rows_without_the_metric_sorted_by_stand_last_and_columns_add_up(view):
    profile = pyrometer.build(
        metrics=[{"name": "cpu-time", "unit": "ns"}, {"name": "page-faults", "kind": "exact"}],
        functions=[{"name": "computes"}, {"name": "reads"}, {"name": "touches"}],
        frames=[{"function": at, "file": f"/src/{at}.c", "line": 7} for at in range(3)],
        stacks=[{"frame": at} for at in range(3)],
        samples=[{"stack": at, "metric": int(at > 0), "value": value} for at, value in enumerate([10, 5, 300])],
    )
    found = profile.metric_columns(view)
    assert [[amount.value for amount in row.self] for row in found.rows] == [[10, 0], [0, 300], [0, 5]]
    assert [column.total for column in found.columns] == [10, 305]
