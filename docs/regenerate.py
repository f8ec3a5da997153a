"""Write what is made from the public names: the types of the door, `rramcirc/__init__.pyi`, and docs/reference.md."""

from __future__ import annotations

import importlib
import inspect
import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import ModuleType

import rramcirc

HERE = Path(__file__).resolve().parent
STUB = HERE.parent / "rramcirc" / "__init__.pyi"
REFERENCE = HERE / "reference.md"
ROOMS = {
    "basics": "Errors",
    "waveforms": "Waveforms and their files",
    "devices": "Device models and cards",
    "bench": "Testbenches",
    "analysis": "Measurements",
    "circuits": "Circuits",
    "figures": "Figures",
    "engines": "Simulation",
    "sweeps": "Sweeps, Monte Carlo, corners",
    "studies": "Studies of models",
    "papers": "Papers",
    "cli": "The machine",
}


def stub() -> str:
    """Return the text of ``__init__.pyi``: every name of the lazy table, imported from its home."""
    imported = {"basics.version": ["__version__ as __version__"]}
    for name, module in rramcirc._MODULES.items():
        package, _, last = module.rpartition(".")
        imported.setdefault(package, []).append(f"{last} as {name}")
    for public, (module, name) in rramcirc._PLACE_OF.items():
        home = getattr(getattr(rramcirc, public), "__module__", "").removeprefix("rramcirc.")
        defined = home in _modules() and hasattr(importlib.import_module(f"rramcirc.{home}"), name)
        imported.setdefault(home if defined else module, []).append(f"{name} as {public}")
    lines = ["# Written by docs/regenerate.py from the table in __init__.py."]
    for module in sorted(imported):
        names = sorted(imported[module], key=_order)
        if len(names) == 1:
            lines.append(f"from rramcirc.{module} import {names[0]}")
        else:
            lines += [f"from rramcirc.{module} import (", *(f"    {text}," for text in names), ")"]
    public = sorted(rramcirc.__all__, key=_order)
    lines += ["", "__all__ = [", *(f'    "{name}",' for name in public), "]", "", "def __dir__() -> list[str]: ..."]
    return "\n".join(lines) + "\n"


def _modules() -> set[str]:
    files = (file.relative_to(STUB.parent).with_suffix("") for file in STUB.parent.rglob("*.py"))
    return {".".join(file.parts) for file in files}


def _order(name: str) -> tuple[bool, str]:
    """Sort classes before functions, as import blocks are sorted."""
    return not name[0].isupper(), name


def reference() -> str:
    """Return the text of docs/reference.md: one row for every public name."""
    lines = [
        "# Reference",
        "",
        "Every name of `import rramcirc as rc`; `help(rc.NAME)` says more. Numbers are SI: V, A, s, ohm, S, F, K. This",
        "page is made from the docstrings: `make docs`.",
        "",
        "## Studies",
        "",
        "`rc.study.NAME(...)` returns a `StudyResult` with `.table`, `.figure`, `.quantities` and `.save(folder)`.",
        "",
        *_table({f"study.{name}": getattr(rramcirc.study, name) for name in rramcirc.study.__all__}),
        "",
        "## Elements of a circuit of one's own",
        "",
        "A record with a method `circuit(bench)` returns an `rc.elements.Circuit` of these (`help(rc.OwnDesign)`).",
        "",
        *_table({f"elements.{name}": thing for name, thing in own_names(rramcirc.elements).items()}),
    ]
    for room, title in ROOMS.items():
        names = [name for name, (module, _) in rramcirc._PLACE_OF.items() if module.split(".")[0] == room]
        lines += ["", f"## {title}", "", *_table({name: getattr(rramcirc, name) for name in sorted(names)})]
    return "\n".join(lines) + "\n"


def own_names(module: ModuleType) -> dict[str, object]:
    """Return the classes and functions that a module defines."""
    there = {name: thing for name, thing in vars(module).items() if not name.startswith("_")}
    return {name: thing for name, thing in there.items() if getattr(thing, "__module__", "") == module.__name__}


def _table(things: dict[str, object]) -> list[str]:
    rows = ["| name | what it does | units |", "| --- | --- | --- |"]
    for name, thing in things.items():
        summary = first_line(thing).replace("|", "\\|")
        rows.append(f"| `{name}{signature(thing)}` | {summary} | {', '.join(units(thing))} |".replace("`|", "` |"))
    return rows


def first_line(thing: object) -> str:
    """Return the first line of a docstring."""
    text = (inspect.getdoc(thing) or "").split("\n\n")[0].replace("\n", " ")
    text = re.sub(r":math:`([^`]*)`", r"$\1$", text)
    return re.sub(r":\w+:`([^`]*)`", r"`\1`", text).replace("``", "`")


def signature(thing: object) -> str:
    """Return the names of the parameters; optional ones with an equals sign."""
    if not callable(thing) or (isinstance(thing, type) and not is_dataclass(thing)):
        return ""
    shown, keyword = [], False
    for name, parameter in inspect.signature(thing).parameters.items():
        if parameter.kind is parameter.KEYWORD_ONLY and not keyword:
            shown, keyword = [*shown, "*"], True
        shown.append(name if parameter.default is parameter.empty else f"{name}=")
    return f"({', '.join(shown)})"


def units(thing: object) -> list[str]:
    """Return the units that the fields or the docstring of a name say, each once."""
    if isinstance(thing, type) and is_dataclass(thing):
        said = [f.metadata.get("units", "") for f in fields(thing)]
    else:
        said = []
    text = inspect.getdoc(thing) or ""
    found = re.findall(r"\[([A-Za-z][A-Za-z0-9/()^ ]{0,10})\](?![_\w(])", text)
    known = {"V", "A", "s", "ohm", "S", "F", "K", "Hz", "J", "W", "nm", "C", "m"}
    both = [*said, *found]
    return list(dict.fromkeys(unit for unit in both if unit in known or "/" in unit))


def main() -> None:
    """Write both files."""
    STUB.write_text(stub())
    REFERENCE.write_text(reference())


if __name__ == "__main__":
    main()
