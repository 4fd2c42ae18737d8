"""What AlgZoo publishes about its 2nd argmax models: accuracies and which of five seeds is the best."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["ACCURACY_PERCENT", "BEST_SEED", "CHECKPOINTS", "HIDDEN_SIZES", "SEEDS", "SEQ_LENS", "SOURCE"]

SOURCE: Final = "AlgZoo (Hilton et al., 2026): best of 5 seeds, 2^30 sequences, rounded to 0.1%"

HIDDEN_SIZES: Final = (2, 3, 4, 5, 6, 8, 16, 32)
SEQ_LENS: Final = (2, 3, 4, 5, 6, 8, 10)
SEEDS: Final = (0, 1, 2, 3, 4)
CHECKPOINTS: Final = (0, *(2**k for k in range(20, 31)))
"""Numbers of training sequences after which AlgZoo kept weights."""

_PERCENT: Final = {
    2: (100, 41.0, 32.8, 30.6, 26.9, 21.4, 20.2),
    3: (100, 90.8, 43.3, 37.5, 34.1, 28.5, 23.9),
    4: (100, 98.5, 60.2, 42.8, 39.4, 34.6, 31.8),
    5: (100, 99.9, 74.6, 54.2, 45.0, 38.4, 34.7),
    6: (100, 99.9, 86.5, 70.3, 48.4, 40.5, 37.5),
    8: (100, 99.9, 98.7, 88.2, 78.9, 46.6, 42.7),
    16: (100, 100, 99.8, 99.2, 98.5, 97.6, 94.8),
    32: (100, 100, 99.9, 99.7, 99.4, 99.3, 99.4),
}
_BEST: Final = {
    2: (2, 0, 2, 3, 2, 1, 4),
    3: (3, 1, 4, 0, 0, 1, 1),
    4: (3, 0, 1, 2, 0, 1, 2),
    5: (3, 1, 4, 3, 4, 4, 4),
    6: (2, 3, 0, 1, 1, 0, 2),
    8: (3, 1, 1, 3, 4, 0, 4),
    16: (3, 1, 3, 2, 3, 1, 2),
    32: (3, 4, 2, 3, 1, 4, 0),
}


def _by_size(rows: Mapping[int, tuple[float, ...]]) -> dict[tuple[int, int], float]:
    return {(d, n): value for d, row in rows.items() for n, value in zip(SEQ_LENS, row, strict=True)}


ACCURACY_PERCENT: Final = _by_size(_PERCENT)
"""Accuracy of the best seed in per cent, by (d, n)."""
BEST_SEED: Final = {size: int(seed) for size, seed in _by_size(_BEST).items()}
"""The best seed by (d, n)."""
