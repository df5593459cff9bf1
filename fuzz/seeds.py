"""Makes the inputs that fuzzing begins with, out of real files that this machine can build or has.

Usage: python3 fuzz/seeds.py CORPUS

CORPUS gets a folder for each target. What cannot be made here (no compiler, no permission to record)
is left out and named: fuzzing works without, it only takes longer.
"""

import gzip
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from elsewhere import TEXTS

ROOT = Path(__file__).resolve().parent.parent
PYROMETER = ROOT / ".venv/bin/pyrometer"
# Kernel symbols and the like: enough to learn the form from.
LONGEST_TEXT = 4096
# Target, name of the seed, contents.
Seeds = Iterator[tuple[str, str, bytes]]
# The order of the targets dwarf and symtab; the last takes the rest.
DEBUG = ["abbrev", "line", "line_str", "str", "str_offsets", "addr", "ranges", "rnglists", "info"]
SYMBOLS = [".symtab", ".strtab", ".dynsym", ".dynstr", ".rela.plt", ".plt", ".text"]
# Small enough to be mutated thousands of times a second: no library, little code.
TINY = """
static inline __attribute__((always_inline)) int inner(int x) { volatile int y = x * 3; return y + 1; }
__attribute__((noinline)) int outer(int x) { int s = 0; for (int i = 0; i < x; i++) s += inner(i); return s; }
__attribute__((noinline)) int realigned(int x) {
    volatile int v[16] __attribute__((aligned(64)));
    v[x & 15] = x;
    return outer(v[x & 15]) + *(volatile char *)__builtin_alloca(x); }
void _start(void) { outer(3); realigned(4); for (;;) ; }
"""
FLAGS = {
    "dwarf5": ["-O2", "-g", "-gdwarf-5"],
    "dwarf4": ["-O1", "-g", "-gdwarf-4"],
    "dwarf2": ["-O2", "-g", "-gdwarf-2", "-fno-omit-frame-pointer"],
    "compressed": ["-O2", "-g", "-gz=zlib"],
    "debug_frame": ["-O2", "-g", "-fno-asynchronous-unwind-tables", "-fno-unwind-tables"],
    "stripped": ["-O2", "-s"],
}


def main() -> None:
    """Makes all seeds that this machine allows."""
    corpus = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        makers = [
            of_binaries,
            of_separate,
            of_examples,
            of_generated_code,
            of_recording,
            of_exports,
            of_elsewhere,
            of_perf,
            of_texts,
            of_records,
            of_valgrind,
            of_counts,
            of_lines,
            of_gperftools,
            of_tests,
        ]
        for make in makers:
            try:
                for target, name, content in make(Path(folder)):
                    keep(corpus, target, name, content)
                    if target.startswith("read_"):
                        # Files whose format nobody names.
                        keep(corpus, "any_foreign", f"{target}-{name}", content)
            except (OSError, subprocess.SubprocessError, ValueError) as error:
                print(f"no seeds {make.__name__}: {error}")


def keep(corpus: Path, target: str, name: str, content: bytes) -> None:
    """Writes one seed."""
    path = corpus / target / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def of_binaries(folder: Path) -> Seeds:
    """Programs of a few functions: whole, and by their sections."""
    source = folder / "tiny.c"
    source.write_text(TINY)
    for name, flags in FLAGS.items():
        output = folder / name
        compile_c(source, output, [*flags, "-nostdlib", "-static-pie", "-fPIE", "-Wl,-z,noseparate-code"])
        yield from of_binary(name, output.read_bytes())


def of_separate(folder: Path) -> Seeds:
    """Programs whose debug info is in other files: all of it, split units, a package of them, packed symbols."""
    source = folder / "separate.c"
    source.write_text(TINY)
    plain = ["-nostdlib", "-static-pie", "-fPIE", "-Wl,-z,noseparate-code", "-Wl,--build-id"]
    for version in ["-gdwarf-4", "-gdwarf-5"]:
        whole, debug, stripped = folder / "whole", folder / "whole.debug", folder / "whole.stripped"
        compile_c(source, whole, ["-O2", "-g", version, *plain])
        run(["objcopy", "--only-keep-debug", str(whole), str(debug)], folder)
        run(["strip", "-s", "-o", str(stripped), str(whole)], folder)
        yield "separate", f"debug{version}", joined([stripped.read_bytes(), debug.read_bytes(), b"", b"", b""])
        split = folder / "split"
        compile_c(source, split, ["-O2", "-g", "-gsplit-dwarf", version, *plain])
        unit = next(folder.glob("split*.dwo"))
        yield "separate", f"split{version}", joined([split.read_bytes(), b"", b"", unit.read_bytes(), b""])
        unit.unlink()
    run(["strip", "-g", "-o", str(folder / "mini"), str(whole)], folder)
    run(["xz", "--force", str(folder / "mini")], folder)
    run(["objcopy", f"--add-section=.gnu_debugdata={folder / 'mini.xz'}", str(stripped)], folder)
    yield "separate", "mini", joined([stripped.read_bytes(), b"", b"", b"", b""])


def of_examples(folder: Path) -> Seeds:
    """Programs that use the C library: linkage stubs, many symbols."""
    for name in ["calls", "signals"]:
        output = folder / name
        compile_c(ROOT / f"examples/c/{name}.c", output, ["-O2", "-g", "-lm", "-lpthread"])
        yield from of_binary(name, output.read_bytes())


def of_binary(name: str, content: bytes) -> Seeds:
    """One program, as each of the targets takes it that read programs."""
    sections = dict(read_sections(content))
    yield "elf_symbols", name, content
    yield "inspect", name, content
    entry = struct.unpack_from("<Q", content, 24)[0]
    registers, stack = a_stack(entry, read_address(sections, ".text"))
    yield "unwind", name, joined([registers, stack, content])
    part = {key: data for key, (_, data) in sections.items()}
    yield "dwarf", name, joined([part.get(f".debug_{kind}", b"") for kind in DEBUG])
    yield "symtab", name, joined([part.get(key, b"") for key in SYMBOLS])
    for key in [".eh_frame", ".debug_frame"]:
        if key in part:
            header = part.get(".eh_frame_hdr", b"")
            yield "unwind_rules", name + key, joined([registers, stack, header, part[key]])
    # Instructions of one description: CFA by rbp, a saved register, an expression over memory.
    rules = bytes([0x0C, 6, 16, 0x86, 2, 0x41, 0x0F, 3, 0x76, 0x78, 0x06, 0x10, 6, 2, 0x76, 0x00])
    yield "unwind_rules", "rules", joined([registers, stack, b"", rules])


def a_stack(entry: int, text: int) -> tuple[bytes, bytes]:
    """Registers as the target takes them, and a stack on which every word is an address in the code."""
    return struct.pack("<7Q", text + 16, 64, 128, 0, 0, 0, 0), struct.pack("<32Q", *[text + 20, entry] * 16)


def read_address(sections: dict[str, tuple[int, bytes]], name: str) -> int:
    """Where a section is loaded; 0 if there is none."""
    return sections.get(name, (0, b""))[0]


def joined(parts: list[bytes]) -> bytes:
    """What the targets cut apart: all lengths but the last, then the parts."""
    cut = [part[:0xFFFF] for part in parts[:-1]]
    return b"".join(struct.pack("<H", len(part)) for part in cut) + b"".join(cut) + parts[-1]


def read_sections(content: bytes) -> Iterator[tuple[str, tuple[int, bytes]]]:
    """Name, address and bytes of each section of a 64-bit little-endian ELF file."""
    (table,) = struct.unpack_from("<Q", content, 0x28)
    size, count, names = struct.unpack_from("<3H", content, 0x3A)
    headers = [struct.unpack_from("<IIQQQQ", content, table + size * at) for at in range(count)]
    texts = headers[names][4]
    for name, kind, _, address, offset, length in headers:
        text = content[texts + name : content.index(b"\0", texts + name)].decode()
        yield text, (address, b"" if kind == 8 else content[offset : offset + length])


def compile_c(source: Path, output: Path, flags: list[str]) -> None:
    """Compiles one file of C."""
    run(["gcc", "-o", str(output), str(source), *flags], cwd=source.parent)


def run(command: list[str], cwd: Path, env: dict[str, str] | None = None) -> None:
    """Runs a tool without output; an error if it fails."""
    subprocess.run(command, check=True, capture_output=True, timeout=60, cwd=cwd, env=env)


def of_generated_code(folder: Path) -> Seeds:
    """What a program writes that generates its code."""
    program = folder / "jit"
    compile_c(ROOT / "examples/c/jit.c", program, ["-O2", "-lm"])
    for kind in ["dump", "map"]:
        child = subprocess.Popen([program, kind, "0.1"], cwd=folder, stdout=subprocess.DEVNULL)
        child.wait(timeout=60)
        map_path = Path(f"/tmp/perf-{child.pid}.map")  # noqa: S108 - the interface demands it
        written = folder / f"jit-{child.pid}.dump" if kind == "dump" else map_path
        yield {"dump": "jitdump", "map": "perf_map"}[kind], "jit", written.read_bytes()
        written.unlink()


def of_recording(folder: Path) -> Seeds:
    """A profile, the names that were found for it, and the journal of one that was cut short."""
    if not PYROMETER.exists():
        raise OSError("pyrometer is not built (make build)")
    program, profile, cut, cache = (folder / name for name in ["recorded", "seed.pyro", "cut.pyro", "cache"])
    compile_c(ROOT / "examples/c/calls.c", program, ["-O2", "-g"])
    environment = os.environ | {"XDG_CACHE_HOME": str(cache)}
    record = [str(PYROMETER), "record", "-o"]
    run([*record, str(profile), "--", str(program), "plt", "0.05"], folder, environment)
    yield "pyro_file", "seed", profile.read_bytes()
    yield from of_cache(cache)
    child = subprocess.Popen(
        [*record, cut, "--", program, "plt", "30"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(2)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    for journal in folder.glob("*.recording"):
        # The target adds the header itself.
        yield "journal", journal.name, journal.read_bytes()[12:]


def of_cache(cache: Path) -> Seeds:
    """Names that were found, as they are before they are packed behind a header, which the target does itself."""
    for entry in cache.rglob("*.sym"):
        unpacked = subprocess.run(["zstd", "-dc"], input=entry.read_bytes()[24:], capture_output=True, check=True)
        yield "symbol_cache", entry.stem[:8], unpacked.stdout


def of_exports(folder: Path) -> Seeds:
    """The recording in every format that is read again: little of it, for some have a line a sample."""
    profile = folder / "seed.pyro"
    if not profile.exists():
        raise OSError("there is no recording")
    for form in ["folded", "speedscope", "pprof", "firefox", "chrome", "otlp", "callgrind", "cachegrind", "dhat"]:
        written = folder / f"exported.{form}"
        run([str(PYROMETER), "export", str(profile), "--time", "0:0.01", "--to", form, "-o", str(written)], folder)
        content = written.read_bytes()
        if content.startswith(b"\x1f\x8b"):
            yield f"read_{form}", "packed", content
            # A packed file that is changed anywhere is only a broken one.
            content = gzip.decompress(content)
        yield f"read_{form}", "exported", content


def of_elsewhere(_: Path) -> Seeds:
    """Texts of other systems' profilers."""
    for form, text in TEXTS.items():
        yield f"read_{form}", "text", text.encode()


def of_perf(folder: Path) -> Seeds:
    """Recordings of perf: as a file, packed, through a pipe, and with copies of the stack."""
    if shutil.which("perf") is None:
        raise OSError("perf is not installed")
    ways = {
        "plain": ["-F", "99"],
        "chains": ["-F", "99", "-g", "-e", "cpu-clock,page-faults"],
        "packed": ["-F", "99", "-g", "-z"],
        "copies": ["-F", "49", "--call-graph", "dwarf,1024"],
        "group": ["-F", "99", "-g", "-e", "{cpu-clock,page-faults}:S"],
    }
    spin = ["sh", "-c", "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done"]
    for name, how in ways.items():
        data = folder / f"{name}.data"
        run(["perf", "record", "--quiet", *how, "-o", str(data), "--", *spin], cwd=folder)
        yield "read_perf_data", name, data.read_bytes()
    pipe = ["perf", "record", "--quiet", "-F", "99", "-g", "-o", "-", "--", *spin]
    yield "read_perf_data", "pipe", subprocess.run(pipe, check=True, capture_output=True).stdout


def of_texts(_: Path) -> Seeds:
    """What this kernel says, and names as compilers write them."""
    for path in ["/proc/self/maps", "/proc/self/stat", "/proc/self/status", "/proc/cpuinfo", "/sys/kernel/notes"]:
        if os.access(path, os.R_OK):
            yield "kernel_text", path.replace("/", "_"), Path(path).read_bytes()[:LONGEST_TEXT]
    yield "kernel_text", "cpus", b"0-3,8,10-11"
    symbols = b"ffffffff81000000 T do_one\nffffffff81000100 t do_two\t[snd]\nffffffff81000200 D table\n"
    yield "kallsyms", "some", symbols
    for at, name in enumerate(NAMES):
        yield "demangle", f"name-{at}", name.encode()
        yield "name_structure", f"name-{at}", name.encode()
    yield "demangle_text", "names", b"\x07" + " ".join(NAMES).encode()
    for at, event in enumerate(EVENTS):
        yield "event", f"event-{at}", event.encode()


EVENTS = [
    "cycles:upp",
    "r1a8",
    "cpu/event=0x3c,config1=0x1/:k\nconfig:0-7,32-35",
    "cpu/alias/\nconfig:0-7\nevent=0xcd,config2=3",
    "sched:sched_switch",
    "LLC-loads",
]
NAMES = [
    "_ZN4core3fmt9Formatter3pad17h0123456789abcdefE.llvm.42",
    "_RNvMs0_NtCs5l0EXMQXRMU_4rage5outerNtB5_5Outer3new",
    "_RINvNtC3std3mem8align_ofNtNtC3std3mem12DiscriminantE",
    "_ZNSt6vectorIiSaIiEE9push_backERKi@plt",
    "_ZN2ns1fIJiSt4pairIS_S0_EEEEvDpT_",
    "_ZZN2ns5ClassclEiENKUlvE_clEv.part.0.cold",
    "_ZNSt8functionIFvvEEC2IZN1aclEvEUlvE_vEEOT_",
]


def of_records(_: Path) -> Seeds:
    """Records as the kernel and the journal's writer lay them out."""
    body = struct.pack("<9Q", 77, 0x1000, 10 | 11 << 32, 5, 3, 999, 2, 2**64 - 512, 0x1000)
    body += struct.pack("<13Q", 2, 0xB, 0xB0, 0x50, 0x1000, 12, 13, 14, 15, 16, 0xAA, 0xBB, 8)
    trailer = struct.pack("<4Q", 10 | 11 << 32, 9, 3, 77)
    mapping = struct.pack("<8Q", 10, 0x7000, 0x2000, 0x1000, 8 | 1 << 32, 42, 6, 5) + b"/bin/true\0\0\0\0\0\0\0"
    name = b"\x0a\0\0\0\x0b\0\0\0true\0\0\0\0"
    kernels = {"sample": (9, body), "mmap2": (10, mapping + trailer), "comm": (3, name + trailer)}
    for record, (kind, content) in kernels.items():
        yield "ring_record", record, struct.pack("<IHH", kind, 2, 8 + len(content)) + content
    # Tag, length, then postcard: a row number and the fields, or a list of rows.
    metric = b"\0" + b"\2ns" * 3 + b"\x02\0\0\0"
    rows = [
        (1, b"{}"), (2, metric), (3, b"\0\2\1p\1c\0\2\0"), (4, b"\0\0\2\1t\2\0"), (5, b"\0\2/p\0\0\0"),
        (6, b"\0\4main\4main\1\0\0\0\0\0"), (7, b"\1\1\0\0\0\0\1\2\1\0\0\1n"), (8, b"\2\0\0\1\0\0"),
        (10, b"\1\3\1\0\1\0\1\2\1\2\1\0\1\2\1\2"),
    ]  # fmt: skip
    yield "journal", "rows", b"".join(struct.pack("<BI", tag, len(row)) + row for tag, row in rows)
    yield "symbol_cache", "empty", bytes(8)


def of_valgrind(_: Path) -> Seeds:
    """Files of Valgrind's tools, as the tests have them."""
    recorded = ROOT / "tests/fixtures/valgrind"
    for name in ["cachegrind.out", "callgrind.out", "callgrind.parts", "dhat.heap.json", "massif.out"]:
        yield f"read_{name.split('.')[0]}", name, (recorded / name).read_bytes()
    others = b"version: 1\ncreator: x\nevents: T\nfl=(1) a\nfn=(1) f\n3 1\n"
    others += b"cfn=(2) g'(1)\ncalls=1 0\n* 2\njcnd=1/2 3\n* \n"
    yield "read_callgrind", "others", others


def of_gperftools(_: Path) -> Seeds:
    """CPU profiles of gperftools in each size and order of words, as its documentation lays them out."""
    words = [0, 3, 0, 10_000, 0, 5, 2, 0x401010, 0x402031, 1, 1, 0x500000, 0, 1, 0]
    maps = b"00400000-00405000 r-xp 00001000 08:01 12 /usr/bin/a program\n"
    for form in ["<Q", "<I", ">Q", ">I"]:
        order, size = form
        yield "read_gperftools", f"words{WAYS[order]}{size}", struct.pack(f"{order}{len(words)}{size}", *words) + maps


WAYS = {"<": "little", ">": "big"}


def of_tests(_: Path) -> Seeds:
    """The files that tests of readers hold as text."""
    for name, target in [
        ("traces", {"CPUPROFILE": "cpuprofile", "SLICES": "chrome", "SAMPLED": "chrome"}),
        ("heap_text", {"GPERFTOOLS": "heap_text", "GO": "heap_text", "JEMALLOC": "heap_text"}),
        ("gecko", {"GECKO": "gecko", "SOURCES": "gecko"}),
        ("otlp_json", {"OTLP": "otlp"}),
        ("formats", {"PERF": "perf_script", "SPEEDSCOPE": "speedscope", "FIREFOX": "firefox", "COZ": "coz",
                     "COZ_LINES": "coz", "HEAPTRACK": "heaptrack", "HEAPTRACK_RAW": "heaptrack"}),
    ]:  # fmt: skip
        source = (ROOT / f"crates/formats/tests/readers/{name}.rs").read_text()
        for constant, form in target.items():
            text = re.search(rf'const {constant}: &str = r?#?"(.*?)"#?;\n', source, re.DOTALL)
            if text is not None:
                content = text[1].replace("\\\n", "", 1).replace("\\t", "\t")
                yield f"read_{form}", constant.lower(), content.encode()


COUNTING = """
#include <pyrometer/counts.h>
int main(void) {
    for (int at = 0; at < 9; at++) {
        PYROMETER_COUNT("a;b");
        PYROMETER_COUNT_WEIGHTED_FORMATTED(at, "key %d", at);
        PYROMETER_COUNT_WEIGHTED_HERE(0.5, "c");
    }
}
"""


def of_lines(folder: Path) -> Seeds:
    """Lines behind a byte that says how they are counted."""
    lines = "alloc 12\na -3.5 x\na -3.5 x\nno number\n1.2.3\né (41.3%)\n9223372036854775807\nend".encode()
    for options in range(32):
        yield "count_lines", f"lines-{options}", bytes([options]) + lines


def of_counts(folder: Path) -> Seeds:
    """What a program counts in itself, as far as it goes: nobody learns from zeros."""
    source, counted = folder / "counting.c", folder / "counts"
    source.write_text(COUNTING)
    counted.mkdir()
    compile_c(source, folder / "counting", ["-O1", "-pthread", f"-I{ROOT / 'include'}"])
    environment = os.environ | {"PYROMETER_COUNTS": str(counted)}
    subprocess.run([folder / "counting"], env=environment, check=True, timeout=60)
    for path in counted.iterdir():
        yield "read_counts", "counting", path.read_bytes().rstrip(b"\0") + bytes(8)


if __name__ == "__main__":
    if shutil.which("gcc") is None:
        print("no gcc: binaries are left out")
    main()
