"""What every design asks of its cards, states and instance parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import overload

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError, shown, unknown_name
from rramcirc.devices.cards.card import load_card
from rramcirc.devices.cards.model_card import ModelCard, check_instance


@overload
def as_card(owner: str, card: ModelCard | str) -> ModelCard: ...
@overload
def as_card(owner: str, card: ModelCard | str | None) -> ModelCard | None: ...
def as_card(owner: str, card: ModelCard | str | None) -> ModelCard | None:
    if card is None or isinstance(card, ModelCard):
        return card
    if isinstance(card, str):
        try:
            return load_card(card)
        except ParameterError as error:
            raise ParameterError(f"{owner}: {error}") from None
    raise ParameterError(f"{owner}: {shown(card)} is neither a ModelCard nor the name of one.")


def check_states(card: ModelCard, states: Mapping[str, object], where: str) -> dict[str, FloatArray]:
    """Return the states as arrays of floats; raise ParameterError if a name is no state or a value out of range."""
    for name in states:
        if name not in card.states:
            raise ParameterError(f"{where}: {unknown_name('state', str(name), card.states)}")
    checked = check_instance_values(where, card, {f"{name}_ini": value for name, value in states.items()})
    return {name.removesuffix("_ini"): value for name, value in checked.items()}


def check_spread(where: str, card: ModelCard, values: Mapping[str, object]) -> dict[str, FloatArray]:
    for state in card.states:
        if f"{state}_ini" in values:
            raise ParameterError(f"{where}: {state}_ini is an initial state; give {state} in initial_state.")
    return check_instance_values(where, card, values)


def check_instance_values(where: str, card: ModelCard, values: Mapping[str, object]) -> dict[str, FloatArray]:
    try:
        return check_instance(card, dict(values))
    except ParameterError as error:
        raise ParameterError(f"{where}: {error}") from None
