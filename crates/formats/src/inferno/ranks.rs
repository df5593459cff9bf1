//! In which order lines stand, told from one of their texts alone.
//!
//! Lines are compared as bytes: `a` stands before `a!`, but `a;b` behind it. So a text has two ranks, one where the
//! line ends with it and one where it goes on. Texts hold no `;`, so that none is the beginning of another that goes on.

use std::cmp::Ordering;

#[derive(Debug)]
pub(super) struct Ranks {
    /// Of each text at the end of a line.
    pub(super) ending: Vec<u32>,
    /// Of each text that others follow.
    pub(super) going_on: Vec<u32>,
}

impl Ranks {
    pub(super) fn of(texts: &[String]) -> Self {
        let mut order: Vec<(usize, bool)> =
            (0..texts.len()).flat_map(|text| [(text, false), (text, true)]).collect();
        order.sort_unstable_by(|(one, one_goes_on), (other, other_goes_on)| {
            compare((&texts[*one], *one_goes_on), (&texts[*other], *other_goes_on))
        });
        let mut ranks = Self { ending: vec![0; texts.len()], going_on: vec![0; texts.len()] };
        for (rank, (text, goes_on)) in (0..).zip(order) {
            let of = if goes_on { &mut ranks.going_on } else { &mut ranks.ending };
            of[text] = rank;
        }
        ranks
    }
}

/// Compares texts of which some have a `;` behind them.
fn compare((one, one_goes_on): (&str, bool), (other, other_goes_on): (&str, bool)) -> Ordering {
    let common = one.len().min(other.len());
    let behind = |text: &str, goes_on: bool| text.as_bytes().get(common).copied().or(goes_on.then_some(b';'));
    one.as_bytes()[..common]
        .cmp(&other.as_bytes()[..common])
        .then_with(|| behind(one, one_goes_on).cmp(&behind(other, other_goes_on)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_function_calls_stands_where_its_line_would() {
        let texts = ["a", "a!", "a<b>", ""].map(str::to_owned);
        let ranks = Ranks::of(&texts);
        let mut lines: Vec<_> =
            texts.iter().zip(&ranks.ending).map(|(text, rank)| (*rank, text.clone())).collect();
        lines.extend(texts.iter().zip(&ranks.going_on).map(|(text, rank)| (*rank, format!("{text};"))));
        lines.sort();
        let sorted: Vec<_> = lines.iter().map(|(_, line)| line.as_str()).collect();
        assert_eq!(sorted, ["", ";", "a", "a!", "a!;", "a;", "a<b>", "a<b>;"]);
    }
}
