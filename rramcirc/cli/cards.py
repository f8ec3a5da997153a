"""`rramcirc cards`: the model cards, or all numbers of one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from rramcirc.cli import completion

if TYPE_CHECKING:
    from rramcirc.devices.cards.model_card import ModelCard


@click.command("cards")
@click.argument("card", required=False, shell_complete=completion.cards)
@click.option("--json", "as_json", is_flag=True, help="Print for machines.")
def cards(card: str | None, as_json: bool) -> None:
    """List the model cards, or show the numbers of CARD (a name, or a file ending in .toml).

    Every number stands with its unit, its source and its status: published (a paper states it), fitted (adjusted to a
    target) or assumed (chosen).

    \b
    Example:
      rramcirc cards hfo2_filament
    """
    from rramcirc.devices.cards.card import card_names, load_card

    if card is not None:
        found = load_card(card)
        click.echo(json.dumps(_as_record(found), indent=2) if as_json else str(found))
        return
    listed = [load_card(name) for name in card_names()]
    if as_json:
        records = [{"name": c.name, "origin": c.origin, "title": c.title, "path": str(c.path)} for c in listed]
        click.echo(json.dumps(records, indent=2))
        return
    wide = max((len(c.name) for c in listed), default=0)
    model = max((len(c.module or c.spice or "") for c in listed), default=0)
    for c in listed:
        click.echo(f"{c.name:<{wide}}  {c.module or c.spice or 'library':<{model}}  {c.title}")


def _as_record(card: ModelCard) -> dict[str, object]:
    """Return a card as JSON can hold it."""
    from dataclasses import asdict

    library = card.library and {**asdict(card.library), "path": str(card.library.path)}
    return {
        "name": card.name,
        "title": card.title,
        "module": card.module,
        "spice": card.spice,
        "library": library,
        "description": card.description.strip(),
        "not_modelled": list(card.not_modelled),
        "validity": {name: asdict(v) for name, v in card.validity.items()},
        "read_advice": [asdict(row) for row in card.read_advice],
        "parameters": {name: asdict(v) for name, v in card.parameters.items()},
        "path": str(card.path),
    }
