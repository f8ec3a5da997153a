"""A netlist of any writer, drawn as it stands: its nets as rails, its elements beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from rramcirc.circuits.sheet import PORT, QUIET, SMALL, Sheet

#: Elements and nets of a deck that are still drawn.
MOST_ELEMENTS, MOST_NETS = 32, 20
_SYMBOLS = {"r": "Resistor", "c": "Capacitor", "l": "Inductor2", "d": "Diode", "v": "SourceV", "i": "SourceI"}
_NODES = {"e": 4, "g": 4, "s": 4, "t": 4, "m": 4, "j": 3, "z": 3, "q": 3, "b": 2, "f": 2, "h": 2, "w": 2}
_NOT_DRAWN = ("vcorners", "rcorners")  # of our netlists: they drive nothing
_RAIL, _PIN, _GAP = 1.5, 0.7, 1.0  # distance of rails, pins, elements


@dataclass(frozen=True)
class DeckElement:
    """One element of a deck: its name, the nets at its pins, what else its line says."""

    name: str
    nets: tuple[str, ...]
    value: str


def read_elements(text: str) -> list[DeckElement]:
    """Return the elements of the circuit itself: not those of subcircuits and of included files.

    Examples
    --------
    >>> read_elements("title\\nR1 in out\\n+ 1k\\nv1 in 0 dc 1")
    [DeckElement(name='r1', nets=('in', 'out'), value='1k'), DeckElement(name='v1', nets=('in', '0'), value='dc 1')]
    """
    inside, found = 0, []
    for line in _statements(text):
        words = line.split()
        if words[0] in (".subckt", ".control"):
            inside += 1
        elif words[0] in (".ends", ".endc"):
            inside -= 1
        elif not inside and words[0][0].isalpha() and words[0] not in _NOT_DRAWN:
            element = _element(words)
            if element is not None:
                found.append(element)
    return found


def _statements(text: str) -> Iterator[str]:
    """Return the statements of a deck in small letters, continued lines joined, without title and comments."""
    joined: list[str] = []
    for row in text.lower().splitlines()[1:]:
        plain = re.split(r";|\s\$|\s//", row, maxsplit=1)[0].strip()
        if plain.startswith("+") and joined:
            joined[-1] += " " + plain[1:]
        elif plain and not plain.startswith("*"):
            joined.append(plain)
    return iter(line for line in joined if line.strip())


def _element(words: Sequence[str]) -> DeckElement | None:
    name, kind = words[0], words[0][0]
    plain = next((k for k, word in enumerate(words) if "=" in word or word == "params:"), len(words))
    if kind in "xna":
        count = plain - 2
    elif kind in _SYMBOLS or kind in _NODES:
        count = min(_NODES.get(kind, 2), plain - 1)
    else:
        return None
    if count < 1:
        return None
    return DeckElement(name, tuple(_net(word) for word in words[1 : 1 + count]), " ".join(words[1 + count :]))


def _net(word: str) -> str:
    return "0" if word == "gnd" else word.strip("(),")


def draw_deck(sheet: Sheet, elements: Sequence[DeckElement]) -> None:
    """Draw elements one below the other, each pin on the rail of its net.

    Parameters
    ----------
    sheet
        What to draw on; every net and element becomes one of its parts.
    elements
        What to draw.
    """
    nets = list(dict.fromkeys(net for element in elements for net in element.nets))
    rails = {net: 2.2 + _RAIL * k for k, net in enumerate(nets)}
    y = 0.0
    for element in elements:
        pins = [y - _PIN * k * (2 if len(element.nets) == 2 else 1) for k in range(len(element.nets))]
        _draw_element(sheet, element, pins)
        right = 0.0 if element.name[0] in _SYMBOLS else 1.2
        for net, pin in zip(element.nets, pins, strict=True):
            with _net_part(sheet, net):
                sheet.wire((right, pin), (rails[net], pin))
            sheet.dot((rails[net], pin))
        y = pins[-1] - _GAP
    for k, (net, x) in enumerate(rails.items()):
        with _net_part(sheet, net):
            sheet.wire((x, 0.8), (x, y + _GAP))
        sheet.text((x, 1.1 + 0.45 * (k % 2)), _short(net, 14), size=SMALL, color=QUIET if net == "0" else PORT)


def _net_part(sheet: Sheet, net: str) -> AbstractContextManager[None]:
    return sheet.part(f"net {net}", f"v({net})", net)


def _draw_element(sheet: Sheet, element: DeckElement, pins: Sequence[float]) -> None:
    name = element.name
    own = (f"i({name})", f"{name}#branch", f"*.{name}.*", f"*({name}.*", f"*.{name}[*", f"*@{name}[*")
    text = "\n".join(filter(None, (_short(name, 16), _short(element.value, 18))))
    with sheet.part(name, *own, area=True):
        if name[0] in _SYMBOLS and len(pins) == 2:
            ends = [(0.0, pin) for pin in pins]
            if name[0] == "v":  # a sheet draws the plus of a source at its end
                ends.reverse()
            sheet.two_terminal(_SYMBOLS[name[0]], ends[0], ends[1], text, "left")
            return
        top, bottom = pins[0] + 0.4, pins[-1] - 0.4
        sheet.wire((0, top), (1.2, top), (1.2, bottom), (0, bottom), (0, top))
        sheet.text((-0.4, (top + bottom) / 2), text, size=SMALL, align="right")


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}\u2026"
