"""Reads sweeps from TOML files; all mistakes are found at once, with their line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rramcirc.basics.arguments import file_name
from rramcirc.basics.errors import ParameterError, RramcircError, shown, unknown_name
from rramcirc.basics.files import parse_toml
from rramcirc.basics.mistakes import Mistakes, key_lines
from rramcirc.basics.units import parse_number
from rramcirc.sweeps.draws import METHODS, Value, parse_values
from rramcirc.sweeps.plan import make_plan
from rramcirc.sweeps.specs import Spec

if TYPE_CHECKING:
    from rramcirc.bench.testbench import Testbench

KEYS = (
    "circuit", "bench", "study", "experiment", "quick", "set", "engine", "measure", "grid", "rows", "corners", "draws",
    "count", "method", "seed", "timeout", "keep", "batch", "specs",
)  # fmt: skip
_PLAN = ("grid", "rows", "corners", "draws")
_ONE_OF = 'give circuit = "cell", bench = "FILE.toml", study = "iv" or experiment = "NAME", one of them'
_SPEC = ("measure", "min", "max")


@dataclass(frozen=True)
class Call:
    """A study or an experiment that is swept.

    Attributes
    ----------
    kind
        ``"study"`` or ``"experiment"``.
    name
        Its name.
    fixed
        Arguments that are the same in all runs.
    quick
        Whether the short form is run.
    """

    kind: str
    name: str
    fixed: Mapping[str, Value] = field(default_factory=dict)
    quick: bool = False


@dataclass(frozen=True)
class SweepFile:
    """What a sweep's file says.

    Attributes
    ----------
    bench
        The testbench; None if a study or an experiment is swept.
    arguments
        Arguments of `sweep` by name.
    specs
        What each run is held to.
    call
        The study or experiment that is swept; a command makes a function of it.
    """

    bench: Testbench | None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    specs: tuple[Spec, ...] = ()
    call: Call | None = None


def is_sweep(path: Path) -> bool:
    """Return whether a TOML file describes a sweep, not a testbench."""
    return not {"design", "analysis"} & set(_content(path)[1])


def read_sweep(path: Path | str, settings: Sequence[str] = ()) -> SweepFile:
    """Read a sweep from a TOML file.

    Parameters
    ----------
    path
        The file; it names its testbench (``bench = "FILE.toml"``, beside it) or circuit (``circuit = "cell"``).
    settings
        Values of the testbench to set besides, ``path=value`` each.

    Raises
    ------
    ParameterError
        Every mistake of the file, each with its line.

    Examples
    --------
    ``SweepFile.arguments`` are those of `sweep`::

        asked = rc.read_sweep("sweep.toml")
        result = rc.sweep(asked.bench, output="sweep", **asked.arguments)
    """
    path = file_name(path, "read_sweep")
    text, content = _content(path)
    mistakes = Mistakes(key_lines(text), stop=".")
    for key in content:
        if key not in KEYS:
            mistakes.add(unknown_name("key", key, KEYS), key)
    arguments = _plain(content, mistakes)
    _check_plan(content, mistakes)
    specs = _specs(content.get("specs", []), mistakes)
    call = _call(content, settings, mistakes)
    measure = _measure(content, specs, mistakes, needed=call is None)
    bench = None if call else _bench(content, path.parent, settings, mistakes)
    if mistakes:
        raise mistakes.error(f"{path.name} has {mistakes.counted}")
    plan = {name: content[name] for name in _PLAN if name in content}
    return SweepFile(bench, {"measure": measure, **plan, **arguments}, specs, call)


def _content(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        return text, parse_toml(text)
    except OSError as error:
        raise ParameterError(f"cannot read the sweep {path} ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise ParameterError(f"{path} is no sweep: no UTF-8 text at byte {error.start}.") from error
    except tomllib.TOMLDecodeError as error:
        at = re.search(r" \(at (.*)\)$", str(error))
        what = str(error).removesuffix(at[0] if at else "")
        raise ParameterError(
            f"{path.name} has 1 mistake:\n  {at[1] if at else 'somewhere'}: no TOML: {what}."
        ) from error


def _plain(content: Mapping[str, Any], mistakes: Mistakes) -> dict[str, Any]:
    """Return the arguments that are one number or word."""
    from rramcirc.engines.simulation import ENGINES
    from rramcirc.sweeps.targets import KEPT

    found: dict[str, Any] = {}
    for name, low in (("count", 1), ("seed", 0)):
        value = content.get(name, low)
        if isinstance(value, bool) or not isinstance(value, int) or value < low:
            mistakes.add(f"{shown(value)} is no whole number of at least {low}", name)
        elif name in content:
            found[name] = value
    for name, known in (("engine", ENGINES), ("method", METHODS), ("keep", KEPT)):
        if name in content and content[name] not in known:
            mistakes.add(unknown_name(name, content[name], known), name)
        elif name in content:
            found[name] = content[name]
    if not isinstance(content.get("batch", False), bool):
        mistakes.add(f"{shown(content['batch'])} is neither true nor false", "batch")
    elif "batch" in content:
        found["batch"] = content["batch"]
    if "timeout" in content:
        try:
            found["timeout"] = parse_number(content["timeout"], "s", "timeout")
            if found["timeout"] <= 0:
                mistakes.add(f"{shown(content['timeout'])} is no positive time", "timeout")
        except ParameterError as error:
            mistakes.add(str(error), "timeout")
    return found


def _check_plan(content: Mapping[str, Any], mistakes: Mistakes) -> None:
    """Look at each axis alone, then at all of them together."""
    before = len(mistakes)
    for name in _PLAN:
        part = content.get(name, {})
        if not isinstance(part, dict):
            mistakes.add(f"{shown(part)} is no table of paths and values", name)
            continue
        for path, values in part.items():
            try:
                grid, rows, corners, draws = ({path: values} if name == one else None for one in _PLAN)
                make_plan(grid, rows, corners, draws)
            except ParameterError as error:
                mistakes.add(f"{str(error).removeprefix('sweep: ')}{_quotes(values)}", name, path)
    if len(mistakes) == before:
        try:
            grid, rows, corners, draws = (content.get(name) for name in _PLAN)
            make_plan(grid, rows, corners, draws, content.get("count", 1))
        except ParameterError as error:
            mistakes.add(str(error).removeprefix("sweep: "))


def _quotes(values: object) -> str:
    """Say what to do where a path was read as tables inside one another."""
    return ' (a path with dots stands in quotes: "stimuli.bl.amplitude" = ...)' if isinstance(values, dict) else ""


def _specs(given: object, mistakes: Mistakes) -> tuple[Spec, ...]:
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        mistakes.add(f"{shown(given)} is no list of tables; write [[specs]]", "specs")
        return ()
    found = []
    for one in given:
        for key in one:
            if key not in _SPEC:
                mistakes.add(unknown_name("key", key, _SPEC), "specs", key)
        try:
            limits = [None if name not in one else parse_number(one[name], "", name) for name in ("min", "max")]
            found.append(Spec(one.get("measure", ""), *limits))
        except ParameterError as error:
            mistakes.add(str(error), "specs")
    return tuple(found)


def _measure(content: Mapping[str, Any], specs: Sequence[Spec], mistakes: Mistakes, needed: bool) -> list[str]:
    """Return the measurements: those that are listed, and those of the specs; a study has its own."""
    given = content.get("measure", [])
    given = [given] if isinstance(given, str) else given
    if not isinstance(given, list) or not all(isinstance(text, str) for text in given):
        mistakes.add(f"{shown(given)} is no list of texts, as in ['final(gap)']", "measure")
        return []
    found = list(dict.fromkeys([*given, *(spec.measure for spec in specs)]))
    if not found and needed:
        mistakes.add("is missing; for example ['final(gap)', 'max(i(bl))']", "measure")
    return found


def _call(content: Mapping[str, Any], settings: Sequence[str], mistakes: Mistakes) -> Call | None:
    """Return the study or experiment that is swept; None if it is a testbench."""
    given = [name for name in ("study", "experiment") if name in content]
    if not given:
        if "quick" in content:
            mistakes.add("is for a study or an experiment", "quick")
        return None
    name, fixed, quick = content[given[0]], content.get("set", {}), content.get("quick", False)
    if len(given) > 1 or {"circuit", "bench"} & set(content) or not isinstance(name, str):
        mistakes.add(_ONE_OF, *given)
    if not isinstance(fixed, dict) or any(isinstance(value, dict) for value in fixed.values()):
        mistakes.add("is no table of names and values; a name with dots stands in quotes", "set")
        fixed = {}
    if not isinstance(quick, bool):
        mistakes.add(f"{shown(quick)} is neither true nor false", "quick")
    for wrong in {"batch", "keep"} & set(content):
        mistakes.add(f"is for a testbench, not for a {given[0]}", wrong)
    return Call(given[0], str(name), {**fixed, **fixed_values(settings)}, quick is True)


def fixed_values(settings: Sequence[str]) -> dict[str, Value]:
    """Return the values of ``NAME=VALUE`` texts."""
    pairs = (setting.partition("=") for setting in settings)
    return {path.strip(): parse_values(text, path)[0] for path, _, text in pairs}


def _bench(content: Mapping[str, Any], folder: Path, settings: Sequence[str], mistakes: Mistakes) -> Testbench | None:
    from rramcirc.circuits.bench_file import load_bench, with_settings
    from rramcirc.sweeps.targets import spelled

    given = [name for name in ("circuit", "bench") if name in content]
    fixed = content.get("set", {})
    if len(given) != 1 or not isinstance(content[given[0]], str):
        mistakes.add(_ONE_OF, *given[:1])
        return None
    if not isinstance(fixed, dict) or any(isinstance(value, dict) for value in fixed.values()):
        mistakes.add("is no table of paths and values; a path with dots stands in quotes", "set")
        return None
    chosen = [*(f"{path}={spelled(value)}" for path, value in fixed.items()), *settings]
    try:
        if given == ["bench"]:
            return load_bench(folder / content["bench"], chosen)
        return with_settings(sweep_bench(content["circuit"]), chosen)
    except RramcircError as error:
        mistakes.add(str(error), given[0])
        return None


def sweep_bench(circuit: str) -> Testbench:
    """Return the testbench that a sweep of a circuit begins with: of a cell one SET pulse, else the circuit's own.

    Raises
    ------
    ParameterError
        If the circuit is unknown.
    """
    from rramcirc.circuits.array.bench import cell_write
    from rramcirc.circuits.request import Request
    from rramcirc.circuits.table import default_bench

    return cell_write(Request()) if circuit == "cell" else default_bench(circuit)
