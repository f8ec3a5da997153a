"""Reading of measured data: separators, units, synonyms, kinds, and errors that name the lines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rramcirc.basics.errors import ParameterError
from rramcirc.studies.fit.data import read_measurement
from rramcirc.studies.fit.model import make_protocol
from rramcirc.studies.fit.settings import Settings


def write(folder: Path, text: str, name: str = "data.csv") -> Path:
    file = folder / name
    file.write_bytes(text.encode())
    return file


@pytest.mark.parametrize(
    "text",
    [
        "V [V],I [uA],t [ms]\n0.1,2,0\n0.2,4,1\n",
        "Voltage (mV)\tCurrent (A)\tTime (s)\n100\t2e-6\t0\n200\t4e-6\t0.001\n",
        "# made on Monday\nV_te;I_nA;time_us\n0,1;2000;0\n0,2;4000;1000\n",
        "Vte,I,t\n[V],[µA],[ms]\n0.1,2,0\n0.2,4,1\n",
        "V I t\n0.1 2e-6 0\n0.2 4e-6 1e-3\n",
        "\ufefft/ms,V/V,I/uA,comment\n0,0.1,2,a\n1,0.2,4,b\n",
        "# V,I,t\n0.1,2e-6,0\n0.2,4e-6,1e-3\n",
    ],
)
def test_spellings_of_a_sweep_mean_the_same(tmp_path: Path, text: str) -> None:
    found = read_measurement(write(tmp_path, text))
    assert found.kind == "sweep"
    np.testing.assert_allclose(found.columns["voltage"], [0.1, 0.2], rtol=1e-12)
    np.testing.assert_allclose(found.columns["current"], [2e-6, 4e-6], rtol=1e-12)
    np.testing.assert_allclose(found.columns["time"], [0.0, 1e-3], rtol=1e-12)


@pytest.mark.parametrize(
    "text",
    [
        "amplitude [V],width [ns],R_before [kohm],R_after [kohm]\n1.2,100,50,10\n",
        "V,tp_us,G0_uS,G_after (S)\n1.2,0.1,20,1e-4\n",
        "1.2 1e-7 5e4 1e4\n",
        "Vpulse,pulse width [s],R initial,R final\n1.2,1e-7,50000,10000\n",
    ],
)
def test_spellings_of_single_pulses_mean_the_same(tmp_path: Path, text: str) -> None:
    found = read_measurement(write(tmp_path, text))
    assert found.kind == "pulses"
    values = [found.columns[name][0] for name in ("amplitude", "width", "before", "after")]
    np.testing.assert_allclose(values, [1.2, 1e-7, 5e4, 1e4], rtol=1e-12)


@pytest.mark.parametrize("text", ["n,G [uS]\n0,10\n1,20\n2,25\n", "pulse number;R_kohm\n0;100\n1;50\n2;40\n"])
def test_a_train_may_hold_conductances_or_resistances(tmp_path: Path, text: str) -> None:
    found = read_measurement(write(tmp_path, text))
    assert found.kind == "train"
    np.testing.assert_allclose(found.columns["conductance"], [1e-5, 2e-5, 2.5e-5], rtol=1e-12)


def test_columns_of_a_file_without_header_can_be_named(tmp_path: Path) -> None:
    file = write(tmp_path, "0,100,2\n1,200,4\n")
    found = read_measurement(file, ["t [ms]", "V [mV]", "I [uA]"])
    np.testing.assert_allclose(found.columns["voltage"], [0.1, 0.2], rtol=1e-12)
    with pytest.raises(ParameterError, match="line 1: 3 columns without a header"):
        read_measurement(file)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("# nothing\n", "only 1 lines of remarks"),
        ("V,I\n0.1,1e-6\n0.2,abc\n", "line 3: 'abc' (current) is no number"),
        ("V,I\n0.1,1e-6\n\n0.2\n", "line 4: 1 values where the header has 2"),
        ("V,I\n0.1,nan\n", "line 2: current is nan"),
        ("V,I\n0.1,9.9e37\n", "line 2: current is 9.9e37"),
        ("V [kg],I\n0.1,1\n", "'kg' is no unit of voltage"),
        ("V,t\n0.1,1\n", "I-V sweep without current"),
        (
            "amplitude,width,R before,R after\n1,1e-7,0,1e4\n1,1e-7,-2,1e4\n",
            "line 2: before = 0 is not positive; line 3",
        ),
        ("amplitude,R before,R after\n1,1e5,1e4\n", "single pulses without width"),
        ("pulse,G\n0,1e-5\n1,0\n", "line 3: conductance = 0 is not positive"),
        ("V,I\n" + "a,b\n" * 9, "no numbers"),
        ("V,I\n1,1\n" + "1,b\n" * 9, "and 6 more"),
    ],
)
def test_a_bad_file_gives_one_error_with_line_numbers(tmp_path: Path, text: str, said: str) -> None:
    file = write(tmp_path, text)
    with pytest.raises(ParameterError) as error:
        read_measurement(file)
    assert said in str(error.value)
    assert "data.csv" in str(error.value)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="cannot read"):
        read_measurement(tmp_path / "none.csv")


def test_cycles_of_a_sweep_are_devices_of_their_own_with_the_given_ramp(tmp_path: Path) -> None:
    rows = "".join(f"{c},{v},{1e-5 * v}\n" for c in (1, 2) for v in (0.1, 0.2, 0.4, 0.2))
    data = read_measurement(write(tmp_path, "cycle,V,I\n" + rows))
    protocol = make_protocol(data, Settings(ramp_rate=2.0))
    np.testing.assert_allclose(protocol.times, [[0.0, 0.05, 0.15, 0.25]] * 2)
    np.testing.assert_allclose(protocol.start, 1e-5)


def test_potentiation_and_depression_get_their_pulses(tmp_path: Path) -> None:
    data = read_measurement(write(tmp_path, "n,G_uS\n0,1\n1,2\n2,3\n3,3.5\n4,2\n5,1\n"))
    protocol = make_protocol(data, Settings(set_pulse=(1.0, 1e-7), reset_pulse=(-1.2, 1e-6)))
    np.testing.assert_allclose(protocol.voltages[0, 1::3], [1.0, 1.0, 1.0, -1.2, -1.2])
    np.testing.assert_allclose(protocol.times[0, -1], 3e-7 + 2e-6)
    with pytest.raises(ParameterError, match="--set-pulse"):
        make_protocol(data, Settings())
    with pytest.raises(ParameterError, match="line 6: needs --reset-pulse"):
        make_protocol(data, Settings(set_pulse=(1.0, 1e-7)))


def test_a_gate_voltage_needs_the_transistor(tmp_path: Path) -> None:
    data = read_measurement(write(tmp_path, "V,I,Vg\n0.1,1e-6,1.2\n0.2,2e-6,1.2\n"))
    with pytest.raises(ParameterError, match="--selector"):
        make_protocol(data, Settings())


def test_time_that_goes_back_is_named(tmp_path: Path) -> None:
    data = read_measurement(write(tmp_path, "V,I,t\n0.1,1e-6,0\n0.2,2e-6,1\n0.3,2e-6,0.5\n"))
    with pytest.raises(ParameterError, match="line 4: the time goes back"):
        make_protocol(data, Settings())
