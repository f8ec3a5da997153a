"""The two systems of a recurrent network: its circuit, with a compiled model in every synapse, and equations (18)-(20).

Both are a state and its rate of change. The state begins with v and y, (2 N,); what learns follows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError
from rramcirc.circuits.recurrent.netlist import HOLD
from rramcirc.circuits.recurrent.recurrent import RecurrentNetwork
from rramcirc.devices.compiled.devices import CompiledDevices
from rramcirc.engines.network.recurrent_lines import Levels

PLASTIC_MODULE = "rram_plastic"  # what equation (20) is in Verilog-A


class RecurrentSystem(Protocol):
    """What the integration needs."""

    remarks: tuple[str, ...]

    def start(self) -> FloatArray:
        """Return the state at rest in which the search of the operating point begins."""
        ...

    def restarted(self, state: FloatArray, levels: Levels) -> FloatArray:
        """Return the state behind a corner at which the network begins to be held."""
        ...

    def slope(self, state: FloatArray, levels: Levels) -> FloatArray:
        """Return the rate of change of the state [1/s]."""
        ...

    def values(self, names: Sequence[str], state: FloatArray, levels: Levels) -> Mapping[str, FloatArray]:
        """Return variables of all synapses by name, each one a synapse, in the order of the network's pairs."""
        ...

    def known(self) -> tuple[str, ...]:
        """Return the names of the variables of a synapse."""
        ...


class EquationSystem:
    """Equations (18) to (20): one matrix of weights, which the side network reads transposed.

    While the network is held, v and y are at the restart level exactly.

    Raises
    ------
    ParameterError
        If the synapse is none that does equation (20).
    """

    def __init__(self, network: RecurrentNetwork) -> None:
        card = network.synapse
        if card.module != PLASTIC_MODULE:
            raise ParameterError(
                f"engine network: it solves equations (18)-(20), which a synapse of the module {card.module} need not "
                f"follow; use a card of {PLASTIC_MODULE}, or the engines numpy and ngspice."
            )
        self.remarks: tuple[str, ...] = ()
        self._n, self._level = network.neurons, network.restart_level
        self._tau = network.resistance * network.capacitance
        self._rate, self._symmetric = float(card.number("learning_rate")), network.symmetric
        self._to, self._from = np.array(network.pairs).T
        self._mask = np.zeros(network.shape)
        self._mask[self._to, self._from] = 1.0
        self._weights = network.weights * self._mask

    def start(self) -> FloatArray:
        """Return v = y = 0 and the weights."""
        return np.concatenate([np.zeros(2 * self._n), self._weights.ravel()])

    def restarted(self, state: FloatArray, levels: Levels) -> FloatArray:
        """Return the state with v and y at the restart level."""
        return np.concatenate([np.full(2 * self._n, self._level), state[2 * self._n :]])

    def slope(self, state: FloatArray, levels: Levels) -> FloatArray:
        """Return dv/dt, dy/dt [V/s] and dw/dt [1/s]."""
        n = self._n
        v, y, w = state[:n], state[n : 2 * n], state[2 * n :].reshape(n, n)
        found = np.zeros(state.size)
        if not levels.held:
            active = np.tanh(w @ v + levels.inputs)
            found[:n] = (active - v) / self._tau
            found[n : 2 * n] = ((1.0 - active * active) * (y @ w + levels.targets - v) - y) / self._tau
        if levels.window:
            product = np.outer(y, v)
            if self._symmetric:
                product = 0.5 * (product + product.T)
            found[2 * n :] = (self._rate * levels.window * product * self._mask).ravel()
        return found

    def known(self) -> tuple[str, ...]:
        """Return ("w",)."""
        return ("w",)

    def values(self, names: Sequence[str], state: FloatArray, levels: Levels) -> Mapping[str, FloatArray]:
        """Return the weights."""
        return {"w": state[2 * self._n :].reshape(self._n, self._n)[self._to, self._from]}


class CircuitSystem:
    """The circuit: capacitors and resistors of the neurons, switches, synapses and their twins from the compiled model.

    Raises
    ------
    ParameterError
        If the model has charges at its terminals, currents at x and y, or inner nodes that are no states.
    """

    def __init__(self, network: RecurrentNetwork, temperature: float) -> None:
        self.neurons, self._network = network.neurons, network
        self._tau = network.resistance * network.capacitance
        self._scale = float(network.synapse.number("conductance_scale"))
        self._to, self._from = np.array(network.pairs).T
        count = self._to.size
        weights = np.tile(network.weights[self._to, self._from], 2)  # synapses, then their twins
        self.devices = CompiledDevices(network.synapse, 2 * count, {"w_ini": weights}, temperature=temperature)
        self._places = [self.devices.nodes.index(name) for name in ("te", "be", "x", "y")]
        self._inner = np.array([self.devices.nodes.index(name) for name in self.devices.internal_nodes], np.int64)
        self._points = np.zeros((2 * count, len(self.devices.nodes)))
        self._inertia = self._checked()
        self.remarks: tuple[str, ...] = ()

    def _checked(self) -> FloatArray:
        """Return the charge of every inner node per volt; refuse what this engine does not solve."""
        name = self._network.synapse.name
        if set(self._inner.tolist()) != set(self.devices.state_nodes.values()):
            raise ParameterError(f"engine numpy: card {name}: a plastic synapse with inner nodes that are no states; "
                                 "ngspice runs it.")  # fmt: skip
        points = np.full(self._points.shape, 0.25)
        points[:, self._places[1]] = 0.0
        found = self.devices.evaluate(points, 1.0)
        assert found.reactive_jacobian is not None  # asked for
        charges = found.reactive_jacobian[0]
        inertia = np.diag(charges)[self._inner]
        apart = charges.copy()
        apart[self._inner, self._inner] = 0.0
        if apart.any() or not inertia.all() or found.resistive[:, self._places[2:]].any():
            raise ParameterError(f"engine numpy: card {name}: charges or currents at the terminals of a plastic "
                                 "synapse; ngspice runs it.")  # fmt: skip
        return np.asarray(inertia)

    def start(self) -> FloatArray:
        """Return v = y = 0 and no deviation of any state."""
        return np.zeros(2 * self.neurons + self._points.shape[0] * self._inner.size)

    def restarted(self, state: FloatArray, levels: Levels) -> FloatArray:
        """Return the state as it is: switches pull it to the restart level."""
        return state

    def _set(self, state: FloatArray, levels: Levels) -> None:
        """Put voltages on all synapses."""
        n, points, count = self.neurons, self._points, self._to.size
        te, _, x, y_terminal = self._places
        v, y = state[:n], state[n : 2 * n]
        points[:count, te], points[count:, te] = v[self._from], y[self._to]
        if not self._network.learning:
            factors: tuple[FloatArray | float, FloatArray | float] = (0.0, 0.0)
        elif self._network.symmetric:
            both = y[self._to] * v[self._from] + y[self._from] * v[self._to]
            factors = 0.5 * both * levels.window, 1.0
        else:
            factors = y[self._to] * levels.window, v[self._from]
        for half in (points[:count], points[count:]):
            half[:, x], half[:, y_terminal] = factors
        points[:, self._inner] = state[2 * n :].reshape(-1, self._inner.size)

    def slope(self, state: FloatArray, levels: Levels) -> FloatArray:
        """Return dv/dt, dy/dt [V/s] and the rates of all states."""
        n, count = self.neurons, self._to.size
        self._set(state, levels)
        found = self.devices.evaluate(self._points, 1.0, jacobian=False, reactive=False).resistive
        current = found[:, self._places[0]]
        sums = np.bincount(self._to, current[:count], n) / self._scale + levels.inputs
        back = np.bincount(self._from, current[count:], n) / self._scale
        v, y, active = state[:n], state[n : 2 * n], np.tanh(sums)
        rates = np.empty(state.size)
        rates[:n] = active - v
        rates[n : 2 * n] = (1.0 - active * active) * (back + levels.targets - v) - y
        if levels.held:
            rates[: 2 * n] -= (state[: 2 * n] - self._network.restart_level) / HOLD
        rates[: 2 * n] /= self._tau
        rates[2 * n :] = -(found[:, self._inner] / self._inertia).ravel()
        return rates

    def known(self) -> tuple[str, ...]:
        """Return the names of all op-variables of the card."""
        declaration = self._network.synapse.declaration
        assert declaration is not None  # see RecurrentNetwork
        return tuple(declaration.op_variables)

    def values(self, names: Sequence[str], state: FloatArray, levels: Levels) -> Mapping[str, FloatArray]:
        """Return op-variables of the synapses, without their twins."""
        self._set(state, levels)
        found = self.devices.evaluate(self._points, 1.0, jacobian=False, reactive=False, op_variables=names)
        return {name: values[: self._to.size] for name, values in found.op_variables.items()}
