//! Sorting by counting: parts of the things are counted, and put into columns, in threads; in a column they stay in order.

/// Where a part's things go.
pub(crate) struct Columns<'a, T>(Vec<&'a mut [T]>);

/// Columns one after the other in `all`, each with room for the things of one part after those of another. `counts`: how
/// many things each part has in each column.
pub(crate) fn columns<'a, T>(all: &'a mut [T], counts: &[Vec<usize>]) -> Vec<Columns<'a, T>> {
    let width = counts.first().map_or(0, Vec::len);
    let mut parts: Vec<_> = counts.iter().map(|_| Columns(Vec::with_capacity(width))).collect();
    let mut rest = all;
    for column in 0..width {
        for (part, counts) in parts.iter_mut().zip(counts) {
            let (room, behind) = rest.split_at_mut(counts[column]);
            part.0.push(room);
            rest = behind;
        }
    }
    parts
}

/// How many things all parts have in each column.
pub(crate) fn sizes(counts: &[Vec<usize>]) -> Vec<usize> {
    let width = counts.first().map_or(0, Vec::len);
    (0..width).map(|column| counts.iter().map(|counts| counts[column]).sum()).collect()
}

/// Slices one after the other, of these lengths.
pub(crate) fn split<'a, T: 'a>(
    all: &'a mut [T],
    lengths: impl IntoIterator<Item = usize>,
) -> impl Iterator<Item = &'a mut [T]> {
    let mut rest = all;
    lengths.into_iter().map(move |length| {
        let (part, behind) = std::mem::take(&mut rest).split_at_mut(length);
        rest = behind;
        part
    })
}

impl<T> Columns<'_, T> {
    /// Puts the next thing into a column; there is room for those that were counted.
    #[inline]
    pub(crate) fn put(&mut self, column: usize, thing: T) {
        let room = &mut self.0[column];
        if let Some((next, behind)) = std::mem::take(room).split_first_mut() {
            *next = thing;
            *room = behind;
        }
    }
}
