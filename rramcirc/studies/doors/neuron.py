"""The study of a neuron: rate against current, and what a spike takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rramcirc.basics.errors import ParameterError, a_kind
from rramcirc.studies.doors.result import StudyResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rramcirc.circuits.neuron.neuron import LifNeuron


def f_i(
    neuron: LifNeuron | None = None, drives: Sequence[float] | None = None, *, quick: bool = False
) -> StudyResult:  # fmt: skip
    """Measure a neuron's rate against its current, threshold, refractory time, leak and energy of a spike, in ngspice.

    Parameters
    ----------
    neuron
        Any detail: ideal, mixed or transistor. Default ``LifNeuron()``.
    drives
        Currents over the rheobase [1], each positive; default 10 from 0.8 to 30, with `quick` 4.
    quick
        Take fewer currents.

    Returns
    -------
    StudyResult
        Table: current [A, membrane], rate [Hz], closed_form [Hz], error [1], spikes, spike_energy [J] and power [W] of
        the supply (NaN for the ideal detail, which takes nothing from it). ``details["neuron"]``: what was measured.

    Raises
    ------
    ParameterError
        If `neuron` is no LifNeuron, or the drives are no positive numbers.
    """
    from rramcirc.circuits.neuron.neuron import LifNeuron
    from rramcirc.studies.neuron import DRIVES, QUICK_DRIVES, STRONG, f_i, neuron_figures, plot_f_i

    if neuron is not None and not isinstance(neuron, LifNeuron):
        raise ParameterError(f"f_i: give a LifNeuron, not {a_kind(neuron)}.")
    record = LifNeuron() if neuron is None else neuron
    table = f_i(record, (QUICK_DRIVES if quick else DRIVES) if drives is None else drives)
    found = neuron_figures(record)
    quantities = {
        "threshold": (found.threshold, "V"),
        "threshold of the record": (record.threshold, "V"),
        "refractory time": (found.refractory, "s"),
        "refractory time of the record": (record.refractory, "s"),
        "leak time constant": (found.leak_time, "s"),
        "leak time constant of the record": (record.leak_time, "s"),
    }
    if record.detail != "ideal":
        quantities["supply power at rest"] = (found.resting_power, "W")
        quantities[f"energy of a spike above that, at {STRONG:g} x rheobase"] = (found.spike_energy, "J")
    label = f"{record.detail}, {record.core}" if record.detail == "transistor" else record.detail
    return StudyResult(
        "f-i",
        table,
        lambda path: plot_f_i(record, {label: table}, path),
        f"f-i_{record.detail}.png",
        {f"f-i_{record.detail}.csv": table},
        quantities,
        {"neuron": found},
    )
