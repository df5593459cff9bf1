//! Real binaries, built when the tests run.
#![allow(dead_code, reason = "each test file uses a part")]

use std::path::{Path, PathBuf};
use std::process::Command;

use object::{Object, ObjectSymbol};
use tempfile::TempDir;

/// A C program with calls that `-O2` inlines three deep, and calls into the C library.
pub const C_PROGRAM: &str = r#"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static inline __attribute__((always_inline)) int innermost(int x) {
    volatile int y = x * 3;
    return y + 1;
}
static inline __attribute__((always_inline)) int middle(int x) {
    int a = innermost(x);
    int b = innermost(a);
    return a ^ b;
}
__attribute__((noinline)) int outer(int x) {
    int sum = 0;
    for (int i = 0; i < x; i++)
        sum += middle(i);
    return sum;
}
__attribute__((noinline, cold)) static int unlikely_part(const char *text) {
    return puts(text) + (int)strlen(text);
}
int main(int argc, char **argv) {
    char *copy = malloc(100);
    snprintf(copy, 100, "%d", outer(argc * 1000));
    if (argc > 5)
        return unlikely_part(argv[1]);
    int result = puts(copy);
    free(copy);
    return result < 0;
}
"#;

/// A C++ program with a namespace, a class and a template.
pub const CPP_PROGRAM: &str = r#"
#include <cstdio>
namespace shapes {
struct Circle {
    double radius;
    __attribute__((noinline)) double area() const { volatile double r = radius; return 3.0 * r * r; }
};
template <typename T> __attribute__((noinline)) T twice(T x) { volatile T y = x; return y + y; }
}
namespace { __attribute__((noinline)) int hidden(int x) { volatile int y = x; return y + 7; } }
int main(int argc, char **) {
    shapes::Circle circle{double(argc)};
    std::printf("%f %d %d\n", circle.area(), shapes::twice(argc), hidden(argc));
}
"#;

/// A Rust program with an inlined closure chain.
pub const RUST_PROGRAM: &str = r#"
#[inline(always)]
fn square(x: u64) -> u64 { std::hint::black_box(x).wrapping_mul(x) }
#[inline(never)]
pub fn total(n: u64) -> u64 { (0..n).map(|x| square(x)).filter(|x| x % 3 == 0).sum() }
pub trait Shape { fn area(&self) -> u64; }
pub struct Tile(pub u64);
impl Shape for Tile { #[inline(never)] fn area(&self) -> u64 { std::hint::black_box(self.0) * 2 } }
fn main() { println!("{} {}", total(std::env::args().count() as u64 * 100), Tile(4).area()); }
"#;

/// A folder for one test's binaries.
pub struct Bench {
    pub folder: TempDir,
}

impl Bench {
    pub fn new() -> Self {
        Bench { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Compiles C (or C++) to `name`; none, with a note, if this compiler or linker cannot.
    pub fn try_c(&self, name: &str, source: &str, arguments: &[&str]) -> Option<PathBuf> {
        let cpp = source.contains("namespace");
        let file = self.path(&format!("{name}.{}", if cpp { "cc" } else { "c" }));
        std::fs::write(&file, source).expect("the folder is writable");
        let output = self.path(name);
        let compiler = if cpp { "g++" } else { "gcc" };
        let mut command = Command::new(compiler);
        command.args(arguments).arg("-o").arg(&output).arg(&file).current_dir(self.folder.path());
        run(command).then_some(output)
    }

    /// [`Bench::try_c`] with options that every gcc has.
    pub fn c(&self, name: &str, source: &str, arguments: &[&str]) -> PathBuf {
        self.try_c(name, source, arguments).expect("gcc is installed and takes these options")
    }

    /// Compiles Rust to `name`.
    pub fn rust(&self, name: &str, source: &str, arguments: &[&str]) -> PathBuf {
        let file = self.path(&format!("{name}.rs"));
        std::fs::write(&file, source).expect("the folder is writable");
        let output = self.path(name);
        let mut command = Command::new("rustc");
        command.args(["--edition", "2024", "-O"]).args(arguments).arg("-o").arg(&output).arg(&file);
        assert!(run(command), "rustc is installed and takes {arguments:?}");
        output
    }
}

/// Runs a tool; false, with a note, if it is absent or refuses.
pub fn run(mut command: Command) -> bool {
    match command.output() {
        Ok(output) if output.status.success() => true,
        Ok(output) => {
            println!("not available here: {command:?}: {}", String::from_utf8_lossy(&output.stderr));
            false
        }
        Err(error) => {
            println!("not available here: {command:?}: {error}");
            false
        }
    }
}

pub fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).expect("the binary was built")
}

/// Address and size of a function, from the symbol table by another reader.
pub fn symbol(bytes: &[u8], name: &str) -> std::ops::Range<u64> {
    let file = object::File::parse(bytes).expect("an ELF file");
    let symbol = file.symbols().find(|symbol| symbol.name() == Ok(name)).expect("the function has a symbol");
    symbol.address()..symbol.address() + symbol.size()
}
