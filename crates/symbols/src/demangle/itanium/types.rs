//! Types.

use super::super::output::{Malformed, Parsed};
use super::nodes::{Qualifiers, Trailer};
use super::reader::Reader;
use super::{Id, Node};

/// Types of one letter.
pub(super) fn builtin(letter: u8) -> Option<&'static str> {
    Some(match letter {
        b'v' => "void",
        b'w' => "wchar_t",
        b'b' => "bool",
        b'c' => "char",
        b'a' => "signed char",
        b'h' => "unsigned char",
        b's' => "short",
        b't' => "unsigned short",
        b'i' => "int",
        b'j' => "unsigned int",
        b'l' => "long",
        b'm' => "unsigned long",
        b'x' => "long long",
        b'y' => "unsigned long long",
        b'n' => "__int128",
        b'o' => "unsigned __int128",
        b'f' => "float",
        b'd' => "double",
        b'e' => "long double",
        b'g' => "__float128",
        b'z' => "...",
        _ => return None,
    })
}

/// Types of one letter after `D`.
fn extended(letter: u8) -> Option<&'static str> {
    Some(match letter {
        b'd' => "decimal64",
        b'e' => "decimal128",
        b'f' => "decimal32",
        b'h' => "half",
        b'i' => "char32_t",
        b's' => "char16_t",
        b'u' => "char8_t",
        b'a' => "auto",
        b'c' => "decltype(auto)",
        b'n' => "decltype(nullptr)",
        _ => return None,
    })
}

impl<'s> Reader<'s> {
    pub(super) fn type_(&mut self) -> Parsed<Id> {
        self.nested(Self::any_type)
    }

    fn any_type(&mut self) -> Parsed<Id> {
        let first = self.peek().ok_or(Malformed)?;
        if let Some(name) = builtin(first) {
            self.skip(1);
            return Ok(self.add(Node::Fixed(name)));
        }
        if let Some(name) = self.rest().get(1).copied().and_then(extended).filter(|_| first == b'D') {
            self.skip(2);
            return Ok(self.add(Node::Fixed(name)));
        }
        if first == b'S' && !self.rest().starts_with(b"St") {
            return self.substituted();
        }
        let id = self.composed(first)?;
        Ok(self.remember(id))
    }

    /// A substitution, of a template if arguments follow.
    fn substituted(&mut self) -> Parsed<Id> {
        let id = self.substitution(true)?;
        if self.peek() != Some(b'I') {
            return Ok(id);
        }
        let arguments = self.template_arguments(false)?;
        let id = self.add(Node::Template(id, arguments));
        Ok(self.remember(id))
    }

    fn composed(&mut self, first: u8) -> Parsed<Id> {
        match first {
            b'r' | b'V' | b'K' => self.qualified(),
            b'F' => self.function_type(Qualifiers::default()),
            b'P' | b'R' | b'O' | b'C' | b'G' => self.prefixed(),
            b'A' => self.array(),
            b'M' => {
                self.skip(1);
                let class = self.type_()?;
                let of = self.type_()?;
                Ok(self.add(Node::Member(class, of)))
            }
            b'T' if matches!(self.code(), Some([_, b's' | b'u' | b'e'])) => {
                self.skip(2);
                self.name(None)
            }
            b'T' => self.parameter_type(),
            b'D' => self.extended_type(),
            b'u' => {
                self.skip(1);
                let name = self.source_name()?;
                Ok(self.add(Node::Name(name)))
            }
            b'U' if !matches!(self.code(), Some([_, b't' | b'l'])) => {
                self.skip(1);
                let name = self.source_name()?;
                let mut qualifier = self.add(Node::Name(name));
                if self.peek() == Some(b'I') {
                    let arguments = self.template_arguments(false)?;
                    qualifier = self.add(Node::Template(qualifier, arguments));
                }
                let of = self.type_()?;
                Ok(self.add(Node::Vendor(of, qualifier)))
            }
            _ => self.name(None),
        }
    }

    fn qualified(&mut self) -> Parsed<Id> {
        let qualifiers = self.qualifiers();
        if self.at_function() {
            return self.function_type(qualifiers);
        }
        let of = self.type_()?;
        Ok(self.add(Node::Qualified(of, qualifiers)))
    }

    fn at_function(&self) -> bool {
        matches!(self.rest(), [b'F', ..] | [b'D', b'o' | b'O' | b'w' | b'x', ..])
    }

    fn prefixed(&mut self) -> Parsed<Id> {
        let kind = self.next()?;
        let of = self.type_()?;
        Ok(self.add(match kind {
            b'P' => Node::Pointer(of),
            b'R' => Node::Reference(of, false),
            b'O' => Node::Reference(of, true),
            b'C' => Node::Suffixed(of, " _Complex"),
            _ => Node::Suffixed(of, " _Imaginary"),
        }))
    }

    fn function_type(&mut self, qualifiers: Qualifiers) -> Parsed<Id> {
        let mut trailer = Trailer { qualifiers, ..Trailer::default() };
        if self.eat(b"Do") {
            trailer.noexcept = Some(None);
        } else if self.eat(b"DO") {
            trailer.noexcept = Some(Some(self.expression()?));
            self.expect(b'E')?;
        } else if self.eat(b"Dw") {
            trailer.throws = Some(self.until_end(Self::type_)?);
        }
        self.eat(b"Dx");
        self.expect(b'F')?;
        self.eat(b"Y");
        let returns = self.type_()?;
        let mut types = Vec::new();
        while !self.eat(b"E") {
            if self.eat(b"v") {
                continue;
            }
            if self.eat(b"RE") {
                trailer.reference = " &";
                break;
            }
            if self.eat(b"OE") {
                trailer.reference = " &&";
                break;
            }
            types.push(self.type_()?);
        }
        let parameters = self.tree.list(&types);
        Ok(self.add(Node::FunctionType { returns, parameters, trailer }))
    }

    fn array(&mut self) -> Parsed<Id> {
        self.expect(b'A')?;
        let dimension = match self.peek() {
            Some(b'_') => None,
            Some(b'0'..=b'9') => {
                let digits = self.digits();
                Some(self.add(Node::Number(digits)))
            }
            _ => Some(self.expression()?),
        };
        self.expect(b'_')?;
        let of = self.type_()?;
        Ok(self.add(Node::Array(of, dimension)))
    }

    /// A parameter, of a template if arguments follow.
    fn parameter_type(&mut self) -> Parsed<Id> {
        let id = self.template_parameter()?;
        if self.peek() != Some(b'I') || self.in_conversion {
            return Ok(id);
        }
        self.remember(id);
        let arguments = self.template_arguments(false)?;
        Ok(self.add(Node::Template(id, arguments)))
    }

    fn extended_type(&mut self) -> Parsed<Id> {
        if self.at_function() {
            return self.function_type(Qualifiers::default());
        }
        match self.rest().get(1) {
            Some(b't' | b'T') => self.decltype(),
            Some(b'p') => {
                self.skip(2);
                let of = self.type_()?;
                Ok(self.add(Node::Expansion(of)))
            }
            Some(b'v') => self.vector(),
            Some(b'F') => self.float(),
            Some(b'B' | b'U') => {
                let unsigned = self.rest().starts_with(b"DU");
                self.skip(2);
                let bits = match self.peek() {
                    Some(b'0'..=b'9') => {
                        let digits = self.digits();
                        self.add(Node::Number(digits))
                    }
                    _ => self.expression()?,
                };
                self.expect(b'_')?;
                Ok(self.add(Node::BitInt(bits, unsigned)))
            }
            _ => self.name(None),
        }
    }

    fn vector(&mut self) -> Parsed<Id> {
        self.skip(2);
        let dimension = match self.peek() {
            Some(b'0'..=b'9') => {
                let digits = self.digits();
                self.add(Node::Number(digits))
            }
            Some(b'_') => {
                self.skip(1);
                self.expression()?
            }
            _ => return Err(Malformed),
        };
        self.expect(b'_')?;
        let of = self.type_()?;
        Ok(self.add(Node::Vector(of, dimension)))
    }

    fn float(&mut self) -> Parsed<Id> {
        self.skip(2);
        let bits = self.digits();
        let name = match (bits, self.next()?) {
            (b"16", b'_') => "_Float16",
            (b"16", b'b') => "std::bfloat16_t",
            (b"32", b'_') => "_Float32",
            (b"32", b'x') => "_Float32x",
            (b"64", b'_') => "_Float64",
            (b"64", b'x') => "_Float64x",
            (b"128", b'_') => "_Float128",
            _ => return Err(Malformed),
        };
        Ok(self.add(Node::Fixed(name)))
    }

    /// `decltype (expression)`.
    pub(super) fn decltype(&mut self) -> Parsed<Id> {
        self.skip(2);
        let expression = self.expression()?;
        self.expect(b'E')?;
        Ok(self.add(Node::Decltype(expression)))
    }
}
