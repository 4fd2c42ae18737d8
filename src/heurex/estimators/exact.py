"""Exact accuracy: by strips and Green's theorem, or by walking through the network's activation regions.

This is the truth that every other estimate is compared with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, ClassVar, Literal, get_args

import numpy as np

from heurex import kernels
from heurex.cones import corners as polygon
from heurex.errors import NotApplicable, UsageError
from heurex.estimators import regions_kernel
from heurex.estimators.anytime import check_budget, estimate_stack_within, estimate_within
from heurex.estimators.base import Cell, Estimate, Estimator, Ops, StackEstimate, Status
from heurex.estimators.exact4 import estimate4, estimate_stack4
from heurex.estimators.exact_strips import Shares, right_share, right_shares
from heurex.model import Rnn, RnnStack
from heurex.tasks import SECOND, ordering_name, orderings

__all__ = ["Exact", "chambers", "right_fractions"]

_CLOSED = 1e-14
"""Regions whose fractions miss their cone by more than this are reported as ill conditioned."""


_SMALL = 8
"""Up to this many neurons one model is interpreted and its operations counted, beyond it the kernel is compiled."""


@dataclass(frozen=True)
class Chamber:
    """One order of the inputs with one sign of x_0, as three extreme rays."""

    ordering: tuple[int, ...]
    rays: np.ndarray


@cache
def chambers(n: int) -> tuple[Chamber, ...]:
    """The 2 n! cones of one ordering and one sign of x_0, n = 2 or 3; for n = 2 half of each, times x_2 >= 0.

    A plane sector is half of the cone that it spans with both directions of an idle third axis. Keeping the
    upper half makes it a pointed cone in R^3, whose fraction is half of the sector's.
    """
    unit = np.eye(3)
    found: list[Chamber] = []
    for ordering in orderings(n):
        if n == 2:
            rest = [unit[1] if ordering[1] == 0 else -unit[1], unit[2]]
            diagonal = unit[0] + unit[1]
        else:
            a, b, c = ordering
            first = unit[a] + unit[b] if c == 0 else -unit[c]
            last = -(unit[b] + unit[c]) if a == 0 else unit[a]
            rest, diagonal = [first, last], np.ones(3)
        found += [Chamber(ordering, np.array([sign * diagonal, *rest])) for sign in (1.0, -1.0)]
    return tuple(found)


def _starts(n: int, rank: int = SECOND) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    cones = chambers(n)
    rays = np.array([cone.rays for cone in cones])
    return rays, np.full(len(cones), 3), np.array([cone.ordering[rank] for cone in cones])


def _require(model: Rnn | RnnStack) -> int:
    if model.seq_len not in (2, 3):
        raise NotApplicable(f"exact accuracy needs n = 2, 3 or 4 inputs; this model has n = {model.seq_len}")
    return 2 if model.seq_len == 2 else 1


@dataclass(frozen=True)
class _Regions:
    """What one walk through a model's regions wrote down."""

    measures: np.ndarray
    index: np.ndarray
    pattern: np.ndarray
    region_measures: np.ndarray
    corners: np.ndarray
    ops: Ops | None


def _walk(model: Rnn, starts: np.ndarray, sizes: np.ndarray, labels: np.ndarray, sink: int) -> _Regions:
    """One model through the kernel on counting numbers, or compiled if it is large."""
    small = model.hidden_size <= _SMALL
    d, n = model.hidden_size, model.seq_len
    weights = {"w_hi": model.w_hi, "w_hh": model.w_hh, "w_oh": model.w_oh}
    tally = None
    if small:
        kernel, weights, tally = kernels.counted(regions_kernel, weights)
    else:
        kernel = kernels.compiled(regions_kernel)
    kind: Any = object if small else np.float64
    while True:
        measures = np.zeros((len(starts), 3), kind)
        index, pattern = np.zeros((sink, 2), np.int64), np.zeros((sink, n, d), np.int8)
        region_measures = np.zeros((sink, 3), kind)
        corners = np.zeros((sink, regions_kernel.corner_capacity(d, n), 3), kind)
        if tally is not None:
            tally.reset()
        count = kernel.walk(
            weights["w_hi"], weights["w_hh"], weights["w_oh"], starts, sizes, labels,
            measures, index, pattern, region_measures, corners,
        )  # fmt: skip
        if sink == 0 or count <= sink:
            break
        sink = count
    plain = [kernels.plain(array) for array in (measures, region_measures[:count], corners[:count])]
    ops = None if tally is None else Ops.of(tally)
    return _Regions(plain[0], index[:count], pattern[:count], plain[1], plain[2], ops)


def right_fractions(model: Rnn, cones: Sequence[np.ndarray], labels: Sequence[int]) -> np.ndarray:
    """Exact accuracy inside given cones.

    Parameters
    ----------
    model
        A model with n = 2 or 3.
    cones
        Pointed cones in R^3, each by its extreme rays in order, ``(m, 3)`` with m <= 6 (for n = 2 with the idle
        third axis of :func:`chambers`).
    labels
        The right answer in each cone.

    Returns
    -------
    ``(cones, 3)``: each cone's fraction, the fraction answered rightly, and the fraction in which the answer
    hangs on rounding. Dimensionless; absolute error about 1e-16 times the number of regions.
    """
    scale = _require(model)
    pieces: list[np.ndarray] = []
    owners: list[int] = []
    for owner, rays in enumerate(cones):
        halves = _halves(np.asarray(rays, np.float64))
        pieces += halves
        owners += [owner] * len(halves)
    if not pieces:
        return np.zeros((len(cones), 3))
    starts = np.zeros((len(pieces), max(len(piece) for piece in pieces), 3))
    for i, piece in enumerate(pieces):
        starts[i, : len(piece)] = piece
    sizes = np.array([len(piece) for piece in pieces])
    out = np.zeros((len(cones), 3))
    found = _walk(model, starts, sizes, np.array(labels)[owners], 0)
    np.add.at(out, owners, scale * found.measures)
    return out


def _halves(rays: np.ndarray) -> list[np.ndarray]:
    """A cone cut by the sign of x_0."""
    m = len(rays)
    if m < 3:
        return []
    if polygon.side(rays, m, 0) != 2:
        return [rays]
    upper, lower = np.zeros((m + 2, 3)), np.zeros((m + 2, 3))
    above, below = polygon.split(rays, m, 0, 3, upper, lower)
    return [half[:size] for half, size in ((upper, above), (lower, below)) if size >= 3]


Way = Literal["strips", "regions"]


@dataclass(frozen=True)
class Exact(Estimator):
    """Exact accuracy, for any d with n = 2 or 3, and for d up to 18 with n = 4.

    Parameters
    ----------
    by
        ``"strips"``: the borders of what is answered rightly, as arcs, strip by strip (docs/exact.md).
        ``"regions"``: every activation region cut out and measured by itself; slower, and shares no code with the
        strips but the forward pass.
    budget
        None, or how many operations it may take: then bounds on the accuracy come back, and their middle, by a walk
        of its own; see :func:`heurex.estimators.anytime.estimate_within`.

    Notes
    -----
    Within an activation region the network is linear, so the answer changes along great circles only. The area
    that is answered rightly follows from its border by Green's theorem, with one arctangent. Ties follow the rule
    of NumPy and PyTorch: the first of equal logits is the answer.

    Value, error, operations and status are those of the chosen way. The cells always come from the walk through
    the regions, whose operations are not counted with the strips; their contributions add up to the value up to
    rounding. Where the strips find an answer that hangs on rounding, or a bound above 1e-9, the regions decide, and
    both are counted; such a bound, and what both differ by, then stand as the error.

    With n = 2 or 3 the strips know 2nd argmax only (argmedian of three inputs is that): for argmax the regions
    answer, whatever ``by`` is, and the bound that the strips find for 2nd argmax is added to the error: the same
    decision planes, but not proven for the other label.

    Error: by strips a bound from the rounding of each border, about 1e-12 for copies of the bundled M_{4,3} (true
    errors: a few 1e-16); by regions the larger of what they miss of the whole sphere and 1e-16 a region. The latter is
    no bound for steep weights: for the hand-built model of sharpness 100 it says 1.5e-15, and the error is 6e-14.
    Where an answer hangs on rounding, that region's fraction is added and the status says so. Cost for (4, 3):
    about 3,000 operations by strips, 32,000 by regions. Source: positive homogeneity; van Oosterom and Strackee
    (1983) for the arcs.

    For n = 4 (docs/four-inputs.md) regions are cones in R^4: by strips without the walls that cancel between two
    regions, by regions with all of them. Error about 1e-11; 2,000,000 operations for (6, 4).
    """

    name: ClassVar[str] = "exact"
    summary: ClassVar[str] = "the truth, by strips or by regions; n = 2, 3 or 4"
    kind: ClassVar[str] = "exact"
    assumes: ClassVar[str] = "nothing"
    applies: ClassVar[str] = "n = 2 or 3 with any d; n = 4 with d up to 18"
    cost: ClassVar[str] = "about 3,000 operations for (4, 3) by strips, 32,000 by regions"
    by: Way = "strips"
    budget: int | None = None

    def __post_init__(self) -> None:
        if self.by not in get_args(Way):
            raise UsageError(f"by is {self.by!r}; expected one of {', '.join(get_args(Way))}")
        check_budget(self.budget)

    def estimate(self, model: Rnn) -> Estimate:
        """The exact accuracy with the network's regions as cells, or without cells within a budget."""
        if self.budget is not None:
            return estimate_within(model, self.budget, self.name, self.settings())
        if model.seq_len == 4:
            return estimate4(model, self.by == "regions", self.name, self.settings())
        scale = _require(model)
        starts, sizes, labels = _starts(model.seq_len, model.rank)
        found = _walk(model, starts, sizes, labels, 64 * model.hidden_size)
        total, right, doubtful = (float(part) for part in scale * found.measures.sum(axis=0))
        error, status, ops = _error(total, doubtful, len(found.index)), _status(total, doubtful), found.ops
        if self.by == "strips" and model.rank == SECOND:
            small = model.hidden_size <= _SMALL
            share = right_share(model) if small else right_shares(RnnStack.of([model]))
            ops = share.ops
            if share.is_unsettled[0]:
                if _borders(share)[0] > 0:
                    error = max(error, float(share.error[0] + abs(share.value[0] - right)))
                ops = None if ops is None or found.ops is None else ops + found.ops
            else:
                right, error, status = float(share.value[0]), float(share.error[0]), Status.OK
        elif model.rank != SECOND:
            share = right_share(model) if model.hidden_size <= _SMALL else right_shares(RnnStack.of([model]))
            error += float(_borders(share)[0])
        right = min(max(right, 0.0), 1.0)
        return Estimate(
            self.name,
            right,
            error,
            self.settings(),
            lower=max(0.0, right - error),
            upper=min(1.0, right + error),
            ops=ops,
            status=status,
            cells=tuple(_cells(model, found, scale)),
        )

    def estimate_stack(self, stack: RnnStack) -> StackEstimate:
        """Exact accuracies through the compiled kernels."""
        if self.budget is not None:
            return estimate_stack_within(stack, self.budget)
        if stack.seq_len == 4:
            return estimate_stack4(stack, self.by == "regions")
        scale = _require(stack)
        if stack.rank != SECOND:
            found = _region_shares(stack, scale)
            return replace(found, numerical_error=found.numerical_error + _borders(right_shares(stack)))
        if self.by == "regions":
            return _region_shares(stack, scale)
        share = right_shares(stack)
        values, errors = np.clip(share.value, 0.0, 1.0), share.error.copy()
        status = [Status.OK] * len(stack)
        rest = np.flatnonzero(share.is_unsettled)
        if len(rest):
            theirs = _region_shares(RnnStack.of([stack[int(i)] for i in rest]), scale)
            for k, i in enumerate(rest):
                loose = errors[i] + abs(values[i] - theirs.value[k]) if _borders(share)[i] > 0 else 0.0
                values[i], errors[i] = theirs.value[k], max(theirs.numerical_error[k], loose)
                status[i] = theirs.status[k]
        return StackEstimate(values, errors, np.full(len(stack), np.nan), status)


def _borders(share: Shares) -> np.ndarray:
    """What rounding may do to borders, as the strips bound it where every border is found, else 0."""
    return np.where(share.is_open | share.is_doubtful, 0.0, share.error)


def _region_shares(stack: RnnStack, scale: int) -> StackEstimate:
    starts, sizes, labels = _starts(stack.seq_len, stack.rank)
    measures = np.zeros((len(stack), len(starts), 3))
    kernels.compiled(regions_kernel).walk_batch(
        stack.w_hi, stack.w_hh, stack.w_oh, starts, sizes, labels, measures
    )
    total, right, doubtful = scale * measures.sum(axis=1).T
    regions = 16 * stack.hidden_size**2
    errors = np.array([_error(t, d, regions) for t, d in zip(total, doubtful, strict=True)])
    status = [_status(t, d) for t, d in zip(total, doubtful, strict=True)]
    return StackEstimate(np.minimum(right, 1.0), errors, np.full(len(stack), np.nan), status)


def _status(total: float, doubtful: float) -> Status:
    return Status.ILL_CONDITIONED if doubtful > 0 or abs(total - 1) > _CLOSED else Status.OK


def _error(total: float, doubtful: float, regions: int) -> float:
    return abs(total - 1) + 2e-16 * regions**0.5 + doubtful


def _cells(model: Rnn, found: _Regions, scale: int) -> list[Cell]:
    cones = chambers(model.seq_len)
    cells: list[Cell] = []
    for i, (cone, m) in enumerate(found.index):
        ordering = cones[cone].ordering
        region = " ".join("".join(str(on) for on in step) for step in found.pattern[i])
        rays = found.corners[i, :m]
        fraction, right, _ = (float(part) for part in scale * found.region_measures[i])
        cells.append(
            Cell(
                name=f"{ordering_name(ordering)}, neurons {region}",
                ordering=ordering,
                region=region,
                parent=None,
                normals=edge_normals(rays)[:, : model.seq_len],
                half_spaces=int(m),
                rays=rays,
                fraction=fraction,
                numerical_error=1e-16,
                label=ordering[model.rank],
                answer=ordering[model.rank] if right == fraction else None,
                likely=True,
                contribution=right,
            )
        )
    return cells


def edge_normals(rays: np.ndarray) -> np.ndarray:
    """Inward normals of a pointed cone in R^3 from its extreme rays in order, ``(m, 3)``."""
    normals = np.cross(rays, np.roll(rays, -1, axis=0))
    inside = (rays / np.linalg.norm(rays, axis=1, keepdims=True)).mean(axis=0)
    return normals * np.sign(normals @ inside)[:, None]
