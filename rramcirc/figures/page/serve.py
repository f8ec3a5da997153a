"""The page over HTTP on this machine only, for runs too large for a file and for runs that are still going on."""

from __future__ import annotations

import hmac
import json
import math
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from rramcirc.basics.errors import RramcircError
from rramcirc.figures.page.pack import Block, tables
from rramcirc.figures.page.schematic import page_schematic
from rramcirc.figures.page.served import ServedRun
from rramcirc.figures.page.write import fill

Answer = tuple[str, bytes]
_PIXELS = (100, 8000)


class PageServer:
    """Serves runs at one address of the loopback interface, which holds a secret token.

    Who does not know the token, or asks under another name of this machine, is refused: so neither other users nor web
    pages that are open beside it can read the runs.

    Parameters
    ----------
    runs
        What is shown.
    drawn, measurements
        Signals and measurements from the start.
    folder
        Run folder whose schematic stands beside the curves.
    """

    def __init__(
        self,
        runs: Sequence[ServedRun],
        drawn: Sequence[str] = (),
        measurements: Sequence[str] = (),
        folder: Path | None = None,
    ) -> None:
        self.runs, self.drawn, self.measurements, self.folder = runs, drawn, measurements, folder
        self._schematic: dict[str, object] | None = None
        self.token = secrets.token_urlsafe(24)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._lock = threading.Lock()  # one at a time looks whether runs have grown; nothing else waits for that
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)

    @property
    def port(self) -> int:
        """Port on 127.0.0.1."""
        return int(self._server.server_address[1])

    @property
    def address(self) -> str:
        """What to open in a browser."""
        return f"http://127.0.0.1:{self.port}/{self.token}/"

    def start(self) -> None:
        """Answer in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str, query: Mapping[str, Sequence[str]]) -> Answer | None:
        """Return kind and content of what is asked for, None if there is no such thing."""
        asked: dict[str, Callable[[Mapping[str, Sequence[str]]], Answer]] = {
            "": self._page, "tile": self._tile, "spikes": self._spikes, "values": self._values,
            "measure": self._measure, "check": self._check, "state": self._state,
        }  # fmt: skip
        if path not in asked:
            return None
        return asked[path](query)

    def _page(self, query: Mapping[str, Sequence[str]]) -> Answer:
        runs = self._as_now()
        if not all(run.started for run in runs):
            return "text/html", _WAITING
        described = [run.describe() for run in runs]
        drawn = list(self.drawn) or described[0]["names"][:4]
        page = {"runs": described, "drawn": drawn, "measures": list(self.measurements), "tables": tables()}
        if self._schematic is None or "why" in self._schematic:  # its netlist may be written yet
            self._schematic = page_schematic(self.folder, described[0]["names"])
        page["schematic"] = self._schematic
        title = " / ".join(dict.fromkeys(str(run["title"] or run["label"]) for run in described))
        return "text/html", fill(title, {**page, "remote": True}, b"", "'self'").encode()

    def _run(self, query: Mapping[str, Sequence[str]]) -> ServedRun:
        return self.runs[int(query["run"][0])].as_now()

    def _as_now(self) -> list[ServedRun]:
        return [run.as_now() for run in self.runs]

    def _tile(self, query: Mapping[str, Sequence[str]]) -> Answer:
        block = Block()
        start, stop = float(query["from"][0]), float(query["to"][0])
        pixels = min(max(int(query["pixels"][0]), _PIXELS[0]), _PIXELS[1])
        return _with_numbers(self._run(query).tile(query.get("signal", []), start, stop, pixels, block), block)

    def _spikes(self, query: Mapping[str, Sequence[str]]) -> Answer:
        block = Block()
        return _with_numbers(self._run(query).spikes(block), block)

    def _values(self, query: Mapping[str, Sequence[str]]) -> Answer:
        return _as_json(self._run(query).values_at(query.get("signal", []), float(query["at"][0])))

    def _measure(self, query: Mapping[str, Sequence[str]]) -> Answer:
        asked = query.get("asked", ["0"])[0] == "1"
        found = self._run(query).measured(query["text"], float(query["from"][0]), float(query["to"][0]), asked)
        return _as_json([one if isinstance(one, str) else [_plain(*row) for row in one] for one in found])

    def _check(self, query: Mapping[str, Sequence[str]]) -> Answer:
        for run in self._as_now():
            run.check(query["text"][0])
        return _as_json("good")

    def _state(self, query: Mapping[str, Sequence[str]]) -> Answer:
        with self._lock:
            for run in self.runs:
                run.follow()
        return _as_json([run.describe() if run.started else None for run in self._as_now()])


_WAITING = b"""<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="1">
<title>waiting</title><p>The run has no points yet.</p></html>"""


def _with_numbers(described: Mapping[str, object], block: Block) -> Answer:
    """Return a description, its length before it and the numbers that it refers to behind."""
    head = json.dumps(described, allow_nan=False).encode()
    head += b" " * (-(len(head) + 8) % 8)
    return "application/octet-stream", len(head).to_bytes(8, "little") + head + block.content


def _plain(label: str, value: float | complex, unit: str) -> list[object]:
    return [label, abs(value) if isinstance(value, complex) else value, unit]


def _as_json(value: object) -> Answer:
    def plain(one: object) -> object:
        if isinstance(one, list):
            return [plain(each) for each in one]
        return None if isinstance(one, float) and not math.isfinite(one) else one

    return "application/json", json.dumps(plain(value), allow_nan=False).encode()


def _handler(pages: PageServer) -> type[BaseHTTPRequestHandler]:
    """Return the class whose objects answer the requests to a server."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60  # s without a request

        def do_GET(self) -> None:
            place = urlsplit(self.path)
            hosts = (f"127.0.0.1:{pages.port}", f"localhost:{pages.port}")
            _, token, *rest = [*place.path.split("/"), ""]
            origin = self.headers.get("Origin")
            if self.headers.get("Host") not in hosts or origin not in (None, *(f"http://{host}" for host in hosts)):
                self._send(403, "text/plain", b"another host or origin\n")
            elif not hmac.compare_digest(token.encode("utf-8", "replace"), pages.token.encode()):
                self._send(403, "text/plain", b"wrong token\n")
            else:
                self._answer("/".join(rest).strip("/"), parse_qs(place.query, keep_blank_values=True))

        def _answer(self, path: str, query: Mapping[str, Sequence[str]]) -> None:
            try:
                found = pages.answer(path, query)
            except RramcircError as error:
                self._send(422, "application/json", json.dumps(str(error)).encode())
            except (KeyError, IndexError, ValueError, OverflowError):
                self._send(400, "application/json", b'"what is asked for cannot be read"')
            else:
                kind, content = found or ("text/plain", b"no such page\n")
                self._send(200 if found else 404, kind, content)

        def _send(self, status: int, kind: str, content: bytes) -> None:
            self.send_response(status)
            for name, value in {
                "Content-Type": f"{kind}; charset=utf-8", "Content-Length": str(len(content)),
                "Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
                "Cross-Origin-Resource-Policy": "same-origin", "X-Frame-Options": "DENY",
            }.items():  # fmt: skip
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing on the terminal."""

    return Handler
