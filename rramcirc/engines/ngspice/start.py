"""How a transient begins: ngspice does not check the error of its very first step.

It takes a tenth of the print step of ``.tran``. Where a state is driven at t = 0, that step can throw it anywhere: a
VTEAM cell behind 300 ohm went from 10 nm to -22,000 nm, with exit status 0. A first step of 1e-10 of the largest one,
ten times above the least that ngspice takes, costs some thirty points, because steps may double. Behind the edges of a
stimulus there is no such gap: ngspice begins again with a tenth of the edge, and checks the error.
"""

from __future__ import annotations

from rramcirc.circuits.elements import Circuit, Source

FIRST_SHARE = 1e-9  # of the largest step, as the print step, of which ngspice takes a tenth
LEAST = 1e-12  # [s]; steps of attoseconds do not grow: the charges of a cell drown in rounding, and the run never ends


def first_step(largest: float) -> float:
    """Return the print step [s] with which a transient begins slowly enough; `largest` is its largest step [s]."""
    return min(largest, max(FIRST_SHARE * largest, LEAST))


def is_driven_at_start(circuit: Circuit) -> bool:
    """Whether a voltage or current may move a state of the circuit right after t = 0."""
    if not any(card.states for card in circuit.cards):
        return False
    known = circuit.electrodes
    sources = [g for g in circuit.drivers if isinstance(g, Source) and (known is None or g.name in known)]
    levels = [] if known else [0.0]
    for source in sources:
        level = float(source.stimulus.corners()[1][0])
        if source.stimulus.unit == "A":
            if level != 0.0:
                return True
        else:
            levels.append(level)
    return bool(levels) and max(levels) != min(levels)
