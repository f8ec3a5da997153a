"""`rramcirc models`: the Verilog-A modules, the declarations of one, and the check of anybody's file."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rramcirc.cli import completion

if TYPE_CHECKING:
    from rramcirc.devices.veriloga.compile import CompiledModel
    from rramcirc.devices.veriloga.declarations import Module, Parameter
    from rramcirc.devices.veriloga.lint.fix import Repair
    from rramcirc.studies.check.check_model import ModelCheck
    from rramcirc.studies.check.proof import Proof

EXAMPLE = """\b
Example:
  rramcirc models rram_filament
"""
CHECK_EXAMPLE = """\b
Exit status 0 if the model works, 1 if it does not.

\b
Example:
  rramcirc models check my_model.va
  rramcirc models check my_model.va --fix -o mended.va
"""


class _Models(click.Group):
    """A group whose words are those of `show` unless the first is a command: `models MODULE`, `models check FILE`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = ["show", *args]
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return ["[MODULE] [--json] | check FILE.va [OPTIONS]"]


@click.group(cls=_Models, epilog=EXAMPLE)
def models() -> None:
    """List the Verilog-A modules, show one (a name or a .va file), or check a file of any origin.

    Showing a module prints its ports, parameters and states; it compiles the module, unless that was done before.
    """


@models.command("show", hidden=True, epilog=EXAMPLE)
@click.argument("module", required=False, shell_complete=completion.models)
@click.option("--json", "as_json", is_flag=True, help="Print for machines.")
def show(module: str | None, as_json: bool) -> None:
    """List the Verilog-A modules, or show the ports, parameters and states of MODULE (a name, or a .va file)."""
    from rramcirc.devices.veriloga.compile import compile_module
    from rramcirc.devices.veriloga.library import find_module, library

    if module is not None:
        found = find_module(module)
        compiled = compile_module(found.path)
        if as_json:
            click.echo(json.dumps(_as_record(found, compiled), indent=2))
        else:
            click.echo(_as_text(found, compiled))
        return
    listed = [find_module(name) for name in library()]
    if as_json:
        records = [{"name": m.name, "description": m.description, "path": str(m.path)} for m in listed]
        click.echo(json.dumps(records, indent=2))
        return
    wide = max((len(m.name) for m in listed), default=0)
    ports = max((len(", ".join(m.ports)) for m in listed), default=0)
    for m in listed:
        click.echo(f"{m.name:<{wide}}  {', '.join(m.ports):<{ports}}  {m.description}")


@models.command("check", epilog=CHECK_EXAMPLE)
@click.argument("file", metavar="FILE.va")
@click.option("--fix", is_flag=True, help="Write a cured file, and check that one.")
@click.option("-o", "--output", metavar="OUT.va", help="Where --fix writes; - is stdout.")
@click.option("--electrodes", metavar="TOP,BOTTOM", help="Terminals to drive (default: guessed from their names).")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Parameter of the model for the runs.")
@click.option("--json", "as_json", is_flag=True, help="Print for machines.")
def check(
    file: str, fix: bool, output: str | None, electrodes: str | None, settings: tuple[str, ...], as_json: bool
) -> None:  # fmt: skip
    """Say what openvaf-r or ngspice will not take in a Verilog-A file, or will quietly get wrong, and what to write.

    Then compile it, and run triangles of 0.5 to 5 V and of 1 s to 100 ns on one cell: does it switch, at which
    voltages, with what window, and does it converge?

    --fix also turns states that are kept in variables into nodes, draws into a terminal nz, crossings into conditions,
    arrays into variables. Then the equations of FILE.va are evaluated in small explicit steps, at three amplitudes and
    three time scales, and the currents are compared with those of OUT.va in ngspice: proven within 1 %, or not.
    """
    from rramcirc.basics.errors import ParameterError
    from rramcirc.studies.check.check_model import check_model
    from rramcirc.studies.check.report import as_record, as_text

    if fix != (output is not None):
        raise ParameterError("models check: --fix and -o OUT.va go together; FILE.va itself is never changed.")
    pair = None if electrodes is None else [name.strip() for name in electrodes.split(",")]
    if pair is not None and len(pair) != 2:
        raise ParameterError(f"--electrodes {electrodes}: give two terminals, as in --electrodes te,be.")
    source = Path(file)
    if not source.is_file():
        raise ParameterError(f"{file} is no file. Give a Verilog-A file (.va).")
    values = dict(_setting(text) for text in settings)
    run = partial(check_model, electrodes=pair, values=values)
    result = (run(source), (), ()) if output is None else _fixed(source, output, run, values)
    report, repairs, proofs = result
    if as_json:
        click.echo(json.dumps(as_record(report, repairs, proofs), indent=2), err=output == "-")
    else:
        click.echo(as_text(report, repairs, proofs), err=output == "-")
    if not report.works:
        sys.exit(1)


def _setting(text: str) -> tuple[str, str]:
    from rramcirc.basics.errors import ParameterError

    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier() or not re.fullmatch(r"[-+]?[\w.+-]+", value):
        raise ParameterError(f"--set {text!r}: write NAME=VALUE, as in --set gap_ini=0.5.")
    return name, value


def _fixed(
    source: Path, output: str, run: Callable[[Path], ModelCheck], values: dict[str, str]
) -> tuple[ModelCheck, tuple[Repair, ...], tuple[Proof, ...]]:
    """Write the cured file and return its check, the changes, and how it agrees with the original's equations."""
    import tempfile

    from rramcirc.basics.errors import ParameterError, cannot_write
    from rramcirc.devices.veriloga.cure.cure import cure
    from rramcirc.devices.veriloga.text import encode
    from rramcirc.studies.check.proof import prove

    def judged(target: Path) -> tuple[ModelCheck, tuple[Repair, ...], tuple[Proof, ...]]:
        report = run(target)
        changed = bool(cured.repairs) and report.compiled
        return report, cured.repairs, prove(source, report, values=values) if changed else ()

    if output == "-":
        with tempfile.TemporaryDirectory(prefix="rramcirc-fix-") as folder:
            target = Path(folder) / source.name
            cured = cure(source, target)
            target.write_bytes(encode(cured.text))
            result = judged(target)
        click.echo(encode(cure(source).text), nl=False)
        return result
    target = Path(output)
    if target.exists() and target.samefile(source):
        raise ParameterError(f"-o {output} is FILE.va itself, which is never changed. Choose another name.")
    cured = cure(source, target)
    try:
        target.write_bytes(encode(cured.text))
    except OSError as error:
        raise cannot_write(f"-o {output}", error) from error
    return judged(target)


def _as_text(module: Module, compiled: CompiledModel) -> str:
    from rramcirc.devices.cards.values import shortest
    from rramcirc.devices.veriloga.library import path_label

    def default(p: Parameter) -> str:
        return p.default_text if p.default is None or isinstance(p.default, str) else shortest(p.default)

    inner = ", ".join(module.internal_nodes) or "none"
    lines = [
        f"{module.name}: {module.description}" if module.description else module.name,
        f"{path_label(module.path)}, line {module.line}",
        "",
        f"ports           {', '.join(module.ports)}",
        f"internal nodes  {inner}",
        f"states          {', '.join(module.states) or 'none'}",
        f"compiled        {compiled.path}",
        "",
    ]
    rows: list[tuple[str, ...]] = [("parameter", "default", "unit", "range", "description")]
    for p in module.parameters.values():
        rows.append((p.name + (" *" if p.instance else ""), default(p), p.unit, p.range_text, p.description))
    lines += _columns(rows, right=1)
    if any(p.instance for p in module.parameters.values()):
        lines.append("* every device may have its own value")
    if module.op_variables:
        rows = [("op-variable", "unit", "description")]
        rows += [(v.name, v.unit, v.description) for v in module.op_variables.values()]
        lines += ["", *_columns(rows)]
    return "\n".join(lines)


def _columns(rows: list[tuple[str, ...]], right: int = -1) -> list[str]:
    """Align a table with a head; column `right` is set flush right."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    rows = [rows[0], tuple("-" * len(title) for title in rows[0]), *rows[1:]]
    return [
        "  ".join(f"{cell:{'>' if k == right else '<'}{widths[k]}}" for k, cell in enumerate(row)).rstrip()
        for row in rows
    ]


def _as_record(module: Module, compiled: CompiledModel) -> dict[str, object]:
    """Return the declarations as JSON can hold them."""
    from dataclasses import asdict

    parameters = {
        p.name: {
            "kind": p.kind, "default": p.default if p.default is not None else p.default_text, "unit": p.unit,
            "range": p.range_text, "instance": p.instance, "description": p.description, "line": p.line,
        }
        for p in module.parameters.values()
    }  # fmt: skip
    return {
        "name": module.name,
        "description": module.description,
        "path": str(module.path),
        "ports": list(module.ports),
        "internal_nodes": list(module.internal_nodes),
        "states": list(module.states),
        "parameters": parameters,
        "op_variables": {name: asdict(v) for name, v in module.op_variables.items()},
        "compiled": {"path": str(compiled.path), "sha256": compiled.sha256, "compiler": compiled.compiler},
    }
