"""A worker process of a sweep: ``python -m rramcirc.sweeps.worker DESCRIPTOR``; it runs points until nobody asks."""

from __future__ import annotations

import pickle
import sys
from multiprocessing.connection import Connection
from pathlib import Path

from rramcirc.basics.errors import RramcircError

READY, DONE, STOP = "ready", "done", "stop"


def serve(connection: Connection) -> None:
    """Run what comes through the connection, and send how it ended, until the other side closes it."""
    sys.path[:] = connection.recv()
    try:
        target = pickle.loads(connection.recv_bytes())
        target.prepare()
    except RramcircError as error:
        connection.send((STOP, error))
        return
    connection.send((READY, None))
    while True:
        try:
            point, folder = connection.recv()
        except (EOFError, ConnectionError):
            return
        try:
            answer = (DONE, target.run(point, Path(folder)))
        except RramcircError as error:
            answer = (STOP, error)
        connection.send(answer)


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))
