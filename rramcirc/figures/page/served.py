"""Runs that stay in their files: parts of them for the page, values at a place, measurements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from rramcirc.analysis.expressions import evaluate
from rramcirc.analysis.measure import Row as Measured
from rramcirc.analysis.measure import measure
from rramcirc.basics.arrays import AnyArray, FloatArray
from rramcirc.basics.errors import ParameterError, RramcircError
from rramcirc.figures.page.pack import MOST_VALUES, Block, pack_thinned, pack_whole
from rramcirc.waveforms.folder import RUNNING
from rramcirc.waveforms.pyramid import Pyramid
from rramcirc.waveforms.raw import RawPlot
from rramcirc.waveforms.spikes import Spikes
from rramcirc.waveforms.waveforms import Signal, Waveforms

MOST_READ = 1 << 28  # bytes of the raw file that are read for what is drawn or computed unasked


@dataclass(frozen=True)
class Opened:
    """A run as it is now: its plot, the names and signs of its columns, its record, its pyramid, a network's spikes."""

    plot: RawPlot
    signals: Sequence[Signal] | None
    record: dict[str, object]
    pyramid: Pyramid
    spikes: Spikes | None = None

    def rows(self, first: int, last: int) -> Waveforms:
        """Return the waveforms of some points; signals are read when they are used, the axis at once."""
        plot = replace(self.plot, data=self.plot.data[first:last], lengths=(), swept=self.plot.has_axis)
        return Waveforms.from_raw(plot, self.signals, self.record)

    @cached_property
    def table(self) -> Sequence[Signal]:
        """Signals with the vectors that carry them."""
        if self.signals is not None:
            return self.signals
        head = self.rows(0, 1)
        names = self.plot.names[1 if self.plot.has_axis else 0 :]
        return [Signal(shown, head.unit(shown), name) for shown, name in zip(head.names, names, strict=True)]


class ServedRun:
    """A run of which the page asks for parts.

    Parameters
    ----------
    label
        Its name on the page.
    reopen
        Returns the run as it is now, or None if it has not changed or has no points yet.
    """

    def __init__(self, label: str, reopen: Callable[[], Opened | None]) -> None:
        self.label, self._reopen = label, reopen
        self._now: Opened | None = None
        self.follow()

    def follow(self) -> None:
        """Look whether the run has grown."""
        self._now = self._reopen() or self._now

    def as_now(self) -> ServedRun:
        """Return the run as it was last seen, which stays so while it grows."""
        return copy(self)

    @property
    def now(self) -> Opened:
        """The run as it was last seen."""
        if self._now is None:
            raise ParameterError(f"{self.label} has no points yet.")
        return self._now

    @property
    def started(self) -> bool:
        """Whether there are points."""
        return self._now is not None

    def describe(self) -> dict[str, Any]:
        """Return what the page says of the run, without its numbers."""
        now = self.now
        head = self._rows(0, min(1, now.plot.n_points))
        about = now.record
        cards = about.get("cards")
        made = [str(about.get("engine_version") or about.get("engine") or "")]
        made += [", ".join(map(str, cards))] if isinstance(cards, list) else []
        return {
            "label": self.label, "title": str(about.get("circuit") or now.plot.title.lstrip("* ")),
            "about": ", ".join(filter(None, made)), "remark": now.plot.problem, "axisName": head.axis_name,
            "axisUnit": head.axis_unit, "points": now.plot.n_points, "from": float(now.pyramid.least[0]),
            "to": float(now.pyramid.most[0]), "rising": now.pyramid.rising, "names": list(head.names),
            "units": [head.unit(name) for name in head.names], "spikes": None, "tile": None,
            "spikeCount": 0 if now.spikes is None else len(now.spikes),
            "complete": now.plot.complete and about.get("status") != RUNNING,  # spikes come after the last point
        }  # fmt: skip

    def spikes(self, block: Block) -> dict[str, object]:
        """Return times [s] and neurons of all spikes, as the page reads them."""
        spikes = self.now.spikes or Spikes()
        return {"times": block.add(spikes.times), "neurons": block.add(spikes.neurons)}

    def tile(self, texts: Sequence[str], start: float, stop: float, pixels: int, block: Block) -> dict[str, object]:
        """Return signals and expressions between two places: every point if they are few, else least and greatest."""
        first, last = self._span(start, stop)
        ends = {"from": start, "to": stop}
        whole = (last - first) * (1 + len(texts)) <= MOST_VALUES and self._bytes(first, last) <= MOST_READ
        level = None if whole else self._level(last - first, pixels)
        if level is not None:  # before any row: to read only the axis touches every page of the file
            return {**self._from_pyramid(texts, first, last, level, block), **ends}
        rows = self._rows(first, last)
        if whole:
            columns = [(text, *_values_of(text, rows)) for text in texts]
            return {**pack_whole(rows.axis, columns, block), **ends}
        starts = np.unique(np.linspace(0, last - first, 2 * pixels, endpoint=False).astype(np.intp))
        edges = np.append(rows.axis[starts], rows.axis[-1])
        thinned = [self._thinned(text, rows, starts) for text in texts]
        return {**pack_thinned(edges, thinned, block), **ends}

    def values_at(self, names: Sequence[str], place: float) -> list[float]:
        """Return the values of signals at a place of the axis [their units], by interpolation."""
        rows = self._rows(*self._span(place, place))
        if not (self.now.pyramid.rising and rows.axis[0] <= place <= rows.axis[-1]):
            return [float("nan")] * len(names)
        return [float(np.abs(v) if np.iscomplexobj(v) else v) for v in (
            np.interp(place, rows.axis, _values_of(name, rows)[0]) for name in names
        )]  # fmt: skip

    def measured(self, texts: Sequence[str], start: float, stop: float, asked: bool) -> list[list[Measured] | str]:
        """Return measurements over a part of the axis, from every point, or why there is none.

        Unasked only if few bytes are read.
        """
        first, last = self._span(start, stop)
        if not asked and self._bytes(first, last) > MOST_READ:
            return ["the visible range is long: zoom in, or ask for a measurement."] * len(texts)
        rows = self._rows(first, last)
        if start > self.now.pyramid.least[0] or stop < self.now.pyramid.most[0]:
            rows = rows.between(start, stop)
        return [_measured(text, rows) for text in texts]

    def head(self) -> Waveforms:
        """Return the first point."""
        return self._rows(0, 1)

    def summary(self) -> list[dict[str, Any]]:
        """Return name, unit and least, greatest, first and last value of every signal [their units]."""
        pyramid = self.now.pyramid
        rows = []
        for signal in self.now.table:
            k = self.now.plot.find(signal.vector)
            ends = [float(signal.sign * part[k]) for part in (pyramid.least, pyramid.most, pyramid.first, pyramid.last)]
            low, high = sorted(ends[:2])
            low, high = (low, high) if low < float("inf") and high > -float("inf") else (float("nan"),) * 2
            rows.append(
                {"signal": signal.name, "unit": signal.unit, "min": low, "max": high, "first": ends[2], "last": ends[3]}
            )
        return rows

    def check(self, text: str) -> None:
        """Raise unless an expression can be read."""
        evaluate(text, self._rows(0, 1))

    def _bytes(self, first: int, last: int) -> int:
        return int(self.now.plot.data[first:last].nbytes)

    def _rows(self, first: int, last: int) -> Waveforms:
        return self.now.rows(first, last)

    def _span(self, start: float, stop: float) -> tuple[int, int]:
        """Return first and last point around a part of the axis, one beyond each end; all points if it goes back."""
        plot, pyramid = self.now.plot, self.now.pyramid
        if not pyramid.rising or not plot.has_axis:
            return 0, plot.n_points
        return max(0, self._place(start, "left") - 1), min(plot.n_points, self._place(stop, "right") + 1)

    def _place(self, where: float, side: Any) -> int:
        """Return where a place belongs among the points; only the points of one piece are read."""
        pyramid = self.now.pyramid
        piece = max(0, int(np.searchsorted(pyramid.edges[:-1], where, side)) - 1)
        begin = piece * pyramid.pieces(0)
        axis = np.asarray(self.now.plot.data[begin : begin + pyramid.pieces(0), 0]).real
        return begin + int(np.searchsorted(axis, where, side))

    def _level(self, points: int, pixels: int) -> int | None:
        """Return the coarsest scale that has two pieces in a pixel; None if even the finest has not."""
        pyramid = self.now.pyramid
        fine = [k for k in range(len(pyramid.levels)) if points / pyramid.pieces(k) >= 2 * pixels]
        return fine[-1] if fine else None

    def _thinned(self, text: str, rows: Waveforms, starts: AnyArray) -> tuple[str, FloatArray, FloatArray, str]:
        values, unit = _values_of(text, rows)
        shown = np.abs(values) if np.iscomplexobj(values) else values
        return text, np.fmin.reduceat(shown, starts), np.fmax.reduceat(shown, starts), unit

    def _from_pyramid(self, texts: Sequence[str], first: int, last: int, level: int, block: Block) -> dict[str, object]:
        pyramid = self.now.pyramid
        size = pyramid.pieces(level)
        a, b = first // size, -(-last // size)
        finer = size // pyramid.pieces(0)
        end = pyramid.edges[min(b * finer, len(pyramid.edges) - 1)]
        edges = np.append(pyramid.edges[a * finer : b * finer : finer], end)
        where = {signal.name: signal for signal in self.now.table}
        thinned = []
        for text in texts:
            if text not in where:
                raise ParameterError(f"{text!r} over so long a range: zoom in to draw an expression.")
            column, sign = self.now.plot.find(where[text].vector), where[text].sign
            low, high = pyramid.levels[level][:, column, a:b]
            if sign < 0 and not np.iscomplexobj(self.now.plot.data):  # of complex values it holds the magnitude
                low, high = -high, -low
            thinned.append((text, low, high, where[text].unit))
        return pack_thinned(edges, thinned, block)


def _measured(text: str, rows: Waveforms) -> list[Measured] | str:
    try:
        return measure(text, rows, partial=True)
    except RramcircError as error:
        return str(error)


def _values_of(text: str, rows: Waveforms) -> tuple[AnyArray, str]:
    """Return the values and unit of a signal, whatever its name looks like, or of an expression."""
    found = rows.find(text)
    return evaluate(text, rows) if found is None else (rows[found], rows.unit(found))
