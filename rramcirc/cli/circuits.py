"""Commands whose help lists the circuits of the table."""

from __future__ import annotations

import click


class CircuitCommand(click.Command):
    """A command that takes a circuit; its help lists them with what each does."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the circuits, then the example."""
        from rramcirc.circuits.table import CIRCUITS

        with formatter.section("Circuits"):
            formatter.write_dl([(name, kind.summary) for name, kind in CIRCUITS.items()])
        super().format_epilog(ctx, formatter)
