"""rramcirc: RRAM circuits from Verilog-A compact models to waveforms.

Names are loaded when they are first used, so that ``import rramcirc`` stays fast.
"""

from __future__ import annotations

from importlib import import_module

__version__ = "0.1.0"

_HOME = {
    "errors": (
        "RramcircError",
        "ParameterError",
        "NetlistError",
        "ModelCompileError",
        "SimulationError",
        "WaveformError",
        "EnvironmentProblem",
    ),
    "devices.card": ("ModelCard", "load_card", "card_names"),
    "devices.veriloga": ("find_module", "read_modules", "compile_module"),
    "design": (
        "Cell",
        "Crossbar",
        "Defects",
        "HopfieldNetwork",
        "LifNeuron",
        "Line",
        "Perceptron",
        "Readout",
        "ReadoutArray",
        "RecurrentNetwork",
        "with_state",
    ),
    "stimuli": ("Constant", "Floating", "PiecewiseLinear", "Pulse", "PulseTrain", "SpikeTrain", "sample", "triangle"),
    "devices.pulsed": ("PulseExponential",),
    "devices.variability": ("sample_devices", "read_noise", "random_telegraph"),
    "testbench": (
        "Ac",
        "CycleNoise",
        "DcSweep",
        "Noise",
        "OperatingPoint",
        "Testbench",
        "Transient",
        "VectorSweep",
        "cycle_starts",
        "half_select",
    ),
    "noise": ("integrated_noise",),
    "waveforms": ("Signal", "Waveforms"),
    "netlist": ("Netlist",),
    "circuits": ("build_circuit", "build_netlist"),
    "circuits.pyspice": ("required_osdi", "subcircuit"),
    "ngspice.shared": ("run_live",),
    "devices.compiled": ("CompiledDevices",),
    "devices.conductance": ("states_for_conductance",),
    "devices.reading": ("read_current",),
    "behavioural.products": ("linear_matrix", "multiply"),
    "behavioural.product_lines": ("product_bench",),
    "benchfile": ("load_bench", "save_bench"),
    "spike_trains": ("poisson_trains",),
    "behavioural.network": (
        "MembraneNeuron",
        "Phase",
        "PulseCurve",
        "ResistiveSynapse",
        "SoftBounded",
        "SpikingNetwork",
    ),
    "devices.pulse_table": ("PulseTable", "load_table"),
    "behavioural.network_run": ("run_network", "recall"),
    "compare": ("simulate_both",),
    "runs": ("load_run",),
    "simulation": ("simulate", "simulate_netlist"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}
__all__ = sorted([*_MODULE_OF, "__version__"])


def __getattr__(name: str) -> object:
    if name in _MODULE_OF:
        return getattr(import_module(f"rramcirc.{_MODULE_OF[name]}"), name)
    raise AttributeError(f"module 'rramcirc' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
