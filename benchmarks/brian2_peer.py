"""The network of stdp_network.py in Brian2; run by benchmarks/networks.py with another Python.

Prints CPU seconds for set-up (code generation and compilation included) and for 10 s of biological time, as JSON.
"""

# ruff: noqa: E402
from __future__ import annotations

import json
import resource
import shutil
import sys
import tempfile
import time

target, duration = sys.argv[1], float(sys.argv[2])
started = time.process_time()
import brian2 as b2

imported = time.process_time() - started
started = time.process_time()
standalone = target == "cpp_standalone"
if standalone:
    b2.set_device("cpp_standalone", build_on_run=False)
else:
    b2.prefs.codegen.target = target
    b2.defaultclock.dt = 0.1 * b2.ms
neurons = b2.NeuronGroup(
    64, "dv/dt = -v/tau : 1 (unless refractory)", threshold="v > 1", reset="v = 0", refractory=2 * b2.ms,
    method="exact", namespace={"tau": 20 * b2.ms},
)  # fmt: skip
inputs = b2.PoissonGroup(64, 100 * b2.Hz)
feed = b2.Synapses(inputs, neurons, on_pre="v_post += 0.3")
feed.connect(j="i")
synapses = b2.Synapses(
    neurons, neurons,
    "w : 1\ndapre/dt = -apre/taus : 1 (event-driven)\ndapost/dt = -apost/taus : 1 (event-driven)",
    on_pre="v_post += 0.1*w\napre += 0.01\nw = clip(w + apost, 0, 0.3)",
    on_post="apost += -0.0105\nw = clip(w + apre, 0, 0.3)", namespace={"taus": 20 * b2.ms},
)  # fmt: skip
synapses.connect(condition="i != j")
synapses.w = "rand()*0.3"
monitor = b2.SpikeMonitor(neurons)


def child_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if standalone:
    folder = tempfile.mkdtemp()
    b2.run(duration * b2.second)
    b2.device.build(directory=folder, compile=True, run=False)
    built = child_seconds()
    set_up = time.process_time() - started + built
    b2.device.run(with_output=False, run_args=[])
    run = child_seconds() - built
    spikes = int(monitor.num_spikes)
else:
    b2.run(100 * b2.ms)  # compiles
    set_up, before = time.process_time() - started + child_seconds(), int(monitor.num_spikes)
    started = time.process_time()
    b2.run(duration * b2.second)
    run, spikes = time.process_time() - started, int(monitor.num_spikes) - before
found = {"import": imported, "set_up": set_up, "run": run, "rate": spikes / 64 / duration}
print(json.dumps({**found, "weight": float(b2.asarray(synapses.w[:]).mean()), "version": b2.__version__}))
if standalone:
    shutil.rmtree(folder, ignore_errors=True)
