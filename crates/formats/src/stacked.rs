//! The stacks that a format is made of: the profile's, or an estimate from its calls.

use std::ops::Deref;

use pyrometer_tables::Profile;
use pyrometer_tables::call_graph::{Metrics, estimate};
use pyrometer_tables::select::Selection;

use crate::error::Result;

/// A profile that has stacks as far as any can be had.
#[derive(Debug)]
pub(crate) enum Stacked<'a> {
    Own(&'a Profile),
    Estimated(Box<Profile>),
}

impl<'a> Stacked<'a> {
    pub(crate) fn of(profile: &'a Profile, selection: &Selection, metrics: Metrics) -> Result<Self> {
        let estimated = estimate(profile, selection, metrics)?;
        Ok(estimated.map_or(Self::Own(profile), |estimated| Self::Estimated(Box::new(estimated))))
    }
}

impl Deref for Stacked<'_> {
    type Target = Profile;

    fn deref(&self) -> &Profile {
        match self {
            Self::Own(profile) => profile,
            Self::Estimated(profile) => profile,
        }
    }
}
