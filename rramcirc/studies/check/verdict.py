"""What the sweeps of a model mean, in words."""

from __future__ import annotations

from collections.abc import Sequence

from rramcirc.studies.check.sweep import SWITCHED, Sweep


def behaviour(
    sweeps: list[Sweep], kind: str, memory: bool, hidden: bool = False, states: bool = True
) -> tuple[str, bool]:
    """Return what the runs show, and whether that is what a model of its kind should do.

    Parameters
    ----------
    sweeps, kind
        The runs; ``"cell"`` or ``"device"``.
    memory
        Whether the model is meant to keep a state.
    hidden
        Whether it tries to in variables; what looks like a volatile switch is a function of the time then.
    states
        Whether anything in it can keep a state: an inner node, an integral.
    """
    done = [s for s in sweeps if s.status == "done"]
    if not done:
        reasons = ", ".join(dict.fromkeys(s.problem for s in sweeps))
        return f"no run came to its end ({reasons[:300]})", False
    if kind == "device":
        return "runs; it is no two-terminal cell, so it was not asked to switch", True
    best = max((s for s in done if s.switches), key=lambda s: s.window, default=None)
    if best is not None:
        return f"switches: {describe_switching(done)}", True
    a, d = [s.amplitude for s in done], [s.duration for s in done]
    span = f"between {min(a):g} and {max(a):g} V, {max(d):g} and {min(d):g} s"
    loop = max(s.hysteresis for s in done if s.duration == max(d))  # of fast sweeps, capacitances open the loop too
    if memory and not hidden and loop >= SWITCHED:
        return f"is volatile: its loop opens by {loop:.3g}, and nothing is left of it at 0.1 V ({span})", True
    if memory and hidden:
        return f"its states were not followed, so nothing is said about switching ({span})", False
    if memory and not states:
        return f"has no state: it conducts and keeps nothing {span}", False
    if memory:
        return f"does not switch {span}: its resistance at 0.1 V stays what it was", False
    return f"conducts and keeps nothing {span}: no memory", True


def describe_switching(sweeps: Sequence[Sweep]) -> str:
    """Return polarity, voltages and window in words."""
    switching = [s for s in sweeps if s.switches]
    best = max(switching, key=lambda s: s.window)
    polarity = "positive" if best.set_sign > 0 else "negative"
    first = typical(switching)
    volts = [f"{v:+.2g} V" if v is not None else "?" for v in (first.set_voltage, first.reset_voltage)]
    return (
        f"SET at {polarity} voltage ({volts[0]}), RESET at {volts[1]} (triangles of {first.amplitude:g} V, "
        f"{first.duration:g} s); window up to {best.window:.3g} ({best.amplitude:g} V, {best.duration:g} s)"
    )


def typical(sweeps: Sequence[Sweep]) -> Sweep:
    """Return the run of the smallest amplitude, of the slowest duration, with at least a third of the best window."""
    slowest = max(s.duration for s in sweeps if s.switches)
    here = [s for s in sweeps if s.switches and s.duration == slowest]
    enough = max(s.window for s in here) ** (1 / 3)
    return min((s for s in here if s.window >= enough), key=lambda s: s.amplitude)
