//! The stacks that were sampled, below the commands that they were sampled in.

use std::io::Write;

use pyrometer_tables::schema::Tables;

use super::names::Names;
use super::walk::Walk;
use crate::error::Result;

/// No node.
pub(super) const NONE: u32 = u32::MAX;

/// A stack in a command, or the command itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    /// The caller, or the command; [`NONE`] of a command.
    pub(super) parent: u32,
    /// What it adds to a line, as [`Names`] numbers it.
    pub(super) parts: u32,
    /// Of the samples that end in it, if some do.
    pub(super) value: Option<i64>,
}

/// Values by command and stack.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    tables: &'a Tables,
    pub(super) names: Names,
    pub(super) nodes: Vec<Node>,
    /// For each row of `stacks`, the command in which it was last met, and its node there.
    met: Vec<(u32, u32)>,
    /// For each row of `stacks`, whether it and all its callers have no name.
    nameless: Vec<bool>,
    /// The node of the command whose stacks are added.
    command: u32,
    is_java: bool,
}

impl<'a> Tree<'a> {
    pub(super) fn new(tables: &'a Tables, as_written: bool) -> Self {
        let names = Names::of_frames(tables, as_written);
        let mut nameless: Vec<bool> = Vec::with_capacity(tables.stacks.len());
        for stack in &tables.stacks {
            let above = stack.parent.is_none_or(|parent| nameless[parent as usize]);
            nameless.push(above && names.parts(stack.frame as u32).is_empty());
        }
        let met = vec![(NONE, NONE); tables.stacks.len()];
        Self { tables, names, nodes: Vec::new(), met, nameless, command: NONE, is_java: false }
    }

    /// What is added from now on was sampled in this command, which was not entered before.
    pub(super) fn enter(&mut self, command: &str) {
        let parts = self.names.add_command(command);
        self.is_java = command.starts_with("java");
        self.command = self.push(Node { parent: NONE, parts, value: None });
    }

    /// Adds to a row of `stacks`.
    pub(super) fn add(&mut self, leaf: i32, value: i64) {
        // As they do: what is left of a stack without names is nothing.
        if self.nameless[leaf as usize] {
            return;
        }
        let node = self.node(leaf);
        let sum = self.nodes[node as usize].value.get_or_insert(0);
        *sum = sum.saturating_add(value);
    }

    /// The node of a row of `stacks`. Callers that were not met yet in this command are added with it.
    fn node(&mut self, leaf: i32) -> u32 {
        let mut row = Some(leaf);
        let mut callee = NONE;
        while let Some(at) = row.map(|row| row as usize) {
            let (command, node) = self.met[at];
            let is_new = command != self.command;
            let node = if is_new { self.meet(at) } else { node };
            if callee != NONE {
                self.nodes[callee as usize].parent = node;
            }
            if !is_new {
                break;
            }
            callee = node;
            row = self.tables.stacks[at].parent;
        }
        self.met[leaf as usize].1
    }

    /// A node below the command, until its caller is known.
    fn meet(&mut self, row: usize) -> u32 {
        let frame = self.tables.stacks[row].frame as u32;
        let parts = if self.is_java { self.names.in_java(frame) } else { frame };
        let node = self.push(Node { parent: self.command, parts, value: None });
        self.met[row] = (self.command, node);
        node
    }

    fn push(&mut self, node: Node) -> u32 {
        self.nodes.push(node);
        (self.nodes.len() - 1) as u32
    }

    /// Writes its lines, sorted.
    pub(super) fn write(&self, out: &mut impl Write) -> Result<()> {
        Walk::new(self).write(out)
    }
}
