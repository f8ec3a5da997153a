"""Records say of each field what it is, its unit and its bounds, and refuse what lies outside."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import math
import pkgutil
import pydoc
import re
import sys
import time
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rramcirc as rc
from rramcirc.basics.field_texts import LONGEST_TEXT, bounds_text, meaning
from rramcirc.bench.spike_pulses import BipolarPulse, GatePulse
from rramcirc.bench.synapse_pulses import SynapsePulses
from rramcirc.engines.network.backprop import RecurrentTraining
from rramcirc.engines.network.layer_devices import DeviceSpread, PulsedDevice
from rramcirc.engines.network.layer_rules import UpdateRule
from rramcirc.engines.network.layer_training import Training
from rramcirc.engines.network.layers import LayerNetwork
from rramcirc.engines.network.network import Synapses
from rramcirc.studies.array.programming import ProgramScheme
from rramcirc.studies.array.setup import ReadArray
from rramcirc.studies.array.writing import WritePulse
from rramcirc.studies.characterise import PulseGrid
from rramcirc.studies.pulse_pool import _SameCycle

CELL = rc.Cell("hfo2_filament", "nmos_select")
ARRAY = rc.Crossbar(CELL, 2, 2)
RULE = rc.SoftBounded(0.1)
SYNAPSE = rc.ResistiveSynapse(1e-4, 1e-6, RULE, RULE)
ONES = np.ones((2, 2))
# what every record needs to be made
NEEDED = {
    rc.OperatingPoint: {},
    rc.DcSweep: {"line": "bl", "start": 0.0, "stop": 1.0},
    rc.Transient: {"stop": 1e-6},
    rc.Ac: {"line": "bl", "start": 1.0, "stop": 1e3},
    rc.Noise: {"output": "bl", "source": "bl", "start": 1.0, "stop": 1e3},
    rc.VectorSweep: {"levels": {"bl": [0.1, 0.2]}},
    rc.Constant: {"value": 1.0},
    rc.Pulse: {"amplitude": 1.0, "width": 1e-7},
    rc.PulseTrain: {"amplitude": 1.0, "width": 1e-7, "period": 1e-6, "count": 3},
    rc.SpikeTrain: {"times": [0.0, 1e-6], "amplitude": 1.0, "width": 1e-7},
    rc.PiecewiseLinear: {"times": [0.0, 1.0], "values": [0.0, 1.0]},
    rc.Floating: {},
    rc.CycleNoise: {"times": [0.0, 1.0], "seed": 1},
    _SameCycle: {"times": [0.0, 1.0], "seed": 1},
    rc.RunPhase: {"duration": 1.0},
    rc.Testbench: {"design": ARRAY, "analysis": rc.OperatingPoint()},
    GatePulse: {"amplitude": 3.0, "width": 1e-3},
    BipolarPulse: {"first": 1.0, "width": 1e-3},
    rc.Line: {},
    rc.Defects: {},
    rc.Cell: {"rram": "hfo2_filament"},
    rc.Crossbar: {"cell": CELL, "rows": 2, "columns": 2},
    rc.LifNeuron: {},
    rc.Readout: {},
    rc.ReadoutArray: {"array": ARRAY},
    rc.HopfieldNetwork: {"cell": CELL, "neurons": 3},
    rc.Perceptron: {"cell": CELL, "inputs": 3},
    rc.RecurrentNetwork: {"synapse": "plastic_zoppo2019", "neurons": 3},
    SynapsePulses: {},
    rc.MembraneNeuron: {"capacitance": 1e-9, "time_constant": 0.05},
    rc.ResistiveSynapse: {"lrs": 1e-4, "hrs": 1e-6, "potentiation": RULE, "depression": RULE},
    rc.SpikingNetwork: {"neurons": 3, "neuron": rc.MembraneNeuron(1e-9, 0.05), "synapse": SYNAPSE},
    rc.Phase: {"duration": 1.0, "rates": [1.0, 2.0], "charge": 1e-12},
    Synapses: dict.fromkeys(Synapses.__annotations__, ONES),
    rc.SoftBounded: {"step": 0.1},
    rc.SpikeRule: {"update": lambda weight, spike, seen, noise, parameters: weight},
    rc.PulseCurve: {"overlaps": [0.0, 1.0], "covered": [0.0, 1.0]},
    rc.PulseExponential: {},
    ReadArray: {},
    WritePulse: {},
    ProgramScheme: {},
    PulseGrid: {},
    rc.Presentation: {},
    RecurrentTraining: {},
    LayerNetwork: {"inputs": 9},
    Training: {},
    PulsedDevice: {},
    DeviceSpread: {},
    UpdateRule: {"pulses": lambda step: step},
}
FIELDS = [(record, field) for record in NEEDED for field in fields(record)]
NUMBERS = [(record, field) for record, field in FIELDS if field.metadata.get("kind") in ("number", "whole")]


def named(pairs):
    """Return the pairs as parameters with the name of the field."""
    return [pytest.param(record, field, id=f"{record.__name__}.{field.name}") for record, field in pairs]


def test_every_record_of_the_package_stands_in_this_test() -> None:
    for module in pkgutil.walk_packages(rc.__path__, "rramcirc."):
        if module.name.split(".")[1] in ("bench", "circuits", "devices", "engines", "studies"):
            importlib.import_module(module.name)
    found = {
        kind
        for name, module in sys.modules.items()
        if name.startswith("rramcirc.")
        for kind in vars(module).values()
        if inspect.isclass(kind) and hasattr(kind, "__field_checks__")
    }
    assert found == set(NEEDED)


@pytest.mark.parametrize(("record", "field"), named(FIELDS))
def test_every_field_says_what_it_is(record, field) -> None:
    assert field.metadata["desc"]
    assert field.metadata["kind"] in ("number", "whole", "choice", "flag", "text", "part", "table", "other")
    if field.metadata["kind"] == "number":
        assert field.metadata["units"]


SIGNED = {"V", "A", "V or A", "1"}
NEVER_NEGATIVE = {"s", "m", "K", "Hz", "ohm", "S", "F", "C", "V/V", "V/sqrt(Hz)"}


@pytest.mark.parametrize(("record", "field"), named(NUMBERS))
def test_no_duration_length_temperature_resistance_or_capacitance_is_negative(record, field) -> None:
    """Whatever bounds a field declares; its unit is one of those known."""
    if field.metadata["kind"] == "number":
        assert field.metadata["units"] in SIGNED | NEVER_NEGATIVE
        if field.metadata["units"] in NEVER_NEGATIVE:
            with pytest.raises(rc.ParameterError, match=field.name):
                record(**(NEEDED[record] | {field.name: -1.0}))


@pytest.mark.parametrize("record", NEEDED)
def test_help_of_a_record_names_every_field_with_unit_and_bounds(record) -> None:
    text = " ".join(pydoc.render_doc(record, renderer=pydoc.plaintext).replace("|", " ").split())
    for field in fields(record):
        said = meaning(field.metadata)
        bounds = bounds_text(field.metadata)
        told = f"{said[:1].upper()}{said[1:]}" + (f", {bounds}" if bounds else "")
        assert " ".join(told.replace("|", " ").split()) in text
        assert f"{field.name} : " in text


def outside(field) -> list:
    """Return values just outside the bounds of a field, and an open bound itself."""
    about, found = field.metadata, []
    step = 1 if about["kind"] == "whole" else None
    for bound, is_open, away in (
        (about.get("low"), about.get("low_open"), -math.inf),
        (about.get("high"), about.get("high_open"), math.inf),
    ):
        if bound is not None:
            found.append(math.nextafter(bound, away) if step is None else bound + math.copysign(step, away))
            found += [bound] if is_open else []
    return [int(value) for value in found] if step else found


def inside(field):
    """Return a strategy of values inside the bounds of a field."""
    about = field.metadata
    low, high = about.get("low"), about.get("high")
    if about["kind"] == "whole":
        return st.integers(low, 10**6 if high is None else high)
    return st.floats(
        low, high, exclude_min=about.get("low_open", False), exclude_max=about.get("high_open", False),
        allow_nan=False, allow_infinity=False,
    )  # fmt: skip


@pytest.mark.parametrize(("record", "field"), named(NUMBERS))
def test_a_number_outside_its_bounds_is_refused_by_the_name_of_its_field(record, field) -> None:
    owner = next(kind.__name__ for kind in record.__mro__ if field.name in vars(kind).get("__annotations__", {}))
    wrong = [math.nan, math.inf, -math.inf, "1", [1.0], True, 1j, object(), ARRAY, *outside(field)]
    wrong += [] if "None" in str(field.type) else [None]
    wrong += [1.5, 2.0] if field.metadata["kind"] == "whole" else []
    for value in wrong:
        with pytest.raises(rc.ParameterError, match=rf"^{owner}\.{field.name}: ") as error:
            record(**(NEEDED[record] | {field.name: value}))
        assert len(str(error.value)) < 200


@pytest.mark.parametrize(("record", "field"), named(NUMBERS))
def test_a_number_inside_its_bounds_passes_the_check_of_its_field(record, field) -> None:
    check = record.__field_checks__[field.name]

    @settings(max_examples=30)
    @given(inside(field))
    def passes(value) -> None:
        check(value)
        check(np.array([value])[0])  # numbers of NumPy, too
        with contextlib.suppress(rc.ParameterError):  # it may not fit the other fields
            assert getattr(record(**(NEEDED[record] | {field.name: value})), field.name) == value

    if field.name not in ("rows", "columns", "neurons", "inputs", "outputs", "count"):  # do not make large arrays
        passes()
    for bound, is_open in (("low", "low_open"), ("high", "high_open")):
        if field.metadata.get(bound) is not None and not field.metadata.get(is_open):
            check(field.metadata[bound])
    if "None" in str(field.type):
        check(None)


@pytest.mark.parametrize(("record", "field"), named(FIELDS))
def test_nonsense_in_a_field_is_refused_in_one_short_sentence(record, field) -> None:
    for value in (object(), CELL.rram, ARRAY, np.zeros((40, 40)), {"a": object()}, [[1.0], [2.0, 3.0]], "nonsense", 7):
        try:
            record(**(NEEDED[record] | {field.name: value}))
        except rc.RramcircError as error:
            text = str(error)
            assert len(text) < 400
            assert not re.search(r"ModelCard\(|array\(|Crossbar\(|CardValue\(| at 0x", text)


@pytest.mark.parametrize("record", NEEDED)
def test_an_unknown_field_is_answered_with_the_nearest(record) -> None:
    for field in fields(record):
        with pytest.raises(rc.ParameterError, match=f"of {record.__name__}") as error:
            record(**(NEEDED[record] | {f"{field.name}x": 1.0}))
        assert isinstance(error.value, TypeError)
        assert field.name in str(error.value)


def test_a_field_that_stands_in_another_record_is_named_there():
    hint = r"unknown field 'te_width' of LifNeuron; it stands in pulses: pulses=SynapsePulses\(te_width=\.\.\.\)"
    with pytest.raises(rc.ParameterError, match=hint):
        rc.LifNeuron(te_width=1e-3)


def test_an_unknown_field_is_told_when_a_record_is_changed() -> None:
    with pytest.raises(rc.ParameterError, match=r"^unknown field 'resistnce' of Line\. Nearest: resistance"):
        replace(rc.Line(), resistnce=2.5)


@pytest.mark.parametrize("record", NEEDED)
def test_a_missing_field_is_told_with_its_meaning(record) -> None:
    for name in NEEDED[record]:
        given_fields = {key: value for key, value in NEEDED[record].items() if key != name}
        field = next(f for f in fields(record) if f.name == name)
        if field.default is field.default_factory:  # neither is given
            with pytest.raises(rc.ParameterError, match=rf"{record.__name__}\.{name} is missing: ") as error:
                record(**given_fields)
            assert field.metadata["desc"] in str(error.value)


@pytest.mark.parametrize("record", NEEDED)
def test_the_text_of_a_record_is_short_and_holds_no_array_and_no_card(record) -> None:
    text = repr(record(**NEEDED[record]))
    assert text.startswith(f"{record.__name__}(")
    assert len(text) <= LONGEST_TEXT
    assert not re.search(r"ModelCard|array\(\[|CardValue", text)


def test_the_text_of_a_record_holds_what_differs_from_the_defaults() -> None:
    assert repr(rc.Line(2.5, end="last")) == "Line(resistance=2.5, end='last')"
    assert repr(rc.Readout()) == "Readout()"
    assert repr(CELL) == "Cell(rram='hfo2_filament', selector='nmos_select')"
    assert repr(replace(ARRAY, initial_conductance=ONES)) == (
        "Crossbar(cell=Cell(rram='hfo2_filament', selector='nmos_select'), rows=2, columns=2, "
        "initial_conductance=<2 x 2 array>)"
    )


def test_the_text_of_a_large_array_is_made_at_once() -> None:
    array = rc.Crossbar(CELL, 512, 512, initial_conductance=np.full((512, 512), 1e-5))
    begin = time.process_time()
    assert len(repr(array)) <= LONGEST_TEXT
    assert time.process_time() - begin < 0.1


def test_choices_flags_and_parts_are_checked_by_what_they_are() -> None:
    with pytest.raises(rc.ParameterError, match=r"^Line\.end: 'middle' is not one of first, last, both\.$"):
        rc.Line(end="middle")
    with pytest.raises(rc.ParameterError, match=r"^HopfieldNetwork\.learning: 'no' is neither True nor False\.$"):
        rc.HopfieldNetwork(CELL, 3, learning="no")
    with pytest.raises(rc.ParameterError, match=r"^Crossbar\.bl: 2\.5 is not a Line\.$"):
        rc.Crossbar(CELL, 2, 2, bl=2.5)
    assert rc.HopfieldNetwork(CELL, 3, learning=np.True_).learning
