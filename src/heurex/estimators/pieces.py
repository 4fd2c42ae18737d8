"""M_{2,2} worked by hand: six linear pieces, eighteen checks, two near-equalities, the exact error rate.

Source: Hilton et al., "AlgZoo" (Alignment Research Center, January 2026), the worked example M_{2,2}.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np

from heurex import kernels
from heurex.errors import NotApplicable
from heurex.estimators import pieces_kernel
from heurex.estimators.base import (
    Cell,
    Check,
    Estimate,
    Estimator,
    Ops,
    StackEstimate,
    Status,
    require_second,
)
from heurex.model import Rnn, RnnStack
from heurex.tasks import ordering_name

__all__ = ["Piece", "Pieces", "linear_pieces"]

_EVALUATED: Final = 4e-16
_NAMES: Final = tuple(
    f"x0 {'<' if side else '>'} 0, {'both neurons' if first and second else f'neuron {0 if first else 1} only'}"
    for side, first, second in pieces_kernel.PIECES
)
_LARGER: Final = ((0, "<"), (2, ">"), (3, ">"), (5, "<"))
_STRADDLE: Final = (1, 4)


@dataclass(frozen=True)
class Piece:
    """A sector of the plane of inputs on which the model is linear.

    Attributes
    ----------
    name
        The sign of x_0 and which neurons are on at the last step; neurons are numbered in the order in which
        neuron 0 reads its input with a positive sign.
    a0, a1
        On the piece, logit_1 - logit_0 = a0 x_0 - a1 x_1.
    rays
        Its two boundary rays, ``(2, 2)``, counterclockwise.
    fraction
        Share of the plane in it.
    error
        Share of the plane in it that is answered wrongly.
    """

    name: str
    a0: float
    a1: float
    rays: np.ndarray
    fraction: float
    error: float


@dataclass(frozen=True)
class _Derivation:
    """What the kernel wrote down."""

    first: int
    holding: int
    errors: tuple[float, float]
    hidden: np.ndarray
    coefficients: np.ndarray
    holds: np.ndarray
    ops: Ops


def linear_pieces(model: Rnn) -> tuple[Piece, ...]:
    """The six linear pieces of a model of size (2, 2) to which the derivation applies.

    Parameters
    ----------
    model
        A model with d = n = 2, neurons in any order and of any scale.

    Returns
    -------
    Six pieces: for each the region, and the coefficients of logit 1 - logit 0 = a0 x0 - a1 x1.

    Raises
    ------
    NotApplicable
        If it has another size, or fails a check; the message names those that fail.

    Notes
    -----
    Coefficients do not depend on the neurons' scales. Error: relative, a few 1e-16. Cost: about 100 operations.
    Source: Hilton et al., "AlgZoo" (January 2026).

    Examples
    --------
    >>> from heurex.zoo import load
    >>> for piece in linear_pieces(load("m22"))[:2]:
    ...     print(f"{piece.name}: {piece.a0:.2f} x0 - {piece.a1:.2f} x1")
    x0 > 0, neuron 0 only: 30.09 x0 - 79.33 x1
    x0 > 0, both neurons: 426.71 x0 - 426.42 x1
    """
    found = _derive(model)
    _insist(model, found)
    return _pieces(found)


@dataclass(frozen=True)
class Pieces(Estimator):
    """ARC's derivation for M_{2,2}: exact where its eighteen checks hold.

    Notes
    -----
    Scaled so that w_hi = (1, -1), the model has six linear pieces, on each of which logit_1 - logit_0 =
    a0 x_0 - a1 x_1 with positive coefficients; the right answer is 1 where x_0 > x_1. Four pieces lie beside
    that line and are right throughout once it is known which coefficient is larger (a consequence of the
    four sizes of w_hh, which ARC counts beside them). The two on which both neurons are on contain the line,
    and are wrong between it and the line a0 x_0 = a1 x_1: two sectors, narrow because a0 and a1 nearly agree.

    The checks are ten signs, four sizes and the four larger coefficients; the two near-equalities are reported
    with their gaps |a0 - a1| / max(a0, a1) and hold where that is below 1/2; the value is exact without them.

    Error: 4e-16. Cost: 25 operations. Source: Hilton et al., "AlgZoo" (January 2026), on M_{2,2}.

    Examples
    --------
    >>> from heurex.zoo import load
    >>> found = Pieces().estimate(load("m22"))
    >>> print(f"wrong on 1 input in {1 / (1 - found.value):,.0f}")
    wrong on 1 input in 11,881
    """

    name: ClassVar[str] = "pieces"
    summary: ClassVar[str] = "ARC's derivation: six linear pieces, exact where its checks hold; d = 2, n = 2"
    kind: ClassVar[str] = "explanation"
    assumes: ClassVar[str] = "18 signs and sizes of the standardised weights"
    applies: ClassVar[str] = "d = 2, n = 2, where the 18 checks hold in some order of the neurons"
    cost: ClassVar[str] = "25 operations and two arctangents"

    def estimate(self, model: Rnn) -> Estimate:
        """The estimate with its checks, and its pieces cut by x_0 = x_1 as cells."""
        found = _derive(model)
        _insist(model, found)
        return Estimate(
            self.name,
            1 - (found.errors[0] + found.errors[1]),
            _EVALUATED,
            self.settings(),
            ops=found.ops,
            cells=_cells(_pieces(found)),
            checks=_checks(model, found),
        )

    def estimate_stack(self, stack: RnnStack) -> StackEstimate:
        """Estimates of many models; each takes well below a millisecond."""
        _require(stack)
        values, status = np.full(len(stack), np.nan), [Status.NOT_APPLICABLE] * len(stack)
        hidden, pieces, holds = np.zeros((2, 2)), np.zeros((6, 2)), np.zeros(pieces_kernel.CHECKS, np.bool_)
        for i in range(len(stack)):
            _, holding, first, second = pieces_kernel.error_rate(
                stack.w_hi[i], stack.w_hh[i], stack.w_oh[i], hidden, pieces, holds
            )
            if holding == pieces_kernel.CHECKS:
                values[i], status[i] = 1 - (first + second), Status.OK
        errors = np.where(np.isnan(values), np.nan, _EVALUATED)
        return StackEstimate(values, errors, np.full(len(stack), np.nan), status)


def _require(model: Rnn | RnnStack) -> None:
    require_second(model, "the derivation by pieces")
    if (model.hidden_size, model.seq_len) != (2, 2):
        raise NotApplicable(
            f"the derivation by pieces explains models with d = 2 and n = 2; "
            f"this one has d = {model.hidden_size} and n = {model.seq_len}"
        )


def _derive(model: Rnn) -> _Derivation:
    _require(model)
    weights = {"w_hi": model.w_hi, "w_hh": model.w_hh, "w_oh": model.w_oh}
    kernel, numbers, tally = kernels.counted(pieces_kernel, weights)
    hidden, pieces = np.zeros((2, 2), object), np.zeros((6, 2), object)
    holds = np.zeros(pieces_kernel.CHECKS, np.bool_)
    first, holding, *errors = kernel.error_rate(*numbers.values(), hidden, pieces, holds)
    plus, minus = (kernels.uncounted(error) for error in errors)
    # one subtraction from 1 and one sum are made outside the kernel
    tally.add += 2
    return _Derivation(
        first, holding, (plus, minus), kernels.plain(hidden), kernels.plain(pieces), holds, Ops.of(tally)
    )


def _checks(model: Rnn, found: _Derivation) -> tuple[Check, ...]:
    hi, oh = model.w_hi, model.w_oh
    i, j, hidden, pieces = found.first, 1 - found.first, found.hidden, found.coefficients
    signs: dict[str, Any] = {
        "w_hi[0]": hi[i], "-w_hi[1]": -hi[j],
        "-w_hh[0,0]": -hidden[0, 0], "w_hh[0,1]": hidden[0, 1],
        "w_hh[1,0]": hidden[1, 0], "-w_hh[1,1]": -hidden[1, 1],
        "w_oh[0,0]": oh[0, i], "-w_oh[1,0]": -oh[1, i], "-w_oh[0,1]": -oh[0, j], "w_oh[1,1]": oh[1, j],
    }  # fmt: skip
    listed = [(name, f"{name} > 0", value) for name, value in signs.items()]
    for (row, column), sign in zip(((0, 0), (0, 1), (1, 0), (1, 1)), "<>><", strict=True):
        name = f"|w_hh[{row},{column}]|"
        listed.append((name, f"{name} {sign} 1 (standardised)", abs(hidden[row, column])))
    for which, sign in _LARGER:
        a0, a1 = pieces[which]
        ratio = a0 / a1 if a1 != 0 else math.copysign(math.inf, a0)
        listed.append((f"a0/a1, {_NAMES[which]}", f"a0 {sign} a1 where {_NAMES[which]}", ratio))
    decided = [
        Check(name, statement, bool(ok), float(value))
        for (name, statement, value), ok in zip(listed, found.holds, strict=True)
    ]
    near: list[Check] = []
    for which in _STRADDLE:
        a0, a1 = (float(a) for a in pieces[which])
        gap = abs(a0 - a1) / max(abs(a0), abs(a1)) if a0 or a1 else 0.0
        name = f"a0 ~ a1, {_NAMES[which]}"
        ratio = a0 / a1 if a1 != 0 else math.inf
        near.append(Check(name, f"a0 is near a1 where {_NAMES[which]}", gap < 0.5, ratio, gap))
    return (*decided, *near)


def _insist(model: Rnn, found: _Derivation) -> None:
    if found.holding == pieces_kernel.CHECKS:
        return
    failed = tuple(c.statement for c in _checks(model, found)[: pieces_kernel.CHECKS] if not c.holds)
    raise NotApplicable(
        f"the derivation by pieces does not apply: {', '.join(failed)} fails in the better order of the neurons, "
        f"{(found.first, 1 - found.first)}",
        failed,
    )


def _share(first: np.ndarray, second: np.ndarray) -> float:
    """Share of the plane counterclockwise from one ray to another, below a half."""
    turn = first[0] * second[1] - first[1] * second[0]
    return math.atan2(turn, float(first @ second)) / (2 * math.pi)


def _pieces(found: _Derivation) -> tuple[Piece, ...]:
    hidden = found.hidden
    # counterclockwise: rays on which x_0 or a preactivation of the last step vanishes
    bounds = {
        0: [(0.0, -1.0), (1.0, -hidden[0, 0]), (1.0, hidden[1, 0]), (0.0, 1.0)],
        1: [(0.0, 1.0), (-1.0, hidden[1, 1]), (-1.0, -hidden[0, 1]), (0.0, -1.0)],
    }
    places = {0: {2: 0, 1: 1, 0: 2}, 1: {3: 0, 4: 1, 5: 2}}
    pieces: list[Piece] = []
    for which, (side, _, _) in enumerate(pieces_kernel.PIECES):
        place = places[side][which]
        rays = np.array(bounds[side][place : place + 2])
        a0, a1 = (float(a) for a in found.coefficients[which])
        error = found.errors[side] if which in _STRADDLE else 0.0
        pieces.append(Piece(_NAMES[which], a0, a1, rays, _share(rays[0], rays[1]), error))
    return tuple(pieces)


def _cells(pieces: tuple[Piece, ...]) -> tuple[Cell, ...]:
    """The pieces cut by x_0 = x_1: eight sectors of one label each."""
    cells: list[Cell] = []
    for which, piece in enumerate(pieces):
        sectors = [piece.rays]
        if which in _STRADDLE:
            diagonal = np.full(2, 1.0 if which == _STRADDLE[0] else -1.0)
            sectors = [np.array([piece.rays[0], diagonal]), np.array([diagonal, piece.rays[1]])]
        for rays in sectors:
            middle = (rays / np.linalg.norm(rays, axis=1, keepdims=True)).sum(axis=0)
            ordering = (0, 1) if middle[0] > middle[1] else (1, 0)
            # the model answers 1 too often where a0 x0 > a1 x1 reaches beyond x0 > x1
            tie = np.array([piece.a1, piece.a0]) * (1.0 if rays[:, 0].max() > 0 else -1.0)
            inside = which in _STRADDLE and (tie[0] > tie[1]) == (ordering == (0, 1))
            wrong = piece.error if inside and tie[0] != tie[1] else 0.0
            fraction = _share(rays[0], rays[1])
            cells.append(
                Cell(
                    name=f"{ordering_name(ordering)}, {piece.name}",
                    ordering=ordering,
                    region=piece.name,
                    parent=None,
                    normals=np.array([[-rays[0, 1], rays[0, 0]], [rays[1, 1], -rays[1, 0]]]),
                    half_spaces=2,
                    rays=None,
                    fraction=fraction,
                    numerical_error=1e-16,
                    label=ordering[1],
                    answer=None if wrong else ordering[1],
                    likely=True,
                    contribution=fraction - wrong,
                )
            )
    return tuple(cells)
