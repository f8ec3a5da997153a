"""rramcirc: RRAM circuits from Verilog-A compact models to waveforms.

Everything that the command line does is one call here. Names are loaded when they are first used, so that
``import rramcirc`` stays fast; `docs/reference.md` lists them.
"""

from __future__ import annotations

from importlib import import_module

from rramcirc.basics.version import __version__ as __version__

# module -> names that it gives; ``name as alias`` is called alias here. Circuits come from the table, which also draws
# them. `__init__.pyi` says the same to editors and type checkers.
_HOME = {
    "basics.errors": (
        "RramcircError", "ParameterError", "NetlistError", "ModelCompileError", "SimulationError", "WaveformError",
        "EnvironmentProblem",
    ),
    "waveforms.waveforms": ("Signal", "Waveforms"),
    "waveforms.spikes": ("Spikes",),
    "waveforms.raw": ("read_raw", "write_raw"),
    "waveforms.foreign": ("read_any",),
    "waveforms.folder": ("load_run",),
    "devices.veriloga.library": ("find_module", "library"),
    "devices.veriloga.declaration_reader": ("read_modules",),
    "devices.veriloga.compile": ("compile_module",),
    "devices.veriloga.lint.lint": ("lint",),
    "devices.veriloga.lint.fix": ("repair",),
    "devices.cards.model_card": ("ModelCard",),
    "devices.cards.card": ("load_card", "card_names"),
    "devices.cards.variability": ("sample_devices", "read_noise", "random_telegraph"),
    "devices.compiled.devices": ("CompiledDevices",),
    "devices.compiled.conductance": ("states_for_conductance",),
    "devices.compiled.reading": ("read_current",),
    "devices.pulses.exponential": ("PulseExponential",),
    "devices.pulses.table": ("PulseTable", "load_table"),
    "bench.analyses": ("Ac", "DcSweep", "Noise", "OperatingPoint", "Transient", "VectorSweep"),
    "bench.stimuli": (
        "Constant", "Floating", "PiecewiseLinear", "Pulse", "PulseTrain", "SpikeTrain", "breakpoints",
        "pulse_sequence", "sample", "triangle",
    ),
    "bench.design": ("Design",),
    "bench.presentations": ("Presentation", "presentation_stimuli"),
    "bench.spike_trains": ("poisson_trains",),
    "bench.spike_pulses": ("BipolarPulse", "GatePulse", "train_stimuli"),
    "bench.synapse_pulses": ("SynapsePulses", "gate_stimulus", "overlaps", "te_stimulus"),
    "bench.spike_sources": (
        "pattern_train", "read_train", "regular_train", "seeded_train", "split_train", "write_train",
    ),
    "bench.phases": ("RunPhase",),
    "bench.testbench": ("CycleNoise", "Testbench", "cycle_starts"),
    "bench.file.write": ("save_bench",),
    "analysis.noise": ("integrated_noise",),
    "analysis.counts": ("Count", "counted"),
    "analysis.spikes": (
        "IntervalStatistics", "StdpWindow", "accuracy", "confusion_table", "firing_rate", "fit_stdp_window",
        "interval_overlap", "interval_statistics", "matched_spikes", "overlap_time", "rate_curve", "recall_overlap",
        "spike_times",
    ),
    "analysis.expressions": ("evaluate",),
    "analysis.measurements": (
        "clip", "crossings", "energy", "final", "integral", "maximum", "mean", "minimum", "reset_voltage", "resistance",
        "rms", "set_voltage", "time_to_final", "value_at",
    ),
    "analysis.levels": ("StateLevels", "Transitions", "state_levels", "transitions"),
    "analysis.timing": (
        "delay", "duty_cycle", "fall_time", "frequency", "high_level", "inter_spike_interval", "low_level", "overshoot",
        "period", "pulse_width", "rise_time", "settling_time", "slew_rate", "spike_count",
    ),
    "analysis.measure": ("measure",),
    "analysis.readings": ("cell_energies", "line_energies", "network_energies", "read_conductance"),
    "circuits.request": ("Request",),
    "circuits.elements": ("Circuit",),
    "circuits.array.line": ("Line",),
    "circuits.array.defects": ("Defects",),
    "circuits.array.half_select": ("half_select",),
    "circuits.states": ("with_state",),
    "circuits.synapse.pulses": (
        "SpikePair", "synapse_array", "synapse_bench",
    ),
    "circuits.table": (
        "Cell", "Crossbar", "HopfieldNetwork", "LifNeuron", "OwnDesign", "Perceptron", "Readout", "ReadoutArray",
        "RecurrentNetwork", "build_circuit", "default_bench", "draw",
    ),
    "circuits.bench_file": ("load_bench", "with_settings"),
    "figures.waveforms": ("plot", "plot_butterfly", "plot_waveforms"),
    "figures.networks": ("plot_energy", "plot_learning", "plot_raster", "plot_weights", "synapse_waves"),
    "figures.page.write": ("view", "write_page"),
    "engines.netlist": ("Netlist",),
    "engines.build": ("build_netlist",),
    "engines.array.products": ("linear_matrix", "multiply"),
    "engines.array.product_lines": ("product_bench",),
    "engines.network.network": (
        "MembraneNeuron", "Phase", "PulseCurve", "ResistiveSynapse", "SoftBounded", "SpikingNetwork",
    ),
    "engines.network.run": ("run_network", "recall"),
    "engines.network.spike_rules": (
        "SpikeRule", "bi_poo", "pair_rule", "pfister", "rate_rule", "song", "tanh_rule", "triplet_rule", "window_of",
    ),
    "engines.ngspice.spelling": ("subcircuit_files",),
    "engines.pyspice.blocks": ("required_osdi", "subcircuit", "to_pyspice"),
    "engines.pyspice.live": ("run_live",),
    "engines.pyspice.results": ("from_pyspice",),
    "engines.simulation": ("simulate", "simulate_netlist"),
    "engines.compare": ("simulate_both",),
    "figures.style": ("printed",),
    "sweeps.sweep": ("sweep",),
    "sweeps.result": ("SweepResult", "load_sweep"),
    "sweeps.file": ("SweepFile", "read_sweep"),
    "sweeps.figure": ("plot_sweep",),
    "sweeps.indices": ("plot_indices", "sensitivity_indices"),
    "sweeps.page": ("write_sweep_page",),
    "sweeps.specs": ("Spec", "spec_table"),
    "studies.characterise": ("PulseGrid", "characterise", "stored_table"),
    "studies.check.check_model": ("check_model",),
    "studies.doors.synapse": ("stdp",),
    "studies.fit.data": ("read_measurement",),
    "studies.fit.fit": ("fit",),
    "studies.fit.settings": ("Settings as FitSettings",),
    "studies.fit.report": ("write_fit",),
    "studies.fit.population": ("fit_population",),
    "studies.fit.population_report": ("write_population",),
    "papers.reproduction": ("Reproduction", "experiment_names", "load_experiment", "reproduce"),
    "cli.examination": ("examine as doctor",),
}  # fmt: skip
_MODULES = {"study": "studies.study", "elements": "circuits.elements"}
_PLACE_OF = {
    alias or name: (module, name)
    for module, names in _HOME.items()
    for name, _, alias in (entry.partition(" as ") for entry in names)
}
__all__ = sorted([*_PLACE_OF, *_MODULES, "__version__"])


def __getattr__(name: str) -> object:
    if name in _PLACE_OF:
        module, there = _PLACE_OF[name]
        return getattr(import_module(f"rramcirc.{module}"), there)
    if name in _MODULES:
        return import_module(f"rramcirc.{_MODULES[name]}")
    from rramcirc.basics.errors import nearest

    close = nearest(name, __all__)
    hint = f" Nearest: {', '.join(close)}." if close else ""
    raise AttributeError(f"module 'rramcirc' has no attribute {name!r}.{hint}")


def __dir__() -> list[str]:
    return __all__
