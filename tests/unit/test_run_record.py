"""The record of a long run: what is finished survives any end, and nothing else passes for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.sweeps.record import RunRecord

RUN = {"name": "table", "seed": 3, "sizes": [1, 2]}


def test_a_piece_is_computed_once_and_comes_back_as_it_was(tmp_path):
    values = {"n": 3, "text": "a\nb", "states": np.arange(6.0).reshape(2, 3), "who": np.array([1, 2]), "list": [1.5]}
    with RunRecord(tmp_path / "pieces.jsonl", RUN) as record:
        record.piece("a", lambda: values)
    with RunRecord(tmp_path / "pieces.jsonl", RUN) as record:
        found = record.piece("a", lambda: pytest.fail("computed again"))
        assert "b" not in record
    assert {k: found[k] for k in ("n", "text", "list")} == {k: values[k] for k in ("n", "text", "list")}
    for name in ("states", "who"):
        assert np.array_equal(found[name], values[name])
        assert found[name].dtype == values[name].dtype


def test_without_a_file_pieces_are_kept_in_memory_as_they_would_be_read():
    record = RunRecord(None, RUN)
    assert record.piece("a", lambda: {"x": np.float64(2.0), "pair": (1, 2)}) == {"x": 2.0, "pair": [1, 2]}


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_line_that_was_cut_off_is_dropped_and_the_file_goes_on(tmp_path, cut):
    path = tmp_path / "pieces.jsonl"
    with RunRecord(path, RUN) as record:
        record.add("a", {"x": 1})
        record.add("b", {"x": 2, "long": "text" * 10})
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    with RunRecord(path, RUN) as record:
        assert "a" in record
        assert "b" not in record
        record.add("b", {"x": 2, "long": "text" * 10})
    assert path.read_bytes() == whole


def test_a_changed_bit_makes_its_piece_unfinished_and_no_other(tmp_path):
    path = tmp_path / "pieces.jsonl"
    with RunRecord(path, RUN) as record:
        for k in range(5):
            record.add(f"piece {k}", {"x": k})
    lines = path.read_bytes().splitlines(keepends=True)
    rng = np.random.default_rng(1)
    for _ in range(100):
        line, bit = bytearray(lines[3]), rng.integers(8 * (len(lines[3]) - 1))
        line[bit // 8] ^= 1 << (bit % 8)
        path.write_bytes(b"".join([*lines[:3], bytes(line), *lines[4:]]))
        with RunRecord(path, RUN) as record:
            assert record.damaged >= 1
            assert [record.get(f"piece {k}") for k in range(5)] == [{"x": k} if k != 2 else None for k in range(5)]


def test_pieces_of_another_run_and_a_second_writer_are_refused(tmp_path):
    path = tmp_path / "pieces.jsonl"
    with RunRecord(path, RUN), pytest.raises(rc.ParameterError, match="another process writes"):
        RunRecord(path, RUN)
    with pytest.raises(rc.ParameterError, match=r"another run \(not the same: seed\)"):
        RunRecord(path, RUN | {"seed": 4})
    for text in ("time,value\n1,2\n", "one line without end"):
        path.write_text(text)
        with pytest.raises(rc.ParameterError, match="no record"):
            RunRecord(path, RUN)
        assert path.read_text() == text
    with pytest.raises(rc.ParameterError, match="not a object"):
        RunRecord(None, RUN).add("a", {"x": object()})


def test_what_was_added_before_a_kill_is_there(tmp_path):
    path = tmp_path / "pieces.jsonl"
    script = (
        "import sys; from rramcirc.sweeps.record import RunRecord\n"
        f"record = RunRecord({str(path)!r}, {RUN!r})\n"
        "for k in range(10**6):\n    record.add(str(k), {'k': k}); print(k, flush=True)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for _ in range(30):
            last = int(child.stdout.readline())
        os.kill(child.pid, signal.SIGKILL)
    with RunRecord(path, RUN) as record:
        assert record.damaged == 0
        assert all(record.get(str(k)) == {"k": k} for k in range(last + 1))
