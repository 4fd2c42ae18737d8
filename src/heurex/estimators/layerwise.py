"""Exact regions up to a step, the presumption of independence after it: the note's idea for every model.

Source: Hilton (2024), "Original version", whose last step this takes to any d and to several steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal, get_args

import numpy as np

from heurex import kernels
from heurex.errors import NotApplicable, UsageError
from heurex.estimators import layerwise_kernel, regions_kernel
from heurex.estimators.base import Cell, Estimate, Estimator, Ops, StackEstimate, Status
from heurex.estimators.exact import _starts, chambers, edge_normals
from heurex.estimators.layerwise4 import Gating, layers4, layers_stack4
from heurex.model import Rnn, RnnStack
from heurex.tasks import ordering_name

__all__ = ["Gates", "Layerwise"]

Gates = Literal["latent", "mean"]

_COUNTED_UP_TO: Final = 8
_SOUND: Final = 1e-6
"""Estimates whose evaluation is worse than this are reported as ill conditioned."""


@dataclass(frozen=True)
class _Walk:
    """What one walk wrote down, in fractions of input space."""

    measures: np.ndarray
    index: np.ndarray
    pattern: np.ndarray
    cell_measures: np.ndarray
    corners: np.ndarray
    ops: Ops | None


@dataclass(frozen=True)
class Layerwise(Estimator):
    """Exact activation regions for the first steps, gates presumed independent for the rest; n = 2, 3 or 4.

    Parameters
    ----------
    exact_steps
        t: how many steps are exact, from 1 to n; None means all but the last.
    latent_prob
        q of the note: the chance that the latent variable behind the gates of a step is 1.
    gates
        ``"latent"``: the gates of a step share one latent variable; ``"mean"``: each stands at its mean.

    Notes
    -----
    A cell S is an ordering of the inputs with the signs of all preactivations of the first t steps; the state is
    linear in it. In each later step neuron j passes on its preactivation z_j times a gate whose mean is
    p_j = fraction(S and z_j > 0) / fraction(S) and whose variance is p_j (1 - p_j), so that the state stays
    linear in S and the next step can be done alike; the latent variables of all steps are gone through in every
    combination. What counts is the part of S where the label's logit is the first largest one. With t = n
    nothing is presumed, and the value is the exact accuracy.

    p_j is 0 or 1 only where no corner of S lies on the other side. Gates jump at p_j = 1/2, where the formula
    changes sides: p_j within 1e-12 of it counts as not above.

    Error: ``numerical_error`` bounds rounding only, generously; it grows where gates are nearly certain, and
    above 1e-6 the status says so. On noisy copies of the bundled M_{4,3} (sd 0.05) the presumption costs 2.4%
    RMS at t = 2 and 1.9% at t = 1; with means in place of latent gates 7.2%.
    Cost: about 28,000 operations for (4, 3) at t = 2, a twentieth of them for the error; it grows with the
    number of regions of t steps, and doubles with each presumed step.
    Source: Hilton (2024), "Original version".

    Examples
    --------
    >>> from heurex.zoo import load
    >>> print(Layerwise().estimate(load("m43")))
    the explanation (layerwise) gives 0.98038 (evaluated to 5e-13)
    """

    name: ClassVar[str] = "layerwise"
    summary: ClassVar[str] = "exact regions up to a step, gates presumed independent after it; n = 2, 3 or 4"
    kind: ClassVar[str] = "explanation"
    assumes: ClassVar[str] = (
        "after step t, gates independent of preactivations given one latent variable a step"
    )
    applies: ClassVar[str] = "n = 2 or 3 with any d; n = 4 with d up to 18"
    cost: ClassVar[str] = "about 28,000 operations for (4, 3) at t = 2; grows with the regions of t steps"
    exact_steps: int | None = None
    latent_prob: float = 0.2
    gates: Gates = "latent"

    def __post_init__(self) -> None:
        steps = self.exact_steps
        if steps is not None and (isinstance(steps, bool) or not isinstance(steps, int) or steps < 1):
            raise UsageError(f"exact_steps is {steps!r}; expected a whole number, at least 1, or None")
        if not isinstance(self.latent_prob, (int, float)) or not 0 < self.latent_prob < 1:
            raise UsageError(f"latent_prob is {self.latent_prob!r}; expected a probability between 0 and 1")
        if self.gates not in get_args(Gates):
            raise UsageError(f"gates is {self.gates!r}; expected one of {', '.join(get_args(Gates))}")

    def estimate(self, model: Rnn) -> Estimate:
        """The estimate with its cells."""
        if model.seq_len == 4:
            found = layers4(model, self._gating(model))
            total, value, doubtful, rounding = (float(part) for part in found.sums)
            error = _error(total, doubtful, rounding, len(found.cells))
            value = min(max(value, 0.0), 1.0)
            return Estimate(
                self.name,
                value,
                error,
                self.settings(),
                ops=found.ops,
                status=_status(error),
                cells=found.cells,
            )
        steps, scale = self._steps(model), _scale(model)
        found = self._walk(model, steps)
        total, value, doubtful, rounding = (float(part) for part in scale * found.measures.sum(axis=0))
        error = _error(total, doubtful, rounding, len(found.index))
        return Estimate(
            self.name,
            min(max(value, 0.0), 1.0),
            error,
            self.settings(),
            ops=found.ops,
            status=_status(error),
            cells=tuple(_cells(model, found, steps, scale)),
        )

    def _gating(self, model: Rnn | RnnStack) -> Gating:
        return Gating(self._steps(model), self.gates == "latent", float(self.latent_prob))

    def estimate_stack(self, stack: RnnStack) -> StackEstimate:
        """Estimates through the compiled kernel."""
        if stack.seq_len == 4:
            return _judged(*layers_stack4(stack, self._gating(stack)))
        steps, scale = self._steps(stack), _scale(stack)
        starts, sizes, labels = _starts(stack.seq_len, stack.rank)
        measures, cells = np.zeros((len(stack), len(starts), 4)), np.zeros(len(stack), np.int64)
        kernels.compiled(layerwise_kernel).layerwise_batch(
            stack.w_hi, stack.w_hh, stack.w_oh, starts, sizes, labels,
            steps, self.gates == "latent", float(self.latent_prob), measures, cells,
        )  # fmt: skip
        return _judged(scale * measures.sum(axis=1), cells)

    def _steps(self, model: Rnn | RnnStack) -> int:
        n = model.seq_len
        if n not in (2, 3, 4):
            raise NotApplicable(
                f"the layerwise explanation needs n = 2, 3 or 4 inputs; this model has n = {n}"
            )
        steps = n - 1 if self.exact_steps is None else self.exact_steps
        if steps > n:
            raise UsageError(f"exact_steps is {steps}; this model has {n} steps, expected at most that")
        return steps

    def _walk(self, model: Rnn, steps: int) -> _Walk:
        """One model through the kernel on counting numbers, or compiled if it is large."""
        d, n = model.hidden_size, model.seq_len
        starts, sizes, labels = _starts(n, model.rank)
        weights = {"w_hi": model.w_hi, "w_hh": model.w_hh, "w_oh": model.w_oh}
        tally, kind = None, np.float64
        kernel: Any
        if d <= _COUNTED_UP_TO:
            kernel, weights, tally = kernels.counted(layerwise_kernel, weights)
            kind = object
        else:
            kernel = kernels.compiled(layerwise_kernel)
        sink = 64 * d
        while True:
            measures = np.zeros((len(starts), 4), kind)
            index, pattern = np.zeros((sink, 2), np.int64), np.zeros((sink, n, d), np.int8)
            cell_measures = np.zeros((sink, 4), kind)
            corners = np.zeros((sink, regions_kernel.corner_capacity(d, n), 3), kind)
            if tally is not None:
                tally.reset()
            count = kernel.layerwise(
                *weights.values(), starts, sizes, labels, steps, self.gates == "latent",
                float(self.latent_prob), measures, index, pattern, cell_measures, corners,
            )  # fmt: skip
            if count <= sink:
                break
            sink = count
        plain = [kernels.plain(array) for array in (measures, cell_measures[:count], corners[:count])]
        ops = None if tally is None else Ops.of(tally)
        return _Walk(plain[0], index[:count], pattern[:count], plain[1], plain[2], ops)


def _scale(model: Rnn | RnnStack) -> int:
    # for n = 2 the chambers are half of their sectors
    return 2 if model.seq_len == 2 else 1


def _error(total: float, doubtful: float, rounding: float, cells: int) -> float:
    return abs(total - 1) + 2e-16 * cells**0.5 + doubtful + rounding


def _judged(sums: np.ndarray, cells: np.ndarray) -> StackEstimate:
    errors = np.array([_error(t, d, r, int(c)) for (t, _, d, r), c in zip(sums, cells, strict=True)])
    status = [_status(error) for error in errors]
    return StackEstimate(np.clip(sums[:, 1], 0.0, 1.0), errors, np.full(len(sums), np.nan), status)


def _status(error: float) -> Status:
    return Status.OK if error < _SOUND else Status.ILL_CONDITIONED


def _cells(model: Rnn, found: _Walk, steps: int, scale: int) -> list[Cell]:
    cones = chambers(model.seq_len)
    cells: list[Cell] = []
    for i, (cone, m) in enumerate(found.index):
        ordering = cones[cone].ordering
        region = " ".join("".join(str(on) for on in step) for step in found.pattern[i, :steps])
        # both signs of x_0 can give the same pattern after a first step that few neurons read
        side = "x0 > 0" if np.any(found.corners[i, :m, 0] > 0) else "x0 < 0"
        rays = found.corners[i, :m]
        fraction, contribution, _, _ = (float(part) for part in scale * found.cell_measures[i])
        cells.append(
            Cell(
                name=f"{ordering_name(ordering)}, {side}, neurons {region}",
                ordering=ordering,
                region=region,
                parent=None,
                normals=edge_normals(rays)[:, : model.seq_len],
                half_spaces=int(m),
                rays=rays,
                fraction=fraction,
                numerical_error=1e-16,
                label=ordering[model.rank],
                answer=None,
                likely=True,
                contribution=contribution,
            )
        )
    return cells
