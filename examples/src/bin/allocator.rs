//! Two threads that do little but allocate and free: the benchmark's hard load.
//!
//! The amount of work is fixed, not the time, so that a slower machine or a profiler shows in the running time.
//!
//! Usage: `allocator [ROUNDS]` (default 150).

use std::collections::BTreeMap;
use std::thread;

use pyrometer_examples::clock::thread_cpu_ns;
use pyrometer_examples::report::Report;

/// A repeatable source of numbers (xorshift64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// A binary tree whose every node is an allocation.
struct Node {
    children: Option<(Box<Node>, Box<Node>)>,
}

#[inline(never)]
fn build_tree(depth: u32) -> Box<Node> {
    let children = (depth > 0).then(|| (build_tree(depth - 1), build_tree(depth - 1)));
    Box::new(Node { children })
}

#[inline(never)]
fn count_nodes(node: &Node) -> u64 {
    node.children.as_ref().map_or(1, |(left, right)| 1 + count_nodes(left) + count_nodes(right))
}

#[inline(never)]
fn build_words(random: &mut Random, words: usize) -> Vec<String> {
    (0..words).map(|_| format!("{:x}", random.next() >> (random.next() % 56))).collect()
}

#[inline(never)]
fn index_words(words: Vec<String>) -> BTreeMap<String, Vec<usize>> {
    let mut index: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, word) in words.into_iter().enumerate() {
        index.entry(word).or_default().push(place);
    }
    index
}

#[inline(never)]
fn work(seed: u64, rounds: u64) -> (u64, u64) {
    let start = thread_cpu_ns();
    let mut random = Random(seed);
    let mut checksum = 0;
    for _ in 0..rounds {
        checksum += count_nodes(&build_tree(14));
        checksum += index_words(build_words(&mut random, 20_000)).len() as u64;
    }
    (checksum, thread_cpu_ns() - start)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rounds: u64 = std::env::args().nth(1).map_or(Ok(150), |text| text.parse())?;
    let other = thread::Builder::new().name("allocator-2".into()).spawn(move || work(2, rounds))?;
    let (checksum, main_ns) = work(1, rounds);
    let (other_checksum, other_ns) = other.join().expect("the worker does not panic");
    let mut report = Report::default();
    report.total("work", main_ns + other_ns);
    report.thread("main", main_ns);
    report.thread("allocator-2", other_ns);
    eprintln!("checksum {}", checksum + other_checksum);
    println!("{}", report.json("allocator"));
    Ok(())
}
