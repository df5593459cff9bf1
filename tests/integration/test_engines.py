"""Programs under an engine: exact counts that are right by construction, and a program that notices nothing of it."""

import json
import os
import re
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import pyrometer
from installed import PYROMETER

# Without a library: every instruction is its own. With data to write: Valgrind names nothing in a program without.
FREESTANDING = r"""
volatile int data = 1;
__attribute__((noinline)) static int work(int times) {
    int sum;
    __asm__ volatile("xor %0, %0\n1:\n\tadd $2, %0\n\tdec %1\n\tjnz 1b" : "=&r"(sum), "+r"(times));
    return sum;
}
void _start(void) {
    for (int at = 0; at < 10; at++)
        data = work(1000);
    __asm__ volatile("syscall" : : "a"(60), "D"(7));
    __builtin_unreachable();
}
"""
ALLOCATING = r"""
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
__attribute__((noinline)) static char *keep(size_t size) { return calloc(1, size); }
__attribute__((noinline)) static void drop(size_t size) {
    volatile char *all = malloc(size);
    all[0] = 1;
    free((void *)all);
}
int main(int count, char **words) {
    (void)words;
    char *kept = keep(1000);
    for (int at = 0; at < 50; at++) drop(200);
    if (count > 1 && fork() == 0) { keep(5000)[0] = 1; _exit(0); }
    wait(0);
    return kept[0];
}
"""


BUSY = """
__attribute__((noinline)) static unsigned work(unsigned n) { while (n-- % 5000000) __asm__(""); return n; }
int main(void) { return work(4999999) == 7; }
"""


def built(folder: Path, source: str, *flags: str) -> Path:
    """A C program."""
    path = folder / "program"
    command = ["gcc", "-O1", "-g", "-x", "c", "-", "-o", path, *flags]
    subprocess.run(command, input=source, text=True, check=True, timeout=60)
    return path


def run(folder: Path, *arguments: object, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """The installed command in a folder."""
    command = [PYROMETER, *map(str, arguments)]
    return subprocess.run(command, cwd=folder, input=stdin, capture_output=True, text=True, timeout=180, check=False)


def functions(folder: Path, file: str, metric: str) -> dict[str, int]:
    """Self values by function."""
    done = run(folder, "show", file, "--metric", metric, "--limit", 500, "--format", "json")
    return {row["place"]["name"]: row["self"]["value"] for row in json.loads(done.stdout)["rows"]}


@pytest.fixture(scope="module")
def freestanding(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program whose instructions can be counted by hand."""
    folder = tmp_path_factory.mktemp("freestanding")
    return built(folder, FREESTANDING, "-nostdlib", "-static", "-fno-stack-protector", "-fcf-protection=none")


def test_instructions_are_counted_exactly(freestanding, tmp_path):
    done = run(tmp_path, "instructions", "-o", "a.pyro", "--", freestanding)
    assert done.returncode == 7, done.stderr
    counts = functions(tmp_path, "a.pyro", "Ir")
    # The loop has 3 instructions, 1,000 rounds, 10 calls; around it are some more a call.
    assert 30_000 + 10 * 2 <= counts["work"] <= 30_000 + 10 * 6
    assert pyrometer.load(tmp_path / "a.pyro").meta.instrument == "instructions"
    again = run(tmp_path, "instructions", "-o", "b.pyro", "--", freestanding)
    assert again.returncode == 7
    assert functions(tmp_path, "b.pyro", "Ir") == counts


def test_calls_caches_and_branches_are_counted_where_they_are_asked_for(freestanding, tmp_path):
    done = run(tmp_path, "instructions", "--calls", "--cache", "--branches", "-o", "a.pyro", "--", freestanding)
    assert done.returncode == 7, done.stderr
    profile = pyrometer.load(tmp_path / "a.pyro")
    names = [metric.name for metric in profile.metric_list]
    assert {"Ir", "D1mr", "DLmw", "Bc", "Bcm"} <= set(names)
    (call,) = [call for call in profile.calls.rows() if call["metric"] == names.index("Ir") and call["count"] == 10]
    callee = list(profile.functions.rows())[call["callee"]]
    assert callee["name"] == "work"
    assert 30_000 <= call["inclusive"] <= 30_060
    branches = functions(tmp_path, "a.pyro", "Bc")
    assert branches["work"] == 10_000
    caches = profile.meta.extra["engine"]
    assert {"I1", "D1", "LL"} <= set(caches)


def test_counting_inside_a_function_only(freestanding, tmp_path):
    done = run(tmp_path, "instructions", "--from", "work", "-o", "a.pyro", "--", freestanding)
    assert done.returncode == 7, done.stderr
    assert set(functions(tmp_path, "a.pyro", "Ir")) <= {"work", "_start"}


def test_inlined_calls_are_resolved(tmp_path):
    source = FREESTANDING.replace("__attribute__((noinline))", "inline __attribute__((always_inline))")
    program = built(tmp_path, source, "-nostdlib", "-static", "-fno-stack-protector", "-fcf-protection=none")
    assert run(tmp_path, "instructions", "-o", "plain.pyro", "--", program).returncode == 7
    assert set(functions(tmp_path, "plain.pyro", "Ir")) == {"_start"}
    done = run(tmp_path, "instructions", "--inlined", "-o", "a.pyro", "--", program)
    assert done.returncode == 7, done.stderr
    assert functions(tmp_path, "a.pyro", "Ir")["work"] >= 30_000
    # What just ran is the build that ran: its machine code is believed.
    shown = run(tmp_path, "annotate", "work", "a.pyro")
    assert shown.returncode == 0, shown.stderr
    assert "add" in shown.stdout
    assert "jne" in shown.stdout


RECURSIVE = """
static __attribute__((noinline)) int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
int main(int argc, char **argv) { return fib(10 + argc) == 89 ? 0 : 1; }
"""


@pytest.mark.parametrize("option", ["--inlined", "--from=fib"])
def test_a_function_that_calls_itself_is_one_where_calls_are_not_asked_for(option, tmp_path):
    program = built(tmp_path, RECURSIVE, "-g0", "-fno-optimize-sibling-calls", "-fno-inline")
    assert run(tmp_path, "instructions", option, "-o", "a.pyro", "--", program).returncode == 0
    assert [name for name in functions(tmp_path, "a.pyro", "Ir") if name.startswith("fib")] == ["fib"]


def test_inlined_calls_take_the_place_of_calls(freestanding, tmp_path):
    done = run(tmp_path, "instructions", "--calls", "--inlined", "--", freestanding)
    assert done.returncode == 2
    assert "--inlined has no meaning with --calls" in done.stderr
    done = run(tmp_path, "instructions", "--inlined", "-o", "a.pyro", "--", freestanding)
    assert done.returncode == 7, done.stderr
    assert len(pyrometer.load(tmp_path / "a.pyro").calls) == 0


NAMESAKES = (
    'void setup(int); __attribute__((noinline)) static void init(int n) { setup(n); __asm__ volatile(""); }\n'
    "int main(int argc, char **argv) { init(1000 * argc); return 0; }\n",
    "\n\nvolatile int sum; __attribute__((noinline)) static void init(int n) { while (n--) sum += n; }\n"
    "__attribute__((noinline)) void setup(int n) { init(100 * n); sum++; }\n",
)


def test_functions_of_one_name_in_two_files_hide_no_costs_of_what_is_between_them(tmp_path):
    for name, source in zip(["a.c", "b.c"], NAMESAKES, strict=True):
        (tmp_path / name).write_text(source)
    command = ["gcc", "-O1", "-g", "-fno-optimize-sibling-calls", "-o", "program", "a.c", "b.c"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=60)
    run(tmp_path, "instructions", "--calls", "-o", "a.pyro", "--", tmp_path / "program")
    done = run(tmp_path, "show", "a.pyro", "--by", "total", "--limit", 500, "--format", "json")
    found = {row["place"]["name"]: row for row in json.loads(done.stdout)["rows"]}
    totals = {name: found[name]["total"]["value"] for name in ("main", "init", "setup")}
    assert 500_000 < totals["setup"] < totals["init"] < totals["main"] < totals["setup"] + 100
    assert [found[name]["place"]["cycle"] for name in totals] == [None] * 3
    # One row, which is defined in two files.
    assert [(found[name]["place"]["file"] or "").rpartition("/")[2] for name in totals] == ["a.c", "", "b.c"]
    assert found["init"]["self"]["value"] > 500_000


def test_looking_names_up_again_keeps_calls(freestanding, tmp_path):
    out = tmp_path / "callgrind.out"
    command = ["valgrind", "--tool=callgrind", "--dump-instr=yes", f"--callgrind-out-file={out}", freestanding]
    subprocess.run(command, check=False, capture_output=True, timeout=60)
    before = pyrometer.import_files(out)
    before.save(tmp_path / "a.pyro")
    done = run(tmp_path, "symbolize", "a.pyro")
    assert done.returncode == 0, done.stderr
    after = pyrometer.load(tmp_path / "a.pyro")
    assert len(after.callers("work").rows) == 1
    assert after.callers("work").rows == before.callers("work").rows
    assert after.top().rows == before.top().rows
    assert "names were not looked up again" in after.meta.notes[-1]


def test_counting_inside_of_a_function_that_is_never_called_says_so(freestanding, tmp_path):
    done = run(tmp_path, "instructions", "--from", "wrok", "-o", "a.pyro", "--", freestanding)
    assert "never called a function wrok" in " ".join(done.stderr.split())
    assert "--rate" not in done.stderr
    several = run(tmp_path, "instructions", "--from", "wor*", "-o", "b.pyro", "--", freestanding)
    assert "count from the outermost alone" in " ".join(pyrometer.load(tmp_path / "b.pyro").meta.notes), several.stderr


HANDLING = """
#include <signal.h>
__attribute__((noinline)) int work(int n) { int s = n; for (int i = 0; i < 100; i++) s += i * s; return s; }
volatile int found;
void handler(int number) { found = work(number); }
int main(void) { signal(SIGUSR1, handler); raise(SIGUSR1); return 0; }
"""


def test_counting_inside_of_a_signals_handler_says_that_nobody_calls_it(tmp_path):
    program = built(tmp_path, HANDLING)
    run(tmp_path, "instructions", "--from", "handler", "-o", "a.pyro", "--", program)
    assert "handler of signals is called by none" in " ".join(pyrometer.load(tmp_path / "a.pyro").meta.notes)
    run(tmp_path, "instructions", "--from", "work", "-o", "b.pyro", "--", program)
    assert functions(tmp_path, "b.pyro", "Ir")["work"] > 100


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_what_asks_us_to_end_ends_the_program(number, tmp_path):
    command = [
        PYROMETER,
        "instructions",
        "--no-summary",
        "-o",
        "a.pyro",
        "--",
        "sh",
        "-c",
        "echo on; while :; do :; done",
    ]
    # Whoever started the tests may have the signal ignored, which is inherited.
    before = signal.signal(number, signal.SIG_DFL)
    recorder = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True, start_new_session=True)
    signal.signal(number, before)
    try:
        assert recorder.stdout
        recorder.stdout.readline()
        recorder.send_signal(number)
        assert recorder.wait(timeout=60) == -number
    finally:
        with suppress(ProcessLookupError):
            os.killpg(recorder.pid, signal.SIGKILL)
        recorder.communicate()
    # Its pipe is closed, so that nobody is left; and what it counted is there.
    assert pyrometer.load(tmp_path / "a.pyro").meta.exit_status == -number
    assert not list(tmp_path.glob("*.recording"))


def test_allocations_are_counted_exactly(tmp_path):
    program = built(tmp_path, ALLOCATING)
    done = run(tmp_path, "heap", "-o", "a.pyro", "--", program)
    assert done.returncode == 0, done.stderr
    profile = pyrometer.load(tmp_path / "a.pyro")
    totals = {each.metric.name: each.total for each in profile.summary().metrics}
    assert (totals["alloc-bytes"], totals["alloc-blocks"]) == (1000 + 50 * 200, 51)
    assert (totals["peak-bytes"], totals["exit-bytes"]) == (1200, 1000)
    callers = profile.callers("drop", metric="alloc-bytes")
    assert callers.total.value == 50 * 200
    # By self, the summary names who asks for memory, not malloc.
    asking = {row.place.name: row.self.value for row in profile.summary().by_self.rows}
    assert (asking["drop"], asking["keep"]) == (50 * 200, 1000)
    assert not {"malloc", "calloc"} & set(asking)
    assert {"malloc", "calloc"} <= {row.place.name for row in profile.top(n=100, hide_allocators=False).rows}
    assert "Functions that ask for memory, by self" in done.stderr


@pytest.fixture(scope="module")
def allocating(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a heap profile, ``a.pyro``."""
    folder = tmp_path_factory.mktemp("allocating")
    done = run(folder, "heap", "-o", "a.pyro", "--", built(folder, ALLOCATING))
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("columns", [(), ("--metric", "all")])
@pytest.mark.parametrize(("view", "asker"), [("top", "drop"), ("lines", "drop"), ("files", "stdin")])
def test_views_of_a_heap_begin_with_who_asks_for_memory(allocating, view, asker, columns):
    shown = run(allocating, "show", "a.pyro", "--view", view, *columns).stdout
    assert "that ask for memory" in shown
    assert asker in shown
    assert "malloc" not in shown
    if view == "top":
        assert "malloc" in run(allocating, "show", "a.pyro", "--view", view, "--show-allocators", *columns).stdout


@pytest.mark.parametrize("columns", [(), ("--metric", "alloc-bytes")])
def test_the_lines_that_allocate_are_annotated(allocating, columns):
    # 50 times 200 bytes: by drop itself, not only with what it calls.
    view = json.loads(run(allocating, "annotate", "drop", "a.pyro", *columns, "--format", "json").stdout)
    hidden = json.loads(run(allocating, "annotate", "drop", "a.pyro", "--show-allocators", "--format", "json").stdout)
    assert own_values(view) == 10_000
    assert own_values(hidden) == 0
    if columns:
        # And the instruction that calls malloc has them.
        done = run(allocating, "annotate", "drop", "a.pyro", *columns)
        assert done.returncode == 0, done.stderr
        (calling,) = [line for line in done.stdout.splitlines() if "call malloc" in line]
        assert "9.8 KiB" in calling


def test_which_bytes_were_accessed(allocating):
    rows = {row.function: row for row in pyrometer.load(allocating / "a.pyro").accesses().rows}
    # Fifty blocks of 200 bytes, of which the first byte was written each time.
    drop = rows["drop"]
    assert (drop.block_size, drop.points, drop.accesses, drop.unused) == (200, 1, 50, 199)
    assert drop.runs == ((1, 50), (199, 0))
    shown = run(allocating, "show", "a.pyro", "--view", "accesses").stdout
    assert "█·······" in shown
    assert "199 B" in shown
    json_rows = json.loads(run(allocating, "show", "a.pyro", "--view", "accesses", "--format", "json").stdout)["rows"]
    assert [1, 50] in next(row["runs"] for row in json_rows if row["function"] == "drop")
    refused = run(allocating, "show", "a.pyro", "--view", "accesses", "--focus", "drop")
    assert refused.returncode == 2


def test_code_without_names_is_shown_by_where_it_is(tmp_path):
    # A build that no other test looks at: names that are known of it would be taken.
    program = built(tmp_path, f"{ALLOCATING}int only_here = 1;", "-s")
    assert run(tmp_path, "heap", "-o", "a.pyro", "--", program).returncode == 0
    profile = pyrometer.load(tmp_path / "a.pyro")
    names = {row.place.name for row in profile.top(n=100).rows}
    assert "???" not in names
    assert sum(name.startswith("program+0x") for name in names) >= 2
    shown = run(tmp_path, "show", "a.pyro", "--view", "binaries").stdout
    assert "program" in shown
    assert "stripped" in shown


def test_code_without_names_has_the_same_ones_counted_and_sampled(tmp_path):
    program = built(tmp_path, BUSY, "-s")
    assert run(tmp_path, "record", "-o", "a.pyro", "--", program).returncode == 0
    assert run(tmp_path, "instructions", "--calls", "-o", "b.pyro", "--", program).returncode == 0
    sampled, counted = (pyrometer.load(tmp_path / name).top(n=1).rows[0].place.name for name in ("a.pyro", "b.pyro"))
    assert sampled == counted
    assert re.fullmatch(r"program\+0x[0-9a-f]+", counted)
    profile = pyrometer.load(tmp_path / "b.pyro")
    assert profile.meta.quality.unsymbolized > 0
    profile.export("callgrind", tmp_path / "callgrind.out")
    assert re.search(r"^fn=\(\d+\) 0x0{8}[0-9a-f]{8}$", (tmp_path / "callgrind.out").read_text(), re.MULTILINE)
    again = pyrometer.load(tmp_path / "callgrind.out")
    assert again.top(n=1).rows[0].place.name == counted


RUST = """
#[inline(always)]
fn gather(n: usize) -> Vec<u64> { let mut all = Vec::new(); for at in 0..n as u64 { all.push(at); } all }
mod inner { #[inline(always)] pub fn sum(n: usize) -> u64 { super::gather(n).iter().sum() } }
fn main() { let n = std::env::args().count() * 1000; println!("{}", inner::sum(n)); }
"""


def test_inlined_functions_of_a_heap_have_their_modules(tmp_path):
    (tmp_path / "app.rs").write_text(RUST)
    command = ["rustc", "-O", "-g", "--crate-name", "app", "app.rs", "-o", "app"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=120)
    done = run(tmp_path, "heap", "-o", "a.pyro", "--", tmp_path / "app")
    assert done.returncode == 0, done.stderr
    profile = pyrometer.load(tmp_path / "a.pyro")
    names = {node.place.name for _, node in profile.tree(min_share=0).walk()}
    assert {"app::main", "app::inner::sum", "app::gather"} <= names
    assert not {"gather", "sum", "main::main"} & names
    assert profile.top().rows[0].place.name == "app::gather"


def dhat_of(folder: Path, source: str, language: str, *flags: str) -> Path:
    """DHAT's own file of a program that is left as ``app``."""
    compiler = {"rust": ["rustc", "-O", "-g", "--crate-name", "app"], "c": ["gcc", "-O1", "-x", "c"]}[language]
    (folder / "app.rs").write_text(source)
    subprocess.run([*compiler, *flags, "app.rs", "-o", "app"], cwd=folder, check=True, timeout=120)
    command = ["valgrind", "--tool=dhat", "--dhat-out-file=dhat.out", "./app"]
    subprocess.run(command, cwd=folder, capture_output=True, check=True, timeout=120)
    return folder / "dhat.out"


def names_of(file: Path) -> set[str]:
    return {node.place.name for _, node in pyrometer.load(file).tree(min_share=0).walk()}


def test_an_imported_file_of_dhat_has_the_names_of_the_program_that_is_still_there(tmp_path, monkeypatch):
    file = dhat_of(tmp_path, RUST, "rust")
    monkeypatch.chdir(tmp_path)
    assert {"app::main", "app::inner::sum", "app::gather"} <= names_of(file)
    profile = pyrometer.load(file)
    assert profile.top().rows[0].place.name == "app::gather"
    assert (profile.meta.source, profile.meta.quality.unsymbolized) == ("dhat", 0)
    app = [at for at, row in enumerate(profile.binaries.rows()) if row["path"] == str(tmp_path / "app")]
    of_app = {row["name"] for row in profile.functions.rows() if row["binary"] in app}
    assert "app::gather" in of_app
    assert not any(name.startswith("__libc_start") for name in of_app), "what is in a library is not the program's"
    done = run(tmp_path, "import", file, "-o", "a.pyro")
    assert "app::gather" in done.stdout
    assert pyrometer.load(tmp_path / "a.pyro").top().rows == profile.top().rows
    os.utime("app")
    assert "app::gather" not in names_of(file), "a younger file may be another build"


@pytest.mark.parametrize("flags", [("-g",), ("-g", "-no-pie")])
def test_only_the_same_lines_are_the_same_build(flags, tmp_path, monkeypatch):
    file = dhat_of(tmp_path, ALLOCATING, "c", *flags)
    monkeypatch.chdir(tmp_path)

    def binaries_of_drop() -> list[bool]:
        profile = pyrometer.load(file)
        paths = [row["path"] for row in profile.binaries.rows()]
        found = [row["binary"] for row in profile.functions.rows() if row["name"] == "drop"]
        return [row is not None and paths[row] == str(tmp_path / "app") for row in found]

    assert binaries_of_drop() == [True]
    moved = tmp_path / "app.rs"
    moved.write_text("\n" * 9 + ALLOCATING)
    subprocess.run(["gcc", "-O1", "-x", "c", *flags, "app.rs", "-o", "app"], cwd=tmp_path, check=True, timeout=60)
    os.utime("app", (0, 0))
    assert binaries_of_drop() == [False], "it claims to be older, but has other lines"
    (tmp_path / "app").unlink()
    assert binaries_of_drop() == [False]


def own_values(view: dict[str, Any]) -> int:
    """What the lines of an annotation cost by themselves, of the first metric."""
    listings = view["files"] if "files" in view else view["sources"]
    own = [line["self"] for listing in listings for line in listing["lines"]]
    return sum(one[0]["value"] if isinstance(one, list) else one["value"] for one in own)


def test_stacks_of_a_heap_begin_where_the_program_does_and_have_binaries(allocating):
    profile = pyrometer.load(allocating / "a.pyro")
    roots = {node.place.name for node in profile.tree(min_share=0).roots}
    assert "???" not in roots, "what lies below _start on the stack is no caller"
    binaries = {row["path"].rsplit("/", 1)[-1] for row in profile.binaries.rows()}
    assert {"program", "libc.so.6"} <= binaries
    functions = {row["name"]: row["binary"] for row in profile.functions.rows()}
    assert functions["drop"] == functions["main"] != functions["malloc"]
    assert profile.top(binary="program$").basis.total == 11_000
    assert profile.top(exclude_binary="program$").basis.total == 0
    assert profile.meta.quality.unsymbolized == 0


def test_children_are_counted_as_processes_of_their_own(tmp_path):
    program = built(tmp_path, ALLOCATING)
    assert run(tmp_path, "heap", "-o", "a.pyro", "--", program, "more").returncode == 0
    assert functions(tmp_path, "a.pyro", "alloc-bytes")
    profile = pyrometer.load(tmp_path / "a.pyro")
    totals = {each.metric.name: each.total for each in profile.summary().metrics}
    # The child begins with what its parent had, and that is said.
    assert totals["alloc-bytes"] == 2 * (1000 + 50 * 200) + 5000
    assert any("1 process forked without executing a program" in note for note in profile.meta.notes)
    assert run(tmp_path, "heap", "--no-children", "-o", "b.pyro", "--", program, "more").returncode == 0
    alone = pyrometer.load(tmp_path / "b.pyro")
    assert alone.top().basis.total == 1000 + 50 * 200
    assert not any("forked" in note for note in alone.meta.notes)


@pytest.mark.parametrize("options", [(), ("--calls",)])
def test_each_process_can_be_looked_at_alone(tmp_path, options):
    program = built(tmp_path, ALLOCATING)
    for name, more in (("a.pyro", ()), ("b.pyro", ("--no-children",))):
        assert run(tmp_path, "instructions", *options, *more, "-o", name, "--", program, "more").returncode == 0
    both, alone = (pyrometer.load(tmp_path / name) for name in ("a.pyro", "b.pyro"))
    processes = list(both.processes.rows())
    assert len(processes) == 2
    assert {process["name"] for process in processes} == {"program"}
    each = [both.top(process=process["pid"]).basis.total for process in processes]
    assert sum(each) == both.top().basis.total
    # Addresses of each run are others, which changes a few instructions of the dynamic linker.
    assert min(abs(one - alone.top().basis.total) for one in each) < 0.02 * alone.top().basis.total
    assert any("1 process forked" in note for note in both.meta.notes) == (not options)
    assert len(alone.processes) == 1


FORKING = r"""
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#define LOOP(name) __attribute__((noinline)) static void name(long n) { while (n--) __asm__ volatile(""); }
LOOP(before) LOOP(child) LOOP(after) LOOP(grandchild)
int main(void) {
    before(100000);
    if (fork() == 0) {
        child(50000);
        if (fork() == 0) { grandchild(10000); _exit(0); }
        wait(0);
        return 0;
    }
    wait(0);
    after(20000);
    return 0;
}
"""


def test_with_calls_a_forked_process_counts_what_it_does_itself(tmp_path):
    program = built(tmp_path, FORKING)
    assert run(tmp_path, "instructions", "--calls", "-o", "a.pyro", "--", program).returncode == 0
    profile = pyrometer.load(tmp_path / "a.pyro")
    assert not any("forked" in note for note in profile.meta.notes)
    rounds = {"before": 100_000, "child": 50_000, "grandchild": 10_000, "after": 20_000}
    counted = functions(tmp_path, "a.pyro", "Ir")
    (each,) = {round(counted[name] / times) for name, times in rounds.items()}
    assert all(0 <= counted[name] - each * times <= 10 for name, times in rounds.items())
    # A call that the fork stands in goes on in the child, and is not one more.
    (call,) = profile.callers("before").rows
    assert (call.place.name, call.edge.count) == ("main", 1)
    own = {}
    for process in profile.processes.rows():
        shown = {row.place.name for row in profile.top(n=1000, process=process["pid"]).rows}
        own[process["pid"]] = shown & set(rounds)
    assert sorted(map(sorted, own.values())) == [["after", "before"], ["child"], ["grandchild"]]
    # What is counted inside of a function only is not there once more for each fork either.
    assert run(tmp_path, "instructions", "--from", "before", "-o", "b.pyro", "--", program).returncode == 0
    assert functions(tmp_path, "b.pyro", "Ir") == {"before": counted["before"]}


@pytest.mark.parametrize(
    ("mode", "words"),
    [("heap", "linked statically"), ("copies", "linked statically"), ("ad-hoc", "DHAT_AD_HOC_EVENT(weight)")],
)
def test_a_heap_of_which_nothing_was_seen_says_why(mode, words, freestanding, tmp_path):
    done = run(tmp_path, "heap", "--mode", mode, "-o", "a.pyro", "--", freestanding)
    assert done.returncode == 7, done.stderr
    first = pyrometer.load(tmp_path / "a.pyro").meta.notes[0]
    assert first.startswith("nothing was counted: ")
    assert words in first


@pytest.mark.parametrize(("command", "several"), [("/bin/ls; :", True), ("exec /bin/ls", False)])
def test_peaks_of_several_processes_are_said_to_be_none_of_one_moment(command, several, tmp_path):
    done = run(tmp_path, "heap", "-o", "a.pyro", "--", "sh", "-c", command)
    assert done.returncode == 0, done.stderr
    notes = [note for note in pyrometer.load(tmp_path / "a.pyro").meta.notes if "peak-bytes" in note]
    assert [note.partition(" processes")[0] for note in notes] == ["peak-bytes and peak-blocks are sums of 2"] * several


def test_copies_are_counted(tmp_path):
    source = "#include <string.h>\n#include <stdio.h>\nint main(int c, char **v) { char a[64]; (void)v;\n"
    source += "for (int i = 0; i < 10; i++) memcpy(a, (char *)&source + c * 0, 40); return a[0] * 0; }\n"
    source = source.replace("int main", "static char source[64];\nint main").replace("&source", "source")
    program = built(tmp_path, source, "-fno-builtin")
    done = run(tmp_path, "heap", "--mode", "copies", "-o", "a.pyro", "--", program)
    assert done.returncode == 0, done.stderr
    profile = pyrometer.load(tmp_path / "a.pyro")
    assert profile.meta.instrument == "copies"
    totals = {each.metric.name: each.total for each in profile.summary().metrics}
    assert totals["copy-bytes"] >= 400
    copying = {row.place.name: row.self.value for row in profile.top(n=100).rows}
    assert copying["main"] >= 400
    assert "memcpy" not in copying
    assert "Functions that ask for copies, by self" in done.stderr


def test_the_program_keeps_its_streams_and_its_end(tmp_path):
    done = run(tmp_path, "instructions", "--no-summary", "--", "sh", "-c", "cat; echo err >&2; exit 5", stdin="in")
    assert (done.stdout, done.stderr, done.returncode) == ("in", "err\n", 5)
    assert (tmp_path / "sh.pyro").exists()
    killed = run(tmp_path, "instructions", "--no-summary", "--", "sh", "-c", "kill -TERM $$")
    assert killed.returncode == -15


@pytest.mark.parametrize("command", [["instructions"], ["instructions", "--calls"], ["heap"]])
def test_a_folder_for_temporary_files_may_have_any_name(command, tmp_path, monkeypatch):
    folder = tmp_path / "100%p 'of' %n"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    done = run(tmp_path, *command, "-o", "x.pyro", "--", "sh", "-c", "exit 4")
    assert done.returncode == 4, done.stderr
    assert pyrometer.load(tmp_path / "x.pyro").processes.column("name") == ["sh"]
    assert not list(folder.iterdir())


@pytest.mark.parametrize("options", ["--leak-check=full", "--collect-atstart=no"])
def test_options_that_are_set_up_for_valgrind_do_not_count(options, freestanding, tmp_path, monkeypatch):
    monkeypatch.setenv("VALGRIND_OPTS", options)
    (tmp_path / ".valgrindrc").write_text(f"{options}\n")
    done = run(tmp_path, "instructions", "--calls", "-o", "x.pyro", "--", freestanding)
    assert done.returncode == 7, done.stderr
    assert pyrometer.load(tmp_path / "x.pyro").top().basis.total > 0


def test_a_program_that_executes_another_one_in_its_place(tmp_path):
    done = run(tmp_path, "instructions", "--no-children", "--", "env", "true")
    assert done.returncode == 116
    assert "why: it executed another program in its place, which --no-children leaves out" in done.stderr
    assert run(tmp_path, "instructions", "-o", "a.pyro", "--", "env", "true").returncode == 0
    (note,) = (note for note in pyrometer.load(tmp_path / "a.pyro").meta.notes if "in its place" in note)
    assert re.fullmatch(r"what env did before it executed \S*true in its place is not counted", note)
    script = tmp_path / "a script's"
    script.write_text("#!/usr/bin/env sh\n/bin/true\n")
    script.chmod(0o755)
    assert run(tmp_path, "instructions", "-o", "b.pyro", "--", script).returncode == 0
    assert not any("in its place" in note for note in pyrometer.load(tmp_path / "b.pyro").meta.notes)


def test_debug_info_that_the_engine_cannot_read_is_said(tmp_path):
    program = built(tmp_path, RECURSIVE, "-O1")
    (tmp_path / "none").write_bytes(b"no debug info")
    command = ["objcopy", "--update-section", f".debug_line={tmp_path / 'none'}", program]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    assert run(tmp_path, "instructions", "-o", "a.pyro", "--", program).returncode == 0
    (note,) = pyrometer.load(tmp_path / "a.pyro").meta.notes
    assert note.startswith(
        f"Valgrind could not read the debug info of {program} (DWARF line info appears to be corrupt"
    )


def test_a_program_that_is_not_there(tmp_path):
    done = run(tmp_path, "instructions", "--", "no-such-program")
    assert done.returncode == 127
    assert not list(tmp_path.iterdir())


def test_a_setuid_program_is_none_for_the_engine(freestanding, tmp_path):
    program = tmp_path / "privileged"
    program.write_bytes(freestanding.read_bytes())
    program.chmod(0o4755)
    done = run(tmp_path, "instructions", "--", program)
    assert done.returncode == 116
    assert "why: it is setuid or setgid" in done.stderr


LOSING = """
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
int main(int argc, char **argv) {
    if (argc > 1 && argv[1][0] == 'u') return setuid(65534) ? 9 : 0;
    if (fork() == 0) execl(argv[0], argv[0], "u", (char *)0);
    int runs[2];
    char byte = 0;
    if (pipe(runs)) return 8;
    pid_t child = fork();
    if (child == 0) for (write(runs[1], &byte, 1);;) pause();
    if (read(runs[0], &byte, 1) != 1) return 7;
    kill(child, SIGKILL);
    while (wait(0) > 0) { }
    return 0;
}
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="gives up the rights of root")
@pytest.mark.parametrize("command", [["instructions"], ["instructions", "--calls"], ["heap"]])
def test_processes_that_left_no_counts_are_said(command, tmp_path):
    program = built(tmp_path, LOSING)
    done = run(tmp_path, *command, "-o", "a.pyro", "--", program, "u")
    assert done.returncode == 116
    assert "why: it had given up the rights to write what was counted" in done.stderr
    assert run(tmp_path, *command, "-o", "a.pyro", "--", program, "k").returncode == 0
    notes = [note for note in pyrometer.load(tmp_path / "a.pyro").meta.notes if note.startswith("processes")]
    assert notes == [
        f"processes that left no counts: 1 ({program} u); they had given up the rights to write what was counted "
        "(setuid, chroot)",
        f"processes that left no counts: 1 ({program} k); they were killed, still run, or executed a program that "
        "Valgrind does not follow (setuid)",
    ]
    assert run(tmp_path, *command, "-o", "b.pyro", "--", "sh", "-c", "true; /bin/true & wait").returncode == 0
    assert not any("left no counts" in note for note in pyrometer.load(tmp_path / "b.pyro").meta.notes)


def test_without_the_engine_its_package_is_named(tmp_path):
    done = subprocess.run(
        [PYROMETER, "instructions", "--", "/bin/true"],
        env={"PATH": "/nowhere"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 115
    assert "apt install valgrind" in done.stderr
