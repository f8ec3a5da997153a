"""rramcirc new: a commented start file for a device, a circuit or an experiment of one's own."""

from __future__ import annotations

import re
from pathlib import Path

import click

KINDS = {
    "device": ((".va", ".toml"), "rramcirc study iv --card {name}.toml -o {name}-iv"),
    "circuit": ((".py",), "python {name}.py"),
    "experiment": ((".py",), "python {name}.py"),
}
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,40}")
PLACE = "my_name"  # what the templates say instead of the name


@click.command(
    epilog="""\b
Example:
  rramcirc new device my_device
  rramcirc models check my_device.va
  rramcirc study iv --card my_device.toml --quick
"""
)
@click.argument("kind", metavar="device|circuit|experiment", type=click.Choice(tuple(KINDS)))
@click.argument("name")
@click.option("--force", is_flag=True, help="Replace files of these names.")
def new(kind: str, name: str, force: bool) -> None:
    """Write a start file that works as it is, with comments on what to change.

    device: a Verilog-A model and its card. circuit: a circuit of your own in Python, with elements, signals and
    schematic. experiment: a question with parameters, many runs, what is expected, table and figure.
    """
    from rramcirc.basics.errors import ParameterError, cannot_write

    if not NAME.fullmatch(name):
        raise ParameterError(
            f"new {kind}: {name!r} is no name; give letters, digits and _, a letter first, at most 41, as in my_device."
        )
    suffixes, command = KINDS[kind]
    files = [Path(name + suffix) for suffix in suffixes]
    there = [str(file) for file in files if file.exists()]
    if there and not force:
        raise ParameterError(f"new {kind}: {', '.join(there)} is already there; choose another name, or --force.")
    for file in files:
        text = (Path(__file__).parent / f"{kind}{file.suffix}.template").read_text(encoding="utf-8")
        try:
            file.write_text(text.replace(PLACE, name), encoding="utf-8")
        except OSError as error:
            raise cannot_write(file, error) from error
    click.echo(f"written: {', '.join(map(str, files))}")
    click.echo(f"try it: {command.format(name=name)}")
