"""Print what an epoch of the network of Fouda 2020 costs, as a markdown table: 60,000 images, one thread.

CPU seconds of one process; compiled loops were loaded before. Beside it the same step (linear devices, stochastic
rounding) in PyTorch, if the interpreter has it or `--torch PYTHON` names one that does; it is no dependency.
Without `--mnist DIR` the images are random with MNIST's share of spikes: they cost the same, and learn nothing.
"""

# ruff: noqa: E402
from __future__ import annotations

import os

for _name in ("NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import argparse
import resource
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np

try:
    from rramcirc.bench.images import ImageSet, load_mnist
except ModuleNotFoundError:  # the interpreter of the peer
    ImageSet = None

IMAGES, BATCH = 60_000, 100
RULES = ("float", "linear", "naive", "cancelled", "linearised", "ternary", "verify")
WANTED = {"linear": 4.0, "ternary": 4.0, "cancelled": 10.0}  # s per epoch
RATES = {"ternary": 1.8e-2, "naive": 2.5e-4}


def images(folder: str | None) -> ImageSet:
    """Return 60,000 training images."""
    if folder:
        found = load_mnist(folder)
        train = np.concatenate([found.train, found.validation])
        labels = np.concatenate([found.train_labels, found.validation_labels])
    else:
        rng = np.random.default_rng(0)
        train, labels = rng.random((IMAGES, 784)) < 0.132, rng.integers(0, 10, IMAGES)
    few, names = train[:BATCH], labels[:BATCH]
    return ImageSet("60,000 images", train, labels, few, names, few, names)


def ours(folder: str | None) -> None:
    """Print a row a rule: CPU seconds of the first and of the second epoch."""
    from dataclasses import replace

    from rramcirc.engines.network.layer_training import train_layers
    from rramcirc.papers.fouda2020.runs import FoudaRun, network_of, training_of

    shown = images(folder)
    for rule in RULES:
        run = FoudaRun(rule, rate=RATES.get(rule, 5e-4), epochs=1)
        train_layers(
            network_of(run, shown), run.device(), run.update_rule(), shown.part(1000, BATCH, BATCH), training_of(run)
        )
        times = [time.process_time()]
        run = replace(run, epochs=2)
        train_layers(
            network_of(run, shown), run.device(), run.update_rule(), shown, training_of(run),
            progress=lambda epoch: times.append(time.process_time()),  # noqa: B023
        )  # fmt: skip
        first, second = np.diff(times)
        wanted = f"{WANTED[rule]:g} s" if rule in WANTED else "-"
        print(f"| epoch, {rule} | first {first:.2f}, second {second:.2f} CPU s | {wanted} |", flush=True)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"| memory, {IMAGES} images of 784 pixels | {memory:.0f} MiB | - |")


def peer() -> None:
    """Print CPU seconds of an epoch of linear devices in PyTorch: same layers, loss, Adam, rounding, one thread."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    sizes, low, step = (784, 500, 500, 250), 1 / 20, (1 - 1 / 20) / 100
    spikes = (torch.rand(IMAGES, 784) < 0.132).float()
    labels = torch.randint(0, 10, (IMAGES,))
    layers = []
    for a, b in pairwise(sizes):
        weight = (torch.rand(a, b) * 2 - 1) / a**0.5
        reading = (torch.rand(b, 10) * 2 - 1) * 4 / b**0.5
        first, second = torch.zeros(a, b), torch.zeros(a, b)
        layers.append([0.136 + weight / 2, 0.136 - weight / 2, reading, first, second, 0.0])
    times = [time.process_time()]
    update = 0
    for _ in range(2):
        order = torch.randperm(IMAGES)
        for k in range(IMAGES // BATCH):
            update += 1
            chosen = order[k * BATCH : (k + 1) * BATCH]
            active, wanted = spikes[chosen], labels[chosen]
            for layer in layers:
                plus, minus, reading, first, second, square = layer
                potential = active @ (plus - minus)
                fired = (potential > 0).float()
                error = torch.softmax(fired @ reading, 1)
                error[torch.arange(BATCH), wanted] -= 1
                mean = float((potential * potential).mean())
                layer[5] = square = mean if square == 0 else 0.95 * square + 0.05 * mean
                local = (error @ reading.T) * (potential.abs() < 0.5 * square**0.5) / BATCH
                gradient = active.T @ local
                first.mul_(0.97).add_(gradient, alpha=0.03)
                second.mul_(0.999).addcmul_(gradient, gradient, value=0.001)
                rate, correction = 5e-4 / (1 - 0.97**update), 1 / (1 - 0.999**update)
                pulses = first * (-rate / step) / ((second * correction).sqrt() + 1e-8)
                up = torch.floor(pulses + torch.rand_like(pulses))
                down = torch.floor(-pulses + torch.rand_like(pulses))
                layer[0] = (plus + up * step).clamp_(low, 1)
                layer[1] = (minus + down * step).clamp_(low, 1)
                active = fired
        times.append(time.process_time())
    first_epoch, second_epoch = np.diff(times)
    name = f"epoch, linear, PyTorch {torch.__version__}"
    print(f"| {name} | first {first_epoch:.2f}, second {second_epoch:.2f} CPU s | - |")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", metavar="DIR", help="folder with the IDX files of MNIST")
    parser.add_argument("--torch", metavar="PYTHON", help="interpreter with PyTorch; default this one, if it has it")
    parser.add_argument("--peer", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.peer:
        peer()
        return
    print("| case | measured | aim |\n| --- | --- | --- |")
    ours(given.mnist)
    done = subprocess.run(
        [given.torch or sys.executable, Path(__file__).resolve(), "--peer"], capture_output=True, text=True, check=False
    )
    print(done.stdout.strip() if done.returncode == 0 else "| epoch, linear, PyTorch | not installed | - |")


if __name__ == "__main__":
    main()
