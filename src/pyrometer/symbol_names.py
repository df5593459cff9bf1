"""Names of symbols: Rust (legacy and v0) and C++ (Itanium), whole or taken apart."""

from __future__ import annotations

import json
from typing import Literal

from pyrometer import native
from pyrometer.frozen import frozen

Scheme = Literal["rust-legacy", "rust-v0", "itanium"]
Kind = Literal["crate", "module-or-type", "function", "impl", "closure", "shim", "other"]


@frozen
class Segment:
    """One segment of a name's path."""

    kind: Kind
    """``module-or-type`` is also a function that something is defined in; ``function`` is what the symbol names."""
    name: str
    """Of an ``impl`` its type, of a closure ``closure`` (C++: ``lambda(int)``), of a shim its kind."""
    trait: str | None = None
    """Of an ``impl``: the trait."""
    generics: tuple[str, ...] = ()
    """Its arguments, as they are written."""
    number: int | None = None
    """Which of several closures of the same function; legacy Rust names do not tell it."""


@frozen
class Crate:
    """A crate and, in v0 names, what tells its versions apart (hexadecimal)."""

    name: str
    disambiguator: str | None = None


@frozen
class SymbolName:
    """What a symbol says; with a ``scheme`` of ``None`` it is no symbol, or a malformed one."""

    mangled: str
    demangled: str
    scheme: Scheme | None
    crate: Crate | None
    """Of Rust names; of an ``impl`` the crate that it lies in, or else that of its type."""
    special: str | None
    """C++: ``vtable``, ``typeinfo``, ``guard variable`` and other things that belong to what the path names."""
    path: tuple[Segment, ...]
    parameters: str | None
    """C++: parameters and qualifiers, such as ``(int) const``."""
    hash: str | None
    """Legacy Rust: ``h`` and 16 hexadecimal digits."""
    suffix: str | None
    """What compiler and linker appended, such as ``.llvm.123`` or ``.cold``."""


def demangle(name: str, *, hashes: bool = False) -> str:
    """The name as ``rustfilt`` and ``c++filt`` write it; unchanged if it is no symbol, or a malformed one.

    Args:
        name: a symbol, with or without a version (``@@GLIBC_2.14``) or ``@plt`` behind it.
        hashes: with the hash (legacy Rust), the crates' disambiguators and the types of constants (v0).

    >>> demangle("_ZN4core3fmt9Formatter3pad17h0123456789abcdefE")
    'core::fmt::Formatter::pad'
    >>> demangle("_RNvCs1234_7mycrate3foo", hashes=True)
    'mycrate[3c1c0]::foo'
    >>> demangle("_ZNK2ns5Class6methodEi")
    'ns::Class::method(int) const'
    """
    return native.demangle(name, hashes) if name.isascii() else name


def parse_name(name: str, *, hashes: bool = False) -> SymbolName:
    """The same, taken apart: crate, path, generics, ``impl``, closure, shim.

    >>> name = parse_name("_RNCNvCs1234_7mycrate3foo0")
    >>> name.scheme, name.crate
    ('rust-v0', Crate(name='mycrate', disambiguator='3c1c0'))
    >>> [(segment.kind, segment.name, segment.number) for segment in name.path]
    [('crate', 'mycrate', None), ('function', 'foo', None), ('closure', 'closure', 0)]
    """
    if not name.isascii():
        return SymbolName(name, name, None, None, None, (), None, None, None)
    found = json.loads(native.parse_name(name, hashes))
    path = tuple(Segment(**{**segment, "generics": tuple(segment.get("generics", ()))}) for segment in found["path"])
    crate = Crate(**found["crate"]) if found["crate"] else None
    return SymbolName(**{**found, "path": path, "crate": crate})
