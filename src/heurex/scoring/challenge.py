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
    seed
        Of the bootstraps.

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
    margin = _margin([errors], lambda mean: mean, errors - bias, rng)
    bias_interval = Interval(bias, bias - margin, bias + margin)
    floor, typical = raw * 1e-9 or 1.0, float(spread.mean()) or 1.0
    relative = np.repeat(spread[:, None] / typical, errors.shape[1], axis=1)

    def bounds(arrays: list[np.ndarray], parts: np.ndarray) -> tuple[float, float]:
        margin = _margin(arrays, lambda *means: _log_of(means, floor), parts, rng)
        width = np.exp(min(margin, 700.0))
        low = max(raw / width - noise, 0.0) if resolved else 0.0
        return low, max(raw * width - noise, least - noise, mean)

    shares = squares / (raw or 1.0)
    low, high = np.sqrt(bounds([squares], shares - 1))
    rmse = Interval(float(np.sqrt(mean)), float(low), float(high))
    of_ratio = bounds([squares, relative], shares - relative)
    ratio = Interval(*(_over(sampled, np.sqrt(x)) for x in (mean, of_ratio[1], of_ratio[0])))
    return Standing(rmse, bias_interval, ratio, sampled, resolved, float(np.sqrt(noise)))


def _over(above: float, below: float) -> float:
    return float(above / below) if below > 0 else float("nan") if np.isnan(above) else float("inf")


def _log_of(means: tuple[np.ndarray, ...], floor: float) -> np.ndarray:
    """Logarithm of a mean square, over a mean spread where there are two."""
    found = np.log(np.maximum(means[0], floor))
    return found if len(means) == 1 else found - np.log(np.maximum(means[1], 1e-9))


def _margin(
    arrays: list[np.ndarray],
    statistic: Callable[..., np.ndarray],
    parts: np.ndarray,
    rng: np.random.Generator,
) -> float:
    """Half the width of a 95% interval of a statistic of means over resampled models and seeds.

    Parameters
    ----------
    arrays
        What means are taken of, each ``(models, seeds)``.
    statistic
        From vectors of means, one for each array, to a vector.
    parts
        What each model and seed adds to the statistic, to first order, times their number; of mean 0.
    """
    models, seeds = parts.shape
    if models < 2:
        return float("inf")
    drawn = rng.integers(0, models, (_RESAMPLES, models - 1))
    over_models = float(np.var(statistic(*(one.mean(axis=1)[drawn].mean(axis=1) for one in arrays))))
    over_seeds = common = 0.0
    if seeds > 1:
        drawn = rng.integers(0, seeds, (_RESAMPLES, seeds - 1))
        over_seeds = float(np.var(statistic(*(one.mean(axis=0)[drawn].mean(axis=1) for one in arrays))))
        rest = parts - parts.mean(axis=0) - parts.mean(axis=1, keepdims=True) + parts.mean()
        common = float((rest**2).sum()) / ((models - 1) * (seeds - 1)) / (models * seeds)
    total = max(over_models + over_seeds - common, over_models, over_seeds)
    if total == 0:
        return 0.0
    shares = over_models**2 / (models - 1) + (over_seeds**2 / (seeds - 1) if seeds > 1 else 0.0)
    freedom = max(total**2 / shares, 1.0)
    return float(stats.t.ppf(0.975, freedom) * np.sqrt(total))
