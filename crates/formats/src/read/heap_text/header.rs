//! The first line: whose profile it is, and how its numbers were sampled.

use pyrometer_tables::schema::Metric;

use super::Metrics;
use crate::read::numbers::{count, skip_blanks, unsigned};

/// What the first line says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Header {
    /// Bytes between two samples, on average; none if every block was counted.
    pub(super) rate: Option<f64>,
    kind: Kind,
}

/// What is profiled.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Heap,
    Growth,
    Fragmentation,
}

impl Header {
    /// `heap profile: 1: 2 [3: 4] @ heap_v2/524288`, or jemalloc's `heap_v2/524288`.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        if let Some(rate) = line.strip_prefix(b"heap_v2/") {
            return Some(Self { rate: Some(whole(rate)?), kind: Kind::Heap });
        }
        let (_, rest) = numbers(line.strip_prefix(b"heap profile:")?)?;
        let kind = rest.trim_ascii_start().strip_prefix(b"@")?.trim_ascii();
        let at = memchr::memchr(b'/', kind);
        let (name, rate) = at.map_or((kind, None), |at| (&kind[..at], Some(&kind[at + 1..])));
        let rate = rate.map(|rate| whole(rate).filter(|rate| *rate > 0.0));
        let (rate, kind) = match name {
            b"heapz_v2" | b"heap_v2" => (rate.flatten(), Kind::Heap),
            // Here twice the rate is written.
            b"heap" => (rate.flatten().map(|twice| twice / 2.0), Kind::Heap),
            b"heapprofile" => (None, Kind::Heap),
            b"growthz" | b"growth" => (None, Kind::Growth),
            b"fragmentationz" | b"fragmentation" => (None, Kind::Fragmentation),
            _ => return None,
        };
        Some(Self { rate, kind })
    }

    /// Blocks and bytes in use, blocks and bytes allocated at all.
    pub(super) fn metrics(&self) -> Metrics {
        let metric = |name: &str, unit: &str| {
            Some(Metric {
                name: name.to_owned(),
                unit: unit.to_owned(),
                kind: if self.rate.is_some() { "sampled" } else { "exact" }.to_owned(),
                period: self.rate.filter(|_| unit == "bytes").map_or(0, |rate| rate.round() as i64),
                ..Metric::default()
            })
        };
        match self.kind {
            Kind::Heap => [
                metric("inuse-blocks", "count"),
                metric("inuse-bytes", "bytes"),
                metric("alloc-blocks", "count"),
                metric("alloc-bytes", "bytes"),
            ],
            Kind::Growth => [None, metric("heap-growth", "bytes"), None, None],
            Kind::Fragmentation => [None, metric("fragmentation", "bytes"), None, None],
        }
    }
}

fn whole(text: &[u8]) -> Option<f64> {
    let (number, rest) = unsigned(text.trim_ascii())?;
    rest.is_empty().then_some(number as f64)
}

/// `N: BYTES [N: BYTES]`, and what follows.
pub(super) fn numbers(text: &[u8]) -> Option<([i64; 4], &[u8])> {
    let mut values = [0; 4];
    let mut rest = text;
    for (value, (before, after)) in values.iter_mut().zip([("", ":"), ("", ""), ("[", ":"), ("", "]")]) {
        rest = skip_blanks(skip_blanks(rest).strip_prefix(before.as_bytes())?);
        (*value, rest) = count(rest)?;
        rest = skip_blanks(rest).strip_prefix(after.as_bytes())?;
    }
    Some((values, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_rate() {
        let rate = |line: &str| Header::parse(line.as_bytes()).map(|header| header.rate);
        assert_eq!(rate("heap profile:  1:  2 [ 3: 4] @ heapprofile"), Some(None));
        assert_eq!(rate("heap profile: 1: 2 [3: 4] @ heap_v2/524288"), Some(Some(524288.0)));
        assert_eq!(rate("heap profile: 1: 2 [3: 4] @ heap/1048576"), Some(Some(524288.0)));
        assert_eq!(rate("heap_v2/4096"), Some(Some(4096.0)));
        assert_eq!(rate("heap profile: 1: 2 [3: 4] @ other"), None);
        assert_eq!(rate("heap profile: 1: 2"), None);
        assert_eq!(rate("heap_v2/x"), None);
    }
}
