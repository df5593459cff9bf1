//! Where a line of counts belongs: numbers, or differences to those of the line before.

use super::super::numbers::{skip_blanks, unsigned};

/// What a position is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    /// Address of an instruction.
    Instruction,
    /// Address of a basic block.
    Block,
    /// Line of the source.
    Line,
}

/// The positions of a line.
pub(super) type State = [u64; 3];

/// The positions of the last line.
#[derive(Debug)]
pub(super) struct Positions {
    /// How many there are.
    count: usize,
    /// Which of them is the line of the source.
    line: Option<usize>,
    /// Which is the address of the instruction, or else of the block.
    address: Option<usize>,
    last: State,
}

impl Default for Positions {
    fn default() -> Self {
        Self { count: 1, line: Some(0), address: None, last: [0; 3] }
    }
}

impl Positions {
    /// As `positions:` names them; none if there is no such position.
    pub(super) fn of(names: &str) -> Option<Self> {
        let columns = names.split_ascii_whitespace().map(|name| match name {
            "instr" | "addr" => Some(Column::Instruction),
            "bb" => Some(Column::Block),
            "line" => Some(Column::Line),
            _ => None,
        });
        let columns = columns.collect::<Option<Vec<_>>>()?;
        let at = |column| columns.iter().position(|known| *known == column);
        let address = at(Column::Instruction).or_else(|| at(Column::Block));
        let positions = Self { count: columns.len(), line: at(Column::Line), address, last: [0; 3] };
        (1..=3).contains(&columns.len()).then_some(positions)
    }

    /// Takes the positions that a line begins with; what follows them.
    #[inline]
    pub(super) fn take<'a>(&mut self, mut rest: &'a [u8]) -> Option<&'a [u8]> {
        for last in &mut self.last[..self.count] {
            rest = skip_blanks(rest);
            let (position, after) =
                match rest.first()? {
                    b'*' => (*last, &rest[1..]),
                    b'+' => unsigned(&rest[1..])
                        .and_then(|(more, after)| Some((last.checked_add(more)?, after)))?,
                    b'-' => unsigned(&rest[1..])
                        .and_then(|(less, after)| Some((last.checked_sub(less)?, after)))?,
                    _ => unsigned(rest)?,
                };
            if !matches!(after.first(), None | Some(b' ' | b'\t')) {
                return None;
            }
            *last = position;
            rest = after;
        }
        Some(rest)
    }

    /// What [`Self::take`] changes.
    #[inline]
    pub(super) fn state(&self) -> State {
        self.last
    }

    /// Goes back to a state before.
    #[inline]
    pub(super) fn restore(&mut self, state: State) {
        self.last = state;
    }

    /// The line of the source; 0 if there is none.
    #[inline]
    pub(super) fn line(&self) -> u32 {
        self.line.and_then(|at| u32::try_from(self.last[at]).ok()).unwrap_or(0)
    }

    /// The address of the instruction, or else of the block.
    #[inline]
    pub(super) fn address(&self) -> Option<i64> {
        let address = self.last[self.address?];
        // Of code without an address, for no code is at 0.
        Some(address.cast_signed()).filter(|address| *address != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_to_the_line_before() {
        let mut positions = Positions::of("instr line").unwrap();
        assert_eq!(positions.take(b"0x862d0 111 1 0"), Some(&b" 1 0"[..]));
        assert_eq!(positions.take(b"+1 -1 1"), Some(&b" 1"[..]));
        assert_eq!((positions.address(), positions.line()), (Some(0x862d1), 110));
        assert_eq!(positions.take(b"* *"), Some(&b""[..]));
        assert_eq!((positions.address(), positions.line()), (Some(0x862d1), 110));
    }

    #[test]
    fn what_is_no_position_is_refused() {
        let mut positions = Positions::default();
        for line in [&b"-1 3"[..], b"x 3", b"3x 4", b"", b"+ 3", b"18446744073709551616 1"] {
            assert_eq!(positions.take(line), None, "{line:?}");
        }
        assert!(Positions::of("line column").is_none());
        assert!(Positions::of("").is_none());
    }
}
