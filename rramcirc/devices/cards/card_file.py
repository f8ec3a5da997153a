"""Reads a model card from its TOML file; all mistakes are found at once, with place and line."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from rramcirc.basics.errors import ParameterError, RramcircError, shown, unknown_name
from rramcirc.basics.files import parse_toml
from rramcirc.basics.mistakes import Mistakes, key_lines
from rramcirc.devices.cards.kit import chosen_device
from rramcirc.devices.cards.model_card import STATUSES, Butterfly, CardValue, LibraryDevice, ModelCard, Spread, Validity
from rramcirc.devices.cards.read_advice import ReadAdvice
from rramcirc.devices.cards.values import SPICE_TYPES, converted, declared, known_values, outside, same_unit
from rramcirc.devices.veriloga.declarations import Module
from rramcirc.devices.veriloga.library import find_module, path_label

_TOP_KEYS = (
    "name", "module", "spice", "library", "title", "description", "not_modelled", "conductance_path", "validity",
    "read_advice", "parameters", "variability", "butterfly",
)  # fmt: skip
SPREAD_KEYS = ("sigma_d2d", "of", "distribution", "truncate", "correlation", "status", "source")
_VALUE_KEYS = ("value", "unit", "status", "source", "instance")


def read_card(path: Path, text: str) -> ModelCard:
    """Read a model card.

    Parameters
    ----------
    path
        Where the text is from; a module or library of the card is looked up beside it first.
    text
        The TOML document.

    Raises
    ------
    ParameterError
        Every mistake of the file, each with line and place.
    """
    try:
        content = parse_toml(text)
    except tomllib.TOMLDecodeError as error:
        raise ParameterError(f"{path_label(path)} is no TOML file: {error}.") from error
    reader = _CardReader(path, content, key_lines(text))
    card = reader.card()
    if reader.mistakes:
        raise reader.mistakes.error(f"card {card.name}: {reader.mistakes.counted} in {path_label(path)}")
    return card


class _CardReader:
    """Walks over one card and collects its mistakes."""

    def __init__(self, path: Path, content: dict[str, Any], lines: dict[tuple[str, ...], int]):
        self.path, self.content = path, content
        self.mistakes = Mistakes(lines)

    def text(self, key: str, *, needed: bool) -> str:
        value = self.content.get(key, "")
        if not isinstance(value, str):
            self.mistakes.add(f"{shown(value)} is no text", key)
            return ""
        if needed and not value.strip():
            self.mistakes.add(f'{key} is missing; write {key} = "..."', key)
        return value

    def table(self, key: str) -> dict[str, Any]:
        value = self.content.get(key, {})
        if not isinstance(value, dict):
            self.mistakes.add(f"{shown(value)} is no table; write [{key}]", key)
            return {}
        return value

    def number(self, value: Any, *place: str) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            self.mistakes.add(f"{shown(value)} is no finite number", *place)
            return 0.0
        return float(value)

    def card(self) -> ModelCard:
        for key in self.content:
            if key not in _TOP_KEYS:
                self.mistakes.add(unknown_name("key", key, _TOP_KEYS), key)
        name = self.text("name", needed=True)
        if name and not name.replace("-", "_").isidentifier():
            self.mistakes.add(f"name {shown(name)} may have letters, digits and _ only", "name")
        module, spice, library = self.device()
        parameters = self.parameters(module)
        return ModelCard(
            name=name or self.path.stem,
            module=module.name if module else None,
            spice=spice,
            library=library,
            title=self.text("title", needed=True),
            description=self.text("description", needed=False),
            not_modelled=self.not_modelled(),
            validity=self.validity(),
            parameters=parameters,
            path=self.path,
            declaration=module,
            conductance_path=self.conductance_path(module),
            variability=self.variability(module),
            butterfly=self.butterfly(),
            read_advice=self.read_advice(),
        )

    def device(self) -> tuple[Module | None, str | None, LibraryDevice | None]:
        given = [key for key in ("module", "spice", "library") if key in self.content]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            self.mistakes.add(f"give one of module, spice, library; found {found}", *given[1:2])
            return None, None, None
        if given == ["library"]:
            return None, None, self.library()
        name = self.text(given[0], needed=True)
        if given == ["spice"]:
            if name and name.lower() not in SPICE_TYPES:
                self.mistakes.add(unknown_name("built-in model type", name, SPICE_TYPES), "spice")
            return None, name.lower(), None
        try:
            return (find_module(name, search=[self.path.parent]) if name else None), None, None
        except RramcircError as error:
            self.mistakes.add(str(error), "module")
            return None, None, None

    def library(self) -> LibraryDevice | None:
        """Return the device of a design kit; what the file itself tells may be left out."""
        table = self.table("library")
        texts = {}
        for key in ("path", "section", "device", "prefix", "verilog_a"):
            texts[key] = table.get(key, "")
            if not isinstance(texts[key], str):
                self.mistakes.add(f"{shown(texts[key])} is no text", "library", key)
                return None
        for key in set(table) - set(texts):
            self.mistakes.add(unknown_name("key", key, texts), "library", key)
        prefix = texts["prefix"].upper()
        if prefix not in ("", "X", "M"):
            self.mistakes.add(
                f"prefix {texts['prefix']!r} is neither X (sub-circuit) nor M (model)", "library", "prefix"
            )
        if not texts["path"]:
            self.mistakes.add('path is missing; for example path = "x.lib"', "library", "path")
            return None
        file = Path(texts["path"]).expanduser()
        file = file if file.is_absolute() else self.path.parent / file
        if not file.is_file():
            self.mistakes.add(f"there is no file {file}", "library", "path")
            return None
        section, device, found = chosen_device(file, texts["section"], texts["device"], self.mistakes, "library")
        if prefix and found and prefix != found:
            kind = "a sub-circuit" if found == "X" else "a model"
            self.mistakes.add(f"{device} is {kind} in {file.name}: prefix {found}, not {prefix}", "library", "prefix")
        source = self.path.parent / Path(texts["verilog_a"]).expanduser() if texts["verilog_a"] else None
        if source is not None and not source.is_file():
            self.mistakes.add(f"there is no file {source}", "library", "verilog_a")
        return LibraryDevice(file, section, device, found or prefix, source)

    def not_modelled(self) -> tuple[str, ...]:
        items = self.content.get("not_modelled", [])
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            self.mistakes.add(f"{shown(items)} is no list of texts", "not_modelled")
            return ()
        return tuple(items)

    def conductance_path(self, module: Module | None) -> tuple[dict[str, float | str], ...]:
        """Return the path of states that an initial conductance is looked up on, see `ModelCard`."""
        points = self.content.get("conductance_path", [])
        if points == [] or (module is None and self.mistakes):
            return ()
        states = module.states if module else ()
        example = ", ".join(f"{name} = 1.0" for name in states)
        if module is None or not states:
            self.mistakes.add("it needs a Verilog-A module with states", "conductance_path")
            return ()
        good = isinstance(points, list) and all(isinstance(p, dict) and set(p) == set(states) for p in points)
        if not good or len(points) < 2:
            wanted = f"write two or more points [{{{example}}}, ...], the most conductive first"
            self.mistakes.add(wanted, "conductance_path")
            return ()
        known = [name for name, parameter in module.parameters.items() if parameter.kind != "string"]
        for value in (value for point in points for value in point.values()):
            if not isinstance(value, str):
                self.number(value, "conductance_path")
            elif value not in known:
                self.mistakes.add(unknown_name("parameter", value, known), "conductance_path")
        return tuple(points)

    def butterfly(self) -> Butterfly:
        """Return the default sweep of the device."""
        table = self.table("butterfly")
        known = [f.name for f in fields(Butterfly)]
        for key in table:
            if key not in known:
                self.mistakes.add(unknown_name("key", key, known), "butterfly", key)
        try:
            return Butterfly(**{key: value for key, value in table.items() if key in known})
        except ParameterError as error:
            self.mistakes.add(str(error).rstrip("."), "butterfly")
            return Butterfly()

    def variability(self, module: Module | None) -> tuple[Spread, ...]:
        """Return the spreads of instance parameters."""
        known = [name for name, p in module.parameters.items() if p.instance and p.kind != "string"] if module else []
        found = []
        for name, entry in self.table("variability").items():
            place = ("variability", name)
            if name not in known:
                self.mistakes.add(unknown_name("instance parameter", name, known), *place)
                continue
            if not isinstance(entry, dict) or not set(entry) <= set(SPREAD_KEYS) or "sigma_d2d" not in entry:
                self.mistakes.add(f"write {{sigma_d2d = 0.05, ...}}; the keys are {', '.join(SPREAD_KEYS)}", *place)
                continue
            if not entry.get("source") or entry.get("status") not in STATUSES:
                self.mistakes.add(f"it needs a source and a status ({', '.join(STATUSES)})", *place)
                continue
            values: dict[str, Any] = {"parameter": name, "of": name} | entry
            try:
                found.append(Spread(**values))
            except ParameterError as error:
                self.mistakes.add(str(error).rstrip("."), *place)
        return tuple(found)

    def validity(self) -> dict[str, Validity]:
        found = {}
        for name, entry in self.table("validity").items():
            place = ("validity", name)
            whole = isinstance(entry, dict) and set(entry) == {"min", "max", "unit"}
            if not whole or not isinstance(entry["unit"], str):
                self.mistakes.add('write {min = 0, max = 1, unit = "V"}', *place)
                continue
            low, high = self.number(entry["min"], *place), self.number(entry["max"], *place)
            if low > high:
                self.mistakes.add(f"min = {low:g} is above max = {high:g}", *place)
            found[name] = Validity(low, high, entry["unit"])
        return found

    def read_advice(self) -> tuple[ReadAdvice, ...]:
        """Return how long the device may be read at which voltage and temperature."""
        rows = self.content.get("read_advice", [])
        keys = [f.name for f in fields(ReadAdvice)]
        found = []
        if not isinstance(rows, list):
            self.mistakes.add(f"write [[read_advice]] tables with {', '.join(keys)}", "read_advice")
            return ()
        for row in rows:
            if not isinstance(row, dict) or set(row) != set(keys):
                self.mistakes.add(f"every row needs {', '.join(keys)}", "read_advice")
                continue
            if row["status"] not in STATUSES or not isinstance(row["source"], str) or not row["source"].strip():
                self.mistakes.add(f"it needs a source and a status ({', '.join(STATUSES)})", "read_advice")
                continue
            try:
                found.append(ReadAdvice(**row))
            except ParameterError as error:
                self.mistakes.add(str(error).rstrip("."), "read_advice")
        return tuple(found)

    def parameters(self, module: Module | None) -> dict[str, CardValue]:
        found: dict[str, CardValue] = {}
        for name, entry in self.table("parameters").items():
            place = ("parameters", name)
            if not isinstance(entry, dict):
                self.mistakes.add('write {value = 1, unit = "V", status = "assumed", source = "..."}', *place)
                continue
            value = self.entry(name, entry, place, module)
            if value is not None:
                found[name] = value
        if module:
            known = known_values(module, {name: v.value for name, v in found.items()})
            for name, v in found.items():
                if not module.parameters[name].allows(v.value, known):
                    sentence = outside(name, v.value, module.parameters[name], path_label(module.path))
                    self.mistakes.add(sentence, "parameters", name)
        return found

    def entry(
        self, name: str, entry: Mapping[str, Any], place: tuple[str, str], module: Module | None
    ) -> CardValue | None:
        """Return one value; ``None`` if it cannot be used."""
        for key in entry:
            if key not in _VALUE_KEYS:
                self.mistakes.add(unknown_name("key", key, _VALUE_KEYS), *place)
        texts = {key: entry.get(key, "") for key in ("unit", "status", "source")}
        for key, text in texts.items():
            if not isinstance(text, str):
                self.mistakes.add(f"{key} {shown(text)} is no text", *place)
                return None
        if texts["status"] not in STATUSES:
            said = f"status {texts['status']!r} is unknown" if texts["status"] else "status is missing"
            self.mistakes.add(f"{said}; allowed are {', '.join(STATUSES)}", *place)
        if not texts["source"].strip():
            self.mistakes.add("source is missing: say where the value is from", *place)
        if "value" not in entry:
            self.mistakes.add("value is missing", *place)
            return None
        instance = entry.get("instance", False)
        if not isinstance(instance, bool):
            self.mistakes.add(f"instance is true or false, not {shown(instance)}", *place)
            return None
        if module:
            return self.declared_entry(name, entry, texts, place, module)
        value = entry["value"]
        if not isinstance(value, str):
            value = self.number(value, *place) if not isinstance(value, int) or isinstance(value, bool) else value
        return CardValue(value, texts["unit"], texts["status"], texts["source"], instance)

    def declared_entry(
        self, name: str, entry: Mapping[str, Any], texts: dict[str, str], place: tuple[str, str], module: Module
    ) -> CardValue | None:
        """Check one value against the declaration of its Verilog-A parameter."""
        label = path_label(module.path)
        try:
            parameter = declared(module, name, f"`rramcirc models {module.name}` lists all.")
            value = converted(name, entry["value"], parameter)
        except ParameterError as error:
            self.mistakes.add(str(error), *place)
            return None
        if not same_unit(texts["unit"], parameter.unit):
            self.mistakes.add(
                f"unit {texts['unit']!r} is not that of the parameter, {parameter.unit!r} ({label})", *place
            )
            return None
        if "instance" in entry and entry["instance"] != parameter.instance:
            said = "an instance parameter" if parameter.instance else "no instance parameter"
            self.mistakes.add(f"instance = {str(entry['instance']).lower()}, but it is {said} ({label})", *place)
        return CardValue(value, parameter.unit, texts["status"], texts["source"], parameter.instance)
