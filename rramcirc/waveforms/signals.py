"""The signal table and the header of the netlists that rramcirc writes: comment lines, written and read here."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rramcirc.basics.errors import NetlistError
from rramcirc.waveforms.waveforms import Signal

TABLE_MARK = "*|"  # comment lines that carry the signal table


def signal_table(signals: tuple[Signal, ...], simulator: str = "ngspice") -> list[str]:
    """Return the comment lines that map every signal to its vector, unit and sign."""
    rows = [("signal", "unit", "vector", "sign", "meaning")]
    rows += [(s.name, s.unit, s.vector, f"{s.sign:+d}", s.description) for s in signals]
    widths = [max(len(row[k]) for row in rows) for k in range(4)]
    form = f"{TABLE_MARK} {{:<{widths[0]}}}  {{:<{widths[1]}}}  {{:<{widths[2]}}}  {{:<{widths[3]}}}  {{}}"
    note = "; the raw file may write @x[y] as v(@x[y])" if simulator == "ngspice" else ""
    return [f"{TABLE_MARK} signals of this netlist and the {simulator} vectors that carry them{note}"] + [
        form.format(row[0], row[1] or "-", row[2], row[3], row[4]).rstrip() for row in rows
    ]


def read_signals(path: Path) -> list[Signal]:
    """Read the signal table of a netlist that rramcirc wrote; empty for any other netlist.

    Raises
    ------
    NetlistError
        If the table is there but damaged.
    """
    with path.open(errors="replace") as lines:
        table = [line[len(TABLE_MARK) :].strip() for line in lines if line.startswith(TABLE_MARK)]
    signals = []
    for line in table[2:]:
        cells = line.split(None, 4)
        if len(cells) < 4 or cells[3] not in ("+1", "-1"):
            raise NetlistError(f"{path}: the signal table has a line that is not 'name unit vector sign': {line!r}.")
        unit = "" if cells[1] == "-" else cells[1]
        signals.append(Signal(cells[0], unit, cells[2], int(cells[3]), cells[4] if len(cells) > 4 else ""))
    return signals


def header_fields(lines: Iterable[str]) -> dict[str, str]:
    """Return the ``* key: value`` lines at the top of a netlist that rramcirc wrote.

    Parameters
    ----------
    lines
        The netlist; of a long one no more is read than its head.

    Examples
    --------
    >>> header_fields(["title", "* circuit: 1R cell", "* seed: 7", "*| signals of this netlist"])
    {'circuit': '1R cell', 'seed': '7'}
    """
    fields: dict[str, str] = {}
    for line in lines:
        if line.startswith(TABLE_MARK) or not (line.startswith("*") or not fields):
            break
        key, colon, value = line[1:].partition(":")
        if colon and key.strip().isidentifier():
            fields[key.strip()] = value.strip()
    return fields
