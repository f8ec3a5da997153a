"""What ngspice says, and whether it means that the result cannot be trusted."""

from __future__ import annotations

import re

# Each of these was seen beside a wrong or missing result; several of them with exit status 0.
SUSPECT = re.compile(
    r"ignored|unrecognized|unknown (parameter|subckt|model)|singular matrix|source stepping failed|"
    r"Transient op started|aborted|Timestep too small|not parsed|fatal|couldn't be loaded|could not find|"
    r"no such (command|file|vector|model)|No \.measure possible|incorrect model type|too many args|"
    r"can't (find|open)|cannot (find|open)|no data saved|not enough (memory|space)|No space left|"
    r"^Error|circuit not parsed|incomplete or empty netlist|no simulations run|write error|syntax error",
    re.IGNORECASE,
)
# Lines that match SUSPECT and are harmless.
HARMLESS = re.compile(
    r"^Note: |compatibility mode|can't find the initialization file|No compatibility mode|"
    r"no `?\.?spiceinit|Using (SPARSE|KLU)|is not available, ignored$|Warning: vvolt",
    re.IGNORECASE,
)
REFERENCE = re.compile(rb"Reference value :\s*([-+0-9.eE]+)")


def suspect_lines(log: str) -> list[str]:
    """Return the lines of a log that say something was ignored, aborted or not understood, each once."""
    found = []
    for raw in re.split(r"[\r\n]+", log):
        line = raw.strip()
        if line and SUSPECT.search(line) and not HARMLESS.search(line) and line not in found:
            found.append(line)
    return found


def reference_value(chunk: bytes) -> float | None:
    """Return the last simulated time [s] (or swept value) that a piece of output reports."""
    hits = REFERENCE.findall(chunk)
    try:
        return float(hits[-1]) if hits else None
    except ValueError:
        return None
