"""A card that was found from data, as the TOML document that `load_card` reads."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rramcirc.devices.cards.model_card import ModelCard, Spread
from rramcirc.devices.cards.values import shortest
from rramcirc.devices.veriloga.library import library
from rramcirc.studies.fit.data import Measurement


def toml_card(
    card: ModelCard, name: str, title: str, description: Sequence[str], measured: Sequence[Measurement]
) -> str:  # fmt: skip
    """Return a card as a TOML document, valid at the voltages that were measured.

    Parameters
    ----------
    description
        Lines that say what was found from what.
    measured
        Data, whose largest and smallest voltage become the range of the card.
    """
    assert card.declaration is not None
    module = card.module if card.module in library() else str(card.declaration.path.resolve())
    lines = [
        f"name = {_quoted(re.sub(r'[^A-Za-z0-9_]', '_', name))}", f"module = {_quoted(module)}",
        f"title = {_quoted(title)}",
        'description = """', *(line.replace("\\", "/").replace('"', "'") for line in description), '"""',
        f"not_modelled = [{', '.join(map(_quoted, card.not_modelled))}]",
    ]  # fmt: skip
    if card.conductance_path:
        points = [
            ", ".join(f"{k} = {_quoted(v) if isinstance(v, str) else v}" for k, v in p.items())
            for p in card.conductance_path
        ]
        lines += ["conductance_path = [", *(f"    {{{point}}}," for point in points), "]"]
    lines += _validity(measured)
    lines += ["", "[parameters]"]
    for key, v in card.parameters.items():
        value = _quoted(v.value) if isinstance(v.value, str) else shortest(v.value)
        instance = ", instance = true" if v.instance else ""
        unit, source = _quoted(v.unit), _quoted(v.source)
        lines.append(
            f"{key} = {{value = {value}, unit = {unit}, status = {_quoted(v.status)}{instance}, source = {source}}}"
        )
    if card.variability:
        lines += ["", "# device to device", "[variability]", *map(_spread, card.variability)]
    return "\n".join(lines) + "\n"


def _validity(measured: Sequence[Measurement]) -> list[str]:
    volts = [
        m.columns["amplitude" if "amplitude" in m.columns else "voltage"]
        for m in measured
        if {"amplitude", "voltage"} & {*m.columns}
    ]
    if not volts:
        return []
    low, high = min(v.min() for v in volts), max(v.max() for v in volts)
    return ["", "[validity]", f'cell_voltage = {{min = {low:.6g}, max = {high:.6g}, unit = "V"}}']


def _spread(one: Spread) -> str:
    """Return the line of one spread."""
    of = f", of = {_quoted(one.of)}" if one.of != one.parameter else ""
    pairs = ", ".join(f"{name} = {value:g}" for name, value in one.correlation.items())
    correlated = f", correlation = {{{pairs}}}" if pairs else ""
    return (
        f"{one.parameter} = {{sigma_d2d = {one.sigma_d2d:g}{of}, distribution = {_quoted(one.distribution)}, "
        f"truncate = {one.truncate:g}{correlated}, status = {_quoted(one.status)}, source = {_quoted(one.source)}}}"
    )


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


__all__ = ["toml_card"]
