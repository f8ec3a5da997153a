"""The closed-form update rule: its curves and its pulse rule are one, and its figures are those of the paper."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rramcirc.basics.errors import ParameterError, RramcircError
from rramcirc.devices.cards.card import load_card
from rramcirc.devices.pulses.exponential import PulseExponential

DEVICE = PulseExponential()
DEVICES = st.builds(
    lambda low, window, alpha_p, alpha_d: PulseExponential(low + window, low, alpha_p, alpha_d, window, window),
    st.floats(0.0, 1e-6), st.floats(1e-9, 1e-6), st.floats(1e-4, 5.0), st.floats(1e-4, 5.0),
)  # fmt: skip


def test_every_number_of_the_device_says_what_it_is():
    for field in dataclasses.fields(DEVICE):
        assert field.metadata["desc"]
        assert field.metadata["units"] in ("S", "1")


@pytest.mark.parametrize("sign", [1, -1])
def test_pulse_rule_walks_along_the_curve(sign):
    curve = DEVICE.potentiated if sign > 0 else DEVICE.depressed
    change = DEVICE.potentiation_change if sign > 0 else DEVICE.depression_change
    conductance = float(curve(0))
    for pulse in range(1, 201):
        conductance += float(change(conductance))
        # rounding only
        assert conductance == pytest.approx(float(curve(pulse)), abs=1e-12 * DEVICE.window)


@given(DEVICES, st.floats(0.0, 1.0), st.integers(1, 300))
def test_many_pulses_at_once_are_as_many_single_pulses(device, where, count):
    start = device.g_min + where * device.window
    for change in (device.potentiation_change, device.depression_change):
        conductance = start
        for _ in range(count):
            conductance += float(change(conductance))
        assert conductance == pytest.approx(
            start + float(change(start, count)), abs=1e-12 * (device.g_max + device.window)
        )


@given(DEVICES, st.floats(0.0, 1.0))
def test_conductance_stays_within_its_bounds_and_moves_the_right_way(device, where):
    start = device.g_min + where * device.window
    up, down = float(device.potentiation_change(start)), float(device.depression_change(start))
    assert down <= 0 <= up
    tiny = 1e-15 * device.g_max
    assert device.g_min - tiny <= start + down <= start + up <= device.g_max + tiny


def test_bounds_are_fixed_points_and_outside_is_driven_back():
    assert DEVICE.potentiation_change(DEVICE.g_max) == 0
    assert DEVICE.depression_change(DEVICE.g_min) == 0
    assert DEVICE.potentiation_change(1.1 * DEVICE.g_max) < 0
    assert DEVICE.depression_change(0.5 * DEVICE.g_min) > 0


def test_curves_begin_and_end_where_the_paper_says():
    assert float(DEVICE.potentiated(0)) == pytest.approx(47.2e-9, rel=1e-12)
    assert float(DEVICE.depressed(0)) == pytest.approx(954.85e-9, rel=1e-12)  # above g_max: no state
    assert float(DEVICE.depressed(DEVICE.depression_start)) == pytest.approx(DEVICE.g_max, rel=1e-12)
    assert DEVICE.depression_start == pytest.approx(1.028, abs=5e-4)
    assert float(DEVICE.potentiated(1e6)) == DEVICE.g_max
    assert float(DEVICE.depressed(1e6)) == DEVICE.g_min


def test_published_nonlinearity_belongs_to_94_and_95_pulses():
    assert DEVICE.pulses_with_nonlinearity(0.32, 0.45, 0.77) == [94, 95]
    for pulses in (94, 95):
        assert [round(float(figure), 2) for figure in DEVICE.nonlinearity(pulses)] == [0.32, 0.45, 0.77]
    for pulses in (64, 93, 96, 100):
        assert [round(float(figure), 2) for figure in DEVICE.nonlinearity(pulses)] != [0.32, 0.45, 0.77]


def test_total_nonlinearity_is_equation_9():
    n = np.arange(1, 300)
    exponentials = DEVICE.beta_p * np.exp(-0.5 * DEVICE.alpha_p * n) + DEVICE.beta_d * np.exp(-0.5 * DEVICE.alpha_d * n)
    figures = DEVICE.nonlinearity(n)
    np.testing.assert_allclose(figures.anl, 1 - exponentials / DEVICE.window, rtol=0, atol=1e-14)
    np.testing.assert_allclose(figures.panl + figures.danl, figures.anl, rtol=0, atol=1e-15)


def test_small_exponents_are_a_straight_line():
    pulses = 100
    alpha = 1e-6
    beta = 1e-7 / -math.expm1(-alpha * pulses)  # reaches the other bound after 100 pulses, almost straight
    line = PulseExponential(beta, 0.0, alpha, alpha, beta, beta)
    steps = np.diff(line.potentiated(np.arange(pulses + 1)))
    np.testing.assert_allclose(steps, 1e-9, rtol=1e-4)  # alpha times pulses
    assert float(line.potentiated(pulses)) == pytest.approx(1e-7, rel=1e-9)


def test_shapes_of_conductances_and_pulses_combine():
    assert DEVICE.potentiation_change(np.full((3, 1), 1e-7), np.arange(4)).shape == (3, 4)
    assert DEVICE.potentiation_change(1e-7, 0) == 0
    assert DEVICE.potentiated(0.5) > DEVICE.potentiated(0)


def test_rule_of_a_card_has_its_numbers_and_curves_from_bound_to_bound():
    rule = PulseExponential.of_card(load_card("tiox_fouda2020"))
    assert (rule.g_max, rule.g_min, rule.alpha_p, rule.alpha_d) == (674e-9, 32.95e-9, 0.03058, 0.3534)
    assert float(rule.potentiated(0)) == pytest.approx(rule.g_min, rel=1e-12)
    assert float(rule.depressed(0)) == pytest.approx(rule.g_max, rel=1e-12)
    assert rule.depression_start == 0.0
    changed = PulseExponential.of_card(load_card("tiox_fouda2020").with_values({"g_max": 500.0, "alpha_p": 0.1}))
    assert (changed.g_max, changed.alpha_p) == (500e-9, 0.1)


def test_record_is_frozen_and_hashable():
    with pytest.raises(dataclasses.FrozenInstanceError):
        DEVICE.g_max = 1.0
    assert hash(DEVICE) == hash(PulseExponential())


NONSENSE = [None, "1", True, float("nan"), float("inf"), [1e-7], object(), 1j]


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(PulseExponential)])
@pytest.mark.parametrize("value", [*NONSENSE, -1e-7], ids=lambda value: repr(value).split(" at ")[0])
def test_nonsense_in_the_record_is_refused_by_name(name, value):
    with pytest.raises(RramcircError, match=f"PulseExponential.{name}"):
        PulseExponential(**{name: value})


def test_bounds_in_the_wrong_order_are_refused():
    with pytest.raises(ParameterError, match="g_max = 1e-08 S is not above g_min"):
        PulseExponential(g_max=1e-8)


@pytest.mark.parametrize(
    "value",
    [None, "1", True, float("nan"), [1.0, float("inf")], object(), [[1], [1, 2]]],
    ids=lambda value: repr(value).split(" at ")[0],
)
def test_nonsense_in_the_functions_is_refused_by_name(value):
    for call, name in [
        (DEVICE.potentiated, "pulses"), (DEVICE.depressed, "pulses"), (DEVICE.nonlinearity, "pulses"),
        (DEVICE.potentiation_change, "conductance"), (DEVICE.depression_change, "conductance"),
        (lambda v: DEVICE.potentiation_change(1e-7, v), "pulses"),
        (lambda v: DEVICE.depression_change(1e-7, v), "pulses"),
        (lambda v: DEVICE.pulses_with_nonlinearity(v, 0.45, 0.77), "panl"),
        (lambda v: DEVICE.pulses_with_nonlinearity(0.32, v, 0.77), "danl"),
        (lambda v: DEVICE.pulses_with_nonlinearity(0.32, 0.45, v), "anl"),
    ]:  # fmt: skip
        with pytest.raises(ParameterError, match=name):
            call(value)


def test_numbers_out_of_range_are_refused():
    with pytest.raises(ParameterError, match="pulses"):
        DEVICE.potentiated(-1)
    with pytest.raises(ParameterError, match="digits"):
        DEVICE.pulses_with_nonlinearity(0.32, 0.45, 0.77, digits=-1)
    with pytest.raises(ParameterError, match="largest"):
        DEVICE.pulses_with_nonlinearity(0.32, 0.45, 0.77, largest=0)
    for card in (None, "tiox_fouda2020", load_card("hfo2_filament")):
        with pytest.raises(ParameterError, match="of_card"):
            PulseExponential.of_card(card)


@pytest.mark.parametrize("count", [1, 2, 7, 60])
def test_every_number_of_pulses_is_found_by_its_own_nonlinearity_and_the_limit_is_one_of_them(count):
    figures = (float(f) for f in DEVICE.nonlinearity(count))
    assert count in DEVICE.pulses_with_nonlinearity(*figures, digits=6, largest=count)
