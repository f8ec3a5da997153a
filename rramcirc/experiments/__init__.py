"""Experiments: one file per result of a paper. `reproduce` runs one and compares it with the paper."""

from rramcirc.experiments.experiment import (
    Expected,
    Experiment,
    Reproduction,
    experiment_names,
    load_experiment,
    reproduce,
)

__all__ = ["Expected", "Experiment", "Reproduction", "experiment_names", "load_experiment", "reproduce"]
