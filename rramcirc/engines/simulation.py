"""Simulate: a testbench or a netlist in, waveforms out."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rramcirc.basics.errors import (
    ParameterError,
    SimulationError,
    a_kind,
    shown,
    unknown_name,
)
from rramcirc.basics.memory import check_memory
from rramcirc.basics.units import format_number
from rramcirc.engines.netlist import Netlist
from rramcirc.engines.ngspice.deck import read_foreign
from rramcirc.engines.ngspice.dialects import behaviour_of, check_dialect
from rramcirc.engines.ngspice.overlooked import check_options
from rramcirc.engines.ngspice.result import Expected
from rramcirc.engines.ngspice.run import run_deck
from rramcirc.engines.noise import without_noise
from rramcirc.engines.outcome import Outcome
from rramcirc.engines.provenance import bench_origin, file_origin, netlist_origin
from rramcirc.engines.spike_marks import marked_spikes
from rramcirc.engines.states import not_followed, states_outside, without_extra
from rramcirc.engines.tolerances import coarser_bench, why_coarser
from rramcirc.engines.validity import outside_validity
from rramcirc.engines.verdict import finish
from rramcirc.waveforms.folder import NETLIST, RAW, main_plot, run_folder
from rramcirc.waveforms.raw import read_raw, write_raw
from rramcirc.waveforms.signals import read_signals
from rramcirc.waveforms.spikes import Spikes, load_spikes
from rramcirc.waveforms.waveforms import Waveforms

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from PySpice.Spice.Netlist import Circuit

    from rramcirc.bench.analyses import Analysis
    from rramcirc.bench.testbench import Testbench
    from rramcirc.engines.network.spike_rules import SpikeRule

ENGINES = ("ngspice", "vacask", "numpy", "network")
SPICE_BYTES = 14e3  # of ngspice, a cell with wires at 256 x 256; more above
Progress = Callable[[float], None]


def simulate(
    bench: Testbench | Netlist | Circuit,
    engine: str = "ngspice",
    *,
    analysis: Analysis | None = None,
    probes: Sequence[str] = (),
    output: Path | str | None = None,
    timeout: float | None = None,
    progress: Progress | None = None,
    spikes: Spikes | Waveforms | Path | str | tuple[ArrayLike, ArrayLike] | None = None,
    rule: SpikeRule | None = None,
) -> Waveforms:
    """Simulate a testbench and return its waveforms.

    Parameters
    ----------
    bench
        Design, stimuli and analysis; or a netlist made from them; or a PySpice circuit (ngspice only).
    engine
        ``"ngspice"``, ``"vacask"``, ``"numpy"`` (cells and crossbars of compiled models, all but AC, networks of
        ideal neurons at device level, and the circuit of a `RecurrentNetwork`), or ``"network"`` (networks whose
        synapses move along curves of their cell, or by a rule; equations (18)-(20) of a `RecurrentNetwork`).
    analysis, probes
        For a PySpice circuit, which has none: what to compute and what to record
        (:func:`rramcirc.engines.pyspice.netlist.netlist_of`).
    output
        Run folder to keep; without it the run leaves nothing behind unless it fails.
    timeout
        Wall-clock limit [s].
    progress
        Called with the simulated time [s] about twice a second.
    spikes
        Output spikes to replay: neurons of a network fire then, and only then (engines numpy and network). A run's
        waveforms or its folder, or (times [s], neurons).
    rule
        Learning rule of spikes in place of the cell's own switching (engine network only).

    Raises
    ------
    SimulationError
        If the simulation failed or its result cannot be trusted; what was computed is in the folder it names.
    """
    # a netlist file is run without what makes netlists; its 0.1 s of imports come with the first testbench
    from rramcirc.bench.testbench import Testbench, describe
    from rramcirc.engines.build import build_netlist, cells_of

    _check_call(output, timeout, progress)
    if engine not in ENGINES:
        raise ParameterError(
            unknown_name("engine", str(engine), ENGINES, "The engines are ngspice, vacask, numpy, network.")
        )
    if rule is not None and engine != "network":
        raise ParameterError(f"simulate: rule: only the engine network takes one, not {engine!r}.")
    if not isinstance(bench, Testbench):
        netlist = _given_netlist(bench, engine, analysis, probes)
        return _in_folder(output, lambda folder: _run_netlist(netlist, None, folder, timeout, progress))
    if engine in ("numpy", "network"):
        check_options(bench.options, "Testbench.options", engine)
    if engine == "numpy":
        return _in_folder(output, lambda folder: _run_numpy(bench, folder, timeout, progress, given_spikes(spikes)))
    if engine == "network":
        replay = given_spikes(spikes)
        return _in_folder(output, lambda folder: _run_network(bench, folder, timeout, progress, rule, replay))
    if spikes is not None:
        raise ParameterError(f"simulate: spikes are replayed by the engines numpy and network, not by {engine!r}.")
    if analysis is not None or probes:
        raise ParameterError("simulate: analysis and probes are for PySpice circuits; a testbench has its own.")
    check_memory(f"{engine}: {describe(bench.design)}", cells_of(bench.design), SPICE_BYTES, 4e-4)
    netlist = build_netlist(bench, engine)
    if engine == "ngspice":
        check_options(bench.options, "Testbench.options")
    return _in_folder(output, lambda folder: _run_netlist(netlist, bench, folder, timeout, progress))


def _given_netlist(
    circuit: Netlist | Circuit, engine: str, analysis: Analysis | None, probes: Sequence[str]
) -> Netlist:
    """Return the netlist that is given, or the one of a PySpice circuit; it must be one for `engine`."""
    from rramcirc.bench.design import Design
    from rramcirc.circuits.table import needs_bench

    if isinstance(circuit, Design):
        raise ParameterError(f"simulate: {needs_bench(circuit)}")
    if engine in ("numpy", "network"):
        raise ParameterError(f"simulate: engine {engine!r} needs a testbench, not {a_kind(circuit)}.")
    if not isinstance(circuit, Netlist):
        from rramcirc.engines.pyspice.blocks import is_pyspice
        from rramcirc.engines.pyspice.netlist import netlist_of

        if not is_pyspice(circuit):
            raise ParameterError(f"simulate: {a_kind(circuit)} is no testbench, netlist or PySpice circuit.")
        circuit = netlist_of(circuit, analysis, probes)
    if circuit.simulator != engine:
        raise ParameterError(f"simulate: the netlist is one for {circuit.simulator}; engine={engine!r} cannot run it.")
    return circuit


def simulate_netlist(
    path: Path | str,
    *,
    output: Path | str | None = None,
    timeout: float | None = None,
    progress: Progress | None = None,
    options: Mapping[str, str] | None = None,
    temperature: float | None = None,
    trust: bool = False,
    allow_failed_meas: bool = False,
    allow_read: Sequence[Path | str] | Path | str = (),
    dialect: str = "ngspice",
) -> Waveforms:
    """Run a netlist file in ngspice and return its waveforms.

    Parameters
    ----------
    path
        A netlist that rramcirc wrote, or any other.
    output, timeout, progress
        As for `simulate`: run folder, wall-clock limit [s], function of the simulated time [s].
    options, temperature
        Simulator options and ambient temperature [K] that win over those of the netlist.
    trust
        Run it even if it reads, writes or loads what lies outside its folder.
    allow_failed_meas
        Take a ``.meas`` that failed for a remark; otherwise it fails the run.
    allow_read
        Folders beside its own that it may read without trust, such as that of a design kit.
    dialect
        Whose netlist it is: ``ngspice``, ``ltspice``, ``hspice`` or ``pspice``; ngspice's `ngbehavior` follows it.

    Returns
    -------
    Waveforms
        The results of ``.meas`` are in ``provenance["measurements"]``.

    Raises
    ------
    NetlistError, ParameterError
        If it cannot be read, must not be run without trust, or an option is none of ngspice.
    SimulationError
        If the simulation failed or its result cannot be trusted; what was computed is in the folder it names.
    """
    _check_call(output, timeout, progress)
    if not isinstance(path, (str, os.PathLike)):
        raise ParameterError(f"path: {shown(path)} is not the name of a netlist.")
    path = Path(path)
    behaviour = behaviour_of(dialect)
    deck = read_foreign(path, options, temperature, trust, allow_read, limited=timeout is not None)
    if not trust:
        check_dialect(deck.content.decode(errors="replace"), dialect)
    given = dict(options or {}) | ({"ngbehavior": behaviour} if behaviour else {})
    signals = read_signals(path)
    if output is not None and path.resolve().is_relative_to(Path(output).resolve()):
        raise ParameterError(f"{path} lies in the run folder {output}, which is emptied first. Choose another with -o.")

    def run(folder: Path) -> Waveforms:
        deck.write(folder / NETLIST)
        vectors = (*deck.expected.vectors, *(signal.vector for signal in signals))
        expected = replace(deck.expected, vectors=vectors, ours=bool(signals), allow_failed=allow_failed_meas)
        outcome = run_deck(
            folder, expected=expected, reads=deck.reads, timeout=timeout, progress=progress, dialect=dialect
        )
        models = [file for file, _ in deck.files if file.suffix == ".osdi"]
        origin = file_origin(path, deck.sha256, models, given, temperature, bool(signals))
        return finish(replace(outcome, signals=tuple(signals)), folder, origin)

    return _in_folder(output, run)


def given_spikes(spikes: Spikes | Waveforms | Path | str | tuple[ArrayLike, ArrayLike] | None) -> Spikes | None:
    """Return the output spikes of waveforms or a run folder, or those that are given.

    Raises
    ------
    ParameterError
        If there are none in it.
    """
    if isinstance(spikes, (str, os.PathLike)):
        found = load_spikes(Path(spikes))
    elif isinstance(spikes, Waveforms):
        found = spikes.spikes
    elif isinstance(spikes, tuple) and len(spikes) == 2:
        return Spikes(*spikes)
    elif spikes is None or isinstance(spikes, Spikes):
        return spikes
    else:
        raise ParameterError(f"simulate: spikes: {shown(spikes)} is no run of a network, nor (times, neurons).")
    if found is None:
        raise ParameterError(f"simulate: spikes: {shown(spikes)} is no run of a network.")
    return found


def _check_call(output: object, timeout: object, progress: object) -> None:
    if output is not None and not isinstance(output, (str, os.PathLike)):
        raise ParameterError(f"output: {shown(output)} is not the name of a folder.")
    if timeout is not None and (not isinstance(timeout, (int, float)) or isinstance(timeout, bool) or not timeout > 0):
        raise ParameterError(f"timeout: {shown(timeout)} is not a positive number of seconds.")
    if progress is not None and not callable(progress):
        raise ParameterError(f"progress: {shown(progress)} cannot be called.")


def _in_folder(output: Path | str | None, run: Callable[[Path], Waveforms]) -> Waveforms:
    """Call `run` with the run folder; a temporary one goes when all went well (read columns stay valid)."""
    if output is not None:
        with run_folder(Path(output)) as folder:
            return run(folder)
    folder = Path(tempfile.mkdtemp(prefix="rramcirc-"))
    keep = False
    try:
        return run(folder)
    except (SimulationError, KeyboardInterrupt):
        keep = True
        raise
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _run_netlist(
    netlist: Netlist, bench: Testbench | None, folder: Path, timeout: float | None, progress: Progress | None
) -> Waveforms:
    """Run a netlist in its simulator; `bench` is what it was made from."""
    from rramcirc.engines.build import build_netlist

    outcome = _attempt(netlist, bench, folder, timeout, progress)
    coarser = coarser_bench(bench, netlist.simulator, outcome.problems)
    if coarser is not None:
        netlist, told = build_netlist(coarser, netlist.simulator), why_coarser(netlist.simulator, outcome.problems)
        outcome = _attempt(netlist, coarser, folder, timeout, progress)
        outcome = replace(outcome, remarks=(told, *outcome.remarks))
    if netlist.analysis == "noise":
        quiet = without_noise(model.path for model in netlist.compiled)
        outcome = replace(outcome, remarks=(*outcome.remarks, *quiet))
    return finish(outcome, folder, netlist_origin(netlist) if bench is None else bench_origin(bench, netlist))


def _attempt(
    netlist: Netlist, bench: Testbench | None, folder: Path, timeout: float | None, progress: Progress | None
) -> Outcome:
    """Run a netlist once in its simulator."""
    if netlist.simulator == "vacask":
        from rramcirc.engines.vacask.run import run_netlist

        return run_netlist(netlist, folder, timeout, progress, bench)
    return _run_ngspice(netlist, bench, folder, timeout, progress)


def _run_ngspice(
    netlist: Netlist, bench: Testbench | None, folder: Path, timeout: float | None, progress: Progress | None
) -> Outcome:
    netlist.write(folder / NETLIST)
    expected = Expected(
        vectors=tuple(s.vector for s in netlist.signals),
        stop=netlist.stop,
        analyses=(netlist.analysis,),
        celsius=bench.temperature - 273.15 if bench is not None else None,
        ours=True,
    )
    outcome = run_deck(folder, expected=expected, timeout=timeout, progress=progress)
    outcome = replace(outcome, signals=netlist.signals)
    if bench is not None and any("Timestep too small" in problem for problem in outcome.problems):
        outcome = replace(outcome, problems=(*outcome.problems, least_step(bench)))
    plot = main_plot(outcome.plots)
    if netlist.spikes and plot is not None:
        outcome = replace(outcome, spikes=marked_spikes(netlist.spikes, plot))
    if netlist.states or netlist.devices or netlist.spikes:
        outcome = _watched(outcome, netlist, folder, bench)
    plot = main_plot(outcome.plots)
    if bench is not None and outcome.status == "done" and plot is not None:
        from rramcirc.engines.driven import undriven_lines

        lies = undriven_lines(bench, Waveforms.from_raw(plot, netlist.signals))
        if lies:
            lies.append("the solution is wrong: with KLU, ngspice 46 does this if a node's voltage is used by nothing")
            outcome = replace(outcome, status="failed", problems=(*outcome.problems, *lies))
    return outcome


def _watched(outcome: Outcome, netlist: Netlist, folder: Path, bench: Testbench | None) -> Outcome:
    """Return the outcome, failed if a state left its bounds or a current is beyond all devices, with remarks where a
    card does not hold; vectors saved for this leave the raw file.
    """
    plot = main_plot(outcome.plots)
    if plot is None or not plot.n_points:
        return outcome
    problems = states_outside(netlist.states, plot)
    unseen = not_followed(netlist.states, plot)
    if unseen and outcome.status == "done":
        outcome = replace(outcome, remarks=(*outcome.remarks, unseen))
    if problems and outcome.status == "done":
        step = bench.analysis.largest_step if bench is not None else None
        finer = f" of {format_number(step / 100, 's')}" if step else ""
        problems.append(
            f"steps were too long or the model does not hold its bounds: set analysis.max_step{finer} or "
            "options.reltol to 1e-6, or use the engine numpy"
        )
        outcome = replace(outcome, status="failed", problems=(*outcome.problems, *problems))
    if bench is not None and outcome.status == "done":
        problems, remarks = outside_validity(bench, netlist.devices, plot)
        outcome = replace(
            outcome, status="failed" if problems else "done", problems=(*outcome.problems, *problems),
            remarks=(*outcome.remarks, *remarks),
        )  # fmt: skip
    lean = without_extra(plot, [s.vector for s in netlist.signals])
    if lean is None:
        return outcome
    write_raw(folder / RAW, [lean if one is plot else one for one in outcome.plots])
    return replace(outcome, plots=tuple(read_raw(folder / RAW)))


def least_step(bench: Testbench) -> str:
    """Say what bounds the steps of ngspice from below, and how to get finer ones."""
    least = 1e-11 * (bench.analysis.largest_step or 0.0)
    return (
        f"ngspice takes no step below {format_number(least, 's')}, 1e-11 of the largest one; a device that is faster "
        f"needs a smaller one: set analysis.max_step to a hundredth, or use the engine numpy"
    )


def _run_numpy(
    bench: Testbench, folder: Path, timeout: float | None, progress: Progress | None,
    spikes: Spikes | None,
) -> Waveforms:  # fmt: skip
    from rramcirc.circuits.network.networks import HopfieldNetwork, Perceptron
    from rramcirc.circuits.recurrent.recurrent import RecurrentNetwork

    if isinstance(bench.design, (HopfieldNetwork, Perceptron)):
        from rramcirc.engines.network.device_engine import run_bench as run_network

        return finish(run_network(bench, folder, progress, timeout, spikes=spikes), folder, bench_origin(bench))
    if spikes is not None:
        raise ParameterError(f"simulate: spikes: {a_kind(bench.design)} has no spiking neurons; leave them out.")
    if isinstance(bench.design, RecurrentNetwork):
        from rramcirc.engines.network.recurrent_engine import run_recurrent

        return finish(run_recurrent(bench, folder, "numpy", progress, timeout), folder, bench_origin(bench))
    from rramcirc.engines.array.result import run_bench

    return finish(run_bench(bench, folder, progress, timeout), folder, bench_origin(bench))


def _run_network(
    bench: Testbench, folder: Path, timeout: float | None, progress: Progress | None, rule: SpikeRule | None,
    spikes: Spikes | None,
) -> Waveforms:  # fmt: skip
    from rramcirc.circuits.recurrent.recurrent import RecurrentNetwork

    if isinstance(bench.design, RecurrentNetwork):
        from rramcirc.engines.network.recurrent_engine import run_recurrent

        if rule is not None:
            raise ParameterError("simulate: rule: a RecurrentNetwork learns by equation (20), not by a rule of spikes.")
        if spikes is not None:
            raise ParameterError("simulate: spikes: a RecurrentNetwork has no spiking neurons; leave them out.")
        return finish(run_recurrent(bench, folder, "network", progress, timeout), folder, bench_origin(bench))
    from rramcirc.engines.network.level_engine import run_level

    return finish(run_level(bench, folder, rule, progress, timeout, spikes), folder, bench_origin(bench))


__all__ = ["ENGINES", "simulate", "simulate_netlist"]
