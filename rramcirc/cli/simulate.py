"""rramcirc simulate."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.progress import Progress

    from rramcirc.basics.errors import SimulationError
    from rramcirc.bench.testbench import Testbench
    from rramcirc.waveforms.waveforms import Waveforms

SOLVERS = ("sparse", "klu")  # options without a value
LONGEST_AGAIN = 60.0  # [s] of one try with other options after a failure
EXAMPLE = """\b
Example:
  rramcirc build-netlist crossbar --rows 8 --columns 8 -o array.cir
  rramcirc simulate array.cir -o array.run --option reltol=1e-5
  rramcirc inspect array.run 'i(bl*)'
"""


@click.command(epilog=EXAMPLE)
@click.argument("source", metavar="NETLIST.cir|BENCH.toml")
@click.option(
    "--engine", default="ngspice", show_default=True, metavar="ngspice|numpy|vacask|network|both",
    help="A .cir runs in ngspice only; a testbench in any engine that can do it. both: ngspice and numpy, compared.",
)  # fmt: skip
@click.option(
    "--tolerance", metavar="X",
    help="both: largest difference, of the largest of a kind (1e-6, tran 1e-2); of states of networks (2e-3).",
)  # fmt: skip
@click.option(
    "--option", "options", multiple=True, metavar="NAME=VALUE", help="Simulator option, e.g. reltol=1e-5 or sparse."
)
@click.option("--temperature", metavar="KELVIN", help="Ambient temperature, e.g. 350K.")
@click.option("-o", "--output", metavar="RUN", help="Run folder (default: <name>.run).")
@click.option("--timeout", metavar="SECONDS", help="Stop after this wall-clock time, e.g. 600.")
@click.option("--trust", is_flag=True, help="Run a foreign netlist even if it reaches outside its folder.")
@click.option("--allow-failed-meas", is_flag=True, help="A .meas of the netlist that failed does not fail the run.")
@click.option(
    "--allow-read", "allow_read", multiple=True, metavar="FOLDER",
    help="A folder that a foreign netlist may read, e.g. that of a design kit.",
)  # fmt: skip
@click.option("--dialect", metavar="NAME", help="Whose netlist it is: ngspice (default), ltspice, hspice or pspice.")
@click.option("--set", "settings", multiple=True, metavar="PATH=VALUE", help="Any value of the testbench record.")
@click.option("--watch", is_flag=True, help="Serve a page on which the run grows while it goes on; Ctrl-C ends it.")
@click.option("--strict", is_flag=True, help="End with 1 on any remark about a number, such as a card left.")
def simulate(
    source: str, engine: str, tolerance: str | None, options: tuple[str, ...], temperature: str | None,
    output: str | None, timeout: str | None, trust: bool, allow_failed_meas: bool, allow_read: tuple[str, ...],
    dialect: str | None, settings: tuple[str, ...], watch: bool, strict: bool,
) -> None:  # fmt: skip
    """Simulate a netlist or a testbench and keep waveforms, log and provenance in a run folder.

    The results of .meas in a netlist are printed, and kept in run.json, in a failed run, too; a .meas whose condition
    was never met fails the run.
    """
    from rramcirc.basics.errors import ParameterError, unknown_name
    from rramcirc.basics.units import parse_number
    from rramcirc.engines.simulation import ENGINES

    if engine not in (*ENGINES, "both"):
        raise ParameterError(unknown_name("engine", engine, (*ENGINES, "both")))
    if tolerance is not None and engine != "both":
        raise ParameterError(f"--tolerance {tolerance}: it is for --engine both, which compares two engines.")
    path = Path(source)
    if not path.is_file():
        raise ParameterError(f"{source} is no file. Give a netlist (.cir) or a testbench (.toml).")
    folder = Path(output) if output else path.with_suffix(".run")
    chosen = dict(_option(text) for text in options)
    kelvin = None if temperature is None else _temperature(temperature)
    seconds = None if timeout is None else parse_number(timeout, "s", "--timeout")
    if path.suffix == ".toml" and allow_failed_meas:
        raise ParameterError(f"--allow-failed-meas: {source} is a testbench, which has no .meas. Leave it out.")
    if path.suffix == ".toml" and allow_read:
        raise ParameterError(
            f"--allow-read: {source} is a testbench, which may read what it names. Leave it out; it is for netlists of "
            "others."
        )
    if path.suffix == ".toml" and dialect is not None:
        raise ParameterError(f"--dialect: {source} is a testbench. Leave it out; it is for netlists of others.")
    if watch and engine == "both":
        raise ParameterError("--watch: --engine both runs twice. Watch one engine, or look at both with inspect.")
    if path.suffix == ".toml" and engine == "both":
        _simulate_both(path, tolerance, chosen, kelvin, folder, seconds, settings)
        _be_strict(strict, tuple(one.parent for one in sorted(folder.glob("*/run.json"))))
        return
    if path.suffix != ".toml" and engine != "ngspice":
        raise ParameterError(f"--engine {engine}: {source} is a netlist, which only ngspice runs. Give a .toml.")
    if path.suffix != ".toml" and settings:
        raise ParameterError(f"--set: {source} is a netlist. Give the testbench (.toml), or edit the netlist.")
    with _watched(folder, engine) if watch else nullcontext():
        if path.suffix == ".toml":
            waves = _simulate_bench(path, engine, chosen, kelvin, folder, seconds, settings)
        else:
            waves = _simulate_deck(path, chosen, kelvin, folder, seconds, trust, allow_failed_meas, allow_read, dialect)
        _report(waves, folder)
    _be_strict(strict, (folder,))


def _watched(folder: Path, engine: str) -> AbstractContextManager[None]:
    """Return the page of a run that is about to begin."""
    from rramcirc.cli.inspect.serving import watching

    if engine != "ngspice":
        print(f"Note: engine {engine} writes its waveforms at the end; the page shows them then.", file=sys.stderr)
    return watching(folder)


def _told(engine: str) -> AbstractContextManager[None]:
    """Return what tells of loops that are compiled first; nothing for engines without."""
    if engine not in ("numpy", "network"):
        return nullcontext()
    from rramcirc.engines.prepare import telling_of_compilation

    return telling_of_compilation(lambda text: print(f"Note: {text}", file=sys.stderr, flush=True))


def _simulate_deck(
    path: Path, options: Mapping[str, str], kelvin: float | None, folder: Path, seconds: float | None, trust: bool,
    allow_failed_meas: bool, allow_read: Sequence[str], dialect: str | None,
) -> Waveforms:  # fmt: skip
    """Run a netlist in ngspice, and print what it measured, also if it failed."""
    from rramcirc.basics.errors import SimulationError
    from rramcirc.engines.ngspice.deck import transient_stop
    from rramcirc.engines.ngspice.dialects import recognised
    from rramcirc.engines.simulation import simulate_netlist
    from rramcirc.waveforms.folder import read_record

    looks, line = recognised(path.read_text(errors="replace")) if dialect is None else ("", 0)
    if looks:
        print(
            f"Note: {path} looks like {looks} (line {line}) and is read as ngspice's; --dialect {looks} reads it so.",
            file=sys.stderr,
        )
    try:
        with Meter(transient_stop(path) if sys.stderr.isatty() else None) as meter:
            waves = simulate_netlist(
                path, output=folder, timeout=seconds, progress=meter, options=options, temperature=kelvin,
                trust=trust, allow_failed_meas=allow_failed_meas, allow_read=allow_read,
                dialect=dialect or "ngspice",
            )  # fmt: skip
    except SimulationError as error:
        _print_measurements(read_record(folder))

        def again(others: Mapping[str, str], place: Path) -> None:
            simulate_netlist(
                path, output=place, timeout=LONGEST_AGAIN, options=others, temperature=kelvin, trust=trust,
                allow_failed_meas=allow_failed_meas, allow_read=allow_read, dialect=dialect or "ngspice",
            )  # fmt: skip

        raise _with_help(error, folder, options, again) from error
    _print_measurements(waves.provenance)
    return waves


def _with_help(
    error: SimulationError, folder: Path, given: Mapping[str, str], again: Callable[[Mapping[str, str], Path], None]
) -> SimulationError:
    """Return the error of a run in ngspice; if other options make it work, it names them."""
    from rramcirc.basics.errors import SimulationError
    from rramcirc.engines.ngspice.helping import LONGEST, can_be_helped, helping_options, option_words
    from rramcirc.waveforms.folder import read_record

    record = read_record(folder)
    if record.get("engine") != "ngspice" or record.get("status") != "failed":
        return error
    if not can_be_helped(record.get("problems", ())):
        return error
    if record.get("wall_seconds", 0.0) > LONGEST:
        return SimulationError(f"{error} Not tried, as this run was long: --option sparse, --option reltol=1e-5.")
    found = helping_options(again, given)
    if not found:
        return SimulationError(f"{error} With sparse and reltol=1e-5 it fails, too.")
    words = option_words(" ".join(f"{name}={value}".rstrip("=") for name, value in found.items()))
    solver = " Look at the result: a state without an equation begins at any value." if "sparse" in found else ""
    return SimulationError(f"{error} It runs with {words}.{solver}")


def _load(path: Path, options: Mapping[str, str], kelvin: float | None, settings: Sequence[str]) -> Testbench:
    from dataclasses import replace

    from rramcirc.circuits.bench_file import load_bench

    bench = load_bench(path, settings)
    if options:
        bench = replace(bench, options={**bench.options, **options})
    bench = bench if kelvin is None else replace(bench, temperature=kelvin)
    _check_temperature(bench.temperature, f"{path}: temperature")
    return bench


def _simulate_both(
    path: Path, tolerance: str | None, options: Mapping[str, str], kelvin: float | None, folder: Path,
    seconds: float | None, settings: Sequence[str],
) -> None:  # fmt: skip
    from rramcirc.basics.units import parse_number, positive_number
    from rramcirc.bench.file.write import save_bench
    from rramcirc.engines.compare import check_comparison, comparison_table, default_tolerance, simulate_both
    from rramcirc.waveforms.folder import adding_files

    bench = _load(path, options, kelvin, settings)
    if bench.matrices:
        _compare_network(bench, tolerance, folder, seconds)
        return
    allowed = default_tolerance(bench)
    if tolerance is not None:
        allowed = positive_number(parse_number(tolerance, "", "--tolerance"), "--tolerance")
    with _told("numpy"), Meter(getattr(bench.analysis, "stop", None)) as meter:
        compared = simulate_both(bench, folder, tolerance=allowed, timeout=seconds, progress=meter)
    with adding_files(folder, "bench.toml"):
        save_bench(bench, folder / "bench.toml")
    print(comparison_table(compared))
    check_comparison(compared, allowed, folder)
    print(f"The engines agree within {allowed:g}. Runs in {folder}/ngspice and {folder}/numpy.", file=sys.stderr)


def _compare_network(bench: Testbench, tolerance: str | None, folder: Path, seconds: float | None) -> None:
    from rramcirc.basics.units import parse_number, positive_number
    from rramcirc.bench.file.write import save_bench
    from rramcirc.engines.network_both import STATES_WITHIN, check_network, compare_network
    from rramcirc.waveforms.folder import adding_files

    allowed = STATES_WITHIN
    if tolerance is not None:
        allowed = positive_number(parse_number(tolerance, "", "--tolerance"), "--tolerance")
    with Meter(getattr(bench.analysis, "stop", None)) as meter:
        found = compare_network(bench, folder, timeout=seconds, progress=meter)
    with adding_files(folder, "bench.toml"):
        save_bench(bench, folder / "bench.toml")
    print(found.text())
    check_network(found, allowed)
    print(f"States in replay agree within {allowed:g} of their range. Rasters: {folder}/rasters.png", file=sys.stderr)


def _simulate_bench(
    path: Path, engine: str, options: Mapping[str, str], kelvin: float | None, folder: Path, seconds: float | None,
    settings: Sequence[str],
) -> Waveforms:  # fmt: skip
    from dataclasses import replace

    from rramcirc.basics.errors import SimulationError
    from rramcirc.bench.file.write import save_bench
    from rramcirc.engines.simulation import simulate as run
    from rramcirc.waveforms.folder import adding_files

    bench = _load(path, options, kelvin, settings)
    try:
        with _told(engine), Meter(getattr(bench.analysis, "stop", None)) as meter:
            waves = run(bench, engine, output=folder, timeout=seconds, progress=meter)
    except SimulationError as error:
        # a testbench has reltol=1e-5 already, and was tried with coarser steps
        given = {"reltol": "1e-5", **{str(k): str(v) for k, v in bench.options.items()}}

        def again(others: Mapping[str, str], place: Path) -> None:
            run(replace(bench, options=others), "ngspice", output=place, timeout=LONGEST_AGAIN)

        raise _with_help(error, folder, given, again) from error
    with adding_files(folder, "bench.toml"):
        save_bench(bench, folder / "bench.toml")
    return waves


def _option(text: str) -> tuple[str, str]:
    from rramcirc.basics.errors import ParameterError
    from rramcirc.bench.testbench import check_option

    name, equals, value = text.partition("=")
    if name in SOLVERS and not equals:
        return name, ""
    if not name or not equals or not value:
        raise ParameterError(
            f"--option {text!r}: write NAME=VALUE, as in --option reltol=1e-5, or one of {', '.join(SOLVERS)} alone."
        )
    check_option(name, value, "--option")
    return name, value


def _temperature(text: str) -> float:
    from rramcirc.basics.units import parse_number

    kelvin = parse_number(text, "K", "--temperature")
    _check_temperature(kelvin, f"--temperature {text}")
    return kelvin


def _print_measurements(record: Mapping[str, Any]) -> None:
    """Print what the netlist measured, one name and value a line."""
    measured = record.get("measurements", {})
    width = max(map(len, measured), default=0)
    for name, value in measured.items():
        print(f"{name.ljust(width)}  {value:.6g}")


def _check_temperature(kelvin: float, where: str) -> None:
    from rramcirc.basics.errors import ParameterError

    if not 100.0 <= kelvin <= 1000.0:
        raise ParameterError(f"{where}: {kelvin:g} K; must be 100 K to 1000 K; 27 C is 300.15K.")


def _be_strict(strict: bool, folders: Sequence[Path]) -> None:
    """Raise SimulationError if runs have remarks and were to have none."""
    from rramcirc.basics.errors import SimulationError
    from rramcirc.waveforms.folder import read_record

    if not strict:
        return
    told = [remark for folder in folders for remark in read_record(folder).get("remarks", ())]
    if told:
        count = f"{len(told)} remark{'s' if len(told) > 1 else ''}"
        raise SimulationError(f"--strict: the run is done, with {count}: {'; '.join(told[:3])}.")


def _report(waves: Waveforms, folder: Path) -> None:
    about = waves.provenance
    for remark in about.get("remarks", ()):
        print(f"Remark: {remark}", file=sys.stderr)
    for note in about.get("notes", ()):
        print(f"Note: {note}", file=sys.stderr)
    if "rerun" in about:
        print(f"Note: by hand: cd {folder} && {about['rerun']}", file=sys.stderr)
    print(
        f"{about.get('engine_version', about.get('engine'))}: {waves.n_points} points, {len(waves.names)} signals, "
        f"{about.get('wall_seconds', 0):.3g} s ({about.get('cpu_seconds', 0):.3g} s CPU). "
        f"Waveforms in {folder}; look with: rramcirc inspect {folder}",
        file=sys.stderr,
    )


class Meter:
    """Simulated time, percent and time left, on a terminal; silent on a pipe."""

    def __init__(self, stop: float | None) -> None:
        self.stop = stop if stop and sys.stderr.isatty() else None
        self.bar: Progress | None = None

    def __enter__(self) -> Meter:
        return self

    def __exit__(self, *unused: object) -> None:
        if self.bar is not None:
            self.bar.stop()

    def __call__(self, reached: float) -> None:
        """Show that the simulation has reached this time [s]."""
        if self.stop is None:
            return
        from rramcirc.basics.units import format_number

        if self.bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

            self.bar = Progress(
                TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:5.1f} %"),
                TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
                console=Console(stderr=True), transient=True,
            )  # fmt: skip
            self.bar.start()
            self.bar.add_task("", total=self.stop)
        text = f"{format_number(reached, 's')} of {format_number(self.stop, 's')}"
        self.bar.update(self.bar.task_ids[0], completed=reached, description=text)
