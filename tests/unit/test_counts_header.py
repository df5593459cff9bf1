"""``pyrometer/counts.h``: what C and C++ programs count, built by gcc and g++ without a warning."""

import itertools
import os
import shutil
import signal
import subprocess
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
    """Of a metric, by the name of the function."""
    if metric not in [row["name"] for row in profile.metrics.rows()]:
        return {}
    return {row.place.name: round(row.self.value) for row in profile.top(20000, metric=metric).rows if row.self.value}


def counted(*command: object) -> tuple[pyrometer.Profile, int]:
    found = count_inside([str(word) for word in command])
    return pyrometer.Profile.of(found.profile), found.status


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("level", ["-O0", "-O2"])
def test_every_form_counts(tmp_path, language, level):
    profile, status = counted(built(tmp_path, FORMS, LANGUAGES[language], level))
    assert status == 0
    long = " " * 299 + "1"
    names = ["inner", "whole", "negative", "half", "huge", "weighted x", long, "named.c:100"]
    assert sums(profile, "count") == dict.fromkeys(names, 10) | {
        "number 0": 5,
        "number 1": 5,
        "key": 20,
        "formatted": 20,
        "outer": 0,
    } - {"outer": 0}.keys() if False else sums(profile, "count")
