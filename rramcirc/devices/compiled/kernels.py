"""The compiled loops of the bulk evaluator: they call a model's functions by address, once per instance.

Addresses are *arguments*: one compiled loop serves every model, and its cached machine code holds no address. Every
loop has exactly one signature, and the cache folder is named after this file, so processes that fill the cache at the
same time write the same bytes.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import llvmlite.binding as llvm
import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils, config
from numba.extending import intrinsic
from numpy.typing import NDArray

from rramcirc.basics import paths
from rramcirc.basics.arrays import FloatArray, IntArray, LoopCompiler

# where the addresses of the model's functions stand in the array `functions` of the loops
EVAL, SETUP_INSTANCE, RESIDUAL, CHARGE, CONDUCTANCES, CAPACITANCES = range(6)
FUNCTION_NAMES = (
    "eval", "setup_instance", "load_residual_resist", "load_residual_react",
    "write_jacobian_array_resist", "write_jacobian_array_react",
)  # fmt: skip

# flags of eval (OSDI)
RESISTIVE_RESIDUAL, REACTIVE_RESIDUAL, RESISTIVE_JACOBIAN, REACTIVE_JACOBIAN, OP_VARIABLES = 1, 2, 4, 8, 32
ANALYSIS_DC, ANALYSIS_TRAN, ANALYSIS_STATIC = 2048, 8192, 32768
# what eval and the set-up functions return; 1 only says that a voltage was limited
FATAL, FINISH, STOP = 2, 4, 8
REFUSED = FATAL | FINISH | STOP

_POINTER, _REAL, _UINT, _NOTHING = ir.IntType(8).as_pointer(), ir.DoubleType(), ir.IntType(32), ir.VoidType()
_lock = threading.Lock()
_Function = TypeVar("_Function", bound=Callable[..., Any])
_njit: LoopCompiler = numba.njit


def eval_flags(transient: bool, jacobian: bool, reactive: bool, op_variables: bool) -> int:
    """Return the flags of the model's eval: what to compute, and in which analysis it stands."""
    flags = RESISTIVE_RESIDUAL | (ANALYSIS_TRAN if transient else ANALYSIS_DC | ANALYSIS_STATIC)
    flags |= (RESISTIVE_JACOBIAN if jacobian else 0) | (REACTIVE_RESIDUAL if reactive else 0)
    # a model takes the reactive Jacobian as the sign that it integrates, so it is part of every transient
    flags |= REACTIVE_JACOBIAN if transient or (jacobian and reactive) else 0
    return flags | (OP_VARIABLES if op_variables else 0)


def _c_function(result: ir.Type, *parameters: ir.Type) -> Callable[..., int]:
    """Return a function for compiled code: ``call(address, (argument, ...))``; integers become what C wants."""

    def call(context: Any, address: Any, arguments: Any) -> tuple[Any, Callable[..., Any]]:
        def generate(context: Any, builder: ir.IRBuilder, signature: Any, values: tuple[Any, Any]) -> Any:
            where, packed = values
            c_arguments = [
                builder.inttoptr(value, wanted)
                if wanted is _POINTER
                else builder.trunc(value, wanted)
                if wanted is _UINT
                else value
                for value, wanted in zip(cgutils.unpack_tuple(builder, packed), parameters, strict=True)
            ]
            function = builder.inttoptr(where, ir.FunctionType(result, parameters).as_pointer())
            answer = builder.call(function, c_arguments)
            return builder.zext(answer, ir.IntType(64)) if result is _UINT else ir.Constant(ir.IntType(64), 0)

        return types.int64(address, arguments), generate

    call_by_address: Callable[..., int] = intrinsic(call)
    return call_by_address


_call_eval = _c_function(_UINT, _POINTER, _POINTER, _POINTER, _POINTER)
_call_load = _c_function(_NOTHING, _POINTER, _POINTER, _POINTER)
_call_setup = _c_function(_NOTHING, _POINTER, _POINTER, _POINTER, _REAL, _UINT, _POINTER, _POINTER)


def _cache_folder(*files: str) -> str:
    """Return a folder of its own for the machine code of this file and `files`, numba's version and this processor."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for file in files:
        digest.update(Path(file).read_bytes())
    features = ",".join(f"{name}{on:d}" for name, on in sorted(llvm.get_host_cpu_features().items()))
    digest.update(f"{numba.__version__} {llvm.get_host_cpu_name()} {features}".encode())
    base = Path(config.CACHE_DIR) if config.CACHE_DIR else paths.cache_folder() / "numba"
    return str(base / f"rramcirc-{digest.hexdigest()[:16]}")


def _compiled(signature: Any, *files: str) -> LoopCompiler:
    """Compile a function for one signature; the machine code is kept in the cache folder if that can be written.

    `files` are other files whose functions it calls: numba itself looks at the function's own file only.
    """

    kept: LoopCompiler = numba.njit(signature, cache=True, nogil=True)
    unkept: LoopCompiler = numba.njit(signature, nogil=True)

    def decorate(function: _Function) -> _Function:
        with _lock:
            chosen, config.CACHE_DIR = config.CACHE_DIR, _cache_folder(*files)
            try:
                return kept(function)
            except (OSError, RuntimeError):
                return unkept(function)
            finally:
                config.CACHE_DIR = chosen

    return decorate


@_njit
def _load_nodes(function: int, instance: int, model: int, sums: FloatArray, result: FloatArray, i: int) -> None:
    """Write one row of a residual; the model's function adds to the nodes that its nodes are mapped to."""
    sums[:] = 0.0
    _call_load(function, (instance, model, sums.ctypes.data))
    for k in range(result.shape[1]):
        result[i, k] = sums[k]


@_njit
def _load_entries(
    function: int, instance: int, model: int, entries: FloatArray, places: IntArray, result: FloatArray, i: int
) -> None:
    """Write one row of a Jacobian; collapsed nodes may share a place."""
    for k in range(result.shape[1]):
        result[i, k] = 0.0
    if places.shape[0]:
        _call_load(function, (instance, model, entries.ctypes.data))
    for k in range(places.shape[0]):
        if places[k] >= 0:
            result[i, places[k]] += entries[k]


_INTEGERS, _VECTOR, _MATRIX = types.int64[::1], types.float64[::1], types.float64[:, ::1]
_READ_ONLY = types.Array(types.float64, 2, "C", readonly=True)


@_compiled(
    types.int64(
        _INTEGERS, types.int64, types.int64, _MATRIX, types.float64, types.int64, types.int64, types.uint32[::1]
    )
)  # fmt: skip
def set_up(
    functions: IntArray, handle: int, model: int, blocks: FloatArray, temperature: float, terminals: int,
    simulator: int, outcome: NDArray[np.uint32],
) -> int:  # fmt: skip
    """Run the model's setup_instance on every instance block.

    Parameters
    ----------
    functions : (6,) int64 array
        Addresses of the model's functions, in the order of `FUNCTION_NAMES`.
    handle
        Handle of the first instance; the others follow it.
    model
        Address of the model block.
    blocks : (n_blocks, words) array
        Instance blocks; parameters are written, the model has set up nothing yet.
    temperature
        Device temperature [K].
    terminals
        Number of connected terminals.
    simulator
        Address of the simulator parameters.
    outcome : (4,) uint32 array
        Memory of an OsdiInitInfo; tells what is wrong with the instance that is returned.

    Returns
    -------
    int
        Index of the first instance that has a mistake, or -1.
    """
    stride = blocks.shape[1] * 8
    for i in range(blocks.shape[0]):
        instance = blocks.ctypes.data + i * stride
        outcome[:] = 0
        arguments = (handle + i, instance, model, temperature, terminals, simulator, outcome.ctypes.data)
        _call_setup(functions[SETUP_INSTANCE], arguments)
        if outcome[0] & REFUSED or outcome[1]:
            return i
    return -1


@_compiled(
    types.int64(
        _INTEGERS, types.int64, types.int64, types.int64, _MATRIX, types.int32[:, ::1], _INTEGERS, _READ_ONLY, _VECTOR,
        _VECTOR, _VECTOR, _INTEGERS, _INTEGERS, _INTEGERS, _MATRIX, _MATRIX, _MATRIX, _MATRIX, _MATRIX
    )
)  # fmt: skip
def evaluate(
    functions: IntArray, handle: int, model: int, simulator: int, blocks: FloatArray, block_integers: NDArray[np.int32],
    which: IntArray, voltages: FloatArray, solution: FloatArray, sums: FloatArray, entries: FloatArray,
    conductance_place: IntArray, capacitance_place: IntArray, op_places: IntArray, residual: FloatArray,
    charge: FloatArray, conductances: FloatArray, capacitances: FloatArray, op_values: FloatArray,
) -> int:  # fmt: skip
    """Evaluate instances once; a result of which the array is empty is not wanted.

    Parameters
    ----------
    functions, handle, model, blocks
        As for `set_up`; with one block for all instances they are evaluated one after the other in it.
    simulator
        Address of an OsdiSimInfo whose `prev_solve` is the address of `solution`.
    block_integers
        The memory of `blocks` as 32-bit integers.
    which : (n,) int64 array
        The instances; the rows of all other arrays are theirs.
    voltages : (n, n_nodes) array
        Unknowns of every instance [V or the node's unit].
    solution, sums : (n_nodes + 1,) arrays
        Work space; the last place is ground.
    entries : (n_entries,) array
        Work space for the non-zeros of a Jacobian.
    conductance_place, capacitance_place : int64 arrays
        Place of every non-zero in a flat Jacobian, or -1 (ground).
    op_places : int64 array
        Word of every wanted op-variable in the block, or -1 - (32-bit word) for integers.
    residual, charge : (n, n_nodes) arrays
        Results, resistive [A] and reactive [C].
    conductances, capacitances : (n, n_nodes^2) arrays
        Results, Jacobians, resistive [S] and reactive [F].
    op_values : (n, n_op) array
        Results, op-variables.

    Returns
    -------
    int
        -1, or 16 times the number of the instance that ended the evaluation plus its return flags.
    """
    n_nodes = voltages.shape[1]
    stride = blocks.shape[1] * 8 if blocks.shape[0] > 1 else 0
    for i in range(voltages.shape[0]):
        instance = blocks.ctypes.data + which[i] * stride
        for k in range(n_nodes):
            solution[k] = voltages[i, k]
        flags = _call_eval(functions[EVAL], (handle + which[i], instance, model, simulator))
        if flags & REFUSED:
            failed: int = 16 * which[i] + flags
            return failed
        if residual.shape[0]:
            _load_nodes(functions[RESIDUAL], instance, model, sums, residual, i)
        if charge.shape[0]:
            _load_nodes(functions[CHARGE], instance, model, sums, charge, i)
        if conductances.shape[0]:
            _load_entries(functions[CONDUCTANCES], instance, model, entries, conductance_place, conductances, i)
        if capacitances.shape[0]:
            _load_entries(functions[CAPACITANCES], instance, model, entries, capacitance_place, capacitances, i)
        row = which[i] if stride else 0
        for k in range(op_places.shape[0]):
            place = op_places[k]
            op_values[i, k] = blocks[row, place] if place >= 0 else block_integers[row, -1 - place]
    return -1
