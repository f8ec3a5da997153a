"""What ngspice overlooks in a netlist without a word: names that nothing answers to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice, pairwise

from rramcirc.basics.errors import NetlistError, ParameterError, nearest, shown, unknown_name
from rramcirc.basics.units import spice_number
from rramcirc.bench.testbench import TOLERANCES
from rramcirc.engines.ngspice.lines import Line, words

_EQUALS = re.compile(r"(?<!\s)\s*+=\s*+")
# What .options takes and the simulation depends on.
OPTIONS = words(
    """
    abstol absdv autopartial autostop badmos3 bypass chgtol convabsstep convlimit convstep copynodesets cptime cshunt
    defad defas defl defm defw epsmin gmin gminfactor gminsteps gshunt indverbosity interp itl1 itl2 itl3 itl4 itl5
    itl6 keepopinfo klu klu_memgrow_factor limpts lteabstol ltereltol ltetrtol maxevtiter maxopalter maxord maxwarns
    method minbreak newtrunc nodedamping noopac noopalter noopiter oldlimit pivrel pivtol ramptime reldv reltol rshunt
    savecurrents scale seed sparse srcsteps tnom trtol trytocompact vntol warn xmu
    """
)
# What the engine numpy takes besides; of the others it knows reltol, and the testbench may be run by ngspice, too.
OF_NUMPY = {"charges": "on or off", "threads": "1 to 64"}
# What it takes and only the printed output depends on; `post` and `probe` are orders to other simulators.
_PRINTING = words(
    """
    acct brief csnumprec filetype ingold list measureprec noacct node nobreak noinit nomod nopage noprintscale
    norefvalue numdgt opts post probe rawfileprec seedinfo statlocal temp width
    """
)


def check_options(options: Mapping[str, object], where: str = "--option", engine: str = "ngspice") -> None:
    """Refuse simulator options that no engine has, or that ngspice would ignore.

    Raises
    ------
    ParameterError
        If a name is none of its options, or a value has characters that no value has.
    """
    if not isinstance(options, Mapping):
        raise ParameterError(f"options: {shown(options)} is not a mapping of names to values.")
    for name, value in options.items():
        known = str(name).lower()
        if known == "temp":
            raise ParameterError(f"{where} temp: .temp would win over it. Set the temperature, in kelvin, instead.")
        if engine == "ngspice" and known in OF_NUMPY:
            raise ParameterError(f"{where}: {known} ({OF_NUMPY[known]}) is an option of the engine numpy.")
        if known not in OPTIONS and known not in OF_NUMPY:
            of = "option of ngspice" if engine == "ngspice" else "option"
            raise ParameterError(f"{where}: {unknown_name(of, str(name), [*OPTIONS, *OF_NUMPY])}")
        if not re.fullmatch(r"[\w.+-]*", str(value), re.ASCII):
            raise ParameterError(f"{where} {name}={value}: write NAME=VALUE, as in --option reltol=1e-5.")


def check_own_options(lines: Sequence[Line]) -> None:
    """Refuse a netlist whose own tolerances are so wide that no result under them means anything.

    Raises
    ------
    NetlistError
        If a ``.options`` line sets one beyond what can be meant; names it and the line.
    """
    for line in lines:
        if line.kind == "card" and line.head.startswith(".opt"):
            for name, text in re.findall(r"(?<!\w)(\w++)\s*+=\s*+([^\s=]++)", line.text.lower()):
                value, most = spice_number(text), TOLERANCES.get(name)
                if value is not None and most is not None and not 0 <= value <= most:
                    raise NetlistError(f"{line.where}: the option {name}={text} cannot be meant: 0 to {most:g}.")


def overlooked(lines: Sequence[Line], most: int = 20) -> list[str]:
    """Return one sentence for each thing that ngspice will not know, and not complain about, `most` at most."""
    cards = [line for line in lines if line.kind == "card"]
    return list(islice(chain(_options(cards), _instance_parameters(cards), _pulses_without_edges(cards)), most))


def sources_that_go_back(lines: Sequence[Line]) -> list[str]:
    """Return the names of PWL sources whose times, where they are plain numbers, go back."""
    found = []
    for line in lines:
        points = re.search(r"\bpwl\s*\(?([^)]*)", line.text, re.IGNORECASE)
        if points is None or line.kind != "card" or line.head[:1] not in ("v", "i"):
            continue
        numbers = points[1].replace(",", " ").split()
        numbers = numbers[: next((k for k, word in enumerate(numbers) if "=" in word), len(numbers))]
        times = [time for word in numbers[::2] if (time := spice_number(word)) is not None]
        if any(later < earlier for earlier, later in pairwise(times)):
            found.append(line.head)
    return found


def _options(cards: Sequence[Line]) -> Iterator[str]:
    for line in cards:
        if line.head.startswith(".opt"):
            for name in _names_before_values(line.words[1:]):
                if name not in OPTIONS | _PRINTING:
                    close = nearest(name, OPTIONS, 1)
                    hint = f" Did you mean {close[0]}?" if close else ""
                    yield f"{line.where}: ngspice has no option {name!r} and ignores it.{hint}"


def _instance_parameters(cards: Sequence[Line]) -> Iterator[str]:
    """Compare the parameters of subcircuit instances with those that the subcircuits declare."""
    declared: dict[str, set[str]] = {}
    for line in cards:
        if line.head in (".subckt", ".macro") and len(line.words) > 1:
            names = set(re.findall(r"(?<!\w)([A-Za-z_]\w*+)\s*+=", line.text.lower()))
            declared.setdefault(line.words[1].lower(), set()).update(names)
    for line in cards:
        parts = _EQUALS.sub("=", line.text.lower()).split() if line.head.startswith("x") else []
        first = next((k for k, part in enumerate(parts) if "=" in part), 0)
        called = [part for part in parts[:first] if part != "params:"][-1:]
        known = declared.get(called[0]) if called else None
        if known is None:
            continue
        for name in (part.partition("=")[0] for part in parts[first:] if "=" in part):
            if re.fullmatch(r"[a-z_]\w*", name) and name not in known | {"m"}:
                yield f"{line.where}: subcircuit {called[0]} has no parameter {name!r}, so ngspice ignores it."


def _pulses_without_edges(cards: Sequence[Line]) -> Iterator[str]:
    """Find pulses whose rise or fall is given as 0, in whose place ngspice takes the step of .tran."""
    if not any(line.head == ".tran" for line in cards):
        return
    for line in cards:
        pulse = re.search(r"\bpulse\s*\(?([^)]*)", line.text, re.IGNORECASE)
        if pulse is None or line.head[:1] not in ("v", "i"):
            continue
        edges = zip(("rise", "fall"), pulse[1].replace(",", " ").split()[3:5], strict=False)
        zero = [name for name, word in edges if spice_number(word) == 0.0]
        if zero:
            yield (
                f"{line.where}: the pulse of {line.head} has {' and '.join(zero)} 0, for which ngspice takes the step "
                "of .tran; give the time of the edge."
            )


def _names_before_values(parts: Sequence[str]) -> list[str]:
    """Return the names of ``name=value`` and the words that stand alone."""
    text = _EQUALS.sub("=", " ".join(parts).lower().replace(",", " "))
    return [name for part in text.split() if re.fullmatch(r"[a-z_]\w*", name := part.partition("=")[0])]
