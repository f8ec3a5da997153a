"""The child process of `shared`: one transient in PySpice's in-process ngspice, point by point through a pipe.

Run by file name, apart from the package, with one argument in JSON: the library, the two ends of the pipes, the files
to load. Everything that ngspice says goes to the standard output. Frames to the parent are a letter, the length of the
content and the content; each answer is doubles:

====== ================================================= ======================================
letter content                                           answer
====== ================================================= ======================================
N      names of the vectors, one a line                  none
P      values of the vectors at an accepted point        1.0 to stop, if ``wait`` was asked for
D      a time                                            one value per driven source
X      why it ended before the run, or nothing           none
====== ================================================= ======================================
"""

from __future__ import annotations

import json
import logging
import os
import struct
import sys
from typing import Any, BinaryIO, NoReturn

HEADER = struct.Struct("<cI")
DOUBLE = struct.Struct("<d")


class Parent:
    """The pipes to the parent; when the parent is gone, so is the child."""

    def __init__(self, frames: int, answers: int) -> None:
        self._frames = frames
        self._answers: BinaryIO = os.fdopen(answers, "rb")

    def send(self, letter: bytes, content: bytes) -> None:
        """Send a frame."""
        data = HEADER.pack(letter, len(content)) + content
        try:
            while data:
                data = data[os.write(self._frames, data) :]
        except OSError:
            os._exit(0)

    def answer(self, count: int) -> tuple[float, ...]:
        """Wait for `count` doubles."""
        data = self._answers.read(8 * count)
        if len(data) < 8 * count:
            os._exit(0)
        return struct.unpack(f"<{count}d", data)

    def leave(self, reason: str = "") -> NoReturn:
        """Say why and end at once: ngspice is known to crash when it is taken down after an error."""
        self.send(b"X", reason.encode())
        sys.stdout.flush()
        os._exit(0)


class Live:
    """What ngspice calls while it runs."""

    def __init__(self, parent: Parent, driven: list[str], wait: bool) -> None:
        self._parent, self._wait = parent, wait
        self._driven = {name: k for k, name in enumerate(driven)}
        self._values: list[Any] = []
        self._pack = struct.Struct("")
        self._time, self._levels = float("nan"), (0.0,) * len(driven)

    def point(self, ffi: Any, data: Any, count: int) -> None:
        """Send the values of an accepted point."""
        if not self._values:
            # ngspice writes every point to the same places
            self._values = [data.vecsa[k] for k in range(count)]
            self._pack = struct.Struct(f"<{count}d")
            names = [ffi.string(value.name).decode(errors="replace") for value in self._values]
            self._parent.send(b"N", "\n".join(names).encode())
        self._parent.send(b"P", self._pack.pack(*[value.creal for value in self._values]))
        if self._wait and self._parent.answer(1)[0]:
            self._parent.leave()

    def level(self, time: float, name: str) -> float:
        """Return the value of a driven source; the parent is asked once per time, for all of them."""
        if time != self._time:
            self._parent.send(b"D", DOUBLE.pack(time))
            self._levels = self._parent.answer(len(self._driven))
            self._time = time
        if name.lower() not in self._driven:
            raise LookupError(f"nothing drives the external source {name}")
        return self._levels[self._driven[name.lower()]]

    def fail(self, error: Exception) -> NoReturn:
        """End the run; an exception cannot pass through ngspice."""
        print(f"Error: {type(error).__name__}: {error}")
        self._parent.leave()


def start(library: str, live: Live) -> Any:
    """Return PySpice's ngspice with callbacks that hand everything to `live`."""
    os.environ["NGSPICE_LIBRARY_PATH"] = library
    # A .spiceinit of the user must not change a result; ngspice reads the one here instead. Its own switch for this,
    # ngSpice_nospiceinit(), crashes in version 46.
    with open(".spiceinit", "w") as own:
        own.write("* nothing\n")
    from PySpice.Spice.NgSpice.Shared import NgSpiceShared, ffi

    class Ngspice(NgSpiceShared):  # type: ignore[misc]  # PySpice has no types
        @staticmethod
        def _send_char(message: Any, number: int, user: Any) -> int:
            # PySpice's own takes notes on the standard error for errors
            print(ffi.string(message).decode(errors="replace").partition(" ")[2], flush=True)
            return 0

        @staticmethod
        def _send_data(data: Any, count: int, number: int, user: Any) -> int:
            try:
                live.point(ffi, data, count)
            except Exception as error:
                live.fail(error)
            return 0

        @staticmethod
        def _get_vsrc_data(value: Any, time: float, name: Any, number: int, user: Any) -> int:
            try:
                value[0] = live.level(time, ffi.string(name).decode())
            except Exception as error:
                live.fail(error)
            return 0

        _get_isrc_data = _get_vsrc_data

    return Ngspice.new_instance(send_data=True)


def main(order: dict[str, Any]) -> NoReturn:
    """Run the deck of an order and leave."""
    logging.disable(logging.CRITICAL)  # PySpice warns of an ngspice newer than itself
    parent = Parent(order["frames"], order["answers"])
    try:
        ngspice = start(order["library"], Live(parent, order["driven"], order["wait"]))
    except (ImportError, OSError) as error:
        parent.leave(f"{type(error).__name__}: {error}")
    try:
        for command in order["commands"]:
            ngspice.exec_command(command)
        with open(order["deck"]) as deck:
            ngspice.load_circuit(deck.read())
        ngspice.exec_command("run")
    except Exception as error:  # PySpice raises NameError when ngspice refuses
        print(f"Error: {type(error).__name__}: {error}")
    parent.leave()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
