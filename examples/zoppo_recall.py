"""Recall of noisy letters: Hebb's and Storkey's rule against recurrent back-propagation, Zoppo 2019.

`rc.reproduce` trains the network of the paper on 16 correlated patterns and lets it clean corrupted ones; a tenth of
the points is wrong at first.
"""

from pathlib import Path

import matplotlib.pyplot as plt

import rramcirc as rc

plt.style.use(Path(__file__).with_name("paper.mplstyle"))
found = rc.reproduce("zoppo2019-examples", quick=True)
states, size = found.result.attrs["images"][0.1], found.result.attrs["size"]
figure, axes = plt.subplots(len(states), len(states["target"]), figsize=(5.2, 4.2))
for row, (name, images) in zip(axes, states.items(), strict=True):
    for ax, image in zip(row, images, strict=True):
        ax.imshow(-image.reshape(size, size), cmap="gray", vmin=-1, vmax=1, interpolation="nearest")
        ax.set(xticks=[], yticks=[])
    row[0].set_ylabel(name, rotation=0, ha="right", va="center")
figure.savefig("zoppo_recall.png")
rules = found.result.groupby("probability")[["Hebb", "Storkey", "back-propagation"]].mean()
print("share of images restored, against the share of wrong points", rules, sep="\n")
