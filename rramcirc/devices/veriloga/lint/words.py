"""Words and declarations that openvaf-r or ngspice does not take, each with what to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from rramcirc.devices.veriloga.lexer import Word
from rramcirc.devices.veriloga.lint.finding import STATE_FORM, Finding, found
from rramcirc.devices.veriloga.lint.records import LintModule, Oddity
from rramcirc.devices.veriloga.lint.tree import Node, walk
from rramcirc.devices.veriloga.preprocessor import Source

# Model types of ngspice 46 (its `devhelp`, and the types of .model lines): a module of that name is never reached.
TAKEN_NAMES = frozenset(
    re.findall(
        r"\w+",
        """
        adc_bridge asrc astate aswitch b3soidd b3soifd b3soipd b4soi bidi_bridge bjt bsim1 bsim2 bsim3 bsim3v0 bsim3v1
        bsim3v32 bsim4 bsim4v5 bsim4v6 bsim4v7 c capacitor capacitoric cccs ccvs climit cmeter core cpl cpline cpllines
        cpmlin csw cswitch d d_and d_buffer d_cosim d_dff d_dlatch d_dt d_fdiv d_genlut d_inverter d_jkff d_lut d_nand
        d_nor d_open_c d_open_e d_or d_osc d_process d_pulldown d_pullup d_pwm d_ram d_source d_srff d_srlatch d_state
        d_tff d_to_real d_tristate d_xnor d_xor dac_bridge delay diode divide filesource gain hfet1 hfet2 hicum2 hisim2
        hisimhv1 hisimhv2 hyst ilimit inductor inductoric int isource jfet jfet2 l lcouple limit lmeter ltra memristor
        mes mesa mlin mos1 mos2 mos3 mos6 mos9 msopen mult multi_input_pwl mutual nbjt nbjt2 nhfet njf nmf nmos npn nsoi
        numd numd2 numos oneshot phfet pjf pmf pmos pnp potentiometer psoi pswitch pwl pwlts r real_delay real_gain
        real_to_v res resistor s_xfer seegen sidiode sine soi3 spice2poly square summer sw switch table2d table3d tline
        tranline transline triangle txl urc vbic vccs vcvs vdmos vdmosn vdmosp vsource xfer zener
        """,
    )
)
# Keywords of Verilog-A that models use as names of variables (openvaf-r refuses each of these; tried).
RESERVED = frozenset(
    re.findall(
        r"\w+",
        """
    above access analysis assign automatic branch cell config continuous cross design disable discrete domain
    driver_update edge event flow force fork from generate input instance integer join large library max min output
    potential realtime release repeat signed slew small specify string table task time timer tran transition units
    unsigned use wait wire
    """,
    )
)
_MEMORY = re.compile(r"mem|rram|reram|cbram|oxram|pcm|mtj|filament|vteam|synap", re.IGNORECASE)
_DRAW = (
    "draw outside: an instance parameter per device (device to device), or a third terminal nz whose voltage is the "
    "standard normal deviate of the cycle, for example ea + sigma * V(nz)"
)
_SMOOTH = "write the value as it follows from voltages and states; a time constant is a state: "
_REFUSED = {
    "transition": _SMOOTH + "I(s) <+ ddt(tau * V(s));  I(s) <+ V(s) - target;",
    "slew": _SMOOTH + "limit its rate with a smooth function, I(s) <+ ddt(V(s));  I(s) <+ -limited_rate;",
    "last_crossing": "keep a state that the crossing drives: " + STATE_FORM,
    "$table_model": "fit a formula to the table; the fitted numbers become parameters",
    "$simprobe": "bring the quantity in through a terminal",
    "$realtime": "$abstime (in seconds)",
    "$time": "$abstime (in seconds)",
    "$fopen": "report through op-variables: (* desc=..., units=... *) real x;",
    "$fstrobe": "$strobe, or op-variables: (* desc=..., units=... *) real x;",
    "$fdisplay": "$strobe, or op-variables: (* desc=..., units=... *) real x;",
    "$fwrite": "$strobe, or op-variables: (* desc=..., units=... *) real x;",
    "$fclose": "nothing: files cannot be written",
    "delay": "a state with that time constant: I(s) <+ ddt(tau * V(s));  I(s) <+ V(s) - input;",
}
_EMPTY = "an unknown without an equation. With the solver KLU ngspice can compute 0 V everywhere then, without a word"
_FAMILIES = (
    (re.compile(r"\$(random|arandom|r?dist_\w+)$"), "random", _DRAW),
    (re.compile(r"(laplace|zi)_(nd|np|zd|zp)$"), "operator", "write the poles as states: " + STATE_FORM),
)
_ACCEPTED_EVENTS = frozenset({"initial_step", "final_step"})
_EVENT_ADVICE = {
    "cross": "let the state move in continuous time: rate = V(te, be) > v_set ? ... : 0 (smooth: "
    "0.5 * (1 + tanh((V(te, be) - v_set) / width))), and " + STATE_FORM,
    "timer": "integrate in continuous time, the simulator chooses the steps: " + STATE_FORM,
}
_EVENT_ADVICE["above"] = _EVENT_ADVICE["cross"]


def word_findings(source: Source, modules: list[LintModule]) -> Iterator[Finding]:
    """Yield what the preprocessor and the declarations of a file do wrong."""
    yield from _preprocessor(source)
    yield from _numbers(source)
    if not modules:
        last = source.text.count("\n") + (not source.text.endswith("\n"))
        yield found(
            "no-module", Word("end", "", source.root, last),
            "the file declares no module; openvaf-r compiles that without a word, and ngspice finds no model",
            "module rram_name(te, be); ... endmodule; a Spectre netlist (subckt) is no Verilog-A",
        )  # fmt: skip
    for module in modules:
        yield from _declarations(module)
        for block in bodies(module):
            for node in walk(block):
                yield from _node(node, module)


def bodies(module: LintModule) -> list[Node]:
    """Return all statements of a module: analog blocks, initial blocks, functions."""
    return [*module.analog, *module.setup, *(s for f in module.functions.values() for s in f.body)]


def free_name(name: str) -> str:
    """Return the name that takes the place of one that ngspice uses itself.

    Examples
    --------
    >>> free_name("Memristor"), free_name("diode")
    ('rram_memristor', 'va_diode')
    """
    return f"{'rram' if _MEMORY.search(name) else 'va'}_{name.lower()}"


def free_variable(name: str, module: LintModule) -> str:
    """Return the name that takes the place of a variable or net, one that the module does not use yet.

    Parameters
    ----------
    name
        The wish; an underscore and a number follow it where it is taken.
    module
        Where it has to be free.
    """
    used = module.variables.keys() | module.parameters.keys() | module.nets.keys() | module.functions.keys()
    used |= {*module.ports, *module.branches, *module.grounds}
    used |= {n.text for body in bodies(module) for n in walk(body) if n.kind in ("name", "start")}
    wish, number = name, 1
    while wish in used or wish in RESERVED:
        number += 1
        wish = f"{name}_{number}"
    return wish


def _preprocessor(source: Source) -> Iterator[Finding]:
    told: set[tuple[str, Path | None]] = set()
    for problem in source.problems:
        word = problem.word
        if (word.text, problem.file) in told:
            continue
        told.add((word.text, problem.file))
        if problem.kind == "include":
            file, here = problem.file or word.path.parent, word.path.parent
            name = file.relative_to(here) if file.is_relative_to(here) else file
            text = f'there is no file "{name}" to include' if file != here else "`include names no file"
            yield found("include", word, text, f"put it beside {Path(word.path).name}, or paste its text")
        elif problem.kind == "macro":
            yield found("macro", word, f"{word.text} is defined nowhere", f"`define {word.text[1:]} value")
        elif problem.kind == "directive":
            yield found("directive", word, f"{word.text} is Verilog; openvaf-r takes it for an unknown macro",
                        "nothing: leave the line out", fixable=True)  # fmt: skip
        else:
            yield found("macro", word, "files or macros call one another without end", "break the circle")


def _numbers(source: Source) -> Iterator[Finding]:
    """Numbers that other simulators read and openvaf-r does not."""
    for word, following in pairwise(source.words):
        if word.kind != "number" or word.start < 0:
            continue
        if word.text.startswith("."):
            yield found(
                "number", word, f"{word.text} has no digit in front of its point", f"0{word.text}", fixable=True
            )
        elif re.match(r"\d+\.[eE]", word.text):
            yield found("number", word, f"{word.text} has no digit behind its point", word.text.replace(".", ".0", 1),
                        fixable=True)  # fmt: skip
        elif following.kind == "name" and following.start == word.start + len(word.text):
            mega = following.text.lower() == "meg"
            yield found(
                "number", word, f"{word.text}{following.text} is no number of Verilog-A",
                f"{word.text}M" if mega else "one of the factors T G M K k m u n p f a, or an exponent", fixable=mega,
            )  # fmt: skip


def _declarations(module: LintModule) -> Iterator[Finding]:
    if module.name.lower() in TAKEN_NAMES:
        yield found(
            "name", module.at,
            f"{module.name} is also a model type of ngspice (names count without case): .model lines never reach the "
            "module ('unrecognized parameter ... ignored', 'incorrect model type')",
            f"module {free_name(module.name)}(...), or another prefix", fixable=True,
        )  # fmt: skip
    for oddity in _joined(module.oddities):
        yield _oddity(oddity)
    yield from _nets(module)
    yield from _twins(module)
    for function in module.functions.values():
        for start in (n for s in function.body for n in walk(s) if n.kind == "start"):
            if any(n.kind == "name" for n in walk(start.parts[0])):
                yield found(
                    "initializer", start.at,
                    f"{start.text} starts with a value that depends on others, in an analog function; openvaf-r takes "
                    "numbers only there, and can crash",
                    f"real {start.text}; and {start.text} = ...; inside begin ... end",
                )  # fmt: skip
    for variable in module.variables.values():
        if variable.name in RESERVED:
            yield found("keyword", variable.at, f"{variable.name} is a keyword of Verilog-A, no name for a variable",
                        f"another name: {free_variable(f'{variable.name}_value', module)}", fixable=True)  # fmt: skip
        names = [n.text for n in walk(variable.start) if n.text in module.variables] if variable.start else []
        if names:
            yield found(
                "initializer", variable.at,
                f"{variable.name} starts with a value that depends on the variable {names[0]}; "
                "openvaf-r takes only parameters and numbers there",
                f"real {variable.name}; and {variable.name} = ...; as the first line of the analog block", fixable=True,
            )  # fmt: skip


def _joined(oddities: list[Oddity]) -> Iterator[Oddity]:
    """Yield oddities, with all arrays of a line as one."""
    arrays: dict[int, list[Oddity]] = {}
    for oddity in oddities:
        if oddity.kind == "array":
            arrays.setdefault(oddity.at.line, []).append(oddity)
        else:
            yield oddity
    for same in arrays.values():
        names = ", ".join(o.detail for o in same[:4]) + (f" and {len(same) - 4} more" if len(same) > 4 else "")
        yield Oddity("array", same[0].at, names)


def _oddity(oddity: Oddity) -> Finding:
    at, detail = oddity.at, oddity.detail
    if oddity.kind == "range":
        return found("range", at, "the bounds of a range are separated by a comma", "from [a:b], with a colon",
                     fixable=True)  # fmt: skip
    if oddity.kind == "attribute":
        return found("attribute", at, f"an attribute (* ... *) stands behind the parameter {detail}",
                     f"(* ... *) parameter real {detail} = ...;  in front of it", fixable=True)  # fmt: skip
    texts = {
        "vector": (f"vector nets ({detail}) are refused", "single nets: electrical a0, a1, a2;"),
        "array": (f"arrays ({detail}) are refused", "single names: real x0, x1, x2; a table becomes a formula"),
        "genvar": (f"{detail} is refused", "write the repeated lines out"),
        "instance": (f"{detail} is used as a device inside the module; openvaf-r compiles one level only",
                     "put the equations of both into one module, or connect them in the netlist"),
        "digital": (f"'{detail}' is digital Verilog; openvaf-r compiles analog Verilog-A only",
                    "an analog block; a condition on voltages takes the place of an edge"),
        "header": ("parameters in front of the ports are refused", "module name(a, b); parameter real p = 1;"),
    }  # fmt: skip
    text, instead = texts[oddity.kind]
    return found(oddity.kind, at, text, instead)


def _nets(module: LintModule) -> Iterator[Finding]:
    for name, word in module.grounds.items():
        if name in module.nets:
            text = (
                f"the ground net {name} is an unknown without an equation for openvaf-r; with the solver KLU ngspice "
                "can compute 0 V everywhere then, without a word"
            )
        else:
            text = f"the ground net {name} has no discipline, and with one it is an unknown without an equation"
        yield found("ground-net" if name in module.nets else "ground", word, text,
                    f"V(x) and I(x) for V(x, {name}) and I(x, {name}): ground is understood",
                    fixable=is_removable(name, module))  # fmt: skip
    used = {*module.ports, *module.grounds, *(n for nets in module.branches.values() for n in nets)}
    used |= {n.text for b in bodies(module) for n in walk(b) if n.kind in ("name", "port", "index")}
    whole = not any(n.kind == "lost" for b in bodies(module) for n in walk(b)) and not any(
        o.kind in ("vector", "instance", "genvar", "digital") for o in module.oddities
    )
    for net, (_, word) in module.nets.items() if whole and module.analog else ():
        if net not in used:
            yield found("unused-net", word, f"nothing reads or drives the net {net}: {_EMPTY}", "no such net",
                        severity="note", fixable=True)  # fmt: skip
    for port in module.ports:
        if port not in module.directions:
            yield found("direction", module.at, f"port {port} has no direction", f"inout {port};",
                        fixable=True)  # fmt: skip
        if port not in module.nets:
            yield found("discipline", module.at, f"port {port} has no discipline", f"electrical {port};",
                        fixable=True)  # fmt: skip


def is_removable(ground: str, module: LintModule) -> bool:
    """Return whether a ground net stands only where it can be left out: as the second net, or read as the first."""
    if any(nets[:1] == (ground,) for nets in module.branches.values()):
        return False
    for node in (n for block in bodies(module) for n in walk(block)):
        target = node.parts[0] if node.kind == "contribute" else None
        if target is not None and target.parts and target.parts[0].text == ground:
            return False
        if module.is_access(node) and [p.text for p in node.parts] == [ground]:
            return False
    return True


def _twins(module: LintModule) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for name, parameter in module.parameters.items():
        other = first.setdefault(name.lower(), name)
        if other != name:
            yield found(
                "twins", parameter.at,
                f"parameters {other} and {name} differ in case only; ngspice lower-cases, so a netlist sets {other} "
                f"and can never set {name}",
                f"another name for {name}", severity="warning",
            )  # fmt: skip


def _node(node: Node, module: LintModule) -> Iterator[Finding]:
    if node.kind in ("call", "name") and node.text not in module.functions and node.text not in module.variables:
        yield from _call(node)
    elif node.kind == "event":
        yield from _event(node)
    elif node.kind == "indirect":
        yield found("indirect", node.at, "indirect contributions (V(s): ... == ...) are refused",
                    "I(s) <+ residual; the current into an inner node is made zero")  # fmt: skip
    elif node.kind == "repeat":
        yield found("loop", node.at, "repeat is refused", "for (i = 0; i < n; i = i + 1)")
    elif node.kind == "binary" and node.text == "/":
        yield from _integer_division(node)
    elif node.kind == "lost" and node.text == "#":
        yield found("digital", node.at, "a delay (#) is digital Verilog", "a state with a time constant")


def _call(node: Node) -> Iterator[Finding]:
    name, at = node.text, node.at
    is_call = node.kind == "call" or name.startswith("$")
    if name in _REFUSED and is_call:
        rule = "table-model" if name == "$table_model" else "operator"
        clock = name == "$realtime" and node.kind == "name"
        yield found(rule, at, f"{name} is refused by openvaf-r", _REFUSED[name], fixable=clock)
    for pattern, rule, instead in _FAMILIES:
        if pattern.match(name):
            yield found(rule, at, f"{name} is refused by openvaf-r", instead)
    if node.kind != "call":
        return
    if name == "absdelay":
        yield found("delay", at, "absdelay compiles, but ngspice gets a singular matrix from it",
                    "a state: I(s) <+ ddt(tau * V(s));  I(s) <+ V(s) - input;")  # fmt: skip
    elif name == "idtmod":
        yield found("idtmod", at, "idtmod compiles, but ngspice can hang in it",
                    "the phase as a state, and sin() or cos() of it: " + STATE_FORM)  # fmt: skip


def _event(node: Node) -> Iterator[Finding]:
    names = node.text.split(" or ")
    refused = [n for n in names if n not in _ACCEPTED_EVENTS]
    for name in refused:
        advice = _EVENT_ADVICE.get(name, "nothing: statements of the analog block run at every evaluation anyway")
        yield found("event", node.at, f"@({name}) is refused by openvaf-r", advice)
    if len(names) > 1 and not refused:
        yield found("event", node.at, f"@({node.text}): openvaf-r takes one event only", f"@({names[0]})",
                    fixable=set(names) == {"initial_step"})  # fmt: skip


def _integer_division(node: Node) -> Iterator[Finding]:
    left, right = node.parts
    if all(p.kind == "number" and p.text.isdecimal() for p in (left, right)):
        a, b = int(left.text), int(right.text)
        if b and a % b:
            yield found("division", right.at, f"{a}/{b} divides integers: it is {a // b}", f"{a}.0/{b}.0",
                        severity="warning")  # fmt: skip
