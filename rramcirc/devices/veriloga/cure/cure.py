"""The cure of a Verilog-A file: what `fix` does word by word, and what needs the meaning of the model.

Each step reads the file anew: draws become a terminal, events conditions, integrals and hidden variables states.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rramcirc.devices.veriloga.cure.draws import draw_repairs
from rramcirc.devices.veriloga.cure.early import early_repairs
from rramcirc.devices.veriloga.cure.events import bound_repairs, event_repairs, integrates
from rramcirc.devices.veriloga.cure.integrals import integral_repairs
from rramcirc.devices.veriloga.cure.places import Places, apply
from rramcirc.devices.veriloga.cure.states import StateCure
from rramcirc.devices.veriloga.cure.vectors import element_repairs, loop_repairs
from rramcirc.devices.veriloga.lint.finding import Finding
from rramcirc.devices.veriloga.lint.fix import Repair, move_includes, repair_text, unused_net_repairs
from rramcirc.devices.veriloga.lint.lint import lint
from rramcirc.devices.veriloga.lint.records import LintModule

_MOST_LOOPS = 50
Step = Callable[[Places, LintModule], list[Repair]]


@dataclass(frozen=True)
class Cure:
    """A cured file.

    Attributes
    ----------
    text
        What to write.
    repairs
        Every change with its line and reason, in the order in which they were made.
    left
        Errors that are still there.
    """

    text: str
    repairs: tuple[Repair, ...]
    left: tuple[Finding, ...]


def cure(path: Path | str, target: Path | None = None) -> Cure:
    """Return the text of a Verilog-A file, cured as far as can be, what was changed, and what was not.

    Parameters
    ----------
    path
        The .va file; it is not changed.
    target
        Where the text will be written; relative includes are rewritten to it.

    Raises
    ------
    ModelCompileError
        If the file cannot be read.
    """
    steps: tuple[Step, ...] = (
        loop_repairs,
        element_repairs,
        lambda places, module: list(draw_repairs(places, module)),
        integral_repairs,
        early_repairs,
        lambda places, module: StateCure(places, module).repairs(),
        lambda places, module: list(event_repairs(places, module)),
    )
    given = lint(path)
    if any(integrates(module) for module in given.modules):
        steps = (*steps, bound_repairs)
    text, done = repair_text(path, given.source.text, but=("idt",))
    for step in steps:
        for _ in range(_MOST_LOOPS if step is loop_repairs else 1):
            found = lint(path, text)
            places = Places(found)
            made = [r for module in found.modules if places.is_own(module.at) for r in step(places, module)]
            text = apply(text, made)
            done += made
            if not made:
                break
    while made := unused_net_repairs(lint(path, text)):
        text = apply(text, made)
        done += made
    text, more = repair_text(path, text)
    left = lint(path, text).errors
    if target is not None:
        text = move_includes(text, Path(path).parent, target.parent)
    return Cure(text, (*done, *more), left)
