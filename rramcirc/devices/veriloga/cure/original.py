"""The equations of a Verilog-A module as they are written, evaluated in small explicit steps, as a simulator would that
keeps variables from one step to the next.

This is the witness for a cure: it shares nothing with it but the reading of the file. It knows modules with two
terminals that carry current, whose states are variables, integrals, or inner nodes ``I(s) <+ ddt(V(s)) ...``; voltages
of other inner nets and currents that are read are solved for by Newton's method in every step.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.devices.veriloga.cure.network import Network, NotFollowed
from rramcirc.devices.veriloga.cure.statements import Statements
from rramcirc.devices.veriloga.lint.records import LintModule

_MOST_ITERATIONS = 40
_RELATIVE, _VOLT, _AMPERE = 1e-7, 1e-12, 1e-18  # smallest steps of Newton's method
_NUDGE = 1e-6  # of an unknown, for the slope
_SLOW = 0.3  # a step that shrinks less asks for a new slope


class Original(Statements):
    """One device of a module, driven by a voltage.

    Parameters
    ----------
    module
        As it is written, before any repair.
    top, bottom
        The terminals that carry current.
    values
        Parameters that have other values than their defaults.
    steps
        Names that stand for the time step; they get that of the evaluation.
    grounded
        Terminals that are at 0 V.
    implicit
        Whether inner nodes with a derivative are solved for, with backward Euler: for those that are fast.

    Raises
    ------
    NotFollowed
        If there is something in it that cannot be evaluated.
    """

    def __init__(
        self,
        module: LintModule,
        top: str,
        bottom: str,
        values: Mapping[str, float],
        steps: Sequence[str] = (),
        grounded: Sequence[str] = (),
        implicit: bool = False,
    ):
        super().__init__(module, Network(module, top, bottom, grounded, implicit), steps)
        self.inverse: list[list[float]] | None = None
        voltages = len(self.network.inner)
        self._parameters(values)
        self._variables()
        self.actions = [self.statement(block) for block in (*module.setup, *module.analog)]
        self.least = [_VOLT] * voltages + [_AMPERE] * (self.network.unknowns - voltages)

    def _parameters(self, values: Mapping[str, float]) -> None:
        given = {name.lower(): value for name, value in values.items()}
        for name, parameter in self.module.parameters.items():
            if parameter.start is None:
                raise NotFollowed(f"the default of the parameter {name} was not understood")
            if parameter.start.kind == "string":
                self.names[name] = parameter.start.text.strip('"')
                continue
            value = given.get(name.lower())
            self.names[name] = self.value(parameter.start)() if value is None else value

    def _variables(self) -> None:
        for name, variable in self.module.variables.items():
            start = self.value(variable.start)() if variable.start is not None and not variable.array else 0.0
            self.names[name] = {} if variable.array else (round(start) if variable.kind == "integer" else start)

    def run(self, times: FloatArray, voltages: FloatArray) -> FloatArray:
        """Return the current [A] into the top terminal at times.

        Parameters
        ----------
        times : (n,) array
            Times [s], from 0.
        voltages : (n,) array
            Of the top terminal against the bottom one [V].

        Raises
        ------
        NotFollowed
            If a value is not finite, or the equations of a step are not solved.
        """
        network, currents = self.network, np.empty(len(times))
        for k in range(len(times)):
            self.dt = float(times[k] - self.time)
            self.time, self.first = float(times[k]), k == 0
            for action in self.begun:
                action()
            for net, rate in network.rates.items():
                network.potentials[net] = network.potentials.get(net, 0.0) + self.dt * rate
            network.potentials[network.top] = float(voltages[k])
            if network.unknowns:
                self.solve()
            else:
                network.put(())
                self.evaluate()
            for action in self.settled:
                action()
            currents[k] = network.into(network.top)
        if not np.all(np.isfinite(currents)):
            raise NotFollowed(f"the current is not finite at {times[~np.isfinite(currents)][0]:.3g} s")
        return currents

    def evaluate(self) -> None:
        """Run all statements once."""
        for action in self.actions:
            action()

    def solve(self) -> None:
        """Evaluate with the unknowns that satisfy the equations of this step.

        Where a current is read that jumps, no such value may exist: the current of the last step is read then.
        """
        network, kept = self.network, self._kept()
        start = unknowns = network.guess()
        missed = self._missed(unknowns, kept)
        before = math.inf
        for _ in range(_MOST_ITERATIONS):
            if self.inverse is None:
                self.inverse = self._inverse(unknowns, missed, kept)
            step = [-sum(a * b for a, b in zip(row, missed, strict=True)) for row in self.inverse]
            if not all(map(math.isfinite, step)):
                break
            unknowns = [x + dx for x, dx in zip(unknowns, step, strict=True)]
            missed = self._missed(unknowns, kept)
            parts = zip(unknowns, step, self.least, strict=True)
            size = max(abs(dx) / (_RELATIVE * abs(x) + least) for x, dx, least in parts)
            if size <= 1.0:
                return
            if size > _SLOW * before:
                self.inverse = None
            before = size
        self.inverse = None
        if len(network.read_early) < network.unknowns:
            raise NotFollowed(f"the equations of the inner nets are not solved at {self.time:.3g} s")
        self._missed(start, kept)

    def _missed(self, unknowns: Sequence[float], kept: dict[str, Any]) -> list[float]:
        """Return the residuals with some values of the unknowns; variables are as they were before the step."""
        self.names.update({name: dict(value) if isinstance(value, dict) else value for name, value in kept.items()})
        self.network.put(unknowns)
        self.evaluate()
        return self.network.residuals()

    def _kept(self) -> dict[str, Any]:
        return {name: dict(value) if isinstance(value, dict) else value for name, value in self.names.items()}

    def _inverse(self, unknowns: list[float], missed: list[float], kept: dict[str, Any]) -> list[list[float]]:
        """Return the inverse of the derivatives of the residuals by the unknowns."""
        slopes = np.empty((len(unknowns), len(unknowns)))
        for k, value in enumerate(unknowns):
            nudge = _NUDGE * max(abs(value), 1.0 if k < len(self.network.inner) else 1e-6)
            nudged = [x + nudge * (j == k) for j, x in enumerate(unknowns)]
            slopes[:, k] = np.subtract(self._missed(nudged, kept), missed) / nudge
        if not np.all(np.isfinite(slopes)):
            return [[math.nan] * len(unknowns)] * len(unknowns)
        found: list[list[float]] = np.linalg.pinv(slopes).tolist()
        return found
