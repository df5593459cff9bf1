//! What an event adds.

/// A number that can be a weight. Whole ones are added up as `i64`, where a sum that does not fit stays at the
/// largest number and is marked; others as `f64`.
#[diagnostic::on_unimplemented(
    message = "the weight of a count is a number, not `{Self}`",
    note = "two literals in front are a weight and a key: write literal arguments into the format string"
)]
pub trait Weight {
    /// What it adds.
    #[doc(hidden)]
    fn amount(self) -> Amount;
}

/// What an event adds beside the count.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    /// Nothing.
    None,
    /// A whole number.
    Whole(i64),
    /// A whole number that is larger than any `i64`.
    Beyond,
    /// A number that may have a fraction.
    Fraction(f64),
}

/// What a weight adds.
#[doc(hidden)]
#[inline]
pub fn amount(weight: impl Weight) -> Amount {
    weight.amount()
}

/// No weight.
#[doc(hidden)]
impl Weight for () {
    #[inline]
    fn amount(self) -> Amount {
        Amount::None
    }
}

macro_rules! whole {
    ($($number:ty),*) => { $(
        impl Weight for $number {
            #[inline]
            fn amount(self) -> Amount {
                i64::try_from(self).map_or(Amount::Beyond, Amount::Whole)
            }
        }
    )* };
}

whole!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);

macro_rules! fraction {
    ($($number:ty),*) => { $(
        impl Weight for $number {
            #[inline]
            fn amount(self) -> Amount {
                Amount::Fraction(f64::from(self))
            }
        }
    )* };
}

fraction!(f32, f64);
