//! A resolver made of all the files of a binary, and what is to be said about them.

use std::path::Path;
use std::sync::Arc;

use super::accept::{FoundFile, open, parsed};
use super::bundle::Part;
use super::material::MOST_REFUSED;
use super::mini::mini_debug_info;
use super::split_files::{SplitArena, SplitBytes};
use super::{Material, Origin, Search};
use crate::dwarf::{Companions, DebugSections, DwarfIndex, PackageSections};
use crate::elf::ElfImage;
use crate::error::Error;
use crate::missing::{self, Gap};
use crate::provider::Bytes;
use crate::resolver::{Resolver, Sources};

/// The binary that is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Its recorded path.
    pub path: &'a str,
    /// Its recorded id, if it was read then.
    pub id: Option<&'a str>,
}

/// What is to be said about the files that were used.
#[derive(Default)]
pub struct Report {
    /// As `binaries.symbols_from` says it.
    pub symbols_from: String,
    /// What is missing.
    pub gap: Gap,
    /// Files that were found and do not fit, one sentence each.
    pub refused: Vec<String>,
    /// The files that were used.
    pub parts: Vec<(Part, Arc<Bytes>)>,
}

impl Material {
    /// Makes a resolver of the files and asks it. What it was asked decides which split units count as
    /// missing.
    ///
    /// # Errors
    /// [`Error::NotElf`] if the binary itself cannot be read.
    pub fn ask<T>(
        &self,
        search: &Search,
        question: impl FnOnce(&Resolver<'_>, &ElfImage<'_>) -> T,
    ) -> Result<(T, Report), Error> {
        let image = ElfImage::parse(&self.image)?;
        let debug_image = self.debug.as_ref().and_then(|file| parsed(&file.bytes).ok());
        let holder = debug_image.as_ref().unwrap_or(&image);
        let sections = DebugSections::load(holder);
        let shared_image = self.supplementary.as_ref().and_then(|file| parsed(&file.bytes).ok());
        let shared = shared_image.as_ref().and_then(DebugSections::load);
        let mut refused = self.refused.clone();
        let package_file =
            sections.as_ref().and_then(|sections| self.package(search, sections, &mut refused));
        let package_image = package_file.as_ref().and_then(|file| parsed(&file.bytes).ok());
        let package = package_image.as_ref().and_then(PackageSections::load);
        let (split_bytes, subject) = (SplitBytes::default(), self.subject());
        let split = SplitArena::new(search, subject, self.holder(), &split_bytes);
        let mini = mini_debug_info(&image);
        let mini_image = mini.as_deref().and_then(|bytes| ElfImage::parse(bytes).ok());
        let companions =
            Companions { supplementary: shared.as_ref(), package: package.as_ref(), split: Some(&split) };
        let sources = Sources {
            debug: sections.as_ref(),
            companions,
            symbols: debug_image.as_ref(),
            mini: mini_image.as_ref(),
        };
        let resolver = Resolver::assemble(&image, sources);
        let answer = question(&resolver, &image);
        let (gap, by) = (missing::gap(holder, &resolver), resolver.symbols_from());
        let gap = match &self.lacks_shared {
            Some(file) if gap == Gap::Nothing => Gap::Shared { file: file.clone() },
            _ => gap,
        };
        drop(resolver);
        let (split_parts, split_refused) = split.finish();
        refused.extend(split_refused);
        refused.truncate(MOST_REFUSED);
        let symbols_from = self.symbols_from(by, package_file.as_ref(), !split_parts.is_empty());
        let package_part = package_file.map(|file| (Part::Package, file.bytes));
        let parts = self.parts().chain(package_part).chain(split_parts).collect();
        Ok((answer, Report { symbols_from, gap, refused, parts }))
    }

    fn subject(&self) -> Subject<'_> {
        Subject { path: &self.path, id: self.id.as_deref() }
    }

    /// The package that holds the binary's split units.
    fn package(
        &self,
        search: &Search,
        sections: &DebugSections<'_>,
        refused: &mut Vec<String>,
    ) -> Option<FoundFile> {
        let id = DwarfIndex::first_split_unit(sections)?;
        let holds = |bytes: &[u8]| {
            let package =
                PackageSections::load(&parsed(bytes)?).ok_or("it is no package of split debug info")?;
            match package.holds(id) {
                true => Ok(()),
                false => Err("it does not hold the units that the binary names".to_owned()),
            }
        };
        let bundled =
            search.bundle.as_ref().and_then(|bundle| bundle.part(self.id.as_deref()?, Part::Package));
        if let Some(bytes) = bundled.filter(|bytes| holds(bytes).is_ok()) {
            return Some(FoundFile { origin: Origin::Bundle, path: self.path.clone(), bytes });
        }
        for (origin, path) in search.package_candidates(self.holder(), Path::new(&self.path)) {
            let Some(opened) = open(&path) else { continue };
            match opened.and_then(|bytes| holds(&bytes).map(|()| bytes)) {
                Ok(bytes) => {
                    let path = path.to_string_lossy().into_owned();
                    return Some(FoundFile { origin, path, bytes: Arc::new(bytes) });
                }
                Err(reason) => refused.push(missing::refused(&path, &self.path, &reason)),
            }
        }
        None
    }

    /// The kind of source, what belongs to it, and the path of a file that is not the binary's own.
    fn symbols_from(&self, by: &str, package: Option<&FoundFile>, split: bool) -> String {
        let debug = self.debug.as_ref();
        let elsewhere = debug.map(|file| (file.origin, &file.path));
        let elsewhere = elsewhere.or(self.image_from.as_ref().map(|(origin, path)| (*origin, path)));
        let mut text = match (by, elsewhere) {
            ("dwarf" | "symtab", Some((origin, _))) => origin.as_str().to_owned(),
            _ => by.to_owned(),
        };
        let named = elsewhere.filter(|(origin, _)| text == origin.as_str() && *origin != Origin::Bundle);
        if by == "symtab" && elsewhere.is_some() {
            text += "+symtab";
        }
        if self.supplementary.is_some() {
            text += "+dwz";
        }
        if package.is_some() {
            text += "+dwp";
        }
        if split {
            text += "+dwo";
        }
        match named {
            Some((_, path)) => format!("{text}:{path}"),
            None => text,
        }
    }

    fn parts(&self) -> impl Iterator<Item = (Part, Arc<Bytes>)> {
        let image = [(Part::Image, Arc::clone(&self.image))];
        let debug = self.debug.iter().map(|file| (Part::Debug, Arc::clone(&file.bytes)));
        let shared = self.supplementary.iter().map(|file| (Part::Supplementary, Arc::clone(&file.bytes)));
        image.into_iter().chain(debug).chain(shared)
    }
}
