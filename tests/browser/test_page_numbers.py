"""The numbers of the page are those of Python: expressions and measurements, in the browser's own JavaScript."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsing import show
from playwright.sync_api import Page

from rramcirc.analysis.expressions import evaluate
from rramcirc.analysis.measure import MEASUREMENTS, measure
from rramcirc.basics.errors import RramcircError
from rramcirc.figures.page.write import write_page
from rramcirc.waveforms.waveforms import Waveforms

RELATIVE = 1e-9  # of the largest value: the page sums in another order than numpy


def oscillating(points: int = 400) -> Waveforms:
    """Ringing pulses, spikes, a state and lines without and with bad numbers, on an axis of unequal steps."""
    rng = np.random.default_rng(5)
    time = np.cumsum(rng.exponential(1e-8, points))
    part = time / time[-1]
    pulses = (np.sin(2 * np.pi * 4.3 * part) > 0.2).astype(float)
    ringing = pulses + 0.2 * np.exp(-8 * (part % 0.23)) * np.sin(300 * part)
    spikes = np.exp(-(((part * 6) % 1 - 0.5) ** 2) / 0.004)
    signals = {
        "v(te)": ringing,
        "v(be)": 0.3 * np.roll(pulses, 7) + 0.01 * rng.normal(size=points),
        "i(te)": 1e-5 * ringing + 1e-7 * rng.normal(size=points),
        "gap[1,2]": 1.7 - part,
        "gap[1,3]": 1.7 - part**2,
        "v(mem0)": spikes,
        "v(mem1)": np.roll(spikes, 30),
        "conductance[1,2]": 1e-6 * (1 + part),
    }
    units = {"v": "V", "i": "A", "g": "nm", "c": "S"}
    return Waveforms("time", "s", time, signals, {name: units[name[0]] for name in signals})


def random_expression(rng: np.random.Generator, depth: int = 3) -> str:
    """Draw an expression; some add volts to amperes, or are no numbers anywhere."""
    atoms = ["v(te)", "V(BE)", "v(te, be)", "i(te)", "gap[1,2]", "conductance[1,2]", "time", "2", "50u", "1.5e-3", "1M"]
    if depth == 0 or rng.random() < 0.15:
        return str(rng.choice(atoms))
    kind = rng.integers(0, 8)
    left = random_expression(rng, depth - 1)
    if kind < 5:
        return f"{left} {rng.choice(['+', '-', '*', '/'])} {random_expression(rng, depth - 1)}"
    if kind == 5:
        return f"({left})**{rng.choice(['2', '-1', '0.5', '3'])}"
    return f"{rng.choice(['abs', 'log10', 'sqrt', 'exp', '-', '+'])}({left})"


MEASURED = [
    "min(v(te))", "max(v(te)-v(be))", "mean(v(te))", "rms(v(te))", "integral(i(te))", "integral(v(te)*i(te))",
    "final(gap[1,2])", "at(v(te), 1u)", "crossing(v(te), 500m)", "crossing(v(te), 0.5, rise)", "crossing(v(te), 9)",
    "low_level(v(te))", "high_level(v(te))", "rise_time(v(te))", "rise_time(v(te), 0.2, 0.8)",
    "rise_time(v(te), 0.2, 0.8, 0, 1)", "fall_time(v(te))", "fall_time(v(te), 0.1, 0.6)", "slew_rate(v(te))",
    "overshoot(v(te))", "overshoot(v(te), 0, 1)", "settling_time(v(te))", "settling_time(v(te), 0.2)",
    "time_to_final(gap[1,2])", "time_to_final(gap[1,2], 0.2)", "pulse_width(v(te))", "pulse_width(v(te), 0.4)",
    "delay(v(te), v(be))", "delay(v(te), v(be), rise, fall)", "period(v(te))", "frequency(v(te))", "duty_cycle(v(te))",
    "spike_count(v(mem0))", "spike_count(v(mem0), 0.9)", "inter_spike_interval(v(mem*))", "energy(v(te), i(te))",
    "resistance(v(te), i(te), 200n, 900n)", "max(gap[1,*])", "max(v(te)) - min(v(be))", "max(i(te)) / max(v(te)) * 2",
    "crossing(v(te), 0.5)[1] - crossing(v(te), 0.5)[0]", "crossing(v(te), max(v(te)) / 2)[2]",
    "at(v(mem?), crossing(v(te), 0.5)[0])", "sqrt(max(v(te)))", "max(abs(v(te)))", "1/mean(conductance[1,2])",
]  # fmt: skip


def close(ours: Sequence[float], theirs: Sequence[float]) -> bool:
    ours, theirs = np.asarray(ours, float), np.asarray(theirs, float)
    finite = theirs[np.isfinite(theirs)]
    scale = float(np.abs(finite).max()) if finite.size else 0.0
    if ours.shape != theirs.shape:
        return False
    with np.errstate(invalid="ignore"):  # inf - inf
        near = np.abs(ours - theirs) <= RELATIVE * scale
    return bool(np.all((ours == theirs) | (np.isnan(ours) & np.isnan(theirs)) | (np.isfinite(ours) & near)))


def numbers(values: Sequence[Any]) -> list[float]:
    """Return what came out of the browser: JSON has no NaN, Playwright does."""
    return [math.nan if value is None else float(value) for value in values]


@pytest.fixture
def opened(page: Page, tmp_path: Path) -> tuple[Page, Waveforms]:
    waves = oscillating()
    write_page(waves, ["*"], tmp_path / "p.html")
    show(page, tmp_path / "p.html")
    return page, waves


IN_PAGE = """(texts) => texts.map((text) => {
  try {
    const run = rramcirc.first, q = evaluateExpression(text, run.scope(), rramcirc.tables);
    return [Array.from(q.re), q.unit];
  } catch (error) { if (error instanceof PageError) return error.message; throw error; }
})"""
MEASURED_IN_PAGE = """([texts, from, to]) => texts.map((text) => {
  try { return measureText(text, rramcirc.first.window(from, to), rramcirc.tables); }
  catch (error) { if (error instanceof PageError) return error.message; throw error; }
})"""


def test_random_expressions_agree_with_python(opened):
    page, waves = opened
    rng = np.random.default_rng(19)
    texts = [random_expression(rng) for _ in range(200)]
    found = page.evaluate(IN_PAGE, texts)
    refused = 0
    for text, ours in zip(texts, found, strict=True):
        try:
            values, unit = evaluate(text, waves)
        except RramcircError:
            refused += 1
            assert isinstance(ours, str), text
            continue
        assert not isinstance(ours, str), (text, ours)
        assert ours[1] == unit, text
        assert close(numbers(ours[0]), values), text
    assert refused < 120


@pytest.mark.parametrize("text", ["v(te", "v(te) ^ 2", "v(te) v(be)", "v(nn)", "sin(v(te))", "v(te)//2", "", "(v(te)"])
def test_what_python_refuses_the_page_refuses(opened, text):
    page, waves = opened
    with pytest.raises(RramcircError):
        evaluate(text, waves)
    assert isinstance(page.evaluate(IN_PAGE, [text])[0], str)


def test_every_measurement_agrees_with_python_whole_and_over_a_part(opened):
    page, waves = opened
    assert {name for name in MEASUREMENTS if any(f"{name}(" in text for text in MEASURED)} == set(MEASUREMENTS)
    for start, stop in [(waves.axis[0], waves.axis[-1]), (1.9e-7, 3.05e-6), (9e-7, 1.3e-6)]:
        part = waves if start == waves.axis[0] else waves.between(start, stop)
        found = page.evaluate(MEASURED_IN_PAGE, [MEASURED, float(start), float(stop)])
        for text, ours in zip(MEASURED, found, strict=True):
            try:
                rows = measure(text, part)
            except RramcircError:
                assert isinstance(ours, str), text
                continue
            assert not isinstance(ours, str), (text, ours)
            assert [(label, unit) for label, _, unit in ours] == [(label, unit) for label, _, unit in rows], text
            for value, (_, theirs, _) in zip(numbers([row[1] for row in ours]), rows, strict=True):
                assert close([value], [theirs]), (text, start, value, theirs)


def test_complex_expressions_agree_with_python(page, tmp_path):
    rng = np.random.default_rng(3)
    frequency = np.logspace(3, 9, 50)
    signals = {name: rng.normal(size=50) + 1j * rng.normal(size=50) for name in ("v(in)", "v(out)", "i(v1)")}
    waves = Waveforms("frequency", "Hz", frequency, signals, {"v(in)": "V", "v(out)": "V", "i(v1)": "A"})
    write_page(waves, ["*"], tmp_path / "ac.html")
    show(page, tmp_path / "ac.html")
    texts = [
        "v(out)/v(in)", "abs(v(out))", "v(out)*i(v1)", "sqrt(v(out))", "log10(v(out))", "exp(v(in))", "v(out)**2",
        "v(in)**-1", "v(in)**0.5", "2**v(in)", "v(out,in)", "-v(out) + 1", "v(in)**v(out)", "frequency*v(in)",
    ]  # fmt: skip
    script = IN_PAGE.replace("Array.from(q.re), q.unit", "Array.from(q.re), q.im && Array.from(q.im)")
    for text, (re, im) in zip(texts, page.evaluate(script, texts), strict=True):
        values, _ = evaluate(text, waves)
        assert close(numbers(re), values.real), text
        assert (im is None and not np.iscomplexobj(values)) or close(numbers(im), values.imag), text


def test_spectrum_finds_amplitude_and_frequency(page, tmp_path):
    time = np.linspace(0, 1e-6, 2049)
    waves = Waveforms("time", "s", time, {"v(a)": 0.7 * np.sin(2 * np.pi * 50e6 * time) + 0.2}, {"v(a)": "V"})
    write_page(waves, ["*"], tmp_path / "f.html")
    show(page, tmp_path / "f.html")
    frequency, amplitude = page.evaluate(
        "() => spectrum(rramcirc.first.column('v(a)').re, rramcirc.first.tile.axis).map((x) => Array.from(x))"
    )
    k = int(np.argmax(amplitude[1:])) + 1
    assert frequency[k] == pytest.approx(50e6, rel=1e-3)
    halfway = np.cos(np.pi * 50 / 2048)  # every second of the 4096 equal steps is the middle of a straight line
    assert amplitude[k] == pytest.approx(0.7 * (1 + halfway) / 2, rel=1e-6)
    assert amplitude[0] == pytest.approx(0.2, rel=1e-6)
