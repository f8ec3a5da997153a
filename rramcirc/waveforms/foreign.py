"""Raw files of other simulators: LTspice, QSPICE and Xyce, read through spicelib."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rramcirc.basics.arguments import file_name
from rramcirc.basics.errors import EnvironmentProblem, WaveformError, unknown_name
from rramcirc.waveforms.raw import FOREIGN, RawPlot, read_raw

if TYPE_CHECKING:
    from spicelib.raw.plot_data import PlotData


def read_any(path: str | os.PathLike[str], dialect: str | None = None) -> list[RawPlot]:
    """Read a raw file of ngspice, LTspice, QSPICE or Xyce.

    Parameters
    ----------
    path
        The file.
    dialect
        ``ngspice``, ``ltspice``, ``qspice`` or ``xyce``; None looks into the header.

    Returns
    -------
    list of RawPlot
        One for each analysis; a stepped analysis gives one for each step.

    Raises
    ------
    WaveformError
        If the file cannot be read.
    EnvironmentProblem
        If the file needs spicelib (extra ``formats``) and it is not installed.
    """
    if dialect not in (None, "ngspice", "ltspice", "qspice", "xyce"):
        raise WaveformError(unknown_name("raw file dialect", str(dialect), ["ngspice", "ltspice", "qspice", "xyce"]))
    path = file_name(path, "read_any")
    dialect = dialect or _sniff(path)
    return read_raw(path) if dialect == "ngspice" else _read_with_spicelib(path, dialect)


def _sniff(path: Path) -> str:
    try:
        with path.open("rb") as file:
            start = file.read(1 << 14)
    except OSError as error:
        raise WaveformError(f"{path}: cannot be read as a raw file ({error.strerror}).") from error
    if start[:4] == b"T\0i\0":
        start = start.replace(b"\0", b"")
    header = start.partition(b"Variables:")[0].decode("latin-1").lower()
    found = (d for word, d in FOREIGN.items() if re.search(rf"^(command|program):.*{word}", header, re.MULTILINE))
    named = next(found, "")
    return named or ("ltspice" if re.search(r"^flags:.*forward", header, re.MULTILINE) else "ngspice")


def _read_with_spicelib(path: Path, dialect: str) -> list[RawPlot]:
    try:
        from spicelib import RawRead
    except ImportError as error:
        raise EnvironmentProblem(
            f"{path} is a file of {dialect}; reading it needs spicelib: pip install 'rramcirc[formats]'"
        ) from error
    try:
        source = RawRead(str(path), dialect=dialect)
        plots = [_foreign_plot(plot, step) for plot in source.plots for step in plot.get_steps()]
    except Exception as error:  # spicelib raises bare and own exceptions alike
        raise WaveformError(f"{path}: spicelib cannot read it as {dialect} ({error}).") from error
    if not plots:
        raise WaveformError(f"{path}: spicelib cannot read it as {dialect} (no data in it).")
    return plots


def _foreign_plot(plot: PlotData, step: int) -> RawPlot:
    """Return one step of a plot of spicelib as our own record."""
    if plot.raw_type == "binary:":
        plot.read_trace_data(plot.get_trace_names())  # all in one pass over the file
    traces = [plot.get_trace(i) for i in range(plot.nVariables)]
    columns = [np.asarray(trace.get_wave(step)) for trace in traces]
    kinds = [str(trace.whattype) for trace in traces]
    if kinds[0] == "time":
        columns[0] = np.abs(columns[0])  # LTspice marks compressed points by a negative time
    header = plot.raw_params
    steps = f" (step {step + 1})" if plot.steps else ""
    return RawPlot.from_columns(
        [trace.name for trace in traces],
        kinds,
        columns,
        title=str(header.get("Title", "")),
        plotname=f"{plot.get_plot_name()}{steps}",
    )
