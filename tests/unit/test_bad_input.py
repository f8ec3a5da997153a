"""Input made to hang, to exhaust or to confuse: refused at once, with the place, and nothing is lost."""

from __future__ import annotations

import json
import os
import re
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from rramcirc.basics.errors import NetlistError, ParameterError, SimulationError, WaveformError
from rramcirc.basics.files import load_array, parse_toml
from rramcirc.basics.units import parse_number, spice_number
from rramcirc.bench.file.read import load_bench
from rramcirc.bench.spike_sources import read_train
from rramcirc.devices.cards.values import read_quantity
from rramcirc.engines.simulation import simulate_netlist
from rramcirc.studies.fit.headings import heading
from rramcirc.waveforms.folder import read_record
from rramcirc.waveforms.steps import log_steps

DECK = "t\nr1 a 0 1\nv1 a 0 1\n"


def npy(path: Path, shape: str, descr: str = "'<f8'") -> Path:
    """Write a file of 64 bytes whose header says whatever it likes."""
    head = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(118) + b"\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + bytes(64))
    return path


@pytest.mark.parametrize("text", ["[" * 50_000 + "]" * 50_000, "9" * 6000])
def test_toml_that_python_cannot_hold_is_a_mistake_of_the_file(tmp_path, text):
    with pytest.raises(ValueError, match=r"nested too deeply|out of range"):
        parse_toml(f"x = {text}")
    (tmp_path / "b.toml").write_text(f"kind = 'cell'\nx = {text}\n")
    with pytest.raises(ParameterError, match=r"b\.toml has 1 mistake"):
        load_bench(tmp_path / "b.toml", ())


def test_a_run_record_nested_deeply_is_refused(tmp_path):
    (tmp_path / "run.json").write_text("[" * 100_000 + "]" * 100_000)
    with pytest.raises(WaveformError, match=r"run\.json cannot be read"):
        read_record(tmp_path)


@pytest.mark.parametrize("shape", ["(4000000000, 2)", "(40000000000000000000000, 2)", "(-1, 2)", "(1 << 40, 2)"])
def test_an_array_file_whose_header_lies_takes_no_memory(tmp_path, shape):
    path = npy(tmp_path / "spikes.npy", shape)
    with pytest.raises(ValueError, match=r"\w"):
        load_array(path)
    with pytest.raises(ParameterError, match=r"spikes\.npy"):
        read_train(path, count=3)


def test_an_array_file_of_text_or_complex_numbers_is_refused_and_a_right_one_is_read(tmp_path):
    for descr in ("'|S2'", "'<c16'"):
        with pytest.raises(ParameterError, match="no array of real numbers"):
            read_train(npy(tmp_path / "s.npy", "(2, 2)", descr), count=3)
    np.save(tmp_path / "good.npy", [[1e-3, 0], [2e-3, 1]])
    times, neurons = read_train(tmp_path / "good.npy", count=3)
    assert times.tolist() == [1e-3, 2e-3]
    assert neurons.tolist() == [0, 1]


@pytest.mark.parametrize(
    "text",
    ["1" * 100_000 + "!", "1" + " " * 100_000 + "1", "1 x" + " " * 100_000 + "x", " " * 100_000 + "x", "1e" * 50_000],
)
def test_a_text_that_is_no_number_is_refused_in_linear_time(text):
    started = time.process_time()
    with pytest.raises(ParameterError):
        parse_number(text, "V", "x")
    with pytest.raises(ParameterError):
        read_quantity(text, "V", "x")
    assert spice_number(text) is None
    assert time.process_time() - started < 1.0  # quadratic ones take minutes


@pytest.mark.parametrize("text", ["V [V],I" + " " * 2000 + "x", "a" + " " * 3000 + "x (", "[" * 50_000, "( " * 50_000])
def test_a_heading_of_blanks_or_brackets_is_read_in_linear_time(text):
    started = time.process_time()
    assert heading(text)[1] is None
    assert time.process_time() - started < 1.0


def test_a_log_with_an_endless_word_is_read_in_linear_time(tmp_path):
    (tmp_path / "a.log").write_text(".step " + "a" * 200_000 + "\n.step r=2 c = 3\n")
    started = time.process_time()
    assert log_steps(tmp_path / "a.raw") == [{}, {"r": "2", "c": "3"}]
    assert time.process_time() - started < 1.0


@pytest.mark.parametrize(
    ("block", "what"),
    [
        ("label x\nop\ngoto x", "goes back to the label x"),
        ("repeat\nop\nend", "repeats without a number"),
        ("while 1\nop\nend", "nothing changes its condition '1'"),
        ("dowhile 2 > 1\nif 1\nop\nend\nend", "nothing changes its condition '2 > 1'"),
        ("while 1\nop\nrepeat\nbreak\nend\nend", "condition '1'"),  # the break leaves the inner loop
        ("op\nlet k = 0\nwhile k < 3\nprint k\nend", "condition 'k < 3'"),
        ("op\nwhile v(a) > 0\nlet k = v(a) + 1\nif k > 1\necho k\nend\nend", "condition 'v(a) > 0'"),
        ("set n = 1\nop\ndowhile $n < 3\nset m = $n\nend", "condition '$n < 3'"),
    ],
)
def test_a_control_block_without_end_needs_a_time_limit(tmp_path, block, what):
    path = tmp_path / "loop.cir"
    path.write_text(f"{DECK}.control\n{block}\n.endc\n.end\n")
    with pytest.raises(NetlistError, match=re.escape(what)) as error:
        simulate_netlist(path)
    assert "--timeout" in str(error.value)


@pytest.mark.parametrize(
    "block",
    [
        "op\nlet k = 0\nwhile k < 3\nlet k = k + 1\nend\nrepeat\nbreak\nend",
        "set n = 0\ndowhile $n < 3\nlet k = $n + 1\nset n = $&k\nend\nop",
        "op\nlet c = unitvec(2)\nlet c[1] = 0\nwhile c[1] < 3\nlet c[1] = c[1] + 1\nend",
        "op\nwhile v(a) < 3\nlet u = 4\nalter v1 = u\nop\nend",
        "op\nlet k = 0\nwhile 1\nif k > 2\nbreak\nend\nlet k = k + 1\nend",
    ],
    ids=["let", "set", "element", "analysis", "break"],
)
def test_control_blocks_that_end_run(tmp_path, block):
    path = tmp_path / "ends.cir"
    path.write_text(f"{DECK}.control\n{block}\n.endc\n.end\n")
    assert simulate_netlist(path).n_points == 1


def test_an_endless_loop_with_a_time_limit_is_stopped(tmp_path):
    path = tmp_path / "loop.cir"
    path.write_text(f"{DECK}.control\nop\nlet k = 0\nwhile k < 3\necho k\nend\n.endc\n.end\n")
    with pytest.raises(SimulationError, match="time limit of 1 s"):
        simulate_netlist(path, timeout=1)


def test_tolerances_that_cannot_be_meant_are_refused_wherever_they_stand(tmp_path):
    path = tmp_path / "wide.cir"
    path.write_text(f"{DECK}.options gmin=1e-12 reltol = 1e30\n.op\n.end\n")
    with pytest.raises(NetlistError, match=r"line 4: the option reltol=1e30 cannot be meant: 0 to 0\.1"):
        simulate_netlist(path)


def test_an_include_of_a_long_name_is_refused_in_one_short_line(tmp_path):
    path = tmp_path / "i.cir"
    path.write_text(f"{DECK}.include {'a' * 5000}\n.op\n.end\n")
    with pytest.raises(NetlistError, match="includes aaa") as error:
        simulate_netlist(path)
    assert len(str(error.value)) < 400


def test_a_reader_that_has_seen_enough_is_no_failure():
    """``rramcirc doctor | head -c 1``."""
    child = subprocess.Popen(
        [sys.executable, "-m", "rramcirc", "doctor"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.close()
    told = child.stderr.read()
    child.stderr.close()
    assert child.wait(60) == 0
    assert told == b""


@pytest.mark.parametrize("wait", [0.0, 0.005, 0.02])
def test_impatient_interrupts_leave_a_record_that_says_interrupted(tmp_path, wait):
    deck = "t\nv1 a 0 sin(0 1 1k)\nr1 a b 1k\nc1 b 0 1n\n.tran 1u 100\n.end\n"
    (tmp_path / "long.cir").write_text(deck)
    child = subprocess.Popen(
        [sys.executable, "-m", "rramcirc", "simulate", "long.cir", "-o", "long.run"], cwd=tmp_path,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    record = tmp_path / "long.run" / "run.json"
    while not record.exists():
        assert child.poll() is None
        time.sleep(0.01)
    for _ in range(3):
        child.send_signal(signal.SIGINT)
        time.sleep(wait)
    _, told = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "Traceback" not in told
    assert json.loads(record.read_text())["status"] == "interrupted"
