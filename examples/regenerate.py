"""Run the examples: pictures of the full form, processor seconds of both forms, and README.md, the list of all.

`python examples/regenerate.py NAME...` runs these only; without names all, some minutes. `--times` measures the short
forms anew and leaves the pictures.
"""

from __future__ import annotations

import ast
import csv
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TIMES = HERE / "times.csv"
SUBJECTS = {
    "Devices": ("iv_loop", "compare_cards", "own_veriloga", "fit_from_csv", "pulse_train", "temperature", "noise"),
    "Arrays": ("crossbar_read", "ir_drop", "read_margin", "disturb", "program_verify", "monte_carlo_yield"),
    "Neurons, synapses, networks": (
        "stdp_window", "lif_f_i", "perceptron", "hopfield_recall", "fouda_ternary", "zoppo_recall",
    ),
    "Circuits of your own": ("sweep_corners", "foreign_netlist", "pyspice_circuit", "inspect_page"),
}  # fmt: skip


def run(name: str, *words: str) -> float:
    """Run an example, keep its picture, and return its processor time [s]."""
    before = _used()
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"MPLBACKEND": "Agg", "OPENBLAS_NUM_THREADS": "1"}
        subprocess.run([sys.executable, HERE / f"{name}.py", *words], cwd=folder, env=environment, check=True)
        if not words:
            (HERE / f"{name}.png").write_bytes((Path(folder) / f"{name}.png").read_bytes())
    return _used() - before


def _used() -> float:
    of = resource.getrusage(resource.RUSAGE_CHILDREN)
    return of.ru_utime + of.ru_stime


def about(name: str) -> tuple[str, str]:
    """Return the title of an example and what else it says about itself."""
    title, _, text = (ast.get_docstring(ast.parse((HERE / f"{name}.py").read_text())) or "").partition("\n\n")
    return title, text


def read_times() -> dict[str, tuple[str, str]]:
    """Return name -> processor seconds of the quick and of the full form."""
    if not TIMES.exists():
        return {}
    with TIMES.open() as file:
        return {name: (quick, full) for name, quick, full in list(csv.reader(file))[1:]}


def readme() -> str:
    """Return README.md: title, time and picture of every example, by subject."""
    times = read_times()
    total = sum(float(quick) for quick, _ in times.values())
    lines = [
        "# Gallery",
        "",
        "Each example is one screen of Python that uses the public names and the command line only, and leaves its",
        "picture in the current folder. `python examples/iv_loop.py --quick` runs a shorter form, as the tests do.",
        "Times are processor seconds on an AMD EPYC with models and loops already compiled; the first run of all",
        f"compiles them, some 20 s more. All quick forms together: {total:.0f} s. `make gallery` writes this page.",
    ]
    for subject, names in SUBJECTS.items():
        lines += ["", f"## {subject}"]
        for name in names:
            title, text = about(name)
            quick, full = times[name]
            lines += ["", f"### {title}", "", text.replace("\n", " "), ""]
            lines += [f"[{name}.py]({name}.py): {quick} s quick, {full} s in full.", "", f"![{title}]({name}.png)"]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run what was asked for and write the list."""
    every = [name for names in SUBJECTS.values() for name in names]
    asked = [word for word in sys.argv[1:] if word != "--times"]
    for name in asked or every:
        full = float(read_times()[name][1]) if "--times" in sys.argv else run(name)
        quick = run(name, "--quick") if "--quick" in (HERE / f"{name}.py").read_text() else full
        times = read_times() | {name: (f"{quick:.1f}", f"{full:.1f}")}
        with TIMES.open("w", newline="") as file:
            csv.writer(file).writerows([("example", "quick [s]", "full [s]"), *((n, *times[n]) for n in sorted(times))])
        print(name, *times[name], flush=True)
    if set(every) <= set(read_times()):
        (HERE / "README.md").write_text(readme())


if __name__ == "__main__":
    main()
