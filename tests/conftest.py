"""Property tests draw the same examples everywhere: a run that passes here passes on any other machine.

Sweeps simulate all of their runs: what an earlier test run found would hide what is wrong now.

What imports and collection have made stays: without `gc.freeze` every collection of garbage walks through all of it.

A shell starts commands in the background with Ctrl-C ignored, which programs inherit; tests of interruptions need it.
"""

from __future__ import annotations

import gc
import os
import signal

from hypothesis import settings

os.environ["RRAMCIRC_RUN_CACHE_MB"] = "0"
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
