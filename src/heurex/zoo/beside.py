"""The bundled ladder beside the accuracies that AlgZoo publishes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import stdev

from heurex.zoo.ladder import LadderModel
from heurex.zoo.published import ACCURACY_PERCENT

__all__ = ["ROUNDING", "SizeBeside", "beside_published"]

ROUNDING = 0.0005
"""Published accuracies are rounded to 0.1%."""


@dataclass(frozen=True)
class SizeBeside:
    """All seeds of one size beside the published best of five.

    Attributes
    ----------
    hidden_size, seq_len
        d and n.
    models
        The seeds' records.
    best
        The record of the highest accuracy.
    published
        Best of AlgZoo's five seeds, as a fraction.
    difference
        Ours minus the published one.
    seed_error
        Standard error of a mean over our seeds: their standard deviation over the square root of their number.
    in_seed_errors
        The difference in units of it; None where the seeds agree to within the rounding of what is published.
    """

    hidden_size: int
    seq_len: int
    models: tuple[LadderModel, ...]
    best: LadderModel
    published: float
    difference: float
    seed_error: float
    in_seed_errors: float | None

    @property
    def within_rounding(self) -> bool:
        """Whether the difference is no larger than the rounding of what is published."""
        return abs(self.difference) <= ROUNDING


def beside_published(models: Sequence[LadderModel]) -> list[SizeBeside]:
    """Compare size by size; sizes that AlgZoo does not publish, or with a single seed, are left out.

    Notes
    -----
    Ours are mostly 2^26 sequences and the best of three seeds, AlgZoo's 2^30 and the best of five: a shorter
    schedule and fewer draws, so lower is expected. Seeds differ by far more than sampling errs; so differences
    are given in standard errors of training seeds.
    """
    sizes = sorted({(model.hidden_size, model.seq_len) for model in models if model.task == "2nd_argmax"})
    found: list[SizeBeside] = []
    for size in sizes:
        seeds = tuple(m for m in models if (m.hidden_size, m.seq_len) == size and m.task == "2nd_argmax")
        if size not in ACCURACY_PERCENT or len(seeds) < 2:
            continue
        best = max(seeds, key=lambda model: model.accuracy)
        published = ACCURACY_PERCENT[size] / 100
        seed_error = stdev(model.accuracy for model in seeds) / math.sqrt(len(seeds))
        difference = best.accuracy - published
        ratio = difference / seed_error if seed_error > ROUNDING else None
        found.append(SizeBeside(*size, seeds, best, published, difference, seed_error, ratio))
    return found
