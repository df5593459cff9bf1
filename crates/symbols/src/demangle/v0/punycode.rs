//! Identifiers beyond ASCII (RFC 3492).

use super::super::output::{Malformed, Output, Parsed};
use super::reader::Ident;

/// Longer identifiers are written as they are: decoding takes quadratic time.
const LONGEST: usize = 128;

/// Writes the identifier, or its code where that decodes to nothing.
pub(super) fn print(ident: Ident<'_>, out: &mut Output<'_>) -> Parsed {
    if let Some(characters) = decode(ident) {
        return characters.into_iter().try_for_each(|character| out.push_char(character));
    }
    out.push(b"punycode{")?;
    if !ident.ascii.is_empty() {
        out.push(ident.ascii)?;
        out.push(b"-")?;
    }
    out.push(ident.punycode)?;
    out.push(b"}")
}

fn decode(ident: Ident<'_>) -> Option<Vec<char>> {
    let mut characters: Vec<char> = ident.ascii.iter().map(|byte| char::from(*byte)).collect();
    let mut code = ident.punycode;
    let (mut bias, mut damp, mut at, mut point) = (72_usize, 700, 0_usize, 0x80_usize);
    while !code.is_empty() {
        let delta = read_delta(&mut code, bias).ok()?;
        let length = characters.len() + 1;
        at = at.checked_add(delta)?;
        point = point.checked_add(at / length)?;
        at %= length;
        if length > LONGEST {
            return None;
        }
        characters.insert(at, char::from_u32(u32::try_from(point).ok()?)?);
        at += 1;
        bias = adapted(delta / damp, length);
        damp = 2;
    }
    (characters.len() <= LONGEST).then_some(characters)
}

fn read_delta(code: &mut &[u8], bias: usize) -> Parsed<usize> {
    let (mut delta, mut weight, mut k) = (0_usize, 1_usize, 0_usize);
    loop {
        k += 36;
        let threshold = k.saturating_sub(bias).clamp(1, 26);
        let (&byte, rest) = code.split_first().ok_or(Malformed)?;
        *code = rest;
        let digit = match byte {
            b'a'..=b'z' => usize::from(byte - b'a'),
            b'0'..=b'9' => usize::from(byte - b'0') + 26,
            _ => return Err(Malformed),
        };
        delta = digit.checked_mul(weight).and_then(|more| delta.checked_add(more)).ok_or(Malformed)?;
        if digit < threshold {
            return Ok(delta);
        }
        weight = weight.checked_mul(36 - threshold).ok_or(Malformed)?;
    }
}

fn adapted(mut delta: usize, length: usize) -> usize {
    delta += delta / length;
    let mut k = 0;
    while delta > (35 * 26) / 2 {
        delta /= 35;
        k += 36;
    }
    k + (36 * delta) / (delta + 38)
}
