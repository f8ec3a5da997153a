"""`rramcirc fit`: a model card from measured data."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rramcirc.cli import completion

if TYPE_CHECKING:
    from rramcirc.devices.cards.model_card import ModelCard
    from rramcirc.studies.fit.data import Measurement
    from rramcirc.studies.fit.settings import Settings

EXAMPLE = """\b
Example:
  rramcirc fit --example pulses.csv --model rram_filament
  rramcirc fit pulses.csv --model rram_filament --free rho,gap_resistance,gap_decay_length -o my_device.toml
  rramcirc fit --example many.csv --population --model rram_filament
  rramcirc fit many.csv --population --model rram_filament --card hfo2_filament -o my_devices.toml
"""


@click.command(epilog=EXAMPLE)
@click.argument("data", nargs=-1, metavar="DATA.csv...")
@click.option("--model", required=True, metavar="MODULE", help="Verilog-A module, or a .va file.")
@click.option(
    "--card",
    "start",
    metavar="START",
    help="Card to start from (default: the library's first of the module).",
    shell_complete=completion.cards,
)
@click.option("--free", metavar="a,b,c", help="Parameters to fit (default: all but numerical aids and zeros).")
@click.option("--fix", metavar="a,b,c", help="Parameters not to fit.")
@click.option("--seed", default=1, show_default=True, help="Of the global search.")
@click.option("--columns", metavar="NAMES", help="Columns of a file without a header, e.g. 'V [mV],I [uA]'.")
@click.option("--ramp-rate", default="1", show_default=True, metavar="V/s", help="Of sweeps without times.")
@click.option("--read-voltage", default="0.1V", show_default=True, help="At which resistances were read.")
@click.option("--set-pulse", metavar="VOLT,SECONDS", help="Of trains without such columns, e.g. 1.2V,100n.")
@click.option("--reset-pulse", metavar="VOLT,SECONDS", help="Of trains without such columns, e.g. -1.2V,100n.")
@click.option("--noise-floor", metavar="AMPERE", help="Currents of sweeps below it do not count, e.g. 10p.")
@click.option(
    "--selector",
    metavar="CARD",
    help="Card of the select transistor of a 1T1R cell.",
    shell_complete=completion.selectors,
)
@click.option("--gate", metavar="VOLT", help="Gate voltage of files without such a column, e.g. 1.2V.")
@click.option(
    "--negative-on",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", "sl", "bl"]),
    help="1T1R: line that carries a negative voltage: SL raised, or BL lowered; auto: what fits better.",
)
@click.option("--compliance", metavar="AMPERE", help="Of the source meter, e.g. 100u (default: from a plateau).")
@click.option("--series-resistance", default="0", metavar="OHM", help="Of leads, in a cell without a transistor.")
@click.option("--voltage-measured", is_flag=True, help="Voltages were measured at the device: no compliance, no leads.")
@click.option("--keep", is_flag=True, help="Write a card that does not describe the data as well.")
@click.option(
    "--population",
    is_flag=True,
    help="Many devices and cycles: fit how they are spread, around the card (or what --free fits to typical cycles).",
)
@click.option("--spread", metavar="a,b,c", help="Instance parameters that differ (default: the card's variability).")
@click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an error.")
@click.option("--temperature", metavar="KELVIN", help="Of the measurement, e.g. 300K (default 300.15 K).")
@click.option(
    "--example",
    metavar="FILE.csv",
    help="Write made-up pulses of the start card, to see the form (with --population: of many devices).",
)
@click.option("-o", "--output", metavar="CARD.toml", help="Card to write; picture and residuals go beside it.")
def fit(
    data: tuple[str, ...], model: str, start: str | None, free: str | None, fix: str | None, seed: int,
    columns: str | None, ramp_rate: str, read_voltage: str, set_pulse: str | None, reset_pulse: str | None,
    noise_floor: str | None, selector: str | None, temperature: str | None, example: str | None, output: str | None,
    gate: str | None, negative_on: str, compliance: str | None, series_resistance: str, voltage_measured: bool,
    keep: bool, population: bool, spread: str | None,
) -> None:  # fmt: skip
    """Fit the parameters of a model to measured data and write a model card.

    DATA are I-V sweeps (columns V, I; t or ramp, Vg, cycle), pulses (amplitude, width, R before, R after) or trains of
    pulses (pulse, G or R; amplitude, width); several files are fitted together. Units stand in the header, as in
    "I [uA]" or "R_kohm". Parameters that the data do not determine keep the value of the start card, with a warning;
    one sigma of the others counts that these may be off by a factor e, unless the data say better.

    Residuals are those of all readings. The skill is one minus the error over that of a model that knows nothing (R
    after = R before; the best curve without a memory), on pulses or cycles that were held out if there are enough.
    Below 0.5 the card does not describe the data: exit status 1, written only with --keep. Data that cannot be used
    (too few readings, no switching) end with status 2.

    Of a population (--population; a column device or addresses, or a file for each device) the spread from device to
    device, its correlations and that from cycle to cycle are found around --card, and the distributions of the card
    compared with the measured ones; exit status 1 if they differ by 1.5 times what chance makes.
    """
    from rramcirc.basics.errors import ParameterError
    from rramcirc.studies.fit.check import check_with_ngspice
    from rramcirc.studies.fit.data import read_measurement
    from rramcirc.studies.fit.example import write_example
    from rramcirc.studies.fit.fit import fit as run
    from rramcirc.studies.fit.fit import start_card
    from rramcirc.studies.fit.report import report, write_fit

    card = start_card(model, start)
    if example is not None:
        written = write_example(card, Path(example), seed, population=population)
        of = f"20 devices spread as {card.name}" if population else card.name
        click.echo(f"{written}: made-up data of {of} with 2 % noise")
        return
    if not data:
        raise ParameterError("give one or more files with measured data; --example FILE.csv writes one to try.")
    if output is not None and Path(output).suffix != ".toml":
        raise ParameterError(f"-o {output}: a model card ends in .toml.")
    settings = _settings(
        ramp_rate, read_voltage, set_pulse, reset_pulse, noise_floor, selector, temperature, gate, compliance,
        series_resistance,
    )  # fmt: skip
    settings = replace(settings, negative_line=negative_on, voltage_measured=voltage_measured)
    measured = [read_measurement(path, _names(columns) or None) for path in data]
    if population:
        _population(measured, card, free, fix, spread, settings, seed, output, median=start is None or free is not None)
        return
    if spread is not None:
        raise ParameterError("--spread belongs to --population.")
    result = run(
        measured, card, free=_names(free), fix=_names(fix), seed=seed, settings=settings, say=_progress()
    )  # fmt: skip
    for m in (p.data for p in result.protocols):
        for remark in m.remarks:
            print(f"{m.path}: {remark}", file=sys.stderr)
    click.echo(report(result))
    for said in check_with_ngspice(result):
        click.echo(said)
    for u in result.undetermined:
        value = result.card.value(u.name)
        as_it_was = value == card.value(u.name)
        kept = f"keeps the value of {card.name}" if as_it_was else f"stays at {value:.5g}, where the search ended"
        print(f"Warning: {u.name} is not determined, it {kept}: {u}.", file=sys.stderr)
    for f in (f for f in result.fitted if f.given):
        said = f"Warning: {f.name} holds only with {' and '.join(f.given)} as in the card found: one sigma"
        print(f"{said} {f.sigma:.2g} {f.unit}, {f.sigma_given:.2g} {f.unit} if so.", file=sys.stderr)
    if output is not None and (keep or result.skill.describes):
        click.echo("written: " + ", ".join(map(str, write_fit(result, Path(output), keep=keep))))
    if not result.skill.describes:
        unwritten = "" if keep or output is None else f" {output} is not written; --keep writes it all the same."
        print(f"Error: the card does not describe the data: skill {result.skill}.{unwritten}", file=sys.stderr)
        sys.exit(1)


def _population(
    measured: list[Measurement], card: ModelCard, free: str | None, fix: str | None, spread: str | None,
    settings: Settings, seed: int, output: str | None, *, median: bool,
) -> None:  # fmt: skip
    """Fit the median device if that is asked for, then the spread of a population; print and write."""
    from rramcirc.studies.fit.fit import fit as run
    from rramcirc.studies.fit.population import fit_population, typical_runs
    from rramcirc.studies.fit.population_report import population_report, write_population
    from rramcirc.studies.fit.report import report

    say = _progress()
    for m in measured:
        for remark in m.remarks:
            print(f"{m.path}: {remark}", file=sys.stderr)
    if median:
        typical = typical_runs(measured, settings)
        nominal = run(typical, card, free=_names(free), fix=_names(fix), seed=seed, settings=settings, say=say)
        click.echo(f"{typical[0].remarks[-1]}\n{report(nominal)}\n")
        card, settings = nominal.card, nominal.settings
    found = fit_population(measured, card, spread=_names(spread), settings=settings, seed=seed, say=say)
    click.echo(population_report(found))
    if output is not None:
        click.echo("written: " + ", ".join(map(str, write_population(found, output))))
    bad = [c.name for c in found.comparisons if c.different]
    if bad:
        print(f"Error: the spread of {', '.join(bad)} is not that of the data.", file=sys.stderr)
        sys.exit(1)


def _progress() -> Callable[[str], None]:
    """Return what prints how far a fit is, with the time since the beginning."""
    import time

    begun = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - begun:5.1f} s] {text}", file=sys.stderr, flush=True)

    return say


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()] if text else []


def _settings(
    ramp_rate: str, read_voltage: str, set_pulse: str | None, reset_pulse: str | None, noise_floor: str | None,
    selector: str | None, temperature: str | None, gate: str | None, compliance: str | None, series_resistance: str,
) -> Settings:  # fmt: skip
    from rramcirc.basics.errors import ParameterError
    from rramcirc.basics.units import parse_number, positive_number
    from rramcirc.devices.cards.card import load_card
    from rramcirc.studies.fit.settings import Settings

    def pulse(text: str | None, name: str) -> tuple[float, float] | None:
        if text is None:
            return None
        volt, comma, seconds = text.partition(",")
        if not comma:
            raise ParameterError(f"{name} {text!r}: write VOLT,SECONDS, as in 1.2V,100n.")
        return parse_number(volt.strip(), "V", name), positive_number(parse_number(seconds.strip(), "s", name), name)

    return Settings(
        ramp_rate=positive_number(
            parse_number(ramp_rate.removesuffix("V/s").strip(), "", "--ramp-rate"), "--ramp-rate"
        ),
        read_voltage=positive_number(parse_number(read_voltage, "V", "--read-voltage"), "--read-voltage"),
        set_pulse=pulse(set_pulse, "--set-pulse"),
        reset_pulse=pulse(reset_pulse, "--reset-pulse"),
        noise_floor=None if noise_floor is None else parse_number(noise_floor, "A", "--noise-floor"),
        selector=None if selector is None else load_card(selector),
        gate=None if gate is None else parse_number(gate, "V", "--gate"),
        compliance=None
        if compliance is None
        else positive_number(parse_number(compliance, "A", "--compliance"), "--compliance"),
        series_resistance=abs(parse_number(series_resistance, "ohm", "--series-resistance")),
        temperature=300.15 if temperature is None else parse_number(temperature, "K", "--temperature"),
    )
