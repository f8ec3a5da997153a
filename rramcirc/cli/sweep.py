"""rramcirc sweep."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

from rramcirc.cli.figure_options import figure_options

if TYPE_CHECKING:
    import pandas as pd
    from rich.progress import Progress

    from rramcirc.cli.sweep_calls import ExperimentCall, StudyCall
    from rramcirc.sweeps.file import Call, SweepFile
    from rramcirc.sweeps.result import SweepResult
    from rramcirc.sweeps.specs import Spec

EXAMPLE = """\b
SWEEP.toml:
  circuit = "cell"                         # or bench = "FILE.toml", study = "iv", experiment = "milo2018-iv"
  measure = ["final(gap)", "max(i(bl))"]
  [set]                                    # the same in all runs
  "stimuli.wl.value" = 1.2
  [grid]                                   # all combinations
  "stimuli.bl.amplitude" = "0.6:1.4:5"     # FROM:TO:N, FROM:TO:N:log, or a list
  [corners.slow]                           # [rows] go together; [corners.NAME] are named
  "temperature" = 273.15
  "design.rram_parameters.ea_delta" = "sigma(2)"
  [draws]                                  # drawn anew for each run: count = 100, seed = 1
  "design.rram_parameters" = "card"        # or normal(MEAN, SIGMA), lognormal(...), uniform(...), seed
  [[specs]]
  measure = "final(gap)"
  max = 0.3

\b
Example:
  rramcirc sweep cell --set 'stimuli.bl.amplitude=0.6:1.4:5' --measure 'final(gap)'
  rramcirc sweep cell --draw design.rram_parameters=card --count 8 --measure 'final(gap)' -o spread
  rramcirc sweep spread
  rramcirc sweep ir-drop --study --set array.rows=4,8 --set array.wire_resistance=1,10 -o drops
  rramcirc sweep cell --draw design.rram_parameters=card --count 999 --engine numpy --batch --measure 'final(gap)' -o m
  rramcirc sweep m --sensitivity --html m.html
"""
SHOWN = 30  # rows that are printed


@click.command(epilog=EXAMPLE)
@click.argument("what", metavar="SWEEP.toml|CIRCUIT|BENCH.toml|STUDY|EXPERIMENT|FOLDER")
@click.option("--study", "kind", flag_value="study", help="Sweep a study; --set names its arguments.")
@click.option("--experiment", "kind", flag_value="experiment", help="Sweep an experiment of a paper.")
@click.option("--quick", is_flag=True, help="The short form of a study or experiment.")
@click.option("--set", "settings", multiple=True, metavar="PATH=VALUES",
              help="One value; or FROM:TO:N, FROM:TO:N:log or A,B,C, which make the grid.")  # fmt: skip
@click.option("--draw", "draws", multiple=True, metavar="PATH=DRAW",
              help="normal(MEAN,SIGMA), lognormal(MEDIAN,SIGMA), uniform(LOW,HIGH), card, seed.")  # fmt: skip
@click.option("--count", type=click.IntRange(1), help="Draws at each point of the grid.")
@click.option("--method", metavar="random|sobol|halton|latin|saltelli",
              help="How draws fill their space (default random).")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), help="Seed of all draws (default 0).")
@click.option("--measure", "measures", multiple=True, metavar="TEXT", help="As in inspect; several may be given.")
@click.option("--engine", metavar="ngspice|numpy|vacask|network", help="Engine that simulates (default ngspice).")
@click.option("--batch", is_flag=True, help="Solve many cells together, with --engine numpy; see below.")
@click.option("--jobs", type=click.IntRange(0), help="Worker processes (default: as many as cores; 0: none).")
@click.option("--dask", metavar="ADDRESS|local", help="Run on a Dask cluster (pip install 'rramcirc[dask]').")
@click.option("--timeout", metavar="SECONDS", help="Limit of one run.")
@click.option("--keep", metavar="none|failed|all", help="Run folders with waveforms that are kept (default none).")
@click.option("--again", is_flag=True, help="Simulate also what an earlier sweep simulated, see `rramcirc cache`.")
@click.option("--resume", is_flag=True, help="Go on where the sweep in the folder was interrupted.")
@click.option("-o", "--output", metavar="DIR", help="Folder of the sweep (default: <name>.sweep).")
@click.option("--sensitivity", is_flag=True, help="Which drawn values matter: indices with intervals, and a picture.")
@click.option("--html", metavar="FILE", help="Write table and pictures as one page.")
@figure_options
@click.option("--json", "as_json", is_flag=True, help="Print the table for machines.")
def sweep(
    what: str, kind: str | None, quick: bool,
    settings: tuple[str, ...], draws: tuple[str, ...], count: int | None, method: str | None,
    seed: int | None, measures: tuple[str, ...], engine: str | None, batch: bool,
    jobs: int | None, dask: str | None, timeout: str | None,
    keep: str | None, again: bool, resume: bool, output: str | None,
    sensitivity: bool, html: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Run a circuit or testbench at many points and measure each: grids, Monte Carlo, corners.

    A run that fails, hangs or crashes stops no other; its row in the table says why. What has ended is kept at once:
    after any interruption --resume runs what is missing, and FOLDER alone shows what is there. A simulation that is
    identical to one of an earlier sweep is taken from the run cache. CIRCUIT cell is one SET
    pulse (`stimuli.bl`, a pulse of 1 us), any other the testbench of build-netlist.

    A study is swept over its arguments, `array.rows` being a field of the record that an argument takes; an experiment
    over its parameters. Measured are all quantities that they print, or those of --measure, which also takes columns of
    their tables, as in max(loss).

    --batch is for cells in a transient, measured by final(...) and at(..., TIME) of states and i(bl): thousands a
    second, without the capacitances of device and transistor.

    Exit status 1 if a run is not ok, or a specification is not met.
    """
    from rramcirc.basics.errors import SimulationError
    from rramcirc.basics.units import parse_number
    from rramcirc.sweeps.figure import plot_sweep
    from rramcirc.sweeps.foreign import dask_executor
    from rramcirc.sweeps.result import failures, load_sweep
    from rramcirc.sweeps.specs import spec_table
    from rramcirc.sweeps.sweep import sweep as run

    if Path(what).is_dir():
        seen = load_sweep(what)
        _print(seen.table, as_json)
        print(seen.summary(), file=sys.stderr)
        _explain(seen, Path(what), (), sensitivity, html)
        return
    fixed, grid = _split(settings)
    asked = _asked(what, fixed, kind, quick)
    arguments: dict[str, Any] = dict(asked.arguments)
    arguments["grid"] = {**arguments.get("grid", {}), **grid}
    arguments["draws"] = {**arguments.get("draws", {}), **dict(_pair(text, "--draw") for text in draws)}
    arguments["measure"] = [*arguments.get("measure", ()), *measures]
    given = {"count": count, "method": method, "seed": seed, "engine": engine, "keep": keep, "jobs": jobs}
    arguments |= {name: value for name, value in given.items() if value is not None}
    if batch:
        arguments["batch"] = True
    if timeout is not None:
        arguments["timeout"] = parse_number(timeout, "s", "--timeout")
    swept = _call(asked.call, arguments) if asked.call else asked.bench
    assert swept is not None
    folder = Path(output) if output else Path(f"{Path(what).stem}.sweep")
    with Meter() as meter, ExitStack() as stack:
        if dask is not None:
            arguments["executor"] = stack.enter_context(dask_executor(dask, arguments.pop("jobs", None)))
        result = run(swept, output=folder, resume=resume, again=again, progress=meter, **arguments)
    _print(result.table, as_json)
    wrong = failures(result)
    if result.table[list(result.measured)].notna().any(axis=None):
        plot_sweep(result, folder / "figure.png", asked.specs)
    found = int(result.table["cached"].sum())
    told = f" ({found} found in the run cache)" if found else ""
    print(f"{result.summary()}{told}. Table, picture and record in {folder}", file=sys.stderr)
    if asked.specs:
        specs = spec_table(result, asked.specs)
        print(specs.to_string(index=False), file=sys.stderr if as_json else sys.stdout)
        specs.to_csv(folder / "specs.csv", index=False)
        wrong += [
            f"{f'corner {row.corner}: ' if 'corner' in specs else ''}{row.measurement} {row.limit} is not met"
            for row in specs[~specs["pass"]].itertuples()
        ]
    _explain(result, folder, asked.specs, sensitivity, html)
    if wrong:
        raise SimulationError("; ".join(wrong) + ".")


def _explain(result: SweepResult, folder: Path, specs: tuple[Spec, ...], sensitivity: bool, html: str | None) -> None:
    """Write what is asked for besides the table: sensitivity indices, a page."""
    from rramcirc.sweeps.indices import plot_indices, sensitivity_indices

    indices = sensitivity_indices(result) if sensitivity else None
    if indices is not None:
        print(indices.to_string(index=False, float_format="{:.3g}".format), file=sys.stderr)
        indices.to_csv(folder / "sensitivity.csv", index=False)
        plot_indices(indices, folder / "sensitivity.png")
    if html is not None:
        from rramcirc.sweeps.page import write_sweep_page

        print(f"page: {write_sweep_page(result, html, specs, indices)}", file=sys.stderr)


def _split(settings: tuple[str, ...]) -> tuple[list[str], dict[str, str]]:
    """Return the settings of one value, and the axes of the grid."""
    from rramcirc.sweeps.draws import parse_values

    pairs = [_pair(text, "--set") for text in settings]
    single = [len(parse_values(values, path)) == 1 for path, values in pairs]
    fixed = [f"{path}={values}" for (path, values), one in zip(pairs, single, strict=True) if one]
    return fixed, {path: values for (path, values), one in zip(pairs, single, strict=True) if not one}


def _pair(text: str, option: str) -> tuple[str, str]:
    from rramcirc.basics.errors import ParameterError

    path, equals, values = text.partition("=")
    if not equals or not path.strip() or not values.strip():
        raise ParameterError(f"{option} {text!r}: write PATH=..., for example stimuli.bl.amplitude=0.6:1.4:5.")
    return path.strip(), values.strip()


def _call(call: Call, arguments: dict[str, Any]) -> StudyCall | ExperimentCall:
    """Return the function that is swept; it takes from the arguments what is its own."""
    from rramcirc.basics.errors import ParameterError
    from rramcirc.cli.sweep_calls import ExperimentCall, StudyCall

    for name in ("batch", "keep"):
        if name in arguments:
            raise ParameterError(f"sweep: --{name} is for a testbench; leave it out for a {call.kind}.")
    measure, engine = tuple(arguments.pop("measure", ())), arguments.pop("engine", None)
    if call.kind == "experiment":
        return ExperimentCall(call.name, call.fixed, measure, call.quick, engine)
    own = {**({"quick": True} if call.quick else {}), **({"engine": engine} if engine else {})}
    return StudyCall(call.name, {**own, **call.fixed}, measure)


def _asked(what: str, settings: list[str], kind: str | None, quick: bool) -> SweepFile:
    """Return what a file, circuit, study or experiment says."""
    from rramcirc.basics.errors import ParameterError
    from rramcirc.circuits.bench_file import load_bench, with_settings
    from rramcirc.sweeps.file import Call, SweepFile, fixed_values, is_sweep, read_sweep, sweep_bench

    if kind is not None:
        return SweepFile(None, call=Call(kind, what, fixed_values(settings), quick))
    if quick:
        raise ParameterError("sweep: --quick is for a study (--study) or an experiment (--experiment).")
    if not what.endswith(".toml"):
        return SweepFile(with_settings(sweep_bench(what), settings))
    if is_sweep(Path(what)):
        return read_sweep(what, settings)
    return SweepFile(load_bench(what, settings))


def _print(table: pd.DataFrame, as_json: bool) -> None:
    """Print a table, with units, its first rows if it is long."""
    if as_json:
        rows = table.astype(object).where(table.notna(), None).to_dict("records")
        print(json.dumps(rows, default=lambda number: number.item()))
        return
    units = table.attrs["units"]
    shown = table.drop(columns=["digest", "cached", "machine"])
    if (shown["reason"] == "").all():
        shown = shown.drop(columns="reason")
    shown = shown.rename(columns={name: f"{name} [{units[name]}]" for name in shown if units.get(name)})
    print(shown.head(SHOWN).to_string(index=False, max_colwidth=60))
    if len(shown) > SHOWN:
        print(f"... {len(shown) - SHOWN} more rows in the table", file=sys.stderr)


class Meter:
    """Finished runs, percent and time left, on a terminal; silent on a pipe."""

    def __init__(self) -> None:
        self.bar: Progress | None = None
        self.before = -1

    def __enter__(self) -> Meter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, t: TracebackType | None) -> None:
        if self.bar is not None:
            self.bar.stop()

    def __call__(self, done: int, runs: int, counts: Mapping[str, int]) -> None:
        """Show how many runs have ended, and how."""
        if not sys.stderr.isatty():
            return
        if self.bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

            self.bar = Progress(
                TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:5.1f} %"),
                TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
                console=Console(stderr=True), transient=True,
            )  # fmt: skip
            self.bar.start()
            self.before = done - 1  # found in the record: they took no time
            self.bar.add_task("", total=runs - self.before)
        told = ", ".join(f"{count} {status}" for status, count in counts.items())
        self.bar.update(
            self.bar.task_ids[0], completed=done - self.before, description=f"{done} of {runs} runs: {told}"
        )
