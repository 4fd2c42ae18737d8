"""How good estimates are: RMS error and bias against the truth, beside sampling and beside guessing.

Everything here works on plain arrays, one entry a model, so that rows read back from a results table score the
same as fresh ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heurex.errors import UsageError

__all__ = ["Score", "null_scores", "rms_spread", "sampling_rmse", "score"]

_RESAMPLES = 2000


@dataclass(frozen=True)
class Score:
    """One estimator over an ensemble; all errors are differences of accuracies, estimate minus truth.

    Attributes
    ----------
    models, covered
        How many models there are, and to how many the estimator applies; errors are over the latter.
    rmse, bias
        Root mean square and mean of the error.
    rmse_interval, bias_interval
        Their 95% bootstrap intervals over models.
    correlation
        Of estimate and truth; NaN where the estimate does not vary.
    """

    models: int
    covered: int
    rmse: float
    rmse_interval: tuple[float, float]
    bias: float
    bias_interval: tuple[float, float]
    correlation: float


def score(values: np.ndarray, truth: np.ndarray, *, seed: int = 0) -> Score:
    """Score estimates against exact accuracies.

    Parameters
    ----------
    values, truth
        Estimates (NaN where the explanation does not apply) and exact accuracies, shape ``(models,)``.
    seed
        For the bootstrap over models: 2,000 resamples, percentile intervals.

    Returns
    -------
    A :class:`Score`, in fractions of 1, over the models where the estimate is not NaN.

    Examples
    --------
    >>> round(score(np.array([0.5, 0.7]), np.array([0.4, 0.8])).rmse, 12)
    0.1
    """
    if values.shape != truth.shape or values.ndim != 1:
        raise UsageError(
            f"values and truth have shapes {values.shape} and {truth.shape}; expected equal vectors"
        )
    known = np.isfinite(values)
    error, true = (values - truth)[known], truth[known]
    nan = float("nan")
    if len(error) == 0:
        return Score(len(values), 0, nan, (nan, nan), nan, (nan, nan), nan)
    drawn = error[np.random.default_rng(seed).integers(0, len(error), (_RESAMPLES, len(error)))]
    rmses, biases = np.sqrt((drawn**2).mean(axis=1)), drawn.mean(axis=1)
    varies = len(error) > 1 and np.ptp(values[known]) > 0 and np.ptp(true) > 0
    return Score(
        len(values),
        len(error),
        float(np.sqrt((error**2).mean())),
        _interval(rmses),
        float(error.mean()),
        _interval(biases),
        float(np.corrcoef(values[known], true)[0, 1]) if varies else nan,
    )


def _interval(draws: np.ndarray) -> tuple[float, float]:
    low, high = np.percentile(draws, (2.5, 97.5))
    return float(low), float(high)


def null_scores(truth: np.ndarray, clean_accuracy: float | np.ndarray) -> dict[str, Score]:
    """Guesses that look at no weights; an explanation that is not better than these says nothing.

    ``"clean accuracy"`` answers for every copy the accuracy of its model without noise, ``"ensemble mean"``
    the mean accuracy of the copies (which nobody knows in advance: the best constant there is).
    """
    return {
        "clean accuracy": score(np.full(truth.shape, clean_accuracy), truth),
        "ensemble mean": score(np.full(truth.shape, truth.mean()), truth),
    }


def rms_spread(truth: np.ndarray) -> float:
    """Root mean square of sqrt(p (1 - p)): the RMS error of one sample."""
    return float(np.sqrt((truth * (1 - truth)).mean()))


def sampling_rmse(truth: np.ndarray, ops_per_sample: float, ops: float) -> float:
    """RMS error of random sampling for the same number of operations.

    Returns
    -------
    sqrt(mean p (1 - p) * ops_per_sample / ops); both counts in one convention.
    Source: Hilton (2024), "Quality versus compute".
    """
    return rms_spread(truth) * float(np.sqrt(ops_per_sample / ops)) if ops > 0 else float("inf")
