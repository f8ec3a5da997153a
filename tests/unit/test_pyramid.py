"""The pyramid of a raw file: nothing narrow gets lost, and an old one is not taken for a new file."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from rramcirc.basics.errors import ParameterError
from rramcirc.cli.inspect import serving
from rramcirc.cli.inspect.command import inspect
from rramcirc.cli.inspect.serving import follower
from rramcirc.figures.page.pack import Block
from rramcirc.figures.page.served import ServedRun
from rramcirc.waveforms import pyramid as pyramids
from rramcirc.waveforms.pyramid import build_pyramid, load_pyramid, save_pyramid
from rramcirc.waveforms.raw import RawPlot, write_raw

POINTS = 300_037


def numbers(points: int = POINTS) -> np.ndarray:
    rng = np.random.default_rng(7)
    data = rng.normal(size=(points, 3))
    data[:, 0] = np.cumsum(rng.exponential(1e-9, points))
    return data


def test_every_scale_holds_the_extremes_of_its_points(monkeypatch):
    monkeypatch.setattr(pyramids, "_CHUNK", 50_000)  # so that there are many chunks
    data = numbers()
    data[5000, 1] = np.nan
    built = build_pyramid(data)
    assert built.rising
    np.testing.assert_array_equal(built.least, np.nanmin(data, axis=0))
    np.testing.assert_array_equal(built.most, np.nanmax(data, axis=0))
    np.testing.assert_array_equal(built.edges, np.append(data[::64, 0], data[-1, 0]))
    for level, (low, high) in enumerate(built.levels):
        starts = np.arange(0, POINTS, built.pieces(level))
        np.testing.assert_array_equal(low, np.fmin.reduceat(data, starts).T.astype(np.float32))
        np.testing.assert_array_equal(high, np.fmax.reduceat(data, starts).T.astype(np.float32))
    data[777, 0] = 0
    assert not build_pyramid(data).rising


def test_kept_pyramid_is_that_of_the_file_as_it_is_now(tmp_path):
    file = tmp_path / "a.raw"
    file.write_bytes(b"x" * 100)
    built = build_pyramid(numbers(1000))
    save_pyramid(built, file, 1)
    found = load_pyramid(file, 1)
    assert found is not None
    np.testing.assert_array_equal(found.levels[0], built.levels[0])
    np.testing.assert_array_equal(found.last, built.last)
    assert load_pyramid(file, 2) is None
    os.utime(file, ns=(1, 1))
    assert load_pyramid(file, 1) is None
    save_pyramid(built, file, 1)
    kept = pyramids.pyramid_path(file)
    kept.write_bytes(kept.read_bytes()[:4500])
    assert load_pyramid(file, 1) is None


@pytest.fixture
def served(tmp_path: Path) -> tuple[ServedRun, np.ndarray]:
    data = numbers()
    data[123_456, 1] = 50.0
    names, kinds = ["time", "v(a)", "i(b)"], ["time", "voltage", "current"]
    write_raw(tmp_path / "a.raw", [RawPlot.from_columns(names, kinds, list(data.T))])
    return ServedRun("a", follower(tmp_path / "a.raw", None, None, False)), data


def unpacked(tile: dict, block: Block, text: str, part: str) -> np.ndarray:
    where = dict(tile["columns"])[text][part] if part in ("re", "low", "high") else tile[part]
    kind = {"f4": np.float32, "f8": np.float64}[where["type"]]
    return np.frombuffer(block.content, kind, where["n"], where["at"])


@pytest.mark.parametrize("pixels", [200, 1500, 8000])
def test_thinned_tile_keeps_a_spike_of_one_point(served, pixels):
    run, data = served
    block = Block()
    tile = run.tile(["v(a)", "i(b)"], data[0, 0], data[-1, 0], pixels, block)
    assert tile["whole"] is False
    high, edges = unpacked(tile, block, "v(a)", "high"), unpacked(tile, block, "", "edges")
    assert len(edges) == len(high) + 1 >= 2 * pixels
    k = int(high.argmax())
    assert high[k] == 50.0
    assert edges[k] <= data[123_456, 0] <= edges[k + 1]


def test_whole_tile_has_every_point_of_its_part_and_one_beyond(served):
    run, data = served
    block = Block()
    tile = run.tile(["v(a)", "v(a)*i(b)"], data[1000, 0], data[3000, 0], 1000, block)
    assert tile["whole"] is True
    np.testing.assert_array_equal(unpacked(tile, block, "v(a)", "re"), data[999:3002, 1])
    np.testing.assert_array_equal(unpacked(tile, block, "v(a)*i(b)", "re"), data[999:3002, 1] * data[999:3002, 2])


def test_numbers_of_a_served_run_are_those_of_all_its_points(served, monkeypatch):
    run, data = served
    (((_, value, unit),),) = run.measured(["max(v(a))"], data[100_000, 0], data[200_000, 0], False)
    assert (value, unit) == (50.0, "V")
    middle = (data[41, 0] + data[42, 0]) / 2
    assert run.values_at(["i(b)"], middle)[0] == pytest.approx((data[41, 2] + data[42, 2]) / 2)
    monkeypatch.setattr("rramcirc.figures.page.served.MOST_READ", 1000)
    (refused,) = run.measured(["max(v(a))"], data[0, 0], data[-1, 0], False)
    assert isinstance(refused, str)
    assert "visible range is long" in refused
    found, unknown = run.measured(["max(v(a))", "max(v(none))"], data[0, 0], data[-1, 0], True)
    assert found[0][1] == 50.0
    assert isinstance(unknown, str), "one that is not known leaves the others"
    with pytest.raises(ParameterError, match="zoom in"):
        run.tile(["v(a)*2"], data[0, 0], data[-1, 0], 1000, Block())


def test_listing_of_a_large_file_is_the_same_from_its_pyramid(served, tmp_path, monkeypatch):
    plain = CliRunner().invoke(inspect, [str(tmp_path / "a.raw")])
    monkeypatch.setattr(serving, "_KEPT_FROM", 1000)
    for remark in ("Kept", ""):
        result = CliRunner().invoke(inspect, [str(tmp_path / "a.raw")])
        assert result.stdout == plain.stdout
        assert remark in result.stderr
    assert (tmp_path / "a.raw.pyramid").is_file()
