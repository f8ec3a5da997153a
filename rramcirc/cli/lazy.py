"""Groups whose commands are imported only when they are called, so that `--help` stays fast."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from keyword import iskeyword
from typing import ClassVar

import click

from rramcirc.basics.errors import unknown_name

Table = Mapping[str, tuple[str, str]]


class LazyGroup(click.Group):
    """A group of commands from a table: name -> (module that holds the command, one line of help).

    The command is the function of the module with the command's name, ``-`` written as ``_``.
    """

    table: ClassVar[Table] = {}
    package = ""
    kind = "command"
    hint = ""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.table)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in self.table:
            return None
        module = import_module(f"{self.package}.{self.table[name][0]}")
        function = name.replace("-", "_")
        command: click.Command = getattr(module, f"{function}_" if iskeyword(function) else function)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.table and not args[0].startswith("-"):
            raise click.UsageError(unknown_name(self.kind, args[0], self.table, self.hint))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Studies" if self.kind == "study" else "Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self.table.items()])
