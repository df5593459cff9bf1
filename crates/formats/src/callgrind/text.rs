//! The lines of the format: names by number, positions by difference, as Callgrind writes them.

use std::borrow::Cow;
use std::io::Write;

use super::graph::{Cost, Edge, Graph};
use crate::code::Named;
use crate::error::Result;
use crate::nameless::address_alone;
use crate::read::valgrind::joined;

/// Differences below this are written as such.
const NEAR: u64 = 100;

/// Names that were written, by their places.
#[derive(Debug, Default)]
struct Numbers {
    written: Vec<bool>,
}

impl Numbers {
    /// `(7) name` the first time, `(7)` from then on.
    fn name(&mut self, place: usize, name: &str) -> String {
        self.written.resize(self.written.len().max(place + 1), false);
        match std::mem::replace(&mut self.written[place], true) {
            true => format!("({})", place + 1),
            false => format!("({}) {name}", place + 1),
        }
    }
}

/// What is written, and what the lines before have said.
pub(super) struct Body<'a> {
    graph: &'a Graph,
    /// For each function, its name as Callgrind has it.
    names: Vec<Cow<'a, str>>,
    /// For each function, the place of its binary in `objects`.
    object_of: Vec<usize>,
    objects: Vec<&'a str>,
    object_numbers: Numbers,
    file_numbers: Numbers,
    function_numbers: Numbers,
    object: Option<usize>,
    file: Option<u32>,
    /// Address and line of the last line with a position, to which the next may say its difference.
    last: Option<(u64, u64)>,
}

impl<'a> Body<'a> {
    pub(super) fn new(graph: &'a Graph) -> Self {
        let mut objects: Vec<&str> =
            graph.functions.iter().map(|function| function.binary.as_str()).collect();
        objects.sort_unstable();
        objects.dedup();
        let place = |binary: &str| objects.partition_point(|known| *known < binary);
        let object_of = graph.functions.iter().map(|function| place(&function.binary)).collect();
        let name = |function: &'a Named| {
            let address = address_alone(&function.name, &function.binary);
            address.map_or(Cow::Borrowed(&*function.name), Cow::Owned)
        };
        Self {
            graph,
            names: graph.functions.iter().map(name).collect(),
            object_of,
            objects,
            object_numbers: Numbers::default(),
            file_numbers: Numbers::default(),
            function_numbers: Numbers::default(),
            object: None,
            file: None,
            last: None,
        }
    }

    /// Writes every function that something was counted in.
    pub(super) fn write(&mut self, out: &mut impl Write) -> Result<()> {
        for (place, node) in self.graph.nodes.iter().enumerate() {
            if node.costs.is_empty() && node.calls.is_empty() {
                continue;
            }
            self.function(place, out)?;
            for cost in &node.costs {
                self.cost(cost, self.graph.file_of[place], out)?;
            }
            self.enter_file(self.graph.file_of[place], "fe", out)?;
            for edge in &node.calls {
                self.call(edge, place, out)?;
            }
        }
        Ok(())
    }

    fn function(&mut self, place: usize, out: &mut impl Write) -> Result<()> {
        let object = self.object_of[place];
        writeln!(out)?;
        if self.object != Some(object) {
            writeln!(out, "ob={}", self.object_numbers.name(object, self.objects[object]))?;
            self.object = Some(object);
        }
        // Readers differ on whether it holds after code of another file.
        self.file = None;
        self.enter_file(self.graph.file_of[place], "fl", out)?;
        Ok(writeln!(out, "fn={}", self.function_numbers.name(place, &self.names[place]))?)
    }

    fn enter_file(&mut self, file: u32, by: &str, out: &mut impl Write) -> Result<()> {
        if self.file != Some(file) {
            self.file = Some(file);
            writeln!(
                out,
                "{by}={}",
                self.file_numbers.name(file as usize, &self.graph.files[file as usize])
            )?;
        }
        Ok(())
    }

    fn cost(&mut self, cost: &Cost, own: u32, out: &mut impl Write) -> Result<()> {
        self.enter_file(cost.file, if cost.file == own { "fe" } else { "fi" }, out)?;
        let position = self.position(cost.address, cost.line);
        Ok(writeln!(out, "{position} {}", without_zeros(&cost.values))?)
    }

    fn call(&mut self, edge: &Edge, caller: usize, out: &mut impl Write) -> Result<()> {
        let callee = edge.callee as usize;
        let (object, file) = (self.object_of[callee], self.graph.file_of[callee]);
        if object != self.object_of[caller] {
            writeln!(out, "cob={}", self.object_numbers.name(object, self.objects[object]))?;
        }
        if self.file != Some(file) {
            let name = self.file_numbers.name(file as usize, &self.graph.files[file as usize]);
            writeln!(out, "cfi={name}")?;
        }
        writeln!(out, "cfn={}", self.function_numbers.name(callee, &self.names[callee]))?;
        // Where the callee begins is not known.
        writeln!(out, "calls={} {}0", edge.count, if self.graph.has_addresses { "0x0 " } else { "" })?;
        let position = self.position(0, edge.line);
        // Readers differ on whether the next line's differences are to this one.
        self.last = None;
        Ok(writeln!(out, "{position} {}", without_zeros(&edge.values))?)
    }

    fn position(&mut self, address: u64, line: u32) -> String {
        let (address_before, line_before) = self.last.replace((address, u64::from(line))).unzip();
        let line = near(line_before, u64::from(line)).unwrap_or_else(|| line.to_string());
        if !self.graph.has_addresses {
            return line;
        }
        let address = near(address_before, address).unwrap_or_else(|| format!("{address:#x}"));
        format!("{address} {line}")
    }
}

/// The difference, if there is one and it is small.
fn near(before: Option<u64>, now: u64) -> Option<String> {
    let before = before?;
    match now.abs_diff(before) {
        0 => Some("*".to_owned()),
        more if more < NEAR && now > before => Some(format!("+{more}")),
        less if less < NEAR => Some(format!("-{less}")),
        _ => None,
    }
}

/// Without the zeros at the end, which need not be written; the first always is.
fn without_zeros(values: &[i64]) -> String {
    let length = values.iter().rposition(|value| *value != 0).map_or(1, |last| last + 1);
    joined(&values[..length.min(values.len())])
}
