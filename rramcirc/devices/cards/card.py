"""Model cards: the numbers of one device, each with unit, status and source, checked against its Verilog-A module.

The record is in `model_card`, the reader of its file in `card_file`; this is the door to both.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from rramcirc.basics import paths
from rramcirc.basics.errors import ParameterError, shown, unknown_name
from rramcirc.devices.cards.card_file import read_card
from rramcirc.devices.cards.model_card import STATUSES, CardValue, LibraryDevice, ModelCard, Validity, check_instance
from rramcirc.devices.veriloga.declaration_reader import read_modules
from rramcirc.devices.veriloga.declarations import Module

__all__ = [
    "STATUSES", "CardValue", "LibraryDevice", "ModelCard", "Validity", "card_names", "card_of_defaults",
    "check_instance", "load_card",
]  # fmt: skip


def card_names() -> list[str]:
    """Return the names of the library's cards, sorted."""
    return sorted(file.stem for file in paths.models_folder().glob("*.toml"))


def card_of_defaults(declaration: Module) -> ModelCard:
    """Return a card with the default values of a Verilog-A module."""
    values = {
        name: CardValue(p.default, p.unit, "assumed", f"default of {declaration.path.name}", p.instance)
        for name, p in declaration.parameters.items()
        if p.default is not None
    }
    return ModelCard(
        declaration.name, declaration.name, None, None, declaration.description, "Defaults of the Verilog-A file.",
        (), {}, values, declaration.path.with_suffix(".toml"), declaration,
    )  # fmt: skip


def load_card(name_or_path: str | Path) -> ModelCard:
    """Return a model card of the library, by name, or one of your own, by file.

    Parameters
    ----------
    name_or_path
        For example ``hfo2_filament`` or ``my_device.toml``.

    Raises
    ------
    ParameterError
        If there is no such card (with the nearest names), or it has mistakes (all of them, with line and place).

    Examples
    --------
    >>> load_card("hfo2_filament").module
    'rram_filament'
    """
    if isinstance(name_or_path, str) and not name_or_path.endswith(".toml") and "/" not in name_or_path:
        path = paths.models_folder() / f"{name_or_path}.toml"
        if name_or_path not in card_names():
            advice = "`rramcirc cards` lists all; a card of your own is a file ending in .toml."
            raise ParameterError(unknown_name("card", name_or_path, card_names(), advice))
    elif isinstance(name_or_path, (str, Path)):
        path = Path(name_or_path)
    else:
        raise ParameterError(f"{shown(name_or_path)} is no card name or .toml file.")
    try:
        info = os.stat(path)
        text = _text(os.path.abspath(path), info.st_mtime_ns, info.st_size)
    except OSError as error:
        raise ParameterError(f"cannot read the card {path} ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise ParameterError(f"{path} is no model card: no UTF-8 text at byte {error.start}.") from error
    card = _card(path, text)
    if card.declaration is not None and card.declaration not in read_modules(card.declaration.path):
        card = read_card(path, text)  # the Verilog-A file was edited since
    points = tuple(dict(point) for point in card.conductance_path)
    return replace(card, validity=dict(card.validity), parameters=dict(card.parameters), conductance_path=points)


@lru_cache(maxsize=64)
def _text(path: str, mtime_ns: int, size: int) -> str:
    return Path(path).read_text(encoding="utf-8")


@lru_cache(maxsize=64)
def _card(path: Path, text: str) -> ModelCard:
    return read_card(path, text)
