"""What a page is told about runs: a description in JSON, and the numbers as bytes behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rramcirc.analysis.expressions import PRODUCTS, QUOTIENTS
from rramcirc.analysis.measure import MEASUREMENTS
from rramcirc.basics.arrays import AnyArray, FloatArray
from rramcirc.basics.units import PREFIXED_UNITS, PREFIXES, SUFFIXES, UNIT_SPELLINGS
from rramcirc.figures.style import QUANTITIES
from rramcirc.waveforms.waveforms import Waveforms

Row = tuple[str, AnyArray, str]

#: Numbers of a run that a page holds as they are; a run of more is thinned to least and greatest values.
MOST_VALUES = 500_000
_THINNED_BYTES = 5_000_000
_PIECES = (400, 50_000)  # fewest and most that the axis is cut into


class Block:
    """Arrays one behind the other, each at a multiple of 8 bytes."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._length = 0

    def add(self, values: AnyArray, short: bool = False) -> dict[str, object]:
        """Add numbers, in 4 bytes each if `short`; return where they are."""
        data = np.ascontiguousarray(values, "<f4" if short else "<f8").tobytes()
        data += b"\0" * (-len(data) % 8)
        where: dict[str, object] = {"at": self._length, "n": len(values), "type": "f4" if short else "f8"}
        self._parts.append(data)
        self._length += len(data)
        return where

    @property
    def content(self) -> bytes:
        """All of them."""
        return b"".join(self._parts)


def tables() -> dict[str, object]:
    """Return what the page's expressions and measurements need to know of units, the same tables as in Python."""
    powers = {suffix: round(np.log10(scale)) for suffix, scale in SUFFIXES.items()}
    return {
        "suffixes": powers,
        "prefixes": list(PREFIXES.items()),
        "spellings": UNIT_SPELLINGS,
        "prefixed": sorted(PREFIXED_UNITS),
        "quantities": QUANTITIES,
        "products": {"*".join(pair): unit for pair, unit in PRODUCTS.items()},
        "quotients": {"/".join(pair): unit for pair, unit in QUOTIENTS.items()},
        "measurements": {name: [usage, fewest] for name, (usage, fewest, _) in MEASUREMENTS.items()},
    }


def describe_run(label: str, waveforms: Waveforms, units: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return what a page says of a run: its axis, signals and units, who made it, whether it is whole."""
    axis = waveforms.axis
    known = axis[np.isfinite(axis)]
    ends = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    about = waveforms.provenance
    cards = about.get("cards")
    made = [str(about.get("engine_version") or about.get("engine") or ""), ", ".join(cards) if cards else ""]
    return {
        "label": label,
        "title": str(about.get("circuit") or waveforms.title.lstrip("* ")),
        "about": ", ".join(filter(None, made)),
        "remark": "" if waveforms.complete else (waveforms.stopped or "partial"),
        "axisName": waveforms.axis_name,
        "axisUnit": waveforms.axis_unit,
        "points": waveforms.n_points,
        "from": ends[0],
        "to": ends[1],
        "rising": bool(np.all(axis[1:] >= axis[:-1])),
        "names": [name for name, _ in units],
        "units": [unit for _, unit in units],
        "spikes": None,
        "tile": None,
    }


def pack_run(label: str, waveforms: Waveforms, rows: Sequence[Row], block: Block) -> dict[str, Any]:
    """Return the description of a run whose numbers go into the page, whole or thinned."""
    described = describe_run(label, waveforms, [(name, unit) for name, _, unit in rows])
    values = waveforms.n_points * (1 + sum(2 if np.iscomplexobj(v) else 1 for _, v, _ in rows))
    described["tile"] = (pack_whole if values <= MOST_VALUES else _pack_thinned)(waveforms.axis, rows, block)
    if waveforms.spikes is not None and len(waveforms.spikes):
        spikes = waveforms.spikes
        described["spikes"] = {"times": block.add(spikes.times), "neurons": block.add(spikes.neurons)}
    return described


def pack_whole(axis: FloatArray, rows: Sequence[Row], block: Block) -> dict[str, object]:
    """Return a tile with every point."""
    columns: list[tuple[str, Mapping[str, object]]] = []
    for name, values, unit in rows:
        imaginary = block.add(values.imag) if np.iscomplexobj(values) else None
        columns.append((name, {"unit": unit, "re": block.add(values.real), "im": imaginary}))
    return {"whole": True, "axis": block.add(axis), "columns": columns}


def _pack_thinned(axis: FloatArray, rows: Sequence[Row], block: Block) -> dict[str, object]:
    """Return a tile with the least and greatest value of equally many points each; of complex ones the magnitude."""
    pieces = int(np.clip(_THINNED_BYTES // (8 * max(1, len(rows))), *_PIECES))
    starts = np.unique(np.linspace(0, len(axis), min(pieces, len(axis)), endpoint=False).astype(np.intp))
    thinned = []
    for name, values, unit in rows:
        shown = np.abs(values) if np.iscomplexobj(values) else values
        thinned.append((name, np.fmin.reduceat(shown, starts), np.fmax.reduceat(shown, starts), unit))
    return pack_thinned(np.append(axis[starts], axis[-1]), thinned, block)


def pack_thinned(
    edges: FloatArray, rows: Sequence[tuple[str, AnyArray, AnyArray, str]], block: Block
) -> dict[str, object]:
    """Return a tile of (name, least, greatest, unit) between the edges."""
    columns = [
        (name, {"unit": unit, "low": block.add(low, short=True), "high": block.add(high, short=True)})
        for name, low, high, unit in rows
    ]
    return {"whole": False, "edges": block.add(edges), "columns": columns}
