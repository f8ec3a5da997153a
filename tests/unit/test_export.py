"""Tables of waveforms in the formats of other programs: every digit, names and units come back."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from rramcirc.basics.errors import EnvironmentProblem, ParameterError
from rramcirc.waveforms.export import write_table

RNG = np.random.default_rng(2)
TIME = np.sort(RNG.random(101))
CURRENT = 1e-6 * RNG.normal(size=101)
GAIN = RNG.normal(size=101) + 1j * RNG.normal(size=101)
COLUMNS = [("time", TIME, "s"), ("v(bl)/i(bl)", CURRENT, "ohm"), ("gain[1,2]", GAIN, "")]


def test_csv_comes_back_with_every_digit(tmp_path):
    assert write_table(COLUMNS, tmp_path / "a.csv") == 4
    lines = (tmp_path / "a.csv").read_text().splitlines()
    assert lines[0] == 'time [s],v(bl)/i(bl) [ohm],"re(gain[1,2])","im(gain[1,2])"'
    table = np.array([line.split(",") for line in lines[1:]], float)
    np.testing.assert_array_equal(table.T, [TIME, CURRENT, GAIN.real, GAIN.imag])


def test_long_csv_comes_back_bit_by_bit(tmp_path):
    """A long table is written by pyarrow: any float64 comes back, and what it would spell otherwise is not its."""
    drawn = RNG.integers(0, 2**64, 100_000, dtype=np.uint64).view(np.float64)
    values = np.where(np.isfinite(drawn), drawn, -0.0)
    write_table([("a,b", values, "V")], tmp_path / "a.csv")
    head, *lines = (tmp_path / "a.csv").read_text().splitlines()
    assert head == '"a,b [V]"'
    np.testing.assert_array_equal(np.array(lines, float).view(np.uint64), values.view(np.uint64))
    values[7] = np.nan
    write_table([("a", values, "V")], tmp_path / "b.csv")
    assert (tmp_path / "b.csv").read_text().splitlines()[8] == "nan"


def test_numpy_archive_comes_back_with_units(tmp_path):
    write_table(COLUMNS, tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz", allow_pickle=False) as found:
        np.testing.assert_array_equal(found["gain[1,2]"], GAIN)
        np.testing.assert_array_equal(found["v(bl)/i(bl)"], CURRENT)
        assert json.loads(str(found["units"])) == {"time": "s", "v(bl)/i(bl)": "ohm", "gain[1,2]": ""}


def test_parquet_comes_back_with_units(tmp_path):
    import pyarrow.parquet as parquet

    write_table(COLUMNS, tmp_path / "a.parquet", ".parquet")
    table = parquet.read_table(tmp_path / "a.parquet")
    assert table.column_names == ["time", "v(bl)/i(bl)", "re(gain[1,2])", "im(gain[1,2])"]
    assert table.schema.field("time").metadata == {b"unit": b"s"}
    np.testing.assert_array_equal(table["im(gain[1,2])"].to_numpy(), GAIN.imag)


@pytest.mark.parametrize("suffix", [".h5", ".hdf5"])
def test_hdf5_comes_back_with_units(tmp_path, suffix):
    import h5py

    write_table(COLUMNS, tmp_path / f"a{suffix}")
    with h5py.File(tmp_path / f"a{suffix}") as file:
        found = {data.attrs["name"]: (data[:], data.attrs["unit"]) for data in file.values()}
    assert found["v(bl)/i(bl)"][1] == "ohm"
    np.testing.assert_array_equal(found["gain[1,2]"][0], GAIN)


@pytest.mark.parametrize(("name", "module"), [("a.parquet", "pyarrow"), ("a.h5", "h5py")])
def test_missing_library_names_the_extra(tmp_path, monkeypatch, name, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(EnvironmentProblem, match=r"rramcirc\[export\]"):
        write_table(COLUMNS, tmp_path / name)


@pytest.mark.parametrize(("name", "suffix"), [("o.parquet", ".csv"), ("o.csv", ".parquet"), ("o.xlsx", ""), ("o", "")])
def test_other_suffix_is_refused_before_anything_is_written(tmp_path, name, suffix):
    with pytest.raises(ParameterError, match="suffix"):
        write_table(COLUMNS, tmp_path / name, suffix)
    assert not (tmp_path / name).exists()
