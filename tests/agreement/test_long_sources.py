"""Long spike trains in ngspice: divided lists, the same waveform, the same current."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.bench.spike_pulses import BipolarPulse
from rramcirc.bench.spike_sources import seeded_train
from rramcirc.bench.stimuli import PiecewiseLinear, sample
from rramcirc.engines.ngspice.long_sources import MOST_CORNERS, part_count, parts

CELL = rc.Cell("hfo2_filament", initial_state={"diameter": 1.0, "gap": 2.0})


def train(corners: int) -> PiecewiseLinear:
    """A train of double pulses at read level of about `corners` corners."""
    pulse = BipolarPulse(0.02, 1e-3, 0.01, 1e-3, gap=2e-3, edge=1e-5)
    times, _ = seeded_train([100.0], corners / 8 / 100.0 * 1.5, seed=1, dead_time=pulse.duration)
    return pulse.stimulus(times)


@pytest.mark.parametrize("corners", [10, MOST_CORNERS, MOST_CORNERS + 1, 20_000])
def test_parts_sum_to_the_waveform_at_and_between_all_corners(corners):
    rng = np.random.default_rng(corners)
    times, levels = np.cumsum(rng.uniform(0.1, 1.0, corners)), rng.normal(size=corners)
    found = parts(times, levels)
    assert len(found) == part_count(corners)
    at = np.sort(np.concatenate([[0.0, times[-1] + 5], times, (times[1:] + times[:-1]) / 2]))
    total = sum(np.interp(at, t, v) for t, v in found)
    assert total == pytest.approx(np.interp(at, times, levels), abs=1e-12)


def test_a_divided_source_drives_its_line_and_measures_its_current():
    stimulus = train(MOST_CORNERS + 1000)
    assert part_count(len(stimulus.times)) > 1
    stop = float(stimulus.times[-1])
    bench = rc.Testbench(CELL, rc.Transient(stop, max_step=5e-3), {"bl": stimulus})
    assert "vbl_p1" in rc.build_netlist(bench).text
    waves = rc.simulate(bench)
    assert np.abs(waves["v(bl)"] - sample(stimulus, waves.time)).max() < 1e-9
    # ngspice converges currents to reltol 1e-4 and abstol 1e-12 A in each of the sources and the device
    assert waves["i(bl)"] == pytest.approx(waves["current"], rel=5e-3, abs=5e-12)


def test_a_divided_current_source_sums_its_parts():
    stimulus = replace(train(MOST_CORNERS + 1000), unit="A")
    stimulus = PiecewiseLinear(stimulus.times, stimulus.values * 1e-6, "A")
    text = rc.build_netlist(rc.Testbench(CELL, rc.Transient(1e-3), {"bl": stimulus})).text
    assert "\nibl 0 bl " in text
    assert "\nibl_p1 0 bl " in text


def test_short_sources_stay_one_list():
    text = rc.build_netlist(rc.Testbench(CELL, rc.Transient(1.0), {"bl": train(500)})).text
    assert "_p1" not in text
