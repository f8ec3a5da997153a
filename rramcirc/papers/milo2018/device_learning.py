"""Four neurons learn an attractor and recall it at device level: every synapse compiled.   [Milo2018, Fig. 3]"""

from __future__ import annotations

from dataclasses import replace

from rramcirc.papers.milo2018.circuit_learning import EXPERIMENT as CIRCUIT

EXPERIMENT = replace(
    CIRCUIT,
    name="milo2018-device-learning",
    claim="the 4-neuron network learns and recalls with the compiled cell in every synapse, as the network level",
    engines=("numpy",),
    at="device",
)
