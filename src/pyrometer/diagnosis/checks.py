"""Every check, in one list: of two findings that harm alike, the one whose check stands first is said first."""

from __future__ import annotations

from pyrometer.diagnosis import noise, permission, process, program, project, recording
from pyrometer.diagnosis.finding import Check

CHECKS: tuple[Check, ...] = (
    *permission.DECISIVE,
    *process.CHECKS,
    *program.CHECKS,
    *project.CHECKS,
    *recording.CHECKS,
    *permission.LIMITS,
    *noise.CHECKS,
)
"""The checks of what decides whether anything is recorded, then those of the target, then of the machine."""
