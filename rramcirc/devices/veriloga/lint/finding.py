"""One thing that the lint found, with place and remedy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rramcirc.devices.veriloga.lexer import Word

#: How a state is kept so that every analysis of ngspice and VACASK agrees.
STATE_FORM = (
    "electrical s;  x = x_ini + V(s);  f = rate;  if ($abstime <= 0.0) f = -V(s);  "
    "I(s) <+ ddt(V(s));  I(s) <+ -f;   (x_ini is a parameter, rate is dx/dt)"
)


@dataclass(frozen=True)
class Finding:
    """One finding.

    Attributes
    ----------
    rule
        Name of the rule, for example ``hidden-state``.
    severity
        ``"error"``: refused, or wrong results; ``"warning"``: works, but not everywhere.
    path, line
        Where.
    text
        What is there and what becomes of it.
    instead
        What to write.
    fixable
        Whether `fix` does it.
    offset
        Of the word in its file; -1 if a macro made it.
    """

    rule: str
    severity: str
    path: Path
    line: int
    text: str
    instead: str
    fixable: bool = False
    offset: int = -1


def found(
    rule: str, at: Word, text: str, instead: str, *, severity: str = "error", fixable: bool | None = None
) -> Finding:
    """Return a finding at a word; `fixable` is false for most words that a macro made."""
    own = at.start >= 0 or (rule == "attribute" and at.origin >= 0)
    return Finding(rule, severity, at.path, at.line, text, instead, bool(fixable) and own, at.start)
