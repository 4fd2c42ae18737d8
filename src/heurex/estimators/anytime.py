"""Exact accuracy within a budget of operations: a lower and an upper bound that always hold.

:class:`heurex.estimators.exact.Exact` calls this where it is given a budget.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from heurex import kernels
from heurex.errors import NotApplicable, UsageError
from heurex.estimators import anytime_kernel
from heurex.estimators.base import Estimate, Ops, StackEstimate, Status
from heurex.estimators.directions import Directions
from heurex.model import Rnn, RnnStack

__all__ = ["check_budget", "estimate_stack_within", "estimate_within"]

_COUNTED_UP_TO = 100_000
"""Larger budgets go through the compiled kernel for more than 8 neurons, and nothing is counted."""


_UNLIMITED = 2**62
_SUMS = 4e-16
"""Rounding of the sums that bounds are made of."""
_CLOSED = 1e-6
"""Bounds that stay further apart than this although all is settled are reported as ill conditioned."""


def check_budget(budget: Any) -> None:
    """Raise UsageError unless a budget is a whole number of operations, 0 or more, or None."""
    if budget is not None and (
        isinstance(budget, bool) or not isinstance(budget, (int, np.integer)) or budget < 0
    ):
        raise UsageError(f"budget is {budget!r}; expected a whole number of operations, 0 or more, or None")


def estimate_within(model: Rnn, budget: int, name: str, settings: dict[str, Any]) -> Estimate:
    """Bounds on the accuracy of a model from no more than so many operations.

    Parameters
    ----------
    model
        A model with n = 2 or 3, any d.
    budget
        Operations allowed; additions, multiplications and divisions count 1, square roots and arctangents 10.
    name, settings
        Of the estimator that asks.

    Returns
    -------
    ``lower`` and ``upper`` hold the exact accuracy at every budget, and a larger budget never widens them;
    ``value`` is the middle between them, ``numerical_error`` half their distance. The status is BUDGET_REACHED
    unless all of the input space was settled.

    Notes
    -----
    For n = 3 the directions of (x_0, x_1) are cut into wedges where step 2 is linear, and wedges are settled
    from the widest to the narrowest: what is in none counts as right for the upper bound and as wrong for the
    lower one. For n = 2 it is all or nothing, at a price of at most 6 d^2 + 60 d + 100 operations.
    Operations are those that were executed; they are paid for in advance by prices that are never too low, so
    that ``ops.total()`` is at most the budget.
    Error: rounding is inside the bounds, to first order: 5e-16 times the largest product of weights along a
    path, over the margins of the cells that are clipped.
    Cost: about 11,000 operations for (4, 3) until the bounds meet within 1e-12.
    """
    if model.seq_len == 2:
        lower, upper, done, ops = _two_inputs(model, budget)
    else:
        _require(model)
        lower, upper, done, ops = _three_inputs(model, budget)
    return Estimate(
        name,
        (lower + upper) / 2,
        (upper - lower) / 2,
        settings,
        lower=lower,
        upper=upper,
        ops=ops,
        status=_status(done, upper - lower),
    )


def estimate_stack_within(stack: RnnStack, budget: int) -> StackEstimate:
    """:func:`estimate_within` for many models, through the compiled kernel; n = 2 one by one."""
    blank = np.full(len(stack), np.nan)
    if stack.seq_len == 2:
        found = [_two_inputs(model, budget) for model in stack]
        bounds = np.array([[lower, upper] for lower, upper, _, _ in found])
        done = np.array([closed for _, _, closed, _ in found])
    else:
        _require(stack)
        bounds, done = np.zeros((len(stack), 2)), np.zeros(len(stack), np.bool_)
        spent = np.zeros(len(stack), np.int64)
        kernels.compiled(anytime_kernel).anytime_batch(
            stack.w_hi, stack.w_hh, stack.w_oh, stack.rank, min(budget, _UNLIMITED), bounds, spent, done
        )
        bounds = np.array([_sound(*pair) for pair in bounds])
    widths = bounds[:, 1] - bounds[:, 0]
    status = [_status(bool(closed), width) for closed, width in zip(done, widths, strict=True)]
    return StackEstimate(bounds.mean(axis=1), widths / 2, blank, status)


def _require(model: Rnn | RnnStack) -> None:
    if model.seq_len != 3:
        raise NotApplicable(
            f"bounds within a budget need n = 2 or 3 inputs; this model has n = {model.seq_len}"
        )


def _status(done: bool, width: float) -> Status:
    if not done:
        return Status.BUDGET_REACHED
    return Status.OK if width < _CLOSED else Status.ILL_CONDITIONED


def _sound(lower: float, upper: float) -> tuple[float, float]:
    """Bounds with the rounding of their own sums; 0 and 1 where weights are so uneven that arithmetic broke down."""
    if not 0 <= lower <= upper <= 1:
        return 0.0, 1.0
    return max(0.0, float(lower) - _SUMS), min(1.0, float(upper) + _SUMS)


def _three_inputs(model: Rnn, budget: int) -> tuple[float, float, bool, Ops | None]:
    """Lower and upper bound, whether all is settled, and the operations executed."""
    weights = {"w_hi": model.w_hi, "w_hh": model.w_hh, "w_oh": model.w_oh}
    meter = np.zeros(2, np.int64)
    budget = min(budget, _UNLIMITED)
    if model.hidden_size > 8 and budget > _COUNTED_UP_TO:
        bounds = np.zeros(2)
        done = kernels.compiled(anytime_kernel).anytime(*weights.values(), model.rank, budget, bounds, meter)
        return *_sound(*bounds), bool(done), None
    kernel, numbers, tally = kernels.counted(anytime_kernel, weights)
    found = np.zeros(2, object)
    with np.errstate(all="ignore"):
        done = kernel.anytime(*numbers.values(), model.rank, budget, found, meter)
    return *_sound(*kernels.plain(found)), bool(done), Ops.of(tally)


def _two_inputs(model: Rnn, budget: int) -> tuple[float, float, bool, Ops | None]:
    """The same for n = 2, where the two signs of x_0 are all there is."""
    d = model.hidden_size
    if budget < 6 * d * d + 60 * d + 100:
        return 0.0, 1.0, False, Ops()
    found = Directions().estimate(model)
    assert found.lower is not None
    assert found.upper is not None
    return found.lower, found.upper, True, found.ops
