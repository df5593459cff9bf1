//! Attributes: what OpenTelemetry calls things, and what we do with them.

use std::cell::RefCell;

use pyrometer_tables::meta::Meta;
use pyrometer_tables::schema::Metric;

use crate::error::Result;
use crate::otlp::common::{AnyValue, KeyValue, Value};
use crate::otlp::message::ProfilesDictionary;
use crate::read::{Builder, Input};

/// Names of attributes that a note tells at most.
const NAMED: usize = 20;
/// Attributes of a profile that say what the tables say, too.
const KNOWN: [&str; 2] = ["pyrometer.title", "pyrometer.quality"];

pub(super) struct Properties<'a, 'i> {
    input: &'a Input<'i>,
    dictionary: &'a ProfilesDictionary,
    /// Keys without a place in our tables.
    dropped: RefCell<Vec<String>>,
}

/// What a resource says of its process.
#[derive(Default)]
pub(super) struct About {
    pub(super) pid: Option<i32>,
    pub(super) name: String,
    pub(super) command_line: String,
}

/// Where a sample was taken.
pub(super) struct Task {
    pub(super) thread: i32,
    pub(super) cpu: Option<i32>,
}

impl<'a, 'i> Properties<'a, 'i> {
    pub(super) fn new(input: &'a Input<'i>, dictionary: &'a ProfilesDictionary) -> Self {
        Self { input, dictionary, dropped: RefCell::default() }
    }

    /// A text of the dictionary.
    pub(super) fn text(&self, index: i32) -> Result<&'a str> {
        text(self.input, self.dictionary, index)
    }

    fn drop(&self, key: &str) {
        let mut dropped = self.dropped.borrow_mut();
        if !key.is_empty() && dropped.len() < NAMED && !dropped.iter().any(|known| known == key) {
            dropped.push(key.to_owned());
        }
    }

    fn text_of(&self, value: &Value) -> Option<String> {
        match value {
            Value::String(text) => Some(text.clone()),
            Value::Strindex(index) => self.text(*index).ok().map(str::to_owned),
            Value::Int(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// What the attributes of a resource say.
    pub(super) fn process(&self, meta: &mut Meta, attributes: &[KeyValue]) -> About {
        let mut about = About::default();
        for attribute in attributes {
            let Some(AnyValue { value: Some(value) }) = &attribute.value else { continue };
            let own = Some(attribute.key.as_str()).filter(|key| !key.is_empty());
            let key = own.or_else(|| self.text(attribute.key_strindex).ok()).unwrap_or_default();
            let text = self.text_of(value).unwrap_or_default();
            match key {
                "process.pid" => about.pid = number(value),
                "process.executable.name" => about.name = text,
                "service.name" if about.name.is_empty() => about.name = text,
                "process.command_line" => about.command_line = text,
                "process.working_directory" => meta.directory = text,
                "os.version" => meta.host.kernel = text,
                "host.arch" => meta.host.architecture = text,
                "host.cpu.model.name" => meta.host.cpu_model = text,
                "pyrometer.cpus" => meta.host.cpus = number(value).unwrap_or(0),
                other => self.drop(other),
            }
        }
        if meta.command.is_empty() {
            meta.command = about.command_line.split_ascii_whitespace().map(str::to_owned).collect();
        }
        about
    }

    /// Attributes of the dictionary: their keys and values.
    fn attributes(&self, indices: &[i32]) -> Result<Vec<(&'a str, Option<&'a Value>)>> {
        attributes(self.input, self.dictionary, indices)
    }

    /// What the attributes of a profile say of its metric.
    pub(super) fn describe(&self, builder: &mut Builder, metric: &mut Metric, indices: &[i32]) -> Result<()> {
        for (key, value) in self.attributes(indices)? {
            let text = value.and_then(|value| self.text_of(value)).unwrap_or_default();
            match key {
                "pyrometer.metric.kind" if text == "exact" => metric.kind = text,
                "pyrometer.metric.kind" => {}
                "pyrometer.metric.description" => metric.description = text,
                "pyrometer.notes" => text.lines().for_each(|note| builder.note(note.to_owned())),
                known if KNOWN.contains(&known) => {}
                other => self.drop(other),
            }
        }
        Ok(())
    }

    /// The thread and CPU of a sample, and its process where the sample says it.
    pub(super) fn task(
        &self,
        builder: &mut Builder,
        (own, process): (i32, &str),
        indices: &[i32],
    ) -> Result<Task> {
        let (mut pid, mut tid, mut name, mut cpu) = (own, 0, String::new(), None);
        for (key, value) in self.attributes(indices)? {
            let Some(value) = value else { continue };
            match key {
                "thread.id" => tid = number(value).unwrap_or(0),
                "thread.name" => name = self.text_of(value).unwrap_or_default(),
                "process.pid" => pid = number(value).unwrap_or(pid),
                "cpu.logical_number" => cpu = number(value),
                other => self.drop(other),
            }
        }
        let process = if pid == own { process } else { "" };
        Ok(Task { thread: builder.task((pid, process), (tid, &name)), cpu })
    }

    pub(super) fn say_what_is_left(&self, builder: &mut Builder) {
        let dropped = self.dropped.borrow();
        if !dropped.is_empty() {
            let more = if dropped.len() == NAMED { " …" } else { "" };
            builder.note(format!(
                "attributes that have no place here were left out: {}{more}",
                dropped.join(", ")
            ));
        }
    }
}

/// A text of the dictionary; a table without its empty first text is no reason to refuse an index of 0.
pub(super) fn text<'a>(input: &Input<'_>, dictionary: &'a ProfilesDictionary, index: i32) -> Result<&'a str> {
    let texts = &dictionary.string_table;
    let text = usize::try_from(index).ok().and_then(|index| texts.get(index)).map(String::as_str);
    text.or_else(|| (index == 0).then_some(""))
        .ok_or_else(|| input.misfit(&format!("an index of one of {} texts", texts.len()), &index.to_string()))
}

/// The attributes of these indices.
pub(super) fn attributes<'a>(
    input: &Input<'_>,
    dictionary: &'a ProfilesDictionary,
    indices: &[i32],
) -> Result<Vec<(&'a str, Option<&'a Value>)>> {
    let rows = &dictionary.attribute_table;
    let one = |index: &i32| {
        let row = usize::try_from(*index).ok().and_then(|index| rows.get(index)).ok_or_else(|| {
            input.misfit(&format!("an index of one of {} attributes", rows.len()), &index.to_string())
        })?;
        let value = row.value.as_ref().and_then(|value| value.value.as_ref());
        Ok((text(input, dictionary, row.key_strindex)?, value))
    };
    indices.iter().map(one).collect()
}

/// A number that ids have.
fn number(value: &Value) -> Option<i32> {
    match value {
        Value::Int(number) => i32::try_from(*number).ok(),
        _ => None,
    }
}
