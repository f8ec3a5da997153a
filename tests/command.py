"""The command line as a user calls it, in the process of the tests: starting Python and its libraries takes seconds.

Tests of interruptions, of broken pipes and of the environment start a process of their own.
"""

from __future__ import annotations

import contextlib
import io
import signal
import subprocess
import sys
from pathlib import Path
from unittest import mock

from rramcirc.cli.main import main

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)


def call(*words: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Call `rramcirc` with the words in a folder, through the function that the installed command calls."""
    given = ["rramcirc", *(str(word) for word in words)]
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    handlers, hook = {number: signal.getsignal(number) for number in SIGNALS}, sys.unraisablehook
    try:
        with contextlib.chdir(cwd or "."), mock.patch.multiple(sys, argv=given, stdout=out, stderr=err):
            main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.unraisablehook = hook
        for number, handler in handlers.items():
            signal.signal(number, handler)
    text, said = (stream.buffer.getvalue().decode() for stream in (out, err))
    return subprocess.CompletedProcess(given, status, text, said)
