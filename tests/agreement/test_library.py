"""Every Verilog-A model of the library, as the compiler made it."""

from __future__ import annotations

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.devices.cards.card import card_names, load_card

CARDS = [name for name in card_names() if load_card(name).states]


@pytest.mark.parametrize("name", CARDS)
def test_charge_of_every_state_node_is_its_own_voltage(name: str) -> None:
    """openvaf-r was seen to replace one ddt() by another without a word; a state would then follow a charge."""
    devices = rc.CompiledDevices(load_card(name), 1)
    voltages = np.random.default_rng(1).uniform(-0.2, 0.2, (1, len(devices.nodes)))
    jacobian = devices.evaluate(voltages, abstime=1e-9).reactive_jacobian[0]
    for node in devices.state_nodes.values():
        expected = np.zeros(len(devices.nodes))
        expected[node] = 1.0
        assert np.array_equal(jacobian[node], expected), f"{devices.nodes[node]}: {jacobian[node]}"


@pytest.mark.parametrize("name", CARDS)
def test_no_current_without_voltage(name: str) -> None:
    card = load_card(name)
    states = {state: float(card.value(f"{state}_ini")) for state in card.states}
    assert abs(float(rc.read_current(card, states, 0.0))) < 1e-18
