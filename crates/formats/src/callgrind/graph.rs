//! Functions with their self costs and their calls.

use pyrometer_tables::schema::{Call, Tables};
use rustc_hash::FxHashMap;

use crate::code::{Code, Named, one_line};
use crate::stack_sums::StackSums;
use crate::sums::Sums;

/// A self cost: values of a place.
#[derive(Debug)]
pub(super) struct Cost {
    pub(super) file: u32,
    pub(super) line: u32,
    pub(super) address: u64,
    pub(super) values: Vec<i64>,
}

/// A call: how often, and what it cost.
#[derive(Debug)]
pub(super) struct Edge {
    pub(super) callee: u32,
    pub(super) line: u32,
    pub(super) count: i64,
    pub(super) values: Vec<i64>,
}

/// A function, with what was counted in it.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) costs: Vec<Cost>,
    pub(super) calls: Vec<Edge>,
}

/// What is written.
#[derive(Debug)]
pub(super) struct Graph {
    pub(super) functions: Vec<Named>,
    /// In the order of `functions`.
    pub(super) nodes: Vec<Node>,
    /// Names of files.
    pub(super) files: Vec<String>,
    /// For each function, the place of its file in `files`.
    pub(super) file_of: Vec<u32>,
    pub(super) totals: Vec<i64>,
    pub(super) has_addresses: bool,
}

/// Caller, callee, line of the call.
type Key = (u32, u32, u32);

impl Graph {
    /// `with_calls`: with those of the table `calls`.
    pub(super) fn new(tables: &Tables, sums: &StackSums, with_calls: bool) -> Self {
        let code = Code::new(tables);
        let mut files = Files::default();
        let file_of: Vec<_> = code.functions.iter().map(|function| files.place(&function.file)).collect();
        let mut nodes: Vec<_> = code.functions.iter().map(|_| Node::default()).collect();
        let totals = self_costs(tables, sums, &code, &file_of, &mut files, &mut nodes);
        let mut edges = Sums::default();
        add_edges(tables, sums, &code, &mut edges);
        if with_calls {
            add_calls(&tables.calls, sums, &code, &mut edges);
        }
        for ((caller, callee, line), mut values) in edges.iter() {
            let (count, values) = (values.next().unwrap_or_default(), values.collect());
            nodes[*caller as usize].calls.push(Edge { callee: *callee, line: *line, count, values });
        }
        let has_addresses = tables.frames.iter().any(|frame| frame.address.is_some());
        Self { functions: code.functions, nodes, files: files.names, file_of, totals, has_addresses }
    }
}

/// Files by name.
#[derive(Debug, Default)]
struct Files {
    names: Vec<String>,
    places: FxHashMap<String, u32>,
}

impl Files {
    fn place(&mut self, name: &str) -> u32 {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        self.names.push(name.to_owned());
        self.places.insert(name.to_owned(), self.names.len() as u32 - 1);
        self.names.len() as u32 - 1
    }
}

/// Adds what the leaves of stacks weigh; the sum of all.
fn self_costs(
    tables: &Tables,
    sums: &StackSums,
    code: &Code,
    file_of: &[u32],
    files: &mut Files,
    nodes: &mut [Node],
) -> Vec<i64> {
    let width = sums.metrics.len();
    let mut totals = vec![0_i64; width];
    let mut costs = Sums::default();
    for (row, stack) in tables.stacks.iter().enumerate() {
        let values = sums.of(row);
        if values.iter().all(|value| *value == 0) {
            continue;
        }
        let frame = &tables.frames[stack.frame as usize];
        let function = code.of_frame[stack.frame as usize];
        let file = frame.file.as_deref().map(|file| files.place(&one_line(file)));
        let file = file.unwrap_or(file_of[function as usize]);
        let address = frame.address.unwrap_or(0).cast_unsigned();
        costs.add(function, (function, file, address, line(frame.line)), width, values);
        for (total, value) in totals.iter_mut().zip(values) {
            *total = total.wrapping_add(*value);
        }
    }
    for ((function, file, address, line), values) in costs.iter() {
        let cost = Cost { file: *file, line: *line, address: *address, values: values.collect() };
        nodes[*function as usize].costs.push(cost);
    }
    for (node, own) in nodes.iter_mut().zip(file_of) {
        // What is inlined comes behind the function's own code.
        node.costs.sort_by_key(|cost| (cost.file != *own, cost.file, cost.address, cost.line));
    }
    totals
}

fn line(line: Option<i32>) -> u32 {
    line.and_then(|line| u32::try_from(line).ok()).unwrap_or(0)
}

/// Adds the calls of all stacks. Walking down the tree of stacks, a call is added where it is not in progress already.
fn add_edges(tables: &Tables, sums: &StackSums, code: &Code, edges: &mut Sums<Key>) {
    let inclusive = sums.inclusive(tables);
    let (first, next) = children(tables);
    let mut running: FxHashMap<Key, u32> = FxHashMap::default();
    let mut values = vec![0; sums.metrics.len() + 1];
    // A node to be entered, or one to be left.
    let roots = (0..tables.stacks.len()).rev().filter(|row| tables.stacks[*row].parent.is_none());
    let mut todo: Vec<_> = roots.map(|row| (row, true)).collect();
    while let Some((row, entering)) = todo.pop() {
        let key = key(tables, code, row);
        if !entering {
            if let Some(count) = key.and_then(|key| running.get_mut(&key)) {
                *count -= 1;
            }
            continue;
        }
        if let Some(key) = key {
            let count = running.entry(key).or_default();
            if *count == 0 && inclusive.of(row).iter().any(|value| *value != 0) {
                values[0] = inclusive.count(row);
                values[1..].copy_from_slice(inclusive.of(row));
                edges.add(key.0, key, values.len(), &values);
            }
            *count += 1;
        }
        todo.push((row, false));
        let mut child = first[row];
        while let Some(row) = child {
            todo.push((row as usize, true));
            child = next[row as usize];
        }
    }
}

/// The call that a node of the tree was entered by.
fn key(tables: &Tables, code: &Code, row: usize) -> Option<Key> {
    let stack = tables.stacks[row];
    let caller = tables.stacks[stack.parent? as usize].frame as usize;
    let callee = code.of_frame[stack.frame as usize];
    Some((code.of_frame[caller], callee, line(tables.frames[caller].line)))
}

/// For each stack its first callee, and the next one of its caller.
fn children(tables: &Tables) -> (Vec<Option<u32>>, Vec<Option<u32>>) {
    let mut first = vec![None; tables.stacks.len()];
    let mut next = vec![None; tables.stacks.len()];
    for (row, stack) in tables.stacks.iter().enumerate() {
        if let Some(parent) = stack.parent {
            next[row] = first[parent as usize].replace(row as u32);
        }
    }
    (first, next)
}

/// Adds the calls that are known without stacks: a row for each metric, with the same count.
fn add_calls(calls: &[Call], sums: &StackSums, code: &Code, edges: &mut Sums<Key>) {
    let width = sums.metrics.len() + 1;
    let mut counted: FxHashMap<Key, (i32, usize)> = FxHashMap::default();
    for call in calls {
        let Some(column) = sums.metrics.iter().position(|metric| *metric == call.metric) else {
            continue;
        };
        let caller = code.of_function[call.caller as usize];
        let callee = code.of_function[call.callee as usize];
        let key = (caller, callee, line(call.line));
        // How often is the same in all metrics; where functions are the same to the format, it is a sum.
        let (metric, _) = *counted.entry(key).or_insert((call.metric, column));
        let mut values = vec![0; width];
        values[0] = if metric == call.metric { call.count } else { 0 };
        values[column + 1] = call.inclusive;
        edges.add(caller, key, width, &values);
    }
}
