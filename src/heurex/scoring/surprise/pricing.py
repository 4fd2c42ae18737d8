"""How finely each number is stated for a given resolution of the estimate, and what it then costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log2, sqrt

import numpy as np

from heurex.scoring.surprise.distribution import Distribution
from heurex.scoring.surprise.priors import yes_or_no
from heurex.scoring.surprise.stated import Entry, Stated

__all__ = ["Priced", "half_widths"]


def half_widths(stated: Sequence[Stated], width: float) -> np.ndarray:
    """To which half-width each fraction is stated for an estimate of a given width; infinite: not at all.

    Notes
    -----
    Rounding errors of the numbers are taken for independent and uniform, and the estimate then has, as long as they
    do not interact, no more than the variance of a uniform error of the whole width: the squares of the moves that
    each can cause add up to (width / 2)^2. Where densities are flat and effects linear, bits are fewest if all these
    moves are equal; a number whose move stays below the others' even when it is not stated at all is left out, and
    the others share what it leaves (reverse water-filling, as for independent Gaussian sources of unequal variance).
    At width 1 nothing needs to be stated.
    """
    out = np.full(len(stated), inf)
    needed = [i for i, one in enumerate(stated) if one.is_open]
    if width >= 1 or not needed:
        return out
    caps = np.sort([stated[i].effect.most for i in needed])
    # with the j smallest at their caps, the others share the rest alike
    used = np.concatenate([[0.0], np.cumsum(caps**2)])
    for j, cap in enumerate(caps):
        level = sqrt(max(0.0, (width / 2) ** 2 - used[j]) / (len(caps) - j))
        if level < cap:
            out[needed] = [stated[i].effect.half_width(level) for i in needed]
            break
    return out


@dataclass(frozen=True)
class Priced:
    """A stated fraction with its distribution under a prior, and the prior in words."""

    stated: Stated
    distribution: Distribution
    words: str

    def entry(self, half_width: float) -> Entry:
        """Its line in the ledger when it is stated to within a half-width."""
        one, prior = self.stated, self.words
        if one.is_zero or one.is_whole:
            what = "exactly 0" if one.is_zero else "all of its parent"
            bits = yes_or_no(one, self.distribution)
            prior = "holds for any parameters" if one.added == 0 else f"yes or no; {prior}"
        elif half_width == inf:
            bits = 0.0
            why = "at this resolution" if one.effect.most > 0 else "since the estimate does not hang on it"
            what = f"{one.value:.8g}, not stated {why}"
        else:
            bits = max(0.0, -log2(self.distribution.window(one.value, half_width)))
            what = f"{one.value:.8g} within {half_width:.2g}"
        return Entry("fraction", f"{one.statement}: {what}", bits, prior, one.cell)
