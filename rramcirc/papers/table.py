"""The experiments that rramcirc reproduces: one line a result."""

from __future__ import annotations

from rramcirc.papers.experiment import Experiment
from rramcirc.papers.fouda2020 import baseline as fouda2020_baseline
from rramcirc.papers.fouda2020 import block as fouda2020_block
from rramcirc.papers.fouda2020 import curves as fouda2020_curves
from rramcirc.papers.fouda2020 import devices as fouda2020_devices
from rramcirc.papers.fouda2020 import mechanism as fouda2020_mechanism
from rramcirc.papers.fouda2020 import rules as fouda2020_rules
from rramcirc.papers.fouda2020 import ternary as fouda2020_ternary
from rramcirc.papers.fouda2020 import updates as fouda2020_updates
from rramcirc.papers.fouda2020 import variation as fouda2020_variation
from rramcirc.papers.fouda2020 import wires as fouda2020_wires
from rramcirc.papers.milo2018 import circuit_learning as milo2018_circuit_learning
from rramcirc.papers.milo2018 import circuit_patterns as milo2018_circuit_patterns
from rramcirc.papers.milo2018 import circuit_recall as milo2018_circuit_recall
from rramcirc.papers.milo2018 import completion as milo2018_completion
from rramcirc.papers.milo2018 import device_learning as milo2018_device_learning
from rramcirc.papers.milo2018 import device_patterns as milo2018_device_patterns
from rramcirc.papers.milo2018 import iv as milo2018_iv
from rramcirc.papers.milo2018 import learning as milo2018_learning
from rramcirc.papers.milo2018 import levels as milo2018_levels
from rramcirc.papers.milo2018 import patterns as milo2018_patterns
from rramcirc.papers.milo2018 import probability as milo2018_probability
from rramcirc.papers.milo2018 import robustness as milo2018_robustness
from rramcirc.papers.milo2018 import scan as milo2018_scan
from rramcirc.papers.milo2018 import times as milo2018_times
from rramcirc.papers.pedretti2018 import alternation as pedretti2018_alternation
from rramcirc.papers.pedretti2018 import circuit_learning as pedretti2018_circuit
from rramcirc.papers.pedretti2018 import density as pedretti2018_density
from rramcirc.papers.pedretti2018 import device_map as pedretti2018_device_map
from rramcirc.papers.pedretti2018 import digits as pedretti2018_digits
from rramcirc.papers.pedretti2018 import digits_groups as pedretti2018_digits_groups
from rramcirc.papers.pedretti2018 import digits_spice as pedretti2018_digits_spice
from rramcirc.papers.pedretti2018 import distributions as pedretti2018_distributions
from rramcirc.papers.pedretti2018 import iv as pedretti2018_iv
from rramcirc.papers.pedretti2018 import mnist as pedretti2018_mnist
from rramcirc.papers.pedretti2018 import noise as pedretti2018_noise
from rramcirc.papers.pedretti2018 import optimum as pedretti2018_optimum
from rramcirc.papers.pedretti2018 import three_layers as pedretti2018_three_layers
from rramcirc.papers.zoppo2019 import circuit as zoppo2019_circuit
from rramcirc.papers.zoppo2019 import examples as zoppo2019_examples
from rramcirc.papers.zoppo2019 import locality as zoppo2019_locality
from rramcirc.papers.zoppo2019 import patterns as zoppo2019_patterns
from rramcirc.papers.zoppo2019 import pulsed as zoppo2019_pulsed
from rramcirc.papers.zoppo2019 import rules as zoppo2019_rules

EXPERIMENTS: dict[str, Experiment] = {
    module.EXPERIMENT.name: module.EXPERIMENT
    for module in (
        fouda2020_baseline,
        fouda2020_curves,
        fouda2020_rules,
        fouda2020_block,
        fouda2020_devices,
        fouda2020_mechanism,
        fouda2020_updates,
        fouda2020_wires,
        fouda2020_ternary,
        fouda2020_variation,
        milo2018_circuit_learning,
        milo2018_circuit_patterns,
        milo2018_circuit_recall,
        milo2018_device_learning,
        milo2018_device_patterns,
        milo2018_levels,
        milo2018_completion,
        milo2018_iv,
        milo2018_learning,
        milo2018_patterns,
        milo2018_probability,
        milo2018_robustness,
        milo2018_scan,
        milo2018_times,
        pedretti2018_alternation,
        pedretti2018_circuit,
        pedretti2018_density,
        pedretti2018_device_map,
        pedretti2018_digits,
        pedretti2018_digits_groups,
        pedretti2018_digits_spice,
        pedretti2018_distributions,
        pedretti2018_iv,
        pedretti2018_mnist,
        pedretti2018_noise,
        pedretti2018_optimum,
        pedretti2018_three_layers,
        zoppo2019_circuit,
        zoppo2019_examples,
        zoppo2019_locality,
        zoppo2019_patterns,
        zoppo2019_pulsed,
        zoppo2019_rules,
    )
}
# the same result of a paper at another level
TWINS = {
    "milo2018-learning": {
        "circuit": "milo2018-circuit-learning",
        "device": "milo2018-device-learning",
        "all": "milo2018-levels",
    },
    "milo2018-patterns": {"circuit": "milo2018-circuit-patterns", "device": "milo2018-device-patterns"},
    "milo2018-completion": {"circuit": "milo2018-circuit-recall", "device": "milo2018-device-patterns"},
    "milo2018-probability": {"device": "milo2018-device-patterns"},
}
LEVELS = ("circuit", "device", "network", "all")
