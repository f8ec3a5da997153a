"""Confine this process by Landlock and become a program: `python -I -S -E launcher.py RULE... -- PROGRAM WORD...`.

A file of its own that imports nothing of the package, so that it starts in milliseconds; it runs before the program,
never between fork and exec. A RULE is `r` (read), `x` (read and execute), `w` (read and write everything below) or `d`
(read and write this device), and the path of a folder or file at once behind it.
Exit status 125 if the kernel does not confine.

ngspice copies its netlist into a nameless file in /tmp (tmpfile), which is closed to it here. In place of it it gets a
file in memory: that is its standard input, and a filter (seccomp) lets the request for a nameless file return
descriptor 0.
"""

import ctypes
import os
import struct
import sys

NOT_CONFINED = 125
_CREATE, _ADD, _RESTRICT = 444, 445, 446  # system calls, the same on every architecture
_NO_NEW_PRIVILEGES, _SECCOMP = 38, 22
# rights on files: 0 execute, 1 write, 2 read, 14 truncate (version 3), 15 ioctl on devices (version 5); on folders: 3
# list, 4-5 remove, 6-12 make (6 device, 7 folder, 8 file, 9 socket, 10 pipe, 11 block device, 12 link), 13 refer
_READ = 1 << 2 | 1 << 3
_EXECUTE = 1 << 0 | 1 << 2
_WRITE_FILE = 1 << 1 | 1 << 2 | 1 << 14
_WRITE = _WRITE_FILE | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 13
_OF_FILES = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15
_NAMELESS = 0o20000000  # of O_TMPFILE
_OPEN = {"x86_64": (0xC000003E, 257), "aarch64": (0xC00000B7, 56), "riscv64": (0xC00000F3, 56)}  # number of openat
_RIGHTS = {"r": _READ, "x": _EXECUTE | _READ, "w": _WRITE, "d": _WRITE_FILE}


class _Ruleset(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]


class _Below(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32)]


def version() -> int:
    """Return the version of Landlock that this kernel has, 0 if none."""
    return max(0, int(_libc().syscall(_CREATE, None, ctypes.c_size_t(0), 1)))


def confine(rules: list[tuple[str, str]]) -> str:
    """Confine this process and all that it starts; return '' or why that is not possible."""
    libc, known = _libc(), version()
    if not known:
        return "this kernel has no Landlock"
    handled = (1 << 13) - 1
    handled |= (known >= 2) << 13 | (known >= 3) << 14 | (known >= 5) << 15
    ruleset = _Ruleset(handled, 3 if known >= 4 else 0, 3 if known >= 6 else 0)  # no TCP, no signals to others
    size = 24 if known >= 6 else 16 if known >= 4 else 8
    set_of_rules = libc.syscall(_CREATE, ctypes.byref(ruleset), ctypes.c_size_t(size), 0)
    if set_of_rules < 0:
        return os.strerror(ctypes.get_errno())
    for kind, path in rules:
        try:
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue  # what is not there cannot be read
        rights = _RIGHTS[kind] & handled
        if not os.path.isdir(path):
            rights &= _OF_FILES
        below = _Below(rights, place)
        if libc.syscall(_ADD, set_of_rules, 1, ctypes.byref(below), 0):
            return os.strerror(ctypes.get_errno())
        os.close(place)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or libc.syscall(_RESTRICT, set_of_rules, 0):
        return os.strerror(ctypes.get_errno())
    os.close(set_of_rules)
    return ""


def give_nameless_file() -> str:
    """Let the one nameless file that ngspice asks for be one in memory; return '' or why that is not possible."""
    known = _OPEN.get(os.uname().machine)
    if known is None:
        return f"no system calls are known of {os.uname().machine}"
    architecture, number = known
    steps = (
        (0x20, 0, 0, 4), (0x15, 0, 5, architecture),  # unless it is this architecture: let it pass
        (0x20, 0, 0, 0), (0x15, 0, 3, number),  # unless it is openat: let it pass
        (0x20, 0, 0, 32), (0x45, 0, 1, _NAMELESS),  # unless the flags ask for a nameless file: let it pass
        (0x06, 0, 0, 0x00050000),  # return 0 in place of it
        (0x06, 0, 0, 0x7FFF0000),  # let it pass
    )  # fmt: skip
    text = b"".join(struct.pack("HBBI", *step) for step in steps)
    code = ctypes.create_string_buffer(text, len(text))
    program = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code))
    memory = os.memfd_create("netlist", 0)
    os.dup2(memory, 0)
    os.close(memory)
    filtering = ctypes.create_string_buffer(program, len(program))
    if _libc().prctl(_SECCOMP, 2, filtering, 0, 0):
        return os.strerror(ctypes.get_errno())
    return ""


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def main(words: list[str]) -> None:
    """Confine this process and become the program."""
    end = words.index("--")
    rules = [(rule[0], rule[1:]) for rule in words[:end]]
    command = words[end + 1 :]
    trouble = confine(rules) or give_nameless_file()
    if trouble:
        print(f"launcher: not confined: {trouble}", file=sys.stderr)
        sys.exit(NOT_CONFINED)
    try:
        os.execv(command[0], command)
    except OSError as error:
        print(f"launcher: cannot start {command[0]}: {error.strerror}", file=sys.stderr)
        sys.exit(NOT_CONFINED)


if __name__ == "__main__":
    main(sys.argv[1:])
