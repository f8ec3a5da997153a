"""Figures: files of every format, no warnings, decimation that keeps every extreme."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rramcirc.basics.errors import ParameterError, RramcircError, WaveformError
from rramcirc.figures.style import decimate, si_scale
from rramcirc.figures.waveforms import plot, plot_butterfly
from rramcirc.waveforms.waveforms import Waveforms

T = np.linspace(0, 3e-6, 301)


def array_waveforms(n_lines: int = 3, complete: bool = True) -> Waveforms:
    signals, units = {}, {}
    for k in range(n_lines):
        signals |= {f"v(bl{k})": np.where(T > 1e-6, 1.0 + k, 0.0), f"i(bl{k})": T * (k + 1)}
        signals[f"gap[0,{k}]"] = 1.7 - T * 1e5
        units |= {f"v(bl{k})": "V", f"i(bl{k})": "A", f"gap[0,{k}]": "nm"}
    return Waveforms("time", "s", T, signals, units, title="* array $1$ of _test_ \u4e2d", complete=complete)


@pytest.mark.parametrize(
    ("suffix", "magic"), [(".png", b"\x89PNG"), (".pdf", b"%PDF"), (".svg", b"<?xml"), (".PNG", b"\x89PNG")]
)
def test_each_format_is_written(tmp_path, suffix, magic):
    path = tmp_path / f"a{suffix}"
    plot(array_waveforms(), ["v(bl*)", "i(bl0)", "gap[0,*]", "v(bl1)*i(bl1)"], path)
    assert path.read_bytes().startswith(magic)
    assert path.stat().st_size > 5000


def test_same_waveforms_give_the_same_bytes(tmp_path):
    for suffix in (".svg", ".pdf", ".png"):
        files = [tmp_path / f"{k}{suffix}" for k in (1, 2)]
        for file in files:
            plot(array_waveforms(), ["v(bl0)", "i(bl*)", "gap[0,1]"], file)
        assert files[0].read_bytes() == files[1].read_bytes()


def test_one_panel_for_each_unit_with_prefixes():
    figure = plot(array_waveforms(), ["v(bl0)", "i(bl*)", "gap[0,1]"])
    assert [ax.get_ylabel() for ax in figure.axes] == ["voltage [V]", "current [uA]", "gap [nm]"]
    assert figure.axes[-1].get_xlabel() == "time [us]"
    assert figure.axes[-1].get_xlim() == (0.0, pytest.approx(3.0))
    assert [t.get_text() for t in figure.axes[1].get_legend().get_texts()] == ["i(bl0)", "i(bl1)", "i(bl2)"]


def test_partial_run_says_so():
    figure = plot(array_waveforms(complete=False), ["v(bl0)"], title="read")
    assert figure.get_suptitle() == "read  -  partial run"


def test_legend_of_many_lines_stays_short():
    legend = plot(array_waveforms(64), ["i(bl*)"]).axes[0].get_legend()
    assert legend.get_title().get_text() == "64 signals"
    labels = [t.get_text() for t in legend.get_texts()]
    assert (labels[0], labels[-1]) == ("i(bl0)", "i(bl63)")
    assert len(labels) <= 9


@pytest.mark.parametrize("count", [9, 14])
def test_colours_and_dashes_tell_lines_apart(count):
    lines = plot(array_waveforms(count), ["i(bl*)"]).axes[0].get_lines()
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == count


def test_ac_analysis_is_drawn_by_magnitude_on_logarithmic_axes():
    f = np.logspace(0, 6, 31)
    wf = Waveforms("frequency", "Hz", f, {"v(o)": 1 / (1 + 1j * f / 1e3)}, {"v(o)": "V"})
    ax = plot(wf, ["v(o)"]).axes[0]
    assert (ax.get_xscale(), ax.get_yscale(), ax.get_xlabel()) == ("log", "log", "frequency [Hz]")
    assert ax.get_legend().get_texts()[0].get_text() == "|v(o)|"


@pytest.mark.parametrize("values", [[0.0], [np.nan], [1.0]])
def test_operating_point_is_drawn(tmp_path, values):
    figure = plot(Waveforms("point", "", [0.0], {"v(o)": values}, {"v(o)": "V"}), ["v(o)"], tmp_path / "a.png")
    np.testing.assert_array_equal(figure.axes[0].get_lines()[0].get_ydata(), values)
    assert (tmp_path / "a.png").stat().st_size > 5_000


def test_odd_values_do_not_stop_the_figure(tmp_path):
    values = np.array([np.nan, np.inf, -np.inf, 0.0])
    signals = {"v(o)": values, "_r": 0 * T[:4], "x": np.full(4, np.inf)}
    wf = Waveforms("time", "s", np.arange(4.0), signals, {"v(o)": "V"})
    figure = plot(wf, ["v(o)", "_r", "x"], tmp_path / "a.png")
    drawn = [line.get_ydata() for ax in figure.axes for line in ax.get_lines()]
    for name in ("v(o)", "_r", "x"):
        assert any(np.array_equal(ydata, signals[name], equal_nan=True) for ydata in drawn), name


def test_what_cannot_be_drawn_is_refused(tmp_path):
    wf = array_waveforms()
    with pytest.raises(ParameterError, match="no figure format"):
        plot(wf, ["v(bl0)"], tmp_path / "a.gif")
    with pytest.raises(ParameterError, match="no signals"):
        plot(wf, [], tmp_path / "a.png")
    with pytest.raises(WaveformError, match=r"v\(bl9\)"):
        plot(wf, ["v(bl9)"], tmp_path / "a.png")
    with pytest.raises(ParameterError, match="cannot be written"):
        plot(wf, ["v(bl0)"], tmp_path / "no" / "a.png")
    with pytest.raises(WaveformError, match="no points"):
        plot(Waveforms("time", "s", [], {"v(o)": []}, {}), ["v(o)"], tmp_path / "a.png")
    for nonsense in (np.zeros(3), [[1.0]], [], [1.0], "abc", object()):
        with pytest.raises(RramcircError, match="voltage"):
            plot_butterfly(nonsense, np.zeros(2), tmp_path / "a.png")


def butterfly() -> tuple[np.ndarray, np.ndarray]:
    legs = [(0, 1.5), (1.5, 0), (0, -1.5), (-1.5, 0)]
    v = np.concatenate([np.linspace(*leg, 80)[int(k > 0) :] for k, leg in enumerate(legs)])
    g = np.select([np.arange(v.size) < 70, np.arange(v.size) < 210], [1e-6, 1e-4], 2e-6)
    return v, g * v


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_butterfly_is_written(tmp_path, suffix):
    v, i = butterfly()
    plot_butterfly(v, i, tmp_path / f"b{suffix}", "cell")
    assert (tmp_path / f"b{suffix}").stat().st_size > 10_000
    plot_butterfly(np.tile(v, 3), np.tile(i, 3), tmp_path / f"c{suffix}")


@pytest.mark.parametrize(("v", "i"), [([0.0, 1.0], [0.0, 0.0]), ([0.0, 0.0], [0.0, 0.0]), ([1.0, 2.0], [1.0, np.nan])])
def test_butterfly_of_little_data_is_drawn(tmp_path, v, i):
    figure = plot_butterfly(v, i, tmp_path / "b.png")
    assert [ax.get_xlabel() for ax in figure.axes if ax.get_xlabel()], "no axis"
    assert (tmp_path / "b.png").stat().st_size > 5_000


def test_butterfly_has_four_numbered_branches():
    figure = plot_butterfly(*butterfly())
    for ax in figure.axes:
        assert [t.get_text() for t in ax.texts if t.get_text()] == ["1", "2", "3", "4"]
    assert figure.axes[0].get_yscale() == "log"


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 3000), buckets=st.integers(1, 40), rising=st.booleans())
def test_decimation_keeps_ends_and_extremes(seed, n, buckets, rising):
    rng = np.random.default_rng(seed)
    axis, values = rng.random(n), rng.normal(size=n)
    axis = np.sort(axis) if rising else axis
    values[rng.random(n) < 0.1] = np.nan
    keep = decimate(axis, values, buckets)
    assert np.all(np.diff(keep) > 0)
    assert (keep[0], keep[-1]) == (0, n - 1)
    assert len(keep) <= max(4 * buckets, n if n <= 4 * buckets else 0)
    if not np.isnan(values).all():
        assert (np.nanmin(values[keep]), np.nanmax(values[keep])) == (np.nanmin(values), np.nanmax(values))


def test_decimation_keeps_a_spike_of_one_point():
    values = np.zeros(1_000_000)
    values[456_789] = 1.0
    keep = decimate(np.arange(1e6), values)
    assert 456_789 in keep
    assert len(keep) <= 8000


@pytest.mark.parametrize(
    ("largest", "unit", "expected"),
    [
        (2.5e-5, "A", (1e-6, "u")),
        (1e-3, "A", (1e-3, "m")),
        (0.0, "V", (1.0, "")),
        (1e4, "ohm", (1e3, "k")),
        (1.7, "nm", (1.0, "")),
        (1e-30, "A", (1e-15, "f")),
        (np.inf, "V", (1.0, "")),
        (1e20, "Hz", (1e12, "T")),
    ],
)
def test_prefix_fits_the_largest_value(largest, unit, expected):
    assert si_scale([0.0, -largest], unit) == expected


def test_matplotlib_is_imported_only_when_drawing():
    code = (
        "import sys, rramcirc.figures.waveforms, rramcirc.cli.inspect.command; "
        "assert not {'matplotlib', 'pandas', 'pyarrow', 'h5py', 'spicelib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)
