"""The engines numpy and network on the recurrent network of Zoppo 2019 against ngspice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.bench.presentations import Presentation, presentation_stimuli
from rramcirc.circuits.recurrent.bench import recurrent_bench
from rramcirc.circuits.recurrent.recurrent import RecurrentNetwork
from rramcirc.engines.network.continuous import show

REFEREE = {"method": "trap", "reltol": 1e-6, "abstol": 1e-6}
PATTERNS = np.array([[1.0, -1.0, 1.0, 1.0], [-1.0, -1.0, 1.0, -1.0]])
PRESENTATION = Presentation(relax=20.0)
WEIGHTS = np.random.default_rng(5).uniform(-0.3, 0.3, (4, 4))  # not symmetric: a transposed side network shows

# a synapse with bounds and a current that is not linear, which no equation of the paper has
BOUNDED = """`include "disciplines.vams"
module rram_bounded(te, be, x, y);
  inout te, be, x, y; electrical te, be, x, y; electrical w_s;
  (* type="instance", desc="weight at the start", units="1" *) parameter real w_ini = 0.0 from [-10:10];
  (* desc="conductance of the weight 1", units="S" *) parameter real conductance_scale = 1.0 from (0:1e6];
  (* desc="learning rate", units="1/(V^2 s)" *) parameter real learning_rate = 0.05 from [0:1e18];
  (* desc="largest weight", units="1" *) parameter real w_max = 0.5 from (0:10];
  (* desc="weight", units="1", lower="-w_max", upper="w_max" *) real w;
  (* desc="current te to be", units="A" *) real current;
  (* desc="chord conductance I/V", units="S" *) real conductance;
  real f;
  analog begin
    w = w_ini + V(w_s);
    conductance = conductance_scale * w;
    current = conductance * V(te, be) * (1 + 0.2 * V(te, be) * V(te, be));
    f = learning_rate * V(x) * V(y) * (1 - w * w / (w_max * w_max));
    if ($abstime <= 0.0) f = -V(w_s);
    I(w_s) <+ 2 * ddt(V(w_s));
    I(w_s) <+ -2 * f;
    I(te, be) <+ current;
  end
endmodule
"""
BOUNDED_CARD = 'name = "bounded"\nmodule = "rram_bounded.va"\ntitle = "a bounded plastic synapse"\n[validity]\n'
BOUNDED_CARD += 'survived_current = {min = -10, max = 10, unit = "A"}\n'


def shown(network: RecurrentNetwork, epochs: int = 3, tau: float = 1.0) -> rc.Testbench:
    inputs = np.tile(PATTERNS, (epochs, 1))
    lines = presentation_stimuli(PRESENTATION, inputs, 0.9 * inputs, tau=tau)
    stop = PRESENTATION.duration * len(inputs) * tau
    return rc.Testbench(network, rc.Transient(stop, 0.5 * tau), lines, options=REFEREE, probes=("v(*)", "w[*,*]"))


def looks(bench: rc.Testbench, tau: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Times [s] before each window, when v and y are at rest, and behind it, when the weights are."""
    count = round(bench.analysis.stop / (PRESENTATION.duration * tau))
    starts = PRESENTATION.duration * np.arange(count)
    behind = PRESENTATION.restart + PRESENTATION.relax + PRESENTATION.window + 0.25 * PRESENTATION.guard
    return (starts + PRESENTATION.read) * tau, (starts + behind) * tau


def apart(ours: rc.Waveforms, theirs: rc.Waveforms, bench: rc.Testbench) -> tuple[float, float]:
    """Largest differences of voltages and currents [V, A] and of weights [1] at the looks."""
    assert set(ours.names) == set(theirs.names)
    rest, behind = looks(bench)

    def largest(letters: str, times: np.ndarray) -> float:
        names = [n for n in ours.names[1:] if n[0] in letters]
        found = [np.interp(times, ours.time, ours[n]) - np.interp(times, theirs.time, theirs[n]) for n in names]
        return float(np.abs(found).max())

    return largest("vc", rest), largest("w", behind)


@pytest.mark.parametrize("engine", ["numpy", "network"])
@pytest.mark.parametrize("symmetric", [False, True])
def test_presentations_move_states_and_weights_as_in_ngspice(engine, symmetric):
    card = rc.load_card("plastic_zoppo2019").with_values({"learning_rate": 0.1})
    bench = shown(RecurrentNetwork(card, 4, WEIGHTS, symmetric=symmetric))
    ours, theirs = rc.simulate(bench, engine), rc.simulate(bench)
    assert ours.units == theirs.units
    moved = max(abs(theirs[f"w[{i},{j}]"][-1] - WEIGHTS[i, j]) for i, j in bench.design.pairs)
    assert moved > 0.1
    # ngspice at reltol 1e-6 is 1e-6 off in the weights, against both engines, which are 1e-9 apart
    voltages, weights = apart(ours, theirs, bench)
    assert voltages < 2e-5
    assert weights < 3e-6


def test_the_engine_network_is_the_equations_and_its_error_falls_with_reltol():
    card = rc.load_card("plastic_zoppo2019").with_values({"learning_rate": 0.1})
    bench = shown(RecurrentNetwork(card, 4, WEIGHTS))
    inputs = np.tile(PATTERNS, (3, 1))
    exact = show(WEIGHTS, inputs, 0.9 * inputs, PRESENTATION, learning_rate=0.1, step=0.01).weights[-1]

    def error(reltol: float) -> float:
        waves = rc.simulate(replace(bench, options={"reltol": reltol}), "network")
        return max(abs(waves[f"w[{i},{j}]"][-1] - exact[i, j]) for i, j in bench.design.pairs)

    # edges of the lines are in one and not in the other: their integral is the same, not what v and y do there
    assert error(1e-6) < 2e-4
    assert abs(error(1e-3) - error(1e-6)) < 1e-4


@pytest.mark.parametrize("engine", ["numpy", "network"])
@pytest.mark.parametrize("more", [{"learning": False}, {"self_connections": True}, {"learning": True}])
def test_a_network_that_is_never_restarted_begins_at_the_operating_point_of_ngspice(engine, more):
    bench = recurrent_bench("plastic_zoppo2019", 3, duration=60.0)
    bench = replace(bench, design=replace(bench.design, **more), options=REFEREE)
    ours, theirs = rc.simulate(bench, engine), rc.simulate(bench)
    for name in ours.names[1:]:
        assert ours[name][0] == pytest.approx(theirs[name][0], abs=1e-9), name
    # between the steps of ngspice, of up to 0.6 s, a straight line is 4e-5 V off
    for name in ours.names[1:]:
        assert ours[name] == pytest.approx(np.interp(ours.time, theirs.time, theirs[name]), abs=1e-4), name
        assert ours[name][-1] == pytest.approx(theirs[name][-1], abs=2e-6), name


@pytest.mark.parametrize("engine", ["numpy", "network"])
def test_neurons_of_microseconds_and_synapses_of_microsiemens_do_the_same(engine):
    tau = 1e-6
    values = {"learning_rate": 0.1 / tau, "conductance_scale": 1e-6}
    card = rc.load_card("plastic_zoppo2019").with_values(values)
    small = shown(RecurrentNetwork(card, 4, WEIGHTS, capacitance=1e-9, resistance=1e3), tau=tau)
    large = shown(RecurrentNetwork(rc.load_card("plastic_zoppo2019").with_values({"learning_rate": 0.1}), 4, WEIGHTS))
    ours, theirs = rc.simulate(small, engine), rc.simulate(large, engine)
    for name in ours.names[1:]:
        times = looks(large)[0 if name[0] == "v" else 1]
        found = np.interp(times, ours.time / tau, ours[name])
        assert found == pytest.approx(np.interp(times, theirs.time, theirs[name]), abs=2e-6), name


def test_any_plastic_synapse_is_integrated_by_its_compiled_model(tmp_path: Path):
    (tmp_path / "rram_bounded.va").write_text(BOUNDED)
    (tmp_path / "bounded.toml").write_text(BOUNDED_CARD)
    bench = shown(RecurrentNetwork(rc.load_card(tmp_path / "bounded.toml"), 4, WEIGHTS), epochs=4)
    bench = replace(bench, probes=("v(*)", "w[*,*]", "current[0,1]", "conductance[1,0]"))
    ours, theirs = rc.simulate(bench, "numpy"), rc.simulate(bench)
    assert max(abs(theirs[f"w[{i},{j}]"][-1] - WEIGHTS[i, j]) for i, j in bench.design.pairs) > 0.1
    voltages, weights = apart(ours, theirs, bench)
    assert voltages < 2e-5
    assert weights < 5e-6
    with pytest.raises(rc.ParameterError, match="a synapse of the module rram_bounded need not follow"):
        rc.simulate(replace(bench, probes=()), "network")


def test_a_synapse_that_leaves_its_bounds_fails_the_run(tmp_path: Path):
    text = BOUNDED.replace(" * (1 - w * w / (w_max * w_max))", "").replace("w_max = 0.5", "w_max = 0.1")
    text = text.replace("learning_rate = 0.05", "learning_rate = 1.0")
    (tmp_path / "rram_bounded.va").write_text(text)
    (tmp_path / "bounded.toml").write_text(BOUNDED_CARD)
    bench = shown(RecurrentNetwork(rc.load_card(tmp_path / "bounded.toml"), 4, 0.3 * WEIGHTS), epochs=4)
    with pytest.raises(rc.SimulationError, match=r"w of x(w|twin)_\d_\d left its bounds -0.1 ... 0.1"):
        rc.simulate(bench, "numpy")


BENCH = recurrent_bench("plastic_zoppo2019", 3)


@pytest.mark.parametrize(
    ("engine", "bench", "said"),
    [
        ("numpy", replace(BENCH, analysis=rc.OperatingPoint()), "it does a Transient, no OperatingPoint; ngspice"),
        ("network", replace(BENCH, probes=("current[0,1]",)), r"it has no current\[0,1\]; of synapses it has w"),
        ("numpy", replace(BENCH, stimuli={"in": rc.Constant(1.0, "A")}), r"\['in0'\]: this line takes a voltage"),
        ("numpy", replace(BENCH, cycle_noise=rc.CycleNoise([0.0])), "a plastic synapse has no noise terminal"),
    ],
)
def test_what_they_cannot_do_is_refused_with_what_can(engine, bench, said):
    with pytest.raises(rc.ParameterError, match=said):
        rc.simulate(bench, engine)


def test_rules_of_spikes_and_spikes_are_none_of_theirs():
    with pytest.raises(rc.ParameterError, match=r"learns by equation \(20\)"):
        rc.simulate(BENCH, "network", rule=rc.song())
    with pytest.raises(rc.ParameterError, match="has no spiking neurons"):
        rc.simulate(BENCH, "numpy", spikes=([0.1], [0]))


def test_a_run_that_is_stopped_keeps_what_was_computed(tmp_path: Path):
    with pytest.raises(rc.SimulationError, match=r"stopped after the time limit"):
        rc.simulate(replace(BENCH, analysis=rc.Transient(1e5, 0.01)), "numpy", output=tmp_path / "run", timeout=0.5)
    assert rc.load_run(tmp_path / "run").time[-1] > 0.1
