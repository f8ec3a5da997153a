"""Every reader of what a user hands in, with whole inputs that a fuzzer may damage."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

import rramcirc as rc
from rramcirc.analysis.expressions import evaluate, resolve
from rramcirc.analysis.measure import measure
from rramcirc.basics.errors import ParameterError
from rramcirc.basics.files import load_array
from rramcirc.basics.units import parse_number, spice_number
from rramcirc.bench.spike_sources import read_train
from rramcirc.circuits.bench_file import load_bench, with_settings
from rramcirc.devices.cards.card import load_card
from rramcirc.devices.cards.values import read_quantity
from rramcirc.devices.pulses.table import load_table
from rramcirc.devices.veriloga.declaration_reader import read_modules
from rramcirc.devices.veriloga.lint.fix import repair
from rramcirc.devices.veriloga.lint.lint import lint
from rramcirc.engines.ngspice.deck import read_foreign, transient_stop
from rramcirc.engines.ngspice.log import read_log
from rramcirc.engines.ngspice.measured import read_measured
from rramcirc.studies.characterise import load_grid
from rramcirc.studies.fit.data import read_measurement
from rramcirc.waveforms.folder import load_run
from rramcirc.waveforms.foreign import read_any
from rramcirc.waveforms.raw import RawPlot, read_raw, write_raw
from rramcirc.waveforms.signals import read_signals
from rramcirc.waveforms.steps import log_steps

ROOT = Path(__file__).resolve().parents[2]
LOG = (
    "Circuit: * x\n\nDoing analysis at TEMP = 27.000000 and TNOM = 27.000000\n\nNo. of Data Rows : 58\n"
    "m                   =  9.99e-01 at=  2.5e-07\nWarning: singular matrix:  check node b\n"
    "Error: measure  rise  when(WHEN) : out of interval\n .meas tran rise when v(b)=2  failed!\n"
    "Note: Simulation executed from .control section\nOSDI(err) gap: out of bounds\nngspice-46 done\n"
)
DECK = (
    "* deck\nv1 a 0 pwl(0 0 1n 1 2n {x})\n.param x=1\nr1 a b 1k\nc1 b 0 1p\nx1 a b s\n.subckt s p q\nr1 p q 1k\n.ends\n"
    '.options reltol=1e-4\n.model m filesource(file="data.txt" amploffset=[0])\n.tran 1n 10n\n.meas tran m max v(b)\n'
    ".control\nset f = out\nrun\nwhile k < 3\nlet k = k + 1\nend\nwrite $f.raw v(b)\nprint v(b) > {f}.txt\n.endc\n"
    ".end\n"
)
CSV = (
    "Voltage [V],Current [uA],Time (s)\n# remark\n0,0,0\n0.1,1.5,1e-3\n0.2,3,2e-3\n",
    "Vg/V;I/A\n0,5;1,0e-6\n1,0;2,0e-6\n",
    "amplitude\twidth\tR before [kohm]\tR after [kohm]\n1.0\t1e-6\t10\t5\n1.2\t1e-6\t5\t4\n",
    "0 0\n1 2\n",
)
GRID = 'amplitudes = [-0.7, 1.0]\nwidths = ["10u", "1m"]\nstates = [0.0, 0.5, 1.0]\n'
NUMBERS = ("50u", "1meg", "-2.5e-3 V", "1.5 kohm", "10 nm", "+.5", "0x10", "1e308k")
SETTINGS = ("analysis.stop=1u", "design.card.values.gap_ini=0.5", "stimuli.bl.width=[1, 2]", "probes=['v(bl)']")
MEASURED = (
    "max(i(bl*)) / 2", "crossing(v(bl), 500m, rise)[1] - crossing(v(bl), 1)[0]", "rise_time(v(bl), 0.2, 0.8)",
    "mean(v(bl) * i(bl[1,?]))",
)  # fmt: skip
EXPRESSIONS = ("(v(bl) - 1) / i(bl0)", "abs(v(bl,0))**2 + log10(1meg)", "-i(bl[1,2]) * 50u", "time * 2")


@dataclass(frozen=True)
class Reader:
    """A reader: its name, the ending of its files, whole inputs, and what reads one from a file.

    `share` is how often it is tried, in comparison with the others.
    """

    name: str
    ending: str
    inputs: tuple[bytes, ...]
    read: Callable[[Path], object]
    share: int = 2


def readers(folder: Path) -> list[Reader]:
    """Return all readers; files that whole inputs need are written to `folder`."""
    texts = partial(map, str.encode)
    waves = rc.Waveforms(
        "time", "s", np.linspace(0, 1, 9),
        {name: np.linspace(-1, 1, 9) for name in ("v(bl)", "i(bl0)", "i(bl1)", "i(bl[1,2])")},
        {name: name[0].upper().replace("I", "A") for name in ("v(bl)", "i(bl0)", "i(bl1)", "i(bl[1,2])")},
    )  # fmt: skip
    bench = rc.default_bench("cell")
    modules = sorted((ROOT / "verilog-a").glob("*.va")) + sorted((ROOT / "tests/data/models_check").glob("*.va"))
    modules = [path for path in modules if path.stat().st_size < 8000]
    veriloga = _contents(modules)
    return [
        Reader("raw file of ngspice", ".raw", _raw_files(folder), read_raw, 3),
        Reader("raw file of others", ".raw", _contents(sorted((ROOT / "tests/data/raw").glob("*raw"))), read_any, 3),
        Reader("run folder", ".json", _records(), partial(_run, folder)),
        Reader("steps in a log", ".log", tuple(texts((".step r=2 c = 3\nStep 1: x\n",))), _steps),
        Reader("measured data", ".csv", tuple(texts(CSV)), read_measurement, 3),
        Reader("testbench", ".toml", _benches(folder), load_bench, 3),
        Reader("model card", ".toml", _contents(sorted((ROOT / "models").glob("*.toml")), 6000), load_card, 3),
        Reader("grid of pulses", ".toml", (GRID.encode(),), load_grid),
        Reader(
            "pulse table", ".npz", _contents(sorted((ROOT / "models/pulse_tables").glob("*.npz"))[:2]), load_table, 1
        ),
        Reader("array", ".npy", _arrays(folder), _array),
        Reader("spike train in .npy", ".npy", _arrays(folder), partial(read_train, count=4)),
        Reader("spike train in text", ".csv", (b"# t, neuron\n1e-3, 0\n2e-3, 1\n",), partial(read_train, count=4)),
        Reader("Verilog-A, declarations", ".va", veriloga, read_modules, 3),
        Reader("Verilog-A, lint", ".va", veriloga, lint, 3),
        Reader("Verilog-A, repair", ".va", veriloga, repair, 2),
        Reader("netlist", ".cir", (DECK.encode(), _netlist("cell"), _netlist("lif")), read_foreign, 3),
        Reader("netlist, trusted", ".cir", (DECK.encode(), _netlist("cell")), partial(read_foreign, trust=True)),
        Reader("netlist, stop time", ".cir", (DECK.encode(),), transient_stop, 1),
        Reader("signal table", ".cir", (_netlist("crossbar"), _netlist("cell")), read_signals),
        Reader("log of ngspice", ".log", (LOG.encode(),), _log),
        Reader("number", ".txt", tuple(texts(NUMBERS)), _number),
        Reader("--set", ".txt", tuple(texts(SETTINGS)), lambda path: with_settings(bench, [_text(path)])),
        Reader("--measure", ".txt", tuple(texts(MEASURED)), lambda path: measure(_text(path), waves)),
        Reader("expression", ".txt", tuple(texts(EXPRESSIONS)), lambda path: evaluate(_text(path), waves)),
        Reader("signals", ".txt", tuple(texts((*EXPRESSIONS, "i(bl*)"))), lambda path: resolve([_text(path)], waves)),
    ]


def _contents(paths: list[Path], most: int = 1 << 20) -> tuple[bytes, ...]:
    found = tuple(content for path in paths if len(content := path.read_bytes()) <= most)
    assert found, "no file to damage"
    return found


def _text(path: Path) -> str:
    return path.read_bytes().decode(errors="surrogateescape")


def _netlist(name: str) -> bytes:
    return (ROOT / "netlists" / f"{name}.cir").read_bytes()


def _raw_files(folder: Path) -> tuple[bytes, ...]:
    columns = [np.linspace(0, 1, 20), np.linspace(1, 2, 20)]
    plots = [
        RawPlot.from_columns(["time", "v(a)"], ["time", "voltage"], columns, plotname="Transient Analysis"),
        RawPlot.from_columns(["frequency", "v(a)"], ["frequency", "voltage"], columns, plotname="AC Analysis"),
    ]
    write_raw(folder / "whole.raw", plots)
    text = (
        "Title: t\nDate: d\nPlotname: DC transfer characteristic\nFlags: real\nNo. Variables: 2\nNo. Points: 2\n"
        "Variables:\n\t0\tv(v-sweep)\tvoltage\n\t1\ti(v1)\tcurrent dims=1\nValues:\n 0\t0.0\n\t1e-3\n 1\t1.0\n\t2e-3\n"
    )
    return (folder / "whole.raw").read_bytes(), text.encode(), text.replace("real", "complex").encode()


def _records() -> tuple[bytes, ...]:
    record = {
        "rramcirc": "0.1", "status": "done", "files": ["waves.raw"], "kept": [], "points": 20, "problems": [],
        "plots": [{"name": "Transient Analysis", "points": 20}], "measurements": {"m": 1.0}, "cards": {}, "seed": 3,
    }  # fmt: skip
    return (json.dumps(record, indent=1).encode(),)


def _run(folder: Path, path: Path) -> object:
    run = folder / "x.run"
    if not run.exists():
        run.mkdir()
        (run / "waves.raw").write_bytes((folder / "whole.raw").read_bytes())
    (run / "run.json").write_bytes(path.read_bytes())
    return load_run(run)


def _steps(path: Path) -> object:
    return log_steps(path.with_suffix(".raw"))


def _benches(folder: Path) -> tuple[bytes, ...]:
    found = []
    for kind in ("cell", "crossbar", "lif", "hopfield"):
        rc.save_bench(rc.default_bench(kind), folder / "whole.toml")
        found.append((folder / "whole.toml").read_bytes())
    return tuple(found)


def _arrays(folder: Path) -> tuple[bytes, ...]:
    found = []
    for values in ([[1e-3, 0], [2e-3, 1]], np.arange(12.0).reshape(3, 4), np.ones(5, dtype=np.float32)):
        np.save(folder / "whole.npy", values)
        found.append((folder / "whole.npy").read_bytes())
    return tuple(found)


def _array(path: Path) -> object:
    try:
        return load_array(path)
    except (OSError, ValueError) as error:  # what it says it raises; whoever calls it names the file
        raise ParameterError(str(error)) from error


def _log(path: Path) -> object:
    text = path.read_bytes().decode(errors="replace")
    return read_log(text), read_measured(text, {"m": True, "rise": False})


def _number(path: Path) -> object:
    text = _text(path)
    spice_number(text)
    with contextlib.suppress(ParameterError):
        parse_number(text, "V", "x")
    return read_quantity(text, "V", "x")
