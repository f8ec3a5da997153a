"""Model cards: the numbers of one device, each with unit, status and source, checked against its Verilog-A module.

The record is in `model_card`, the reader of its file in `card_file`; this is the door to both.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from rramcirc.basics import paths
from rramcirc.basics.errors import ParameterError, shown, unknown_name
from rramcirc.basics.mistakes import Mistakes
from rramcirc.basics.units import spice_number
from rramcirc.devices.cards.card_file import read_card
from rramcirc.devices.cards.kit import KIT_SUFFIXES, chosen_device, read_kit
from rramcirc.devices.cards.model_card import STATUSES, CardValue, LibraryDevice, ModelCard, Validity, check_instance
from rramcirc.devices.veriloga.declaration_reader import read_modules
from rramcirc.devices.veriloga.declarations import Module

__all__ = [
    "STATUSES", "CardValue", "LibraryDevice", "ModelCard", "Validity", "card_names", "card_of_defaults",
    "card_of_kit", "check_instance", "load_card", "names_kit",
]  # fmt: skip


_KIT = re.compile(rf"(.+?(?:{'|'.join(map(re.escape, KIT_SUFFIXES))}))(?::([\w.-]*))?(?::([\w.$-]*))?", re.I)
_WIDTH, _LENGTH = 1e-6, 1.8e-7  # [m] of a selector whose size nobody gives


def names_kit(name: str) -> bool:
    """Return whether a name is that of a transistor of a file of models: ``mysel.mod``, ``kit.lib:tt:nfet``."""
    return _KIT.fullmatch(name) is not None


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
        For example ``hfo2_filament`` or ``my_device.toml``; a transistor of a file of models is ``mysel.mod``, or
        ``kit.lib:tt:nfet`` with section and device.

    Raises
    ------
    ParameterError
        If there is no such card (with the nearest names), or it has mistakes (all of them, with line and place).

    Examples
    --------
    >>> load_card("hfo2_filament").module
    'rram_filament'
    """
    if isinstance(name_or_path, (str, Path)) and (kit := _KIT.fullmatch(str(name_or_path))):
        return card_of_kit(Path(kit[1]).expanduser(), kit[2] or "", kit[3] or "")
    if isinstance(name_or_path, str) and not name_or_path.endswith(".toml") and "/" not in name_or_path:
        path = paths.models_folder() / f"{name_or_path}.toml"
        if name_or_path not in card_names():
            advice = (
                "`rramcirc cards` lists all; a card of your own is a file ending in .toml, a transistor of a file of "
                "models mysel.mod or kit.lib:section:device."
            )
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


def card_of_kit(path: Path, section: str = "", device: str = "") -> ModelCard:
    """Return a card for a transistor of a file of models, with w and l where the file leaves them open.

    Parameters
    ----------
    path
        The file: ``.model`` lines, ``.lib`` sections or sub-circuits.
    section
        Of the file, if it has some.
    device
        Model or sub-circuit; may be left out where there is one n-channel transistor only.

    Raises
    ------
    ParameterError
        All mistakes at once: no such file, section or device, each with what there is.
    """
    mistakes = Mistakes()
    if not path.is_file():
        raise ParameterError(f"selector {path}: there is no such file.")
    section, device, prefix = chosen_device(path, section, device, mistakes)
    if mistakes:
        raise mistakes.sentence(f"selector {path}")
    kit = read_kit(path, section)
    title = f"{device} of {path.name}{f', section {section}' if section else ''}"
    if prefix == "X":
        _, values = next(v for name, v in kit.subcircuits.items() if name.lower() == device.lower())
        given = {k: spice_number(text) for k, text in values.items() if k.lower() in ("w", "l")}
        sizes = {k: v for k, v in given.items() if v is not None}
        source, unit = f"default of {path.name}", ""
    else:
        bins = [m.sizes for m in kit.models[device.lower()] if m.sizes]
        length = min((s[0] for s in bins), default=_LENGTH)
        width = _WIDTH if not bins or any(s[2] <= _WIDTH <= s[3] for s in bins) else min(s[2] for s in bins)
        sizes, source, unit = {"w": width, "l": length}, "not given; the shortest channel", "m"
    parameters = {name: CardValue(value, unit, "assumed", source, True) for name, value in sizes.items()}
    library = LibraryDevice(path, section, device, prefix)
    name = re.sub(r"\W", "_", device)
    place = Path(f"{path}:{section}:{device}")  # as it is named
    return ModelCard(name, None, None, library, title, "Numbers of the file.", (), {}, parameters, place)


@lru_cache(maxsize=64)
def _text(path: str, mtime_ns: int, size: int) -> str:
    return Path(path).read_text(encoding="utf-8")


@lru_cache(maxsize=64)
def _card(path: Path, text: str) -> ModelCard:
    return read_card(path, text)
