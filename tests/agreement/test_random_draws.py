"""Random devices under random pulses: every run must converge, and the answer must not hang on the tolerance.

A draw multiplies every value of the RRAM card by a factor of 0.8 to 1.2. Its 1T1R cell is set by a pulse on the bit
line (0.5 to 3 V, gate 0.9 to 1.4 V) and reset by a pulse on the source line (0.5 to 2 V, gate 3 V); each pulse lasts
1 ns to 10 s, log-uniform, with edges of a tenth of that. The RESET run starts from the final states of the SET run.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

import rramcirc as rc

CARD = rc.load_card("hfo2_filament")
NMOS = rc.load_card("nmos_select")
SEED = 20180613
DRAWS = [40, pytest.param(200, marks=pytest.mark.long)]
LOOSE, TIGHT = 1e-4, 1e-6  # reltol
BOLTZMANN = 8.617333262e-5  # [eV/K]


@dataclass(frozen=True)
class Draw:
    """One random device with its two pulses: voltages [V], widths [s]."""

    number: int
    card: rc.ModelCard
    gate: float
    set_voltage: float
    set_width: float
    reset_voltage: float
    reset_width: float

    def __str__(self):
        return (
            f"draw {self.number} of seed {SEED}: gate {self.gate:.3f} V, SET {self.set_voltage:.3f} V for "
            f"{self.set_width:.3g} s, RESET {self.reset_voltage:.3f} V for {self.reset_width:.3g} s"
        )

    @property
    def bounds(self):
        """State -> (low, high)."""
        value = self.card.value
        return {"diameter": (value("diameter_min"), value("diameter_max")), "gap": (0.0, value("gap_max"))}

    @property
    def is_above_v_set(self):
        """Whether the pulse is long enough to close the gap at the rate (5) of a cold filament."""
        value = self.card.value
        barrier = value("ea") - value("ea_lowering") * self.set_voltage
        rate = value("rate_prefactor") * np.exp(-barrier / (BOLTZMANN * 300.15))
        return rate * self.set_width > value("gap_ini")


def make_draw(number, rng):
    values = {name: v.value * rng.uniform(0.8, 1.2) for name, v in CARD.parameters.items()}
    values["diameter_ini"] = float(np.clip(values["diameter_ini"], values["diameter_min"], values["diameter_max"]))
    values["gap_ini"] = min(values["gap_ini"], values["gap_max"])
    set_width, reset_width = 10 ** rng.uniform(-9, 1, size=2)
    return Draw(
        number,
        CARD.with_values(values),
        gate=rng.uniform(0.9, 1.4),
        set_voltage=rng.uniform(0.5, 3.0),
        set_width=set_width,
        reset_voltage=rng.uniform(0.5, 2.0),
        reset_width=reset_width,
    )


def pulse_run(cell, line, voltage, width, gate, reltol):
    edge = width / 10
    pulse = rc.Pulse(voltage, width, delay=edge, rise=edge, fall=edge)
    stimuli = {line: pulse, "wl": rc.Constant(gate)}
    return rc.simulate(rc.Testbench(cell, rc.Transient(width + 4 * edge), stimuli, options={"reltol": reltol}))


@pytest.fixture(scope="module", params=DRAWS)
def results(request):
    """(draw, {reltol: (SET run, RESET run)}, error) for every draw."""
    rng = np.random.default_rng(SEED)
    rows = []
    for number in range(request.param):
        draw = make_draw(number, rng)
        runs, error = {}, None
        for reltol in (LOOSE, TIGHT):
            try:
                cell = rc.Cell(draw.card, NMOS)
                first = pulse_run(cell, "bl", draw.set_voltage, draw.set_width, draw.gate, reltol)
                cell = rc.with_state(cell, first.final())
                runs[reltol] = first, pulse_run(cell, "sl", draw.reset_voltage, draw.reset_width, 3.0, reltol)
            except rc.RramcircError as failure:
                error = failure
        rows.append((draw, runs, error))
    return rows


def decades(waves):
    """log10 of the change of the resistance in a run."""
    return np.log10(waves["conductance"][0] / waves["conductance"][-1])


def test_every_draw_converges(results):
    failures = [f"{draw}: {error}" for draw, _, error in results if error is not None]
    assert not failures, "\n".join(failures)


def test_four_of_five_pulses_above_v_set_switch(results):
    above = [(draw, runs) for draw, runs, error in results if error is None and draw.is_above_v_set]
    silent = [str(draw) for draw, runs in above if decades(runs[LOOSE][0]) > -0.3]  # less than a factor of 2
    assert len(above) > len(results) / 4
    # the others are limited to 20 uA, which does not close the gap of a thick filament (see the card)
    assert len(silent) <= 0.2 * len(above), "\n".join(silent)


def test_resistance_does_not_hang_on_the_tolerance(results):
    far = []
    for draw, runs, error in results:
        pairs = [] if error else zip(runs[LOOSE], runs[TIGHT], strict=True)
        change = [np.log10(a["conductance"][-1] / b["conductance"][-1]) for a, b in pairs]
        if np.any(np.abs(change) >= 0.05):
            far.append(f"{draw}: {change} decades")
    assert len(far) <= 0.05 * len(results), "\n".join(far)


def test_states_stay_within_their_bounds(results):
    worst, where, worst_of_bound = 0.0, "", 0.0
    for draw, runs, _ in results:
        for waves in (w for pair in runs.values() for w in pair):
            for name, (low, high) in draw.bounds.items():
                below, above = low - waves[name].min(), waves[name].max() - high
                if max(below, above) / (high - low) > worst:
                    worst, where = max(below, above) / (high - low), f"{name} of {draw}"
                worst_of_bound = max(worst_of_bound, above / high, below / low if low else 0.0)
    print(f"largest overshoot: {worst:.2%} of the state's range, {worst_of_bound:.2%} of the bound")  # pytest -rP
    # error of the time steps at reltol 1e-4; measured 0.3 % of the range, 1.7 % of the bound (diameter_min)
    assert worst < 0.01, where
