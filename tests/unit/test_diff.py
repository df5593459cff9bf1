"""Two profiles compared."""

import json
import random

import known
import known_graph
import pytest
from golden_files import assert_golden
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

import pyrometer
from pyrometer.analyze.rename import renaming
from pyrometer.analyze.significance import adjusted, shares_interval, shares_p, values_interval, values_p
from pyrometer.cli import run
from pyrometer.errors import SelectionError
from pyrometer.profile import Meta
from pyrometer.show import json as json_view
from pyrometer.show import text
from pyrometer.show.about import about
from pyrometer.show.diff import side_by_side

PERIOD = 1_000_000


def sampled(leaves: list[int], period: int = PERIOD, prefix: str = "f") -> pyrometer.Profile:
    """A function for each number, as often sampled as the number is there."""
    functions = range(max(leaves, default=0) + 1)
    return pyrometer.build(
        metrics=[{"name": "cpu-time", "unit": "ns", "period": period}],
        binaries=[{"path": "/bin/program"}],
        functions=[{"name": f"{prefix}{at}", "binary": 0} for at in functions],
        frames=[{"function": at, "file": f"/src/{prefix}.c", "line": at + 1} for at in functions],
        stacks=[{"frame": at} for at in functions],
        samples=[{"stack": leaf, "value": period} for leaf in leaves],
    )


def exact(costs: dict[str, int], file: str = "/src/a.c") -> pyrometer.Profile:
    return pyrometer.build(
        metrics=[{"name": "Ir", "kind": "exact"}],
        functions=[{"name": name} for name in costs],
        frames=[{"function": at, "file": file, "line": at + 1} for at in range(len(costs))],
        stacks=[{"frame": at} for at in range(len(costs))],
        samples=[{"stack": at, "value": cost} for at, cost in enumerate(costs.values())],
    )


OLD = {"main": 10, "gone": 5, "same": 40, "grown": 45}
NEW = {"main": 10, "new": 20, "same": 40, "grown": 50}


def test_exact_counts_differ_exactly():
    view = exact(OLD).diff(exact(NEW))
    rows = [(row.name, row.before, row.after, row.difference) for row in view.rows]
    assert rows == [("new", None, 20, 20), ("gone", 5, None, -5), ("grown", 45, 50, 5)]
    assert (view.total.before, view.total.after, view.total.difference, view.total.ratio) == (100, 120, 20, 1.2)
    assert all(row.is_real and row.low is None for row in view.rows)
    assert view.rows[2].ratio == pytest.approx(50 / 45)


def test_shares_differ_by_shares():
    rows = {row.name: row.difference for row in exact(OLD).diff(exact(NEW), normalize=True).rows}
    assert rows["same"] == pytest.approx(40 / 120 - 0.4)
    assert sum(rows.values()) == pytest.approx(0)


def test_the_threshold_hides_what_is_small_and_counts_it():
    view = exact(OLD).diff(exact(NEW), threshold=0.1)
    assert ([row.name for row in view.rows], view.small) == (["new"], 2)


@pytest.mark.parametrize("by", ["function", "line", "file", "binary"])
@pytest.mark.parametrize("normalize", [False, True])
def test_a_profile_does_not_differ_from_itself(by, normalize):
    for profile in (known.profile(), known_graph.profile(), exact(OLD), sampled([0, 0, 1, 2, 2, 2])):
        view = profile.diff(profile, by=by, normalize=normalize)
        assert (view.rows, view.small, view.total.difference) == ((), 0, 0)
        assert view.above(0) == []


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 10**12), min_size=1))
@settings(max_examples=25)
def test_any_profile_has_no_difference_from_itself(costs):
    assert exact(costs).diff(exact(costs)).rows == ()
    assert exact(costs).diff(exact(costs), normalize=True).rows == ()


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 10**12), min_size=1),
    st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 10**12), min_size=1),
)
@settings(max_examples=25)
def test_differences_sum_to_that_of_the_whole(before, after):
    there, back = exact(before).diff(exact(after)), exact(after).diff(exact(before))
    assert sum(row.difference for row in there.rows) == there.total.difference
    assert {row.name: row.difference for row in there.rows} == {row.name: -row.difference for row in back.rows}


def draw(seed: int, weights: list[float], n: int) -> pyrometer.Profile:
    return sampled(random.Random(seed).choices(range(len(weights)), weights, k=n))


@pytest.mark.parametrize("normalize", [False, True])
def test_samples_of_the_same_program_seldom_seem_to_differ(normalize):
    """Of 200 pairs, at most 5 % have a single row that is marked as more than noise (and some slack: 3 sigma)."""
    weights = [1 / (at + 1) for at in range(25)]
    pairs = 200
    false = sum(
        any(row.is_real for row in draw(2 * at, weights, 300).diff(draw(2 * at + 1, weights, 400), normalize=True).rows)
        if normalize
        else any(row.is_real for row in draw(2 * at, weights, 300).diff(draw(2 * at + 1, weights, 300)).rows)
        for at in range(pairs)
    )
    assert false <= 0.05 * pairs + 3 * (0.05 * 0.95 * pairs) ** 0.5


@pytest.mark.parametrize("normalize", [False, True])
def test_a_function_that_got_slower_is_found(normalize):
    weights = [10.0, 5.0, 3.0, 2.0, *[1.0] * 20]
    slower = [10.0, 5.0, 6.0, 2.0, *[1.0] * 20]
    view = draw(1, weights, 4000).diff(draw(2, slower, 4300), normalize=normalize)
    assert next(iter(view.rows)).name == "f2"
    assert view.rows[0].is_real
    found = {row.name for row in view.rows if row.is_real}
    assert "f2" in found
    assert len(found) <= 2
    low, high = view.rows[0].low, view.rows[0].high
    assert low is not None
    assert high is not None
    true = 6 / 43 - 3 / 40 if normalize else (600 - 300) * PERIOD
    assert low < true < high


def poisson(chance: random.Random, mean: float) -> int:
    """How many events fall into a time in which ``mean`` are expected."""
    count, time = 0, chance.expovariate(1.0)
    while time < mean:
        count, time = count + 1, time + chance.expovariate(1.0)
    return count


def test_intervals_hold_the_truth_nineteen_times_in_twenty():
    """Coverage by simulation, of rare and of frequent functions."""
    chance = random.Random(7)
    trials = 2000
    for p, q, n, m in [(0.01, 0.03, 400, 300), (0.3, 0.25, 150, 200), (0.02, 0.02, 200, 900)]:
        held = 0
        for _ in range(trials):
            x, y = (sum(chance.random() < share for _ in range(size)) for share, size in ((p, n), (q, m)))
            low, high = shares_interval(x / n, n, y / m, m)
            held += low <= q - p <= high
        assert 0.93 < held / trials < 0.985
    # Values: a Poisson number of observations on each side.
    for mean, other in [(4.0, 9.0), (40.0, 60.0)]:
        held = 0
        for _ in range(trials):
            x, y = poisson(chance, mean), poisson(chance, other)
            low, high = values_interval(x * 2.0, 2.0, y * 3.0, 3.0)
            held += low <= other * 3.0 - mean * 2.0 <= high
        assert 0.93 < held / trials < 0.985


def test_exact_and_normal_tests_meet():
    assert shares_p(300, 3000, 360, 3000) == pytest.approx(shares_p(480, 4800, 576, 4800) ** (1 / 1.6), rel=0.5)
    assert shares_p(501, 9000, 498, 9000) == pytest.approx(shares_p(502, 9000, 499, 9000), abs=0.05)
    assert values_p(470, 1.0, 529, 1.0) == pytest.approx(values_p(471, 1.0, 530, 1.0), abs=0.01)
    assert values_p(0, 1.0, 0, 1.0) == values_p(5, 1.0, 5, 1.0) == shares_p(0, 0, 1, 5) == 1.0


@given(st.lists(st.floats(0, 1), max_size=30))
def test_adjusted_probabilities_keep_their_order_and_never_shrink(probabilities):
    rates = adjusted(probabilities)
    assert all(rate >= p for rate, p in zip(rates, probabilities, strict=True))
    order = sorted(range(len(rates)), key=lambda at: probabilities[at])
    assert [rates[at] for at in order] == sorted(rates)
    assert all(rate <= 1 for rate in rates)


def test_names_are_changed_before_they_are_compared():
    old, new = exact({"run_v1": 10, "f": 1}, "/build1/src/a.c"), exact({"run_v2": 10, "f": 1}, "/BUILD2/src/a.c")
    assert len(old.diff(new).rows) == 2
    assert old.diff(new, mod_funcname=["s/_v[0-9]+$//"]).rows == ()
    assert len(old.diff(new, by="line").rows) == 4
    assert old.diff(new, by="line", mod_filename=["s,/build[0-9]/,/,i"]).rows == ()


def test_substitutions_are_those_of_sed():
    assert renaming(["s/a/b/"])("aaa") == "baa"
    assert renaming(["s/a/b/g"])("aaA") == "bbA"
    assert renaming(["s/a/b/gi"])("aaA") == "bbb"
    assert renaming([r"s/(\w+)-(\w+)/\2-\1/"])("x-y") == "y-x"
    assert renaming([r"s/a\/b/c/"])("a/b") == "c"
    for wrong in ("", "s", "s/a", "s/a/b", "s/a/b/x", "s/(/b/", r"s/a/\1/", "y/a/b/"):
        with pytest.raises(SelectionError):
            renaming([wrong])


@given(st.text("s/\\\\a(.)*+?{}|^$gi1<>", max_size=12).map("s/".__add__), st.text("ab\\", max_size=6))
def test_any_command_changes_names_or_is_refused(command, name):
    try:
        rename = renaming([command])
    except SelectionError:
        return
    assert isinstance(rename(name), str)


def test_what_cannot_be_compared():
    with pytest.raises(SelectionError, match="cannot be compared"):
        exact(OLD).diff(sampled([0]))
    with pytest.raises(SelectionError, match="no cost with what it calls"):
        exact(OLD).diff(exact(NEW), by="file", inclusive=True)
    with pytest.raises(SelectionError, match="ratio"):
        known_graph.profile().diff(known_graph.profile(), metric="r", derive={"r": "Ir / Dr"}, normalize=True)


def test_derived_metrics_and_totals_of_call_graphs():
    old, new = known_graph.profile(), known_graph.profile(scale=3)
    view = old.diff(new, metric="Sum", inclusive=True)
    assert next(row for row in view.rows if row.name == "parse").difference == 2 * 240
    assert view.total.difference == 2 * 396
    assert old.diff(new, metric="rate", derive={"rate": "D1mr / Dr"}).rows == ()


def test_it_looks_like_this():
    weights = [10.0, 5.0, 3.0, *[1.0] * 4]
    view = draw(1, weights, 800).diff(draw(2, [*weights[:2], 6.0, *weights[3:], 1.0], 900))
    shown = text.render(view)
    assert max(cell_len(line) for line in shown.splitlines()) <= 80
    assert_golden("diff_sampled.txt", shown)
    assert_golden("diff_exact.txt", text.render(exact(OLD).diff(exact(NEW))))
    assert_golden("diff_exact.json", json_view.render(exact(OLD).diff(exact(NEW))))


def test_samples_compared_with_exact_counts_are_not_said_to_differ_exactly():
    counted = pyrometer.build(
        metrics=[{"name": "cpu-time", "unit": "ns", "kind": "exact"}],
        functions=[{"name": "f0"}],
        frames=[{"function": 0}],
        stacks=[{"frame": 0}],
        samples=[{"stack": 0, "value": PERIOD}],
    )
    for view in (counted.diff(sampled([0, 0])), sampled([0, 0]).diff(counted)):
        shown = text.render(view)
        assert "cpu-time, one side sampled" in shown
        assert "how much of this is noise is not known" in shown
        with pytest.raises(pyrometer.SelectionError, match="may be noise is not known"):
            view.above(0.01)
    assert "noise is not known" not in text.render(counted.diff(counted))


def test_several_metrics_stand_side_by_side():
    old, new = known_graph.profile(), known_graph.profile(scale=2)
    (grid,) = side_by_side([old.diff(new, metric=name) for name in ("D1mr", "Ir")])
    cells = {str(row.cells[-1]): [str(cell) for cell in row.cells[:-1]] for row in grid.rows}
    assert cells["(all)"] == ["+5 (+100.0 %)", "+330 (+100.0 %)"]
    assert cells["alloc"] == ["+4 (+80.0 %)", "+100 (+30.3 %)"]
    assert cells["main"] == ["", "+10 (+3.0 %)"]
    assert list(cells)[:3] == ["(all)", "alloc", "odd"]


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exact(OLD).save(tmp_path / "old.pyro")
    exact(NEW).save(tmp_path / "new.pyro")


def test_the_command_fails_above_a_percentage(files, capsys):
    diff = ["diff", "old.pyro", "new.pyro"]
    assert run(diff) == 0
    assert run([*diff, "--fail-above", "20"]) == 0
    capsys.readouterr()
    assert run([*diff, "--fail-above", "19"]) == 1
    shown = capsys.readouterr().err
    assert "above 19 %: (all) Ir grew by 20.0 %" in shown
    assert "new Ir grew by 20.0 % of all" in shown
    assert run(["diff", "new.pyro", "old.pyro", "--fail-above", "4"]) == 1
    assert "gone Ir grew" in capsys.readouterr().err
    assert run(["diff", "new.pyro", "new.pyro", "--fail-above", "0"]) == 0


def test_what_grew_but_is_not_named_is_counted(files, capsys):
    exact({f"f{at}": at for at in range(1, 9)}).save("few.pyro")
    exact({f"f{at}": 2 * at for at in range(1, 9)}).save("many.pyro")
    assert run(["diff", "few.pyro", "many.pyro", "--fail-above", "0"]) == 1
    assert capsys.readouterr().err.splitlines()[5:] == ["above 0 %: 4 more"], "all, and eight functions"


@pytest.mark.parametrize("limit", ["nan", "inf", "-inf", "-1"])
def test_a_limit_that_nothing_can_be_above_is_wrong_usage(files, capsys, limit):
    assert run(["diff", "old.pyro", "new.pyro", "--fail-above", limit]) == 2
    assert "'--fail-above'" in capsys.readouterr().err


def test_a_gate_that_filters_leave_nothing_of_is_an_error_and_does_not_pass(files, capsys):
    diff = ["diff", "old.pyro", "new.pyro", "--focus", "misspelt"]
    assert run(diff) == 0
    assert run([*diff, "--fail-above", "2"]) == SelectionError.exit_code
    assert "nothing of Ir is left to be above a limit" in capsys.readouterr().err


def test_a_gate_has_no_rows_hidden_from_it(files, capsys):
    diff = ["diff", "old.pyro", "new.pyro", "--fail-above", "2", "--threshold"]
    assert run([*diff, "3"]) == 2
    assert "--threshold leaves rows out" in capsys.readouterr().err
    assert run([*diff, "2"]) == run(diff[:-1]) == 1


def test_formulas_of_samples_are_not_called_exact_and_make_no_gate(tmp_path, capsys):
    before, after = (str(tmp_path / name) for name in ("before.pyro", "after.pyro"))
    sampled([0] * 50 + [1] * 50).save(before)
    sampled([0] * 55 + [1] * 50).save(after)
    diff = ["diff", before, after, "--derive", "twice = 2 cpu-time", "--metric", "twice"]
    assert run(diff) == 0
    assert "twice, of samples, without intervals" in capsys.readouterr().out
    assert run([*diff, "--metric", "cpu-time"]) == 0
    assert "of samples, without intervals: twice" in capsys.readouterr().out
    assert run([*diff, "--fail-above", "1"]) == SelectionError.exit_code
    assert "may be noise is not known" in capsys.readouterr().err
    assert run([*diff[:-1], "cpu-time", "--fail-above", "1"]) == 0, "all of it is noise"


def test_what_a_page_calls_noise_are_functions_as_it_has_them_with_allocators():
    def heap(blocks: int) -> pyrometer.Profile:
        return pyrometer.build(
            metrics=[{"name": "inuse-bytes", "unit": "bytes"}],
            functions=[{"name": "parse"}, {"name": "malloc"}],
            frames=[{"function": 0}, {"function": 1}],
            stacks=[{"frame": 0}, {"frame": 1, "parent": 0}],
            samples=[{"stack": 1, "value": 1000} for _ in range(blocks)],
        )

    assert [row.name for row in heap(10).diff(heap(11)).rows] == ["parse"]
    assert json.loads(about(heap(11), base=heap(10)))["noise"] == [["malloc"]]


@pytest.mark.parametrize("by", ["function", "line", "file", "binary"])
def test_the_command_in_every_format(files, capsys, by):
    diff = ["diff", "old.pyro", "new.pyro", "--by", by]
    for form in ("text", "md"):
        assert run([*diff, "--format", form, "--limit", "1"]) == 0
        assert "changed (self)" in capsys.readouterr().out.replace("\\", "")
    assert run([*diff, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["view"], found["by"], found["total"]["difference"]) == ("diff", by, 20)
    assert run([*diff, "--metric", "Ir", "--metric", "double", "--derive", "double = 2 Ir", "--format", "json"]) == 0
    assert [one["total"]["difference"] for one in json.loads(capsys.readouterr().out)] == [20, 40]


def test_sums_of_whole_runs_are_not_compared():
    runs = pyrometer.build(
        Meta(instrument="stat"),
        metrics=[{"name": "task-clock", "unit": "ns", "kind": "exact"}],
        frames=[{"kind": "native"}],
        stacks=[{"frame": 0}],
        samples=[{"stack": 0, "value": 5, "time": time} for time in range(4)],
    )
    with pytest.raises(SelectionError) as caught:
        runs.diff(runs)
    assert "pyrometer stat -r" in caught.value.cure


def several(names: list[str]) -> pyrometer.Profile:
    return pyrometer.build(
        metrics=[{"name": name, "kind": "exact"} for name in names],
        functions=[{"name": "work"}],
        frames=[{"function": 0}],
        stacks=[{"frame": 0}],
        samples=[{"stack": 0, "metric": at, "value": len(name)} for at, name in enumerate(names)],
    )


def test_what_both_have_is_compared(tmp_path, capsys):
    one, other = several(["Ir", "Bc", "Dr"]), several(["Dw", "Bc", "Dr"])
    assert one.diff(other).column.name == "Bc"
    with pytest.raises(SelectionError, match="cannot be compared"):
        one.diff(several(["Dw"]))
    one.save(tmp_path / "one.pyro")
    other.save(tmp_path / "other.pyro")
    assert run(["diff", str(tmp_path / "one.pyro"), str(tmp_path / "other.pyro"), "--metric", "all"]) == 0
    shown, said = capsys.readouterr()
    assert "Bc" in shown.splitlines()[1]
    assert "Ir" not in shown
    assert said == "left out, for only one of both has them: Ir, Dw\n"
