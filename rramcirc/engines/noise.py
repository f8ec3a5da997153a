"""Which compiled models have no noise of their own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rramcirc.devices.veriloga.osdi import read_osdi


def without_noise(models: Iterable[Path]) -> list[str]:
    """Return a sentence about every module of compiled models (.osdi) that has no noise of its own."""
    quiet = [module.name for path in models for module in read_osdi(path).modules if not module.noise_sources]
    return [
        f"{name} has no noise of its own (no white_noise or flicker_noise in its Verilog-A): the spectra leave it out"
        for name in dict.fromkeys(quiet)
    ]
