"""Errors of several methods on any number of models, in sums that stay small: scores, intervals, the common subset."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import numpy as np

from heurex.scoring.advantage import advantage

__all__ = ["BLOCKS", "Tallies", "score_record"]

BLOCKS: Final = 1024
"""Models are dealt into so many blocks in turn, and the bootstrap draws blocks: below it, single models."""

_RESAMPLES: Final = 2000
_EVALUATED: Final = 1e-9
"""Estimates that are evaluated no better than this are never said to have no error."""
_COUNT, _ERROR, _SQUARE, _EVALUATION, _SPREAD, _VALUE, _TRUTH = range(7)


@dataclass
class Tallies:
    """Sums over the models of a group, for every set of methods that apply together.

    Parameters
    ----------
    methods
        How many methods there are.
    models
        How many models have been added so far.

    Notes
    -----
    Memory: 57 KB a method and set of methods that apply to the same model, however many models there are.
    """

    methods: int
    models: int = 0
    _sums: dict[bytes, np.ndarray] = field(default_factory=dict[bytes, np.ndarray])

    def add(self, values: np.ndarray, truth: np.ndarray, evaluation: np.ndarray) -> None:
        """Take in models.

        Parameters
        ----------
        values
            Estimates, NaN where a method does not apply, ``(methods, models)``.
        truth
            Exact accuracies, NaN where there are none, ``(models,)``.
        evaluation
            How well estimate and truth together are evaluated, ``(methods, models)``.
        """
        applies = np.isfinite(values)
        block = (self.models + np.arange(values.shape[1])) % BLOCKS
        self.models += values.shape[1]
        patterns, which = np.unique(np.packbits(applies, axis=0).T, axis=0, return_inverse=True)
        for number, pattern in enumerate(patterns):
            chosen = np.flatnonzero(which.ravel() == number)
            sums = self._sums.setdefault(pattern.tobytes(), np.zeros((self.methods, BLOCKS, 7)))
            for method in np.flatnonzero(applies[:, chosen[0]]):
                value, true = values[method, chosen], truth[chosen]
                error = value - true
                bound = np.nan_to_num(evaluation[method, chosen])
                columns = (np.ones(len(chosen)), error, error**2, bound**2, true * (1 - true), value, true)
                for column, numbers in enumerate(columns):
                    sums[method, :, column] += np.bincount(block[chosen], numbers, BLOCKS)

    def covered(self, method: int) -> np.ndarray:
        """Sums over the models to which a method applies, by block, ``(blocks, 7)``."""
        return self._total(list(self._sums.values()))[method]

    def common(self, method: int) -> np.ndarray:
        """The same over the models to which all methods apply that apply to any here."""
        total = self._total(list(self._sums.values()))[:, :, _COUNT].sum(axis=1)
        active = np.flatnonzero(total > 0)
        shared = [one for one in self._sums.values() if np.all(one[active, :, _COUNT].sum(axis=1) > 0)]
        return self._total(shared)[method]

    def _total(self, sums: list[np.ndarray]) -> np.ndarray:
        used = min(self.models, BLOCKS)
        return np.sum(sums, axis=0)[:, :used] if sums else np.zeros((self.methods, used, 7))


def score_record(blocks: np.ndarray, ops: float | None = None, ops_per_sample: float = 0.0) -> dict[str, Any]:
    """Errors with 95% bootstrap intervals over models, from sums by block.

    Parameters
    ----------
    blocks
        What :meth:`Tallies.covered` or :meth:`Tallies.common` gives.
    ops, ops_per_sample
        Mean operations of an estimate, where known, and of one sample, for the advantage over sampling.

    Returns
    -------
    ``covered``, ``mean_value``, ``rmse``, ``bias`` and ``advantage``, each of the latter with its interval; None
    where there is no such number. ``guess_rmse`` is the error of the mean accuracy of these models as a guess for each
    of them, which a method should beat. ``exact`` where the difference is below what both sides are evaluated to.
    """
    total = blocks.sum(axis=0)
    count = int(total[_COUNT])
    blank = dict.fromkeys(
        ("mean_value", "rmse", "rmse_interval", "bias", "bias_interval", "evaluation_error")
    )
    blank |= dict.fromkeys(("mean_truth", "spread", "guess_rmse", "advantage", "advantage_interval"))
    record: dict[str, Any] = {"covered": count, "exact": False, **blank}
    if count == 0:
        return record
    record["mean_value"] = total[_VALUE] / count
    if not np.isfinite(total[_ERROR]):
        return record
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn = _draws(len(blocks)) @ blocks
        rmses, biases = np.sqrt(drawn[:, _SQUARE] / drawn[:, _COUNT]), drawn[:, _ERROR] / drawn[:, _COUNT]
        gains = drawn[:, _SPREAD] / drawn[:, _SQUARE]
    rmse, evaluation = np.sqrt(total[_SQUARE] / count), np.sqrt(total[_EVALUATION] / count)
    spread, mean = np.sqrt(max(total[_SPREAD], 0.0) / count), total[_TRUTH] / count
    record |= {
        "exact": bool(rmse <= evaluation < _EVALUATED),
        "rmse": float(rmse),
        "rmse_interval": _interval(rmses),
        "bias": total[_ERROR] / count,
        "bias_interval": _interval(biases),
        "evaluation_error": float(evaluation),
        "mean_truth": mean,
        "spread": float(spread),
        "guess_rmse": float(np.sqrt(max(mean - spread**2 - mean**2, 0.0))),
    }
    if not record["exact"]:
        record["advantage"] = advantage(float(spread), ops_per_sample, float(rmse), ops)
        if record["advantage"] is not None and ops:
            record["advantage_interval"] = _interval(gains * ops_per_sample / ops)
    return record


@cache
def _draws(blocks: int) -> np.ndarray:
    """How often each block is drawn in each resample, ``(resamples, blocks)``."""
    rng = np.random.default_rng(0)
    return rng.multinomial(blocks, np.full(blocks, 1 / blocks), _RESAMPLES).astype(np.float64)


def _interval(draws: np.ndarray) -> tuple[float, float] | None:
    known = draws[np.isfinite(draws)]
    if len(known) < len(draws) // 2 or np.ptp(known) == 0:
        return None
    low, high = np.percentile(known, (2.5, 97.5))
    return float(low), float(high)
