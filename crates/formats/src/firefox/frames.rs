//! What all threads need to know of frames: category, depth of inlining, native symbol.

use pyrometer_tables::schema::{Frame, Tables};
use rustc_hash::FxHashMap;

use super::LARGEST;

/// Rows of `meta.categories`.
pub(super) const OTHER: usize = 0;
const USER: usize = 1;
const KERNEL: usize = 2;
const JIT: usize = 3;
/// The subcategory of `User` for inlined calls.
const INLINED: usize = 1;

/// A symbol that frames lie in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Symbol {
    /// Row in `binaries`.
    pub(super) binary: i32,
    /// Row in `functions`.
    pub(super) function: i32,
    /// The lowest that was seen.
    pub(super) address: i64,
}

/// For each row of `frames`.
pub(super) struct Frames {
    symbols: Vec<Option<Symbol>>,
    /// For each row of `stacks`, how deep it is inlined.
    pub(super) depths: Vec<u32>,
}

impl Frames {
    pub(super) fn new(tables: &Tables) -> Self {
        Self { symbols: symbols(tables), depths: depths(tables) }
    }

    pub(super) fn symbol(&self, frame: i32) -> Option<Symbol> {
        self.symbols[frame as usize]
    }

    /// The category and its subcategory.
    pub(super) fn category(frame: &Frame) -> (usize, usize) {
        match frame.kind.as_str() {
            "kernel" => (KERNEL, 0),
            "jit" => (JIT, 0),
            "native" if frame.inlined => (USER, INLINED),
            "native" => (USER, 0),
            _ => (OTHER, 0),
        }
    }
}

/// The address, if JavaScript can hold it.
pub(super) fn address(frame: &Frame) -> Option<i64> {
    frame.address.filter(|address| (0..LARGEST).contains(address))
}

/// The symbol of each frame: the function at its address that is not inlined.
fn symbols(tables: &Tables) -> Vec<Option<Symbol>> {
    let mut holders: FxHashMap<(i32, i64), i32> = FxHashMap::default();
    let mut lowest: FxHashMap<(i32, i32), i64> = FxHashMap::default();
    let place = |frame: &Frame| Some((frame.binary?, address(frame)?));
    for frame in tables.frames.iter().filter(|frame| !frame.inlined) {
        if let (Some((binary, address)), Some(function)) = (place(frame), frame.function) {
            holders.insert((binary, address), function);
            let lowest = lowest.entry((binary, function)).or_insert(address);
            *lowest = (*lowest).min(address);
        }
    }
    let symbol = |frame: &Frame| {
        let (binary, address) = place(frame)?;
        let function = *holders.get(&(binary, address))?;
        Some(Symbol { binary, function, address: *lowest.get(&(binary, function))? })
    };
    tables.frames.iter().map(symbol).collect()
}

fn depths(tables: &Tables) -> Vec<u32> {
    let mut depths: Vec<u32> = Vec::with_capacity(tables.stacks.len());
    for stack in &tables.stacks {
        let outer = stack.parent.map_or(0, |parent| depths[parent as usize]);
        depths.push(if tables.frames[stack.frame as usize].inlined { outer.saturating_add(1) } else { 0 });
    }
    depths
}
