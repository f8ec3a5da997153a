"""What is read off a sweep of a cell with its transistor, before any fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.devices.compiled.reading import read_current
from rramcirc.studies.fit.data import Measurement
from rramcirc.studies.fit.model import make_protocol, predict
from rramcirc.studies.fit.settings import Settings
from rramcirc.studies.fit.unloaded import without_transistor


@pytest.mark.parametrize("line", ["sl", "bl"])
def test_the_device_alone_carries_the_measured_current_at_the_voltage_that_is_left(line: str) -> None:
    """States come from the integration of the whole cell, currents from the device alone; SET at 1.2 V of the gate."""
    card, settings = rc.load_card("hfo2_filament"), Settings(selector=rc.load_card("nmos_select"), negative_line=line)
    volts = np.interp(np.linspace(0, 4, 81), np.arange(5), [0.0, 1.8, 0.0, -1.2, 0.0])
    columns = {"voltage": volts, "current": np.ones(81), "gate": np.where(volts < 0, 3.0, 1.2)}
    protocol = make_protocol(Measurement(Path("cell.csv"), "", "sweep", columns, np.arange(81) + 2), settings)
    found = predict(card, protocol, np.array([5e-6]), settings)
    measured = np.abs(found.current)
    alone = without_transistor(replace(protocol, current=measured), settings.temperature)
    assert len(alone) > 60
    assert alone.gates is None
    states = {name: values[alone.device, alone.corner] for name, values in found.response.states.items()}
    volt = alone.voltages[alone.device, alone.corner]
    np.testing.assert_allclose(np.abs(read_current(card, states, volt)), alone.current, rtol=0.02)
    np.testing.assert_array_equal(np.sign(volt), np.sign(volts[alone.row]))
