"""The default testbench of a recurrent network: it learns to answer half a pattern."""

from __future__ import annotations

import numpy as np

from rramcirc.bench.analyses import Transient
from rramcirc.bench.stimuli import Constant
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.recurrent.recurrent import RecurrentNetwork
from rramcirc.circuits.request import PLASTIC_CARD, Request


def recurrent_bench(card: str, neurons: int = 4, duration: float = 100.0, seed: int = 1) -> Testbench:
    """Return a recurrent network that learns to answer half a pattern of +1 and -1 V with 0.9 of it [Zoppo2019].

    Weights start at random between -0.1 and 0.1, as in the paper; the pattern alternates.
    """
    weights = np.random.default_rng(seed).uniform(-0.1, 0.1, (neurons, neurons))
    pattern = np.where(np.arange(neurons) % 2, -1.0, 1.0)
    stimuli = {f"in{k}": Constant(0.5 * level) for k, level in enumerate(pattern)}
    stimuli |= {f"target{k}": Constant(0.9 * level) for k, level in enumerate(pattern)}
    network = RecurrentNetwork(card, neurons, weights)
    return Testbench(network, Transient(duration, max_step=0.01 * duration), stimuli, seed=seed)


def default_recurrent(request: Request) -> Testbench:
    """Return a recurrent network of the size that was asked for."""
    request.refuse("recurrent", selector=request.selector)
    seed = 1 if request.seed is None else request.seed
    return recurrent_bench(request.rram or PLASTIC_CARD, request.square(), seed=seed)
