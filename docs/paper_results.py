"""Run the experiments of the papers and keep what the site shows of them: `make papers`.

    python docs/paper_results.py [--full] [--mnist DIR] [--to DIR] [NAME...]

keeps picture and comparison of each in docs/papers. One that was kept in full is run in full again; others in their
short form, unless `--full`.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

from rramcirc.papers.reproduction import Reproduction, experiment_names, load_experiment, reproduce

KEPT = Path(__file__).resolve().parent / "papers"
COLOURS = 128  # of a picture: a quarter of the size, and no difference to the eye
COLUMNS = ("quantity", "paper", "allowed", "ours", "bound", "evidence", "verdict")


def kept(name: str, folder: Path = KEPT) -> dict[str, Any]:
    """Return what was kept of an experiment; empty if nothing was."""
    path = folder / f"{name}.json"
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def run(name: str, full: bool, mnist: str | None, folder: Path) -> None:
    """Run an experiment here and keep it."""
    folder.mkdir(parents=True, exist_ok=True)
    if not hasattr(load_experiment(name).parameters, "mnist"):
        mnist = None
    before = _used()
    with tempfile.TemporaryDirectory() as made:
        found = reproduce(name, quick=not full, mnist=mnist, output=made)
        small_picture(Path(made) / f"{name}.png", folder / f"{name}.png")
    whole = record(found, full, _used() - before)
    (folder / f"{name}.json").write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n")


def _used() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def record(found: Reproduction, full: bool, seconds: float) -> dict[str, Any]:
    """Return what is kept of a comparison, beside its picture."""
    told = found.table[["where", "because", "deviation"]].to_dict(orient="records")
    rows = [dict(zip(COLUMNS, texts, strict=True)) for texts in found.rows()]
    values = [] if found.settings is None else json.loads(found.settings.to_json(orient="records"))
    return {
        "form": "full" if full else "short",
        "date": date.today().isoformat(),
        "python": platform.python_version(),
        "processor seconds": round(seconds, 1),
        "rows": [row | more for row, more in zip(rows, told, strict=True)],
        "values": values,
        "remarks": found.experiment.remarks(found.result) if found.experiment.remarks else [],
    }


def small_picture(source: Path, target: Path) -> None:
    """Write a picture with fewer colours."""
    from PIL import Image

    with Image.open(source) as picture:
        picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)


def main() -> None:
    """Run what was asked for, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--mnist", help="folder with the IDX files; without it short forms learn drawn digits")
    parser.add_argument("--to", type=Path, default=KEPT, help="folder (default docs/papers)")
    asked = parser.parse_args()
    for name in asked.names or experiment_names():
        full = asked.full or kept(name, asked.to).get("form") == "full"
        run(name, full, asked.mnist, asked.to)
        seconds = kept(name, asked.to)["processor seconds"]
        print(f"{name}, {'full' if full else 'short'} form: {seconds:g} s", flush=True)


if __name__ == "__main__":
    main()
