//! Texts that split all others into intervals, so that these are sorted interval by interval, and in one as numbers.
//!
//! The texts of an interval begin alike, as far as those at its two ends do; what comes next tells most of them apart. A
//! number is the first bytes of that. Behind its end a text has zeroes here, so texts of one number are of any order,
//! and few.
//!
//! The splitters are a tree: a node has the next eight bytes of those that are equal until there, a child for each
//! eight bytes that several of them have.

/// Bytes that are looked at at a time.
const BYTES: usize = 8;
/// Splitters, at most: one less than there are intervals.
pub(crate) const MOST: usize = 1023;
/// Bytes of a splitter, at most.
const LONGEST: usize = 64 * BYTES;

pub(crate) struct Splitters {
    /// The first one is the root.
    nodes: Vec<Node>,
    /// Of each interval, how many bytes all its texts have in common.
    common: Vec<usize>,
}

#[derive(Default)]
struct Node {
    /// Different ones, in order.
    bytes: Vec<u64>,
    /// Of each of these, how many splitters come before all that have it; and behind the last one.
    before: Vec<usize>,
    /// Of each of these, the node of those that have it; 0 if it is one alone.
    children: Vec<usize>,
}

impl Splitters {
    /// Made of texts of any order, at most [`MOST`].
    pub(crate) fn new(mut texts: Vec<&[u8]>) -> Self {
        texts.iter_mut().for_each(|text| *text = without_zeroes(&text[..text.len().min(LONGEST)]));
        texts.sort_unstable();
        texts.dedup();
        texts.truncate(MOST);
        let mut made = Self { nodes: Vec::new(), common: vec![0] };
        let mut ends = Vec::with_capacity(texts.len());
        made.add_node(&texts, 0, &mut ends);
        // A splitter goes as far as it has to, to be told from the others.
        let cut = |at: usize| {
            let text = texts[at];
            (0..ends[at]).step_by(BYTES).map(move |from| next_bytes(text, from))
        };
        made.common.extend((1..texts.len()).map(|at| common(cut(at - 1), cut(at))));
        made.common.push(0);
        made
    }

    /// How many bytes all texts of an interval have in common.
    pub(crate) fn common(&self, interval: usize) -> usize {
        self.common.get(interval).copied().unwrap_or(0)
    }

    /// How many splitters come before a text or begin it.
    #[inline]
    pub(crate) fn interval(&self, text: &[u8]) -> usize {
        let (mut node, mut from) = (&self.nodes[0], 0);
        loop {
            let bytes = next_bytes(text, from);
            let at = node.bytes.partition_point(|splitter| *splitter <= bytes);
            match at.checked_sub(1) {
                Some(last) if node.bytes[last] == bytes && node.children[last] != 0 => {
                    (node, from) = (&self.nodes[node.children[last]], from + BYTES);
                }
                _ => return node.before[at],
            }
        }
    }

    /// A node of texts that are equal up to `from`, and behind the splitters in `ends`; where each of its own ends is
    /// added to these.
    fn add_node(&mut self, texts: &[&[u8]], from: usize, ends: &mut Vec<usize>) -> usize {
        let added = self.nodes.len();
        self.nodes.push(Node::default());
        let mut node = Node::default();
        for equal in texts.chunk_by(|one, other| next_bytes(one, from) == next_bytes(other, from)) {
            node.bytes.push(next_bytes(equal[0], from));
            node.before.push(ends.len());
            node.children.push(if equal.len() > 1 {
                self.add_node(equal, from + BYTES, ends)
            } else {
                ends.push(from + BYTES);
                0
            });
        }
        node.before.push(ends.len());
        self.nodes[added] = node;
        added
    }
}

/// A text without those at its end, which are those behind its end here.
fn without_zeroes(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| *byte != 0);
    &text[..end.map_or(0, |last| last + 1)]
}

/// The bytes from `from` on as a number in their order, zeroes behind the end.
#[inline]
pub(crate) fn next_bytes(text: &[u8], from: usize) -> u64 {
    let rest = text.get(from..).unwrap_or_default();
    match rest.first_chunk() {
        Some(bytes) => u64::from_be_bytes(*bytes),
        None => {
            let mut bytes = [0; BYTES];
            bytes[..rest.len()].copy_from_slice(rest);
            u64::from_be_bytes(bytes)
        }
    }
}

/// How many bytes two splitters have in common.
fn common(one: impl Iterator<Item = u64>, other: impl Iterator<Item = u64>) -> usize {
    let mut bytes = 0;
    for (one, other) in one.zip(other) {
        bytes += (one ^ other).leading_zeros() as usize / 8;
        if one != other {
            break;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The interval of a text, and its number there.
    fn number(splitters: &Splitters, text: &[u8]) -> (usize, u64) {
        let interval = splitters.interval(text);
        (interval, next_bytes(text, splitters.common(interval)))
    }

    proptest! {
        #[test]
        fn numbers_are_in_the_order_of_texts(
            texts in prop::collection::vec(
                "[a\u{0}]{0,20}|(abcdefgh){0,3}[a-c]{0,4}|[a\u{0}]{5}\u{0}{3,12}[ab]{0,2}|(a{700})?[ab]{0,9}|[é\u{7f}-\u{ff}]{0,5}",
                0..200
            ),
            split in 0usize..200,
        ) {
            let mut texts: Vec<_> = texts.iter().map(|text| text.as_bytes()).collect();
            let splitters = Splitters::new(texts[..split.min(texts.len())].to_vec());
            texts.sort_unstable();
            let numbers: Vec<_> = texts.iter().map(|text| number(&splitters, text)).collect();
            prop_assert!(numbers.is_sorted());
        }
    }

    #[test]
    fn texts_that_begin_alike_are_told_apart() {
        let text = |number: usize| format!("all of them begin so: {:07} and end so", number * 7);
        let texts: Vec<_> = (0..100_000).map(text).collect();
        // Behind the last splitter nothing is known.
        let some = texts.iter().step_by(100).chain(texts.last());
        let splitters = Splitters::new(some.map(String::as_bytes).collect());
        let mut numbers: Vec<_> = texts.iter().map(|text| number(&splitters, text.as_bytes())).collect();
        numbers.dedup();
        assert_eq!(numbers.len(), texts.len());
    }
}
