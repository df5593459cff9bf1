//! Profiles of OpenTelemetry's protocol (OTLP).

pub mod message;
