"""The drive of the sweeps that check a model: voltages against time, and the netlist around one device."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

READ_VOLTAGE = 0.1  # [V]
SIGNS = (1, -1, 1, -1)  # of the triangles
EDGE, READ = 0.02, 0.2  # parts of the duration of a triangle
OPEN = 1e12  # [ohm] from an output to ground


@dataclass(frozen=True)
class Wave:
    """Times and voltages of the drive; windows of the reads and of the triangles (start, peak, end).

    Triangles of one duration [s], +, -, +, - if not said otherwise, with a read before the first and after each.
    """

    duration: float
    times: tuple[float, ...]
    voltages: tuple[float, ...]
    reads: tuple[tuple[float, float], ...]
    triangles: tuple[tuple[float, float, float], ...]

    @classmethod
    def of(cls, amplitude: float, duration: float, signs: Sequence[int] = SIGNS) -> Wave:
        edge, read = EDGE * duration, READ * duration
        times, voltages = [0.0], [0.0]
        reads, triangles = [], []

        def go(length: float, voltage: float) -> None:
            times.append(times[-1] + length)
            voltages.append(voltage)

        def look() -> None:
            go(edge, READ_VOLTAGE)
            go(read, READ_VOLTAGE)
            reads.append((times[-1] - read / 2, times[-1]))
            go(edge, 0.0)

        look()
        for sign in signs:
            start = times[-1]
            go(duration / 2, sign * amplitude)
            go(duration / 2, 0.0)
            triangles.append((start, start + duration / 2, times[-1]))
            look()
        return cls(duration, tuple(times), tuple(voltages), tuple(reads), tuple(triangles))


def deck(
    osdi: str,
    card: str,
    connection: str,
    wave: Wave,
    *,
    outputs: int = 0,
    nodes: Sequence[str] = (),
    series_resistance: float = 0.0,
    options: Sequence[str] = ("klu", "reltol=1e-4"),
    steps: int = 100,
) -> str:
    """Return the netlist of one run.

    Parameters
    ----------
    osdi, card, connection
        Compiled file, module with its parameters, nodes of the device (``top`` is driven).
    wave
        The drive.
    outputs
        How many nodes ``out0``, ``out1``... there are; each has a large resistance to ground.
    nodes
        Inner nodes to save.
    series_resistance
        Between driver and device [ohm].
    options
        Of ngspice, besides the integration method: the solver, tolerances.
    steps
        The least number of time steps in a triangle.
    """
    points = " ".join(f"{t:.9g} {v:.9g}" for t, v in zip(wave.times, wave.voltages, strict=True))
    drive = "drive" if series_resistance else "top"
    saved = [f"v(n1#{n})" for n in nodes if re.fullmatch(r"\w+", n)]
    step = wave.duration / steps
    lines = [
        "* check of a Verilog-A model",
        f".options {' '.join(options)} method=gear",
        f".model checked {card}",
        f"n1 {connection} checked",
        f"vdrive {drive} 0 pwl({points})",
        *([f"rseries drive top {series_resistance:g}"] if series_resistance else []),
        *(f"rout{k} out{k} 0 {OPEN:g}" for k in range(outputs)),
        f".save v(top) i(vdrive) {' '.join(saved)}",
        f".tran {step:.9g} {wave.times[-1]:.9g} 0 {step:.9g}",
        ".control",
        "set num_threads=1",
        f"pre_osdi {osdi}",
        "run waves.raw",
        "quit $sim_status",
        ".endc",
        ".end",
    ]
    return "\n".join(lines) + "\n"
