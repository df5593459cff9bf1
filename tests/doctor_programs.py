"""Programs for `pyrometer doctor`, and what it finds in them."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from installed import PYROMETER

C = """\
#include <stdio.h>
#include <stdlib.h>
__attribute__((noinline)) int work(int n) { char *p = malloc(n); int r = printf("%p", p); free(p); return r; }
__attribute__((noinline)) int more(int n) { int s = 0; for (int i = 0; i < n; i++) s += work(i); return s; }
int main(int argc, char **argv) { (void)argv; return more(argc) < 0; }
"""
RUST = 'fn main() { println!("{}", std::env::args().map(|word| word.len()).sum::<usize>()); }\n'
OWN_ALLOCATOR = """\
use std::alloc::{GlobalAlloc, Layout, System};
struct Own;
unsafe impl GlobalAlloc for Own {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 { unsafe { System.alloc(layout) } }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) { unsafe { System.dealloc(at, layout) } }
}
#[global_allocator]
static OWN: Own = Own;
"""
#: Enough functions that those of the C library's start-up do not matter.
MANY_FUNCTIONS = "".join(f"__attribute__((noinline)) int f{n}(int x) {{ return work(x) + {n}; }}\n" for n in range(80))

Doctor = Callable[..., dict[str, dict]]


def run_tool(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True)


def drop() -> list[str]:
    """A prefix that takes all capabilities away."""
    return ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []


def findings(*arguments: str | Path) -> dict[str, dict]:
    """The findings of a user without capabilities."""
    command = [*drop(), str(PYROMETER), "doctor", "--format", "json", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return {one["id"]: one for one in json.loads(done.stdout)["findings"]}
