"""What compiled models print: collected per devices object, in words that name the instance.

A handle, the first argument of a model's functions, is the number of the devices object and, in its low bits, the
instance. The callback collects and never raises, as it is called from compiled code.
"""

from __future__ import annotations

import ctypes
import itertools
from ctypes import c_char_p, c_uint32, c_void_p

MESSAGES_KEPT = 100
_INDEX_BITS = 40
MODEL_INDEX = (1 << _INDEX_BITS) - 1  # in place of an instance: the model itself
_LEVELS = ("debug", "display", "info", "warning", "error", "fatal", "log", "log")
_ALWAYS_KEPT = (4, 5)
_numbers = itertools.count(1)
_collectors: dict[int, list[str]] = {}


def new_collector() -> tuple[int, list[str]]:
    """Return the handle of a new devices object's first instance, and the list that collects its messages."""
    number = next(_numbers)
    messages: list[str] = []
    _collectors[number] = messages
    return number << _INDEX_BITS, messages


def drop_collector(handle: int) -> None:
    """Forget the messages of a devices object."""
    _collectors.pop(handle >> _INDEX_BITS, None)


def _collect(handle: int | None, text: bytes | None, level: int) -> None:
    """Keep what a model prints. `text` is not freed, as in ngspice: whose it is, depends on the compiler's version."""
    try:
        messages = _collectors[(handle or 0) >> _INDEX_BITS]
        if len(messages) < MESSAGES_KEPT or level & 7 in _ALWAYS_KEPT:
            index = (handle or 0) & MODEL_INDEX
            who = "model" if index == MODEL_INDEX else f"instance {index}"
            messages.append(f"{who}: {_LEVELS[level & 7]}: {(text or b'').decode(errors='replace').strip()}")
    except Exception:
        pass


_callback = ctypes.CFUNCTYPE(None, c_void_p, c_char_p, c_uint32)(_collect)


def listen(library: ctypes.CDLL) -> None:
    """Let the models of a library report to `_collect`."""
    try:
        slot = c_void_p.in_dll(library, "osdi_log")
    except ValueError:
        return  # a model that never prints
    slot.value = ctypes.cast(_callback, c_void_p).value


def messages_of(handle: int) -> list[str]:
    """Return what was collected for a handle."""
    return _collectors.get(handle >> _INDEX_BITS, [])
