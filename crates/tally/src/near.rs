//! A thread's own table of short keys, small enough for its core's cache.
//!
//! Eight slots are a bucket, and looked at together: a key is found in the first that its hash leads to, but where more
//! keys lead to one than it has slots. A slot is a part of the hash and the place of a record: the sum, the length and
//! the bytes of a key. All of it is one large page, so that no look misses the processor's table of pages.

use std::io;

use memmap2::MmapMut;

use crate::batch::Entry;
use crate::memory::{prefetch, zeroes};
use crate::record::Addition;
use crate::short::{Block, Lanes, SHORT, Seed};

/// Slots of a bucket, and bytes.
const SLOTS: usize = 8;
const SLOT: usize = 4;
const BUCKET: usize = SLOTS * SLOT;
/// Buckets at first, and at most: powers of two.
const FEWEST: usize = 256;
const MOST: usize = 8192;
/// Keys for each bucket, at most: so hardly one is full.
const FULL: usize = 4;
/// Bytes of the table.
const SIZE: usize = 2 << 20;
/// Where the first record of a key begins, behind the slots and that of none.
const RECORDS: usize = NOWHERE + (HEAD + SHORT).next_multiple_of(UNIT);
/// Bits of a slot for the place, in units of [`UNIT`] bytes; the others are of the hash, and the highest is set.
const PLACE: u32 = (1 << 19) - 1;
const UNIT: usize = 4;
/// Bytes before a key in its record: eight of the sum, one of the length.
const HEAD: usize = 9;
/// The place of a record that is of no key: its length is that of none.
const NOWHERE: usize = MOST * BUCKET;
/// Lines that are looked up at a time.
const AHEAD: usize = 32;

type Bytes = [u8; SIZE];

#[derive(Default)]
pub(crate) struct Near {
    memory: Option<MmapMut>,
    layout: Layout,
}

#[derive(Clone, Copy)]
struct Layout {
    buckets: usize,
    keys: usize,
    /// Where the next record begins.
    next: usize,
}

impl Default for Layout {
    fn default() -> Self {
        Self { buckets: FEWEST, keys: 0, next: RECORDS }
    }
}

impl Near {
    /// Takes the memory, once.
    pub(crate) fn prepare(&mut self) -> io::Result<()> {
        if self.memory.is_none() {
            let mut memory = zeroes(SIZE)?;
            memory[NOWHERE + HEAD - 1] = u8::MAX;
            self.memory = Some(memory);
        }
        Ok(())
    }

    /// How many keys it has.
    pub(crate) fn len(&self) -> usize {
        self.layout.keys
    }

    /// Whether it may not have room for another key.
    pub(crate) fn is_full(&self) -> bool {
        self.layout.is_full()
    }

    /// Adds lines, which begin at their places in `text`. Those whose keys are new, and find no room here, are left
    /// with their hashes.
    #[inline(always)]
    pub(crate) fn add_all<L: Lanes>(
        &mut self,
        lanes: L,
        text: &[u8],
        count: usize,
        line: impl Fn(usize) -> Entry,
        left: &mut Vec<Entry>,
    ) {
        let Some(bytes) = self.memory.as_deref_mut().and_then(|memory| memory.first_chunk_mut()) else {
            return;
        };
        let seed = Seed::of_process();
        let (mut hashes, mut places) = ([0; AHEAD], [NOWHERE; AHEAD]);
        for start in (0..count).step_by(AHEAD) {
            let end = count.min(start + AHEAD);
            for (at, hash) in (start..end).zip(&mut hashes) {
                *hash = Sought::new(lanes, text, line(at)).map_or(0, |key| key.hash(seed));
                prefetch(bytes, self.layout.bucket(*hash) * BUCKET);
            }
            for (hash, place) in hashes.iter().zip(&mut places) {
                *place = self.layout.first_place(bytes, lanes, *hash);
            }
            for (at, place) in (start..end).zip(places) {
                let line = line(at);
                let key = Sought::new(lanes, text, line);
                if !key.as_ref().is_some_and(|key| key.add_at(bytes, place)) {
                    self.layout.add_elsewhere(bytes, lanes, text, line, left);
                }
            }
        }
    }

    /// Its keys and sums, without tags.
    pub(crate) fn additions(&self) -> impl Iterator<Item = Addition<'_>> {
        let bytes: Option<&Bytes> = self.memory.as_deref().and_then(|memory| memory.first_chunk());
        bytes.into_iter().flat_map(|bytes| {
            self.layout.places(bytes).map(|place| {
                let record = &bytes[place..];
                let (weight, length) = (sum(record).cast_unsigned(), record[HEAD - 1].into());
                Addition { tag: 0, text: &record[HEAD..], length, weight }
            })
        })
    }

    /// Forgets all keys.
    pub(crate) fn clear(&mut self) {
        if let Some(memory) = &mut self.memory {
            memory[..self.layout.buckets * BUCKET].fill(0);
        }
        self.layout = Layout::default();
    }
}

/// A key that is looked for.
struct Sought<'a, L: Lanes> {
    lanes: L,
    key: L::Key,
    block: &'a Block,
    line: Entry,
}

impl<'a, L: Lanes> Sought<'a, L> {
    /// None of a long key.
    #[inline(always)]
    fn new(lanes: L, text: &'a [u8], line: Entry) -> Option<Self> {
        let block = text[line.start as usize..].first_chunk()?;
        let length = line.length as usize;
        (length <= SHORT).then(|| Self { lanes, key: lanes.load(block, length), block, line })
    }

    #[inline(always)]
    fn hash(&self, seed: &Seed) -> u64 {
        self.lanes.hash_short(self.key, self.line.length as usize, seed)
    }

    /// Adds to the record of a place, if it is the key's and the sum fits into it.
    #[inline(always)]
    fn add_at(&self, bytes: &mut Bytes, place: usize) -> bool {
        let Some(record) = bytes[place..].first_chunk_mut::<{ HEAD + SHORT }>() else { return false };
        let length = self.line.length as usize;
        let Some(block) = record[HEAD..].first_chunk() else { return false };
        if usize::from(record[HEAD - 1]) != length || !self.lanes.begins(block, length, self.key) {
            return false;
        }
        let Some(sum) = sum(record).checked_add(self.line.weight.cast_signed()) else { return false };
        record[..8].copy_from_slice(&sum.to_le_bytes());
        true
    }

    /// Makes a record of it.
    fn write(&self, record: &mut [u8]) {
        record[..8].copy_from_slice(&self.line.weight.to_le_bytes());
        record[HEAD - 1] = self.line.length as u8;
        record[HEAD..HEAD + SHORT].copy_from_slice(self.block);
    }
}

impl Layout {
    fn is_full(&self) -> bool {
        self.keys == MOST * FULL || self.next + HEAD + 2 * SHORT > SIZE
    }

    #[inline(always)]
    fn bucket(&self, hash: u64) -> usize {
        hash as usize & (self.buckets - 1) & (MOST - 1)
    }

    /// The place of the record that is most likely that of a hash, on its way here; or [`NOWHERE`].
    #[inline(always)]
    fn first_place<L: Lanes>(&self, bytes: &Bytes, lanes: L, hash: u64) -> usize {
        let slots = slots(bytes, self.bucket(hash));
        let found = lanes.which(slots, !PLACE, tag(hash));
        let place = place_of(slot(slots, found.trailing_zeros() as usize % SLOTS));
        let place = if found == 0 { NOWHERE } else { place };
        prefetch(bytes, place);
        place
    }

    /// Adds a line that is not at the first place.
    #[inline(always)]
    fn add_elsewhere<L: Lanes>(
        &mut self,
        bytes: &mut Bytes,
        lanes: L,
        text: &[u8],
        line: Entry,
        left: &mut Vec<Entry>,
    ) {
        let hash = lanes.hash(&text[line.start as usize..], line.length as usize, Seed::of_process());
        let key = Sought::new(lanes, text, line);
        if !key.is_some_and(|key| self.add(bytes, &key, hash)) {
            left.push(Entry { hash, ..line });
        }
    }

    /// Adds a key in whichever bucket it is or has room; false if there is none. A sum that would become too large is
    /// left as it is, and begun again in another record.
    #[inline(always)]
    fn add<L: Lanes>(&mut self, bytes: &mut Bytes, key: &Sought<'_, L>, hash: u64) -> bool {
        if self.keys == self.buckets * FULL && self.buckets < MOST {
            self.grow(key.lanes, bytes);
        }
        let mut bucket = self.bucket(hash);
        loop {
            let slots = slots(bytes, bucket);
            let free = first_free(slots);
            let mut found = key.lanes.which(slots, !PLACE, tag(hash));
            while found != 0 {
                let slot = slot(self::slots(bytes, bucket), found.trailing_zeros() as usize % SLOTS);
                if key.add_at(bytes, place_of(slot)) {
                    return true;
                }
                found &= found - 1;
            }
            if let Some(index) = free {
                return self.insert(bytes, bucket * BUCKET + index * SLOT, key, hash);
            }
            bucket = (bucket + 1) & (self.buckets - 1);
        }
    }

    fn insert<L: Lanes>(&mut self, bytes: &mut Bytes, slot: usize, key: &Sought<'_, L>, hash: u64) -> bool {
        if self.is_full() {
            return false;
        }
        key.write(&mut bytes[self.next..]);
        set_slot(bytes, slot, tag(hash) | (self.next / UNIT) as u32);
        self.next += (HEAD + key.line.length as usize).next_multiple_of(UNIT);
        self.keys += 1;
        true
    }

    /// Twice as many buckets.
    #[inline(always)]
    fn grow<L: Lanes>(&mut self, lanes: L, bytes: &mut Bytes) {
        let places: Vec<_> = self.places(bytes).collect();
        bytes[..self.buckets * BUCKET].fill(0);
        self.buckets *= 2;
        for place in places {
            let hash = lanes.hash(&bytes[place + HEAD..], bytes[place + HEAD - 1].into(), Seed::of_process());
            let mut bucket = self.bucket(hash);
            let free = loop {
                if let Some(index) = first_free(slots(bytes, bucket)) {
                    break bucket * BUCKET + index * SLOT;
                }
                bucket = (bucket + 1) & (self.buckets - 1);
            };
            set_slot(bytes, free, tag(hash) | (place / UNIT) as u32);
        }
    }

    /// Where the records are.
    fn places<'a>(&self, bytes: &'a Bytes) -> impl Iterator<Item = usize> + use<'a> {
        let all = (0..self.buckets * SLOTS).map(|at| slot(slots(bytes, at / SLOTS), at % SLOTS));
        all.filter(|slot| *slot != 0).map(place_of)
    }
}

#[inline(always)]
fn slots(bytes: &Bytes, bucket: usize) -> &[u8; BUCKET] {
    bytes[bucket * BUCKET..].first_chunk().unwrap_or(&[0; BUCKET])
}

#[inline(always)]
fn slot(slots: &[u8; BUCKET], index: usize) -> u32 {
    u32::from_ne_bytes(slots.as_chunks().0[index])
}

#[inline(always)]
fn first_free(slots: &[u8; BUCKET]) -> Option<usize> {
    (0..SLOTS).find(|index| slot(slots, *index) == 0)
}

fn set_slot(bytes: &mut Bytes, at: usize, slot: u32) {
    bytes[at..at + SLOT].copy_from_slice(&slot.to_ne_bytes());
}

#[inline(always)]
fn place_of(slot: u32) -> usize {
    (slot & PLACE) as usize * UNIT
}

/// The bits of a hash that a slot has: none of those that lead to a bucket.
#[inline(always)]
fn tag(hash: u64) -> u32 {
    (hash >> 32) as u32 & !PLACE | 1 << 31
}

#[inline(always)]
fn sum(record: &[u8]) -> i64 {
    record.first_chunk().copied().map_or(0, i64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::short::{Processor, Task};

    struct AddAll<'a>(&'a mut Near, &'a [u8], &'a [Entry], &'a mut Vec<Entry>);

    impl Task for AddAll<'_> {
        type Output = ();

        #[inline(always)]
        fn run<L: Lanes>(self, lanes: L) {
            let Self(near, text, lines, left) = self;
            near.add_all(lanes, text, lines.len(), |at| lines[at], left);
        }
    }

    type Sums = HashMap<Vec<u8>, i128>;

    fn add(sums: &mut Sums, key: &[u8], weight: u64) {
        *sums.entry(key.to_vec()).or_default() += i128::from(weight.cast_signed());
    }

    /// The sums in the table and of what is left.
    fn sums(processor: Processor, lines: &[(Vec<u8>, i64)], again: bool) -> Sums {
        let (mut near, mut left, mut text, mut entries) =
            (Near::default(), Vec::new(), Vec::new(), Vec::new());
        for (key, weight) in lines {
            let (start, length) = (text.len() as u32, key.len() as u32);
            entries.push(Entry { hash: 0, start, length, weight: weight.cast_unsigned() });
            text.extend_from_slice(key);
        }
        text.extend_from_slice(&[b'x'; SHORT]);
        near.prepare().expect("memory");
        if again {
            processor.run(AddAll(&mut near, &text, &entries, &mut left));
            near.clear();
            left.clear();
        }
        processor.run(AddAll(&mut near, &text, &entries, &mut left));
        let mut sums = Sums::new();
        assert_eq!(near.additions().count(), near.len());
        near.additions()
            .for_each(|addition| add(&mut sums, &addition.text[..addition.length], addition.weight));
        for entry in left {
            add(&mut sums, &text[entry.start as usize..][..entry.length as usize], entry.weight);
        }
        sums
    }

    fn expected(lines: &[(Vec<u8>, i64)]) -> Sums {
        let mut sums = Sums::new();
        lines.iter().for_each(|(key, weight)| add(&mut sums, key, weight.cast_unsigned()));
        sums
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn sums_are_those_of_a_map(
            lines in prop::collection::vec(
                ("[ab\u{0}]{0,3}|[a-c]{62,66}|[a-z]{8}|a{0,64}", prop_oneof![-9i64..9, Just(i64::MAX), Just(i64::MIN)]),
                0..3000
            ),
            again: bool,
        ) {
            let lines: Vec<_> = lines.into_iter().map(|(key, weight)| (key.into_bytes(), weight)).collect();
            for processor in Processor::all() {
                prop_assert_eq!(sums(processor, &lines, again), expected(&lines));
            }
        }
    }

    #[test]
    fn more_keys_than_there_is_room_for() {
        let line = |number: usize| (format!("{:1$}", number % 50_000, number % 50).into_bytes(), 1);
        let lines: Vec<_> = (0..120_000).map(line).collect();
        for processor in Processor::all() {
            assert_eq!(sums(processor, &lines, false), expected(&lines));
        }
    }
}
