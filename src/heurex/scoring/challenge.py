"""The challenge's statistics: a method's RMS error beside sampling's for as many operations, with intervals.

Errors are those of several models under several seeds. A truth that was sampled has an error of its own, whose
variance is taken off; and what two models or two seeds have in common is why intervals resample both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

from heurex.errors import UsageError

__all__ = ["Interval", "Standing", "standing"]

_RESAMPLES: Final = 2000


@dataclass(frozen=True)
class Interval:
    """A number with a 95% interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Standing:
    """A method on one ensemble.

    Attributes
    ----------
    rmse
        Root of the mean squared error over models and seeds, less the truth's variance, not below 0.
    bias
        Mean error, estimate minus truth.
    ratio
        Sampling's RMS error for as many operations over the method's; infinite where the method's is 0, NaN where
        operations are not known.
    sampling
        Sampling's RMS error for as many operations.
    resolved
        Whether the error can be told from the truth's own: if not, ``rmse`` and ``ratio.value`` mean little and only
        ``rmse.high`` and ``ratio.low`` say something.
    truth_error
        RMS of the truth's standard errors.
    """

    rmse: Interval
    bias: Interval
    ratio: Interval
    sampling: float
    resolved: bool
    truth_error: float


def standing(
    errors: np.ndarray,
    truth: np.ndarray,
    truth_error: np.ndarray,
    ops: float | None,
    sample_ops: float,
    *,
    numerical_error: float = 0.0,
    seed: int = 0,
) -> Standing:
    """Score one method on an ensemble.

    Parameters
    ----------
    errors
        Estimate minus truth, shape ``(models, seeds)``; one seed for methods without chance.
    truth, truth_error
        Accuracies and their standard errors, ``(models,)``; 0 where they are exact.
    ops, sample_ops
        Operations of an estimate (None if unknown) and of one sample, in one convention.
    numerical_error
        What both sides are evaluated to: errors below it count as none.

    Notes
    -----
    Intervals: bootstrap over models and bootstrap over seeds, each of one draw fewer than there are, which makes
    their variances unbiased; the two are added, and the part that both hold (models times seeds) is taken off once.
    From the sum a Student interval with Satterthwaite's degrees of freedom: on the logarithm of the mean squared
    error, on the bias itself. With three seeds that decide the error, it is wide, and has to be.

    Examples
    --------
    >>> found = standing(np.array([[0.01], [-0.01]]), np.array([0.5, 0.5]), np.zeros(2), 100.0, 1.0)
    >>> round(found.ratio.value, 9)
    5.0
    """
    if (
        errors.ndim != 2
        or errors.shape[0] != len(truth)
        or truth.shape != truth_error.shape
        or not errors.size
    ):
        raise UsageError(
            f"errors, truth and its errors have shapes {errors.shape}, {truth.shape} and {truth_error.shape}; "
            "expected (models, seeds), (models,) and (models,)"
        )
    rng = np.random.default_rng(seed)
    squares, spread = errors**2, truth * (1 - truth)
    noise = float((truth_error**2).mean())
    raw = float(squares.mean())
    least = max(noise * float(stats.chi2.ppf(0.975, len(truth))) / len(truth), numerical_error**2)
    resolved = raw > least
    mean = max(raw - noise, 0.0) if raw > numerical_error**2 else 0.0
    sampled = float(np.sqrt(spread.mean() * sample_ops / ops)) if ops else float("nan")
    bias = float(errors.mean())
    margin = _margin(lambda i, j: errors[i][:, j].mean(), errors - bias, rng)
    bias_interval = Interval(bias, bias - margin, bias + margin)

    def bounds(
        statistic: Callable[[np.ndarray, np.ndarray], float], parts: np.ndarray
    ) -> tuple[float, float]:
        width = np.exp(min(_margin(statistic, parts, rng), 700.0))
        low = max(raw / width - noise, 0.0) if resolved else 0.0
        return low, max(raw * width - noise, least - noise, mean)

    floor = raw * 1e-9 or 1.0
    of_error = bounds(lambda i, j: np.log(max(squares[i][:, j].mean(), floor)), squares / (raw or 1.0) - 1)
    low, high = np.sqrt(of_error)
    rmse = Interval(float(np.sqrt(mean)), float(low), float(high))
    relative = spread / (spread.mean() or 1.0)
    of_ratio = bounds(
        lambda i, j: np.log(max(squares[i][:, j].mean(), floor)) - np.log(max(relative[i].mean(), 1e-9)),
        squares / (raw or 1.0) - relative[:, None],
    )
    ratio = Interval(*(_over(sampled, np.sqrt(x)) for x in (mean, of_ratio[1], of_ratio[0])))
    return Standing(rmse, bias_interval, ratio, sampled, resolved, float(np.sqrt(noise)))


def _over(above: float, below: float) -> float:
    return float(above / below) if below > 0 else float("nan") if np.isnan(above) else float("inf")


def _margin(
    statistic: Callable[[np.ndarray, np.ndarray], float], parts: np.ndarray, rng: np.random.Generator
) -> float:
    """Half the width of a 95% interval of a statistic of resampled models and seeds.

    Parameters
    ----------
    parts
        What each model and seed adds to the statistic, to first order, times their number; of mean 0.
    """
    models, seeds = parts.shape
    if models < 2:
        return float("inf")
    every_model, every_seed = np.arange(models), np.arange(seeds)
    over_models = np.var(
        [statistic(i, every_seed) for i in rng.integers(0, models, (_RESAMPLES, models - 1))]
    )
    over_seeds = common = 0.0
    if seeds > 1:
        draws = rng.integers(0, seeds, (_RESAMPLES // 4, seeds - 1))
        over_seeds = np.var([statistic(every_model, j) for j in draws])
        rest = parts - parts.mean(axis=0) - parts.mean(axis=1, keepdims=True) + parts.mean()
        common = (rest**2).sum() / ((models - 1) * (seeds - 1)) / (models * seeds)
    total = max(over_models + over_seeds - common, over_models, over_seeds)
    if total == 0:
        return 0.0
    shares = over_models**2 / (models - 1) + (over_seeds**2 / (seeds - 1) if seeds > 1 else 0.0)
    freedom = max(total**2 / shares, 1.0)
    return float(stats.t.ppf(0.975, freedom) * np.sqrt(total))
