"""What openvaf-r says, joined with what the lint found: each thing told once, with a remedy."""

from __future__ import annotations

import re
from dataclasses import replace

from rramcirc.devices.veriloga.lint.compile import Compilation, Message
from rramcirc.devices.veriloga.lint.contributions import HIDDEN
from rramcirc.devices.veriloga.lint.finding import Finding
from rramcirc.devices.veriloga.lint.lint import Lint

# Rules about what openvaf-r refuses: void where it did not.
REFUSALS = frozenset(
    {"range", "event", "random", "operator", "table-model", "vector", "array", "genvar", "instance", "digital",
     "header", "ground", "direction", "discipline", "initializer", "indirect", "loop", "include", "macro", "directive",
     "attribute", "number", "keyword"}
)  # fmt: skip


def merged(found: Lint, compiled: Compilation) -> tuple[Finding, ...]:
    """Return the findings of the lint with the messages of the compiler, each told once."""
    refused = compiled.osdi is None
    kept = [f for f in found.findings if refused or (f.rule not in REFUSALS and _is_confirmed(f, compiled))]
    own = {file.resolve(): file for file in found.source.texts}
    messages = [replace(m, path=own.get(m.path.resolve(), m.path)) for m in compiled.messages]
    others = []
    for message in messages:
        here = [
            k for k, f in enumerate(kept) if f.rule in REFUSALS and (f.path, f.line) == (message.path, message.line)
        ]
        if message.severity == "error" and here:
            _attach(kept, here, message)
        elif message.severity == "error" or (not refused and "evaluated before the simulation" not in message.text):
            others.append(message)
    first = min((f.line for f in kept if f.rule in REFUSALS), default=0)
    kept += [_from_compiler(m, 0 < first < m.line, found) for m in _shortened(others)]
    return tuple(sorted(dict.fromkeys(kept), key=lambda f: (f.path != found.source.root, str(f.path), f.line)))


def _is_confirmed(finding: Finding, compiled: Compilation) -> bool:
    """Return whether the unknown that a finding speaks of is there: conditions may turn out to be constant."""
    nodes = [node for module in compiled.modules for node in module.internal_nodes]
    if finding.rule == "switch":
        flows = {frozenset(node[5:-1].split(",")) for node in nodes if node.startswith("flow(")}
        return frozenset(re.sub(r".*unknown flow\((.*?)\).*", r"\1", finding.text).split(", ")) in flows
    return HIDDEN not in finding.text or any(node.startswith("implicit_equation") for node in nodes)


def _attach(kept: list[Finding], here: list[int], message: Message) -> None:
    """Put the compiler's words to the finding of the same line that speaks of the same name."""
    free = [k for k in here if "(openvaf-r: " not in kept[k].text]
    names = re.findall(r"'(\w+)'", message.text)
    speaking = [k for k in free if any(re.search(rf"\b{re.escape(n)}\b", kept[k].text) for n in names)]
    other_names = names and "not supported" in message.text
    chosen = speaking or ([] if other_names or "type mismatch" in message.text else free)
    if chosen:
        kept[chosen[0]] = replace(kept[chosen[0]], text=f"{kept[chosen[0]].text} (openvaf-r: {message.text})")


def _shortened(messages: list[Message]) -> list[Message]:
    """Keep two messages of a kind and count the rest."""
    kinds: dict[str, list[Message]] = {}
    for message in messages:
        kinds.setdefault(re.sub(r"'[^']*'", "''", message.text), []).append(message)
    kept = []
    for same in kinds.values():
        kept += same[:2]
        if len(same) > 2:
            more = f"{same[1].text} (and {len(same) - 2} more, down to line {max(m.line for m in same)})"
            kept[-1] = replace(same[1], text=more)
    return kept


_ADVICE = (
    (r"'(\S+)' was not found in the current scope", r"declare it: real \1; or parameter real \1 = ...;"),
    (r"was already declared", "another name for one of the two"),
    (r"analog operator '(\w+)' is not allowed in conditions",
     r"\1 outside of the condition, into a variable; the condition chooses between variables"),
    (r"analog operator '(\w+)' is not allowed in analog functions", r"pass the value of \1 to the function"),
    (r"constant expressions must not contain variable", "assign it in the analog block"),
    (r"macro '`(\w+)' has not been declared", r"`define \1 ..."),
    (r"reserved keyword '(\w+)'", r"another name for \1"),
    (r"unexpected token '+\{'", "no lists: a table becomes a formula, noise_table white_noise and flicker_noise"),
    (r"type mismatch", "real variables for voltages and states, integer for counters; (x > 0) is an integer"),
    (r"invalid argument count", "the arguments that the Verilog-A manual gives for this function"),
    (r"did not finish", "leave parts out until it compiles; a bracket, begin or end is missing somewhere"),
    (r"itself crashed", "leave parts out until it compiles; initial values of variables in analog functions do it"),
    (r"currently not supported", "a formula of voltages, states and parameters in its place"),
    (r"[Cc]urrent probe always returns zero", "a contribution to that branch, or the variable that holds its current"),
    (r"no such file|file not found|failed to read", "the file beside the model, or its text in it"),
)  # fmt: skip


def _from_compiler(message: Message, behind: bool, found: Lint) -> Finding:
    """Return a message as a finding; `behind` something else that is refused it may only follow from that."""
    names = re.findall(r"'(\w+)'", message.text)
    declared = any(n in m.parameters or n in m.variables for n in names for m in found.modules)
    instead = "" if not behind else "first mend what stands above; this may follow from it"
    for pattern, advice in _ADVICE:
        match = re.search(pattern, message.text)
        if match and not (behind and (declared or "mismatch" in message.text)):
            instead = match.expand(advice)
            break
    text = f"openvaf-r: {message.text}"
    return Finding("compiler", message.severity, message.path, message.line, text, instead or "what openvaf-r expects")
