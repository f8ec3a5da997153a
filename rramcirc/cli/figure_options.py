"""Options of commands that write figures: width of a journal's column, format."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

CommandFunction = TypeVar("CommandFunction", bound=Callable[..., Any])


def width_option(command: CommandFunction) -> CommandFunction:
    """Add the option --width to a command."""
    return click.option(
        "--width", metavar="MM", expose_value=False, callback=_width,
        help="Width of figures in mm: 85 (one column of a journal) or 170 (both); default 182.",
    )(command)  # fmt: skip


def figure_options(command: CommandFunction) -> CommandFunction:
    """Add the options --width and --figures to a command."""
    return width_option(
        click.option(
            "--figures", metavar="png|svg|pdf", expose_value=False, callback=_format,
            help="Format of figures (default png); fonts are embedded.",
        )(command)
    )  # fmt: skip


def _width(context: click.Context, _: click.Parameter, text: str | None) -> None:
    """Let all figures of the command have this width."""
    if text is None:
        return
    from rramcirc.basics.units import parse_number
    from rramcirc.figures.style import printed

    context.with_resource(printed(width=parse_number(text, "mm", "--width")))


def _format(context: click.Context, _: click.Parameter, text: str | None) -> None:
    """Let all figures of the command have this format."""
    if text is None:
        return
    from rramcirc.figures.style import printed

    context.with_resource(printed(suffix=f".{text.lstrip('.').lower()}"))
