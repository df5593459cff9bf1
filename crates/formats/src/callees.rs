//! Who is called from whom, where each row only says who called it.

/// The callees of each row, behind each other and in order.
#[derive(Debug)]
pub(crate) struct Callees {
    /// For each row, where its callees begin.
    starts: Vec<u32>,
    rows: Vec<u32>,
}

impl Callees {
    /// Of rows that were called by these, or by none; `count` of them.
    pub(crate) fn of(callers: impl Iterator<Item = Option<u32>> + Clone, count: usize) -> Self {
        let mut starts = vec![0; count + 1];
        for caller in callers.clone().flatten() {
            starts[caller as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut rows = vec![0; starts.last().map_or(0, |all| *all as usize)];
        let mut free = starts.clone();
        for (row, caller) in (0..).zip(callers) {
            if let Some(caller) = caller {
                let place = &mut free[caller as usize];
                rows[*place as usize] = row;
                *place += 1;
            }
        }
        Self { starts, rows }
    }

    #[inline]
    pub(crate) fn of_row(&self, row: u32) -> &[u32] {
        let at = row as usize;
        &self.rows[self.starts[at] as usize..self.starts[at + 1] as usize]
    }
}
