"""The study of readout circuits: single channels, and an array with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rramcirc.basics.errors import ParameterError, a_kind
from rramcirc.studies.doors.result import StudyResult

if TYPE_CHECKING:
    from rramcirc.circuits.readout.readout import Readout
    from rramcirc.devices.cards.model_card import ModelCard


def readout(
    card: ModelCard | str = "hfo2_filament",
    readout: Readout | None = None,
    *,
    size: int | None = None,
    vectors: int = 16,
    seed: int = 0,
    quick: bool = False,
) -> StudyResult:
    """Measure linearity, bandwidth, settling, offset, noise and energy of readouts, and an array's errors with them.

    First one channel each of a transimpedance amplifier, a virtual ground and a current mirror, then a differential
    array of random weights with transimpedance amplifiers, all input vectors in one sweep. Runs in ngspice.

    Parameters
    ----------
    card
        RRAM card of the array, its name or its file.
    readout
        Feedback resistance, gain, bandwidth and offset of the channels; its kind and pairing do not count. Default
        10 kohm and the amplifier of `Readout`.
    size
        Rows and columns of the array [1], even; default 32, with `quick` 8.
    vectors
        Input vectors [1].
    seed
        Seed of weights and inputs [1].
    quick
        Take a small array and fewer points.

    Returns
    -------
    StudyResult
        Table: one row for each kind of channel; units in ``table.attrs["units"]``. Quantities: errors and energy of
        the array. ``details["channels"]``: figures and curves of each channel; ``details["array"]``: its outputs.

    Raises
    ------
    ParameterError
        If the card is unknown or the size is odd.
    """
    from dataclasses import replace

    from rramcirc.basics.units import whole_number
    from rramcirc.circuits.readout.readout import Readout
    from rramcirc.devices.cards.card import load_card
    from rramcirc.devices.cards.model_card import ModelCard
    from rramcirc.studies.readout import KINDS, channel, channel_table, plot_readout
    from rramcirc.studies.readout_array import array_read, array_table

    if readout is not None and not isinstance(readout, Readout):
        raise ParameterError(f"readout: give a Readout, not {a_kind(readout)}.")
    known = card if isinstance(card, ModelCard) else load_card(card)  # a wrong name is told before anything runs
    count = (8 if quick else 32) if size is None else whole_number(size, "readout: size", 2)
    if count % 2:
        raise ParameterError(f"readout: size {count}: pairs of columns G+ and G- need an even number.")
    own = readout or Readout("tia", 10e3)
    single = replace(own, pairing="single", reference_columns=(), hold_capacitance=0.0, bits=0, sense_threshold=None)
    channels = [channel(replace(single, kind=kind), points=11 if quick else 41) for kind in KINDS]
    differential = Readout(
        pairing="differential", bits=8, gain=own.gain, gain_bandwidth=own.gain_bandwidth, offset=own.offset
    )
    read = array_read(known, size=count, vectors=vectors, readout=differential, seed=seed)
    table = channel_table(channels)
    return StudyResult(
        "readout",
        table,
        lambda path: plot_readout(channels, read, path),
        "readout.png",
        {"readout.csv": table, "readout-array.csv": array_table(read)},
        dict(read.figures),
        {"channels": channels, "array": read},
    )
