"""What records ask of their fields."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rramcirc.basics.errors import ParameterError, shown


def check_choice(where: str, value: object, choices: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in choices:
        raise ParameterError(f"{where}: {shown(value)} is not one of {', '.join(choices)}.")


def check_mapping(where: str, values: object) -> None:
    if not isinstance(values, Mapping):
        raise ParameterError(f"{where}: {shown(values)} is not a dict of names and values.")


def check_scalars(where: str, values: Mapping[str, object]) -> None:
    for name, value in values.items():
        if isinstance(value, (list, tuple, np.ndarray)):
            raise ParameterError(f"{where}.{name}: {shown(value)} is not one number; a cell has one value.")


def check_only_one(owner: str, state: Mapping[str, object], conductance: object) -> None:
    if state and conductance is not None:
        raise ParameterError(f"{owner}: give initial_state or initial_conductance, not both.")
