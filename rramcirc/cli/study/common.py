"""What the commands of all studies share: options, output folder, tables as CSV and on the terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from rramcirc.cli import completion
from rramcirc.cli.figure_options import figure_options

if TYPE_CHECKING:
    from rramcirc.studies.doors.result import StudyResult

CommandFunction = TypeVar("CommandFunction", bound=Callable[..., Any])
card_option = click.option(
    "--card",
    default="hfo2_filament",
    show_default=True,
    help="RRAM card, a name or a file.",
    shell_complete=completion.cards,
)
quick_option = click.option("--quick", is_flag=True, help="Fewer points.")
seed_option = click.option("--seed", default=0, show_default=True, help="Seed of everything drawn at random.")


def output_option(command: CommandFunction) -> CommandFunction:
    """Return a command with the options -o, --width and --figures."""
    folder = click.option("-o", "--output", metavar="DIR", callback=lambda _c, _p, value: open_folder(value),
                          help="Folder for table and picture.")  # fmt: skip
    return folder(figure_options(command))


def engine_option(default: str | None = "ngspice") -> Callable[[CommandFunction], CommandFunction]:
    """Return the option --engine, checked; None lets the study choose by the selector."""
    text = "Engine that simulates." if default else "numpy (default) or ngspice (default of built-in transistors)."
    return click.option("--engine", default=default, show_default=True, callback=lambda _c, _p, name: _engine(name),
                        help=text)  # fmt: skip


def _engine(name: str | None) -> str | None:
    from rramcirc.basics.errors import ParameterError, unknown_name
    from rramcirc.engines.simulation import ENGINES

    if name is not None and name not in ENGINES:
        raise ParameterError(unknown_name("engine", name, ENGINES))
    return name


def open_folder(name: str | None) -> Path | None:
    """Return the output folder, made if needed; None if there is none."""
    if name is None:
        return None
    folder = Path(name)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def print_quantities(quantities: Mapping[str, tuple[float, str]]) -> None:
    """Print quantity -> (value, unit), one a line."""
    from rramcirc.basics.units import format_number

    width = max(map(len, quantities), default=0)
    for quantity, (value, unit) in quantities.items():
        click.echo(f"{quantity:<{width}}  {format_number(value, unit)}")


def save(answer: StudyResult, folder: Path | None, what: str = "table and picture") -> None:
    """Write table and picture, if there is a folder for them, and tell where they are."""
    if folder:
        answer.save(folder)
        click.echo(f"{what}: {folder}", err=True)
