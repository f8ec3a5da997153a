"""What the shell offers for a word: names of cards, circuits, models, experiments, and files beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem

Completion = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _offers(names: Callable[[], Iterable[str]], files: bool = True) -> Completion:
    """Return what completes a name, or else a file."""

    def complete(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        found = [CompletionItem(name) for name in names() if name.startswith(incomplete)]
        return found or ([CompletionItem(incomplete, type="file")] if files else [])

    return complete


def _cards() -> list[str]:
    from rramcirc.devices.cards.card import card_names

    return card_names()


def _transistors() -> list[str]:
    return ["none", *(name for name in _cards() if name.startswith(("nmos", "pmos")))]


def _circuits() -> list[str]:
    from rramcirc.circuits.table import CIRCUITS

    return list(CIRCUITS)


def _models() -> list[str]:
    from rramcirc.devices.veriloga.library import library

    return ["check", *library()]


def _experiments() -> list[str]:
    from rramcirc.papers.reproduction import experiment_names

    return experiment_names()


cards, selectors, circuits, models = map(_offers, (_cards, _transistors, _circuits, _models))
experiments = _offers(_experiments, files=False)
