"""Waveforms: named signals against one axis, the same from every engine."""

from __future__ import annotations

import fnmatch
import os
import re
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rramcirc.basics.arguments import check_kind
from rramcirc.basics.arrays import AnyArray, FloatArray
from rramcirc.basics.errors import ParameterError, UnknownSignal, WaveformError, a_kind, nearest, shown
from rramcirc.waveforms.raw import RawPlot, normalise_vector, restore_indices, write_raw
from rramcirc.waveforms.sparkline import signals_table
from rramcirc.waveforms.spikes import Spikes

if TYPE_CHECKING:
    import pandas as pd

_KIND_OF_UNIT = {"V": "voltage", "A": "current", "s": "time", "Hz": "frequency"}
_UNIT_OF_KIND = {kind: unit for unit, kind in _KIND_OF_UNIT.items()}
_NGSPICE_KINDS = {
    "notype",
    "time",
    "frequency",
    "voltage",
    "current",
    "voltage-density",
    "current-density",
    "sqr-voltage-density",
    "sqr-current-density",
    "sqr-voltage",
    "sqr-current",
    "pole",
    "zero",
    "s-param",
    "temp-sweep",
    "res-sweep",
    "impedance",
    "admittance",
    "power",
    "phase",
    "decibel",
    "capacitance",
    "charge",
    "temperature",
}
MOST_SHOWN = 24  # signals in the table of a notebook
_PLOTNAME_OF_AXIS = {"time": "Transient Analysis", "frequency": "AC Analysis", "point": "Operating Point"}
_LONGEST_PATTERN = 2000  # characters


@dataclass(frozen=True)
class Signal:
    """One row of the probe table: the contract between engines.

    Parameters
    ----------
    name
        What the user writes: ``i(bl3)``, ``v(bl3)``, ``gap[2,3]``.
    unit
        Unit of the value: ``A``, ``V``, ``nm``, ``ohm``, ``S``.
    vector
        Name of the vector in ngspice; empty if there is none.
    sign
        1 or -1: the value is sign * vector.
    description
        What it is, in words.
    """

    name: str
    unit: str
    vector: str
    sign: int = 1
    description: str = ""

    def __post_init__(self) -> None:
        if self.sign not in (1, -1):
            raise ParameterError(f"signal {self.name}: sign = {shown(self.sign)}; it is 1 or -1.")


class _Lazy(Mapping[str, AnyArray]):
    """Named arrays, each made at first access and then kept, read-only."""

    def __init__(self, names: Iterable[str]) -> None:
        self._made: dict[str, AnyArray | None] = dict.fromkeys(names)

    @abstractmethod
    def _make(self, name: str) -> AnyArray:
        """Return the values of a name, as an array of its own."""

    def __getitem__(self, name: str) -> AnyArray:
        values = self._made[name]
        if values is None:
            values = self._make(name)
            values.setflags(write=False)
            self._made[name] = values
        return values

    def __contains__(self, name: object) -> bool:
        return name in self._made

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


class _Columns(_Lazy):
    """Columns of a plot with their signs; a column is read at first access."""

    def __init__(self, plot: RawPlot, where: dict[str, tuple[int, int]]) -> None:
        super().__init__(where)
        self._plot, self._where = plot, where

    def _make(self, name: str) -> AnyArray:
        column, sign = self._where[name]
        values = self._plot.column(column)
        return np.negative(values, out=values) if sign < 0 else values


class _Window(_Lazy):
    """Signals of a part of the axis."""

    def __init__(self, signals: Mapping[str, AnyArray], axis: AnyArray, points: AnyArray, ends: AnyArray) -> None:
        super().__init__(signals)
        self._signals, self._axis, self._points, self._ends = signals, axis, points, ends

    def _make(self, name: str) -> AnyArray:
        values = self._signals[name]
        inside: AnyArray = values[self._points]
        if not self._ends.size:
            return inside
        first, last = np.interp(self._ends, self._axis, values)
        whole: AnyArray = np.r_[first, inside, last]
        return whole


@dataclass(frozen=True, eq=False)
class Waveforms:
    """Signals of one analysis against one axis.

    Parameters
    ----------
    axis_name
        ``time``, ``frequency``, the swept source, or ``point`` if there is no axis (operating point).
    axis_unit
        Unit of the axis: ``s``, ``Hz``, ``V``...
    axis : (n_points,) array
        Rising in a transient; in a DC sweep it can go back and forth.
    signals : mapping of name -> (n_points,) array
        Values in `units`; complex in an AC analysis. May be lazy.
    units : mapping of name -> str
        Unit of every signal; empty if unknown.
    complete
        False if the run stopped early.
    provenance
        Hashes, engine and versions, cards, seed, temperature: what the engine reports.
    stopped
        Where and why it stopped, in words; empty if complete.
    title
        Title of the netlist.
    spikes
        Output spikes of a network, from every engine that ran it; None for everything else.

    Examples
    --------
    >>> wf = Waveforms("time", "s", np.array([0.0, 1.0]), {"v(out)": np.array([0.0, 0.5])}, {"v(out)": "V"})
    >>> wf["v(out)"][-1], wf.time[-1], wf.names
    (np.float64(0.5), np.float64(1.0), ('v(out)',))
    """

    axis_name: str
    axis_unit: str
    axis: FloatArray = field(repr=False)
    signals: Mapping[str, AnyArray] = field(repr=False)
    units: Mapping[str, str] = field(repr=False)
    complete: bool = True
    provenance: Mapping[str, Any] = field(default_factory=dict, repr=False)
    stopped: str = ""
    title: str = ""
    spikes: Spikes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        try:
            axis = np.array(self.axis, dtype=np.float64)
        except (TypeError, ValueError):
            raise WaveformError(f"axis {shown(self.axis_name)}: numbers are needed, not {a_kind(self.axis)}.") from None
        if axis.ndim != 1:
            raise WaveformError(f"axis {self.axis_name} has shape {axis.shape}; it must be one-dimensional.")
        axis.setflags(write=False)
        for name in ("signals", "units", "provenance"):
            check_kind(getattr(self, name), Mapping, f"Waveforms.{name}", "a dict of names and values")
        object.__setattr__(self, "axis", axis)
        object.__setattr__(self, "units", dict(self.units))
        object.__setattr__(self, "provenance", dict(self.provenance))
        if not isinstance(self.signals, _Lazy):
            object.__setattr__(self, "signals", _checked(self.signals, axis, self.axis_name))

    @classmethod
    def from_raw(
        cls, plot: RawPlot, signals: Sequence[Signal] | None = None, provenance: Mapping[str, Any] | None = None
    ) -> Waveforms:
        """Return the waveforms of a plot of a raw file, without reading its columns.

        Parameters
        ----------
        plot
            From :func:`rramcirc.waveforms.raw.read_raw`.
        signals
            Probe table: names, units and signs of the vectors. Vectors that it does not name are left out.
            None takes every vector under the name it has in the file; its unit is then known only for ``v(...)``,
            ``i(...)`` and for kinds that are units, as :meth:`save` writes them.
        provenance
            Kept as it is.

        Raises
        ------
        WaveformError
            If a vector of the table is missing in the plot.
        """
        first = 1 if plot.has_axis else 0
        axis_name, axis_unit = _axis_of(plot)
        where: dict[str, tuple[int, int]] = {}
        units: dict[str, str] = {}
        axis, missing = plot.axis, []
        for signal in signals if signals is not None else _as_in_file(plot, first):
            column = plot.find(signal.vector) if signal.vector else None
            if column == 0 and first:
                axis_name, axis_unit, axis = signal.name, signal.unit, signal.sign * axis
            elif column is not None:
                where[signal.name], units[signal.name] = (column, signal.sign), signal.unit
            elif signal.vector:
                missing.append(signal)
        if missing:
            named = ", ".join(f"{s.name} ({s.vector})" for s in missing[:5])
            raise WaveformError(f"{len(missing)} requested vector(s) missing in plot {plot.plotname!r}: {named}.")
        return cls(
            axis_name,
            axis_unit,
            axis,
            _Columns(plot, where),
            units,
            plot.complete,
            provenance or {},
            plot.problem,
            plot.title,
        )

    def __repr__(self) -> str:
        some = ", ".join(self.names[:6]) + (", ..." if len(self.signals) > 6 else "")
        return f"<Waveforms: {self._about()}; {len(self.signals)} signals: {some}>"

    def _repr_html_(self) -> str:
        shown = self.names[:MOST_SHOWN]
        rows = {name: (self.units.get(name, ""), self.signals[name]) for name in shown}
        return signals_table(self.axis, rows, f"Waveforms: {self._about()}", self.names[MOST_SHOWN:])

    def _about(self) -> str:
        """Return what it is of, how many points there are against what, and whether it stopped early."""
        ends = f" from {self.axis.min():.4g} to {self.axis.max():.4g} {self.axis_unit}" if self.n_points else ""
        axis = (
            "one point" if self.axis_name == "point" else f"{self.n_points} points of {self.axis_name}{ends}".rstrip()
        )
        said = [self.title.lstrip("* ")[:60], axis, "" if self.complete else f"partial: {self.stopped[:80]}"]
        return ", ".join(filter(None, said))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the signals, without the axis."""
        return tuple(self.signals)

    @property
    def n_points(self) -> int:
        """Number of points."""
        return len(self.axis)

    @property
    def time(self) -> FloatArray:
        """(n_points,) time [s].

        Raises
        ------
        WaveformError
            If the axis is not the time.
        """
        if self.axis_name != "time":
            raise WaveformError(f"no time axis: this analysis runs over {self.axis_name}. Use .axis.")
        return self.axis

    def find(self, name: str) -> str | None:
        """Return `name` as it is spelled here (case and blanks do not matter), or None."""
        if name in self.signals or name == self.axis_name:
            return name
        plain = normalise_vector(name)
        return next((n for n in (self.axis_name, *self.signals) if normalise_vector(n) == plain), None)

    def __getitem__(self, name: str) -> AnyArray:
        """Return a signal, or the axis under its own name.

        Raises
        ------
        WaveformError
            If there is no such signal.
        """
        found = self._spelling(name)
        return self.axis if found == self.axis_name else self.signals[found]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.find(name) is not None

    def unit(self, name: str) -> str:
        """Return the unit of a signal or of the axis; empty if unknown."""
        found = self._spelling(name)
        return self.axis_unit if found == self.axis_name else self.units.get(found, "")

    def select(self, *patterns: str) -> list[str]:
        """Return the names that fit glob patterns, in the order of the patterns, each once.

        Only ``*`` and ``?`` are special: ``gap[2,*]`` is row 2, all columns; ``i(bl*)`` every bit line.

        Raises
        ------
        WaveformError
            If a pattern fits no signal, or is longer than any.
        """
        chosen: dict[str, None] = {}
        for pattern in patterns:
            if len(pattern) > _LONGEST_PATTERN:
                raise WaveformError(f"a pattern of {len(pattern)} characters: {shown(pattern)}. No signal is so long.")
            glob = "".join(f"[{c}]" if c == "[" else c for c in "".join(pattern.split()).lower())
            fits = re.compile(fnmatch.translate(glob)).match
            hits = [n for n in (*self.signals, self.axis_name) if fits("".join(n.split()).lower())]
            hits = hits or [n for n in [self.find(pattern)] if n is not None]
            if not hits:
                raise UnknownSignal(self._unknown(f"no signal fits {shown(pattern)}", pattern))
            chosen.update(dict.fromkeys(h for h in hits if h in self.signals or len(hits) == 1))
        return list(chosen)

    def between(self, start: float | None = None, stop: float | None = None) -> Waveforms:
        """Return the part between two places of the axis, without reading the signals.

        Parameters
        ----------
        start, stop
            [unit of the axis]; None is the end of the axis. On a rising axis the ends are interpolated, otherwise
            (sweep forth and back) all points inside are taken.

        Raises
        ------
        WaveformError
            If there is nothing between them.
        """
        axis = self.axis
        if start is None and stop is None:
            return self
        low, high = (float(axis.min(initial=np.inf)), float(axis.max(initial=-np.inf)))
        first, last = (low if start is None else start), (high if stop is None else stop)
        rising = bool(np.all(axis[1:] >= axis[:-1]))
        if not (max(first, low) <= min(last, high)):
            found = f"{self.axis_name} runs from {low:g} to {high:g}"
            raise WaveformError(f"nothing between {first:g} and {last:g}: {found}.")
        first, last = max(first, low), min(last, high)
        ends = np.array([first, last] if rising and first < last else [])
        points = np.flatnonzero((axis > first) & (axis < last) if ends.size else (axis >= first) & (axis <= last))
        if not ends.size and not points.size:
            raise WaveformError(f"no point of {self.axis_name} between {first:g} and {last:g}.")
        part = np.r_[first, axis[points], last] if ends.size else axis[points]
        spikes = None if self.spikes is None else self.spikes.between(first, last)
        return replace(self, axis=part, signals=_Window(self.signals, axis, points, ends), spikes=spikes)

    def final(self) -> dict[str, float | complex]:
        """Return the last value of every signal [in its unit].

        Raises
        ------
        WaveformError
            If there are no points.
        """
        if not self.n_points:
            raise WaveformError("there are no points, so no final values.")
        return {name: values[-1].item() for name, values in self.signals.items()}

    def to_pandas(self) -> pd.DataFrame:
        """Return a DataFrame, one column per signal, indexed by the axis; ``attrs["units"]`` holds the units."""
        import pandas as pd

        frame = pd.DataFrame(dict(self.signals), index=pd.Index(self.axis, name=self.axis_name))
        frame.attrs["units"] = {self.axis_name: self.axis_unit, **self.units}
        return frame

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all signals to a raw file (:func:`rramcirc.waveforms.raw.write_raw`), which any viewer opens.

        Names are kept; a unit that ngspice has no kind for is written in the place of the kind.
        """
        has_axis = self.axis_name != "point"
        names = [self.axis_name] * has_axis + list(self.signals)
        kinds = [_KIND_OF_UNIT.get(u, u) or "notype" for u in map(self.unit, names)]
        columns = [self.axis] * has_axis + list(self.signals.values())
        plotname = _PLOTNAME_OF_AXIS.get(self.axis_name, "DC transfer characteristic")
        plot = RawPlot.from_columns(names, kinds, columns, title=self.title, plotname=plotname, complete=self.complete)
        write_raw(path, [plot])

    def _spelling(self, name: str) -> str:
        found = self.find(name) if isinstance(name, str) else None
        if found is None:
            raise UnknownSignal(self._unknown(f"no signal {shown(name)}", str(name)))
        return found

    def _unknown(self, start: str, name: str) -> str:
        names = self.names
        close = nearest(name, [*names, self.axis_name])
        hint = f" Nearest: {', '.join(close)}." if close else ""
        saved = ", ".join(names[:8]) + (f", ... ({len(names)} signals)" if len(names) > 8 else "")
        return f"{start}.{hint} Saved: {saved or 'nothing'}."


def _checked(signals: Mapping[str, AnyArray], axis: AnyArray, axis_name: str) -> dict[str, AnyArray]:
    """Return read-only views of the signals, each as long as the axis."""
    checked = {}
    for name, values in signals.items():
        values = np.asarray(values).view()
        if values.shape != axis.shape:
            raise WaveformError(f"signal {name} has shape {values.shape}; the axis {axis_name} has {axis.shape}.")
        values.setflags(write=False)
        checked[name] = values
    return checked


def _axis_of(plot: RawPlot) -> tuple[str, str]:
    """Return name and unit of the axis of a plot."""
    if not plot.has_axis:
        return "point", ""
    if plot.kinds[0] in ("time", "frequency"):
        return plot.kinds[0], _UNIT_OF_KIND[plot.kinds[0]]
    return normalise_vector(plot.names[0]), _unit_of(plot.names[0], plot.kinds[0], axis=True)


def _unit_of(name: str, kind: str, axis: bool = False) -> str:
    """Return the unit that name and kind of a vector are sure to mean, or ''."""
    plain = normalise_vector(name)
    if kind not in _NGSPICE_KINDS:
        return kind
    if axis or plain in ("time", "frequency"):
        return _UNIT_OF_KIND.get(kind, "")
    if plain.startswith("@"):  # ngspice calls every parameter of a device a voltage
        return "A" if name[:3].lower() == "i(@" else ""
    return {"v(": "V", "i(": "A"}.get(plain[:2]) or {"voltage": "V", "current": "A"}.get(kind, "")


def _as_in_file(plot: RawPlot, first: int) -> list[Signal]:
    columns = zip(plot.names[first:], plot.kinds[first:], strict=True)
    return [Signal(restore_indices(name), _unit_of(name, kind), name) for name, kind in columns]
