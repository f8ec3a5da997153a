"""Property tests draw the same examples everywhere: a run that passes here passes on any other machine."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")
