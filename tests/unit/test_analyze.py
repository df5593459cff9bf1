"""Analysis of a profile whose sums are known, and of arbitrary ones."""

import re
from collections import Counter

import known
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pyrometer
from pyrometer import analyze
from pyrometer.analyze import SourceListing, Sources, effective_size, wilson


@pytest.fixture(scope="module")
def profile() -> pyrometer.Profile:
    return known.profile()


def short(name: str) -> str:
    return name.rsplit("::", 1)[-1]


def test_self_and_total_of_every_function(profile):
    rows = profile.top().rows
    assert {short(row.place.name): row.self.count for row in rows} == known.SELF
    assert {short(row.place.name): row.total.count for row in rows} == known.TOTAL
    assert all(row.self.value == row.self.count * known.PERIOD for row in rows)


def test_top_is_sorted_by_what_is_asked(profile):
    assert [short(row.place.name) for row in profile.top().rows] == ["solve", "memcpy", "lex", "parse", "main"]
    assert [short(row.place.name) for row in profile.top(2, by="total").rows] == ["main", "solve"]
    assert profile.top(2).functions == 5


def test_recursion_counts_once_in_a_total(profile):
    solve = profile.top().rows[0]
    assert (solve.self.share, solve.total.share) == (9 / 21, 15 / 21)


def test_rows_below_the_least_share_are_left_out(profile):
    assert [short(row.place.name) for row in profile.top(min_share=6 / 21).rows] == ["solve", "memcpy"]


def test_tree_from_the_root(profile):
    (root,) = profile.tree().roots
    shape = [(depth, short(node.place.name), node.self.count, node.total.count) for depth, node in root.walk()]
    assert shape == [
        (0, "main", 1, 21),
        (1, "solve", 4, 15),
        (2, "solve", 5, 11),
        (3, "memcpy", 6, 6),
        (1, "parse", 2, 5),
        (2, "lex", 3, 3),
    ]
    assert [node.inlined for _, node in root.walk()] == [False] * 5 + [True]


def test_tree_can_be_cut_by_depth_and_by_share(profile):
    shallow = profile.tree(depth=2)
    assert [depth for depth, _ in shallow.walk()] == [0, 1, 1]
    assert (shallow.nodes, shallow.hidden) == (6, 3)
    large = profile.tree(min_share=0.5)
    assert [short(node.place.name) for _, node in large.walk()] == ["main", "solve", "solve"]


def test_inverted_tree_starts_at_the_leaves(profile):
    tree = profile.tree(inverted=True, min_share=0)
    assert {short(node.place.name): node.total.count for node in tree.roots} == known.SELF
    lex = next(node for node in tree.roots if node.place.name.endswith("lex"))
    assert [short(node.place.name) for _, node in lex.walk()] == ["lex", "parse", "main"]


def test_callers_and_callees(profile):
    callers = profile.callers("memcpy")
    assert [(short(row.place.name), row.edge.count) for row in callers.rows] == [("solve", 6)]
    callees = profile.callees("main")
    assert [(short(row.place.name), row.edge.count) for row in callees.rows] == [("solve", 15), ("parse", 5)]
    assert (callees.self.count, callees.total.count) == (1, 21)


def test_inlined_code_counts_where_it_was_written(profile):
    rows = {(row.line, short(row.function)): (row.self.count, row.total.count) for row in profile.lines().rows}
    assert rows == {(3, "main"): (1, 21), (12, "parse"): (2, 5), (21, "lex"): (3, 3), (33, "solve"): (9, 15)}


@pytest.mark.parametrize(
    ("filters", "samples"),
    [
        ({"focus": "parse"}, 5),
        ({"focus": ["parse", "memcpy"]}, 11),
        ({"exclude": "solve"}, 6),
        ({"focus": "main", "exclude": ["lex", "memcpy"]}, 12),
        ({"binary": r"libc\.so"}, 6),
        ({"exclude_binary": "libc"}, 15),
        ({"thread": "worker"}, 6),
        ({"thread": 100}, 15),
        ({"thread": ["101", "main"]}, 21),
        ({"process": "prog"}, 21),
        ({"time": (0.0, 0.003)}, 3),
        ({"time": (0.015, None)}, 6),
        ({"metric": "page-faults"}, 7),
    ],
)
def test_filters_select_samples(profile, filters, samples):
    basis = profile.top(**filters).basis
    assert basis.samples == samples
    assert basis.samples + basis.excluded == (7 if "metric" in filters else 21)


def test_an_exact_metric_has_no_interval(profile):
    row = profile.top(metric="page-faults").rows[0]
    assert (row.self.value, row.self.share, row.self.low, row.self.high) == (7, 1.0, None, None)


@pytest.mark.parametrize(
    ("filters", "cure"),
    [
        ({"metric": "cycles"}, "cpu-time, page-faults"),
        ({"thread": "nobody"}, r"main \(100\)"),
        ({"process": 7}, r"program \(100\)"),
        ({"thread": "("}, "literally"),
    ],
)
def test_a_filter_that_names_nothing_lists_what_there_is(profile, filters, cure):
    with pytest.raises(pyrometer.SelectionError) as caught:
        profile.top(**filters)
    assert caught.match("no |regular")
    assert re.search(cure, caught.value.cure)


def test_a_bad_pattern_is_refused(profile):
    with pytest.raises(pyrometer.SelectionError, match="regular expression"):
        profile.top(focus="(")


@pytest.mark.parametrize(
    ("filters", "cure"),
    [
        ({"focus": "("}, "put a backslash before what is meant literally"),
        ({"focus": "(?<=a)b"}, "write it without look-around and backreferences"),
        ({"hide": r"(a)\1"}, "write it without look-around and backreferences"),
        ({"thread": "it's ["}, "write it literally: 'it'\"'\"'s\\ \\['"),
    ],
)
def test_the_cure_of_a_bad_pattern_can_be_typed(profile, filters, cure):
    with pytest.raises(pyrometer.SelectionError) as caught:
        profile.top(**filters)
    assert cure in caught.value.cure


def test_functions_are_found_by_whole_name_end_and_part(profile):
    assert profile.callers("program::solve").function == "program::solve"
    assert profile.callers("solve").function == "program::solve"
    assert profile.callers("EMC").function == "memcpy"
    with pytest.raises(pyrometer.FunctionNotFoundError) as caught:
        profile.callers("solev")
    assert caught.value.cure == "did you mean program::solve or program::lex?"


def test_annotate_without_source_says_how_to_get_it(profile):
    found = profile.annotate("lex")
    (source,) = found.sources
    assert [(line.line, line.self.count, line.text) for line in source.lines] == [(21, 3, None)]
    assert source.missing.startswith("/src/program.rs is not on this machine: copy the sources to that path, or say")


def test_annotate_shows_the_lines_around(tmp_path):
    file = tmp_path / "program.rs"
    file.write_text("".join(f"line {at}\n" for at in range(1, 40)))
    tables = known.TABLES | {"frames": [row | {"file": str(file)} for row in known.TABLES["frames"]]}
    found = pyrometer.build(known.META, samples=known.samples(), **tables).annotate("parse")
    (source,) = found.sources
    assert [(line.line, line.text) for line in source.lines] == [(at, f"line {at}") for at in range(9, 16)]
    assert {line.line: (line.self.count, line.total.count) for line in source.lines if line.total.count} == {12: (2, 5)}
    assert source.changed


RUST_PATH = "/rustc/{}/library/core/src/{}.rs"


@pytest.fixture
def toolchain(tmp_path, monkeypatch):
    """Rustup's only toolchain: of commit 59807616e, with one source file."""
    monkeypatch.setenv("RUSTUP_HOME", str(tmp_path))
    library = tmp_path / "toolchains/stable/lib/rustlib"
    source = library / "src/rust/library/core/src/here.rs"
    source.parent.mkdir(parents=True)
    source.write_text("first\nsecond\n")
    manifest = '\n[pkg.rustc]\nversion = "1.95.0 (59807616e 2026-04-14)"\n'
    (library / "multirust-channel-manifest.toml").write_text(manifest)


def library_source(path: str) -> SourceListing:
    tables = known.TABLES | {"frames": [row | {"file": path} for row in known.TABLES["frames"]]}
    (source,) = pyrometer.build(known.META, samples=known.samples(), **tables).annotate("main").sources
    return source


@pytest.fixture
def moved(tmp_path) -> pyrometer.Profile:
    """A function whose debug info names a folder that is gone; its file of twenty lines is in ``elsewhere/app``."""
    (tmp_path / "elsewhere/app").mkdir(parents=True)
    (tmp_path / "elsewhere/app/work.c").write_text("".join(f"text {at}\n" for at in range(1, 21)))
    (tmp_path / "elsewhere/work.c").write_text("another\n" * 20)
    return pyrometer.build(
        metrics=[{"name": "Ir", "unit": "count", "kind": "exact"}],
        functions=[{"name": "work"}],
        frames=[{"function": 0, "file": "/gone/app/../app/work.c", "line": 10}],
        stacks=[{"frame": 0}],
        samples=[{"stack": 0, "value": 5}],
    )


@pytest.mark.parametrize("way", ["function", "columns", "file", "all"])
def test_sources_are_found_in_folders_by_the_end_of_their_paths(moved, tmp_path, way):
    ways = {
        "function": lambda sources: moved.annotate("work", sources=sources).sources[0],
        "columns": lambda sources: moved.metric_columns("annotate", function="work", sources=sources).files[0],
        "file": lambda sources: moved.metric_columns("annotate", file="work.c", sources=sources).files[0],
        "all": lambda sources: moved.metric_columns("annotate", sources=sources).files[0],
    }
    found = ways[way](Sources((tmp_path / "nowhere", tmp_path / "elsewhere"), 2))
    assert [(line.line, line.text) for line in found.lines] == [(at, f"text {at}") for at in range(8, 13)]
    assert found.missing is None
    usual = ways[way](Sources((tmp_path / "elsewhere",)))
    assert len(usual.lines) == (20 if way == "file" else 7)
    missing = ways[way](Sources())
    assert [(line.line, line.text) for line in missing.lines] == [(10, None)]
    assert "--source-path FOLDER" in missing.missing


@pytest.mark.usefixtures("toolchain")
def test_annotate_shows_the_library_of_the_toolchain_that_built_the_program():
    source = library_source(RUST_PATH.format("59807616e1fa2540724bfbac14d7976d7e4a3860", "here"))
    assert source.missing is None
    assert [line.text for line in source.lines][:2] == ["first", "second"]


@pytest.mark.usefixtures("toolchain")
@pytest.mark.parametrize(
    ("commit", "file", "cure"),
    [
        ("59807616e1", "gone", "rustup component add rust-src --toolchain stable"),
        ("0123456789", "here", "only the same file of other toolchains: .* says 0123456789"),
        ("0123456789", "gone", "rustup component add rust-src` for the toolchain that built the program"),
    ],
)
def test_annotate_says_which_library_to_install(commit, file, cure):
    source = library_source(RUST_PATH.format(commit, file))
    assert source.missing is not None
    assert re.search(cure, source.missing)
    assert {line.text for line in source.lines} == {None}


def test_workers_of_a_server_are_chosen_by_their_command_lines():
    workers = [
        {"pid": 100, "name": "postgres", "command_line": "postgres: checkpointer"},
        {"pid": 101, "name": "postgres", "command_line": "postgres: walwriter"},
    ]
    threads = [{"process": 0, "tid": 100}, {"process": 1, "tid": 101}]
    tables = {**known.TABLES, "processes": workers, "threads": threads}
    profile = pyrometer.build(known.META, samples=known.samples(), **tables)
    everything, one = (profile.top(process=process).basis.samples for process in ("postgres", "walwriter"))
    assert one == known.SELF["memcpy"] < everything
    with pytest.raises(pyrometer.PyrometerError) as raised:
        profile.top(process="nobody")
    assert raised.value.cure == "choose one of: postgres: checkpointer (100), postgres: walwriter (101)"


def test_annotate_of_what_has_neither_lines_nor_code(profile):
    with pytest.raises(pyrometer.DisassemblyError, match="memcpy has neither"):
        profile.annotate("memcpy")


@pytest.mark.parametrize(
    ("function", "why", "cure"),
    [
        ("main", "only in what it calls", "pyrometer show --view callees --function main"),
        ("work", "no address in a binary", "before the program is rebuilt"),
    ],
)
def test_annotate_says_why_there_is_nothing_of_a_function(tmp_path, function, why, cure):
    file = tmp_path / "a.folded"
    file.write_text("main;work 5\n")
    with pytest.raises(pyrometer.DisassemblyError, match=function) as raised:
        pyrometer.load(file).annotate(function)
    assert why in raised.value.why
    assert cure in raised.value.cure


def test_annotate_of_counts_without_addresses_says_how_to_count_them(tmp_path):
    file = tmp_path / "callgrind.out"
    file.write_text("# callgrind format\nversion: 1\npositions: line\nevents: Ir\nfn=main\n0 70\n")
    with pytest.raises(pyrometer.DisassemblyError) as raised:
        pyrometer.load(file).annotate("main")
    assert "--inlined" in raised.value.cure


def test_summary_holds_the_same_numbers(profile):
    view = analyze.summary(profile)
    assert (view.by_self, view.by_total, view.lines) == (
        profile.top(),
        profile.top(by="total", collapse_runtime=True),
        profile.lines(),
    )
    assert [(each.metric.name, each.total, each.samples) for each in view.metrics] == [
        ("cpu-time", 210, 21),
        ("page-faults", 7, 7),
    ]
    assert view.cpus_used == 0.5


# R. G. Newcombe, Two-sided confidence intervals for the single proportion, Statistics in Medicine 17 (1998), table I.
@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_interval_has_the_published_values(count, of, low, high):
    found = wilson(count / of, of)
    assert found == pytest.approx((low, high), abs=5e-5)


@given(st.floats(0, 1), st.floats(0.1, 1e9))
def test_wilson_interval_holds_the_share_and_stays_inside(share, size):
    low, high = wilson(share, size)
    assert 0 <= low <= share <= high <= 1


@given(st.lists(st.integers(1, 1_000), min_size=1))
def test_effective_size_is_at_most_the_number_of_samples(weights):
    size = effective_size(sum(weights), sum(weight * weight for weight in weights))
    assert 1 - 1e-9 <= size <= len(weights) + 1e-9


@st.composite
def profiles(draw) -> pyrometer.Profile:
    """Arbitrary trees of up to five functions, with recursion, and samples of arbitrary weight."""
    parents = draw(st.lists(st.floats(0, 1), max_size=20))
    functions = draw(st.lists(st.integers(0, 4), min_size=len(parents) + 1, max_size=len(parents) + 1))
    stacks = [{"frame": function} for function in functions]
    for at, parent in enumerate(parents, start=1):
        if parent < 0.9:
            stacks[at]["parent"] = int(parent / 0.9 * at)
    leaves = draw(st.lists(st.tuples(st.integers(0, len(stacks) - 1), st.integers(1, 1_000)), max_size=30))
    return pyrometer.build(
        metrics=[{"name": "cpu-time", "unit": "ns"}],
        functions=[{"name": f"f{at}"} for at in range(5)],
        frames=[{"function": at, "file": "a.c", "line": at + 1} for at in range(5)],
        stacks=stacks,
        samples=[{"stack": leaf, "value": value} for leaf, value in leaves],
    )


@given(profiles())
def test_self_values_sum_to_the_total(profile):
    top = profile.top(100)
    assert sum(row.self.value for row in top.rows) == top.basis.total
    assert sum(row.self.count for row in top.rows) == top.basis.samples == len(profile.samples)
    assert sum(row.self.value for row in profile.lines(100).rows) == top.basis.total


@given(profiles(), st.booleans())
def test_every_node_is_its_own_and_its_childrens_samples(profile, inverted):
    tree = profile.tree(min_share=0, inverted=inverted)
    assert sum(root.total.value for root in tree.roots) == tree.basis.total
    for _, node in tree.walk():
        assert node.total.value == node.self.value + sum(child.total.value for child in node.children)


@given(profiles())
def test_roots_of_the_inverted_tree_are_the_self_values(profile):
    selves = Counter({row.place.name: row.self.value for row in profile.top(100).rows if row.self.value})
    roots = Counter({node.place.name: node.total.value for node in profile.tree(min_share=0, inverted=True).roots})
    assert roots == selves


@given(profiles(), st.sampled_from(["f0", "f1", "f2"]))
def test_focus_and_exclude_divide_the_samples(profile, function):
    pattern = f"^{function}$"
    inside, outside = (profile.top(**{word: pattern}).basis for word in ("focus", "exclude"))
    assert inside.total + outside.total == profile.top().basis.total
    assert inside.excluded == outside.samples


@given(profiles())
def test_a_profile_is_the_same_after_saving(tmp_path_factory, profile):
    path = tmp_path_factory.mktemp("saved") / "a.pyro"
    profile.save(path)
    assert pyrometer.load(path).tree(min_share=0) == profile.tree(min_share=0)


def test_arguments_that_make_no_sense_are_refused(profile):
    for view in (profile.top, profile.lines):
        with pytest.raises(ValueError, match="from 0"):
            view(-1)
    with pytest.raises(ValueError, match="'self' or 'total'"):
        profile.top(by="both")
    with pytest.raises(pyrometer.SelectionError, match="ends before it starts"):
        profile.top(time=(3, 1))
    with pytest.raises(pyrometer.InvalidRowsError, match="row 0 of functions has 'nmae'"):
        pyrometer.build(functions=[{"nmae": "main"}])
    with pytest.raises(pyrometer.InvalidRowsError, match="row 0 of samples has 'wieght'"):
        pyrometer.build(samples=[{"stack": 0, "wieght": 1}])
