//! When the resident memory of the recorded processes is read: often while the recording is young, for
//! programs that end soon, and never for more than a small share of the time.

use crate::live::machine::Here;
use crate::live::sys;
use crate::world::World;

/// From one reading to the next, nanoseconds: the first of these in the beginning, and up to the last.
const EVERY: (i64, i64) = (20_000_000, 100_000_000);
/// In between it is this part of the recording's age.
const PART_OF_AGE: i64 = 8;
/// Of many processes memory is read less often: reading takes one part of so many of the time at most.
const PART_OF_TIME: i64 = 1000;
/// So much, in nanoseconds, may be taken in advance: one slow reading, or the first, that finds nothing in the
/// caches, would otherwise be the only one of a program that ends soon.
const ADVANCE: i64 = 1_000_000;

/// Readings of memory, one after the other.
#[derive(Default)]
pub(crate) struct Readings {
    /// When the next one is due, on the monotonic clock.
    next: i64,
    /// What was taken and is not yet worth its time, nanoseconds of CPU time, and when that was so.
    debt: i64,
    since: i64,
}

impl Readings {
    /// The time of the next one, if the recorder should wake for it: to wake costs more than to read, so that later
    /// memory is read when the recorder is awake anyway. `age` as in [`Self::read`].
    pub(crate) fn wakes(&self, age: i64) -> Option<i64> {
        (age < EVERY.1 * PART_OF_AGE).then_some(self.next)
    }

    /// Reads what every process has, if it is time to. `age` is the recording's, in nanoseconds as `now`.
    pub(crate) fn read(&mut self, world: &mut World<Here>, now: i64, age: i64) {
        if now < self.next {
            return;
        }
        let before = sys::thread_cpu_time();
        world.measure_memory(now);
        let cost = sys::thread_cpu_time() - before;
        let earned = now.saturating_sub(self.since) / PART_OF_TIME;
        self.debt = self.debt.saturating_sub(earned).max(0).saturating_add(cost);
        self.since = now;
        self.next = now.saturating_add(pause(age, self.debt));
    }
}

/// From a reading to the next, where `debt` is what was taken and is not yet worth its time; all in nanoseconds.
fn pause(age: i64, debt: i64) -> i64 {
    let earning = debt.saturating_sub(ADVANCE).saturating_mul(PART_OF_TIME);
    (age / PART_OF_AGE).clamp(EVERY.0, EVERY.1).max(earning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_young_recording_wakes_to_read() {
        let readings = Readings { next: 7, ..Readings::default() };
        assert_eq!([0, 700_000_000, 800_000_000].map(|age| readings.wakes(age)), [Some(7), Some(7), None]);
    }

    #[test]
    fn young_recordings_are_read_often_and_costly_ones_seldom() {
        assert_eq!(
            [0, 240_000_000, i64::MAX].map(|age| pause(age, 0)),
            [20_000_000, 30_000_000, 100_000_000]
        );
        assert_eq!(pause(i64::MAX, ADVANCE + 2_000_000), 2_000_000_000);
        assert_eq!(pause(0, i64::MAX), i64::MAX);
    }

    #[test]
    fn one_slow_reading_of_a_young_recording_does_not_put_off_the_next() {
        assert_eq!(pause(5_000_000, ADVANCE), EVERY.0);
    }
}
