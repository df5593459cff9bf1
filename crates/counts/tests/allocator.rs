//! An allocator may count its allocations, those of counting among them.

#![cfg(all(any(target_os = "linux", target_os = "macos"), target_pointer_width = "64"))]
#![allow(clippy::unwrap_used)]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering::Relaxed;

use pyrometer_counts::count;

struct Counting;

static ALLOCATIONS: AtomicI64 = AtomicI64::new(0);

// SAFETY: the system's allocator does the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        count!("allocation;{}", layout.size());
        // SAFETY: as the caller says.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as the caller says.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[test]
#[ignore = "the other test runs it, in a process of its own"]
fn scenario() {
    if std::env::var_os(common::SCENARIO).is_none() {
        return;
    }
    for size in 1..2000 {
        black_box(vec![0_u8; size]);
    }
    count!("known");
    eprintln!("allocations: {}", ALLOCATIONS.load(Relaxed));
    // SAFETY: nothing is to be done any more that would allocate.
    unsafe { libc::_exit(0) }
}

#[test]
fn an_allocator_can_count_itself() {
    let run = common::run("allocator");
    let profile = run.profile();
    let said = run.stderr.lines().find_map(|line| line.strip_prefix("allocations: ")).unwrap();
    let allocations: i64 = said.parse().unwrap();
    let counted: i64 = common::sums(&profile, "count").values().sum();
    // Less `known`, and none of those that counting itself has made is missing without being said.
    let seen = counted - 1 + profile.meta.quality.lost;
    assert!(allocations >= 1999 && seen >= allocations, "{allocations} allocations, {seen} seen");
    assert!(profile.meta.quality.lost < 100, "{} lost", profile.meta.quality.lost);
}
