"""Readout circuits: what one channel does to a current; and the picture of channels and of an array."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from rramcirc.analysis.measurements import crossings, time_to_final
from rramcirc.analysis.noise import integrated_noise
from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError
from rramcirc.bench.analyses import Ac, Noise, Transient
from rramcirc.bench.stimuli import Constant, Pulse
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.readout.bench import channel_bench
from rramcirc.circuits.readout.readout import Readout
from rramcirc.engines.simulation import simulate
from rramcirc.studies.readout_array import ArrayRead

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KINDS: tuple[Literal["tia", "virtual_ground", "mirror"], ...] = ("tia", "virtual_ground", "mirror")
SETTLED = 1e-3  # of the step
OPERATION = 100e-9  # [s]; length of the read whose energy is counted
LOWEST, HIGHEST = 1e3, 1e11  # [Hz] of the small-signal analyses
FINE = {"reltol": "1e-6"}


@dataclass(frozen=True)
class Channel:
    """What one channel of readout does: figures, and the curves they come from.

    `figures` maps a quantity to (value, unit). The curves: static transfer ``current`` [A] and ``output`` [V],
    ``frequency`` [Hz] with ``response`` [V/A] and ``noise`` [A/sqrt(Hz), at the input], ``time`` [s] and ``step`` [V].
    """

    readout: Readout
    figures: Mapping[str, tuple[float, str]]
    curves: Mapping[str, FloatArray]


def channel(readout: Readout, *, points: int = 41) -> Channel:
    """Return what one channel does, measured in ngspice.

    The input sits behind `source_resistance`, which stands for the cells of a line and adds its thermal noise.

    Parameters
    ----------
    readout
        A channel for one line (``pairing="single"``) without sample and hold.
    points
        Currents of the static transfer, from 0 to 80 % of what the output can swing.

    Raises
    ------
    ParameterError
        If the readout reads more than one line.
    """
    if readout.pairing != "single" or readout.sample_hold:
        raise ParameterError("channel: give a readout of a single line without sample and hold.")
    room = readout.common_mode if readout.sign < 0 else readout.supply - readout.common_mode
    full = 0.8 * min(room, readout.common_mode) / readout.feedback_resistance
    current, output, static = _static(readout, full, points)
    frequency, response, noise, total = _small_signal(readout, full / 2)
    time, step, energy = _step(readout, full)
    slope = static["transresistance"][0]
    figures = static | {
        "bandwidth": (_bandwidth(frequency, np.abs(response)), "Hz"),
        "settling time": (time_to_final(step, time, SETTLED), "s"),
        "noise at 1 kHz": (float(noise[0]), "A/sqrt(Hz)"),
        "noise": (total / abs(slope), "A"),
        "energy": (energy, "J"),
    }
    curves = {
        "current": current,
        "output": output,
        "frequency": frequency,
        "response": np.abs(response),
        "noise": noise,
        "time": time,
        "step": step,
    }
    return Channel(readout, figures, curves)


def _static(readout: Readout, full: float, points: int) -> tuple[FloatArray, FloatArray, dict[str, tuple[float, str]]]:
    """Return the static transfer and its straight line: slope, offset, largest distance."""
    bench = replace(channel_bench(readout, np.linspace(0.0, full, points)), options=FINE)
    waves = simulate(bench)
    current, output = np.array(waves["i(in)"]), np.array(waves["v(out)"])
    slope, level = np.polyfit(current, output, 1)
    distance = np.abs(output - np.polyval((slope, level), current)).max()
    moved = waves["v(in)"][-1] - waves["v(in)"][0]
    figures = {
        "transresistance": (float(slope), "ohm"),
        "offset": (float(level - readout.common_mode), "V"),
        "nonlinearity": (float(distance / np.ptp(output)), "1"),
        "input resistance": (float(moved / (current[-1] - current[0])), "ohm"),
    }
    return current, output, figures


def _small_signal(readout: Readout, current: float) -> tuple[FloatArray, FloatArray, FloatArray, float]:
    """Return frequency, transresistance, noise at the input [A/sqrt(Hz)], and the whole noise at the output [V]."""
    stimuli = {"in": Constant(readout.common_mode + current * readout.source_resistance)}
    waves = simulate(Testbench(readout, Ac("in", LOWEST, HIGHEST, 20), stimuli, options=FINE))
    response = waves["v(out)"] / waves["i(in)"]
    spectrum = simulate(Testbench(readout, Noise("out", "in", LOWEST, HIGHEST, 20), stimuli, options=FINE))
    return waves.axis, response, spectrum["onoise"] / np.abs(response), integrated_noise(waves.axis, spectrum["onoise"])


def _bandwidth(frequency: FloatArray, response: FloatArray) -> float:
    """Return the frequency at which the response is 3 dB below that at the lowest [Hz]; nan if it never is."""
    decibel = 20 * np.log10(response / response[0])
    found = crossings(decibel, np.log10(frequency), -10 * np.log10(2.0), "fall")
    return float(10 ** found[0]) if len(found) else float("nan")


def _step(readout: Readout, full: float) -> tuple[FloatArray, FloatArray, float]:
    """Return time after a step of the current to half of `full`, output, and the energy of this read [J]."""
    delay, edge, level = 1e-9, 1e-11, readout.common_mode
    drop = 0.5 * full * readout.source_resistance
    pulse = Pulse(level + drop, 2 * OPERATION, delay=delay, rise=edge, fall=edge, base=level)
    options = {"reltol": "1e-5"}
    waves = simulate(Testbench(readout, Transient(delay + OPERATION, 2e-10), {"in": pulse}, options=options))
    after = waves.time >= delay
    driver = waves["v(in)"] + waves["i(in)"] * readout.source_resistance
    given = np.maximum(waves["i(ref)"], 0.0)  # what flows into the reference is turned into heat there
    power = driver * waves["i(in)"] + readout.supply * waves["i(vdd)"] + level * given
    energy = float(np.trapezoid(power[after], waves.time[after]))
    return waves.time[after] - delay, np.array(waves["v(out)"][after]), energy


def channel_table(channels: Sequence[Channel]) -> pd.DataFrame:
    """Return the figures of several channels, one row each."""
    import pandas as pd

    rows = [{"kind": c.readout.kind} | {name: value for name, (value, _) in c.figures.items()} for c in channels]
    table = pd.DataFrame(rows)
    table.attrs["units"] = {name: unit for name, (_, unit) in channels[0].figures.items()}
    return table


def plot_readout(channels: Sequence[Channel], read: ArrayRead, path: str | os.PathLike[str] | None = None) -> Figure:
    """Draw transfer, deviation from a straight line, response, noise and step of channels, and the array's outputs."""
    from rramcirc.figures.style import drawn, line_style

    with drawn(path, 5.0) as figure:
        panels = figure.subplots(2, 3).ravel()
        for k, found in enumerate(channels):
            colour, _ = line_style(k, len(channels))
            c, level = found.curves, found.readout.common_mode
            slope = found.figures["transresistance"][0]
            straight = np.polyval(np.polyfit(c["current"], c["output"], 1), c["current"])
            for ax, x, y in (
                (panels[0], c["current"] * 1e6, c["output"] - level),
                (panels[1], c["current"] * 1e6, 100 * (c["output"] - straight) / np.ptp(c["output"])),
                (panels[2], c["frequency"], 20 * np.log10(c["response"] / abs(slope))),
                (panels[3], c["frequency"], c["noise"] * 1e12),
                (panels[4], c["time"] * 1e9, np.abs(c["step"] - c["step"][0])),
            ):
                ax.plot(x, y, color=colour, label=found.readout.kind.replace("_", " "))
        _label(panels)
        for outputs, name, marker in ((read.outputs, "ngspice", "o"), (read.perfect, "array engine", "x")):
            panels[5].plot(
                read.ideal.ravel(), outputs.ravel(), marker, markersize=2.5, fillstyle="none",
                markeredgewidth=0.6, label=name, linestyle="none",
            )  # fmt: skip
        level = read.design.readout.common_mode
        panels[5].axline((level, level), slope=1, color="0.5", linewidth=0.7)
        panels[5].legend(loc="upper left")
        panels[4].legend(loc="center right")
    return figure


def _label(panels: Sequence[Axes]) -> None:
    texts = (
        ("input current [uA]", "output - common mode [V]"),
        ("input current [uA]", "off a straight line [% of span]"),
        ("frequency [Hz]", "response [dB]"),
        ("frequency [Hz]", "input noise [pA/sqrt(Hz)]"),
        ("time after the step [ns]", "|output step| [V]"),
        ("ideal product [V]", "output of the array [V]"),
    )
    for ax, (x, y) in zip(panels, texts, strict=True):
        ax.set_xlabel(x)
        ax.set_ylabel(y)
    for ax in panels[2:4]:
        ax.set_xscale("log")
        ax.set_xlim(1e5, 1e10)
    panels[2].set_ylim(-40, 6)
    panels[3].set_yscale("log")
    panels[3].set_ylim(1, 100)
    panels[4].set_xlim(0, 20)
