"""Netlists that rramcirc did not just make: check them, bring them into a run folder, make them leave waves.raw.

A netlist may end in any of three ways, and gets what it lacks, before its ``.end``:

* no control block runs an analysis (only ``.tran`` and the like, ``.print``, ``.plot``): ``run waves.raw``, which
  writes while it simulates. With ``.meas`` or ``.four`` lines, which need the vectors in memory, ``run``, then all
  plots are written to waves.raw; what was measured is read from ngspice.log.
* its control block runs analyses: it is left as it is, and before each ``quit`` and at its end all plots that are in
  memory are written to waves.raw, one for each analysis in the order in which they ran.
* its control block writes waves.raw itself, as those of rramcirc do: nothing, but ``run waves.raw`` of a netlist with
  ``.meas`` lines becomes ``run`` and a ``write``. One that runs straight into a file of
  another name (``run other.raw``) keeps that name, and waves.raw is another name of the last such file.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rramcirc.basics.errors import NetlistError, ParameterError, cannot_write, shown
from rramcirc.basics.units import spice_number
from rramcirc.engines.ngspice.data_files import used_files
from rramcirc.engines.ngspice.lines import Line, include_name, included, read_all, words
from rramcirc.engines.ngspice.loops import endless_loop
from rramcirc.engines.ngspice.measured import later_measurements, requested
from rramcirc.engines.ngspice.overlooked import check_options, check_own_options, overlooked, sources_that_go_back
from rramcirc.engines.ngspice.result import RAW_FILE, Expected
from rramcirc.engines.ngspice.scan import check_foreign

ANALYSES = ("op", "dc", "ac", "tran", "noise", "disto", "pz", "sens", "tf", "sp", "pss")
RUNNING = frozenset((*ANALYSES, "run"))
_SAVE_WORDS = words("all allv alli nosub nointernals none")
_WRITE_ALL = f"""unset appendwrite
set filetype=binary
foreach rramcirc_plot $plots
  strcmp rramcirc_order $rramcirc_plot const
  if $rramcirc_order <> 0
    setplot $rramcirc_plot
    write {RAW_FILE}
    set appendwrite
  end
end""".split("\n")


@dataclass(frozen=True)
class Deck:
    """A netlist as it will run: its text, the files that it reads when it runs, and what must come out of it.

    `files` are (file, its name seen from the run folder). `reads` are the folders that it may read if it is not
    trusted, None if it is.
    """

    content: bytes
    files: tuple[tuple[Path, str], ...]
    expected: Expected
    reads: tuple[Path, ...] | None = None

    @property
    def sha256(self) -> str:
        """SHA-256 of the text."""
        return hashlib.sha256(self.content).hexdigest()

    def write(self, target: Path) -> None:
        """Write the netlist, and its files beside it."""
        for file, name in self.files:
            copy = target.parent / name
            try:
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, copy)
            except OSError as error:
                raise cannot_write(copy, error) from error
        try:
            target.write_bytes(self.content)
        except OSError as error:
            raise cannot_write(target, error) from error


def read_foreign(
    source: Path,
    options: Mapping[str, str] | None = None,
    temperature: float | None = None,
    trust: bool = False,
    allow_read: Sequence[Path | str] | Path | str = (),
    *,
    limited: bool = True,
) -> Deck:
    """Read and check a netlist, and make it leave waves.raw in whatever folder it is written to.

    Parameters
    ----------
    source
        The netlist. Names of included files become absolute; compiled models and data files go with it.
    options, temperature
        Simulator options and ambient temperature [K]; they win over those of the netlist.
    trust
        Do not look for what reaches outside its folder.
    allow_read
        Folders beside its own that it may read, such as that of a design kit.
    limited
        If the run has a time limit. Without one, a control block that can never end is refused.

    Raises
    ------
    NetlistError
        If the file cannot be read, has no analysis, never ends, reaches outside its folder, or sets in its control
        block what is to be set here.
    ParameterError
        If an option is none of ngspice.
    """
    allow_read = (allow_read,) if isinstance(allow_read, (str, Path)) else tuple(allow_read)
    for folder in allow_read:
        if not Path(folder).is_dir():
            raise NetlistError(f"allow_read: {folder} is no folder. Name one that the netlist may read.")
    lines = read_all(source) if trust else check_foreign(source, allow_read)
    commands = [line for line in lines if line.kind == "command"]
    if not any(line.head in RUNNING or (line.kind == "card" and line.head[1:] in ANALYSES) for line in lines):
        raise NetlistError(f"{source} has no analysis: give it a line such as .op, .dc, .ac or .tran.")
    if not limited and not trust and (loop := endless_loop(commands)):
        raise NetlistError(
            f"{source} may never end: {loop}. Give it a time limit, --timeout 60, or run it with --trust."
        )
    check_own_options(lines)
    extra = _settings({} if options is None else options, temperature, commands, source)
    rows = source.read_bytes().decode("utf-8", "surrogateescape").split("\n")
    _includes_absolute(rows, lines, source)
    files = used_files(lines, source, rows)
    ending = _ending(lines, commands)
    if any(line.kind == "card" and line.head.startswith(".meas") for line in lines):
        _keep_in_memory(rows, [line for line in commands if line.file == source], later_measurements(lines))
    if any("rramcirc_plot" in row for row in ending):
        _write_before_quit(rows, [line for line in commands if line.file == source])
    _add_before_end(rows, [*extra, *ending])
    celsius = None if temperature is None else temperature - 273.15
    content = "\n".join(rows).encode("utf-8", "surrogateescape")
    folders = (source.parent, source.resolve().parent, *allow_read)
    reads = None if trust else tuple(dict.fromkeys(Path(folder).resolve() for folder in folders))
    return Deck(content, tuple(files), _expected(lines, commands, celsius), reads)


def transient_stop(netlist: Path) -> float | None:
    """Return the stop time [s] of a netlist's transient analysis, None if there is none or it is an expression."""
    return _stop(read_all(netlist))


def _settings(
    options: Mapping[str, str], temperature: float | None, commands: Sequence[Line], source: Path
) -> list[str]:
    """Return the lines that set options and temperature; ngspice takes the last of several."""
    check_options(options)
    number = isinstance(temperature, (int, float)) and not isinstance(temperature, bool)
    if temperature is not None and not (number and 0 < temperature < 1e5):
        raise ParameterError(f"temperature: {shown(temperature)} is not a positive number of kelvin.")
    rows = [f".options {name}={value}".lower().rstrip("=") for name, value in options.items()]
    if temperature is not None:
        rows.append(f".temp {temperature - 273.15:.10g}")
    chosen = {str(name).lower() for name in options} | ({"temp"} if temperature is not None else set())
    for line in commands:
        both = chosen & set(re.findall(r"\w+", line.text.lower())) if line.head in ("set", "option") else set()
        if both:
            raise NetlistError(
                f"{source}: {line.where} sets {min(both)} itself when it runs, so it cannot be set from outside. "
                "Take that line out, or leave the option away."
            )
    return ["* set for this run", *rows] if rows else []


def _ending(lines: Sequence[Line], commands: Sequence[Line]) -> list[str]:
    """Return the lines that make the netlist run and leave waves.raw."""
    runs = [line for line in commands if line.head in RUNNING]
    memory = [line for line in lines if line.kind == "card" and line.head.startswith((".meas", ".four"))]
    threads = [] if any("num_threads" in line.text for line in commands) else ["pre_set num_threads=1"]
    if any(_writes(line) == RAW_FILE for line in commands):
        rest = [] if any(_quits(line) for line in commands) else ["quit $sim_status"]
    elif runs:
        rest = [*_WRITE_ALL, "quit $sim_status"]
    elif memory:
        fourier = [f"fourier {' '.join(line.words[1:])}" for line in memory if line.head.startswith(".four")]
        rest = ["run", *fourier, *later_measurements(lines), *_WRITE_ALL, "quit $sim_status"]
    else:
        rest = [f"run {RAW_FILE}", "quit $sim_status"]
    saves = [] if runs else _printed_parameters(lines)
    control = [".control", *threads, *rest, ".endc"] if rest or threads else []
    return ["* added so that it leaves waves.raw", *saves, *control] if control else []


def _printed_parameters(lines: Sequence[Line]) -> list[str]:
    """Return a .save line for device parameters such as ``@m1[id]`` that only .print and .plot name."""
    cards = [line for line in lines if line.kind == "card"]
    if any(line.head == ".save" for line in cards):
        return []
    printed = " ".join(line.text for line in cards if line.head in (".print", ".plot"))
    names = re.findall(r"(?<![^\s()])[^@\s()]*+(@[^\s()]+\[\w+\])", printed)
    return [f".save all {' '.join(dict.fromkeys(names))}"] if names else []


def _expected(lines: Sequence[Line], commands: Sequence[Line], celsius: float | None) -> Expected:
    """Return what the raw file and the log must show."""
    cards = list(_top_level_cards(lines))
    runs_cards = not any(line.head in RUNNING for line in commands) or any(line.head == "run" for line in commands)
    analyses = [line.head[1:] for line in cards if line.head[1:] in ANALYSES and line.head[0] == "."]
    files = [name for line in commands if (name := _writes(line))]
    return Expected(
        vectors=tuple(_saved(cards, commands)),
        stop=_stop(lines),
        analyses=tuple(dict.fromkeys(analyses)) if runs_cards else (),
        celsius=celsius,
        files=tuple(dict.fromkeys(files)),
        own_stepping=any(line.head == "optran" for line in commands),
        foreign=True,
        backward=tuple(sources_that_go_back(lines)),
        measurements=requested(lines),
        remarks=tuple(overlooked(lines)),
    )


def _top_level_cards(lines: Sequence[Line]) -> Iterator[Line]:
    depth = 0
    for line in lines:
        if line.kind == "card":
            depth += line.head in (".subckt", ".macro")
            if depth == 0:
                yield line
            depth -= depth > 0 and line.head in (".ends", ".eom")


def _saved(cards: Sequence[Line], commands: Sequence[Line]) -> Iterator[str]:
    """Yield the vectors that the netlist asks for by name."""
    for line in (*cards, *commands):
        if line.head in (".save", "save"):
            names = re.findall(r"[^\s,()]*\([^()]*\)|[^\s,()]+", " ".join(line.words[1:]).lower())
            plain = ("".join(name.split()) for name in names)
            yield from (name for name in plain if name not in _SAVE_WORDS and not re.search(r"[{}$=*]", name))


def _stop(lines: Sequence[Line]) -> float | None:
    """Return the smallest stop time of all transient analyses [s], None if one may end elsewhere."""
    if any(line.head in ("stop", "resume") for line in lines if line.kind == "command"):
        return None
    if any(line.head.startswith(".opt") and "autostop" in line.text.lower() for line in lines if line.kind == "card"):
        return None
    found = [line.words for line in lines if (line.kind, line.head) in (("card", ".tran"), ("command", "tran"))]
    stops = [spice_number(parts[2]) if len(parts) > 2 else None for parts in found]
    return None if not stops or None in stops else min(s for s in stops if s is not None)


def _writes(line: Line) -> str:
    """Return the raw file that a command writes, '' if it writes none."""
    return line.words[1].strip("\"'") if line.head in ("run", "write") and len(line.words) > 1 else ""


def _quits(line: Line) -> bool:
    return line.head in ("quit", "exit")


def _write_before_quit(rows: list[str], commands: Sequence[Line]) -> None:
    for line in reversed(commands):
        if _quits(line):
            rows[line.number - 1 : line.number - 1] = _WRITE_ALL


def _keep_in_memory(rows: list[str], commands: Sequence[Line], measurements: Sequence[str]) -> None:
    """Let ``run waves.raw``, which keeps nothing to measure in memory, be ``run`` and write waves.raw afterwards."""
    for line in commands:
        if line.head == "run" and _writes(line) == RAW_FILE:
            rows[line.number - 1] = "\n".join(["run", *measurements, *_WRITE_ALL])


def _includes_absolute(rows: list[str], lines: Sequence[Line], source: Path) -> None:
    """Let relative names of included files lead to where they are, as the copy of the netlist stands elsewhere."""
    for line in lines:
        targets = included(line, [source.parent]) if line.kind == "include" and line.file == source else []
        for target in targets[:1]:
            name = rf"^([\s+]*+\S++\s++)([\"']?){re.escape(include_name(line))}\2"
            k, full = line.number - 1, str(target.resolve()).replace("\\", r"\\")
            rows[k] = re.sub(name, rf'\1"{full}"', rows[k])


def _add_before_end(rows: list[str], extra: Sequence[str]) -> None:
    if not extra:
        return
    ends = [k for k, row in enumerate(rows) if re.match(r"\s*(?:\.end(?:\s|$)|@)", row, re.IGNORECASE)]
    place = ends[0] if ends else len(rows)
    rows[place:place] = [*extra, *([] if ends else [".end", ""])]
