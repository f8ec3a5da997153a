"""Take a command line apart as ngspice does, and put its $variables into its words.

The rules are those of ngspice 46 (csh's, nearly): ``<``, ``>``, ``;`` and ``&`` are words of their own, single quotes
vanish, double quotes stay, a backslash vanishes without protecting what follows, and a semicolon in parentheses parts
nothing.
"""

from __future__ import annotations

import re

_ALONE = "<>;&"
_QUOTED = {c: re.compile(rf"(?:[^{c}\\]|\\.)*\\?{c}?") for c in '"`'}  # up to the next that no backslash precedes
_ESCAPE = re.compile(r"\\(.)")
_OF_A_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789$-_<#?@.()[]&")
_BRACED = re.compile(r"\{([^{},;<>&`]*)\}")


def split_words(text: str) -> list[str]:
    """Return the words of a command line."""
    found: list[str] = []
    word: list[str] = []
    inside = 0
    k = 0

    def end() -> None:
        if word:
            found.append("".join(word))
            word.clear()

    while k < len(text):
        c = text[k]
        k += 1
        if c == "\\":
            if k == len(text):
                break
            c = text[k]
            k += 1
        if c in "([":
            inside += 1
        elif c in ")]":
            inside -= 1
        if c in " \t":
            end()
        elif c == "'":
            until = text.find(c, k)
            part = text[k:] if until < 0 else text[k:until]
            k = len(text) if until < 0 else until + 1
            word.extend([part] if part else [])
        elif c in '"`':
            quoted = _QUOTED[c].match(text, k)
            part = quoted[0] if quoted else ""
            k += len(part)
            word.append(c + _ESCAPE.sub(r"\1", part))
        elif c == "," and inside < 1 and word:
            end()
        elif (
            (c == ";" and inside > 0)
            or (c == "&" and word and word[-1].endswith("$"))
            or (c in "<>" and not word and text[k : k + 1] == "=")
            or c not in _ALONE
        ) or (c == "<" and word and word[-1].endswith("$")):
            word.append(c)
        else:
            end()
            found.append(c)
    end()
    return found


def statements(parts: list[str]) -> list[list[str]]:
    """Return the commands of a line: what semicolons part."""
    found: list[list[str]] = [[]]
    for part in parts:
        if part == ";":
            found.append([])
        else:
            found[-1].append(part)
    return [part for part in found if part]


def references(word: str) -> list[tuple[int, int]]:
    """Return where the $variables of a word stand: (place of the dollar sign, end)."""
    found = []
    k = word.find("$")
    while k >= 0:
        end = _end_of_name(word, k + 1)
        found.append((k, end))
        k = word.find("$", max(end, k + 1))
    return found


def _end_of_name(word: str, start: int) -> int:
    k = start
    depth = {"[": 0, "(": 0}
    while k < len(word) and word[k] in _OF_A_NAME:
        c = word[k]
        k += 1
        if c in depth:
            depth[c] += 1
        elif c in "])":
            opening = "[" if c == "]" else "("
            if depth[opening] <= 0:
                return k - 1
            depth[opening] -= 1
            if depth[opening] <= 0:
                return k
        elif c == "$" and not any(depth.values()):
            return k if k == start + 1 else k - 1
    return k


def without_braces(word: str) -> str | None:
    """Return a word with braces that make one word of it taken away, None if they make several or none."""
    bare = _BRACED.sub(r"\1", word)
    return None if "{" in bare else bare


def unquoted(word: str) -> str:
    """Return a word without the double quotes around it."""
    return word[1:-1] if len(word) > 1 and word[0] == word[-1] == '"' else word


def assignments(parts: list[str]) -> list[tuple[str, list[str]]]:
    """Return what the words of ``set`` or ``.options`` set: (name, values); a name that stands alone has none."""
    found: list[tuple[str, list[str]]] = []
    rest = list(reversed(parts))
    while rest:
        name, equals, value = unquoted(rest.pop()).partition("=")
        if not equals and not (rest and rest[-1].startswith("=")):
            found.append((name, []))
            continue
        if not equals:
            value = rest.pop()[1:]
        if not value:
            if not rest:
                break
            value = rest.pop()
        if value != "(":
            found.append((name, [unquoted(value)]))
            continue
        found.append((name, []))
        depth = 1
        while rest:
            part = rest.pop()
            depth += (part == "(") - (part == ")")
            if not depth:
                break
            found[-1][1].append(unquoted(part))
    return found
