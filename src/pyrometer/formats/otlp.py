"""OTLP: profiles of OpenTelemetry's protocol, ``profiles/v1development`` of opentelemetry-proto 1.11.0."""

from __future__ import annotations

from pyrometer.formats.format import Format

FORMAT = Format("otlp", ".otlp.pb", "OpenTelemetry profiles (OTLP, v1development of 1.11.0)")
