"""OTLP: profiles of OpenTelemetry's protocol, ``profiles/v1development`` of opentelemetry-proto 1.11.0."""

from __future__ import annotations

from pyrometer.formats.format import Format

# Field 1 of the message `ProfilesData`, whose field 2 (scope_profiles) or 1 (resource) comes first.
_RESOURCE_PROFILES = b"\x0a"


def recognise(head: bytes) -> bool:
    """True if it begins with the profiles of a resource that names its process."""
    return head.startswith(_RESOURCE_PROFILES) and b"process.pid" in head


FORMAT = Format("otlp", ".otlp.pb", "OpenTelemetry profiles (OTLP, v1development of 1.11.0)", recognise)
