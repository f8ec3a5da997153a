"""The 1T1R synapse on the circuit: no disturb without gate pulse, STDP, counts, rates."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from rramcirc.analysis.spikes import fit_stdp_window
from rramcirc.basics.errors import ParameterError
from rramcirc.bench.stimuli import sample
from rramcirc.bench.synapse_pulses import SynapsePulses, gate_stimulus, overlaps, te_stimulus
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.request import Request
from rramcirc.circuits.synapse.pulses import SpikePair, synapse_array, synapse_bench
from rramcirc.circuits.table import default_bench
from rramcirc.devices.cards.variability import sample_devices
from rramcirc.engines.simulation import simulate
from rramcirc.studies.characterise import PulseGrid, characterise
from rramcirc.studies.milo_pulses import gradual_pulses, half_way, milo_pulses
from rramcirc.studies.pulse_pool import nominal_ends
from rramcirc.studies.synapse import potentiation, potentiation_from_table, stdp, stdp_bench, stdp_from_table, weights
from rramcirc.studies.synapse_rate import srdp

PULSES = SynapsePulses()
CELL = Cell("hfo2_filament", "nmos_select")
HRS, LRS = nominal_ends(CELL.rram)


@pytest.fixture(scope="module")
def window():
    """STDP at 11 delays, 4 devices from each start."""
    return stdp(CELL, PULSES, np.arange(-20, 21, 4) * 1e-3, repeats=4)


def test_every_number_of_the_pulses_says_what_it_is_worth():
    assert {f.metadata["status"] for f in fields(SynapsePulses)} == {"published", "fitted", "assumed"}


def test_the_overlaps_are_those_of_the_pulses_that_are_applied():
    time = np.linspace(0, 60e-3, 600_001)
    for delay in (-10.5e-3, -10e-3, -0.4e-3, 0.0, 9.3e-3, 10e-3):
        gate = sample(gate_stimulus(PULSES, [25e-3]), time) > 0.5 * PULSES.gate_voltage
        te = sample(te_stimulus(PULSES, [25e-3 + delay]), time) - PULSES.common_mode
        found = overlaps(PULSES, delay)
        step = time[1]
        for name, on in (("SET", te > 0.5 * PULSES.set_voltage), ("RESET", te < -0.5 * PULSES.reset_voltage)):
            # half-way up one edge to half-way down the other, and the sampling
            assert np.sum(gate & on) * step == pytest.approx(float(found[name]), abs=0.5 * PULSES.edge + 2 * step)


def test_a_spike_during_a_gate_pulse_makes_it_longer():
    stimulus = gate_stimulus(PULSES, [0.0, 6e-3, 40e-3])
    levels = sample(stimulus, [5e-3, 12e-3, 15.9e-3, 16.1e-3, 45e-3])
    assert levels == pytest.approx([3.1, 3.1, 3.1, 0.0, 3.1])


@pytest.mark.parametrize("start", ["HRS", "LRS"])
def test_te_pulses_of_either_sign_without_a_gate_pulse_leave_the_cell_alone(start):
    state = HRS if start == "HRS" else LRS
    strong = replace(PULSES, set_voltage=1.5, reset_voltage=1.5)  # stronger than any pulse of the studies
    spikes = 3e-3 + 20e-3 * np.arange(50)
    reads = (1e-3, 1.01)
    bench = synapse_array(
        CELL, strong, np.empty(0), [spikes], reads, rows=1, stop=1.013,
        states={name: np.full((1, 1), value) for name, value in state.items()},
    )  # fmt: skip
    before, after = weights(simulate(bench), reads, strong, (1, 1))
    assert after == pytest.approx(before, rel=0.01, abs=0)
    with_gate = synapse_array(CELL, strong, [spikes[0]], [spikes[:1]], (1e-3, 0.03), rows=1, stop=0.033,
                              states={name: np.full((1, 1), value) for name, value in HRS.items()})  # fmt: skip
    before, after = weights(simulate(with_gate), (1e-3, 0.03), strong, (1, 1))
    assert after[0, 0] > 5 * before[0, 0]  # the same pulse with the gate does act


def test_reading_leaves_the_weight_alone(window):
    outside = window[window["delay"].abs() > 11e-3]
    assert np.all(outside["change"].abs() < 1e-6 * outside["before"])


def test_pre_before_post_potentiates_and_post_before_pre_depresses_and_nothing_happens_outside(window):
    found = overlaps(PULSES, window["delay"].to_numpy())
    from_hrs, from_lrs = window["start"] == "HRS", window["start"] == "LRS"
    causal, acausal = found["SET"] > 0, found["RESET"] > 0
    assert causal.any()
    assert acausal.any()
    assert np.all(window[from_hrs & causal]["x"] > 0.8)
    assert np.all(window[from_lrs & acausal]["x"] < 0.2)
    assert np.all(window[from_lrs & causal]["change"] > 0)
    # a RESET from HRS draws the HRS anew, by a few tenths of it to either side (the card's gap_max_sigma_c2c)
    anew = window[from_hrs & acausal]
    assert np.all(anew["x"] < 0.05)
    assert np.all(anew["change"].abs() < 0.5 * anew["before"])
    assert anew["change"].median() < 0
    outside = window[~causal & ~acausal]
    assert np.all(outside["change"].abs() < 1e-3 * outside["before"])


def test_the_repeats_differ_and_the_devices_are_the_same_at_all_delays(window):
    hrs = window[(window["start"] == "HRS")]
    assert np.all(hrs.groupby("repeat")["before"].std() < 1e-4 * hrs["before"].mean())
    assert hrs.groupby("delay")["before"].std().min() > 0.05 * hrs["before"].mean()


def test_the_window_is_a_rectangle_as_long_as_the_gate_pulse(window):
    part = window[(window["start"] == "HRS") & (window["delay"] > 0)]
    rectangle, exponential = (fit_stdp_window(part["delay"], part["change"], s) for s in ("rectangular", "exponential"))
    assert rectangle.potentiation_time == pytest.approx(10e-3, abs=2e-3)  # delays are 4 ms apart
    assert rectangle.residual < 0.2 * exponential.residual


@pytest.mark.parametrize("edge", [0.5, 0.9])
def test_partial_overlaps_act_less(edge):
    """At the end of the gate pulse only the first part of the TE pulse counts."""
    pulses = replace(gradual_pulses(), te_width=4e-3)
    delays = np.array([2e-3, 10e-3 - 4e-3 * (1 - edge)])
    found = stdp(CELL, pulses, delays, repeats=3).groupby(["start", "delay"])["change"].mean()
    assert 0 < found["HRS"].iloc[1] < found["HRS"].iloc[0]


FINE = {"reltol": 1e-6}


def test_many_synapses_in_one_deck_are_the_same_as_one_at_a_time():
    delays = np.array([-15e-3, -6e-3, 0.0, 5e-3])
    plan = SpikePair(PULSES, tuple(delays.tolist()))
    drawn = sample_devices(CELL.rram, 2, np.random.default_rng(4))
    shape, ones = (2, delays.size), np.ones((1, delays.size))
    states = {name: np.array([HRS[name], LRS[name]])[:, None] * ones for name in HRS}
    spread = {name: values[:, None] * ones for name, values in drawn.items()}
    bench = synapse_array(
        CELL, PULSES, [plan.pre], [np.array([plan.pre + d]) for d in delays], plan.reads, rows=2, stop=plan.stop,
        states=states, spread=spread,
    )  # fmt: skip
    together = weights(simulate(replace(bench, options=FINE)), plan.reads, PULSES, shape)
    for i, start in enumerate((HRS, LRS)):
        for j, delay in enumerate(delays):
            own = {name: float(values[i]) for name, values in drawn.items()}
            cell = replace(CELL, initial_state=start, rram_parameters=own)
            one = replace(synapse_bench(cell, PULSES, delay=float(delay)), options=FINE)
            single, times = simulate(one), SpikePair(PULSES, (float(delay),))
            at = np.array(times.reads) + 0.7 * PULSES.te_width
            alone = np.interp(at, single.time, single["conductance"])
            # with different time steps; at reltol 1e-4 they differ by 3e-3
            assert together[:, i, j] == pytest.approx(alone, rel=3e-4, abs=0)


def test_the_pulse_table_says_the_same_window_within_its_stated_error(window):
    grid = PulseGrid(amplitudes=(-PULSES.reset_voltage, PULSES.set_voltage), gates=(PULSES.gate_voltage,), devices=24,
                     widths=tuple(np.logspace(-4, -2, 9)), states=(0.0, 0.02, 0.1, 0.3, 0.6, 1.0, 1.3))  # fmt: skip
    compared = stdp_from_table(characterise("hfo2_filament", grid), PULSES, window)
    assert len(compared) == 22
    assert np.all(compared["difference"].abs() <= compared["allowed"])
    inside = compared["table"].between(0.01, 0.99) | (compared["table"] > 1.01)
    assert compared["allowed"].max() < 0.15  # of the whole range: 4 devices, three standard errors
    assert inside.any()


def test_the_compiled_models_in_bulk_give_the_same_window_as_ngspice(window):
    found = stdp(CELL, PULSES, np.arange(-20, 21, 4) * 1e-3, repeats=4, engine="numpy")
    # a SET edge of either engine is off by its own time-step error
    assert found["after"].to_numpy() == pytest.approx(window["after"].to_numpy(), rel=0.02, abs=0)


def test_a_synapse_in_vacask_ends_where_ngspice_ends():
    bench = replace(synapse_bench(replace(CELL, initial_state=HRS)), probes=("conductance",))
    found = [simulate(bench, engine).final()["conductance"] for engine in ("ngspice", "vacask")]
    assert found[1] == pytest.approx(found[0], rel=5e-3, abs=0)  # both at reltol 1e-4 and other steps


def test_the_default_circuit_is_one_synapse_that_is_potentiated():
    waves = simulate(default_bench("synapse", Request()))
    read = [np.interp(t, waves.time, waves["conductance"]) for t in (1.7e-3, 21.7e-3)]
    assert read[1] > 5 * read[0]
    assert np.ptp(waves["v(sl)"]) == 0.0
    assert waves["v(bl)"].min() > 0.0  # never below the bulk


def test_pulses_add_up_gradually_and_as_the_table_says():
    pulses = gradual_pulses()
    found = potentiation(CELL, pulses, 20, repeats=10)
    mean = found.groupby("pulse")["conductance"].mean().to_numpy()
    assert np.all(np.diff(mean[:21]) > 0)
    assert np.all(np.diff(mean[20:]) < 0)
    table = milo_pulses().table
    said = potentiation_from_table(table, pulses, 20)
    spread = said.std(axis=1) / np.sqrt(10)
    # sequences of pulses: the table's own error, and three standard errors of ten devices
    allowed = table.error["sequence"] * (table.g_lrs - table.g_hrs) + 3 * spread
    assert np.all(np.abs(mean - said.mean(axis=1)) <= allowed)
    assert half_way(table.state_of(mean[1:21]), 0.0) >= 5


def test_spikes_at_a_higher_rate_change_the_weight_further():
    found = srdp(CELL, gradual_pulses(), (10.0, 60.0), duration=0.4, repeats=3, trains=3)
    change = found.groupby(["start", "rate"])["change"].mean().abs()
    assert change["HRS", 60.0] > 5 * change["HRS", 10.0]
    assert change["LRS", 60.0] > change["LRS", 10.0]


def test_the_same_seed_gives_the_same_bench():
    from rramcirc.engines.build import build_netlist

    texts = [build_netlist(stdp_bench(CELL, PULSES, [0.0, 5e-3], repeats=2, seed=seed)).text for seed in (1, 1, 2)]
    assert texts[0] == texts[1]
    assert texts[0] != texts[2]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"reset_voltage": 1.7}, "raise common_mode"),
        ({"edge": 1e-3}, "too long"),
        ({"reset_delay": 0.5e-3}, "overlap"),
        ({"gate_width": 0.0}, "gate_width"),
        ({"set_voltage": -1.0}, "set_voltage"),
        ({"common_mode": float("nan")}, "common_mode"),
    ],
)
def test_pulses_that_make_no_sense_are_refused_by_name(change, words):
    with pytest.raises(ParameterError, match=words):
        replace(PULSES, **change)


def test_what_is_no_synapse_is_refused():
    with pytest.raises(ParameterError, match="1T1R"):
        synapse_bench(Cell("hfo2_filament"))
    with pytest.raises(ParameterError, match=r"leave 0\.01101 s between"):
        te_stimulus(PULSES, [0.0, 10e-3])
    with pytest.raises(ParameterError, match="outside 0"):
        srdp(CELL, PULSES, (200.0,))
    with pytest.raises(ParameterError, match="repeats"):
        stdp(CELL, PULSES, repeats=0)
    with pytest.raises(ParameterError, match="without --rows"):
        default_bench("synapse", Request(rows=3))


@pytest.mark.long
def test_the_whole_window_has_a_row_for_every_start_device_and_delay():
    found = stdp(CELL, PULSES)
    assert len(found) == 2 * 20 * 41
