"""Put single faults into a copy of the tree and see whether a test fails: `make mutants`.

    python tests/mutation/run.py FOLDER --map            clone HEAD into FOLDER/tree, see which test reaches which line
    python tests/mutation/run.py FOLDER [--seconds 20]   run the sample; what is in FOLDER/records.jsonl is not repeated
    python tests/mutation/run.py FOLDER --wide           survivors again: all tests that reach the mutated file
    python tests/mutation/run.py FOLDER --tell           rates with intervals, survivors with their changes

A child with the libraries loaded is forked for every mutant, with copies of the caches that hold nothing compiled from
the mutated file. It runs the tests that reach the mutated statement, likely killers first, up to the time given.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

from sample import Drawn, TestMap, draw, importing

SEED = 20261130  # written before the first run
_HERE = Path(__file__).resolve().parent
_LIBRARIES = (
    "numpy", "numba", "scipy.optimize", "scipy.sparse.linalg", "scipy.integrate", "scipy.stats", "scipy.signal",
    "scipy.special", "pandas", "pytest", "click", "rich.table", "platformdirs", "tomli_w", "uuid",
)  # fmt: skip


def environment(folder: Path, private: Path | None = None) -> dict[str, str]:
    """Return what makes Python and its children use the copy of the tree and caches of its own."""
    caches = private or folder
    return {
        "PYTHONPATH": f"{folder / 'tree'}{os.pathsep}{_HERE}", "NUMBA_CACHE_DIR": str(caches / "numba"),
        "RRAMCIRC_CACHE": str(caches / "cache"), "PYTHONDONTWRITEBYTECODE": "" if private is None else "1",
        "TRACE_FOLDER": str(folder / "trace"),
    }  # fmt: skip


def make_map(folder: Path, words: list[str]) -> int:
    """Clone the commit and trace the whole suite (or the tests given)."""
    tree = folder / "tree"
    if not tree.exists():
        subprocess.run(["git", "clone", "--quiet", str(_HERE.parents[1]), str(tree)], check=True)
    for name in ("numba", "cache", "trace"):
        (folder / name).mkdir(exist_ok=True)
    # the plugin of Hypothesis breaks the whole run off where a test of its is ended by the limit of time
    plugins = ["-p", "trace", "-p", "no:cacheprovider", "-p", "no:hypothesispytest"]
    command = [sys.executable, "-m", "pytest", *plugins, *words]
    return subprocess.run(command, cwd=tree, env=os.environ | environment(folder), check=False).returncode


def importers(tree: Path, file: str) -> set[str]:
    """Return what may hold compiled code of a module: it itself, and all with compiled code that import it."""
    texts = {str(p.relative_to(tree)): p.read_text(encoding="utf-8") for p in tree.glob("rramcirc/**/*.py")}
    texts = {f: text for f, text in texts.items() if re.search("njit|[cC]ompile|inlined", text)}
    found, new = set(), {file}
    while new:
        found |= new
        wanted = re.compile("|".join(importing(f) for f in new))
        new = {f for f, text in texts.items() if f not in found and wanted.search(text)}
    return found


def private_caches(folder: Path, drawn: Drawn) -> Path:
    """Return a folder with links to the caches, without what was compiled from the mutated file."""
    private = folder / "private"
    shutil.rmtree(private, ignore_errors=True)
    private.mkdir()
    for name in ("numba", "cache"):
        subprocess.run(["cp", "-al", str(folder / name), str(private / name)], check=True)
    stale = {Path(f).stem for f in importers(folder / "tree", drawn.file)} if drawn.file.endswith(".py") else set()
    for entry in (private / "numba").rglob("*.nb?"):
        if entry.name.split(".")[0].split("-")[0] in stale:
            entry.unlink()
    return private


class Watch:
    """A pytest plugin that keeps the first failure."""

    def __init__(self) -> None:
        self.failed, self.text, self.count = "", "", 0

    def pytest_runtest_logreport(self, report: object) -> None:
        self.count += report.when == "call"
        if report.failed and not self.failed:
            self.failed, self.text = report.nodeid, str(report.longrepr)[-1500:]

    def pytest_collectreport(self, report: object) -> None:
        if report.failed and not self.failed:
            self.failed, self.text = f"import of {report.nodeid}", str(report.longrepr)[-1500:]


def child(folder: Path, private: Path, tests: list[str], limit: int) -> None:
    """Run the tests in this forked process and write what was found."""
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))  # processor time: other work slows nothing down
    resource.setrlimit(resource.RLIMIT_AS, (12 << 30, 12 << 30))
    os.environ.update(environment(folder, private))
    sys.dont_write_bytecode = True
    sys.path[:0] = [str(folder / "tree")]
    os.chdir(folder / "tree")
    log = os.open(str(folder / "log.txt"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    import pytest
    from numba.core import config

    config.reload_config()
    watch = Watch()
    status = pytest.main(["-x", "-q", "-p", "no:cacheprovider", "--assert=plain", *tests], plugins=[watch])
    if status not in (0, 1) and not watch.failed:
        watch.failed = f"pytest ended with {int(status)}"
    (folder / "result.json").write_text(json.dumps(vars(watch)))


def run_tests(folder: Path, drawn: Drawn, tests: list[str], limit: int) -> dict[str, object]:
    """Run tests on the tree as it is now, in a child; return the first failure, or what else ended it."""
    private = private_caches(folder, drawn)
    result = folder / "result.json"
    result.unlink(missing_ok=True)
    start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    process = os.fork()
    if process == 0:
        try:
            child(folder, private, tests, limit)
        except BaseException:
            traceback.print_exc()
            os._exit(99)
        os._exit(0)
    late = False
    try:
        while (ended := os.waitpid(process, os.WNOHANG))[0] == 0:
            time.sleep(0.05)
            if time.monotonic() - start > 30 * limit and not late:
                late = True
                os.killpg(process, signal.SIGKILL)
    except BaseException:
        os.killpg(process, signal.SIGKILL)
        raise
    if os.waitstatus_to_exitcode(ended[1]) == 99:
        raise RuntimeError(f"the child cannot run: see {folder / 'log.txt'}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    told = json.loads(result.read_text()) if result.exists() else {}
    failed = told.get("failed") if told else ("time limit" if late or cpu > limit else "process died")
    return {
        "by": failed or "", "message": told.get("text", "")[-400:] if failed else "", "run": told.get("count", 0),
        "cpu": round(cpu, 2), "wall": round(time.monotonic() - start, 1),
    }  # fmt: skip


def run_mutant(folder: Path, drawn: Drawn, tests: list[str], limit: int) -> dict[str, object]:
    """Put the mutant into the copy, run the tests, take it out again; return the record."""
    path, m = folder / "tree" / drawn.file, drawn.mutant
    original, info = path.read_bytes(), path.stat()
    changed = original[: m.start] + m.new.encode() + original[m.end :]
    pair = (text.decode("utf-8", "replace").splitlines() for text in (original, changed))
    diff = [line for line in difflib.unified_diff(*pair, lineterm="", n=0) if not line.startswith(("---", "+++"))]
    for stale in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
        stale.unlink()
    path.write_bytes(changed)
    try:
        told = run_tests(folder, drawn, tests, limit)
    finally:
        path.write_bytes(original)
        os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))
    refused = drawn.room == "verilog-a" and "openvaf-r cannot compile" in str(told["message"])
    outcome = "does not compile" if refused else "caught" if told["by"] else "survived"
    return {
        "name": drawn.name, "room": drawn.room, "file": drawn.file, "line": m.line, "kind": m.kind, "diff": diff,
        "outcome": outcome, **told,
    }  # fmt: skip


def select(tests: list[str], cpu: dict[str, float], seconds: float) -> list[str]:
    """Return the first tests that together take no more than the time given, at least one."""
    chosen, used = [], 0.0
    for name in tests:
        if chosen and used + cpu[name] > seconds:
            continue
        chosen.append(name)
        used += cpu[name]
        if len(chosen) >= 400:
            break
    return chosen


def records(folder: Path) -> dict[str, dict[str, object]]:
    """Return the last record of every mutant."""
    file = folder / "records.jsonl"
    lines = file.read_text().splitlines() if file.exists() else []
    return {record["name"]: record for record in map(json.loads, lines)}


def run_sample(
    folder: Path, seed: int, seconds: float, wide: bool, first: list[str], count: int, only: list[str]
) -> None:
    """Run what is not in the records yet, of some rooms or names only; `wide`: survivors that were not run widely."""
    tree = folder / "tree"
    known, reach = records(folder), TestMap(tree, folder / "trace")
    kills = Counter(part for r in known.values() for part in (str(r["by"]).split("[")[0], str(r["by"]).split("::")[0]))
    for library in _LIBRARIES:
        importlib.import_module(library)
    for drawn in draw(tree, seed):
        if only and not {drawn.name, drawn.room} & set(only):
            continue
        old = known.get(drawn.name)
        if (old is not None and not wide) or (wide and (old is None or old["outcome"] != "survived" or old["wide"])):
            continue
        if count == 0:
            return
        count -= 1
        word = Path(drawn.file).stem
        near = reach.near(drawn)
        tests = reach.order(near, kills, word)
        if wide:
            tests += reach.order(reach.of_file(drawn.file) - near, kills, word) if drawn.room != "verilog-a" else []
        chosen = [*first, *select(tests, reach.cpu, seconds)]
        compiling = 150 if drawn.room == "kernels" else 0
        record = run_mutant(folder, drawn, chosen, round(30 + compiling + 3 * seconds))
        record |= {"name": drawn.name, "wide": wide, "seed": seed, "reached_by": len(near)}
        with (folder / "records.jsonl").open("a") as stream:
            stream.write(json.dumps(record) + "\n")
        kills.update((str(record["by"]).split("[")[0], str(record["by"]).split("::")[0]))
        print(record["name"], record["outcome"], record["by"], record.get("cpu"), flush=True)


def tell(folder: Path) -> None:
    """Print rates with 95 % Clopper-Pearson intervals and all survivors."""
    from scipy.stats import binomtest

    found = list(records(folder).values())
    valid = [r for r in found if r["outcome"] != "does not compile"]
    for room in [*sorted({str(r["room"]) for r in valid}), ""]:
        some = [r for r in valid if room in ("", r["room"])]
        caught = sum(r["outcome"] == "caught" for r in some)
        low, high = binomtest(caught, len(some)).proportion_ci(method="exact")
        cpu = sum(float(r["cpu"]) for r in some) / len(some)
        rate = f"{100 * caught / len(some):.1f} % ({100 * low:.1f} to {100 * high:.1f})"
        print(f"{room or 'all':10} {caught} of {len(some)}: {rate}, {cpu:.1f} CPU s each")
    for r in (r for r in valid if r["outcome"] == "survived"):
        print(f"\n{r['name']} {r['file']}:{r['line']} {r['kind']}; {r['run']} tests", *r["diff"], sep="\n  ")


def main() -> int:
    """Read the words of the command and do it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    for name in ("map", "wide", "tell"):
        parser.add_argument(f"--{name}", action="store_true")
    parser.add_argument("--seconds", type=float, default=20.0, help="processor time of the tests of a mutant [s]")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--count", type=int, default=10_000, help="end after so many mutants")
    parser.add_argument("--only", nargs="*", default=[], help="rooms or names of mutants; without it the whole sample")
    parser.add_argument("--first", nargs="*", default=[], help="tests that the map does not know; run first")
    words = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGINT):  # the mutant is taken out before the end
        signal.signal(number, lambda *_: sys.exit(130))
    folder = words.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if words.map:
        return make_map(folder, words.first)
    if words.tell:
        tell(folder)
    else:
        run_sample(folder, words.seed, words.seconds, words.wide, words.first, words.count, words.only)
    return 0


if __name__ == "__main__":
    sys.exit(main())
