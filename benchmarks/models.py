"""Print the figures of the device models as a markdown table, each beside its peer in the same run.

CPU seconds of one thread, medians of several runs, compilation of the loops apart. Peers: a C loop over the same
functions of the compiled model, compiled here with the system's cc; a transcription of the equations of one model into
NumPy; the same device written with B-sources in ngspice.
"""

# ruff: noqa: E402
from __future__ import annotations

import os

for _name in ("NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import ctypes
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import rramcirc as rc
from rramcirc.devices.cards.card import card_names, load_card
from rramcirc.devices.compiled.devices import CompiledDevices
from rramcirc.devices.compiled.evaluation import Evaluation
from rramcirc.devices.veriloga.compile import compile_module
from rramcirc.engines.ngspice.run import find_ngspice
from rramcirc.studies.fit.data import Measurement
from rramcirc.studies.fit.fit import fit
from rramcirc.studies.fit.model import make_protocol, path_ends, predict
from rramcirc.studies.fit.settings import Settings
from rramcirc.waveforms.raw import read_raw

Row = tuple[str, str, str]
COUNT, RUNS = 100_000, 5
MILLION = 1_000_000

C_LOOP = r"""
#include <stdint.h>
typedef uint32_t (*eval_t)(void *, void *, void *, void *);
typedef void (*load_t)(void *, void *, double *);
static void nodes(load_t f, void *inst, void *model, double *sums, double *row, long n) {
    for (long k = 0; k <= n; k++) sums[k] = 0.0;
    f(inst, model, sums);
    for (long k = 0; k < n; k++) row[k] = sums[k];
}
static void matrix(load_t f, void *inst, void *model, double *entries, const int64_t *place, long m, double *row,
                   long n) {
    for (long k = 0; k < n * n; k++) row[k] = 0.0;
    if (m) f(inst, model, entries);
    for (long k = 0; k < m; k++) if (place[k] >= 0) row[place[k]] += entries[k];
}
int loop(const int64_t *functions, char *handle, void *model, void *simulator, char *blocks, long stride,
         const double *voltages, double *solution, double *sums, double *entries, const int64_t *g_place, long g,
         const int64_t *c_place, long c, double *resistive, double *reactive, double *g_rows, double *c_rows,
         long count, long n) {
    for (long i = 0; i < count; i++) {
        void *inst = blocks + i * stride;
        for (long k = 0; k < n; k++) solution[k] = voltages[i * n + k];
        if (((eval_t)functions[0])(handle + i, inst, model, simulator) & 7) return 1;
        nodes((load_t)functions[1], inst, model, sums, resistive + i * n, n);
        nodes((load_t)functions[2], inst, model, sums, reactive + i * n, n);
        matrix((load_t)functions[3], inst, model, entries, g_place, g, g_rows + i * n * n, n);
        matrix((load_t)functions[4], inst, model, entries, c_place, c, c_rows + i * n * n, n);
    }
    return 0;
}
"""


def cpu(work: Callable[[], object], runs: int = RUNS) -> float:
    """Return the median of the CPU seconds of several runs; one more run comes first."""
    work()
    times = []
    for _ in range(runs):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return statistics.median(times)


def points_of(devices: CompiledDevices, seed: int = 1) -> NDArray[np.float64]:
    """Return voltages of all nodes: terminals within 1 V, states moved by up to a tenth of a unit."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(-0.1, 0.1, (devices.count, len(devices.nodes)))
    points[:, 0] = rng.uniform(-1.0, 1.0, devices.count)
    points[:, 1] = 0.0
    return points


def every_model() -> list[Row]:
    """Nanoseconds per instance for residual and both Jacobians, every card of a compiled model."""
    rows = []
    for name in card_names():
        card = load_card(name)
        if card.declaration is None:
            continue
        devices = CompiledDevices(card, COUNT)
        points, out = points_of(devices), devices.evaluate(points_of(devices), 1e-9)
        whole = cpu(lambda d=devices, p=points, o=out: d.evaluate(p, 1e-9, out=o)) / COUNT
        plain = devices.evaluate(points, 1e-9, jacobian=False, reactive=False)
        small = cpu(
            lambda d=devices, p=points, o=plain: d.evaluate(p, 1e-9, jacobian=False, reactive=False, out=o)
        ) / COUNT  # fmt: skip
        text = f"currents and rates alone {1e9 * small:.0f} ns; {len(devices.nodes)} unknowns"
        rows.append((f"`{card.module}`, card {name}", f"{1e9 * whole:.0f} ns", text))
    return rows


def compiled_c(folder: Path) -> ctypes._CFuncPtr:
    """Compile the C loop with the system's compiler."""
    source, library = folder / "loop.c", folder / "loop.so"
    source.write_text(C_LOOP)
    subprocess.run(
        [shutil.which("cc") or "gcc", "-O2", "-shared", "-fPIC", str(source), "-o", str(library)], check=True
    )
    return ctypes.CDLL(str(library)).loop


def against_c(folder: Path) -> list[Row]:
    """rram_filament, equal devices and spread ones, against a C loop over the same function pointers."""
    from rramcirc.devices.compiled import kernels

    loop, rows = compiled_c(folder), []
    spread = {"ea_delta": np.random.default_rng(2).normal(0.0, 0.01, COUNT)}
    for what, parameters in (("equal devices, one block", {}), ("spread, a block each", spread)):
        devices = CompiledDevices(load_card("hfo2_filament"), COUNT, parameters)
        points = points_of(devices)
        ours = devices.evaluate(points, 1e-9)
        functions = devices._functions[
            [kernels.EVAL, kernels.RESIDUAL, kernels.CHARGE, kernels.CONDUCTANCES, kernels.CAPACITANCES]
        ]
        theirs = Evaluation(*(np.empty_like(a) for a in (
            ours.resistive, ours.reactive, ours.resistive_jacobian, ours.reactive_jacobian)))  # fmt: skip
        blocks = devices._blocks.instances
        stride = blocks.shape[1] * 8 if len(blocks) > 1 else 0
        pointers = [
            ctypes.c_void_p(v) for v in (
                functions.ctypes.data, devices._handle, devices._blocks.model.ctypes.data,
                ctypes.addressof(devices._blocks.simulator), blocks.ctypes.data,
            )
        ]  # fmt: skip
        work = [
            a.ctypes.data_as(ctypes.c_void_p)
            for a in (points, devices._solution, devices._sums, devices._entries)
        ]  # fmt: skip
        g, c = devices._places
        results = [
            a.ctypes.data_as(ctypes.c_void_p) for a in (
                theirs.resistive, theirs.reactive, theirs.resistive_jacobian, theirs.reactive_jacobian)
        ]  # fmt: skip
        arguments = (
            *pointers, ctypes.c_long(stride), *work, g.ctypes.data_as(ctypes.c_void_p), ctypes.c_long(len(g)),
            c.ctypes.data_as(ctypes.c_void_p), ctypes.c_long(len(c)), *results, ctypes.c_long(COUNT),
            ctypes.c_long(points.shape[1]),
        )  # fmt: skip
        alternate = [  # one after the other, so that a busy machine slows both down
            (_once(lambda d=devices, p=points, o=ours: d.evaluate(p, 1e-9, out=o)), _once(lambda a=arguments: loop(*a)))
            for _ in range(2 * RUNS + 1)
        ]  # fmt: skip
        one, other = (statistics.median(t) / COUNT for t in zip(*alternate[1:], strict=True))
        for name in ("resistive", "reactive", "resistive_jacobian", "reactive_jacobian"):
            assert np.array_equal(getattr(ours, name), getattr(theirs, name)), name
        text = f"C loop over the same functions {1e9 * other:.0f} ns; ratio {one / other:.2f}, same bits"
        rows.append((f"`rram_filament`, {what}", f"{1e9 * one:.0f} ns", text))
    return rows


def _once(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def gap_in_numpy(v: NDArray, gap: NDArray, nz: NDArray, p: dict[str, float]) -> tuple[NDArray, NDArray]:
    """Return current [A] and rate of the gap [nm/s] by the equations of rram_gap, array by array.

    The gap inside its bounds; `p` holds the values of the card.
    """
    z = v / p["current_voltage"]
    a = np.abs(z)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        tangent = (np.exp(15.0) * (a - 14.0) + np.exp(-15.0) * (a - 16.0)) / (2.0 * a)
        shape = np.where(a < 1e-3, 1.0 + z * z / 6.0, np.where(a < 15.0, (np.exp(z) - np.exp(-z)) / (2.0 * z), tangent))
    conductance = p["current_prefactor"] / p["current_voltage"] * np.exp(-gap / p["gap_decay_length"]) * shape
    current = conductance * v
    rise = p["thermal_resistance"] * v * current / p["temperature_rise_max"]
    rise = p["temperature_rise_max"] * rise / np.sqrt(np.sqrt(1.0 + rise**4))
    positive = 0.5 * (gap + np.sqrt(gap * gap + 1e-6))
    power = positive ** p["gamma_exponent"]
    gamma = np.where(v > 0.0, p["gamma0"] - p["beta"] * power, p["gamma0_reset"] - p["beta_reset"] * power)
    gamma = 0.5 * (gamma + np.sqrt(gamma * gamma + 2.5e-3))
    if p["field_min"] > 0.0:
        field = 1e9 * gamma * np.abs(v) / p["oxide_thickness"]
        gamma = gamma / (1.0 + np.exp((p["field_min"] - field) / (p["field_smoothing"] * p["field_min"] + 1.0)))
    kt = 1.3806503e-23 / 1.602176462e-19 * (300.15 + rise)  # P_K, P_Q of constants.vams
    barrier = p["ea"] + p["ea_sigma_c2c"] * nz
    drive = gamma * p["hop_distance"] / p["oxide_thickness"] * v
    rate = 0.5e9 * p["velocity"] * (np.exp((drive - barrier) / kt) - np.exp((-drive - barrier) / kt))
    rate = rate / np.sqrt(1.0 + (rate / p["rate_max"]) ** 2)
    ahead = np.where(rate > 0.0, gap - p["gap_min"], p["gap_max"] - gap)
    return current, -rate * ahead / np.sqrt(ahead * ahead + p["window_width"] ** 2)


def against_numpy() -> list[Row]:
    """rram_gap against a transcription of its equations into NumPy: currents and rates, no derivatives."""
    card = load_card("hfox_gap_jiang2016")
    devices = CompiledDevices(card, COUNT)
    points, values = points_of(devices), card.model_values
    points[:, 3] = np.random.default_rng(3).uniform(-0.9, 0.0, COUNT)
    gap = card.value("gap_ini") + points[:, 3]
    p = {name: float(value) for name, value in values.items() if not isinstance(value, str)}
    out = devices.evaluate(points, 1e-9, jacobian=False, reactive=False)
    ours = cpu(lambda: devices.evaluate(points, 1e-9, jacobian=False, reactive=False, out=out)) / COUNT
    whole = devices.evaluate(points, 1e-9)
    both = cpu(lambda: devices.evaluate(points, 1e-9, out=whole)) / COUNT
    plain = cpu(lambda: gap_in_numpy(points[:, 0], gap, points[:, 2], p)) / COUNT
    current, rate = gap_in_numpy(points[:, 0], gap, points[:, 2], p)
    apart = max(
        float(np.max(np.abs(out.resistive[:, 0] - current) / np.max(np.abs(current)))),
        float(np.max(np.abs(-out.resistive[:, 3] - rate) / (np.abs(rate) + 1e-9 * np.max(np.abs(rate))))),
    )
    text = (
        f"NumPy by hand {1e9 * plain:.0f} ns; with derivatives by three more points {4e9 * plain:.0f} ns; "
        f"results equal to {apart:.0e}"
    )
    return [("`rram_gap`, currents and rates", f"{1e9 * ours:.0f} ns, with both Jacobians {1e9 * both:.0f} ns", text)]


B_SOURCE = """
.subckt dut te be x0=0.3
bm te be i=v(te,be)/({r_on}*v(x)+{r_off}*(1-v(x)))
bx 0 x i={k}*v(te,be)/({r_on}*v(x)+{r_off}*(1-v(x)))*(1-(v(x)-u(-v(te,be)))^{power})
cx x 0 1 ic={{x0}}
rx x 0 1e12
.ends
"""


def array_deck(size: int, osdi: bool, steps: int = 400) -> str:
    """Return a deck of a passive array of drift devices: a sine on every row, columns held, 50 ohm drivers."""
    card = load_card("hp_tio2_drift")
    p = {name: card.value(name) for name in ("r_on", "r_off", "mobility", "film_thickness", "window_exponent")}
    k = p["mobility"] * 1e18 * p["r_on"] / p["film_thickness"] ** 2
    state = np.random.default_rng(1).uniform(0.2, 0.8, (size, size))
    period = 0.1
    lines = ["array of drift devices", ".options klu method=gear reltol=1e-4", ".temp 27"]
    if osdi:
        values = (f"{n}={v!r}" for n, v in card.model_values.items())
        lines.append(f".model dut {card.module} " + " ".join(values))
    else:
        lines += B_SOURCE.format(r_on=p["r_on"], r_off=p["r_off"], k=k, power=2 * p["window_exponent"]).splitlines()
    for i in range(size):
        lines += [f"vr{i} a{i} 0 sin(0 {0.5 + 0.5 * i / size} {1 / period})", f"rr{i} a{i} r{i} 50"]
        lines += [f"vc{i} b{i} 0 0", f"rc{i} b{i} c{i} 50"]
    for i in range(size):
        for j in range(size):
            x = float(state[i, j])
            lines.append(f"n{i}_{j} r{i} c{j} 0 dut x_ini={x!r}" if osdi else f"x{i}_{j} r{i} c{j} dut x0={x!r}")
    lines += [f".tran {period / steps} {period} 0 {period / steps}" + ("" if osdi else " uic"), ".save i(vc0) i(vc1)"]
    control = ["set num_threads=1", *(["pre_osdi model.osdi"] if osdi else []), "run waves.raw", "rusage all"]
    return "\n".join([*lines, ".control", *control, "quit $sim_status", ".endc", ".end", ""])


def against_b_source(folder: Path) -> list[Row]:
    """The same array of drift devices in ngspice as OSDI devices and as B-sources."""
    rows = []
    for size in (16, 32):
        found = {}
        for kind in ("osdi", "b"):
            place = folder / f"{kind}{size}"
            place.mkdir()
            shutil.copyfile(compile_module(load_card("hp_tio2_drift").declaration.path).path, place / "model.osdi")
            (place / "netlist.cir").write_text(array_deck(size, kind == "osdi"))
            found[kind] = [_ngspice(place) for _ in range(3 if kind == "osdi" else 1)]
        ours, theirs = statistics.median(t for t, _, _ in found["osdi"]), found["b"][0][0]
        (_, log, waves), (_, b_log, b_waves) = found["osdi"][0], found["b"][0]
        at = np.linspace(0.01, 0.1, 50)
        one, other = (np.interp(at, w[0], w[1]) for w in (waves, b_waves))
        apart = float(np.max(np.abs(one - other)) / np.max(np.abs(other)))
        text = (
            f"B-sources {theirs:.2f} s ({b_log} Newton iterations); ratio {theirs / ours:.1f}; "
            f"column currents differ by {apart:.0e} of the largest"
        )
        rows.append((f"ngspice, {size} x {size} drift devices, a period of a sine", f"{ours:.2f} s ({log})", text))
    return rows


def _ngspice(folder: Path) -> tuple[float, str, tuple[NDArray, NDArray]]:
    """Run a deck; CPU seconds, iterations, and time and current of the first column."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [str(find_ngspice()), "-n", "-b", "netlist.cir"], cwd=folder, capture_output=True, text=True, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{folder}: ngspice ended with {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    iterations = done.stdout.split("Total iterations = ")[1].split()[0]
    plot = read_raw(folder / "waves.raw")[0]
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, iterations, (plot.column(0).copy(), plot.column(1).copy())


def set_up() -> list[Row]:
    """Setting up a million devices, equal and spread, and compiling the loops in an empty cache."""
    rows = []
    spread = {"ea_delta": np.random.default_rng(2).normal(0.0, 0.01, MILLION)}
    for what, parameters in (("equal", {}), ("spread", spread)):
        started = time.process_time()
        devices = CompiledDevices(load_card("hfo2_filament"), MILLION, parameters)
        seconds = time.process_time() - started
        bytes_each = devices.memory / MILLION
        text = f"{devices.memory / 1e6:.3g} MB of instance blocks, {bytes_each:.3g} bytes a device"
        rows.append((f"set-up of a million `rram_filament`, {what}", f"{seconds:.3f} s", text))
    with tempfile.TemporaryDirectory() as cache:
        rows += [
            ("loops of the bulk evaluation, empty cache", *_jit(cache, "rramcirc.devices.compiled.kernels")),
            ("loops of the bulk evaluation, from the cache", *_jit(cache, "rramcirc.devices.compiled.kernels")),
            ("loops of the pulse integration besides, empty cache", *_jit(cache, "rramcirc.devices.pulses.kernels")),
        ]
    return rows


def _jit(cache: str, module: str) -> tuple[str, str]:
    """CPU seconds to import a module of loops with a cache folder, that of importing numba beside it."""
    code = "import time; import numba, numpy; a = time.process_time(); import {}; print(time.process_time() - a, a)"
    done = subprocess.run(
        [sys.executable, "-c", code.format(module)], env=os.environ | {"NUMBA_CACHE_DIR": cache},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    loops, before = map(float, done.stdout.split())
    return f"{loops:.2f} s", f"importing numba and numpy {before:.2f} s besides"


def cache_hit() -> list[Row]:
    """A model that is compiled already."""
    source = load_card("hfo2_filament").declaration.path
    compile_module(source)
    seconds = cpu(lambda: compile_module(source), 20)
    return [("`compile_module`, compiled before", f"{1e3 * seconds:.2f} ms", "-")]


def pulse_fit(count: int = 20_000) -> list[Row]:
    """A fit to many pulses with 2 % noise on the resistance after them."""
    card, settings, rng = load_card("hfo2_filament"), Settings(), np.random.default_rng(1)
    rising = rng.random(count) < 0.5
    amplitude = np.where(rising, rng.uniform(0.6, 1.3, count), -rng.uniform(0.6, 1.3, count))
    most, least = path_ends(card, settings.temperature)
    before = np.exp(rng.uniform(np.log(1.05 / most), np.log(0.95 / max(least, 2e-3 * most)), count))
    columns = {"amplitude": amplitude, "width": 10 ** rng.uniform(-8, -3, count), "before": before, "after": before}
    exact = Measurement(Path("pulses.csv"), "0" * 64, "pulses", columns, np.arange(count) + 2)
    protocol = make_protocol(exact, settings)
    after = settings.read_voltage / predict(card, protocol, protocol.start, settings, 1e-7).current
    columns = columns | {"after": after * np.exp(0.02 * rng.normal(size=count))}
    started = time.process_time()
    found = fit([Measurement(exact.path, exact.sha256, "pulses", columns, exact.lines)], card)
    seconds = time.process_time() - started
    return [(f"`fit`, {count:,} pulses", f"{seconds:.1f} s, rms of ln(model / data) {found.rms[0]:.3f}", "aim 120 s")]


def main() -> None:
    """Print the table."""
    print(f"rramcirc {rc.__version__}; {COUNT} devices, one thread; CPU seconds, medians\n")
    print("| case | measured | peer in the same run |\n| --- | --- | --- |")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts = (
            every_model, lambda: against_c(folder), against_numpy, lambda: against_b_source(folder), set_up, cache_hit,
            pulse_fit,
        )  # fmt: skip
        for part in parts:
            for row in part():
                print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
