//! The functions of a profile as columns, and every text once.

use rustc_hash::FxHashMap;

use super::container::Container;
use crate::allocator::{Role, Roles};
use crate::frame_kind::FrameKind;
use crate::labels::{Grouping, Label, Labels};
use crate::naming::fold_generics;
use crate::schema::Tables;

/// What nodes of the tree are called.
pub struct Functions {
    labels: Labels,
    /// For each label, if a program or a thread starts in it, or a panic is unwound.
    runtime: Vec<bool>,
    /// For each label, what it has to do with allocating.
    roles: Vec<Role>,
}

impl Functions {
    /// As the views name them.
    pub fn new(tables: &Tables) -> Self {
        let labels = Labels::new(tables, &Grouping::default());
        let collapsed = Labels::new(tables, &Grouping { collapse_runtime: true, ..Grouping::default() });
        let mut runtime = vec![false; labels.labels.len()];
        for (label, other) in labels.of_frame.iter().zip(&collapsed.of_frame) {
            runtime[*label as usize] |= Some(*other) == collapsed.runtime;
        }
        let known = Roles::of(tables);
        let mut roles = vec![Role::Allocator; labels.labels.len()];
        for (label, frame) in labels.of_frame.iter().zip(&tables.frames) {
            let role = &mut roles[*label as usize];
            *role = known.of_frame(frame).min(*role);
        }
        Self { labels, runtime, roles }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.labels.labels.len()
    }

    /// The function of a row of `frames`.
    pub fn of_frame(&self, frame: i32) -> u32 {
        self.labels.of_frame[frame as usize]
    }

    /// Adds the columns `functions`.
    pub fn write(&self, texts: &mut Texts, container: &mut Container) {
        let labels = &self.labels.labels;
        let mut column = |name: &str, text: &dyn Fn(&Label) -> String| {
            let rows: Vec<_> = labels.iter().map(|label| texts.row(&text(label))).collect();
            container.u32(&format!("functions.{name}"), rows);
        };
        column("name", &|label| label.name.clone());
        column("folded", &|label| fold_generics(&label.name).into_owned());
        column("binary", &|label| label.binary.clone());
        column("file", &|label| label.file.as_deref().unwrap_or_default().to_owned());
        column("namespace", &|label| label.namespace.clone().unwrap_or_default());
        container.u32("functions.line", labels.iter().map(|label| label.line.unwrap_or(0).max(0) as u32));
        container.u8("functions.kind", labels.iter().map(|label| kind(label.kind)));
        container.u8("functions.runtime", self.runtime.iter().map(|runtime| u8::from(*runtime)));
        container.u8("functions.role", self.roles.iter().map(|role| *role as u8));
    }
}

fn kind(kind: FrameKind) -> u8 {
    match kind {
        FrameKind::Native => 0,
        FrameKind::Kernel => 1,
        FrameKind::Jit => 2,
        FrameKind::Unknown => 3,
    }
}

/// Every text once, in the order of first use.
pub struct Texts {
    bytes: Vec<u8>,
    ends: Vec<u32>,
    rows: FxHashMap<String, u32>,
}

impl Default for Texts {
    fn default() -> Self {
        let rows = FxHashMap::from_iter([(String::new(), 0)]);
        Self { bytes: Vec::new(), ends: vec![0], rows }
    }
}

impl Texts {
    /// The row of a text.
    pub fn row(&mut self, text: &str) -> u32 {
        if let Some(row) = self.rows.get(text) {
            return *row;
        }
        let row = self.ends.len() as u32;
        self.bytes.extend(text.bytes());
        self.ends.push(self.bytes.len() as u32);
        self.rows.insert(text.to_owned(), row);
        row
    }

    /// Adds the columns `strings`.
    pub fn write(self, container: &mut Container) {
        container.u8("strings.bytes", self.bytes);
        container.u32("strings.ends", self.ends);
    }
}
