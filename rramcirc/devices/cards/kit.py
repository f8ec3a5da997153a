"""Transistors of design kits: what a file of models holds, section by section, and the lines that one device needs.

A kit has hundreds of binned models, of which a circuit needs those of its own w and l. Where a model is nothing but
numbers these lines are taken out, so that ngspice does not read megabytes at every run.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rramcirc.basics.errors import ParameterError, unknown_name
from rramcirc.basics.mistakes import Mistakes

#: Ends of files that hold models.
KIT_SUFFIXES = (".lib", ".mod", ".model", ".models", ".spice", ".spi", ".sp", ".inc", ".l", ".cir", ".txt")
_SECTION = re.compile(r"^[ \t]*\.lib[ \t]+['\"]?([\w.-]+)['\"]?[ \t]*$", re.I | re.M)
_END = re.compile(r"^[ \t]*\.endl\b.*$", re.I | re.M)
_INCLUDE = re.compile(r"^[ \t]*\.inc(?:lude)?[ \t]+['\"]?([^'\"\n]+?)['\"]?[ \t]*$", re.I | re.M)
_CALL = re.compile(r"^[ \t]*\.lib[ \t]+['\"]?([^'\"\n]+?)['\"]?[ \t]+([\w.-]+)[ \t]*$", re.I | re.M)
_MODEL = re.compile(r"^[ \t]*\.model[ \t]+(\S+)[ \t]+(\w+)", re.I | re.M)
_SUBCIRCUIT = re.compile(r"^[ \t]*\.subckt[ \t]+(\S+)[ \t]+([^\n]*(?:\n[ \t]*\+[^\n]*)*)", re.I | re.M)
# what holds for the whole circuit: with it the lines of a model alone mean something else
_GLOBAL = re.compile(r"^[ \t]*\.(?:option|options|temp)\b", re.I | re.M)
_PAIR = re.compile(r"([a-z_]\w*)[ \t]*=[ \t]*([^\s()]+)", re.I)
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?", re.I)
_MOST_DEEP = 8
_EDGE = 1e-6  # relative: sizes on the border of two bins are in both


@dataclass(frozen=True)
class KitModel:
    """One ``.model``, or one bin of it: its lines, and the range of l and w [m] (``None`` if it has no bins)."""

    name: str
    kind: str
    lines: tuple[str, ...]
    sizes: tuple[float, float, float, float] | None

    def holds(self, w: float, l: float) -> bool:  # noqa: E741
        """Return whether a transistor of that size [m] belongs to this bin."""
        if self.sizes is None:
            return True
        l_min, l_max, w_min, w_max = self.sizes
        return l_min * (1 - _EDGE) <= l <= l_max * (1 + _EDGE) and w_min * (1 - _EDGE) <= w <= w_max * (1 + _EDGE)


@dataclass(frozen=True)
class Kit:
    """What one section of a file holds: models by name in lower case, all bins of a model under its own name.

    Attributes
    ----------
    models
        Name in lower case to model, or to all its bins.
    subcircuits
        Name to terminals and parameters with their defaults.
    whole
        Whether it sets options or the temperature of the circuit (scale, tnom), so that no part of it stands alone.
    files
        What was read, with time and size.
    """

    models: dict[str, tuple[KitModel, ...]]
    subcircuits: dict[str, tuple[tuple[str, ...], dict[str, str]]]
    whole: bool
    files: tuple[tuple[Path, int, int], ...]

    @property
    def transistors(self) -> list[str]:
        """Names that can be a selector: n-channel models, and sub-circuits of four terminals."""
        names = [bins[0].name for bins in self.models.values() if bins[0].kind.lower() == "nmos"]
        return [*names, *(name for name, (terminals, _) in self.subcircuits.items() if len(terminals) == 4)]

    def prefix_of(self, device: str) -> str:
        """Return ``"M"`` for a model, ``"X"`` for a sub-circuit, nothing for what is not there."""
        name = device.lower()
        return "X" if name in {s.lower() for s in self.subcircuits} else "M" if name in self.models else ""


def sections_of(path: Path) -> list[str]:
    """Return the sections of a file, none if it has no ``.lib NAME`` ... ``.endl``."""
    return list(dict.fromkeys(_SECTION.findall(_text(path))))


def read_kit(path: Path, section: str) -> Kit:
    """Return what a section of a file holds, with all that it includes.

    Parameters
    ----------
    path
        The file.
    section
        Its section; empty for a file without sections.

    Raises
    ------
    ParameterError
        If the file, or one that it includes, cannot be read.
    """
    found = _kit(path, section)
    if any(_stamp(file) != (file, *known) for file, *known in found.files):
        _kit.cache_clear()
        found = _kit(path, section)
    return found


def _stamp(path: Path) -> tuple[Path, int, int]:
    try:
        info = os.stat(path)
    except OSError as error:
        raise ParameterError(f"cannot read {path} ({error.strerror}).") from error
    return path, info.st_mtime_ns, info.st_size


@lru_cache(maxsize=16)
def _kit(path: Path, section: str) -> Kit:
    files: list[tuple[Path, int, int]] = []
    text = _section(path, section, 0, files)
    models: dict[str, list[KitModel]] = {}
    for match in _MODEL.finditer(text):
        lines = _lines(text, match.start())
        pairs = {k.lower(): v for k, v in _PAIR.findall(" ".join(lines))}
        name, _, number = match[1].rpartition(".")
        binned = number.isdigit() and {"lmin", "lmax", "wmin", "wmax"} <= pairs.keys()
        base = name if binned else match[1]
        sizes = None
        if binned:
            sizes = (_float(pairs["lmin"]), _float(pairs["lmax"]), _float(pairs["wmin"]), _float(pairs["wmax"]))
        models.setdefault(base.lower(), []).append(KitModel(base, match[2], lines, sizes))
    subcircuits = {}
    for match in _SUBCIRCUIT.finditer(text):
        words = re.sub(r"\n[ \t]*\+", " ", match[2])
        values = dict(_PAIR.findall(words))
        terminals = re.sub(r"\bparams?:", " ", _PAIR.sub(" ", words), flags=re.I).split()
        subcircuits[match[1]] = (tuple(terminals), values)
    bins = {name: tuple(found) for name, found in models.items()}
    return Kit(bins, subcircuits, _GLOBAL.search(text) is not None, tuple(files))


def _lines(text: str, start: int) -> tuple[str, ...]:
    """Return the line at an offset and those that continue it, without comments."""
    lines: list[str] = []
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        line = text[start:end].strip()
        if lines and line and not line.startswith(("+", "*")):
            break
        if line and not line.startswith("*"):
            lines.append(line)
        start = end + 1
    return tuple(lines)


def _section(path: Path, section: str, depth: int, files: list[tuple[Path, int, int]]) -> str:
    """Return the text of a section, with the files that it includes in their places; add them to `files`."""
    if depth > _MOST_DEEP:
        raise ParameterError(f"{path}: files include one another without end.")
    files.append(_stamp(path))
    text = _text(path)
    if section:
        begin = next((m.end() for m in _SECTION.finditer(text) if m[1].lower() == section.lower()), None)
        if begin is None:
            raise ParameterError(f"{path}: {unknown_name('section', section, sections_of(path))}")
        close = _END.search(text, begin)
        text = text[begin : close.start() if close else len(text)]
    text = _INCLUDE.sub(lambda m: _section(path.parent / m[1], "", depth + 1, files), text)
    return _CALL.sub(lambda m: _section(path.parent / m[1], m[2], depth + 1, files), text)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ParameterError(f"cannot read {path} ({error.strerror}).") from error


def _float(text: str) -> float:
    return float(text) if _NUMBER.fullmatch(text) else float("nan")


def needed_lines(path: Path, section: str, device: str, w: float, l: float) -> list[str]:  # noqa: E741
    """Return the ``.model`` lines that a transistor of a size needs; none if the section is needed as a whole.

    Parameters
    ----------
    path, section
        As for `read_kit`.
    device
        Name of the model.
    w, l
        Width and length [m].

    Raises
    ------
    ParameterError
        If the model has bins, and none holds this size.
    """
    kit = read_kit(path, section)
    bins = kit.models.get(device.lower(), ())
    wanted = [model for model in bins if model.holds(w, l)]
    if bins and not wanted:
        known = [b.sizes for b in bins if b.sizes]
        lengths = sorted({(s[0], s[1]) for s in known if s[2] <= w <= s[3]}) or sorted({(s[0], s[1]) for s in known})
        widths = sorted({(s[2], s[3]) for s in known})
        raise ParameterError(
            f"{device} has no bin for w = {w:g} m, l = {l:g} m: w from {widths[0][0]:g} to {widths[-1][1]:g} m, "
            f"l from {lengths[0][0]:g} to {lengths[-1][1]:g} m are there."
        )
    lines = [line for model in wanted for line in model.lines]
    pairs = [value for line in lines for _, value in _PAIR.findall(line)]
    plain = all(_NUMBER.fullmatch(value) or re.fullmatch(r"[\d.]+[a-z]+", value, re.I) for value in pairs)
    return lines if plain and not kit.whole and not any(c in line for line in lines for c in "'{\"") else []


def chosen_device(path: Path, section: str, device: str, mistakes: Mistakes, *place: str) -> tuple[str, str, str]:
    """Return section, device and prefix, with what can be told from the file; mistakes are added to `mistakes`.

    Parameters
    ----------
    path
        The file.
    section, device
        As given, empty if not.
    mistakes, place
        Where mistakes go.
    """
    try:
        known = sections_of(path)
        if len(known) == 1 and not section:
            section = known[0]
        if known and not section:
            mistakes.add(f"section is missing; {path.name} has {', '.join(known)}", *place)
            return section, device, ""
        if section and not known:
            mistakes.add(f"{path.name} has no sections; leave section {section!r} out", *place)
            return section, device, ""
        kit = read_kit(path, section)
    except ParameterError as error:
        mistakes.add(str(error).rstrip("."), *place)
        return section, device, ""
    found = kit.transistors
    if not device and len(found) == 1:
        device = found[0]
    if not device:
        shown = ", ".join(found[:8]) + (f" and {len(found) - 8} more" if len(found) > 8 else "")
        mistakes.add(f"device is missing; {path.name} has {shown or 'no n-channel transistor'}", *place)
        return section, device, ""
    prefix = kit.prefix_of(device)
    if not prefix:
        names = [*(bins[0].name for bins in kit.models.values()), *kit.subcircuits]
        mistakes.add(unknown_name("device", device, names), *place)
    return section, device, prefix
