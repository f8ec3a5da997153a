"""`rramcirc models`: the Verilog-A modules, or the declarations of one."""

from __future__ import annotations

import json

import click


@click.command("models")
@click.argument("module", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print for machines.")
def models(module: str | None, as_json: bool) -> None:
    """List the Verilog-A modules, or show the ports, parameters and states of MODULE (a name, or a .va file).

    Showing a module compiles it, unless that was done before.

    \b
    Example:
      rramcirc models rram_filament
    """
    from rramcirc.devices.veriloga import compile_module, find_module, library

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


def _as_text(module, compiled) -> str:
    from rramcirc.devices.card_values import shortest
    from rramcirc.devices.veriloga import path_label

    def default(p) -> str:
        return p.default_text if p.default is None or p.kind == "string" else shortest(p.default)

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
    rows = [("parameter", "default", "unit", "range", "description")]
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


def _as_record(module, compiled) -> dict:
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
