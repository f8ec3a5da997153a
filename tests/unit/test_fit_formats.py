"""Measured data as instruments write them: every form of one and the same loop is read as the same loop."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rramcirc.basics.errors import ParameterError
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
    "SetupTitle, demo\nTestParameter, Channel.Unit, SMU1:HR, SMU2:HR\nDimension1, 9, 9, 9\n"
    "DataName, Time, Vtop, Itop\n"
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
    "channels": "V(1),I(1),V(2),I(2),t\n" + lines("{v},{i},7,8,{t}\n"),
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


@pytest.mark.parametrize("coding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings(tmp_path: Path, coding: str) -> None:
    text = "V [V]\tI [A]\n" + lines("{v}\t{i}\n").replace(".", ",")
    raw = text.encode(coding)
    if coding == "utf-16-be":
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
