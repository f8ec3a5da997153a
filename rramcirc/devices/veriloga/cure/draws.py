"""Random draws inside a model become a terminal ``nz`` whose voltage is the standard normal deviate of the cycle."""

from __future__ import annotations

from collections.abc import Iterator

from rramcirc.devices.veriloga.cure.places import Places
from rramcirc.devices.veriloga.lint.fix import Repair
from rramcirc.devices.veriloga.lint.records import LintModule
from rramcirc.devices.veriloga.lint.tree import Node, walk
from rramcirc.devices.veriloga.lint.words import bodies, free_variable

# 2 Phi(z) - 1 of the normal distribution Phi to 0.02
_UNIFORM = "tanh(0.7978845608 * V({nz}))"


def draw_repairs(places: Places, module: LintModule) -> Iterator[Repair]:
    """Yield the repairs that take ``$rdist_normal`` and its kin out of a module.

    Parameters
    ----------
    places
        Of its file.
    module
        The module.
    """
    calls = [
        n for body in bodies(module) for n in walk(body)
        if n.kind in ("call", "name") and places.is_own(n.at) and _is_draw(n)
    ]  # fmt: skip
    if not calls or not places.is_own(module.header_end):
        return
    nz = "nz" if "nz" in module.ports else free_variable("nz", module)
    for call in calls:
        arguments = places.arguments(call) if call.kind == "call" else []
        end = places.close(call.at.start) if call.kind == "call" else call.at.start + len(call.text)
        yield places.replace(
            call.at.start, end, _deviate(call.text, arguments, nz),
            f"{call.text} follows the terminal {nz} (1 V is one standard deviation; grounded it is the mean)",
        )  # fmt: skip
    if nz in module.ports:
        return
    close = places.clean.rfind(")", 0, module.header_end.start)
    ansi = any(word.text in ("inout", "input", "output") for word in places.words
               if module.at.start < word.start < close)  # fmt: skip
    what = f"terminal {nz} for the deviate of the cycle"
    yield places.insert(close, f", inout electrical {nz}" if ansi else f", {nz}", what)
    if not ansi:
        yield places.insert(module.header_end.start + 1, f" inout {nz}; electrical {nz};", what)


def _is_draw(node: Node) -> bool:
    name = node.text
    if name in ("$random", "$arandom"):
        return True
    return name in ("$rdist_normal", "$dist_normal", "$rdist_uniform", "$dist_uniform") and len(node.parts) == 3


def _deviate(name: str, arguments: list[str], nz: str) -> str:
    uniform = _UNIFORM.format(nz=nz)
    if name in ("$random", "$arandom"):
        return f"(2147483647.0 * {uniform})"
    first, second = arguments[1:3]
    if name.endswith("normal"):
        return f"({first} + ({second}) * V({nz}))"
    return f"({first} + (({second}) - ({first})) * 0.5 * (1.0 + {uniform}))"
