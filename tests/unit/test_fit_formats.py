"""Measured data as instruments write them: every form of one and the same loop is read as the same loop."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.basics.errors import ParameterError
from rramcirc.studies.fit.choose import _lines
from rramcirc.studies.fit.data import read_measurement
from rramcirc.studies.fit.model import make_protocol
from rramcirc.studies.fit.settings import Settings

VOLTS = np.r_[0.0, 0.5, 1.0, 0.5, 0.0, -0.5, -1.0, -0.5, 0.0]
AMPS = np.r_[0.0, 1e-6, 4e-6, 1e-5, 0.0, -1e-5, -8e-6, -1e-6, 0.0]
TIMES = np.arange(9.0) / 4


def lines(pattern: str) -> str:
    """Return a line for every reading."""
    rows = zip(VOLTS, AMPS, TIMES, strict=True)
    return "".join(pattern.format(k=k, v=v, i=i, t=t) for k, (v, i, t) in enumerate(rows, start=1))


B1500 = (
    "SetupTitle, demo\nTestParameter, Channel.Unit, SMU1:HR, SMU2:HR\nDimension1, 9, 9, 9\nDataName, Time, Vtop, Itop\n"
)
FORMS = {
    "Keysight B1500": B1500 + lines("DataValue, {t}, {v}, {i}\n"),
    "Keysight B1500, single": "Setup title,demo\nCount,2\nPrimary.Compliance,0.001,\nTime,V1,I1\n"
    + lines("{t},{v},{i}\n"),
    "Keithley 4200": "Time,AnodeI,AnodeV,CathodeI,START\n" + lines("{t},{i},{v},0,\n"),
    "Keithley 4200, AV": "Time\tAI\tAV\n" + lines("{t}\t{i}\t{v}\n"),
    "Keithley 2450": "Index,Reading,Unit,Source Value,Source Unit,Relative Time\n"
    + lines("{k},{i},Amp DC,{v},Volt DC,{t}\n"),
    "Keithley 2450, current forced": "Index,Reading,Unit,Source Value,Source Unit,Relative Time\n"
    + lines("{k},{v},Volt DC,{i},Amp DC,{t}\n"),
    "Keysight B1500, the user's names": B1500.replace("Vtop", "Vanode").replace("Itop", "Ianode")
    + lines("DataValue, {t}, {v}, {i}\n"),
    "Keithley 4200, a user's channel": "Time,GateV,GateI,TopV,TopI\n" + lines("{t},1,0,{v},{i}\n"),
    "Keithley 2450, buffer": "Model,2450\nIndex,Reading,Unit,Origin,Value,Unit,Relative Time\n"
    + lines("{k},{i},Amp DC,Main,{v},Volt DC,{t}\n"),
    "Keithley 2450, date": "Index,Date,Time,Reading,Unit,Source Value,Source Unit,Relative Time\n"
    + lines("{k},01/02/2026,10:00:01,{i},Amp DC,{v},Volt DC,{t}\n"),
    "Keithley 2450, short": "Reading,Source,Relative\n" + lines("{i},{v},{t}\n"),
    "units in the cells": "Index,Reading,Source Value,Relative Time\n" + lines("{k},{i:.12g}A,{v}V,{t}\n"),
    "channels": "V(1),I(1),V(2),I(2),t\n" + lines("{v},{i},7,8,{t}\n"),
    "Keysight B1500, tabs": "SetupTitle\tdemo\nDataName\tTime\tVtop\tItop\n" + lines("DataValue\t{t}\t{v}\t{i}\n"),
    "Keithley 4200, settings below": "AnodeI,AnodeV,Time\n" + lines("{i},{v},{t}\n") + "\nTest Name,demo\nDelay,0.1\n",
    "Keithley 2400": "VOLT,CURR,RES,TIME,STAT\n" + lines("{v},{i},9.91E37,{t},4.0\n"),
    "KickStart": "SMU-1 Source Voltage (V),SMU-1 Current (A),SMU-1 Time (s)\n" + lines("{v},{i},{t}\n"),
    "LabVIEW": "***End_of_Header***\t\nVoltage\tCurrent\tTime\tComment\n" + lines("{v}\t{i}\t{t}\t\n"),
    "Origin, comments below the units": "V\tI\tt\nV\tA\ts\nBias\tnew\told\n" + lines("{v}\t{i}\t{t}\n"),
    "words as units": "Applied Voltage (Volts),Measured Current,Times\nVolts,Amps,Seconds\n" + lines("{v},{i},{t}\n"),
    "decimal comma in quotes": "V,I,t\n" + lines('"{v}","{i:.12f}","{t}"\n').replace(".", ","),
    "decimal comma and blanks": "V [V]  I [A]  t [s]\n" + lines("{v}  {i:.12f}  {t}\n").replace(".", ","),
    "magnitude": "V,abs(I) [uA],t\n" + lines("{v},{i:.12f}e6,{t}\n"),
    "for Excel": "sep=;\nV;I;t;\n" + lines("{v};{i};{t};\n"),
    "Fortran": "V I t\n" + lines("{v} {i:.12f}D0 {t}\n"),
    "lines": "BL [V];SL [V];I [A];t [s]\n" + "".join(
        f"{max(v, 0)};{max(-v, 0)};{i};{t}\n" for v, i, t in zip(VOLTS, AMPS, TIMES, strict=True)
    ),
}  # fmt: skip


def write(folder: Path, text: str | bytes, name: str = "data.csv") -> Path:
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_the_same_loop(tmp_path: Path, form: str) -> None:
    found = read_measurement(write(tmp_path, FORMS[form]))
    assert found.kind == "sweep"
    for name, expected in (("voltage", VOLTS), ("current", AMPS), ("time", TIMES)):
        np.testing.assert_allclose(found.columns[name], expected, rtol=1e-12, atol=1e-15)
    assert "cycle" not in found.columns


@pytest.mark.parametrize("coding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-16-be with mark"])
def test_encodings(tmp_path: Path, coding: str) -> None:
    text = "V [V]\tI [A]\n" + lines("{v}\t{i}\n").replace(".", ",")
    raw = text.encode(coding.split()[0])
    if coding.endswith("mark"):
        raw = b"\xfe\xff" + raw
    found = read_measurement(write(tmp_path, raw))
    np.testing.assert_allclose(found.columns["current"], AMPS, rtol=1e-12, atol=1e-15)


def test_an_archive_of_arrays(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", V=VOLTS, I_uA=AMPS * 1e6)
    found = read_measurement(tmp_path / "data.npz")
    np.testing.assert_allclose(found.columns["current"], AMPS, rtol=1e-12, atol=1e-15)
    np.savez(tmp_path / "bad.npz", V=VOLTS, I_uA=AMPS[1:])
    with pytest.raises(ParameterError, match="columns of one length"):
        read_measurement(tmp_path / "bad.npz")
    whole = (tmp_path / "data.npz").read_bytes()
    for end in (10, 100, len(whole) - 30):
        with pytest.raises(ParameterError, match=r"archive|npz"):
            read_measurement(write(tmp_path, whole[:end], "cut.npz"))


def test_an_archive_of_cycles(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", V=[VOLTS, VOLTS], I=[AMPS, 2 * AMPS], note=np.array("made on Monday"))
    found = read_measurement(tmp_path / "data.npz")
    np.testing.assert_allclose(found.columns["current"], np.r_[AMPS, 2 * AMPS], rtol=1e-12, atol=1e-15)
    np.testing.assert_array_equal(found.columns["cycle"], np.repeat([0, 1], len(VOLTS)))
    np.savez(tmp_path / "one.npz", V=VOLTS, I=[AMPS, 2 * AMPS], gain=3.0)  # one voltage for all cycles
    again = read_measurement(tmp_path / "one.npz")
    for name in ("voltage", "current", "cycle"):
        np.testing.assert_array_equal(again.columns[name], found.columns[name])


def test_arrays_of_one_column_and_one_table(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", V=VOLTS[:, None], I=AMPS[:, None])
    np.save(tmp_path / "data.npy", np.c_[VOLTS, AMPS])
    for name in ("data.npz", "data.npy"):
        found = read_measurement(tmp_path / name)
        np.testing.assert_array_equal(found.columns["current"], AMPS)
        assert "cycle" not in found.columns


def test_a_heading_that_comes_again_begins_a_cycle(tmp_path: Path) -> None:
    block = "V [V],I [A]\n" + lines("{v},{i}\n")
    found = read_measurement(write(tmp_path, f"First run\n{block}\nSecond run\n{block}"))
    np.testing.assert_array_equal(found.columns["cycle"], np.repeat([0, 1], len(VOLTS)))
    assert "2 cycles" in found.remarks[0]


def test_every_sweep_of_a_b1500_file_is_a_cycle(tmp_path: Path) -> None:
    one = B1500 + lines("DataValue, {t}, {v}, {i}\n")
    found = read_measurement(write(tmp_path, one + one))
    np.testing.assert_array_equal(found.columns["cycle"], np.repeat([1, 2], len(VOLTS)))
    protocol = make_protocol(found, Settings())
    assert protocol.times.shape == (2, len(VOLTS))


def test_a_ramp_that_is_assumed_is_said(tmp_path: Path) -> None:
    said = make_protocol(read_measurement(write(tmp_path, "V,I\n" + lines("{v},{i}\n"))), Settings()).data.remarks
    assert "1 V/s (--ramp-rate" in said[-1]


@pytest.mark.parametrize("word", ["OVERFLOW", "nan", "-9.9E37", "inf", "", "---", "N/A"])
def test_words_for_no_reading_are_left_out_and_said(tmp_path: Path, word: str) -> None:
    text = "V [V],I [A]\n" + "".join(f"{0.1 * k:.1f},{word if k == 7 else 1e-6 * k}\n" for k in range(1, 21))
    found = read_measurement(write(tmp_path, text))
    assert len(found) == 19
    assert "line 8: current is" in found.remarks[-1]


@pytest.mark.parametrize(
    "text",
    [
        "Pulse number,LTP conductance [uS],LTD conductance [uS]\n0,1,3\n1,2,2.5\n2,3,1.5\n",
        "pulse;G_LTP [uS];G_LTD [uS]\n0;1;3\n1;2;2,5\n2;3;1,5\n",
        "direction,G [uS]\n1,1\n1,2\n1,3\n-1,2.5\n-1,1.5\n",
        "step,pulse_sign,conductance_uS\n0,1,1\n1,1,2\n2,1,3\n3,-1,2.5\n4,-1,1.5\n",
        "pulse,polarity,G [uS]\n0,up,1\n1,up,2\n2,up,3\n3,down,2.5\n4,down,1.5\n",
    ],
)
def test_tables_of_potentiation_and_depression_are_one_train(tmp_path: Path, text: str) -> None:
    """As NeuroSim takes them, side by side, and as lists of steps up and down for aihwkit."""
    data = read_measurement(write(tmp_path, text))
    protocol = make_protocol(data, Settings(set_pulse=(1.0, 1e-7), reset_pulse=(-1.2, 1e-6)))
    np.testing.assert_allclose(1e6 * protocol.current / 0.1, [1.0, 2.0, 3.0, 2.5, 1.5])
    np.testing.assert_allclose(protocol.voltages[0, 1::3], [1.0, 1.0, -1.2, -1.2])


def test_steps_against_the_conductance_are_single_pulses(tmp_path: Path) -> None:
    """Taken as a train the rows would be states after one another, which they are not."""
    data = read_measurement(write(tmp_path, "G [uS],dG up [uS],dG down [uS]\n1,0.5,-0.25\n2,0.25,-0.5\n"))
    protocol = make_protocol(data, Settings(set_pulse=(1.0, 1e-7), reset_pulse=(-1.2, 1e-6)))
    np.testing.assert_allclose(1e6 * protocol.start, [1.0, 2.0, 1.0, 2.0])
    np.testing.assert_allclose(1e6 * protocol.current / 0.1, [1.5, 2.25, 0.75, 1.5])
    np.testing.assert_allclose(protocol.voltages[:, 0], [1.0, 1.0, -1.2, -1.2])
    with pytest.raises(ParameterError, match="--set-pulse"):
        make_protocol(data, Settings())


def test_numbers_of_lines_beside_their_voltages_are_an_address(tmp_path: Path) -> None:
    """BL and WL without a unit were taken as voltages of 0, 1, 2 ... V."""
    rows = "".join(f"{k},7,100,{0.5 + 0.1 * k:.1f},0,1.2,1e5,9e4\n" for k in range(4))
    head = "BL,WL,Width [ns],V_BL [V],V_SL [V],V_WL [V],R before [ohm],R after [ohm]\n"
    data = read_measurement(write(tmp_path, head + rows))
    np.testing.assert_allclose(data.columns["amplitude"], [0.5, 0.6, 0.7, 0.8])
    np.testing.assert_allclose(data.columns["gate"], 1.2)
    np.testing.assert_array_equal(data.columns["device"], np.arange(4))


def test_a_read_voltage_in_words_counts(tmp_path: Path) -> None:
    text = "Wordline,Bitline,Resistance,Amplitude (V),Pulse width (s),Tag,ReadTag\n"
    text += "".join(f"1,1,{9e4 - 1e3 * k},0.8,0.0001,P,S R8 V=0.5\n" for k in range(5))
    np.testing.assert_allclose(read_measurement(write(tmp_path, text)).columns["read"], 0.5)


@pytest.mark.parametrize(
    "head", ["V(1),I(1),V(2),I(2)", "V1 [V],I1 [A],V2 [V],I2 [A]", "V [V],I cycle 1 [A],,I cycle 2 [A]"]
)
def test_the_first_of_several_channels_is_taken_and_said(tmp_path: Path, head: str) -> None:
    path = write(tmp_path, head + "\n" + lines("{v},{i},7,8\n"))
    data = read_measurement(path)
    np.testing.assert_allclose(data.columns["current"], AMPS)
    assert any("first of several channels" in remark for remark in data.remarks)
    other = read_measurement(path, ["V [V]", "first", "third", "I [A]"])
    np.testing.assert_allclose(other.columns["current"], 8.0)
    assert not any("first of several channels" in remark for remark in other.remarks)


def test_a_file_without_header_may_have_the_current_first(tmp_path: Path) -> None:
    data = read_measurement(write(tmp_path, lines("{i},{v}\n")))
    np.testing.assert_allclose(data.columns["voltage"], VOLTS)
    assert data.remarks == ("no header: the columns are taken as current, voltage",)


def test_die_and_device_are_both_an_address(tmp_path: Path) -> None:
    """The second was left out, so that pulses of three devices were those of one."""
    rows = "".join(f"1,{k % 3},0.8,1e-7,1e5,{9e4 - k}\n" for k in range(6))
    data = read_measurement(write(tmp_path, "die,device,amplitude (V),width (s),R_before (ohm),R_after (ohm)\n" + rows))
    np.testing.assert_array_equal(data.columns["device"], [0, 0, 1, 1, 2, 2])


def test_lines_of_a_cell_may_have_names_in_words(tmp_path: Path) -> None:
    text = "Time (ms)\tBL Voltage (V)\tSL Voltage (V)\tWL Voltage (V)\tBL Current (uA)\n"
    text += "".join(
        f"{k}\t{max(v, 0)}\t{max(-v, 0)}\t1.2\t{1e6 * i}\n" for k, (v, i) in enumerate(zip(VOLTS, AMPS, strict=True))
    )
    data = read_measurement(write(tmp_path, text))
    np.testing.assert_allclose(data.columns["voltage"], VOLTS)
    np.testing.assert_allclose(data.columns["current"], AMPS)


def test_a_remark_in_words_names_the_columns(tmp_path: Path) -> None:
    """Without that the file is taken as voltage and current, without a word."""
    data = read_measurement(write(tmp_path, "# pulse  conductance (uS)\n0 1\n1 2\n2 3\n"))
    assert data.kind == "train"
    np.testing.assert_allclose(data.columns["conductance"], [1e-6, 2e-6, 3e-6])


def test_a_reading_without_a_pulse_moves_nothing(tmp_path: Path) -> None:
    text = "Wordline,Bitline,Resistance,Amplitude (V),Pulse width (s),ReadVoltage\n"
    text += "1,1,9e4,,0,0.5\n1,1,8e4,0.8,1e-4,0.5\n1,1,8.1e4,0,0,0.5\n1,1,7e4,0.8,1e-4,0.5\n"
    protocol = make_protocol(read_measurement(write(tmp_path, text)), Settings())
    np.testing.assert_array_equal(protocol.corner, [0, 3, 3, 6])
    np.testing.assert_allclose(protocol.voltages[0, 1::3], [0.8, 0.8])


@pytest.mark.parametrize("address", ["0x{0:02X}", "({0},1)", "{0}", "B{0}W1"])
def test_published_pulses_of_an_array(tmp_path: Path, address: str) -> None:
    """Address, width, the line that was swept, WL, resistance before and after."""
    head = "Address;Pulse width [ns];{0} [V];WL [V];R before [kohm];R after [kohm]\n"
    for line, sign in (("BL", 1), ("SL", -1)):
        rows = "".join(f"{address.format(k)};100;{0.5 + 0.1 * k:.1f};1.2;50;{40 + k}\n" for k in range(4))
        data = read_measurement(write(tmp_path, head.format(line) + rows))
        assert data.kind == "pulses"
        np.testing.assert_allclose(sign * data.columns["amplitude"], [0.5, 0.6, 0.7, 0.8])
        np.testing.assert_allclose(data.columns["width"], 1e-7)
        np.testing.assert_allclose(data.columns["gate"], 1.2)
        np.testing.assert_array_equal(data.columns["device"], np.arange(4))
        assert _lines([data], Settings(selector=rc.load_card("nmos_select"))) == ["sl"]


def test_readings_out_of_range_are_left_out_and_said(tmp_path: Path) -> None:
    text = "V [V],I [A]\n" + "".join(f"{0.1 * k:.1f},{'9.91E+37' if k == 7 else 1e-6 * k}\n" for k in range(1, 21))
    found = read_measurement(write(tmp_path, text))
    assert len(found) == 19
    assert 8 not in found.lines
    assert "line 8: current is 9.91e37" in found.remarks[-1]


def test_devices_of_an_array_are_apart_and_read_at_their_own_voltage(tmp_path: Path) -> None:
    text = "Demo session\nWordline,Bitline,Resistance,Amplitude (V),Pulse width (s),Tag,ReadTag,ReadVoltage\n"
    for k in range(5):
        text += f"1,1,{9e4 * 0.9**k},0.8,0.0001,P,S,0.5\n1,2,{5100 * 1.02**k},-0.6,0.0001,P,S,0.5\n"
    data = read_measurement(write(tmp_path, text))
    assert data.kind == "train"
    protocol = make_protocol(data, Settings())
    assert len(protocol.start) == 2
    first = protocol.device == 0
    np.testing.assert_allclose(0.5 / protocol.current[first], 9e4 * 0.9 ** np.arange(5))
    np.testing.assert_allclose(protocol.voltages[protocol.device, protocol.corner], 0.5)
    np.testing.assert_allclose(protocol.voltages[1, 1::3], -0.6)


@pytest.mark.parametrize("text", ["", "V [kg],I\n1,2\n", "V,t\n1,2\n", "1,2,3\n", "V,I\n1,x\n", "a,b\nc,d\n"])
def test_every_refusal_names_the_option_that_helps(tmp_path: Path, text: str) -> None:
    with pytest.raises(ParameterError, match="--columns"):
        read_measurement(write(tmp_path, text))
