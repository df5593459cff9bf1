//! Operators by their codes.

/// How an operator is written in an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Prefix,
    /// Prefix or postfix by what follows the code.
    Step,
    Binary,
    /// Needs a type in brackets.
    NamedCast,
    /// Written in its own way, or only named.
    Other,
}

/// An operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Operator {
    pub(super) code: [u8; 2],
    pub(super) text: &'static str,
    pub(super) form: Form,
}

const fn operator(code: &[u8; 2], text: &'static str, form: Form) -> Operator {
    Operator { code: *code, text, form }
}

use Form::{Binary, NamedCast, Other, Prefix, Step};

const OPERATORS: &[Operator] = &[
    operator(b"aN", "&=", Binary),
    operator(b"aS", "=", Binary),
    operator(b"aa", "&&", Binary),
    operator(b"ad", "&", Prefix),
    operator(b"an", "&", Binary),
    operator(b"at", "alignof ", Prefix),
    operator(b"aw", "co_await ", Prefix),
    operator(b"az", "alignof ", Prefix),
    operator(b"cc", "const_cast", NamedCast),
    operator(b"cl", "()", Other),
    operator(b"cm", ",", Binary),
    operator(b"co", "~", Prefix),
    operator(b"dV", "/=", Binary),
    operator(b"da", "delete[] ", Prefix),
    operator(b"dc", "dynamic_cast", NamedCast),
    operator(b"de", "*", Prefix),
    operator(b"dl", "delete ", Prefix),
    operator(b"ds", ".*", Binary),
    operator(b"dt", ".", Binary),
    operator(b"dv", "/", Binary),
    operator(b"eO", "^=", Binary),
    operator(b"eo", "^", Binary),
    operator(b"eq", "==", Binary),
    operator(b"ge", ">=", Binary),
    operator(b"gs", "::", Prefix),
    operator(b"gt", ">", Binary),
    operator(b"ix", "[]", Binary),
    operator(b"lS", "<<=", Binary),
    operator(b"le", "<=", Binary),
    operator(b"ls", "<<", Binary),
    operator(b"lt", "<", Binary),
    operator(b"mI", "-=", Binary),
    operator(b"mL", "*=", Binary),
    operator(b"mi", "-", Binary),
    operator(b"ml", "*", Binary),
    operator(b"mm", "--", Step),
    operator(b"na", "new[]", Other),
    operator(b"ne", "!=", Binary),
    operator(b"ng", "-", Prefix),
    operator(b"nt", "!", Prefix),
    operator(b"nw", "new", Other),
    operator(b"nx", "noexcept", Prefix),
    operator(b"oR", "|=", Binary),
    operator(b"oo", "||", Binary),
    operator(b"or", "|", Binary),
    operator(b"pL", "+=", Binary),
    operator(b"pl", "+", Binary),
    operator(b"pm", "->*", Binary),
    operator(b"pp", "++", Step),
    operator(b"ps", "+", Prefix),
    operator(b"pt", "->", Binary),
    operator(b"qu", "?", Other),
    operator(b"rM", "%=", Binary),
    operator(b"rS", ">>=", Binary),
    operator(b"rc", "reinterpret_cast", NamedCast),
    operator(b"rm", "%", Binary),
    operator(b"rs", ">>", Binary),
    operator(b"sc", "static_cast", NamedCast),
    operator(b"ss", "<=>", Binary),
    operator(b"st", "sizeof ", Prefix),
    operator(b"sz", "sizeof ", Prefix),
    operator(b"te", "typeid ", Prefix),
    operator(b"ti", "typeid ", Prefix),
    operator(b"tw", "throw ", Prefix),
];

/// The operator with this code.
pub(super) fn find(code: [u8; 2]) -> Option<Operator> {
    OPERATORS.binary_search_by_key(&code, |known| known.code).ok().map(|at| OPERATORS[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_is_found() {
        assert!(OPERATORS.is_sorted_by_key(|known| known.code));
        assert!(OPERATORS.iter().all(|known| find(known.code) == Some(*known)));
    }
}
