"""Reads testbenches from TOML files; all mistakes are found at once, with line and place.

What a table may hold is told by the fields of the records (type, unit and description), so that a new field or record
needs no change here. `write` writes them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ModelCompileError, ParameterError, a_kind, unknown_name
from rramcirc.basics.files import parse_toml
from rramcirc.basics.mistakes import Mistakes, key_lines
from rramcirc.bench.file.values import (
    BROKEN,
    About,
    about_field,
    array_value,
    as_table,
    declared_unit,
    find_blame,
    needed,
    number_value,
    one_of_values,
    quoted,
    read_npy,
    shown,
    stand_in,
    text_value,
    truth_value,
    whole_value,
)
from rramcirc.bench.file.write import alternatives, field_types, is_required, record_types, set_values
from rramcirc.bench.testbench import Testbench
from rramcirc.devices.cards.card import load_card, names_kit
from rramcirc.devices.cards.model_card import ModelCard

_DRAWS = {"normal": ("mean", "sigma"), "lognormal": ("median", "sigma"), "uniform": ("low", "high")}


def load_bench(path: str | Path, kinds: Sequence[type], settings: Sequence[str] = ()) -> Testbench:
    """Read a testbench from a TOML file.

    Parameters
    ----------
    path
        The file; cards and arrays in files are looked up relative to its folder.
    kinds
        Records that the design may be; a file names them in snake_case.
    settings
        Values to set first, ``path=value`` each, see `set_values`.

    Raises
    ------
    ParameterError
        Every mistake of the file, each with line and place.
    """
    path, text, content = _read_toml(path)
    lines = key_lines(text)
    if settings:
        content = set_values(content, settings, kinds)
        # line 0 says that a value is not from the file
        lines |= {tuple(key.strip() for key in s.partition("=")[0].split(".")): 0 for s in settings}
    return _Reader(path.name, path.parent, lines, content, kinds).bench()


def bench_from_mapping(
    mapping: Mapping[str, Any],
    kinds: Sequence[type],
    folder: Path = Path("."),
    lines: dict[tuple[str, ...], int] | None = None,
) -> Testbench:
    """Return the testbench that the tables of a TOML file describe.

    Parameters
    ----------
    mapping
        The tables, as from `tomllib`.
    kinds
        Records that the design may be.
    folder
        Where the files of cards and arrays are looked up.
    lines
        Line of every key for the messages, as from `rramcirc.basics.mistakes.key_lines`.

    Raises
    ------
    ParameterError
        Every mistake, each with its place.

    Notes
    -----
    ``{normal = {mean = 1.0, sigma = 0.1}, seed = 3}`` draws one number a cell from
    ``numpy.random.default_rng([seed, *key.encode()])``, where `key` is the name of the state or parameter, so that two
    quantities with one seed are independent; in the two matrices of a network the name of the table is behind it, for
    example ``gapinhibitory_state``. Without ``seed`` the seed of the testbench counts. ``lognormal`` is
    ``median * exp(sigma * standard normal)``.
    """
    if not isinstance(mapping, Mapping) or not isinstance(folder, (str, Path)):
        raise ParameterError("bench_from_mapping: give the tables of a testbench and a folder.")
    return _Reader("the testbench", Path(folder), lines, mapping, kinds).bench()


def _read_toml(path: str | Path) -> tuple[Path, str, dict[str, Any]]:
    if not isinstance(path, (str, Path)):
        raise ParameterError(f"{a_kind(path)} is no path of a testbench file.")
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
        return path, text, parse_toml(text)
    except OSError as error:
        raise ParameterError(f"cannot read the testbench {path} ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise ParameterError(f"{path} is no testbench: no UTF-8 text at byte {error.start}.") from error
    except tomllib.TOMLDecodeError as error:
        at = re.search(r" \(at (.*)\)$", str(error))
        where = at[1] if at else "somewhere"
        what = str(error).removesuffix(at[0] if at else "")
        raise ParameterError(f"{path.name} has 1 mistake:\n  {where}: no TOML: {what}.") from error


class _Reader:
    """Walks over one testbench and collects its mistakes."""

    def __init__(
        self, label: str, folder: Path, lines: dict[tuple[str, ...], int] | None, content: Mapping[str, Any],
        kinds: Sequence[type],
    ):  # fmt: skip
        self.label, self.folder, self.content, self.kinds = label, folder, content, tuple(kinds)
        self.mistakes = Mistakes(lines or None, stop=".")

    def bench(self) -> Testbench:
        bench: Testbench = self.record(Testbench, self.content, ())
        if self.mistakes:
            raise self.mistakes.error(f"{self.label} has {self.mistakes.counted}")
        return bench

    def mistake(self, text: str, place: tuple[str, ...]) -> None:
        self.mistakes.add(text, *place)

    def record(self, record: type, table: Mapping[str, Any], place: tuple[str, ...]) -> Any:
        """Return a record from its table, or BROKEN."""
        known = {f.name: f for f in fields(record) if f.init}
        for key in table:
            if key not in known:
                self.mistake(unknown_name("key", str(key), known), (*place, str(key)))
        values: dict[str, Any] = {}
        broken = False
        for name, field in known.items():
            hint, value = field_types(record)[name], BROKEN
            if name in table:
                about = about_field(field, known, table, values)
                value = self.value(hint, table[name], (*place, name), about)
            elif is_required(field):
                self.mistake(f"is missing; needed is {needed(field, hint, self.kinds)}", (*place, name))
            else:
                continue
            if value is BROKEN:
                value = stand_in(field, hint, self.kinds)
            if value is BROKEN:
                broken = True
            else:
                values[name] = value
        return BROKEN if broken else self.build(record, values, place)

    def build(self, record: type, values: dict[str, Any], place: tuple[str, ...]) -> Any:
        """Return the record; what it refuses is left out, one by one, to hear of its other mistakes too."""
        optional = {f.name for f in fields(record) if not is_required(f)}
        while True:
            try:
                return record(**values)
            except (ParameterError, ModelCompileError) as error:
                blamed, text = find_blame(record, values, str(error))
                self.mistake(text, (*place, *blamed))
            if not blamed or blamed[0] not in values or blamed[0] not in optional:
                return BROKEN
            if len(blamed) > 1 and isinstance(values[blamed[0]], dict) and blamed[1] in values[blamed[0]]:
                values[blamed[0]] = {k: v for k, v in values[blamed[0]].items() if k != blamed[1]}
            else:
                del values[blamed[0]]

    def value(self, hint: Any, given: Any, place: tuple[str, ...], about: About) -> Any:
        """Return what a field holds, or BROKEN."""
        try:
            return self.converted(hint, given, place, about)
        except (ParameterError, ModelCompileError) as error:
            self.mistake(str(error), place)
            return BROKEN

    def converted(self, hint: Any, given: Any, place: tuple[str, ...], about: About) -> Any:
        kinds, records = alternatives(hint), record_types(hint, self.kinds)
        kind = kinds[0]
        if records:
            return self.one_of(records, given, place)
        if kind is ModelCard:
            return self.card(given, place)
        if get_origin(kind) is Mapping:
            return self.mapping(get_args(kind)[1], given, place, about)
        if get_origin(kind) is tuple:
            return self.sequence(get_args(kind)[0], given, place, about)
        if get_origin(kind) is Literal:
            return one_of_values(get_args(kind), given)
        if kind is bool:
            return truth_value(given)
        if about.unit is None:
            return given
        if np.ndarray in (kind, get_origin(kind)):
            return self.array(given, place, about)
        if str in kinds and (isinstance(given, str) or len(kinds) == 1):
            return text_value(given)
        return whole_value(given, about) if int in kinds and float not in kinds else number_value(given, about)

    def one_of(self, records: dict[str, type], given: Any, place: tuple[str, ...]) -> Any:
        """Return a record of the type that its table names."""
        table = as_table(given, place)
        name = table.get("type", next(iter(records)) if len(records) == 1 else None)
        if name is None:
            raise ParameterError(f"type is missing; write type = {' or '.join(shown(r) for r in records)}.")
        if not isinstance(name, str) or name not in records:
            self.mistake(unknown_name("type", str(name), records), (*place, "type"))
            return BROKEN
        return self.record(records[name], {k: v for k, v in table.items() if k != "type"}, place)

    def mapping(self, hint: Any, given: Any, place: tuple[str, ...], about: About) -> dict[str, Any]:
        found = {}
        for name, item in as_table(given, place).items():
            inner = (*place, str(name))
            try:
                unit = declared_unit(about.card, str(name), about.states) if about.card else about.unit
            except ParameterError as error:
                self.mistake(str(error), inner)
                continue
            own = About(unit, declared=about.card is not None, shape=about.shape)
            value = self.value(hint, item, inner, own)
            if value is not BROKEN:
                found[str(name)] = value
        return found

    def sequence(self, hint: Any, given: Any, place: tuple[str, ...], about: About) -> Any:
        if not isinstance(given, (list, tuple)):
            raise ParameterError(f"{shown(given)} is no list; write it in [ ].")
        items = [self.value(hint, item, (*place, str(k)), about) for k, item in enumerate(given)]
        return BROKEN if any(item is BROKEN for item in items) else tuple(items)

    def card(self, given: Any, place: tuple[str, ...]) -> Any:
        table = given if isinstance(given, Mapping) else {"card": given}
        for key in set(table) - {"card", "values"}:
            self.mistake(unknown_name("key", str(key), ("card", "values")), (*place, str(key)))
        name, values = table.get("card"), table.get("values", {})
        if not isinstance(name, str):
            raise ParameterError(f"{shown(name or given)} is no card; give its name, its file, or {{card, values}}.")
        if name.endswith(".toml") or "/" in name or names_kit(name):
            card = load_card((self.folder / Path(name).expanduser()).resolve())
        else:
            card = load_card(name)
        return self.card_with_values(card, as_table(values, (*place, "values")), (*place, "values"))

    def card_with_values(self, card: ModelCard, values: Mapping[str, Any], place: tuple[str, ...]) -> ModelCard:
        """Return the card with other values; after a mistake without them."""
        try:
            return card.with_values(values) if values else card
        except ParameterError as error:
            whole, before = error, len(self.mistakes)
        for name, value in values.items():
            try:
                card.with_values({name: value})
            except ParameterError as error:
                text = str(error).removeprefix(f"card {card.name}: ").removeprefix(f"{name}: ")
                self.mistake(quoted(text, value), (*place, str(name)))
        if len(self.mistakes) == before:
            self.mistake(str(whole), place)
        return card

    def array(self, given: Any, place: tuple[str, ...], about: About) -> FloatArray:
        """Return numbers from a list, one number, a file or a draw."""
        if isinstance(given, Mapping):
            if "file" in given:
                return read_npy(self.folder, given)
            drawn: FloatArray = self.drawn(given, place, about)
            return drawn
        if isinstance(given, (list, tuple)):
            return array_value(given, about)
        if about.shape is None:
            raise ParameterError(f"{shown(given)} is no list of numbers.")
        return np.array(number_value(given, about))

    def drawn(self, given: Mapping[str, Any], place: tuple[str, ...], about: About) -> Any:
        """Return one number a cell from a seeded distribution."""
        kinds = [key for key in given if key != "seed"]
        if len(kinds) != 1 or kinds[0] not in _DRAWS:
            wanted = unknown_name("key", str(kinds[0]), [*_DRAWS, "file"]) if len(kinds) == 1 else "no array"
            raise ParameterError(f'{wanted}; write a list of numbers, {{file = "x.npy"}} or {{normal = {{...}}}}.')
        kind, names = kinds[0], _DRAWS[kinds[0]]
        if about.shape is None:
            raise ParameterError(f"{kind} needs an array of cells; give a list of numbers or a file.")
        table = given[kind]
        if not isinstance(table, Mapping) or set(table) != set(names):
            raise ParameterError(f"write {kind} = {{{', '.join(f'{name} = ...' for name in names)}}}.")
        relative = kind == "lognormal"
        first = number_value(table[names[0]], about)
        second = number_value(table[names[1]], About() if relative else about)
        if (second < first) if kind == "uniform" else (second < 0) or (relative and first <= 0):
            raise ParameterError(f"{kind} with {names[0]} = {first:g} and {names[1]} = {second:g} is no distribution.")
        seed = given.get("seed", self.content.get("seed"))
        if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
            raise ParameterError("a draw needs a seed, a whole number of at least 0, here or for the whole testbench.")
        if not about.shape:
            return BROKEN
        matrix = place[-2] if place[-2].startswith(("excitatory_", "inhibitory_")) else ""
        generator = np.random.default_rng([seed, *place[-1].encode(), *matrix.encode()])
        if relative:
            return first * np.exp(second * generator.standard_normal(about.shape))
        return getattr(generator, kind)(first, second, about.shape)
