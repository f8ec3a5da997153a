"""Training with pulses: ternary updates of RRAM pairs, Fouda 2020, Fig. 5.

A pulse up, none, or a pulse down: no read, no arithmetic. `rc.reproduce` trains the paper's network and holds it
against the paper; here in its short form with drawn digits and few epochs, so these are not the paper's numbers.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt

import rramcirc as rc

plt.style.use(Path(__file__).with_name("paper.mplstyle"))
fewer = {"train": 2000, "held": 500, "epochs": 2} if "--quick" in sys.argv else {}
found = rc.reproduce("fouda2020-ternary", quick=True, values=fewer)
table = found.result[found.result["layer"] == found.result["layer"].max()]
figure, (left, right) = plt.subplots(1, 2, figsize=(6.8, 3.2))
for label in ("linear", "ternary (1,1)", "ternary (3,3)", "ternary (3,1)", "ternary (5,1)"):
    mean = table[table["label"] == label].groupby("epoch")[["test", "up", "down"]].mean()
    left.plot(mean.index, mean["test"], "o-", label=label)
    right.plot(mean.index, (mean["up"] + mean["down"]) / 1e3, "o-")
left.set(xlabel="epoch", ylabel="test accuracy [%]")
left.legend()
right.set(xlabel="epoch", ylabel="pulses per epoch, thousand", ylim=(0, None))
figure.savefig("fouda_ternary.png")
for quantity, paper, _, ours, *_, holds in found.rows():
    print(f"{quantity}: paper {paper}, short form {ours}, holds: {holds}")
