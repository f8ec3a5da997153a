"""Headings of measured data: which column a name means, and its unit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from rramcirc.basics.errors import ParameterError
from rramcirc.basics.units import PREFIXES
from rramcirc.studies.fit.formats import first_channel

NAMES = {
    "voltage": "v voltage vte vbl vcell vd vdevice bias vapplied vforce v1 vmeas vmeasured measurev measuredvoltage "
    "sourcevoltage vsource u spannung volt",
    "current": "i current ite ibl icell id idevice abscurrent absi i1 imeas imeasured measurei measuredcurrent strom "
    "curr blcurrent bitlinecurrent isl slcurrent sourcelinecurrent",
    "time": "t time timestamp relativetime zeit",
    "gate": "vg gate vgate gatevoltage vwl wl vgs gatev wlvoltage wordlinevoltage",
    "cycle": "cycle cycles cyclenumber loop sweep run repeat",
    "ramp": "ramp ramprate sweeprate scanrate",
    "amplitude": "amplitude amp vpulse pulseamplitude pulsevoltage vp height vamp "
    "programmingvoltage programvoltage vprog vprogram",
    "width": "width pulsewidth tpulse tp tw pw pulselength duration pulseduration tpw pulsetime "
    "programmingtime programtime tprog tprogram",
    "before": "rbefore gbefore before r0 g0 rini gini rinitial ginitial rinit ginit rpre gpre rstart gstart ri gi "
    "initialresistance initialconductance resistancebefore conductancebefore",
    "after": "rafter gafter after rfinal gfinal rpost gpost rend gend rf gf rfin gfin finalresistance finalconductance "
    "resistanceafter conductanceafter",
    "resistance": "r resistance rread res",
    "conductance": "g conductance gread cond",
    "read": "readvoltage vread",
    "compliance": "compliance icc ilimit",
    "device": "device chip deviceid devicenumber dut sample die address addr cell cellid celladdress",
    "row": "devicerow row rownumber x",
    "column": "devicecolumn column col columnnumber y",
    "bl": "bl bitlinevoltage blvoltage",
    "sl": "sl vsl sourceline sourcelinevoltage slvoltage",
    "pulse": "pulse pulses pulsenumber pulseno n number npulse index count pulseindex step",
    "direction": "direction pulsesign pulsedirection sign polarity",
    "step_up": "dgup dgltp dgplus deltagup deltagltp dgp dgpot dgpotentiation",
    "step_down": "dgdown dgltd dgminus deltagdown deltagltd dgd dgdep dgdepression",
    "up": "ltp gltp ltpconductance conductanceltp potentiation gpotentiation potentiationconductance",
    "down": "ltd gltd ltdconductance conductanceltd depression gdepression depressionconductance",
}
COLUMN = {name: column for column, names in NAMES.items() for name in names.split()}
UNITS = {
    "voltage": "V", "current": "A", "time": "s", "gate": "V", "cycle": "1", "ramp": "V/s", "amplitude": "V",
    "width": "s", "before": "ohm", "after": "ohm", "resistance": "ohm", "conductance": "S", "pulse": "1", "read": "V",
    "compliance": "A", "device": "1", "row": "1", "column": "1", "bl": "V", "sl": "V",
    "direction": "1", "up": "S", "down": "S", "step_up": "S", "step_down": "S",
}  # fmt: skip
_SCALES = {prefix: float(f"1e{power}") for prefix, power in (PREFIXES | {"K": PREFIXES["k"]}).items()}
_BASES = {
    "V": "V", "A": "A", "s": "s", "S": "S", "Ω": "ohm", "V/s": "V/s", "1": "1", "#": "1",
    "volt": "V", "volts": "V", "amp": "A", "amps": "A", "ampere": "A", "amperes": "A",
    "sec": "s", "secs": "s", "second": "s", "seconds": "s", "ohm": "ohm", "ohms": "ohm", "siemens": "S",
}  # fmt: skip
_HEADING = re.compile(r"^\s*(.*?)\s*(?:\[\s*(.*?)\s*\]|\(\s*(.*?)\s*\)|(?:\s+|_|/|\s+in\s+)([^\s_/]+(?:/s)?))?\s*$")
_ABSOLUTE = re.compile(r"(?i)^abs ?\((\w{1,9})\)")
_LONGEST_HEADING = 200  # characters; none that is known is longer
# the number of one of several, behind a name; begins where marks do, and gives none back: linear time
_NUMBER = r"(?i)(?<![\W_])[\W_]*+(?:cycle|run|sweep|loop|device|dut|channel|ch)?[\W_]*+\d{1,4}\W*+$"
_ADDRESS = {"bl": "column", "gate": "row"}  # a line without a unit, beside one in volt, is a number of the array
_ELSEWHERE = re.compile(r"(?i)gate|wl|cath|bot|sub|bulk|body|gnd|sense|limit|range|compliance")
_WORDS = {r"(?i)voltage|\bbias\b": "v", r"(?i)current": "i", r"(?i)\btime\b": "t"}  # where a name is not known


def plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def column_of(text: str) -> str | None:
    """Return which column a heading without its unit means; None if it is not known.

    Examples
    --------
    >>> column_of("R before"), column_of("Voltages"), column_of("Comment")
    ('before', 'voltage', None)
    """
    name = plain(text)
    several = COLUMN.get(name[:-1]) if len(name) > 4 and name.endswith("s") else None
    return COLUMN.get(name) or several or (text.strip() if text.strip() in UNITS else None)


def heading(text: str) -> tuple[str, str | None]:
    """Split a heading into name and unit.

    Examples
    --------
    >>> heading("I [uA]"), heading("R_kohm"), heading("R before (ohm)"), heading("pulse number")
    (('I', 'uA'), ('R', 'kohm'), ('R before', 'ohm'), ('pulse number', None))
    """
    text = _ABSOLUTE.sub(r"abs \1", " ".join(text.split()), count=1) if len(text) <= _LONGEST_HEADING else text
    match = _HEADING.match(text) if len(text) <= _LONGEST_HEADING else None
    if match is None:
        return text, None
    unit = match[2] or match[3] or match[4]
    if (match[2] or match[3] or "").isdigit():  # V(1) is the voltage of channel 1
        return match[1] + (match[2] or match[3]), None
    if match[4] and (unit_of(unit) is None or plain(text) in COLUMN):
        return text, None
    return match[1], unit


def unit_of(text: str) -> tuple[float, str] | None:
    """Return factor and SI unit of a unit with prefix; None if it is none.

    Examples
    --------
    >>> unit_of("kohm"), unit_of("µS"), unit_of("mV/s"), unit_of("apples")
    ((1000.0, 'ohm'), (1e-06, 'S'), (0.001, 'V/s'), None)
    """
    text = text.replace("µ", "u").replace("μ", "u").replace("Ω", "ohm").replace("Ω", "ohm")
    for scale, base in ((1.0, text), (_SCALES.get(text[:1], 0.0), text[1:])):
        known = _BASES.get(base) or (_BASES.get(base.lower()) if len(base) > 1 else None)
        if scale and known and (base is text or known != "1"):
            return scale, known
    return None


def named_channel(headings: list[str]) -> list[str]:
    """Return headings in which voltage and current of a sweep have names that are known, if no others say them.

    They are a channel whose name has a V where that of the other has an I, or words: the applied voltage.
    """
    known = {column_of(heading(h)[0]) for h in headings}
    if {"before", "after", "resistance", "conductance", "bl", "sl", "amplitude"} & known and not (
        {"voltage", "current"} & known
    ):
        return headings
    named = list(headings)
    for name in ("voltage", "current"):  # the first of several, if none is called just so
        numbered = [k for k, h in enumerate(headings) if column_of(re.sub(_NUMBER, "", heading(h)[0])) == name]
        if name not in known and numbered:
            said = heading(headings[numbered[0]])[1]
            named[numbered[0]] = f"{name} [{said}]" if said else name
            known.add(name)
    found = None if {"voltage", "current"} & known else first_channel(headings)
    for at, name in zip(found or (), ("V", "I"), strict=False):
        unit = re.search(r"[\[(]\s*([^\d\s\])]+)\s*[\])]", headings[at])
        named[at] = f"{name} [{unit[1]}]" if unit else name
    if found is None:
        for word, name in _WORDS.items():
            if COLUMN[name] in known:
                continue
            place = next((k for k, h in enumerate(named) if re.search(word, h) and not _ELSEWHERE.search(h)), -1)
            if place >= 0:
                given = heading(named[place])[1]
                named[place] = f"{name} [{given}]" if given else name
    return named


def other_channels(headings: Sequence[str]) -> list[str]:
    """Return those of the headings that are no known column, but voltage or current of another channel or cycle."""
    bare = [re.sub(_NUMBER, "", heading(h)[0]) for h in headings]
    pair = first_channel(headings) or ()
    return [h for k, h in enumerate(headings) if k in pair or column_of(bare[k]) in ("voltage", "current")]


def places_of(
    path: Path, headings: Sequence[str], units: Sequence[str] | None
) -> tuple[dict[str, tuple[int, float, str]], list[str]]:
    """Return (place, factor, unit) of every known column, and the headings that are not known.

    Raises
    ------
    ParameterError
        If a unit is none of its column.
    """
    places: dict[str, tuple[int, float, str]] = {}
    bare: set[str] = set()  # columns whose heading has no unit
    unknown = []
    for k, text in enumerate(headings):
        name, unit = heading(text)
        column = column_of(name)
        unit = unit or (units[k] if units and k < len(units) else None)
        if column in places and column in bare and unit and column in _ADDRESS and _ADDRESS[column] not in places:
            places[_ADDRESS[column]] = (places.pop(column)[0], 1.0, "1")
        if column == "device" and column in places:  # die and device, chip and address: both count
            column = next((c for c in ("row", "column") if c not in places), None)
        if column is None or column in places:
            unknown.append(text)
            continue
        bare |= set() if unit else {column}
        natural = "S" if column in ("before", "after") and plain(name).startswith("g") else UNITS[column]
        factor, found = (1.0, natural) if not unit else (unit_of(unit) or (0.0, unit))
        if found != UNITS[column] and {found, UNITS[column]} != {"S", "ohm"}:
            raise ParameterError(f"{path}: column {text!r}: {found!r} is no unit of {column} ({UNITS[column]}).")
        places[column] = (k, factor, found)
    if "bl" in bare and "voltage" in places and plain(heading(headings[places["voltage"][0]])[0]) == "vbl":
        places.setdefault("column", (places.pop("bl")[0], 1.0, "1"))
    return places, unknown


__all__ = ["COLUMN", "UNITS", "column_of", "heading", "named_channel", "other_channels", "places_of", "unit_of"]
