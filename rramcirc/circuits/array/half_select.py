"""The V/2 and V/3 schemes of arrays without selector."""

from __future__ import annotations

from rramcirc.basics.errors import ParameterError, shown, unknown_name
from rramcirc.basics.units import whole_number
from rramcirc.bench.stimuli import Constant, Driven, PiecewiseLinear, Stimulus, check_driven
from rramcirc.circuits.array.crossbar import Crossbar


def half_select(
    crossbar: Crossbar, row: int, column: int, stimulus: Driven, scheme: str = "V/2"
) -> dict[str, Stimulus]:
    """Return the stimuli that write one cell of a 1R crossbar with its half-selected neighbours at V/2 or V/3.

    Parameters
    ----------
    crossbar
        A crossbar without selector (BL are the top, WL the bottom electrodes).
    row, column
        The selected cell.
    stimulus
        Voltage across the selected cell [V].
    scheme
        ``"V/2"`` (unselected lines at half the voltage) or ``"V/3"`` (unselected BL at V/3, WL at 2V/3).
    """
    if not isinstance(crossbar, Crossbar):
        raise ParameterError(f"half_select: crossbar: {shown(crossbar)} is not a Crossbar.")
    if crossbar.cell.selector is not None:
        raise ParameterError("half_select: the crossbar has select transistors; drive WL, BL and SL instead.")
    for name, index, count in (("row", row, crossbar.rows), ("column", column, crossbar.columns)):
        if whole_number(index, f"half_select: {name}", 0) >= count:
            raise ParameterError(f"half_select: {name} {index} is outside 0 ... {count - 1}.")
    shares = {"V/2": (0.5, 0.5), "V/3": (1 / 3, 2 / 3)}
    if not isinstance(scheme, str) or scheme not in shares:
        raise ParameterError(f"half_select: {unknown_name('scheme', str(scheme), shares)}")
    times, levels = check_driven(stimulus, "half_select: stimulus").corners()
    if stimulus.unit != "V":
        raise ParameterError(f"half_select: stimulus: {shown(stimulus)} is a current; cells are selected by voltages.")
    bl_share, wl_share = (
        Constant(float(levels[0]) * s) if len(times) == 1 else PiecewiseLinear(times, levels * s)
        for s in shares[scheme]
    )
    return {"bl": bl_share, "wl": wl_share, f"bl{column}": stimulus, f"wl{row}": Constant(0.0)}
