"""A sheet to draw schematics on: symbols at coordinates, in one style; the only place that imports schemdraw."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rramcirc.basics.arguments import file_name
from rramcirc.basics.errors import ParameterError, cannot_write

if TYPE_CHECKING:
    from schemdraw.elements import Element

Point = tuple[float, float]

BLACK, PORT, QUIET = "#000000", "#0072B2", "#777777"  # symbols; ports; remarks
FONT, SIZE, SMALL = "DejaVu Sans, Helvetica, Arial, sans-serif", 11.0, 9.0
LINE_WIDTH = 1.1
MARGIN = 26.0  # points around the drawing
SUFFIXES = (".svg",)
Align = Literal["left", "center", "right"]
# how a text on this side of a symbol is aligned
ALIGN: dict[str, Align] = {"left": "right", "right": "left", "top": "center", "bottom": "center"}


POINTS = 36.0  # of the picture in a unit of length; its y runs downwards


@dataclass
class Part:
    """A net or cell of a schematic: where it is drawn, and which signals of a run are its own.

    Attributes
    ----------
    name
        Said to who looks at it.
    signals
        Names of signals; ``*`` stands for any text, and ``others`` alone for all that no other part has.
    area
        Whether it is a whole area, such as a cell, or only its lines, such as a net.
    lines
        From point to point.
    """

    name: str
    signals: tuple[str, ...]
    area: bool
    lines: list[tuple[Point, ...]] = field(default_factory=list)


class Sheet:
    """A schematic in the making; lengths are in units of about half a resistor.

    Parameters
    ----------
    most
        Rows and columns of an array or network that are drawn; dots stand for the rest.
    zoom
        Of the letters, for a sheet that is shown small [1].
    """

    def __init__(self, most: int = 2, zoom: float = 1.0) -> None:
        import schemdraw

        self.most, self.zoom = most, zoom
        self.parts: dict[str, Part] = {}
        self._open: list[Part] = []

        schemdraw.use("svg")
        schemdraw.theme("default")  # type: ignore[no-untyped-call]  # the only function that schemdraw left without types
        self.drawing = schemdraw.Drawing(show=False, fontsize=SIZE, font=FONT, lw=LINE_WIDTH, color=BLACK, unit=2.0)

    def svg(self) -> str:
        """Return the sheet as SVG; the same text for the same sheet."""
        return _with_margin(_rounded(self.drawing.get_imagedata("svg").decode()))

    def save(self, path: Path) -> None:
        """Write the sheet as SVG; the same bytes for the same sheet."""
        try:
            path.write_text(self.svg())
        except OSError as error:
            raise cannot_write(path, error) from error

    @contextmanager
    def part(self, name: str, *signals: str, area: bool = False) -> Iterator[None]:
        """Let what is drawn inside belong to a net or cell whose signals these are; see `Part`."""
        self._open.append(self.parts.setdefault(name, Part(name, signals, area)))
        try:
            yield
        finally:
            self._open.pop()

    def net(self, name: str) -> AbstractContextManager[None]:
        """Let what is drawn inside belong to a net: its voltage, and the current of its driver if there is one."""
        return self.part(name, f"v({name})", f"i({name})", name)

    def _touch(self, *points: Point) -> None:
        if self._open:
            self._open[-1].lines.append(points)

    def add(self, element: Element) -> Element:
        """Add any element of schemdraw and return it placed."""
        return self.drawing.add(element)

    def wire(self, *points: Point, color: str = BLACK, dashed: bool = False) -> None:
        """Draw straight lines from point to point."""
        import schemdraw.elements as elm

        self._touch(*points)
        for start, end in itertools.pairwise(points):
            line = elm.Line().at(start).to(end).color(color)
            self.add(line.linestyle("--") if dashed else line)

    def arrow(self, start: Point, end: Point, label: str = "", color: str = BLACK) -> None:
        """Draw an arrow with a remark at its middle."""
        import schemdraw.elements as elm

        self.add(elm.Arrow(headwidth=0.14, headlength=0.22).at(start).to(end).color(color))
        if label:
            self.text(((start[0] + end[0]) / 2, (start[1] + end[1]) / 2 + 0.28), label, color=color, size=SMALL)

    def dot(self, at: Point) -> None:
        """Draw a junction."""
        import schemdraw.elements as elm

        self.add(elm.Dot(radius=0.06).at(at))

    def dots(self, at: Point, step: Point) -> None:
        """Draw three points that say 'and so on'."""
        import schemdraw.elements as elm

        for k in range(3):
            self.add(elm.Dot(radius=0.045).at((at[0] + k * step[0], at[1] + k * step[1])).color(QUIET))

    def port(self, at: Point, name: str, unit: str = "V", side: str = "left") -> None:
        """Draw a port: an open dot with name and unit on one side."""
        import schemdraw.elements as elm

        self.add(elm.Dot(open=True, radius=0.09).at(at).color(PORT))
        reach = 0.3  # a dot alone is hard to hit
        with self.net(name):
            self._touch((at[0] - reach, at[1]), (at[0] + reach, at[1]))
        shift = {"left": (-0.2, 0), "right": (0.2, 0), "top": (0, 0.33), "bottom": (0, -0.36)}[side]
        align = ALIGN[side]
        text = f"{name} [{unit}]" if unit else name
        self.text((at[0] + shift[0], at[1] + shift[1]), text, color=PORT, align=align)

    def text(self, at: Point, text: str, *, color: str = BLACK, align: Align = "center", size: float = SIZE) -> None:
        """Write text, centred vertically at a point."""
        import schemdraw.elements as elm

        # schemdraw sets text a little right of and above its point
        x = at[0] - {"center": 0.1, "right": 0.1, "left": 0.0}[align]
        label = elm.Label().at((x, at[1] - 0.1)).theta(0).color(color)
        self.add(label.label(text, loc="center", halign=align, valign="center", fontsize=size * self.zoom, ofst=0))

    def two_terminal(self, kind: str, start: Point, end: Point, label: str = "", side: str = "right") -> None:
        """Draw a Resistor, Capacitor, Memristor, Switch, SourceV, SourceI ... between two points.

        `side` is where the label stands: right or left of a vertical symbol, top or bottom of a horizontal one.
        """
        import schemdraw.elements as elm

        self._touch(start, end)
        if self._open and self._open[-1].area:  # the symbol is wider than a line
            along, across = ("x", "y") if start[1] == end[1] else ("y", "x")
            wide = {along: 0.0, across: 0.5 if kind.startswith("Source") else 0.27}
            self._touch(*((x + sign * wide["x"], y + sign * wide["y"]) for x, y in (start, end) for sign in (-1, 1)))
        symbol = getattr(elm, kind)()
        if kind.startswith("Source") and start[1] > end[1]:  # schemdraw draws sources upwards
            self.add(symbol.at(end).to(start).reverse())
        else:
            self.add(symbol.at(start).to(end))
        middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
        x, y = {"right": (0.42, 0), "left": (-0.42, 0), "top": (0, 0.5), "bottom": (0, -0.5)}[side]
        x *= 1.9 if kind.startswith("Source") else 1.0
        y += 0.2 if kind == "Switch" and side == "top" else 0.0  # above its blade
        if label:
            self.text((middle[0] + x, middle[1] + y), label, align=ALIGN[side], size=SMALL)

    def rram(self, te: Point, be: Point, label: str = "", side: str = "right") -> None:
        """Draw an RRAM device: a box with the thick bar at its bottom electrode."""
        self.two_terminal("Memristor2", be, te, label, side)

    def transistor(
        self, kind: str, drain: Point, *, gate: str = "left", label: str = "", reach: float = 1.0
    ) -> dict[str, Point]:
        """Draw an n- or p-channel transistor upright.

        Parameters
        ----------
        kind
            ``"n"``: `drain` is the upper end. ``"p"``: it is the lower end, the source is above.
        gate
            Side of the gate: left or right.
        reach
            Length from the channel's line to the end of the gate.

        Returns
        -------
        dict
            Points of drain, gate and source.
        """
        import schemdraw.elements as elm

        x, y = drain
        sign = -1 if gate == "left" else 1
        top = y if kind == "n" else y + 1.6
        centre = top - 0.8
        channel, plate, end = x + sign * 0.42, x + sign * 0.56, x + sign * reach
        self.wire((x, top), (x, centre + 0.33), (channel, centre + 0.33))
        self.wire((x, top - 1.6), (x, centre - 0.33), (channel, centre - 0.33))
        self.add(elm.Line().at((channel, centre - 0.5)).to((channel, centre + 0.5)).linewidth(2.0))
        self.add(elm.Line().at((plate, centre - 0.42)).to((plate, centre + 0.42)).linewidth(1.6))
        if kind == "p":
            self.add(elm.Dot(open=True, radius=0.09).at((plate + sign * 0.1, centre)))
            self.wire((plate + sign * 0.19, centre), (end, centre))
        else:
            self.wire((plate, centre), (end, centre))
        if label:
            self.text((x - sign * 0.14, centre), label, align="left" if sign < 0 else "right", size=SMALL)
        ends = {"upper": (x, top), "lower": (x, top - 1.6), "gate": (end, centre)}
        names = ("drain", "source") if kind == "n" else ("source", "drain")
        return {names[0]: ends["upper"], names[1]: ends["lower"], "gate": ends["gate"]}

    def op_amp(self, out: Point, *, plus: str = "bottom", label: str = "") -> dict[str, Point]:
        """Draw an op-amp that points to the right; returns points of minus, plus and out."""
        x, y = out
        left, height = x - 1.7, 0.95
        self.wire((left, y + height), (x, y), (left, y - height), (left, y + height))
        upper, lower = (left, y + 0.5), (left, y - 0.5)
        points = {"minus": upper, "plus": lower} if plus == "bottom" else {"minus": lower, "plus": upper}
        for name, sign in (("minus", "\u2212"), ("plus", "+")):
            self.text((left + 0.25, points[name][1]), sign, size=SMALL)
        if label:
            self.text((left + 0.75, y), label, size=SMALL)
        return points | {"out": out}

    def inverter(self, at: Point) -> Point:
        """Draw an inverter that points to the right from its input; returns its output."""
        import schemdraw.elements as elm

        x, y = at
        self.wire((x, y + 0.45), (x + 0.75, y), (x, y - 0.45), (x, y + 0.45))
        self.add(elm.Dot(open=True, radius=0.09).at((x + 0.84, y)))
        return (x + 0.93, y)

    def box(self, corner: Point, width: float, height: float, label: str, *, dashed: bool = False) -> None:
        """Draw a block with text in it; `corner` is the lower left."""
        x, y = corner
        points = [(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)]
        self.wire(*points, dashed=dashed, color=QUIET if dashed else BLACK)
        if dashed:
            self.text((x + width, y + height + 0.3), label, align="right", size=SMALL, color=QUIET)
        else:
            self.text((x + width / 2, y + height / 2), label, size=SMALL)

    def ground(self, at: Point) -> None:
        """Draw ground, 0 V."""
        x, y = at
        self.wire((x, y), (x, y - 0.25))
        for k, half in enumerate((0.3, 0.19, 0.08)):
            self.wire((x - half, y - 0.25 - 0.11 * k), (x + half, y - 0.25 - 0.11 * k))

    def supply(self, at: Point, name: str = "vdd") -> None:
        """Draw the supply."""
        x, y = at
        self.wire((x, y), (x, y + 0.25))
        self.wire((x - 0.3, y + 0.25), (x + 0.3, y + 0.25))
        self.text((x, y + 0.5), name, size=SMALL)

    def pulse(self, at: Point, levels: tuple[float, ...], label: str = "", scale: float = 0.3) -> None:
        """Draw a little waveform of levels of equal length, that begins and ends at its first one."""
        x, y = at
        points: list[Point] = [(x, y + levels[0] * scale)]
        for k, level in enumerate(levels):
            points += [(x + k * scale, y + level * scale), (x + (k + 1) * scale, y + level * scale)]
        self.wire(*[p for i, p in enumerate(points) if i == 0 or p != points[i - 1]], color=PORT)
        if label:
            self.text((x + len(levels) * scale / 2, y - 0.45), label, size=SMALL, color=PORT)


def _rounded(svg: str) -> str:
    """Return the picture with hundredths of a point, and without the defaults that every symbol repeats."""

    def tag(found: re.Match[str]) -> str:
        return re.sub(r"-?\d+\.\d{3,}", lambda number: f"{round(float(number[0]), 2) + 0.0:g}", found[0])

    return re.sub(r"<[^>]*>", tag, svg).replace("stroke-dasharray:-;", "")


def _with_margin(svg: str) -> str:
    """Return the picture with a margin all around, which schemdraw leaves out beside right-aligned text."""
    found = re.search(r'height="([-\d.]+)pt" width="([-\d.]+)pt" viewBox="([-\d. ]+)"', svg)
    if found is None:
        return svg
    x, y, width, height = (round(float(number), 3) for number in found[3].split())
    box = f"{x - MARGIN:g} {y - MARGIN:g} {width + 2 * MARGIN:g} {height + 2 * MARGIN:g}"
    size = f'height="{height + 2 * MARGIN:g}pt" width="{width + 2 * MARGIN:g}pt" viewBox="{box}"'
    return svg[: found.start()] + size + svg[found.end() :]


def checked_path(path: str | os.PathLike[str]) -> Path:
    """Return the path of a schematic; raise ParameterError unless it ends in .svg."""
    path = file_name(path, "draw")
    if path.suffix.lower() not in SUFFIXES:
        raise ParameterError(f"{path}: schematics are written as .svg, not {path.suffix or 'without suffix'}.")
    return path
