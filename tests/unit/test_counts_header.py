"""``pyrometer/counts.h``: what C and C++ programs count, built by gcc and g++ without a warning."""

import os
import shutil
import signal
import subprocess
from collections import Counter
from pathlib import Path

import pytest

import pyrometer
from pyrometer.collect.counts import VARIABLE, count_inside
from pyrometer.errors import EngineError

INCLUDE = Path(__file__).parents[2] / "include"
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-pthread", f"-I{INCLUDE}"]
LANGUAGES = {
    "C99": ["gcc", "-std=c99", "-x", "c"],
    "GNU C": ["gcc", "-x", "c"],
    "C++11": ["g++", "-std=c++11", "-x", "c++"],
    "C++20": ["g++", "-std=c++20", "-x", "c++"],
}
INCLUDES = """
#include <pyrometer/counts.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
"""
FORMS = """
int main(void) {
    const int whole = 3;
    unsigned long long huge = ~0ULL;
    const float half = 0.5F;
    int at;
    for (at = 0; at < 10; at++) {
        PYROMETER_COUNT("outer;inner");
        PYROMETER_COUNT_WEIGHTED(whole, "whole");
        PYROMETER_COUNT_WEIGHTED(-1, "negative");
        PYROMETER_COUNT_WEIGHTED(half, "half");
        PYROMETER_COUNT_WEIGHTED(huge, "huge");
        PYROMETER_COUNT_FORMATTED("number %d", at % 2);
        PYROMETER_COUNT_FORMATTED("%300d", 1);
        PYROMETER_COUNT_WEIGHTED_FORMATTED(at, "weighted %s", "x");
#line 100 "named.c"
        PYROMETER_COUNT_HERE();
        PYROMETER_COUNT_KEY_HERE("key");
        PYROMETER_COUNT_WEIGHTED_HERE(2.5, "key");
        PYROMETER_COUNT_FORMATTED_HERE("formatted");
        PYROMETER_COUNT_WEIGHTED_FORMATTED_HERE(at + 1L, "%s", "formatted");
    }
    return 0;
}
"""
KEYS = """
int main(void) {
    const char *volatile none = NULL;
    char longest[300];
    int at;
    for (at = 0; at < 300; at++) longest[at] = at < 256 ? 'x' : '\\0';
    for (at = 0; at < 2; at++) {
        PYROMETER_COUNT_FORMATTED("%d %i %u", -7, 0, 4294967295u);
        PYROMETER_COUNT_FORMATTED("%ld %lli %lu %llu", LONG_MIN, LLONG_MIN, ULONG_MAX, ULLONG_MAX);
        PYROMETER_COUNT_FORMATTED("%zd %zu", (ssize_t)-1, (size_t)-1);
        PYROMETER_COUNT_FORMATTED("%s|%s|%c|%%", "", "some text", 'c');
        PYROMETER_COUNT_FORMATTED("%5d|%-3s|%x|%.2f|%hhd|%jd", 42, "a", 255, 2.5, 1, (intmax_t)9);
        PYROMETER_COUNT_FORMATTED("%d then %05d", 1, 2);
        PYROMETER_COUNT_FORMATTED("%s", longest);
        PYROMETER_COUNT_FORMATTED("%sy", longest);
        PYROMETER_COUNT_FORMATTED("y%s", longest);
        PYROMETER_COUNT_FORMATTED("%s%d", longest + 5, 123456);
    }
    PYROMETER_COUNT_FORMATTED("%s", none);
    for (at = 0; at < 20; at++) PYROMETER_COUNT_FORMATTED("%.*s", at, "0123456789abcdefghij");
    for (at = 0; at < 20; at++) PYROMETER_COUNT_FORMATTED("%.*s!", at, "0123456789abcdefghij");
    return 0;
}
"""
THREADS = """
static void *work(void *unused) {
    int at;
    for (at = 0; at < 10000; at++) {
        PYROMETER_COUNT("literal");
        PYROMETER_COUNT_FORMATTED("key %d", at);
    }
    return unused;
}
int main(void) {
    pthread_t threads[4];
    int at;
    for (at = 0; at < 4; at++) pthread_create(&threads[at], NULL, work, NULL);
    for (at = 0; at < 4; at++) pthread_join(threads[at], NULL);
    return 0;
}
"""
ENDS = """
int main(int count, char **words) {
    int at;
    (void)count;
    for (at = 0; at < 1000; at++) PYROMETER_COUNT_FORMATTED("event %d", at % 10);
    PYROMETER_COUNT("before");
    if (fork() == 0) {
        for (at = 0; at < 5; at++) PYROMETER_COUNT("child");
        PYROMETER_COUNT("before");
        if (words[1][0] == 'k') raise(SIGKILL);
        if (words[1][0] == 'a') abort();
        _exit(3);
    }
    wait(NULL);
    PYROMETER_COUNT("parent");
    if (words[1][0] == 'k') raise(SIGKILL);
    if (words[1][0] == 'a') abort();
    _exit(3);
}
"""


def built(folder: Path, source: str, compiler: list[str], *flags: str) -> Path:
    """The program, or a skipped test where there is no such compiler."""
    if shutil.which(compiler[0]) is None:
        pytest.skip(f"no {compiler[0]}")
    program = folder / "program"
    command = [*compiler, "-", *STRICT, "-o", str(program), *(flags or ["-O2"])]
    subprocess.run(command, input=INCLUDES + source, text=True, check=True, timeout=60)
    return program


def sums(profile: pyrometer.Profile, metric: str) -> dict[str, int]:
    """Of a metric, by key."""
    names, keys = profile.metrics.column("name"), stacks(profile)
    found: Counter[str] = Counter()
    for row in profile.samples.rows():
        if names[row["metric"]] == metric:
            found[keys[row["stack"]]] += row["value"]
    return dict(found)


def stacks(profile: pyrometer.Profile) -> list[str]:
    """The names of each stack, from the root; a parent stands before it."""
    functions, names = profile.frames.column("function"), profile.functions.column("name")
    keys: list[str] = []
    for row in profile.stacks.rows():
        name = names[functions[row["frame"]]]
        keys.append(name if row["parent"] is None else f"{keys[row['parent']]};{name}")
    return keys


def counted(*command: object) -> tuple[pyrometer.Profile, int]:
    found = count_inside([str(word) for word in command])
    return pyrometer.Profile.of(found.profile), found.status


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("level", ["-O0", "-O2"])
def test_every_form_counts(tmp_path, language, level):
    profile, status = counted(built(tmp_path, FORMS, LANGUAGES[language], level))
    assert status == 0
    once = ["outer;inner", "whole", "negative", "half", "huge", " " * 299 + "1", "weighted x", "named.c:100"]
    twice = {"number 0": 5, "number 1": 5, "key": 20, "formatted": 20}
    assert sums(profile, "count") == dict.fromkeys(once, 10) | twice
    weights = {"whole": 30, "negative": -10, "huge": 2**63 - 1, "weighted x": 45, "formatted": 55}
    assert sums(profile, "weight") == weights
    assert sums(profile, "weight-thousandths") == {"half": 5000, "key": 25000}
    places = {(row["file"], row["line"]) for row in profile.frames.rows() if row["line"]}
    assert places == {("named.c", line) for line in range(100, 105)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_keys_are_those_that_printf_makes(tmp_path, language):
    found = sums(counted(built(tmp_path, KEYS, LANGUAGES[language]))[0], "count")
    x = "x" * 256
    twice = [
        "-7 0 4294967295",
        f"{-(2**63)} {-(2**63)} {2**64 - 1} {2**64 - 1}",
        f"-1 {2**64 - 1}",
        "|some text|c|%",
        "   42|a  |ff|2.50|1|9",
        "1 then 00002",
        x,
        f"{x}y",
        f"y{x}",
        f"{x[5:]}123456",
    ]
    begun = ["0123456789abcdefghij"[:at] for at in range(20)]
    once = ["(null)", *(text or "[empty]" for text in begun), *(f"{text}!" for text in begun)]
    assert found == dict.fromkeys(twice, 2) | dict.fromkeys(once, 1)


@pytest.mark.parametrize("language", ["C99", "C++11"])
def test_threads_add_up(tmp_path, language):
    found = sums(counted(built(tmp_path, THREADS, LANGUAGES[language]))[0], "count")
    assert found == {"literal": 40000} | {f"key {at}": 4 for at in range(10000)}


@pytest.mark.parametrize(("how", "status"), [("exit", 3), ("abort", -signal.SIGABRT), ("kill", -signal.SIGKILL)])
def test_counts_survive_every_end_and_forks_count_for_themselves(tmp_path, how, status):
    profile, ended = counted(built(tmp_path, ENDS, LANGUAGES["C99"]), how)
    assert ended == status
    events = {f"event {at}": 100 for at in range(10)}
    assert sums(profile, "count") == events | {"before": 2, "child": 5, "parent": 1}
    assert len(profile.processes) == 2
    assert not profile.meta.notes


LIBRARY = """
#ifdef __cplusplus
extern "C"
#endif
void library(void);
void library(void) { PYROMETER_COUNT("library"); PYROMETER_COUNT_FORMATTED("from %s", "library"); }
"""
LOADING = """
#include <dlfcn.h>
static void *work(void *path) {
    void *library = dlopen((const char *)path, RTLD_NOW);
    *(void **)&call = dlsym(library, "library");
    call();
    return library;
}
int main(int count, char **words) {
    int at;
    for (at = 1; at < count; at++) {
        pthread_t thread;
        void *library;
        pthread_create(&thread, NULL, work, words[at]);
        pthread_join(thread, &library);
        call();
        PYROMETER_COUNT("program");
        /* What is told of the end of a thread must not be called any more. */
        dlclose(library);
    }
    return 0;
}
"""


def test_libraries_have_counts_of_their_own_and_can_be_unloaded(tmp_path):
    built(tmp_path, LIBRARY, LANGUAGES["C99"], "-shared", "-fPIC").rename(tmp_path / "c.so")
    built(tmp_path, LIBRARY, LANGUAGES["C++11"], "-shared", "-fPIC").rename(tmp_path / "cpp.so")
    program = built(
        tmp_path, "static void (*call)(void);" + LOADING, LANGUAGES["GNU C"], "-O1", "-ldl", "-Wno-pedantic"
    )
    profile, status = counted(program, tmp_path / "c.so", tmp_path / "cpp.so")
    assert status == 0
    assert sums(profile, "count") == {"library": 4, "from library": 4, "program": 2}
    assert len(profile.threads) == 3


OTHER = 'void other(void); void other(void) { PYROMETER_COUNT("other"); }'
TWO_FILES = 'void other(void); int main(void) { PYROMETER_COUNT("main"); other(); return 0; }'


def test_files_of_one_program_share_what_they_count_in(tmp_path):
    built(tmp_path, OTHER, LANGUAGES["C99"], "-c").rename(tmp_path / "other.o")
    command = [*LANGUAGES["C99"], "-", "-x", "none", tmp_path / "other.o", *STRICT, "-o", tmp_path / "both"]
    subprocess.run(command, input=INCLUDES + TWO_FILES, text=True, check=True, timeout=60)
    folder = tmp_path / "counts"
    folder.mkdir()
    subprocess.run([tmp_path / "both"], env=os.environ | {VARIABLE: str(folder)}, check=True, timeout=60)
    assert len(list(folder.iterdir())) == 1
    assert sums(pyrometer.load(folder), "count") == {"main": 1, "other": 1}


OFF = """
int main(int count, char **words) {
    volatile int sink = 0;
    int at, times = atoi(words[1]);
    (void)count;
    for (at = 0; at < times; at++) { sink = at; EVENT; }
    return sink < 0;
}
"""
EVENTS = {
    "literal": 'PYROMETER_COUNT("key")',
    "weighted": 'PYROMETER_COUNT_WEIGHTED(at * 0.5, "key")',
    "formatted": 'PYROMETER_COUNT_FORMATTED("key %d", at)',
}


@pytest.mark.parametrize("event", EVENTS)
def test_nobody_listening_costs_three_instructions_an_event(tmp_path, event):
    """A load, a comparison and a branch; counted, not timed."""
    if shutil.which("valgrind") is None:
        pytest.skip("no valgrind")
    with_event = instructions_an_event(built(tmp_path, OFF, LANGUAGES["GNU C"], "-O2", f"-DEVENT={EVENTS[event]}"))
    without = instructions_an_event(built(tmp_path, OFF, LANGUAGES["GNU C"], "-O2", "-DEVENT=(void)0"))
    assert with_event - without <= 3


def instructions_an_event(program: Path) -> float:
    few, many = (instructions(program, times) for times in (1000, 101_000))
    return (many - few) / 100_000


def instructions(program: Path, times: int) -> int:
    out = program.with_name("cachegrind.out")
    command = ["valgrind", "--tool=cachegrind", "--cache-sim=no", f"--cachegrind-out-file={out}", program, str(times)]
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    subprocess.run(command, env=environment, capture_output=True, check=True, timeout=60)
    return int(out.read_text().rsplit("summary:", 1)[1])


@pytest.mark.parametrize("language", ["C99", "C++11"])
def test_taken_out_it_leaves_nothing_and_no_warning(tmp_path, language):
    """Variables that are only counted are not unused without the counting."""
    program = built(tmp_path, FORMS, LANGUAGES[language], "-O2", "-DPYROMETER_COUNTS_OFF")
    assert b"pyrometer_counts" not in program.read_bytes().lower()


def test_a_full_disk_is_named(tmp_path):
    """A folder on a small file system, in a namespace of its own."""
    program = built(tmp_path, FORMS, LANGUAGES["C99"])
    folder = tmp_path / "folder"
    folder.mkdir()
    mounted = f"mount -t tmpfs -o size=16k tmpfs '{folder}' && {VARIABLE}='{folder}' '{program}'"
    command = ["unshare", "--map-root-user", "--mount", "sh", "-c", mounted]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "unshare" in done.stderr or "mount" in done.stderr:
        pytest.skip(done.stderr)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"pyrometer: events are lost: there can be no file in {folder}: No space left on device\n"


def test_a_program_that_counts_nothing_is_an_error():
    with pytest.raises(EngineError, match="counted nothing"):
        count_inside(["true"])


def test_a_key_that_is_no_literal_is_refused_by_the_compiler(tmp_path):
    source = INCLUDES + "int main(int c, char **w) { (void)c; PYROMETER_COUNT(w[0]); return 0; }"
    command = [*LANGUAGES["C99"], "-", *STRICT, "-o", tmp_path / "program"]
    assert subprocess.run(command, input=source, text=True, capture_output=True, check=False, timeout=60).returncode


def test_folders_are_shown_and_imported(tmp_path, run_pyrometer):
    folder = tmp_path / "counts"
    folder.mkdir()
    environment = os.environ | {VARIABLE: str(folder)}
    subprocess.run([built(tmp_path, FORMS, LANGUAGES["C99"])], env=environment, check=True, timeout=60)
    shown = run_pyrometer("show", folder, "--view", "tree")
    assert "outer" in shown.stdout, shown.stderr
    done = run_pyrometer("import", folder, "-o", tmp_path / "kept.pyro")
    assert done.returncode == 0, done.stderr
    assert sums(pyrometer.load(tmp_path / "kept.pyro"), "count") == sums(pyrometer.load(folder), "count")
