"""Probabilities by plain counting, with exact intervals."""

from __future__ import annotations

import numpy as np

from heurex.scoring.selection.networks import RandomNetworks
from heurex.scoring.selection.splitting import generator
from heurex.scoring.selection.workers import Workers

__all__ = ["COUNTED", "GRID", "accuracies", "clopper_pearson"]

COUNTED = 0
"""The stage of counting in :func:`generator`'s places."""
GRID = tuple(float(x) for x in np.round(1 - 2 ** (-np.arange(1, 640) / 32), 6))
"""Accuracies at which survival is counted: 32 for each halving of the error, down to an error of 1e-6."""
_CHUNK = 2048


def accuracies(networks: RandomNetworks, samples: int, seed: int, workers: Workers) -> np.ndarray:
    """Exact accuracies of random networks, in increasing order; network i depends on (seed, i) only."""

    def chunk(first: int) -> np.ndarray:
        rng = generator(seed, COUNTED, first // _CHUNK)
        points = rng.standard_normal((min(_CHUNK, samples - first), networks.dimension))
        values = networks.accuracy(points)
        workers.report("counting", len(values))
        return values

    return np.sort(np.concatenate(workers.map(chunk, range(0, samples, _CHUNK))))


def clopper_pearson(
    counts: np.ndarray, samples: int, confidence: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Exact interval for a probability from a count; each end is missed with at most half of what is left.

    Source: Clopper and Pearson (1934), by quantiles of the beta distribution.
    """
    from scipy import stats

    tail = (1 - confidence) / 2
    counts = np.asarray(counts, np.float64)
    low = np.where(counts > 0, stats.beta.ppf(tail, np.maximum(counts, 1), samples - counts + 1), 0.0)
    high = np.where(
        counts < samples, stats.beta.ppf(1 - tail, counts + 1, np.maximum(samples - counts, 1)), 1.0
    )
    return low, high
