"""pprof: a gzipped protocol buffer, ``profile.proto`` of github.com/google/pprof."""

from __future__ import annotations

from pyrometer.formats.format import Format

FORMAT = Format("pprof", ".pb.gz", "pprof (go tool pprof, Grafana, Datadog …)")
