"""Studies and experiments as functions that a sweep runs; they are sent to its worker processes."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from rramcirc.basics.errors import ParameterError, unknown_name
from rramcirc.sweeps.draws import Value
from rramcirc.sweeps.function_target import UnknownMeasurement

if TYPE_CHECKING:
    import pandas as pd

    from rramcirc.studies.study import StudyResult

Numbers = dict[str, tuple[float, str]]


@dataclass(frozen=True)
class StudyCall:
    """A study as a function of its arguments.

    Attributes
    ----------
    name
        Of the study, as the command line writes it.
    fixed
        Arguments that are the same in all runs; ``array.rows`` is a field of the record that the argument takes.
    measure
        Quantities of the study, or measurements of the columns of its table (``max(loss)``); none are all quantities.
    """

    name: str
    fixed: Mapping[str, Value]
    measure: tuple[str, ...] = ()

    def __call__(self, values: Mapping[str, Value], seed: int) -> Numbers:
        """Return what is measured: name -> (value, unit)."""
        function, arguments = self._call({**self.fixed, **values})
        found = function(**arguments)
        return _picked(f"study {self.name}", self.measure, found.quantities, found.table)

    def check(self, values: Mapping[str, Value]) -> None:
        """Raise ParameterError if the study does not take these arguments."""
        self._call({**self.fixed, **values})

    def about(self) -> dict[str, object]:
        """Return what the numbers depend on."""
        return {"study": self.name, "fixed": dict(self.fixed), "measure": list(self.measure)}

    def unit_of(self, path: str) -> str:
        """Return the unit of a field of a record; of an argument, none is known."""
        head, _, rest = path.partition(".")
        record = _record_of(_parameters(self.name)[1].get(head))
        units = {one.name: str(one.metadata.get("units", "")) for one in fields(record)} if record is not None else {}
        return _bare((0.0, units.get(rest, "")))[1]

    def _call(self, values: Mapping[str, Value]) -> tuple[Callable[..., StudyResult], dict[str, Any]]:
        """Return the study's function and its arguments, records made from their fields."""
        function, known = _parameters(self.name)
        arguments: dict[str, Any] = {}
        records: dict[str, dict[str, Any]] = {}
        for path, value in values.items():
            head, _, rest = path.partition(".")
            if head not in known:
                raise ParameterError(f"study {self.name}: {unknown_name('argument', head, known)}")
            if rest:
                records.setdefault(head, {})[rest] = _plain(value)
            else:
                arguments[head] = _plain(value)
        for head, given in records.items():
            record = _record_of(known[head])
            if record is None:
                raise ParameterError(f"study {self.name}: {head} has no fields; set {head} itself.")
            arguments[head] = record(**given)
        return function, arguments


@dataclass(frozen=True)
class ExperimentCall:
    """An experiment of a paper as a function of its parameters.

    Attributes
    ----------
    name
        Of the experiment.
    fixed
        Parameters that are the same in all runs: fields of its record, ``inner.field`` of a record in it.
    measure
        Quantities of the comparison with the paper, or measurements of the columns of its table; none are all
        quantities.
    quick
        Whether the short form is run.
    engine
        Where; None is the experiment's own.
    """

    name: str
    fixed: Mapping[str, Value]
    measure: tuple[str, ...] = ()
    quick: bool = False
    engine: str | None = None

    def __call__(self, values: Mapping[str, Value], seed: int) -> Numbers:
        """Return what is measured: name -> (value, unit)."""
        from rramcirc.papers.reproduction import reproduce

        found = reproduce(self.name, quick=self.quick, engine=self.engine, values=self._values(values))
        rows = zip(found.table["quantity"], found.table["ours"], found.table["unit"], strict=True)
        quantities = {quantity: (float(ours), unit) for quantity, ours, unit in rows}
        return _picked(self.name, self.measure, quantities, found.result)

    def check(self, values: Mapping[str, Value]) -> None:
        """Raise ParameterError if the experiment has no such parameters, engine or quantities."""
        from rramcirc.papers.experiment import changed
        from rramcirc.papers.reproduction import load_experiment

        experiment = load_experiment(self.name)
        if self.engine is not None and self.engine not in experiment.engines:
            raise ParameterError(unknown_name(f"engine for {self.name}", self.engine, experiment.engines))
        changed(experiment.quick if self.quick else experiment.parameters, self._values(values), self.name)
        for text in self.measure:
            known = [expected.quantity for expected in experiment.expected]
            if text not in known and "(" not in text:
                raise ParameterError(f"{self.name}: {unknown_name('quantity', text, known)}")

    def about(self) -> dict[str, object]:
        """Return what the numbers depend on."""
        form = "quick" if self.quick else "full"
        return {"experiment": self.name, "fixed": dict(self.fixed), "measure": list(self.measure), "form": form,
                "engine": self.engine}  # fmt: skip

    def unit_of(self, path: str) -> str:
        """Return the unit of a parameter, if its record says one."""
        from rramcirc.papers.reproduction import load_experiment

        record: Any = load_experiment(self.name).parameters
        *way, last = path.split(".")
        for key in way:
            record = getattr(record, key, None)
        declared = getattr(record, "__dataclass_fields__", {}).get(last)
        return "" if declared is None else str(declared.metadata.get("units", ""))

    def _values(self, values: Mapping[str, Value]) -> dict[str, object]:
        return {path: _plain(value) for path, value in {**self.fixed, **values}.items()}


def _picked(
    name: str, wanted: Sequence[str], quantities: Mapping[str, tuple[float, str]], table: pd.DataFrame
) -> Numbers:
    """Return the quantities and measurements that are wanted, or all quantities.

    Raises
    ------
    UnknownMeasurement
        If there is none of a name; tells the nearest.
    """
    from rramcirc.analysis.measure import measure
    from rramcirc.basics.errors import RramcircError

    found: Numbers = {}
    columns = _columns(table)
    for text in wanted or quantities:
        if text in quantities:
            found[text] = _bare(quantities[text])
            continue
        try:
            if "(" not in text:
                told = unknown_name("quantity", text, quantities)
                raise ParameterError(f"{told} Or measure a column, as max(COLUMN): {', '.join(columns.signals)}.")
            found |= {label: (float(value), unit) for label, value, unit in measure(text, columns)}
        except RramcircError as error:
            raise UnknownMeasurement(f"{name}: {error}") from None
    return found


def _bare(quantity: tuple[float, str]) -> tuple[float, str]:
    return float(quantity[0]), "" if quantity[1] == "1" else quantity[1]


def _columns(table: pd.DataFrame) -> Any:
    """Return the columns of numbers of a table as waveforms over its rows."""
    import numpy as np

    from rramcirc.waveforms.waveforms import Waveforms

    units = {name: "" if unit == "1" else unit for name, unit in table.attrs.get("units", {}).items()}
    numbers = {str(name): np.asarray(table[name], float) for name in table if table[name].dtype.kind in "iufb"}
    kept = {name: units.get(name, "") for name in numbers}
    return Waveforms("row", "", np.arange(len(table), dtype=float), numbers, kept)


def _plain(value: Value) -> Any:
    """Return a list for a text that is one."""
    if isinstance(value, str) and value.startswith("["):
        try:
            return tuple(json.loads(value))
        except ValueError:
            raise ParameterError(f"{value!r} is no list, as in [1e-6, 1e-3].") from None
    return value


def _parameters(name: str) -> tuple[Callable[..., StudyResult], dict[str, str]]:
    """Return the function of a study, and its arguments with their types as text."""
    from rramcirc.cli.study.group import STUDIES
    from rramcirc.studies import study

    if name not in STUDIES:
        raise ParameterError(unknown_name("study", name, STUDIES, "`rramcirc study` lists all."))
    plain = name.replace("-", "_")
    function = getattr(study, plain if hasattr(study, plain) else f"{plain}_")
    return function, {key: str(one.annotation) for key, one in inspect.signature(function).parameters.items()}


def _record_of(annotation: str | None) -> Any:
    """Return the record that an argument takes, None if it takes none."""
    from rramcirc.bench.synapse_pulses import SynapsePulses
    from rramcirc.circuits.array.cell import Cell
    from rramcirc.circuits.neuron.neuron import LifNeuron
    from rramcirc.circuits.readout.readout import Readout
    from rramcirc.studies.study import ReadArray

    records = {record.__name__: record for record in (ReadArray, LifNeuron, Readout, Cell, SynapsePulses)}
    return next((records[word] for word in (annotation or "").replace("|", " ").split() if word in records), None)
