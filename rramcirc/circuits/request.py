"""What is asked of a circuit in a few words, as the command line does, before it has its testbench."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError
from rramcirc.basics.memory import check_memory
from rramcirc.bench.testbench import Testbench
from rramcirc.devices.cards.card import load_card
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.devices.cards.variability import sample_devices

RRAM_CARD, SELECTOR_CARD, PLASTIC_CARD = "hfo2_filament", "nmos_select", "plastic_zoppo2019"


@dataclass(frozen=True)
class Request:
    """What the command line says about a circuit; None is the circuit's own default."""

    rram: str | None = None
    selector: str | None = None
    rows: int | None = None
    columns: int | None = None
    wire_resistance: float | None = None
    spread: tuple[tuple[str, float], ...] = ()
    card_spread: bool = False
    seed: int | None = None

    def cards(self) -> tuple[ModelCard, ModelCard | None]:
        """Return the cards of RRAM and selector; a selector ``none`` is a 1R cell."""
        rram = load_card(self.rram or RRAM_CARD)
        name = rram.butterfly.selector if self.selector is None else self.selector
        return rram, None if name == "none" else load_card(name)

    def refuse(self, circuit: str, **given: object) -> None:
        """Raise ParameterError if it says what a circuit without wires and spread does not have."""
        given |= {"wire-resistance": self.wire_resistance, "spread": self.spread or self.card_spread or None}
        extra = [f"--{name}" for name, value in given.items() if value]
        if extra:
            raise ParameterError(f"{', '.join(extra)}: there is no such thing in the circuit {circuit}.")

    def square(self, least: int = 1) -> int:
        """Return the number of neurons of a network that joins all to all, 4 if nothing was said."""
        neurons = 4 if self.rows is None else self.rows
        if self.columns not in (None, neurons):
            raise ParameterError(f"--columns {self.columns}: a network of {neurons} neurons has as many columns.")
        if neurons < least:
            raise ParameterError(f"--rows {neurons}: a Hopfield network has at least {least} neurons.")
        check_memory(f"a network of {neurons} neurons", float(neurons) ** 2, 50.0)
        return neurons

    def drawn(self, shape: tuple[int, int]) -> dict[str, FloatArray]:
        """Return draws of instance parameters from the seed: the card's spread, then what was named."""
        if not self.spread and not self.card_spread:
            return {}
        if self.seed is None:
            raise ParameterError("--spread needs --seed, so that the same devices can be drawn again.")
        rng = np.random.default_rng(self.seed)
        card = load_card(self.rram or RRAM_CARD)
        if self.card_spread and not card.variability:
            raise ParameterError(f"--spread card: {card.name} has no [variability] table; write NAME=SIGMA.")
        drawn = sample_devices(card, shape, rng) if self.card_spread else {}
        return drawn | {name: rng.normal(float(card.number(name)), sigma, shape) for name, sigma in self.spread}

    def seeded(self, bench: Testbench) -> Testbench:
        """Return a testbench that says the seed of its spread."""
        return replace(bench, seed=self.seed)
