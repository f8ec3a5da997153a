"""The schematic beside the panes of a page: shapes that the page makes anew, and parts that can be clicked."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from pathlib import Path

from rramcirc.bench.design import Design
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.known import NoSchematicError, schematic_of
from rramcirc.circuits.sheet import BLACK, POINTS, PORT, QUIET, Part, Sheet
from rramcirc.waveforms.signals import read_signals

Circuit = Design | Testbench | Path
_SHAPES = ("path", "line", "polyline", "polygon", "circle", "ellipse", "rect", "text", "tspan")
_KEPT = (
    "d", "points", "x", "y", "dx", "dy", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "width", "height",
    "transform", "text-anchor", "font-size", "stroke-width", "stroke-dasharray",
)  # fmt: skip
# colours of the sheet, as the page names them in light and dark
_COLOURS = {BLACK: "var(--text)", PORT: "var(--port)", QUIET: "var(--quiet)", "white": "var(--back)", "none": "none"}
_AREA = 0.15  # around a cell


def page_schematic(circuit: Circuit | None, names: Sequence[str]) -> dict[str, object]:
    """Return what a page says of a schematic: its box, shapes and parts, or a text that says why there is none.

    Parameters
    ----------
    circuit
        A design, a testbench or a run folder; None has no schematic.
    names
        Signals of the run: parts without any cannot be clicked.
    """
    if circuit is None:
        return {"why": ""}
    try:
        sheet = schematic_of(circuit.design if isinstance(circuit, Testbench) else circuit)
    except NoSchematicError as reason:
        return {"why": str(reason)}
    root = ET.fromstring(sheet.svg())
    box = [float(number) for number in root.attrib["viewBox"].split()]
    return {"box": box, "shapes": _shapes(root), "parts": _parts(sheet, _vectors(circuit, names))}


def _vectors(circuit: Circuit, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return every signal with the spellings by which a netlist may know it."""
    known: dict[str, tuple[str, ...]] = {name: (name,) for name in names}
    netlist = circuit / "netlist.cir" if isinstance(circuit, Path) else None
    if netlist is not None and netlist.is_file():
        known |= {s.name: (s.name, s.vector) for s in read_signals(netlist) if s.name in known and s.vector}
    return known


def _shapes(root: ET.Element) -> list[list[object]]:
    """Return tag, attributes, text and inner shapes of what is drawn; nothing else of an SVG gets onto the page."""
    found: list[list[object]] = []
    for node in root:
        tag = node.tag.rpartition("}")[2]
        if tag in _SHAPES:
            found.append([tag, _attributes(node), (node.text or "").strip(), _shapes(node)])
        else:
            found += _shapes(node)
    return found


def _attributes(node: ET.Element) -> dict[str, str]:
    style = dict(part.split(":", 1) for part in node.attrib.get("style", "").split(";") if ":" in part)
    told = {name.strip(): value.strip() for name, value in {**style, **node.attrib}.items()}
    kept = {name: told[name] for name in _KEPT if name in told and re.fullmatch(r"[-\w\s.,()%#]*", told[name])}
    for name in ("fill", "stroke"):
        if name in told:
            kept[name] = _COLOURS.get(told[name], "var(--text)")
    return kept


def _parts(sheet: Sheet, signals: Mapping[str, Sequence[str]]) -> list[dict[str, object]]:
    """Return the parts of a sheet that have signals: areas first, so that nets lie above them."""
    own = {name: _own(part, signals) for name, part in sheet.parts.items()}
    taken = {signal for one in own.values() for signal in one}
    for name, part in sheet.parts.items():
        if part.signals == ("others",):
            own[name] = [signal for signal in signals if signal not in taken]
    parts = [part for name, part in sheet.parts.items() if own[name]]
    return [
        {"name": part.name, "area": part.area, "signals": own[part.name], "path": _path(part)}
        for part in sorted(parts, key=lambda part: not part.area)
    ]


def _own(part: Part, signals: Mapping[str, Sequence[str]]) -> list[str]:
    pattern = re.compile("|".join(".*".join(map(re.escape, text.split("*"))) for text in part.signals), re.I | re.S)
    return [name for name, spelled in signals.items() if any(pattern.fullmatch(text) for text in spelled)]


def _path(part: Part) -> str:
    """Return where a part is, as the path of an SVG: its lines, or the area around them."""
    if not part.area:
        return "".join("M" + "L".join(f"{x * POINTS:.1f} {-y * POINTS:.1f}" for x, y in line) for line in part.lines)
    xs, ys = zip(*(point for line in part.lines for point in line), strict=True)
    left, right = ((f(xs) + s * _AREA) * POINTS for f, s in ((min, -1), (max, 1)))
    top, bottom = (-(f(ys) + s * _AREA) * POINTS for f, s in ((max, 1), (min, -1)))
    return f"M{left:.1f} {top:.1f}H{right:.1f}V{bottom:.1f}H{left:.1f}Z"
