"""The layers of the package: a module imports only from its own or a lower layer."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LAYERS = [
    ["errors"],
    ["units", "paths", "child"],
    ["devices"],
    ["stimuli", "rawfile", "spike_trains", "spike_sources"],
    ["design", "waveforms", "rawformats"],
    ["analyses", "testbench", "elements", "netlist", "expressions"],
    ["driven"],
    ["benchfile", "benchwrite", "benchvalues", "noise", "measurements", "readings", "spikes"],
    ["circuits"],
    ["ngspice", "vacask", "behavioural"],
    ["runs"],
    ["simulation"],
    ["compare"],
    ["figure"],
    ["plotting", "charts", "page", "schematics", "maps"],
    ["studies"],
    ["experiments"],
    ["doctor"],
    ["cli"],
]
LEVEL = {name: k for k, names in enumerate(LAYERS) for name in names}
LAZY = {"matplotlib", "schemdraw", "pandas", "plotly", "PySpice", "spicelib", "rich", "scipy", "numba"}
MAY_IMPORT_AT_TOP = {("devices/compiled.py", "numba"), ("devices/osdi_kernels.py", "numba")}
_KERNELS = ["lines", "schur", "merge", "reduce", "moving_kernels", "parallel_kernels"]
_KERNELS += ["balance_kernels", "history_kernels"]
_KERNELS += ["network_kernel", "network_events", "stdp_network"]
MAY_IMPORT_AT_TOP |= {(f"behavioural/{name}.py", "numba") for name in _KERNELS}
STRANGERS = {"ngspice", "vacask", "behavioural"}
# allowed to look up: the dispatcher of dialects and the interoperation with PySpice, lazily
UPWARD = {("netlist", "circuits"), ("circuits", "ngspice"), ("circuits", "simulation"), ("circuits", "runs")}

FILES = sorted((ROOT / "rramcirc").rglob("*.py"))


def imports(tree: ast.AST) -> list[tuple[str, bool]]:
    """Return (module, at top level) of every import."""
    top = {id(node) for node in ast.iter_child_nodes(tree)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, id(node) in top) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append((node.module, id(node) in top))
            if node.module == "rramcirc":
                found += [(f"rramcirc.{alias.name}", id(node) in top) for alias in node.names]
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(ROOT)))
def test_module_imports_only_from_its_own_or_lower_layers(file: Path) -> None:
    name = file.relative_to(ROOT / "rramcirc").parts[0].removesuffix(".py")
    if name in ("__init__", "__main__"):
        return
    assert name in LEVEL, f"{name} stands in no layer of this test; add it where it belongs"
    for module, at_top in imports(ast.parse(file.read_text())):
        parts = module.split(".")
        if parts[0] == "rramcirc" and len(parts) > 1 and parts[1] in LEVEL:
            lower = LEVEL[parts[1]] <= LEVEL[name] and not (parts[1] in STRANGERS and name in STRANGERS - {parts[1]})
            assert lower or (not at_top and (name, parts[1]) in UPWARD), f"{name} must not import {module}"


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(ROOT)))
def test_slow_libraries_are_imported_inside_functions(file: Path) -> None:
    place = file.relative_to(ROOT / "rramcirc").as_posix()
    for module, at_top in imports(ast.parse(file.read_text())):
        library = module.split(".")[0]
        if library in LAZY and at_top:
            assert (place, library) in MAY_IMPORT_AT_TOP, f"{place} imports {library} at the top"
