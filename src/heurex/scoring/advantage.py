"""Error against compute: advantage over sampling, Pareto fronts, and rankings that hang on the price list."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

__all__ = ["Curve", "advantage", "flips", "pareto"]

_DECIDED: Final = math.log(1.1)
"""Who is ahead counts as decided where the two differ by more than a tenth."""


def advantage(spread: float, ops_per_sample: float, rmse: float, ops: float | None) -> float | None:
    """Operations that plain sampling needs for the same RMS error, in units of the estimator's own.

    Parameters
    ----------
    spread
        RMS of sqrt(p (1 - p)) over the models: the RMS error of one sample.
    ops_per_sample, ops
        Operations of one sample and of the estimate, in one convention.
    rmse
        The estimator's RMS error.

    Returns
    -------
    spread^2 ops_per_sample / (rmse^2 ops); None where the error is 0, or operations are unknown or none.
    Source: Hilton (2024), "Quality versus compute".

    Examples
    --------
    >>> advantage(0.24, 72, 0.03, 71_000)
    0.0649...
    """
    if not (rmse > 0 and ops):
        return None
    return spread**2 * ops_per_sample / (rmse**2 * ops)


@dataclass(frozen=True)
class Curve:
    """What a way of sampling costs and how far off it is, at several sizes.

    Attributes
    ----------
    name
        The way of sampling.
    points
        (operations, RMS error), cheapest first; errors are positive.
    """

    name: str
    points: tuple[tuple[float, float], ...]

    def ops_for(self, rmse: float) -> float:
        """Operations for an RMS error: between points log-log linear, the first crossing where there are several.

        Before the first point and after the last the error falls as ops^(-1/2); after the last one faster, if it
        did so over the whole curve.
        """
        (first_ops, first), (last_ops, last) = self.points[0], self.points[-1]
        if rmse >= first:
            return first_ops * (first / rmse) ** 2
        for (a_ops, a), (b_ops, b) in zip(self.points, self.points[1:], strict=False):
            if a > rmse >= b:
                share = math.log(a / rmse) / math.log(a / b)
                return a_ops * (b_ops / a_ops) ** share
        slope = math.log(first / last) / math.log(last_ops / first_ops) if last_ops > first_ops else 0.0
        return last_ops * (last / rmse) ** (1 / max(slope, 0.5))


def pareto(points: Sequence[tuple[float | None, float]]) -> list[bool]:
    """Which points (operations, RMS error) no other one beats: cheaper and no worse, or better and no dearer.

    Points without operations or with a NaN are on no front; of equal points all are on it.

    Examples
    --------
    >>> pareto([(10, 0.3), (20, 0.1), (30, 0.2), (None, 0.0)])
    [True, True, False, False]
    """
    known = [(ops, rmse) for ops, rmse in points if ops is not None and math.isfinite(rmse)]
    return [
        ops is not None
        and math.isfinite(rmse)
        and not any(o <= ops and e <= rmse and (o < ops or e < rmse) for o, e in known)
        for ops, rmse in points
    ]


@dataclass(frozen=True)
class Priced:
    """One contestant: its RMS error, and its price in several currencies in units of one sample's price there."""

    name: str
    rmse: float
    price: Mapping[str, float | None]


def flips(contestants: Sequence[Priced]) -> dict[str, list[str]]:
    """For each contestant those with whom it changes places when operations are priced differently.

    Contestants are ranked by advantage (error squared times price, the less the better), among those without error
    by price alone. A change of places needs a lead of more than a tenth either way.

    Examples
    --------
    >>> a = Priced("a", 0.1, {"unit": 10, "wall": 90})
    >>> b = Priced("b", 0.1, {"unit": 20, "wall": 30})
    >>> flips([a, b])
    {'a': ['b'], 'b': ['a']}
    """
    found: dict[str, list[str]] = {one.name: [] for one in contestants}
    for a, b in combinations(contestants, 2):
        if (a.rmse > 0) != (b.rmse > 0):
            continue
        leads = [
            math.log(price_a / price_b) + (2 * math.log(a.rmse / b.rmse) if a.rmse > 0 else 0.0)
            for currency in a.price
            if (price_a := a.price[currency]) and (price_b := b.price.get(currency))
        ]
        if leads and max(leads) > _DECIDED and min(leads) < -_DECIDED:
            found[a.name].append(b.name)
            found[b.name].append(a.name)
    return found
