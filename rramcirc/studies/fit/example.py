"""Made-up data of a card, to see the form that a fit reads: single pulses on one device, or on many that differ."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError, cannot_write
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.devices.cards.variability import sample_devices
from rramcirc.devices.compiled.conductance import READ_VOLTAGE, nearest_states
from rramcirc.devices.pulses.response import pulse_response
from rramcirc.studies.fit.model import path_ends
from rramcirc.studies.fit.path import within_bounds

NOISE = 0.02  # of every resistance [1, logarithm]
_PULSES, _DEVICES, _OF_EACH = 200, 20, 20


def write_example(card: ModelCard, path: Path, seed: int, *, population: bool = False) -> Path:
    """Write made-up pulse data of a card, with noise on every resistance.

    Amplitudes lie within the card's valid cell voltages, half of them negative; widths between 10 ns and 1 ms.

    Parameters
    ----------
    population
        Twenty devices that differ as the card's ``[variability]`` says, each pulse another cycle, instead of one.

    Raises
    ------
    ParameterError
        If the card has no spread for a population, or the pulses cannot be computed.
    """
    rng, card = np.random.default_rng(seed), within_bounds(card)
    count = _DEVICES * _OF_EACH if population else _PULSES
    valid = card.validity.get("cell_voltage")
    low, high = (valid.minimum, valid.maximum) if valid else (-1.5, 1.5)
    amplitude = np.where(
        rng.random(count) < 0.5, rng.uniform(0.4, 0.8, count) * low, rng.uniform(0.3, 0.6, count) * high
    )
    most, least = path_ends(card, 300.15)
    wanted = np.exp(rng.uniform(np.log(1.2 / most), np.log(0.8 / least), count))
    width = 10 ** rng.uniform(-8, -3, count)
    device = np.repeat(np.arange(_DEVICES), _OF_EACH)
    own = {name: values[device] for name, values in _devices(card, rng).items()} if population else {}
    states, reached = nearest_states(card, 1.0 / wanted, own)
    noisy = population and card.declaration is not None and "nz" in card.declaration.ports
    current = pulse_response(
        card, np.stack([0.0 * width, width, width], 1),
        np.stack([amplitude, amplitude, np.full(count, READ_VOLTAGE)], 1), states, parameters=own or None,
        noise=rng.standard_normal(count) if noisy else 0.0,
    ).current[:, 2]  # fmt: skip
    if not np.isfinite(current).all():
        raise ParameterError(f"card {card.name}: the example pulses cannot be computed.")
    read = [r * np.exp(NOISE * rng.normal(size=count)) for r in (1.0 / reached, READ_VOLTAGE / np.abs(current))]
    heading = "amplitude [V],width [ns],R before [kohm],R after [kohm]"
    rows = [f"{v:.6g},{w:.6g},{a:.6g},{b:.6g}"
            for v, w, a, b in zip(amplitude, width * 1e9, read[0] / 1e3, read[1] / 1e3, strict=True)]  # fmt: skip
    if population:
        heading, rows = f"device,{heading}", [f"{d + 1},{row}" for d, row in zip(device, rows, strict=True)]
    try:
        path.write_text("\n".join([heading, *rows]) + "\n", encoding="utf-8")
    except OSError as error:
        raise cannot_write(path, error) from error
    return path


def _devices(card: ModelCard, rng: np.random.Generator) -> dict[str, FloatArray]:
    found = sample_devices(card, _DEVICES, rng)
    if not found:
        raise ParameterError(
            f"card {card.name} has no spread of devices ([variability]); write one into its file, or take "
            "hfo2_filament, hfo2_jart_v1b or tiox_fouda2020."
        )
    return found


__all__ = ["NOISE", "write_example"]
