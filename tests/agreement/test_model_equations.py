"""Current and rates of the switching models against their equations, written again here from the headers of the files.

Random devices (every number of a card times 0.8 to 1.25), random states inside and up to 15 % outside the bounds, both
polarities, random deviates of the cycle and temperatures; the compiled model is evaluated directly, without a solver.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy import cosh, exp, expm1, hypot, pi, sign, sinh, sqrt, where

import rramcirc as rc
from rramcirc.devices.compiled.devices import CompiledDevices

Array = np.ndarray
Values = dict[str, float]
K_PER_Q = 1.3806503e-23 / 1.602176462e-19  # [eV/K], of the constants.vams of the language's standard
COUNT = 400
RETURN = 1e8  # [1/s], of states outside their bounds


def slowed(distance: Array, width: float) -> Array:
    """The window w(u): towards zero over `width` before a bound, a straight line beyond it."""
    return where(distance > 0, distance / hypot(distance, width), distance / width)


def inward(outside: Array, width: float) -> Array:
    return where(outside > 0, RETURN * outside**2 / (np.abs(outside) + width), 0.0)


def held(value: Array, low: float, high: float, low_reach: float, high_reach: float) -> Array:
    """A state that conducts: outside its bounds it goes on smoothly, by no more than a reach."""
    beyond, under = np.maximum(value - high, 0), np.minimum(value - low, 0)
    inner = np.clip(value, low, high)
    return inner + beyond / sqrt(1 + (beyond / high_reach) ** 2) + under / sqrt(1 + (under / low_reach) ** 2)


def below(value: Array, most: float, power: int = 2) -> Array:
    return value / (1 + (np.abs(value) / most) ** power) ** (1 / power)


def softplus(u: Array) -> Array:
    return np.logaddexp(0.0, u)


def sinh_and_tangent(z: Array) -> Array:
    return where(np.abs(z) < 15, sinh(np.clip(z, -15, 15)), sign(z) * (sinh(15) + cosh(15) * (np.abs(z) - 15)))


def filament(p: Values, v: Array, x: dict[str, Array], nz: Array, kelvin: float) -> tuple[Array, dict[str, Array]]:
    d, gap, width = x["diameter"], x["gap"], p["window_width"]
    conducting = held(d, p["diameter_min"], p["diameter_max"], p["diameter_min"] / 10, p["diameter_max"] / 10)
    area, length = pi / 4 * (conducting * 1e-9) ** 2, p["filament_length"] * 1e-9
    metal = p["rho"] * p["rho_factor"] * length / area
    positive = (gap + hypot(gap, 1e-3)) / 2
    z = v / p["gap_voltage"]
    scale = p["gap_resistance"] * p["gap_resistance_factor"]
    current = v / (metal + scale * expm1(positive / p["gap_decay_length"]) / cosh(z / sqrt(1 + (z / 20) ** 2)))
    rise = below(p["thermal_resistance"] * v * current, p["temperature_rise_max"])
    kt, still = K_PER_Q * (kelvin + rise), p["ea"] + p["ea_delta"] + p["ea_retention"]
    cold = exp(-((v / p["retention_voltage"]) ** 4) - (rise / p["retention_heating"]) ** 2)
    barrier = p["ea"] + p["ea_delta"] + p["ea_sigma_c2c"] * nz + p["ea_retention"] * cold
    rate = below(2 * p["rate_prefactor"] * exp(-barrier / kt) * sinh(p["ea_lowering"] * v / kt), p["rate_max"])
    closed = 1 - gap / hypot(gap, width)
    end_width = p["reset_window_width"] or width
    end = p["gap_max"] * exp(-p["gap_max_sigma_c2c"] * nz / hypot(1, nz / 5))
    gap_rate = -rate * where(rate > 0, slowed(gap, width), slowed(end - gap, end_width))
    growth = closed * slowed(p["diameter_max"] - d, width)
    d_rate = rate * where(rate > 0, growth, slowed(d - p["diameter_min"], end_width))
    d_rate -= p["relaxation"] * p["rate_prefactor"] * exp(-still / kt) * slowed(d - p["diameter_min"], width)
    gap_rate += inward(-gap, width) - inward(gap - p["gap_max"] * exp(5 * p["gap_max_sigma_c2c"]), width)
    d_rate += inward(p["diameter_min"] - d, width) - inward(d - p["diameter_max"], width)
    return current, {"diameter": d_rate, "gap": gap_rate}


def gap_model(p: Values, v: Array, x: dict[str, Array], nz: Array, kelvin: float) -> tuple[Array, dict[str, Array]]:
    gap, width, low, high = x["gap"], p["window_width"], p["gap_min"], p["gap_max"]
    g = held(gap, low, high, (high - low) / 10, (high - low) / 10)
    shape = sinh_and_tangent(v / p["current_voltage"])
    current = p["current_prefactor"] * p["current_factor"] * exp(-g / p["gap_decay_length"]) * shape
    kt = K_PER_Q * (kelvin + below(p["thermal_resistance"] * v * current, p["temperature_rise_max"], power=4))
    power = ((g + hypot(g, 1e-3)) / 2) ** p["gamma_exponent"]
    gamma = where(v > 0, p["gamma0"] - p["beta"] * power, p["gamma0_reset"] - p["beta_reset"] * power)
    gamma = (gamma + hypot(gamma, 0.05)) / 2
    if p["field_min"] > 0:
        away = (p["field_min"] - 1e9 * gamma * np.abs(v) / p["oxide_thickness"]) / (
            p["field_smoothing"] * p["field_min"] + 1
        )
        gamma = gamma / (1 + exp(np.minimum(away, 80.0)))  # beyond, limexp goes on as a line: nothing is left
    barrier = p["ea"] + p["ea_delta"] + p["ea_sigma_c2c"] * nz
    field = gamma * p["hop_distance"] / p["oxide_thickness"] * v
    closing = below(1e9 * p["velocity"] * exp(-barrier / kt) * sinh(field / kt), p["rate_max"])
    rate = -closing * slowed(where(closing > 0, gap - low, high - gap), width)
    return current, {"gap": rate + inward(low - gap, width) - inward(gap - high, width)}


def vteam(p: Values, v: Array, x: dict[str, Array], nz: Array, kelvin: float) -> tuple[Array, dict[str, Array]]:
    w, width, ratio = x["w"], p["window_width"], p["r_off"] / p["r_on"]
    place = (w - p["w_on"]) / (p["w_off"] - p["w_on"])
    place = held(place, 0.0, 1.0, 1 / (2 * (ratio - 1)), 0.1)
    straight = p["r_on"] + (p["r_off"] - p["r_on"]) * place
    resistance = p["resistance_factor"] * (p["r_on"] * ratio**place if p["current_law"] == 1 else straight)
    published = -v  # positive switches off there
    spread = p["threshold_factor"] * exp(p["threshold_sigma_c2c"] * nz)
    s = p["threshold_smoothing"]

    def excess(threshold: float) -> Array:
        over = s * (softplus((published / (threshold * spread) - 1) / s) - softplus(-1 / s))
        return np.maximum(over, 0.0)

    off, on = p["k_off"] * excess(p["v_off"]) ** p["alpha_off"], p["k_on"] * excess(p["v_on"]) ** p["alpha_on"]
    rate = below(1e9 * where(published > 0, off, on), p["rate_max"])  # [nm/s]
    moved = rate * slowed(where(rate > 0, p["w_off"] - w, w - p["w_on"]), width)
    return v / resistance, {"w": moved + inward(p["w_on"] - w, width) - inward(w - p["w_off"], width)}


def yakopcic(p: Values, v: Array, x: dict[str, Array], nz: Array, kelvin: float) -> tuple[Array, dict[str, Array]]:
    state, width = x["x"], p["bend_width"]
    conducting = held(state, -np.inf, 1.0, 1.0, 0.1)
    conducting = (conducting + hypot(conducting, 1e-5)) / 2
    prefactor = (p["a1"] + p["a2"]) / 2 + (p["a1"] - p["a2"]) / 2 * v / hypot(v, 1e-3)
    current = p["current_factor"] * prefactor * conducting * sinh_and_tangent(p["b"] * v)
    threshold = where(v > 0, p["v_p"], p["v_n"]) * p["threshold_factor"] * exp(p["threshold_sigma_c2c"] * nz)
    s = p["threshold_smoothing"] * threshold
    excess = np.maximum(s * (softplus((np.abs(v) - threshold) / s) - softplus(-1 / p["threshold_smoothing"])), 0)
    rate = below(where(v > 0, p["a_p"], -p["a_n"]) * exp(threshold) * expm1(excess), p["rate_max"])
    ahead = where(v > 0, 1 - state, state)
    knee = where(v > 0, 1 - p["x_p"], 1 - p["x_n"])
    bend = width * softplus((knee - ahead) / width)
    window = exp(-where(v > 0, p["alpha_p"], p["alpha_n"]) * bend) * (1 - bend / knee)
    moved = rate * where(ahead < 0, ahead / width, window)
    return current, {"x": moved + inward(-state, width) - inward(state - 1, width)}


def drift(p: Values, v: Array, x: dict[str, Array], nz: Array, kelvin: float) -> tuple[Array, dict[str, Array]]:
    state, exponent = x["x"], p["window_exponent"]
    conducting = held(state, 0.0, 1.0, 0.1, p["r_on"] / (2 * (p["r_off"] - p["r_on"])))
    current = v / (p["resistance_factor"] * (p["r_on"] * conducting + p["r_off"] * (1 - conducting)))
    mobility = p["mobility"] * p["mobility_factor"] * exp(p["mobility_sigma_c2c"] * nz)
    thickness = p["film_thickness"] * 1e-9
    rate = below(mobility * p["r_on"] * p["resistance_factor"] / thickness**2 * current, p["rate_max"])
    ahead = where(v > 0, 1 - state, state)  # to the bound that it moves to; x = 1 - ahead seen from the other side
    inner = np.clip(ahead, 0, 1)
    kind = p["window"]
    if kind == 0:
        window, line = slowed(ahead, p["window_width"]), 1 / p["window_width"]
    elif kind == 1:
        window, line = 1 - np.abs(2 * inner - 1) ** (2 * exponent), 4 * exponent
    elif kind == 2:
        window, line = 1 - (1 - inner) ** (2 * exponent), 2 * exponent
    else:
        height = p["window_height"]
        window, line = height * (1 - ((inner - 0.5) ** 2 + 0.75) ** exponent), height * exponent
    window = where(ahead < 0, line * ahead, window)
    if kind in (1, 3):
        window = window + where(inner > 0.5, p["window_release"] * (2 * inner - 1) * (1 - window), 0.0)
    return current, {"x": rate * window + inward(-state, 0.01) - inward(state - 1, 0.01)}


def tiox(p: Values, v: Array, x: dict[str, Array], nz: Array, kelvin: float) -> tuple[Array, dict[str, Array]]:
    g, high, low = x["g"], p["g_max"] * p["g_max_factor"], p["g_min"] * p["g_min_factor"]
    spread = exp(p["alpha_sigma_c2c"] * nz / sqrt(1 + 0.01 * nz**2))

    def step(u: Array) -> Array:  # 0 below -1, 1 above 1, in between the integral of 15/16 (1 - u^2)^2
        z = np.clip(u, -1, 1)
        return 0.5 + 15 / 16 * (z - 2 * z**3 / 3 + z**5 / 5)

    up = p["alpha_p"] * p["alpha_p_factor"] / p["width_p"] * step((v - p["threshold"]) / p["threshold_width"])
    down = p["alpha_d"] * p["alpha_d_factor"] / p["width_d"] * step((-v - p["threshold"]) / p["threshold_width"])
    width = 0.005 * (high - low)
    moved = spread * (up * (high - g) - down * (g - low))
    conducting = where(g < 1e-3, 1e-3 / (2 - 1e3 * np.minimum(g, 1e-3)), g)  # stays positive below 1 pS
    return 1e-9 * conducting * v, {"g": moved + inward(low - g, width) - inward(g - high, width)}


Model = Callable[[Values, Array, dict[str, Array], Array, float], tuple[Array, dict[str, Array]]]
Bounds = dict[str, tuple[str | float, str | float]]
# card: equations, bounds of the states by name or number, largest voltage [V]
MODELS: dict[str, tuple[Model, Bounds, float]] = {
    "hfo2_filament": (filament, {"diameter": ("diameter_min", "diameter_max"), "gap": (0.0, "gap_max")}, 2.0),
    "stanford_gap_v1": (gap_model, {"gap": ("gap_min", "gap_max")}, 2.0),
    "hfox_gap_jiang2016": (gap_model, {"gap": ("gap_min", "gap_max")}, 2.5),
    "vteam_technion": (vteam, {"w": ("w_on", "w_off")}, 1.0),
    "vteam_kvatinsky2015": (vteam, {"w": ("w_on", "w_off")}, 1.5),
    "yakopcic_oblea": (yakopcic, {"x": (0.0, 1.0)}, 1.0),
    "hp_tio2_drift": (drift, {"x": (0.0, 1.0)}, 3.0),
    "tiox_fouda2020": (tiox, {"g": ("g_min", "g_max")}, 4.0),
}
KINDS = {"vteam_technion": ("current_law", (0, 1)), "hp_tio2_drift": ("window", (0, 1, 2, 3))}
CASES = [(name, kind) for name in MODELS for kind in KINDS.get(name, ("", (-1,)))[1]]


def drawn_card(name: str, kind: int, rng: np.random.Generator) -> rc.ModelCard:
    """Every real number of the card times 0.8 to 1.25, where its range allows that."""
    card = rc.load_card(name)
    values: dict[str, float] = {KINDS[name][0]: kind} if kind >= 0 else {}
    for parameter, entry in card.parameters.items():
        declared = card.declaration.parameters[parameter]
        value = float(entry.value) * rng.uniform(0.8, 1.25)
        if declared.kind == "real" and not parameter.endswith("_ini") and declared.allows(value, values):
            values[parameter] = value
    return card.with_values(values)


@pytest.mark.parametrize(("name", "kind"), CASES)
@pytest.mark.parametrize("seed", [1, 2])
def test_current_and_rates_are_those_of_the_equations(name: str, kind: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    equations, bounds, largest = MODELS[name]
    card = drawn_card(name, kind, rng)
    values = {parameter: entry.value for parameter, entry in card.parameters.items()}
    kelvin = float(rng.uniform(280, 360))
    v = rng.uniform(-largest, largest, COUNT)
    nz = rng.normal(size=COUNT)
    states = {}
    for state, ends in bounds.items():
        low, high = (values[end] if isinstance(end, str) else end for end in ends)
        states[state] = rng.uniform(low - 0.15 * (high - low), high + 0.15 * (high - low), COUNT)
    devices = CompiledDevices(card, COUNT, temperature=kelvin)
    points = np.zeros((COUNT, len(devices.nodes)))
    points[:, devices.nodes.index("te")], points[:, devices.nodes.index("nz")] = v, nz
    for state, value in states.items():
        points[:, devices.nodes.index(f"{state}_s")] = value - values[f"{state}_ini"]
    found = devices.evaluate(points, abstime=1e-9, jacobian=False)
    current, rates = equations(values, v, states, nz, kelvin)
    # constants of nature differ in the eighth digit and stand in exponents of up to 60
    np.testing.assert_allclose(found.resistive[:, devices.nodes.index("te")], current, rtol=1e-6, atol=1e-18)
    np.testing.assert_allclose(found.resistive[:, devices.nodes.index("be")], -current, rtol=1e-6, atol=1e-18)
    assert np.all(found.resistive[:, devices.nodes.index("nz")] == 0.0)
    for state, rate in rates.items():
        place = devices.nodes.index(f"{state}_s")
        floor = 1e-9 * np.median(np.abs(rate))
        np.testing.assert_allclose(-found.resistive[:, place], rate, rtol=2e-5, atol=floor, err_msg=state)
        np.testing.assert_allclose(found.reactive[:, place], points[:, place], rtol=1e-12)
    charge = values["capacitance"] * v
    np.testing.assert_allclose(found.reactive[:, devices.nodes.index("te")], charge, rtol=1e-12)
