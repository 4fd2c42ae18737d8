"""Exact accuracy strip by strip: one model on counting numbers, or many through the compiled kernels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np

from heurex import kernels
from heurex.estimators import exact_circle_kernel, exact_strips_kernel
from heurex.estimators.base import Ops
from heurex.model import Rnn, RnnStack

__all__ = ["Shares", "corner_angles", "right_share", "right_shares"]

_TWO_PI: Final = 2 * np.pi
_LEAST: Final = 4e-16
"""Rounding of the last steps: the arctangent, turns and constants added to it."""
_LOOSE: Final = 1e-9
"""A bound above this is tried again with an idle neuron that reads x_2 only, which keeps edges short."""
_FIELDS: Final = ("value", "error", "is_open", "is_doubtful")


@cache
def corner_angles() -> np.ndarray:
    """The arcs from x_0 = x_1 = x_2 = 1 or -1 to x_0 = 0, in turns: half, side, plane x_2 = x_0 or x_2 = x_1."""
    angles = np.zeros((2, 2, 2))
    for i, half in enumerate((1, -1)):
        for j, side in enumerate((1, -1)):
            for k, pole in enumerate((1.0, np.sqrt(2) + side)):
                angles[i, j, k] = np.arctan2(1.0, (np.sqrt(3) + half) * pole + side * half) / _TWO_PI
    return angles


@dataclass(frozen=True)
class Shares:
    """Accuracies of a stack, bounds on their rounding, which ones the strips leave open, and which are in doubt.

    Left open are models whose zeros lie too far out; in doubt are those with a face whose answer hangs on rounding.
    """

    value: np.ndarray
    error: np.ndarray
    is_open: np.ndarray
    is_doubtful: np.ndarray
    ops: Ops | None = None

    @property
    def is_unsettled(self) -> np.ndarray:
        """Which models are left open, in doubt, or bounded loosely: zeros far out make long thin faces."""
        return self.is_open | self.is_doubtful | (self.error > _LOOSE)


def right_share(model: Rnn) -> Shares:
    """One model, interpreted, its operations counted."""
    weights = {"w_hi": model.w_hi[None], "w_hh": model.w_hh[None], "w_oh": model.w_oh[None]}
    ops = Ops()
    idle_runs = (0, 1) if model.seq_len == 3 else (0,)
    best: Shares | None = None
    for idle in idle_runs:
        module: Any = exact_strips_kernel if model.seq_len == 3 else exact_circle_kernel
        counting, numbers, tally = kernels.counted(module, weights)
        value = kernels.plain(_run(counting, numbers, model.seq_len, idle, False, object)[0])
        found = _shares(_run(module, weights, model.seq_len, idle, True, np.float64))
        if not np.array_equal(value, found.value, equal_nan=True):
            raise AssertionError("the counted and the interpreted kernel disagree")
        ops = ops + Ops.of(tally)
        if best is None or _is_better(found, best)[0]:
            best = found
        if not _is_loose(best)[0]:
            break
    assert best is not None
    return Shares(best.value, best.error, best.is_open, best.is_doubtful, ops)


def right_shares(stack: RnnStack) -> Shares:
    """Many models, compiled."""
    module = kernels.compiled(exact_strips_kernel if stack.seq_len == 3 else exact_circle_kernel)
    weights = {"w_hi": stack.w_hi, "w_hh": stack.w_hh, "w_oh": stack.w_oh}
    first = _shares(_run(module, weights, stack.seq_len, 0, True, np.float64))
    again = np.flatnonzero(_is_loose(first))
    if stack.seq_len == 2 or len(again) == 0:
        return first
    some = {name: np.ascontiguousarray(array[again]) for name, array in weights.items()}
    second = _shares(_run(module, some, 3, 1, True, np.float64))
    better = _is_better(second, Shares(*(getattr(first, name)[again] for name in _FIELDS)))
    for name in _FIELDS:
        getattr(first, name)[again[better]] = getattr(second, name)[better]
    return first


def _run(
    module: Any, weights: dict[str, np.ndarray], seq_len: int, idle: int, bound: bool, kind: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    models = len(weights["w_hi"])
    values, slacks, flags = np.zeros(models, kind), np.zeros(models, kind), np.zeros((models, 2), np.int64)
    arrays = (weights["w_hi"], weights["w_hh"], weights["w_oh"])
    if seq_len == 2:
        module.angle_batch(*arrays, bound, values, slacks, flags)
    else:
        module.share_batch(*arrays, idle, corner_angles(), bound, values, slacks, flags)
    return values, slacks, flags


def _shares(run: tuple[np.ndarray, np.ndarray, np.ndarray]) -> Shares:
    values, slacks, flags = run
    error = slacks / _TWO_PI + _LEAST
    is_open = (flags[:, 0] != 0) | ~np.isfinite(values) | ~np.isfinite(error)
    return Shares(values, error, is_open, flags[:, 1] != 0)


def _is_loose(found: Shares) -> np.ndarray:
    return found.is_open | (found.error > _LOOSE)


def _is_better(one: Shares, other: Shares) -> np.ndarray:
    return ~one.is_open & (other.is_open | (one.error < other.error))
