"""OTLP as JSON, in protobuf's canonical mapping: one line, as the collector's file exporter writes a message."""

from __future__ import annotations

from pyrometer.formats.format import Format

FORMAT = Format("otlp-json", ".otlp.json", "OpenTelemetry profiles as JSON (OTLP, v1development of 1.11.0)")
