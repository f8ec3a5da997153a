"""Cards side by side: what eight of them do in their own loops.

Every card says which loop it is meant for: sweep rate, voltages, with or without a transistor.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt

import rramcirc as rc

QUICK = "--quick" in sys.argv
CARDS = (
    "hfo2_filament", "hfo2_jart_v1b", "stanford_gap_v1", "hfox_gap_jiang2016", "vteam_kvatinsky2015",
    "yakopcic_oblea", "hp_tio2_drift", "tiox_fouda2020",
)  # fmt: skip

plt.style.use(Path(__file__).with_name("paper.mplstyle"))
figure, axes = plt.subplots(2, 4, figsize=(7.2, 3.8))
for ax, name in zip(axes.flat, CARDS[:2] if QUICK else CARDS, strict=False):
    card = rc.load_card(name)
    loop = rc.study.iv(card, cycles=1 if QUICK else 2).table
    ax.semilogy(loop["voltage"], loop["current"].abs().clip(lower=1e-10))
    ax.set_title(f"{name}\n{card.butterfly.ramp_rate:.3g} V/s", fontsize=7.5)
    ax.set_ylim(bottom=max(1e-9, ax.get_ylim()[0]))
figure.supxlabel("voltage across the cell [V]", fontsize=9)
figure.supylabel("|current| [A]", fontsize=9)
figure.savefig("compare_cards.png")
