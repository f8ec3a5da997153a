"""The server of the page answers this machine and the holder of the token, and nobody else."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from rramcirc.cli.inspect.serving import page_server
from rramcirc.figures.page.serve import PageServer
from rramcirc.waveforms.raw import RawPlot, write_raw

T = np.linspace(0, 1e-6, 101)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PageServer]:
    plot = RawPlot.from_columns(["time", "v(a)", "v(b)"], ["time"] + ["voltage"] * 2, [T, T * 1e6, -T * 1e6])
    write_raw(tmp_path / "a.raw", [plot])
    started = page_server([tmp_path / "a.raw"], ["v(*)"], [], None, None, wait=False)
    started.start()
    yield started
    started.stop()


def ask(server: PageServer, path: str, **headers: str) -> tuple[int, bytes, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content, answer.headers


def test_page_is_given_to_the_holder_of_the_token(server):
    status, content, headers = ask(server, f"/{server.token}/")
    assert status == 200
    assert b'"v(a)"' in content
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Access-Control-Allow-Origin"] is None
    assert len(server.token) >= 32


@pytest.mark.parametrize("path", ["/", "/x/", "/x/state", "//state", "/%2e%2e/state", "/%e9tat/", "/%00/"])
def test_wrong_tokens_are_refused(server, path):
    assert ask(server, path)[0] == 403


def test_other_hosts_and_origins_are_refused(server):
    good = f"/{server.token}/state"
    assert ask(server, good)[0] == 200
    assert ask(server, good, Host=f"localhost:{server.port}")[0] == 200
    for host in ("evil.example", f"evil.example:{server.port}", "127.0.0.1", f"127.0.0.1:{server.port}.evil.example"):
        assert ask(server, good, Host=host)[0] == 403
    for origin in ("http://evil.example", "null", "https://127.0.0.1"):
        assert ask(server, good, Origin=origin)[0] == 403


def test_only_the_loopback_interface_listens(server):
    assert server._server.server_address[0] == "127.0.0.1"


def test_answers_and_refusals(server):
    base = f"/{server.token}"
    rows = json.loads(ask(server, f"{base}/measure?run=0&text=max(v(a))&from=0&to=5e-7")[1])
    assert rows == [[["max(v(a))", pytest.approx(0.5), "V"]]]
    assert json.loads(ask(server, f"{base}/values?run=0&signal=v(b)&at=2e-7")[1]) == [pytest.approx(-0.2)]
    assert json.loads(ask(server, f"{base}/measure?run=0&text=crossing(v(a),9)&from=0&to=1")[1])[0][0][1] is None
    asked = "text=max(v(a))&text=nope(v(a))&text=min(v(b))"
    found = json.loads(ask(server, f"{base}/measure?run=0&{asked}&from=0&to=5e-7")[1])
    assert found[0] == rows[0]
    assert "unknown measurement" in found[1]
    assert found[2][0][1] == pytest.approx(-0.5)
    for path, status in [
        ("measure?run=0&text=max(v(a))&from=a&to=1", 400), ("check?text=v(nn)", 422), ("tile?run=7", 400),
        ("tile?run=0&from=x&to=1&pixels=9", 400), ("values", 400), ("../../etc/passwd", 404), ("a.raw", 404),
    ]:  # fmt: skip
        assert ask(server, f"{base}/{path}")[0] == status, path


def test_run_that_grows_is_followed(server, tmp_path):
    more = np.linspace(0, 2e-6, 201)
    plot = RawPlot.from_columns(["time", "v(a)", "v(b)"], ["time"] + ["voltage"] * 2, [more, more * 1e6, -more])
    write_raw(tmp_path / "a.raw", [plot])
    (state,) = json.loads(ask(server, f"/{server.token}/state")[1])
    assert (state["points"], state["to"]) == (201, 2e-6)


def test_simulation_is_watched_while_it_runs_and_after(tmp_path):
    (tmp_path / "rc.cir").write_text("* RC\nv1 in 0 sin(0 1 1meg)\nr1 in out 1k\nc1 out 0 1n\n.tran 1n 20u\n.end\n")
    words = [sys.executable, "-m", "rramcirc", "simulate", "rc.cir", "--watch"]
    with subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr
        address = run.stderr.readline().split()[-1]
        while "stays until Ctrl-C" not in (line := run.stderr.readline()):
            assert line, "the run ended without saying so"
        port, token = address.removeprefix("http://127.0.0.1:").strip("/").split("/")
        connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=30)
        connection.request("GET", f"/{token}/state")
        (state,) = json.loads(connection.getresponse().read())
        connection.close()
        run.send_signal(signal.SIGINT)
        assert run.wait(timeout=60) == 0
    assert (state["complete"], state["axisName"]) == (True, "time")
    assert state["points"] > 1000
    assert "v(out)" in state["names"]


def test_run_that_has_not_begun_is_waited_for_and_an_old_one_is_not_shown(tmp_path):
    plot = RawPlot.from_columns(["time", "v(a)"], ["time", "voltage"], [T, T])
    write_raw(tmp_path / "waves.raw", [plot])
    os.utime(tmp_path / "waves.raw", (1, 1))
    started = page_server([tmp_path], [], [], None, None, wait=True)
    started.start()
    try:
        assert b"no points yet" in ask(started, f"/{started.token}/")[1]
        header = (tmp_path / "waves.raw").read_bytes().replace(b"No. Points: 101", b"No. Points: 0  ")
        (tmp_path / "waves.raw").write_bytes(header[:-800])  # as ngspice leaves it while it goes on
        (state,) = json.loads(ask(started, f"/{started.token}/state")[1])
        assert (state["points"], state["complete"]) == (51, False)
    finally:
        started.stop()


LONGEST_RUN = 240  # [s] on a busy machine; alone it takes some seconds
# a slow ramp in 400,000 points at least: some seconds of ngspice, and a file that grows
RAMP = """a ramp for a while
v1 a 0 pwl(0 0 1 1)
r1 a b 1k
c1 b 0 1u
.options reltol=1e-6
.save v(a) v(b)
.tran 2.5u 1 0 2.5u
.end
"""


def test_a_run_of_ngspice_is_seen_to_grow_while_it_goes_on(tmp_path):
    """`simulate --watch`: points that are there before the end of the run, more of them later, then all of it."""
    (tmp_path / "ramp.cir").write_text(RAMP)
    command = [sys.executable, "-u", "-m", "rramcirc", "simulate", "ramp.cir", "-o", "ramp.run", "--watch"]
    said, until, seen = tmp_path / "said", time.monotonic() + LONGEST_RUN, []
    with said.open("w") as stream:  # a pipe that nobody empties would hold the run up when it is full
        run = subprocess.Popen(command, cwd=tmp_path, stderr=stream, stdout=stream)
    try:
        while not (told := [line for line in said.read_text().splitlines() if "Watch it grow" in line]):
            assert run.poll() is None, f"ended without telling an address: {said.read_text()}"
            assert time.monotonic() < until, f"no address after {LONGEST_RUN} s: {said.read_text()}"
            time.sleep(0.1)
        address = urlsplit(told[0].split()[-1])
        while not (seen and seen[-1]["complete"]):
            assert time.monotonic() < until, f"not complete after {LONGEST_RUN} s: {seen[-1:]}, {said.read_text()}"
            time.sleep(0.1)
            connection = http.client.HTTPConnection("127.0.0.1", address.port, timeout=60)
            connection.request("GET", f"{address.path}state")
            now = json.loads(connection.getresponse().read())[0]
            connection.close()
            if now is not None and (not seen or (now["points"], now["complete"]) != (seen[-1]["points"], False)):
                seen.append(now)
    finally:
        run.send_signal(signal.SIGINT)
        run.wait(timeout=60)
    points = [one["points"] for one in seen]
    assert len(set(points)) > 2, "it was seen to grow at least twice"
    assert points == sorted(points)
    assert seen[0]["to"] < 1 == seen[-1]["to"]
    assert points[-1] >= 400_000
    # all points may be there a moment before the run is known to have ended
    assert all("did not end by itself" in one["remark"] for one in seen if one["to"] < 1)
