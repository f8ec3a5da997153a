"""What all figures of the paper share: how the network is trained, corrupted and judged.

The paper calls a pattern reconstructed "if the least square error with respect to the original images is less than
0.1". Read here (assumed): the mean over the pixels of (v - T)^2 in units of -1 and 1. The sum would leave no network a
chance (a relaxed tanh is off by 0.01 to 0.02 in every pixel); the mean in units of 0 and 1 would accept nearly half of
the corrupted images as they are. The same criterion on the input itself is the control.

References
----------
[Zoppo2019]_ Section IV.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from rramcirc.basics.arrays import BoolArray, FloatArray
from rramcirc.engines.network.backprop import RecurrentTraining, Symmetry, fixed_points, random_weights, train
from rramcirc.papers.zoppo2019.glyphs import corrupted, glyph_patterns

INPUTS = {"I": 1.0, "I/2": 0.5}  # recall input over the corrupted pattern


@dataclass(frozen=True)
class Setup:
    """Patterns, training and judgement."""

    glyphs: str = field(default="dots", metadata={"status": "assumed", "desc": "the paper's own images are not given"})
    size: int = field(default=12, metadata={"status": "assumed", "desc": "rows and columns; N is not given"})
    learning_rate: float = field(default=0.01, metadata={"status": "published", "where": "Sec. IV"})
    epochs: int = field(default=300, metadata={"status": "published", "where": "Sec. IV"})
    start: float = field(default=0.5, metadata={"status": "published", "where": "Sec. IV"})
    relax: float = field(default=50.0, metadata={"status": "published", "where": "Sec. IV"})
    relax_side: float = field(default=20.0, metadata={"status": "published", "where": "Sec. IV"})
    span: float = field(default=3.0, metadata={"status": "published", "where": "Sec. IV"})
    bound: float = field(default=0.1, metadata={"status": "published", "where": "Sec. IV", "desc": "of random weights"})
    symmetry: Symmetry = field(default="mean", metadata={"status": "assumed", "desc": "how the update stays symmetric"})
    self_connections: bool = field(default=False, metadata={"status": "assumed", "desc": "not said in the paper"})
    error: float = field(
        default=0.1, metadata={"status": "published", "where": "Sec. IV", "desc": "least square error"}
    )
    count: int = field(
        default=1000, metadata={"status": "published", "where": "Sec. IV", "desc": "corrupted, per class"}
    )
    seed: int = field(
        default=1, metadata={"status": "assumed", "desc": "of weights (and the next ones) and corruption"}
    )

    @property
    def patterns(self) -> FloatArray:
        """(P, N) patterns of -1 and 1."""
        return glyph_patterns(self.glyphs, self.size)

    @property
    def training(self) -> RecurrentTraining:
        """How the network is trained."""
        return RecurrentTraining(
            self.learning_rate, self.epochs, self.start, self.relax, self.relax_side, self.span,
            symmetry=self.symmetry, self_connections=self.self_connections,
        )  # fmt: skip

    def trained(self, seed: int, cut: int = 0) -> FloatArray:
        """Return the learnt weights from the random ones of a seed, (N, N)."""
        patterns = self.patterns
        start = random_weights(patterns.shape[1], seed, self.bound)
        return train(patterns, replace(self.training, cut=cut), start)

    def corrupted(self, probability: float) -> tuple[FloatArray, FloatArray]:
        """Return (P x count, N) corrupted patterns and the patterns that they come from."""
        patterns = self.patterns
        images = corrupted(patterns, probability, self.count, self.seed)
        return images.reshape(-1, patterns.shape[1]), np.repeat(patterns, self.count, axis=0)

    def near(self, states: FloatArray, targets: FloatArray) -> BoolArray:
        """Return which rows are reconstructed: mean square error below the bound."""
        found: BoolArray = np.mean((states - targets) ** 2, axis=1) < self.error
        return found

    def settled(self, weights: FloatArray, inputs: FloatArray, threads: int = 1) -> FloatArray:
        """Return the states to which the network relaxes from corrupted inputs, one row each."""
        return fixed_points(weights, inputs, start=self.start, relax=self.relax, threads=threads)


def exact(states: FloatArray, targets: FloatArray) -> BoolArray:
    """Return in which rows every sign is right."""
    found: BoolArray = (np.sign(states) == targets).all(axis=1)
    return found
