"""The compiled Verilog-A model in bulk: residuals, charges and Jacobians of many devices at once.

The same compiled file that ngspice loads is called from a compiled loop, so there is no second set of equations that
could drift from the first.
"""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.arrays import FloatArray, IntArray
from rramcirc.basics.errors import ModelCompileError, ParameterError, SimulationError, shown, unknown_name
from rramcirc.devices.cards.model_card import ModelCard, check_instance
from rramcirc.devices.compiled.blocks import build_blocks, jacobian_places, refill_blocks
from rramcirc.devices.compiled.evaluation import Evaluation, new_evaluation
from rramcirc.devices.compiled.messages import drop_collector, listen, new_collector
from rramcirc.devices.veriloga.compile import compile_module
from rramcirc.devices.veriloga.osdi import OsdiDescriptor, OsdiModule, load_library, raw_descriptors, read_osdi

ROOM_TEMPERATURE = 300.15  # [K], 27 C: the default of SPICE
GMIN = 1e-12  # [S], the default of ngspice


class CompiledDevices:
    """N devices of one card, evaluated by the compiled model.

    Parameters
    ----------
    card
        A card with a Verilog-A module.
    count
        Number of devices N.
    parameters
        Instance parameters: numbers, or (N,) arrays [the parameter's unit]; the card's values for all others.
    temperature
        Device temperature [K].
    gmin
        What the model gets for ``$simparam("gmin")`` [S].

    Attributes
    ----------
    nodes, terminals, internal_nodes
        Names of the unknowns: terminals first, as in the Verilog-A file.
    states
        Names of the states.
    node_of : (n,) array
        The node that each node is merged with (``V(a, b) <+ 0``), else itself; n is ground. Row and column of a merged
        node are zero, and its voltage is not looked at.
    messages
        What the model printed, for example ``instance 3: warning: ...``; the first 100.

    Raises
    ------
    ParameterError
        If the card has no Verilog-A module, or a parameter is unknown or out of range; names the device.
    ModelCompileError
        If the module cannot be compiled or its nodes differ from device to device.

    Notes
    -----
    Devices with equal parameters share one instance block of about 0.5 kB; if one parameter differs between them, every
    device has its own. The object is for one thread at a time; different objects may be evaluated in parallel, the
    loop holds no lock. ``$limit`` has no effect, as each evaluation stands alone.

    Examples
    --------
    >>> from rramcirc.devices.cards.card import load_card
    >>> devices = CompiledDevices(load_card("hfo2_filament"), 2)
    >>> devices.nodes
    ('te', 'be', 'nz', 'diameter_s', 'gap_s')
    >>> voltages = np.array([[0.1, 0.0, 0.0, 0.0, 0.0], [0.1, 0.0, 0.0, 0.0, -0.5]])  # the second has a smaller gap
    >>> devices.evaluate(voltages).resistive[:, 0] * 1e6  # [uA]
    array([0.80225094, 2.34122023])
    """

    def __init__(
        self,
        card: ModelCard,
        count: int,
        parameters: Mapping[str, ArrayLike] | None = None,
        *,
        temperature: float = ROOM_TEMPERATURE,
        gmin: float = GMIN,
    ) -> None:
        check_card(card)
        if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 1:
            raise ParameterError(f"card {card.name}: count = {shown(count)} is no number of devices (at least 1).")
        self.card, self.count = card, int(count)
        self.temperature = _number(card, "temperature", temperature, 1.0, "K")
        self.gmin = _number(card, "gmin", gmin, 0.0, "S")
        self._raw, self._module, library = _module_of(card)
        self.nodes, self.terminals = self._module.nodes, self._module.terminals
        self.internal_nodes, self.states = self._module.internal_nodes, card.states
        self._overrides = self._checked_parameters(parameters or {})
        shared = not any(array.ndim for array in self._overrides.values())
        listen(library)
        self._handle, self.messages = new_collector()
        weakref.finalize(self, drop_collector, self._handle)
        self._all = np.arange(self.count)
        self._prepare(1 if shared else self.count)
        self._state_nodes: dict[str, int] | None = None

    def _checked_parameters(self, parameters: Mapping[str, ArrayLike]) -> dict[str, FloatArray]:
        """Return the parameters as () arrays, or (N,) arrays if they differ from device to device."""
        arrays = check_instance(self.card, parameters)
        for name, array in arrays.items():
            if array.size != 1 and array.shape != (self.count,):
                raise ParameterError(
                    f"card {self.card.name}: {name} has shape {array.shape}; give a number, or one for each of "
                    f"the {self.count} devices."
                )
        uniform = {name: not np.any(array != array.flat[0]) for name, array in arrays.items()}
        return {name: array.reshape(-1)[0] if uniform[name] else array for name, array in arrays.items()}

    def _prepare(self, n_blocks: int) -> None:
        """Allocate and set up the blocks and the work space of the loop."""
        from rramcirc.devices.compiled.kernels import FUNCTION_NAMES

        raw, n = self._raw, len(self.nodes)
        self._functions = np.array([getattr(raw, name) or 0 for name in FUNCTION_NAMES], np.int64)
        self._blocks = build_blocks(
            self.card, raw, self._module, n_blocks, self._overrides, self.temperature, self.gmin, self._handle,
            self._functions,
        )  # fmt: skip
        self.node_of = self._blocks.node_of
        self._solution, self._sums = np.zeros(n + 1), np.zeros(n + 1)
        self._entries, self._limit_states = np.zeros(raw.num_jacobian_entries), np.zeros(max(raw.num_states, 1))
        self._places = [jacobian_places(raw, self.node_of, reactive) for reactive in (False, True)]
        self._op_places = self._blocks.find_op_variables(raw, self._module)
        simulator = self._blocks.simulator
        simulator.prev_solve = self._solution.ctypes.data
        simulator.prev_state = simulator.next_state = self._limit_states.ctypes.data

    def change_parameters(self, parameters: Mapping[str, ArrayLike], *, checked: bool = False) -> None:
        """Give the devices other values of the instance parameters that they were made with; faster than new devices.

        Parameters
        ----------
        parameters
            As those of the class, the same names.
        checked
            Whether these values were given before, so that their types, shapes and ranges are known to be right.

        Raises
        ------
        ParameterError
            If there are other names, or a value is out of range.
        """
        if not isinstance(parameters, Mapping) or set(parameters) != set(self._overrides):
            given = ", ".join(map(str, parameters)) if isinstance(parameters, Mapping) else shown(parameters)
            names = ", ".join(self._overrides) or "none"
            raise ParameterError(f"card {self.card.name}: change_parameters: {given}; allowed are the names {names}.")
        if checked and len(self._blocks.instances) == self.count:
            overrides = {name: np.asarray(value, float) for name, value in parameters.items()}
        else:
            overrides = self._checked_parameters(parameters)
        spread = any(array.ndim for array in overrides.values())
        if spread and len(self._blocks.instances) != self.count:
            self._overrides = overrides
            self._prepare(self.count)
            return
        refill_blocks(
            self._blocks, self.card, self._raw, self._module, overrides, self.temperature, self._handle,
            self._functions,
        )  # fmt: skip
        self._overrides = overrides

    def parameter(self, name: str) -> FloatArray | float:
        """Return an instance parameter of the devices: () or (N,) array [its unit]."""
        return self._overrides[name] if name in self._overrides else self.card.number(name)

    @property
    def memory(self) -> int:
        """Memory of the instance blocks [bytes]."""
        return self._blocks.instances.nbytes

    def evaluate(
        self,
        voltages: ArrayLike,
        abstime: float = 0.0,
        *,
        jacobian: bool = True,
        reactive: bool = True,
        op_variables: Iterable[str] = (),
        out: Evaluation | None = None,
        which: IntArray | None = None,
    ) -> Evaluation:
        """Evaluate all devices, or some.

        Parameters
        ----------
        voltages : (N, n) array
            Value of every unknown [V], in the order of `nodes`; a state node holds the deviation of the state from
            its initial value, in the unit of the state.
        abstime
            Time [s]. Up to 0 it is a static analysis, in which states are frozen; give a positive time for every
            point of a transient, also for the first one.
        jacobian, reactive
            Whether the Jacobians, and whether the charges, are wanted.
        op_variables
            Names of the op-variables that are wanted.
        out
            Result of an earlier call; arrays of it that fit are written again, which saves time.
        which : (M,) int64 array
            Numbers of the devices that are wanted; `voltages` and all results have a row for each. None is all.

        Raises
        ------
        ParameterError
            If a shape does not fit, a voltage is not finite, or an op-variable is unknown.
        SimulationError
            If a device ended the evaluation (``$fatal``, unknown ``$simparam``); names it.
        """
        chosen = self._checked_numbers(which)
        points = self._checked_voltages(voltages, chosen)
        if isinstance(abstime, bool) or not isinstance(abstime, (int, float, np.number)) or not np.isfinite(abstime):
            raise ParameterError(f"card {self.card.name}: abstime = {shown(abstime)} is no time in s.")
        if out is not None and not isinstance(out, Evaluation):
            raise ParameterError(f"card {self.card.name}: out = {shown(out)} is no result of an earlier evaluation.")
        names = self._checked_op_variables(op_variables)
        return self._run(points, self._blocks.instances, float(abstime), jacobian, reactive, names, out, chosen)

    def _checked_numbers(self, which: IntArray | None) -> IntArray:
        if which is None:
            return self._all
        chosen = np.ascontiguousarray(which)
        inside = chosen.ndim == 1 and chosen.dtype == np.int64
        if not inside or (chosen.size and not (chosen.min() >= 0 and chosen.max() < self.count)):
            given = f"which = {which!r:.60}"
            raise ParameterError(f"card {self.card.name}: {given} is no list of devices below {self.count}.")
        return chosen

    def _checked_voltages(self, voltages: ArrayLike, which: IntArray) -> FloatArray:
        try:
            points = np.ascontiguousarray(voltages, dtype=np.float64)
        except (TypeError, ValueError):
            raise ParameterError(f"card {self.card.name}: the voltages {shown(voltages)} are no numbers.") from None
        wanted = (len(which), len(self.nodes))
        if points.shape != wanted:
            raise ParameterError(
                f"card {self.card.name}: the voltages have shape {points.shape}; needed is {wanted}, devices x nodes "
                f"({', '.join(self.nodes)})."
            )
        with np.errstate(invalid="ignore", over="ignore"):
            total = points.sum()  # the faster to look at
        if not np.isfinite(total) and not np.isfinite(points).all():
            row, column = (int(k) for k in np.argwhere(~np.isfinite(points))[0])
            where = f"card {self.card.name}, instance {which[row]}"
            raise ParameterError(f"{where}: the voltage of {self.nodes[column]} is {points[row, column]}.")
        return points

    def _checked_op_variables(self, names: Iterable[str]) -> tuple[str, ...]:
        if isinstance(names, str) or not isinstance(names, Iterable):
            raise ParameterError(f"card {self.card.name}: op_variables = {shown(names)} is no list of names.")
        names, known = tuple(names), self._op_places
        for name in names:
            if name not in known:
                raise ParameterError(f"card {self.card.name}: {unknown_name('op-variable', str(name), known)}")
        return names

    def _run(
        self, points: FloatArray, blocks: FloatArray, abstime: float, jacobian: bool, reactive: bool,
        names: tuple[str, ...] = (), out: Evaluation | None = None, which: IntArray | None = None,
    ) -> Evaluation:  # fmt: skip
        """Call the compiled loop for every row of `points`, in one block or one block per row."""
        from rramcirc.devices.compiled import kernels

        result = new_evaluation(len(points), points.shape[1], jacobian, reactive, out)
        simulator = self._blocks.simulator
        simulator.abstime = abstime
        simulator.flags = kernels.eval_flags(abstime > 0.0, jacobian, reactive, bool(names))
        op_values = np.empty((len(points), len(names)))
        if which is None:
            which = np.arange(len(points)) if len(blocks) > 1 else np.zeros(len(points), np.int64)
        stopped = kernels.evaluate(
            self._functions, self._handle, self._blocks.model.ctypes.data, ctypes.addressof(simulator), blocks,
            blocks.view(np.int32), which, points, self._solution, self._sums, self._entries,
            self._places[0], self._places[1], np.array([self._op_places[name] for name in names], np.int64),
            *result.rows(), op_values,
        )  # fmt: skip
        if stopped >= 0:
            said = [text for text in self.messages if text.startswith(f"instance {stopped // 16}:")]
            reason = said[-1] if said else f"instance {stopped // 16} returned the flags {stopped % 16}"
            raise SimulationError(f"card {self.card.name}: module {self.card.module} gave up: {reason}.")
        result.op_variables = {name: op_values[:, k] for k, name in enumerate(names)}
        return result

    @property
    def state_nodes(self) -> dict[str, int]:
        """Index of the node that carries each state; found by moving every internal node."""
        if self._state_nodes is None:
            n, first = len(self.nodes), len(self.terminals)
            points = np.zeros((1 + n - first, n))
            points[1:, first:] = np.eye(n - first) / 8
            found = self._run(points, self._blocks.instances[:1], 0.0, False, False, self.states).op_variables
            moved = {name: np.flatnonzero(values[1:] - values[0]) for name, values in found.items()}
            for name, nodes in moved.items():
                if len(nodes) != 1 or abs(found[name][1 + nodes[0]] - found[name][0] - 0.125) > 1e-9:
                    raise ModelCompileError(
                        f"module {self.card.module}: the state {name} is not {name}_ini + V(node) of one internal node."
                    )
            self._state_nodes = {name: first + int(nodes[0]) for name, nodes in moved.items()}
        return self._state_nodes


def check_card(card: object) -> None:
    """Raise ParameterError unless it is a card with a Verilog-A module."""
    if not isinstance(card, ModelCard):
        raise ParameterError(f"{shown(card)} is no model card; load_card gives one.")
    if card.declaration is None:
        raise ParameterError(f"card {card.name} is {card.origin}; only a Verilog-A module can be evaluated in bulk.")


def _module_of(card: ModelCard) -> tuple[OsdiDescriptor, OsdiModule, ctypes.CDLL]:
    """Compile and load the module of a card; return its descriptor, the same as text, and the library."""
    assert card.declaration is not None  # see check_card
    path = compile_module(card.declaration.path).path
    names = [module.name for module in read_osdi(path).modules]
    index = names.index(card.declaration.name)
    return raw_descriptors(path)[index], read_osdi(path).modules[index], load_library(path)


def _number(card: ModelCard, name: str, value: float, least: float, unit: str) -> float:
    number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if not number or not np.isfinite(value) or value < least:
        raise ParameterError(f"card {card.name}: {name} = {shown(value)} is no {name} of at least {least:g} {unit}.")
    return float(value)
