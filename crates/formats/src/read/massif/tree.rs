//! A tree of allocations: from the allocator's functions to their callers.
//!
//! Indentation is one space a level, so that a deep tree is a large file: walking from a node to the top costs no more
//! than reading its line.

use pyrometer_tables::schema::{Frame, Function};
use rustc_hash::FxHashMap;

use super::super::Builder;
use super::super::numbers::unsigned;
use super::super::places::{Inlining, TextPlace};

const NODE: &str = "a node of the tree, `nCHILDREN: BYTES PLACE`, indented by its depth";
/// What stands for callers that allocated too little to be told apart.
const BELOW: &str = "[below threshold]";

/// A node whose children are not all there.
#[derive(Debug)]
struct Node {
    text: u32,
    children: u64,
    /// Bytes that no child has.
    rest: i64,
}

/// Texts of nodes and their frames, of all trees of a file.
#[derive(Debug, Default)]
pub(super) struct Texts {
    known: FxHashMap<String, u32>,
    /// For each text, whether it is a place, and its address.
    places: Vec<Option<i64>>,
    texts: Vec<String>,
    /// Rows as it is, and inlined.
    rows: Vec<[Option<i32>; 2]>,
    inlining: Inlining,
}

impl Texts {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.known.get(text) {
            return *number;
        }
        let number = self.texts.len() as u32;
        self.known.insert(text.to_owned(), number);
        self.texts.push(text.to_owned());
        self.places.push(TextPlace::parse(text).address);
        self.rows.push([None; 2]);
        number
    }

    fn row(&mut self, text: u32, inlined: bool, builder: &mut Builder) -> i32 {
        let (known, text) = (&mut self.rows[text as usize], &self.texts[text as usize]);
        *known[usize::from(inlined)].get_or_insert_with(|| match is_below_threshold(text) {
            true => marker(builder),
            false => TextPlace::parse(text).frame(builder, inlined),
        })
    }
}

/// `in 2 places, all below massif's threshold (1.00%)`, also of `ms_print`.
fn is_below_threshold(text: &str) -> bool {
    text.starts_with("in ") && text.contains("below massif's threshold")
}

fn marker(builder: &mut Builder) -> i32 {
    let function = builder.function(Function { name: BELOW.to_owned(), ..Function::default() });
    builder.frame(Frame { function: Some(function), kind: "unknown".into(), ..Frame::default() })
}

/// The tree that is being read.
#[derive(Debug, Default)]
pub(super) struct Tree {
    open: Vec<Node>,
    /// Rows of stacks and their bytes.
    pub(super) found: Vec<(i32, i64)>,
}

impl Tree {
    /// Takes the line of a node; whether the tree is whole with it.
    pub(super) fn line(
        &mut self,
        line: &[u8],
        texts: &mut Texts,
        builder: &mut Builder,
    ) -> Result<bool, &'static str> {
        let (depth, children, bytes, text) = node(line).ok_or(NODE)?;
        if depth != self.open.len() {
            return Err(NODE);
        }
        if let Some(parent) = self.open.last_mut() {
            parent.children -= 1;
            parent.rest -= bytes;
            if parent.rest < 0 {
                return Err("no more bytes than those of the node above, together with the nodes before");
            }
        }
        let text = texts.number(&String::from_utf8_lossy(text));
        self.open.push(Node { text, children, rest: bytes });
        while self.open.last().is_some_and(|node| node.children == 0) {
            self.add(texts, builder);
            self.open.pop();
        }
        Ok(self.open.is_empty())
    }

    /// Adds the bytes that belong to no child of the last node.
    fn add(&mut self, texts: &mut Texts, builder: &mut Builder) {
        let Some(bytes) = self.open.last().map(|node| node.rest).filter(|bytes| *bytes > 0) else {
            return;
        };
        // The top is the allocator; it is only needed where nothing else is known.
        let path = if self.open.len() > 1 { &self.open[1..] } else { &self.open[..] };
        let addresses = path.iter().map(|node| (texts.places[node.text as usize], node.text));
        let inlined = texts.inlining.mark(addresses);
        let mut stack = None;
        for (node, inlined) in path.iter().zip(inlined).rev() {
            let row = texts.row(node.text, inlined, builder);
            stack = Some(builder.stack(stack, row));
        }
        self.found.extend(stack.map(|stack| (stack, bytes)));
    }
}

/// Depth, number of children, bytes and place.
fn node(line: &[u8]) -> Option<(usize, u64, i64, &[u8])> {
    let depth = line.iter().take_while(|byte| **byte == b' ').count();
    let (children, rest) = unsigned(line[depth..].strip_prefix(b"n")?)?;
    let (bytes, rest) = unsigned(rest.strip_prefix(b": ")?)?;
    Some((depth, children, i64::try_from(bytes).ok()?, rest.trim_ascii()))
}
