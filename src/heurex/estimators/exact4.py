"""Exact accuracy for four inputs: the network's regions are cones in R^4.

What :class:`heurex.estimators.Exact` does for n = 4; see docs/four-inputs.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from heurex import kernels
from heurex.cones import polytope4
from heurex.errors import NotApplicable
from heurex.estimators import cells4_kernel, regions4_kernel
from heurex.estimators.base import Cell, Estimate, Ops, StackEstimate, Status
from heurex.estimators.chambers4 import Cone4, Starts, chambers4, label_chambers, starts
from heurex.model import Rnn, RnnStack
from heurex.tasks import ordering_name

__all__ = [
    "Walk4",
    "answer_fractions4",
    "binding",
    "cell_name",
    "estimate4",
    "estimate_stack4",
    "right_fractions4",
    "walk4",
]

LARGEST: Final = 18
"""Neurons: each cut is a bit of an integer."""

_INTERPRETED_UP_TO: Final = 6
_ROUNDING: Final = 3e-17
"""Of one part's fraction, on average over parts; measured, see docs/four-inputs.md."""
_DIRECT: Final = 1e-10
"""Values known worse than this without the walls that cancel are measured by all cells instead."""
_SOUND: Final = 1e-9
"""Values known worse than this are reported as ill conditioned."""
_CLOSED: Final = 1e-12
"""Regions whose fractions miss the whole space by more than this are reported as ill conditioned."""


@dataclass(frozen=True)
class Walk4:
    """What one walk through a model's regions wrote down; see :func:`regions4_kernel.walk`."""

    measures: np.ndarray
    index: np.ndarray
    pattern: np.ndarray
    cell_measures: np.ndarray
    rays: np.ndarray
    normals: np.ndarray
    counters: np.ndarray
    cells: int

    @property
    def ops(self) -> Ops:
        """Operations executed."""
        return _ops(self.counters)


def _ops(counters: np.ndarray) -> Ops:
    return Ops(*(int(count) for count in counters[:5]))


def require(model: Rnn | RnnStack) -> None:
    """Raise if a model of four inputs is too large."""
    if model.hidden_size > LARGEST:
        raise NotApplicable(
            f"exact regions for n = 4 need at most {LARGEST} neurons; this model has d = {model.hidden_size}"
        )


def home(module: Any, hidden_size: int) -> Any:
    """A kernel module as it is for small models, compiled for others and wherever that has been done before."""
    small = hidden_size <= _INTERPRETED_UP_TO and not kernels.is_kept(module)
    return module if small else kernels.compiled(module)


def sink(size: int, model: Rnn, extra: int, measures: int) -> tuple[np.ndarray, ...]:
    """Arrays for what is written down of so many cells."""
    d, n = model.hidden_size, model.seq_len
    return (
        np.zeros((size, 4), np.int64),
        np.zeros((size, n, d), np.int8),
        np.zeros((size, measures)),
        np.zeros((size, cells4_kernel.ray_capacity(d, n, extra), 4)),
        np.zeros((size, cells4_kernel.facet_capacity(d, n, extra), 4)),
    )


def walk4(model: Rnn, begin: Starts, whole: bool, cells: int = 0) -> Walk4:
    """Walk through a model's regions in given cones; given a guess at the number of cells, write down all."""
    kernel = home(regions4_kernel, model.hidden_size)
    while True:
        measures = np.zeros((len(begin.labels), 5))
        counters = np.zeros(polytope4.COUNTERS, np.int64)
        written = sink(cells, model, begin.walls.shape[1], 5)
        count = kernel.walk(
            model.w_hi, model.w_hh, model.w_oh, *begin.arguments(), whole, measures, *written, counters
        )
        if cells == 0 or count <= cells:
            kept = [array[: min(count, cells)] for array in written]
            return Walk4(measures, kept[0], kept[1], kept[2], kept[3], kept[4], counters, count)
        cells = count


def _error(sums: np.ndarray, counters: np.ndarray, hidden_size: int) -> float:
    """Bound on the error of the right fraction that one walk gives."""
    _, _, doubtful, displaced, unmeasured = (float(part) for part in sums)
    moved = cells4_kernel.TOUCH
    if counters[polytope4.FAR] == 0:
        moved = polytope4.NEAR * moved if counters[polytope4.SNAPPED] > 0 else 0.0
    rounding = _ROUNDING * int(counters[regions4_kernel.PARTS] + 10)
    return doubtful + displaced + unmeasured + 3 * hidden_size * moved + rounding


def _suspicious(counters: np.ndarray) -> bool:
    """Whether walls may not match: faces did not fit, or rays were moved by more than rounding explains."""
    return bool(counters[regions4_kernel.MISFITS] > 0 or counters[polytope4.FAR] > 0)


def estimate4(
    model: Rnn, by_cells: bool = False, name: str = "exact", settings: dict[str, Any] | None = None
) -> Estimate:
    """The exact accuracy with its regions as cells.

    The value, its error and its operations are those of :func:`estimate_stack4`. The cells are measured apart, and
    what they miss of the whole space and of the value is added to the error. Where walls may not match, or if
    ``by_cells``, the value is the sum over the cells.
    """
    require(model)
    found = walk4(model, starts(label_chambers(model.rank), model.rank), False)
    cells = walk4(model, starts(chambers4(), model.rank), True, 2 * found.cells)
    direct = _error(found.measures.sum(axis=0), found.counters, model.hidden_size) <= _DIRECT
    settled = direct and not _suspicious(found.counters)
    used = found if settled and not by_cells else cells
    counters = used.counters if settled else found.counters + cells.counters
    sums, total, other = (walk.measures.sum(axis=0) for walk in (used, cells, found))
    value = float(sums[1])
    missed = abs(float(total[0]) - 1) + abs(float(total[1] - other[1]))
    error = min(1.0, _error(sums, used.counters, model.hidden_size) + missed)
    ill = sums[2] > 0 or missed > _CLOSED or error > _SOUND
    return Estimate(
        name,
        min(max(value, 0.0), 1.0),
        error,
        settings or {},
        lower=max(0.0, value - error),
        upper=min(1.0, value + error),
        ops=_ops(counters),
        status=Status.ILL_CONDITIONED if ill else Status.OK,
        cells=tuple(_cells(cells, model.rank)),
    )


def estimate_stack4(stack: RnnStack, by_cells: bool = False) -> StackEstimate:
    """Exact accuracies through the compiled kernel; where walls may not match, once more with all cells."""
    require(stack)
    begin = starts(label_chambers(stack.rank), stack.rank)
    measures = np.zeros((len(stack), len(begin.labels), 5))
    counters = np.zeros((len(stack), polytope4.COUNTERS), np.int64)
    kernels.compiled(regions4_kernel).walk_batch(
        stack.w_hi, stack.w_hh, stack.w_oh, *begin.arguments(), False, measures, counters
    )
    sums = measures.sum(axis=1)
    errors, status = np.zeros(len(stack)), [Status.OK] * len(stack)
    for i in range(len(stack)):
        errors[i] = _error(sums[i], counters[i], stack.hidden_size)
        if by_cells or _suspicious(counters[i]) or errors[i] > _DIRECT:
            again = estimate4(stack[i], by_cells)
            sums[i, 1], errors[i], status[i] = again.value, again.numerical_error, again.status
        elif sums[i, 2] > 0:
            status[i] = Status.ILL_CONDITIONED
    return StackEstimate(np.clip(sums[:, 1], 0.0, 1.0), errors, np.full(len(stack), np.nan), status)


def right_fractions4(model: Rnn, cones: Sequence[Cone4], labels: Sequence[int]) -> np.ndarray:
    """Exact accuracy inside given cones; as :func:`heurex.estimators.exact.right_fractions`, for n = 4.

    Returns
    -------
    ``(cones, 3)``: each cone's fraction, the fraction in which its label is the answer, and the fraction in which
    the answer hangs on rounding, or could not be measured. Dimensionless.
    """
    require(model)
    if not cones:
        return np.zeros((0, 3))
    begin = starts(cones)
    if cells4_kernel.facet_capacity(model.hidden_size, 4, begin.walls.shape[1]) > polytope4.FACETS:
        raise NotApplicable(
            f"a cell of {begin.walls.shape[1]} half-spaces has too many to be cut by {model.hidden_size} neurons"
        )
    begin.labels[:] = labels
    found = walk4(model, begin, True).measures
    return np.column_stack([found[:, 0], found[:, 1], found[:, 2] + found[:, 4]])


def answer_fractions4(model: Rnn, answers: Sequence[int]) -> np.ndarray:
    """Where a model gives a certain answer, within each of :func:`chambers4`.

    Returns
    -------
    ``(48, 3)``: nothing, the fraction in which the cone's answer is given, and the fraction in doubt.
    """
    require(model)
    begin = starts(chambers4())
    begin.labels[:] = answers
    found = walk4(model, begin, False).measures
    return np.column_stack([found[:, 0], found[:, 1], found[:, 2] + found[:, 4]])


def binding(normals: np.ndarray, bits: int) -> np.ndarray:
    """The normals of the facets whose bits are set."""
    return normals[[f for f in range(len(normals)) if bits >> f & 1]]


def cell_name(cone: Cone4, pattern: np.ndarray) -> tuple[str, str]:
    """A cell's name and its region, from the chamber that it is in and the pattern of its exact steps."""
    region = " ".join("".join(str(on) for on in step) for step in pattern)
    side = "x0 > 0" if cone.walls[0, 0] > 0 else "x0 < 0"
    return f"{ordering_name(cone.ordering)}, {side}, neurons {region}", region


def _cells(found: Walk4, rank: int) -> list[Cell]:
    cells: list[Cell] = []
    for i, (chamber, m, facets, bits) in enumerate(found.index):
        cone = chambers4()[chamber]
        name, region = cell_name(cone, found.pattern[i])
        normals = binding(found.normals[i, :facets], int(bits))
        fraction, right, _, _, unmeasured = (float(part) for part in found.cell_measures[i])
        cells.append(
            Cell(
                name=name,
                ordering=cone.ordering,
                region=region,
                parent=None,
                normals=normals,
                half_spaces=len(normals),
                rays=found.rays[i, :m],
                fraction=fraction,
                numerical_error=1e-15 + unmeasured,
                label=cone.label(rank),
                answer=cone.label(rank) if right == fraction else None,
                likely=True,
                contribution=right,
            )
        )
    return cells
