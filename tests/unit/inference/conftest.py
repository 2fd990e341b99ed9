"""How many examples a property is tried with: `--hypothesis-profile=gate` for what a deployment waits for."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("full", max_examples=300, deadline=None)
settings.register_profile("gate", max_examples=15, deadline=None)
settings.load_profile("full")
