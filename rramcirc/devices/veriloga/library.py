"""Verilog-A models: the library, what a file declares, and the compiled file.

Text goes one way: `text` reads files, `lexer` makes words, `preprocessor` does includes, conditions and macros. From
these words `declaration_reader` makes the records of `declarations` (values by `constants`), and the lint its findings.
`compile` runs the compiler, `osdi` reads what it made. This is the door; `lint` has its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rramcirc.basics import paths
from rramcirc.basics.errors import ModelCompileError, ParameterError, shown, unknown_name
from rramcirc.devices.veriloga.compile import CompiledModel, compile_module, compiler_version, is_known_osdi
from rramcirc.devices.veriloga.declaration_reader import read_modules
from rramcirc.devices.veriloga.declarations import Interval, Module, OpVariable, Parameter

__all__ = [
    "CompiledModel", "Interval", "Module", "OpVariable", "Parameter", "compile_module", "compiler_version",
    "find_module", "is_known_osdi", "library", "path_label", "read_modules",
]  # fmt: skip


def library() -> dict[str, Path]:
    """Return the modules of the library: name and file, sorted by name."""
    files = sorted(paths.verilog_a_folder().glob("*.va"))
    return dict(sorted((module.name, file) for file in files for module in read_modules(file)))


def find_module(name_or_path: str | Path, search: Sequence[Path] = ()) -> Module:
    """Return the declarations of a module, by name or by file.

    Parameters
    ----------
    name_or_path
        A module of the library or of the folders `search`, for example ``rram_filament``, or a file ending in ``.va``.
        A relative file is looked up in the folders `search` first, then in the working folder.
    search
        More folders; they come before the library.

    Raises
    ------
    ParameterError
        If no module has that name; with the nearest names.
    ModelCompileError
        If the file cannot be read or declares more than one module.
    """
    if isinstance(name_or_path, Path) or str(name_or_path).endswith(".va"):
        return _only_module(Path(name_or_path), search)
    if not isinstance(name_or_path, str):
        raise ParameterError(f"{shown(name_or_path)} is no module name or .va file.")
    for folder in (*map(Path, search), paths.verilog_a_folder()):
        # the file of that name first; a folder of the user may hold files that are none of our business
        files = [folder / f"{name_or_path}.va", *sorted(folder.glob("*.va"))]
        for file in files:
            if name_or_path in _text_or_nothing(file):
                for module in read_modules(file):
                    if module.name == name_or_path:
                        return module
    known = [*library(), *(file.stem for folder in search for file in Path(folder).glob("*.va"))]
    raise ParameterError(unknown_name("Verilog-A module", name_or_path, set(known), "`rramcirc models` lists all."))


def _text_or_nothing(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _only_module(file: Path, search: Sequence[Path]) -> Module:
    for folder in search:
        if (Path(folder) / file).is_file():
            file = Path(folder) / file
            break
    modules = read_modules(file)
    if len(modules) > 1:
        names = ", ".join(m.name for m in modules)
        raise ModelCompileError(f"{file} declares {len(modules)} modules ({names}). Keep one module a file.")
    return modules[0]


def path_label(path: Path) -> str:
    """Return how a message names a file: ``verilog-a/x.va`` and ``models/x.toml`` for the library's own.

    Examples
    --------
    >>> path_label(paths.verilog_a_folder() / "rram_filament.va")
    'verilog-a/rram_filament.va'
    """
    for folder in (paths.verilog_a_folder(), paths.models_folder()):
        if path.is_relative_to(folder):
            return f"{folder.name}/{path.relative_to(folder)}"
    return str(path)
