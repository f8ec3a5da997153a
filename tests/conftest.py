"""Property tests draw the same examples everywhere: a run that passes here passes on any other machine.

A shell starts commands in the background with Ctrl-C ignored, which programs inherit; tests of interruptions need it.
"""

from __future__ import annotations

import signal

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
