"""Dialects of netlists: what ngspice is told so that it reads what another simulator's users wrote."""

from __future__ import annotations

import re

from rramcirc.basics.errors import NetlistError, ParameterError, unknown_name

#: Dialect -> ngspice's `ngbehavior`; the last letter asks that the whole netlist be translated, not its includes only.
DIALECTS = {"ngspice": "", "ltspice": "lta", "hspice": "hsa", "pspice": "psa"}
_SIGNS = {
    "ltspice": re.compile(r"^[ \t]*\.backanno\b|^\* .*\.asc[ \t]*$", re.I | re.M),
    "hspice": re.compile(
        r"^[ \t]*\.(?:hdl|alter|protect|unprotect)\b|^[ \t]*\.opt\w*[^\n]*\b(?:post|runlvl|ingold)\b", re.I | re.M
    ),
    "pspice": re.compile(r"^\*\$[ \t]*$|^[ \t]*\.(?:stmlib|aliases|endaliases)\b", re.I | re.M),
}
_LIBRARY = re.compile(r"^[ \t]*\.lib[ \t]+\S+[ \t]*$", re.I | re.M)


def behaviour_of(dialect: object) -> str:
    """Return what `ngbehavior` is for a dialect.

    Raises
    ------
    ParameterError
        If it is none of `DIALECTS`.
    """
    if not isinstance(dialect, str) or dialect not in DIALECTS:
        raise ParameterError(unknown_name("dialect", str(dialect), DIALECTS))
    return DIALECTS[dialect]


def recognised(text: str) -> tuple[str, int]:
    """Return the dialect that a netlist shows by words that only it has, and their line; nothing for any other.

    Examples
    --------
    >>> recognised("divider\\nv1 a 0 1\\n.backanno\\n.end\\n")
    ('ltspice', 3)
    """
    for dialect, sign in _SIGNS.items():
        if match := sign.search(text):
            return dialect, text.count("\n", 0, match.start()) + 1
    return "", 0


def check_dialect(text: str, dialect: str) -> None:
    """Refuse what a dialect reads in another way than the scan of statements does.

    Raises
    ------
    NetlistError
        If a ``.lib NAME`` would read a file.
    """
    match = _LIBRARY.search(text) if behaviour_of(dialect) else None
    if match:
        line = text.count("\n", 0, match.start()) + 1
        raise NetlistError(
            f"line {line}: {match[0].strip()} reads a file in the dialect {dialect}. Write .include, or run it with "
            "--trust if you trust it."
        )
