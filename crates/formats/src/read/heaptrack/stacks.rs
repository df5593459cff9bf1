//! The stacks of traces.
//!
//! Traces of different instructions may have the same frames, and an instruction several, of inlined calls. All traces
//! that have a stack are therefore followed together, from the root: what is called from them is put together frame by
//! frame, among those few and not among the millions that there are. So the rows of a stack's callees also stand behind
//! it, where whoever follows them looks next.

use std::iter;

use super::places::{Places, Trace};
use crate::callees::Callees;
use crate::read::Builder;

/// Stands for the row of a stack of a trace without frames.
const NONE: i32 = -1;

/// For each trace, the root among them, its row in `stacks`; those that are `asked` for have one.
pub(super) fn stacks_of_traces(places: &Places, asked: &[u32], builder: &mut Builder) -> Vec<i32> {
    let frames = places.frames_by_place(builder);
    let mut found = rows_of_traces(places.all_traces(), &frames, builder);
    if asked.iter().any(|trace| found[*trace as usize] == NONE) {
        let unknown = builder.name("[no stack]", "unknown");
        let unknown = builder.stack(None, unknown);
        found.iter_mut().filter(|row| **row == NONE).for_each(|row| *row = unknown);
    }
    found
}

/// The same, [`NONE`] of those without frames.
fn rows_of_traces(traces: &[Trace], frames: &[Box<[i32]>], builder: &mut Builder) -> Vec<i32> {
    // The root is a trace too, called by none.
    let callers = iter::once(None).chain(traces.iter().map(|trace| Some(trace.parent)));
    let mut rows = Rows {
        traces,
        frames,
        callees: Callees::of(callers, traces.len() + 1),
        of_trace: vec![NONE; traces.len() + 1],
        todo: Vec::new(),
        ways: Vec::new(),
        here: Vec::new(),
        next: Vec::new(),
    };
    rows.make(builder);
    rows.of_trace
}

/// A trace of whose frames the first `passed` are in a stack.
#[derive(Clone, Copy, Debug)]
struct Way {
    trace: u32,
    passed: u32,
}

/// A stack to be made of a caller's row and a frame.
struct Planned {
    caller: i32,
    frame: i32,
    /// Where the ways that lead to it begin: they are the last then.
    ways: usize,
}

struct Rows<'a> {
    traces: &'a [Trace],
    frames: &'a [Box<[i32]>],
    callees: Callees,
    of_trace: Vec<i32>,
    todo: Vec<Planned>,
    /// Ways of the stacks in `todo`: of those last in it the last.
    ways: Vec<Way>,
    /// Ways that lead to the row that was made last, until all are followed.
    here: Vec<Way>,
    /// Where they go on to: a frame, and the way that has passed it.
    next: Vec<(i32, Way)>,
}

impl Rows<'_> {
    fn make(&mut self, builder: &mut Builder) {
        self.here.push(Way { trace: 0, passed: 0 });
        self.go_on(NONE);
        while let Some(Planned { caller, frame, ways }) = self.todo.pop() {
            let row = builder.new_stack(Some(caller).filter(|caller| *caller != NONE), frame);
            self.here.extend(self.ways.drain(ways..));
            self.go_on(row);
            // One place may have any number of inlined calls, and any number of traces.
            if builder.is_full() {
                return;
            }
        }
    }

    /// Plans what is called from the row that was made last.
    fn go_on(&mut self, row: i32) {
        while let Some(way) = self.here.pop() {
            match self.frames_of(way.trace).get(way.passed as usize) {
                Some(frame) => self.next.push((*frame, Way { passed: way.passed + 1, ..way })),
                None => {
                    self.of_trace[way.trace as usize] = row;
                    let callees = self.callees.of_row(way.trace).iter();
                    self.here.extend(callees.map(|trace| Way { trace: *trace, passed: 0 }));
                }
            }
        }
        self.next.sort_unstable_by_key(|(frame, way)| (*frame, way.trace));
        // The first is planned last, as it is to be made first.
        for alike in self.next.chunk_by(|one, other| one.0 == other.0).rev() {
            self.todo.push(Planned { caller: row, frame: alike[0].0, ways: self.ways.len() });
            self.ways.extend(alike.iter().map(|(_, way)| *way));
        }
        self.next.clear();
    }

    fn frames_of(&self, trace: u32) -> &[i32] {
        let trace = (trace as usize).checked_sub(1).map(|at| self.traces[at]);
        trace.map_or(&[], |trace| &self.frames[trace.place as usize])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    /// The frames of a trace from the outermost.
    fn path(traces: &[Trace], frames: &[Box<[i32]>], trace: u32) -> Vec<i32> {
        let mut path = Vec::new();
        let mut at = trace;
        while let Some(row) = at.checked_sub(1) {
            path.extend(frames[traces[row as usize].place as usize].iter().rev());
            at = traces[row as usize].parent;
        }
        path.reverse();
        path
    }

    /// The same of a row in `stacks`.
    fn made_path(builder: &Builder, row: i32) -> Vec<i32> {
        let stacks = &builder.tables().stacks;
        let rows =
            std::iter::successors(Some(row).filter(|row| *row != NONE), |row| stacks[*row as usize].parent);
        let mut path: Vec<_> = rows.map(|row| stacks[row as usize].frame).collect();
        path.reverse();
        path
    }

    proptest! {
        #[test]
        fn each_trace_has_the_stack_of_its_frames_and_no_stack_is_there_twice(
            frames in proptest::collection::vec(proptest::collection::vec(0..4_i32, 0..4), 1..5),
            shape in proptest::collection::vec((any::<u32>(), any::<u32>()), 0..60),
        ) {
            let frames: Vec<Box<[i32]>> = frames.into_iter().map(Into::into).collect();
            let traces: Vec<_> = (1..)
                .zip(&shape)
                .map(|(number, (place, parent))| Trace { place: place % frames.len() as u32, parent: parent % number })
                .collect();
            let mut builder = Builder::new(false);
            let found = rows_of_traces(&traces, &frames, &mut builder);
            for trace in 0..=traces.len() as u32 {
                prop_assert_eq!(made_path(&builder, found[trace as usize]), path(&traces, &frames, trace));
            }
            let stacks = &builder.tables().stacks;
            let different: HashSet<_> = stacks.iter().map(|stack| (stack.parent, stack.frame)).collect();
            prop_assert_eq!(different.len(), stacks.len());
        }
    }
}
