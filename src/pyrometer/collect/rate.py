"""How often a program is sampled where nobody says it."""

DEFAULT_RATE = 999
"""Samples a second and thread: not a divisor of the usual timers, so it does not march in step with them."""
