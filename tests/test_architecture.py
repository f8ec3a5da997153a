"""The rooms of the package: who may import whom. Imports inside functions and under TYPE_CHECKING count."""

from __future__ import annotations

import ast
from itertools import pairwise
from pathlib import Path

import pytest

from rramcirc.bench.analyses import ANALYSES

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "rramcirc"
ROOMS = (
    "basics", "waveforms", "devices", "bench", "analysis", "circuits", "figures", "engines", "sweeps",
    "studies", "papers", "cli",
)  # fmt: skip
# the order inside a room: what stands later may import what stands before it; names on one line are strangers
INSIDE = {
    "basics": [
        "errors version arrays signals", "memory units paths checks mistakes field_texts files idx",
        "html arguments child",
        "fields",
    ],
    "waveforms": [
        "raw_header aliases export pyramid", "raw sparkline spikes", "waveforms steps", "signals foreign", "folder",
    ],
    "devices": ["veriloga", "cards", "compiled", "pulses"],
    "bench": [
        "analysis_record stimuli design", "analyses phases", "spike_trains presentations images",
        "cycle_deviates spike_sources testbench", "spike_pulses", "synapse_pulses", "file",
    ],
    "analysis": ["counts noise spikes expressions columns", "measurements levels", "readings timing", "measure"],
    "circuits": [
        "sheet elements", "ports request deck", "array", "synapse neuron readout", "network recurrent", "table states",
        "bench_file", "known",
    ],
    "figures": ["style", "waveforms tables maps verdicts sweeps", "page networks"],
    "engines": [
        "noise drift",
        "states validity spike_marks start tolerances differences ending", "netlist spelling outcome agreement",
        "provenance",
        "ngspice vacask array network", "build driven verdict prepare", "pyspice", "simulation", "compare network_both",
    ],
    "sweeps": [
        "record draws units cache", "plan", "targets", "worker batch function_target", "pool result", "foreign specs",
        "sweep indices", "file figure", "page",
    ],
    "papers": [
        "experiment stated", "iv", "fouda2020 milo2018 pedretti2018 zoppo2019", "table", "reproduction", "sensitivity",
    ],
}  # fmt: skip
ENGINES = {"ngspice", "vacask", "array", "network", "pyspice"}
LAZY = {
    "matplotlib", "schemdraw", "pandas", "pyarrow", "h5py", "PySpice", "distributed", "spicelib", "SALib", "rich",
    "scipy", "numba",
}  # fmt: skip
LAZY_COMMANDS = {"__init__.py", "cli/lazy.py"}


def module_name(file: Path) -> str:
    """Return the dotted name of a file of the package, without ``rramcirc.``; of a package, the package's."""
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(file): file for file in sorted(PACKAGE.rglob("*.py"))}
TREES = {module: ast.parse(file.read_text()) for module, file in FILES.items()}


def imports(module: str) -> set[str]:
    """Return the modules of the package that a module imports, anywhere in it."""
    found = set()
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{module}: write imports in full"
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            known = {name for name in inner if name.removeprefix("rramcirc.") in FILES}
            found |= known | ({node.module} if known != inner else set())
    return {name.removeprefix("rramcirc.") for name in found if name.startswith("rramcirc.")}


GRAPH = {module: imports(module) for module in FILES}
EDGES = [(a, b) for a, targets in GRAPH.items() for b in sorted(targets)]


def room(module: str) -> str:
    """Return the room in which a module stands."""
    return module.split(".")[0]


def place(module: str) -> str:
    """Return the file or folder inside its room in which a module stands."""
    return (*module.split("."), "")[1]


def test_the_house_has_these_rooms_and_nothing_else() -> None:
    there = {path.name for path in PACKAGE.iterdir() if path.name != "__pycache__"}
    assert there == {*ROOMS, "__init__.py", "__init__.pyi", "__main__.py", "py.typed"}


def test_a_room_imports_only_from_rooms_before_it() -> None:
    level = {name: k for k, name in enumerate(ROOMS)}
    wrong = [f"{a} -> {b}" for a, b in EDGES if a not in ("", "__main__") and level[room(b)] > level[room(a)]]
    assert not wrong, "\n".join(wrong)


def test_nothing_imports_the_door() -> None:
    assert not [a for a, b in EDGES if b == "" and a != "__main__"]


@pytest.mark.parametrize("name", INSIDE)
def test_inside_a_room_imports_run_one_way(name: str) -> None:
    level = {word: k for k, words in enumerate(INSIDE[name]) for word in words.split()}
    inside = {place(module) for module in FILES if room(module) == name and "." in module}
    assert inside == set(level), "the order of the room names other files than there are"
    wrong = []
    for a, b in EDGES:
        here, there = place(a), place(b)
        if room(a) == room(b) == name and here != there and not level[there] < level[here]:
            wrong.append(f"{a} -> {b}")
    assert not wrong, "\n".join(wrong)


def test_engines_are_strangers_but_pyspice_may_use_ngspice() -> None:
    wrong = []
    for a, b in EDGES:
        mine, other = place(a), place(b)
        both = room(a) == room(b) == "engines" and mine in ENGINES and other in ENGINES
        if both and mine != other and (mine, other) != ("pyspice", "ngspice"):
            wrong.append(f"{a} -> {b}")
    assert not wrong, "\n".join(wrong)


def test_there_is_no_circle_of_imports() -> None:
    """A module also needs the packages that it stands in."""
    needs = {a: {t for t in targets if t} for a, targets in GRAPH.items()}
    for module in FILES:
        parts = module.split(".")
        needs[module] |= {".".join(parts[:k]) for k in range(1, len(parts))}
    done: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, " -> ".join((*way[way.index(module) :], module))
        if module not in done:
            for other in sorted(needs[module]):
                visit(other, (*way, module))
            done.add(module)

    for module in FILES:
        visit(module, ())


def test_modules_are_imported_by_name_only_at_the_two_lazy_doors() -> None:
    users = {f.relative_to(PACKAGE).as_posix() for f in FILES.values() if "import_module" in f.read_text()}
    assert users == LAZY_COMMANDS


def imports_numba_itself(module: str) -> bool:
    """Whether a module holds compiled loops, which need numba when they are defined."""
    tree = TREES[module]
    return any(isinstance(n, ast.FunctionDef) and n.decorator_list for n in ast.walk(tree))


@pytest.mark.parametrize("module", FILES)
def test_slow_libraries_are_imported_inside_functions(module: str) -> None:
    tree = TREES[module]
    for node in tree.body:
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        slow = {name.split(".")[0] for name in names} & LAZY
        assert slow <= ({"numba"} if imports_numba_itself(module) else set()), f"{module}: {slow}"


@pytest.mark.parametrize("module", FILES)
def test_an_analysis_is_asked_and_not_looked_up_by_its_class(module: str) -> None:
    """A new analysis says itself what it is; engines and dialects find their function for it in a table."""
    records = {record.__name__ for record in ANALYSES} | {"Analysis", "AnalysisRecord", "ANALYSES"}
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "isinstance":
            named = {part.id for part in ast.walk(node.args[1]) if isinstance(part, ast.Name)}
            assert not named & records, f"{module}: {ast.unparse(node)}"
            assert not ast.unparse(node.args[0]).endswith("analysis"), f"{module}: {ast.unparse(node)}"


def test_rooms_are_on_the_map() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    for before, after in pairwise(ROOMS):
        assert text.index(f"`{before}/`") < text.index(f"`{after}/`"), "CONTRIBUTING's map has another order"
