"""What openvaf-r or ngspice will not take in a Verilog-A file, or will quietly get wrong.

The words of `preprocessor` are read by `parser` and `modules`; rules stand in `words` (words and
declarations), `states` (hidden states), `numbers` (integrals, exponentials, scales) and `currents`; `fix` does what
can be done mechanically. This is the door.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rramcirc.devices.veriloga.lint.currents import current_findings
from rramcirc.devices.veriloga.lint.finding import Finding
from rramcirc.devices.veriloga.lint.modules import read_lint_modules
from rramcirc.devices.veriloga.lint.numbers import number_findings
from rramcirc.devices.veriloga.lint.records import LintModule
from rramcirc.devices.veriloga.lint.states import state_findings
from rramcirc.devices.veriloga.lint.words import word_findings
from rramcirc.devices.veriloga.preprocessor import Source, read_source

_DEEPEST_CALLS = 20_000


@dataclass(frozen=True)
class Lint:
    """A Verilog-A file as the lint sees it."""

    source: Source
    modules: tuple[LintModule, ...]
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings that make the model fail or lie."""
        return tuple(f for f in self.findings if f.severity == "error")


def lint(path: Path | str, text: str | None = None) -> Lint:
    """Check a Verilog-A file without compiling it.

    Parameters
    ----------
    path
        The .va file.
    text
        What stands in it, if that is not what the disk holds.

    Returns
    -------
    Lint
        Findings in the order of the lines, those of the file itself first.

    Raises
    ------
    ModelCompileError
        If the file cannot be read.
    """
    source = read_source(path, text)
    with _deep_recursion():
        modules = read_lint_modules(source)
        findings = list(word_findings(source, modules))
        for module in modules:
            findings += state_findings(module)
            findings += number_findings(module)
            findings += current_findings(module)
    once = dict.fromkeys(findings)
    ordered = sorted(once, key=lambda f: (f.path != source.root, str(f.path), f.line))
    return Lint(source, tuple(modules), tuple(ordered))


@contextmanager
def _deep_recursion() -> Iterator[None]:
    """Let functions call themselves as deeply as statements may stand inside one another."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _DEEPEST_CALLS))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


__all__ = ["Finding", "Lint", "lint"]
