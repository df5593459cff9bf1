//! What a stack has in common with one before, told from their texts.
//!
//! Stacks begin with the leaf and end with the root, so what two have in common stands at the end of both. A comparison
//! of the texts from there finds it at once, where lines would have to be found one by one.

/// A stack that was read: the text of its lines, as far as they were all frames, and what they stand for.
#[derive(Debug, Default)]
pub(super) struct Stack {
    text: Vec<u8>,
    /// For each frame from the root, how far its line begins from the end of the text. None, if the text is empty.
    starts: Vec<u32>,
    /// For each frame from the root, its row and that of the stack.
    pub(super) path: Vec<(i32, i32)>,
}

impl Stack {
    /// How many frames at the root are those of a text of lines, and how many bytes these have at its end.
    pub(super) fn common(&self, text: &[u8]) -> (usize, usize) {
        let same = common_end(&self.text, text);
        let mut frames = self.starts.partition_point(|start| *start as usize <= same);
        while let Some(last) = frames.checked_sub(1) {
            let bytes = self.starts[last] as usize;
            let begin = text.len() - bytes;
            if begin == 0 || text[begin - 1] == b'\n' {
                return (frames, bytes);
            }
            frames = last;
        }
        (0, 0)
    }

    /// Takes the text of another stack, of which `common` frames at the root are as before. `lengths` are those of the
    /// lines before these, from the leaf.
    pub(super) fn replace(&mut self, text: &[u8], common: usize, lengths: &[u32]) {
        self.starts.truncate(common);
        let mut start = self.starts.last().copied().unwrap_or(0);
        for length in lengths.iter().rev() {
            start += length;
            self.starts.push(start);
        }
        self.text.clear();
        self.text.extend_from_slice(text);
    }

    /// Forgets the text, which is not that of the path.
    pub(super) fn forget_text(&mut self) {
        self.text.clear();
        self.starts.clear();
    }
}

/// How many bytes two texts have in common at their ends.
fn common_end(one: &[u8], other: &[u8]) -> usize {
    const BLOCK: usize = 32;
    let blocks = one.rchunks_exact(BLOCK).zip(other.rchunks_exact(BLOCK));
    let whole = blocks.take_while(|(one, other)| one == other).count() * BLOCK;
    let rest = one[..one.len() - whole].iter().rev().zip(other[..other.len() - whole].iter().rev());
    whole + rest.take(BLOCK).take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(lines: &[&str]) -> Stack {
        let mut stack = Stack::default();
        let lengths: Vec<_> = lines.iter().map(|line| line.len() as u32).collect();
        stack.replace(lines.concat().as_bytes(), 0, &lengths);
        stack
    }

    #[test]
    fn only_whole_lines_are_common() {
        let before = stack(&["\tleaf\n", "\tmiddle\n", "\tmain\n"]);
        assert_eq!(before.common(b"\tother\n\tmiddle\n\tmain\n"), (2, 14));
        assert_eq!(before.common(b"\tin the middle\n\tmain\n"), (1, 6));
        assert_eq!(before.common(b"\tmiddle\n\tmain\n"), (2, 14));
        assert_eq!(before.common(b"x\tleaf\n\tmiddle\n\tmain\n"), (2, 14));
        assert_eq!(before.common(b"\tleaf\n\tmiddle\n\tmain\n"), (3, 20));
        assert_eq!(before.common(b"in\n"), (0, 0));
        assert_eq!(before.common(b""), (0, 0));
    }

    #[test]
    fn long_ends_are_compared_in_blocks() {
        let text: Vec<u8> = (0..100).collect();
        for at in 0..100 {
            let mut other = text.clone();
            other[at] ^= 1;
            assert_eq!(common_end(&text, &other), 99 - at);
            assert_eq!(common_end(&text, &text[at..]), 100 - at);
        }
    }

    #[test]
    fn a_stack_takes_the_place_of_another() {
        let mut last = stack(&["\tleaf\n", "\tmain\n"]);
        last.replace(b"\tother\n\tmain\n", 1, &[7]);
        assert_eq!(last.common(b"\tother\n\tmain\n"), (2, 13));
    }
}
