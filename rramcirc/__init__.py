"""rramcirc: RRAM circuits from Verilog-A compact models to waveforms.

Names are loaded when they are first used, so that ``import rramcirc`` stays fast.
"""

from __future__ import annotations

from importlib import import_module

from rramcirc.basics.version import __version__ as __version__

_HOME = {
    "basics.errors": (
        "RramcircError",
        "ParameterError",
        "NetlistError",
        "ModelCompileError",
        "SimulationError",
        "WaveformError",
        "EnvironmentProblem",
    ),
    "devices.cards.model_card": ("ModelCard",),
    "devices.cards.card": ("load_card", "card_names"),
    "devices.veriloga.library": ("find_module",),
    "devices.veriloga.declaration_reader": ("read_modules",),
    "devices.veriloga.compile": ("compile_module",),
    "circuits.array.cell": ("Cell",),
    "circuits.array.crossbar": ("Crossbar",),
    "circuits.array.defects": ("Defects",),
    "circuits.network.networks": ("HopfieldNetwork", "Perceptron"),
    "circuits.neuron.neuron": ("LifNeuron",),
    "circuits.array.line": ("Line",),
    "circuits.readout.readout": ("Readout", "ReadoutArray"),
    "circuits.recurrent.recurrent": ("RecurrentNetwork",),
    "circuits.array.half_select": ("half_select",),
    "circuits.array.states": ("with_state",),
    "bench.stimuli": (
        "Constant",
        "Floating",
        "PiecewiseLinear",
        "Pulse",
        "PulseTrain",
        "SpikeTrain",
        "sample",
        "triangle",
    ),
    "devices.pulses.exponential": ("PulseExponential",),
    "devices.cards.variability": ("sample_devices", "read_noise", "random_telegraph"),
    "bench.analyses": ("Ac", "DcSweep", "Noise", "OperatingPoint", "Transient", "VectorSweep"),
    "bench.testbench": ("CycleNoise", "Testbench", "cycle_starts"),
    "analysis.noise": ("integrated_noise",),
    "waveforms.waveforms": ("Signal", "Waveforms"),
    "engines.netlist": ("Netlist",),
    "circuits.table": ("build_circuit", "draw"),
    "engines.build": ("build_netlist",),
    "engines.pyspice.blocks": ("required_osdi", "subcircuit", "to_pyspice"),
    "engines.pyspice.live": ("run_live",),
    "devices.compiled.devices": ("CompiledDevices",),
    "devices.compiled.conductance": ("states_for_conductance",),
    "devices.compiled.reading": ("read_current",),
    "engines.array.products": ("linear_matrix", "multiply"),
    "engines.array.product_lines": ("product_bench",),
    "bench.file.write": ("save_bench",),
    "circuits.bench_file": ("load_bench",),
    "bench.spike_trains": ("poisson_trains",),
    "engines.network.network": (
        "MembraneNeuron",
        "Phase",
        "PulseCurve",
        "ResistiveSynapse",
        "SoftBounded",
        "SpikingNetwork",
    ),
    "devices.pulses.table": ("PulseTable", "load_table"),
    "engines.network.run": ("run_network", "recall"),
    "engines.compare": ("simulate_both",),
    "waveforms.folder": ("load_run",),
    "engines.simulation": ("simulate", "simulate_netlist"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}
__all__ = sorted([*_MODULE_OF, "__version__"])


def __getattr__(name: str) -> object:
    if name in _MODULE_OF:
        return getattr(import_module(f"rramcirc.{_MODULE_OF[name]}"), name)
    raise AttributeError(f"module 'rramcirc' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
