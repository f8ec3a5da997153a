# Written by docs/regenerate.py from the table in __init__.py.
from rramcirc.analysis.counts import (
    Count as Count,
    counted as counted,
)
from rramcirc.analysis.expressions import evaluate as evaluate
from rramcirc.analysis.levels import (
    StateLevels as StateLevels,
    Transitions as Transitions,
    state_levels as state_levels,
    transitions as transitions,
)
from rramcirc.analysis.measure import measure as measure
from rramcirc.analysis.measurements import (
    clip as clip,
    crossings as crossings,
    energy as energy,
    final as final,
    integral as integral,
    maximum as maximum,
    mean as mean,
    minimum as minimum,
    reset_voltage as reset_voltage,
    resistance as resistance,
    rms as rms,
    set_voltage as set_voltage,
    time_to_final as time_to_final,
    value_at as value_at,
)
from rramcirc.analysis.noise import integrated_noise as integrated_noise
from rramcirc.analysis.readings import (
    cell_energies as cell_energies,
    line_energies as line_energies,
    network_energies as network_energies,
    read_conductance as read_conductance,
)
from rramcirc.analysis.spikes import (
    IntervalStatistics as IntervalStatistics,
    StdpWindow as StdpWindow,
    accuracy as accuracy,
    confusion_table as confusion_table,
    firing_rate as firing_rate,
    fit_stdp_window as fit_stdp_window,
    interval_overlap as interval_overlap,
    interval_statistics as interval_statistics,
    matched_spikes as matched_spikes,
    overlap_time as overlap_time,
    rate_curve as rate_curve,
    recall_overlap as recall_overlap,
    spike_times as spike_times,
)
from rramcirc.analysis.timing import (
    delay as delay,
    duty_cycle as duty_cycle,
    fall_time as fall_time,
    frequency as frequency,
    high_level as high_level,
    inter_spike_interval as inter_spike_interval,
    low_level as low_level,
    overshoot as overshoot,
    period as period,
    pulse_width as pulse_width,
    rise_time as rise_time,
    settling_time as settling_time,
    slew_rate as slew_rate,
    spike_count as spike_count,
)
from rramcirc.basics.errors import (
    EnvironmentProblem as EnvironmentProblem,
    ModelCompileError as ModelCompileError,
    NetlistError as NetlistError,
    ParameterError as ParameterError,
    RramcircError as RramcircError,
    SimulationError as SimulationError,
    WaveformError as WaveformError,
)
from rramcirc.basics.version import __version__ as __version__
from rramcirc.bench.analyses import (
    Ac as Ac,
    DcSweep as DcSweep,
    Noise as Noise,
    OperatingPoint as OperatingPoint,
    Transient as Transient,
    VectorSweep as VectorSweep,
)
from rramcirc.bench.design import Design as Design
from rramcirc.bench.file.write import save_bench as save_bench
from rramcirc.bench.phases import RunPhase as RunPhase
from rramcirc.bench.presentations import (
    Presentation as Presentation,
    presentation_stimuli as presentation_stimuli,
)
from rramcirc.bench.spike_pulses import (
    BipolarPulse as BipolarPulse,
    GatePulse as GatePulse,
    train_stimuli as train_stimuli,
)
from rramcirc.bench.spike_sources import (
    pattern_train as pattern_train,
    read_train as read_train,
    regular_train as regular_train,
    seeded_train as seeded_train,
    split_train as split_train,
    write_train as write_train,
)
from rramcirc.bench.spike_trains import poisson_trains as poisson_trains
from rramcirc.bench.stimuli import (
    Constant as Constant,
    Floating as Floating,
    PiecewiseLinear as PiecewiseLinear,
    Pulse as Pulse,
    PulseTrain as PulseTrain,
    SpikeTrain as SpikeTrain,
    breakpoints as breakpoints,
    pulse_sequence as pulse_sequence,
    sample as sample,
    triangle as triangle,
)
from rramcirc.bench.synapse_pulses import (
    SynapsePulses as SynapsePulses,
    gate_stimulus as gate_stimulus,
    overlaps as overlaps,
    te_stimulus as te_stimulus,
)
from rramcirc.bench.testbench import (
    CycleNoise as CycleNoise,
    Testbench as Testbench,
    cycle_starts as cycle_starts,
)
from rramcirc.circuits import elements as elements
from rramcirc.circuits.array.cell import Cell as Cell
from rramcirc.circuits.array.crossbar import Crossbar as Crossbar
from rramcirc.circuits.array.defects import Defects as Defects
from rramcirc.circuits.array.half_select import half_select as half_select
from rramcirc.circuits.array.line import Line as Line
from rramcirc.circuits.bench_file import (
    load_bench as load_bench,
    with_settings as with_settings,
)
from rramcirc.circuits.elements import Circuit as Circuit
from rramcirc.circuits.network.networks import (
    HopfieldNetwork as HopfieldNetwork,
    Perceptron as Perceptron,
)
from rramcirc.circuits.neuron.neuron import LifNeuron as LifNeuron
from rramcirc.circuits.readout.readout import (
    Readout as Readout,
    ReadoutArray as ReadoutArray,
)
from rramcirc.circuits.recurrent.recurrent import RecurrentNetwork as RecurrentNetwork
from rramcirc.circuits.request import Request as Request
from rramcirc.circuits.states import with_state as with_state
from rramcirc.circuits.synapse.pulses import (
    SpikePair as SpikePair,
    synapse_array as synapse_array,
    synapse_bench as synapse_bench,
)
from rramcirc.circuits.table import (
    OwnDesign as OwnDesign,
    build_circuit as build_circuit,
    default_bench as default_bench,
    draw as draw,
)
from rramcirc.cli.examination import examine as doctor
from rramcirc.devices.cards.card import (
    card_names as card_names,
    load_card as load_card,
)
from rramcirc.devices.cards.model_card import ModelCard as ModelCard
from rramcirc.devices.cards.variability import (
    random_telegraph as random_telegraph,
    read_noise as read_noise,
    sample_devices as sample_devices,
)
from rramcirc.devices.compiled.conductance import states_for_conductance as states_for_conductance
from rramcirc.devices.compiled.devices import CompiledDevices as CompiledDevices
from rramcirc.devices.compiled.reading import read_current as read_current
from rramcirc.devices.pulses.exponential import PulseExponential as PulseExponential
from rramcirc.devices.pulses.table import (
    PulseTable as PulseTable,
    load_table as load_table,
)
from rramcirc.devices.veriloga.compile import compile_module as compile_module
from rramcirc.devices.veriloga.declaration_reader import read_modules as read_modules
from rramcirc.devices.veriloga.library import (
    find_module as find_module,
    library as library,
)
from rramcirc.devices.veriloga.lint.fix import repair as repair
from rramcirc.devices.veriloga.lint.lint import lint as lint
from rramcirc.engines.array.product_lines import product_bench as product_bench
from rramcirc.engines.array.products import (
    linear_matrix as linear_matrix,
    multiply as multiply,
)
from rramcirc.engines.build import build_netlist as build_netlist
from rramcirc.engines.compare import simulate_both as simulate_both
from rramcirc.engines.netlist import Netlist as Netlist
from rramcirc.engines.network.network import (
    MembraneNeuron as MembraneNeuron,
    Phase as Phase,
    ResistiveSynapse as ResistiveSynapse,
    SpikingNetwork as SpikingNetwork,
)
from rramcirc.engines.network.rules import (
    PulseCurve as PulseCurve,
    SoftBounded as SoftBounded,
)
from rramcirc.engines.network.run import (
    recall as recall,
    run_network as run_network,
)
from rramcirc.engines.network.spike_rules import (
    SpikeRule as SpikeRule,
    bi_poo as bi_poo,
    pair_rule as pair_rule,
    pfister as pfister,
    rate_rule as rate_rule,
    song as song,
    tanh_rule as tanh_rule,
    triplet_rule as triplet_rule,
    window_of as window_of,
)
from rramcirc.engines.ngspice.spelling import subcircuit_files as subcircuit_files
from rramcirc.engines.pyspice.blocks import (
    required_osdi as required_osdi,
    subcircuit as subcircuit,
    to_pyspice as to_pyspice,
)
from rramcirc.engines.pyspice.live import run_live as run_live
from rramcirc.engines.pyspice.results import from_pyspice as from_pyspice
from rramcirc.engines.simulation import (
    simulate as simulate,
    simulate_netlist as simulate_netlist,
)
from rramcirc.figures.networks import (
    plot_energy as plot_energy,
    plot_learning as plot_learning,
    plot_raster as plot_raster,
    plot_weights as plot_weights,
    synapse_waves as synapse_waves,
)
from rramcirc.figures.page.write import (
    view as view,
    write_page as write_page,
)
from rramcirc.figures.style import printed as printed
from rramcirc.figures.waveforms import (
    plot as plot,
    plot_butterfly as plot_butterfly,
    plot_waveforms as plot_waveforms,
)
from rramcirc.papers.reproduction import (
    Reproduction as Reproduction,
    experiment_names as experiment_names,
    load_experiment as load_experiment,
    reproduce as reproduce,
)
from rramcirc.studies import study as study
from rramcirc.studies.characterise import (
    PulseGrid as PulseGrid,
    characterise as characterise,
    stored_table as stored_table,
)
from rramcirc.studies.check.check_model import check_model as check_model
from rramcirc.studies.doors.synapse import stdp as stdp
from rramcirc.studies.fit.data import read_measurement as read_measurement
from rramcirc.studies.fit.fit import fit as fit
from rramcirc.studies.fit.population import fit_population as fit_population
from rramcirc.studies.fit.population_report import write_population as write_population
from rramcirc.studies.fit.report import write_fit as write_fit
from rramcirc.studies.fit.settings import Settings as FitSettings
from rramcirc.sweeps.figure import plot_sweep as plot_sweep
from rramcirc.sweeps.file import (
    SweepFile as SweepFile,
    read_sweep as read_sweep,
)
from rramcirc.sweeps.indices import (
    plot_indices as plot_indices,
    sensitivity_indices as sensitivity_indices,
)
from rramcirc.sweeps.page import write_sweep_page as write_sweep_page
from rramcirc.sweeps.result import (
    SweepResult as SweepResult,
    load_sweep as load_sweep,
)
from rramcirc.sweeps.specs import (
    Spec as Spec,
    spec_table as spec_table,
)
from rramcirc.sweeps.sweep import sweep as sweep
from rramcirc.waveforms.folder import load_run as load_run
from rramcirc.waveforms.foreign import read_any as read_any
from rramcirc.waveforms.raw import (
    read_raw as read_raw,
    write_raw as write_raw,
)
from rramcirc.waveforms.spikes import Spikes as Spikes
from rramcirc.waveforms.waveforms import (
    Signal as Signal,
    Waveforms as Waveforms,
)

__all__ = [
    "Ac",
    "BipolarPulse",
    "Cell",
    "Circuit",
    "CompiledDevices",
    "Constant",
    "Count",
    "Crossbar",
    "CycleNoise",
    "DcSweep",
    "Defects",
    "Design",
    "EnvironmentProblem",
    "FitSettings",
    "Floating",
    "GatePulse",
    "HopfieldNetwork",
    "IntervalStatistics",
    "LifNeuron",
    "Line",
    "MembraneNeuron",
    "ModelCard",
    "ModelCompileError",
    "Netlist",
    "NetlistError",
    "Noise",
    "OperatingPoint",
    "OwnDesign",
    "ParameterError",
    "Perceptron",
    "Phase",
    "PiecewiseLinear",
    "Presentation",
    "Pulse",
    "PulseCurve",
    "PulseExponential",
    "PulseGrid",
    "PulseTable",
    "PulseTrain",
    "Readout",
    "ReadoutArray",
    "RecurrentNetwork",
    "Reproduction",
    "Request",
    "ResistiveSynapse",
    "RramcircError",
    "RunPhase",
    "Signal",
    "SimulationError",
    "SoftBounded",
    "Spec",
    "SpikePair",
    "SpikeRule",
    "SpikeTrain",
    "Spikes",
    "SpikingNetwork",
    "StateLevels",
    "StdpWindow",
    "SweepFile",
    "SweepResult",
    "SynapsePulses",
    "Testbench",
    "Transient",
    "Transitions",
    "VectorSweep",
    "WaveformError",
    "Waveforms",
    "__version__",
    "accuracy",
    "bi_poo",
    "breakpoints",
    "build_circuit",
    "build_netlist",
    "card_names",
    "cell_energies",
    "characterise",
    "check_model",
    "clip",
    "compile_module",
    "confusion_table",
    "counted",
    "crossings",
    "cycle_starts",
    "default_bench",
    "delay",
    "doctor",
    "draw",
    "duty_cycle",
    "elements",
    "energy",
    "evaluate",
    "experiment_names",
    "fall_time",
    "final",
    "find_module",
    "firing_rate",
    "fit",
    "fit_population",
    "fit_stdp_window",
    "frequency",
    "from_pyspice",
    "gate_stimulus",
    "half_select",
    "high_level",
    "integral",
    "integrated_noise",
    "inter_spike_interval",
    "interval_overlap",
    "interval_statistics",
    "library",
    "line_energies",
    "linear_matrix",
    "lint",
    "load_bench",
    "load_card",
    "load_experiment",
    "load_run",
    "load_sweep",
    "load_table",
    "low_level",
    "matched_spikes",
    "maximum",
    "mean",
    "measure",
    "minimum",
    "multiply",
    "network_energies",
    "overlap_time",
    "overlaps",
    "overshoot",
    "pair_rule",
    "pattern_train",
    "period",
    "pfister",
    "plot",
    "plot_butterfly",
    "plot_energy",
    "plot_indices",
    "plot_learning",
    "plot_raster",
    "plot_sweep",
    "plot_waveforms",
    "plot_weights",
    "poisson_trains",
    "presentation_stimuli",
    "printed",
    "product_bench",
    "pulse_sequence",
    "pulse_width",
    "random_telegraph",
    "rate_curve",
    "rate_rule",
    "read_any",
    "read_conductance",
    "read_current",
    "read_measurement",
    "read_modules",
    "read_noise",
    "read_raw",
    "read_sweep",
    "read_train",
    "recall",
    "recall_overlap",
    "regular_train",
    "repair",
    "reproduce",
    "required_osdi",
    "reset_voltage",
    "resistance",
    "rise_time",
    "rms",
    "run_live",
    "run_network",
    "sample",
    "sample_devices",
    "save_bench",
    "seeded_train",
    "sensitivity_indices",
    "set_voltage",
    "settling_time",
    "simulate",
    "simulate_both",
    "simulate_netlist",
    "slew_rate",
    "song",
    "spec_table",
    "spike_count",
    "spike_times",
    "split_train",
    "state_levels",
    "states_for_conductance",
    "stdp",
    "stored_table",
    "study",
    "subcircuit",
    "subcircuit_files",
    "sweep",
    "synapse_array",
    "synapse_bench",
    "synapse_waves",
    "tanh_rule",
    "te_stimulus",
    "time_to_final",
    "to_pyspice",
    "train_stimuli",
    "transitions",
    "triangle",
    "triplet_rule",
    "value_at",
    "view",
    "window_of",
    "with_settings",
    "with_state",
    "write_fit",
    "write_page",
    "write_population",
    "write_raw",
    "write_sweep_page",
    "write_train",
]

def __dir__() -> list[str]: ...
