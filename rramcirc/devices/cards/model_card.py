"""The record of a model card, and the checks of values that a user sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rramcirc.basics.errors import ParameterError, shown, unknown_name
from rramcirc.basics.mistakes import Mistakes
from rramcirc.devices.cards.read_advice import ReadAdvice
from rramcirc.devices.cards.values import converted, declared, known_values, outside, read_quantity, shortest, with_unit
from rramcirc.devices.veriloga.declarations import Module, Parameter
from rramcirc.devices.veriloga.library import path_label

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STATUSES = ("published", "fitted", "assumed")


@dataclass(frozen=True)
class CardValue:
    """One number of a card: value [`unit`], where it comes from, and whether every device may have its own."""

    value: float | int | str
    unit: str
    status: str
    source: str
    instance: bool = False


@dataclass(frozen=True)
class Validity:
    """The range [`unit`] of an operating condition inside which a card is meant to be used."""

    minimum: float
    maximum: float
    unit: str


@dataclass(frozen=True)
class LibraryDevice:
    """A transistor of a design kit: file and section of ``.lib``, device name, and M (model) or X (sub-circuit).

    `verilog_a` is the file of the compiled model that the kit's ``.model`` lines are of, where ngspice has none itself.
    """

    path: Path
    section: str
    device: str
    prefix: str
    verilog_a: Path | None = None


@dataclass(frozen=True)
class Spread:
    """Device-to-device spread of one instance parameter.

    Attributes
    ----------
    parameter
        The instance parameter.
    sigma_d2d
        Standard deviation, as a fraction of the nominal value of the parameter `of` (``normal``), or of the logarithm
        (``lognormal``).
    of
        Parameter whose nominal value the fraction refers to, for example ``ea`` for ``ea_delta``.
    distribution
        ``"normal"`` or ``"lognormal"``.
    truncate
        Draws beyond this many standard deviations are drawn again.
    correlation
        Other parameter with spread -> correlation coefficient.
    status, source
        As for every number of a card.
    """

    parameter: str
    sigma_d2d: float
    of: str
    distribution: str = "normal"
    truncate: float = 4.0
    correlation: Mapping[str, float] = field(default_factory=dict, hash=False)
    status: str = "assumed"
    source: str = ""

    def __post_init__(self) -> None:
        where = f"variability of {self.parameter}"
        for name, value, low in (("sigma_d2d", self.sigma_d2d, 0.0), ("truncate", self.truncate, 0.5)):
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value < 100:
                raise ParameterError(f"{where}: {name} = {shown(value)} is not a number from {low:g} to 100.")
        if self.distribution not in ("normal", "lognormal"):
            raise ParameterError(f"{where}: distribution {shown(self.distribution)} is not normal or lognormal.")
        for other, value in self.correlation.items():
            if not isinstance(value, (int, float)) or not -1 < value < 1:
                raise ParameterError(f"{where}: correlation with {other} = {shown(value)} is not between -1 and 1.")


@dataclass(frozen=True)
class Butterfly:
    """The sweep that shows a device at its best: 0 to SET peak, to RESET peak, to 0.

    Attributes
    ----------
    set_voltage, reset_voltage
        Peaks, both positive [V].
    ramp_rate
        Slope [V/s].
    selector
        Card of the select transistor of the default cell, ``"none"`` for a 1R cell.
    """

    set_voltage: float = 2.0
    reset_voltage: float = 1.2
    ramp_rate: float = 1.0
    selector: str = "nmos_select"

    def __post_init__(self) -> None:
        for name in ("set_voltage", "reset_voltage", "ramp_rate"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e15:
                raise ParameterError(f"butterfly: {name} = {shown(value)} is not a positive number.")
        if not isinstance(self.selector, str):
            raise ParameterError(f"butterfly: selector = {shown(self.selector)} is no card name.")


@dataclass(frozen=True)
class ModelCard:
    """Numbers of one device of one source.

    Exactly one of `module` (a Verilog-A module, its declarations in `declaration`), `spice` (a built-in model type of
    ngspice) and `library` (a transistor of a design kit) is set.

    `conductance_path` is the path of states that an initial conductance is looked up on: points from the most to the
    least conductive one, each with all states [the state's unit]; a text is the name of a parameter that has the value.
    """

    name: str
    module: str | None
    spice: str | None
    library: LibraryDevice | None
    title: str
    description: str
    not_modelled: tuple[str, ...]
    validity: dict[str, Validity] = field(hash=False)
    parameters: dict[str, CardValue] = field(hash=False)
    path: Path
    declaration: Module | None = field(default=None, repr=False)
    conductance_path: tuple[Mapping[str, float | str], ...] = field(default=(), hash=False)
    variability: tuple[Spread, ...] = field(default=(), hash=False)
    butterfly: Butterfly = Butterfly()
    read_advice: tuple[ReadAdvice, ...] = ()

    def __repr__(self) -> str:
        return f"<ModelCard {self.name}: {self.origin}, {len(self.parameters)} values, {self.path.name}>"

    @property
    def states(self) -> tuple[str, ...]:
        """State names of the Verilog-A module; none for transistors of ngspice or a design kit."""
        return self.declaration.states if self.declaration else ()

    @property
    def model_values(self) -> dict[str, float | int | str]:
        """Values that all devices of the card share."""
        return {name: v.value for name, v in self.parameters.items() if not v.instance}

    @property
    def instance_values(self) -> dict[str, float | int | str]:
        """Values that a device starts from and may override."""
        return {name: v.value for name, v in self.parameters.items() if v.instance}

    def value(self, name: str) -> float | int | str | None:
        """Return a value [its unit] of the card, else the default of the Verilog-A file.

        Raises
        ------
        ParameterError
            If neither knows the name; with the nearest names.
        """
        if name in self.parameters:
            return self.parameters[name].value
        if self.declaration and name in self.declaration.parameters:
            return self.declaration.parameters[name].default
        raise ParameterError(f"card {self.name}: {unknown_name('parameter', name, self._names(), self._listing())}")

    def state_bounds(self, instance: Mapping[str, Any] | None = None) -> dict[str, tuple[Any, Any] | None]:
        """Return state -> (lower, upper) bound [its unit], as the Verilog-A file declares them.

        Parameters
        ----------
        instance
            Values of instance parameters that differ from the card's, numbers or arrays of all devices: bounds that
            depend on them come as arrays.

        Returns
        -------
        dict
            None for a state whose bounds the file does not say; they are unknown then, not infinite.
        """
        if self.declaration is None:
            return {}
        card = {name: v.value for name, v in self.parameters.items()}
        values = known_values(self.declaration, {**card, **(instance or {})})
        return {state: self.declaration.bounds(state, values) for state in self.states}

    def state_ranges(self) -> dict[str, tuple[Any, Any] | None]:
        """Return state -> (lower, upper) bound of a device without cycle-to-cycle spread: the measure of differences.

        Bounds that must hold, `state_bounds`, may lie further apart, because a cycle may shift them.
        """
        return self.state_bounds({name: 0.0 for name in self.parameters if name.endswith("_sigma_c2c")})

    def number(self, name: str) -> float:
        """Return a value that is a number [its unit]; as `value`.

        Raises
        ------
        ParameterError
            If neither the card nor the Verilog-A file knows the name, or its value is a text or no constant.
        """
        value = self.value(name)
        if value is None or isinstance(value, str):
            what = "no constant" if value is None else f"the text {shown(value)}"
            raise ParameterError(f"card {self.name}: {name} is {what}; a number is needed. Set it in the card.")
        return value

    def with_values(self, values: Mapping[str, Any]) -> ModelCard:
        """Return a card with other values; they get the status ``assumed`` and the source ``set by the user``.

        Parameters
        ----------
        values
            Value by parameter name: a number in the parameter's unit, or a text such as ``1.2 eV`` or ``40k``.

        Raises
        ------
        ParameterError
            If a name is unknown, or a value has another unit or is out of its range; all mistakes at once.
        """
        if not isinstance(values, Mapping):
            raise ParameterError(f"card {self.name}: values must be a dict of parameter names, not {shown(values)}.")
        mistakes = Mistakes()
        parameters = dict(self.parameters)
        for name, given in values.items():
            try:
                parameters[name] = self._user_value(name, given)
            except ParameterError as error:
                mistakes.add(str(error))
        if self.declaration:
            for text in out_of_range(self.declaration, {n: v.value for n, v in parameters.items()}):
                mistakes.add(text)
        if mistakes:
            raise mistakes.sentence(f"card {self.name}")
        return replace(self, parameters=parameters)

    def _user_value(self, name: str, given: Any) -> CardValue:
        source = "set by the user"
        if self.declaration:
            parameter = declared(self.declaration, name, self._listing())
            value = converted(name, given, parameter)
            return CardValue(value, parameter.unit, "assumed", source, parameter.instance)
        if not isinstance(name, str) or not name.isidentifier():
            raise ParameterError(f"{shown(name)} is no parameter name")
        # the parameters of ngspice's own models and of design kits are not declared anywhere we could read
        old = self.parameters.get(name, CardValue(0.0, "", "assumed", source, instance=self.library is not None))
        if isinstance(old.value, str) and isinstance(given, str):
            return replace(old, value=given, status="assumed", source=source)
        return replace(old, value=read_quantity(given, old.unit, name), status="assumed", source=source)

    def _names(self) -> list[str]:
        return sorted({*self.parameters, *(self.declaration.parameters if self.declaration else ())})

    def _listing(self) -> str:
        return f"`rramcirc cards {self.name}` lists all."

    def table(self) -> str:
        """Return the values as a plain-text table: name, value, unit, status, source."""
        rows: list[tuple[str, ...]] = [("parameter", "value", "unit", "status", "source")]
        for name, v in self.parameters.items():
            value = v.value if isinstance(v.value, str) else shortest(v.value)
            rows.append((name + (" *" if v.instance else ""), value, v.unit, v.status, v.source))
        widths = [max(len(row[k]) for row in rows) for k in range(4)]
        rows.insert(1, (*("-" * w for w in widths), "------"))
        lines = [
            f"{name:<{widths[0]}}  {value:>{widths[1]}}  {unit:<{widths[2]}}  {status:<{widths[3]}}  {source}"
            for name, value, unit, status, source in rows
        ]
        if any(v.instance for v in self.parameters.values()):
            lines.append("* every device may have its own value")
        if self.declaration:
            left = [p for name, p in self.declaration.parameters.items() if name not in self.parameters]
            defaults = ", ".join(f"{p.name} = {with_unit(p.default, p.unit)}" for p in left)
            if left:
                lines.append(f"Left at the default of {path_label(self.declaration.path)}: {defaults}")
        return "\n".join(lines)

    def __str__(self) -> str:
        parts = [f"{self.name}: {self.title}", f"{self.origin} · {path_label(self.path)}", "", self.description.strip()]
        if self.not_modelled:
            parts += ["", f"Not modelled: {', '.join(self.not_modelled)}"]
        if self.validity:
            parts += ["", "Valid for"]
            parts += [f"  {n}: {v.minimum:g} to {v.maximum:g} {v.unit}" for n, v in self.validity.items()]
        if self.read_advice:
            parts += ["", "Read advice, between two writes"]
            parts += [f"  {row} ({row.status}: {row.source})" for row in self.read_advice]
        return "\n".join([*parts, "", self.table()])

    @property
    def origin(self) -> str:
        """In words what computes the device: a Verilog-A module, a built-in model, a design kit."""
        if self.module:
            return f"Verilog-A module {self.module}"
        if self.spice:
            return f"ngspice's built-in model {self.spice}"
        assert self.library is not None
        return f"device {self.library.device} of {self.library.path.name}, section {self.library.section}"


def out_of_range(module: Module, values: Mapping[str, Any]) -> list[str]:
    """Return one sentence per value that is outside its declared range."""
    known, label = known_values(module, values), path_label(module.path)
    return [
        outside(name, value, module.parameters[name], label)
        for name, value in values.items()
        if not module.parameters[name].allows(value, known)
    ]


def check_instance(card: ModelCard, values: Mapping[str, object]) -> dict[str, NDArray[np.float64]]:
    """Check values that differ from device to device, before ngspice (which dies without a word on a bad one).

    Parameters
    ----------
    card
        The card of the devices.
    values
        Instance parameter to a number, a text with unit, or an array of numbers [the parameter's unit].

    Returns
    -------
    dict of arrays
        The values as floats, in the shapes they came in.

    Raises
    ------
    ParameterError
        If a name is unknown or no instance parameter, a value is no number or out of range, or shapes do not fit.
    """
    import numpy as np

    if not isinstance(values, Mapping):
        raise ParameterError(f"card {card.name}: instance values must be a dict of names, not {shown(values)}.")
    arrays = {name: _instance_array(card, name, given) for name, given in values.items()}
    try:
        np.broadcast_shapes(*(a.shape for a in arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {a.shape}" for name, a in arrays.items() if a.shape)
        raise ParameterError(f"card {card.name}: the instance values have shapes that do not fit: {shapes}.") from None
    if card.declaration:
        base = {name: v.value for name, v in card.parameters.items()}
        known = known_values(card.declaration, {**base, **arrays})
        for name, array in arrays.items():
            _refuse_outside(card, card.declaration.parameters[name], array, known)
    return arrays


def _instance_array(card: ModelCard, name: str, given: Any) -> NDArray[np.float64]:
    """Return one instance parameter as an array of finite floats."""
    import numpy as np

    if card.declaration:
        try:
            parameter = declared(card.declaration, name, card._listing())
        except ParameterError as error:
            raise ParameterError(f"card {card.name}: {error}") from None
        unit, instance = parameter.unit, parameter.instance
    else:
        known = card.parameters.get(name)
        unit, instance = (known.unit, known.instance) if known else ("", True)
    if not instance:
        raise ParameterError(
            f"card {card.name}: {name} is the same for all devices of a card. Use card.with_values({{{name!r}: ...}})."
        )
    try:
        if isinstance(given, str):
            given = read_quantity(given, unit, name)
        array = np.asarray(given)
        if array.dtype.kind not in "iuf":
            raise ParameterError(f"{name}: {shown(given)} is no number or array of numbers.")
    except (ParameterError, ValueError) as error:
        raise ParameterError(f"card {card.name}: {error}") from None
    array = array.astype(float)
    if not np.isfinite(array).all():
        raise ParameterError(f"card {card.name}: {name} holds values that are no finite numbers.")
    return array


def _refuse_outside(card: ModelCard, parameter: Parameter, array: NDArray[np.float64], known: dict[str, Any]) -> None:
    """Raise if a value is outside its range; name the first one."""
    import numpy as np

    good = np.asarray(parameter.allows(array, known))
    if good.all():
        return
    bad = np.argwhere(~good)
    first = tuple(int(k) for k in bad[0])
    whole = np.broadcast_to(array, good.shape)
    name = parameter.name + (f"[{','.join(map(str, first))}]" if first else "")
    where = card.origin if card.declaration is None else path_label(card.declaration.path)
    text = outside(name, float(whole[first]), parameter, where)
    count = f"; {len(bad)} of {good.size} values are" if good.size > 1 else ""
    raise ParameterError(f"card {card.name}: {text}{count}.")
