"""What all figures of stochastic learning share: 16 synapses, one POST, epochs of pattern and noise.

The paper's hardware has 4 x 4 synapses and learns a diagonal: 4 of 16 pixels. Every value says whether the paper gives
it. Two that it does not give decide whether anything is learnt (`monte_carlo`): the integrator keeps its charge from
epoch to epoch until it fires, and a synapse in LRS brings a little more than the threshold's share.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from rramcirc.basics.arrays import BoolArray


@dataclass(frozen=True)
class Learning:
    """One setting of stochastic learning."""

    inputs: int = field(default=16, metadata={"status": "published", "where": "Sec. II", "units": "1"})
    active: int = field(
        default=4, metadata={"status": "published", "where": "Fig. 3", "desc": "pixels of the pattern, P = 25 %"}
    )
    noise: float = field(default=0.03, metadata={"status": "published", "where": "Sec. IV C", "desc": "N"})
    shown: float = field(default=0.5, metadata={"status": "published", "where": "Sec. IV", "desc": "R_P"})
    strict: bool = field(
        default=False, metadata={"status": "published", "where": "Sec. IV E", "desc": "pattern every other epoch"}
    )
    epochs: int = field(default=1000, metadata={"status": "published", "where": "Sec. IV", "units": "1"})
    epoch: float = field(default=10e-3, metadata={"status": "published", "where": "Sec. IV", "units": "s"})
    threshold: float = field(
        default=0.5e-6, metadata={"status": "published", "where": "Sec. IV", "units": "C", "desc": "per pattern pixel"}
    )
    voltage: float = field(
        default=0.625,
        metadata={"status": "fitted", "units": "V", "desc": "on the synapses; 0.5 V with an LRS of 100 uS is the very "
                  "threshold, and half the patterns miss it"},
    )  # fmt: skip
    lrs: float = field(default=1e-4, metadata={"status": "assumed", "units": "S", "desc": "median"})
    hrs: float = field(default=1e-5, metadata={"status": "published", "where": "Fig. 2(b)", "units": "S"})
    lrs_spread: float = field(default=0.1, metadata={"status": "assumed", "desc": "deviation of ln G"})
    hrs_spread: float = field(default=0.4, metadata={"status": "assumed", "desc": "deviation of ln G"})
    counted: int = field(
        default=500, metadata={"status": "assumed", "units": "1", "desc": "last epochs, in which fires are counted"}
    )

    @property
    def density(self) -> float:
        """P [1]."""
        return self.active / self.inputs

    @property
    def pattern(self) -> BoolArray:
        """(inputs,) pixels of the pattern; the diagonal of Fig. 3 for 4 of 16."""
        mask = np.zeros(self.inputs, bool)
        mask[[3, 6, 9, 12] if (self.inputs, self.active) == (16, 4) else np.arange(self.active)] = True
        return mask
