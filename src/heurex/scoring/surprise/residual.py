"""What an explanation leaves unexplained: the bits that state the truth, given the estimate."""

from __future__ import annotations

from dataclasses import dataclass
from math import erf, erfc, log, log2, pi, sqrt
from typing import Final

from heurex.scoring.surprise.stated import Entry

__all__ = ["Errors", "kl_bits", "per_observation", "predictive", "slid"]

_WHERE: Final = "all inputs"


@dataclass(frozen=True)
class Errors:
    """An estimator's errors over noisy copies of the model.

    Attributes
    ----------
    bias, rmse
        Mean and root mean square of estimate minus truth, in units of accuracy.
    words
        Where they were measured.
    """

    bias: float
    rmse: float
    words: str

    @property
    def spread(self) -> float:
        """Standard deviation about the bias."""
        return sqrt(max(0.0, self.rmse**2 - self.bias**2))


def slid(centre: float, width: float) -> tuple[float, float]:
    """The interval of a width about a centre, moved into [0, 1] where it sticks out."""
    low = min(max(centre - width / 2, 0.0), 1.0 - min(width, 1.0))
    return low, low + min(width, 1.0)


def _normal(low: float, high: float, mean: float, spread: float) -> float:
    """P(low <= X <= high) for a normal X; the tail nearer to both ends keeps relative accuracy."""
    a, b = ((end - mean) / (spread * sqrt(2)) for end in (low, high))
    if a > 0:
        return 0.5 * (erfc(a) - erfc(b))
    if b < 0:
        return 0.5 * (erfc(-b) - erfc(-a))
    return 0.5 * (erf(b) - erf(a))


def predictive(estimate: float, truth: float, width: float, tolerance: float, errors: Errors) -> list[Entry]:
    """The truth's interval of a width under the estimator's own errors, then its place in that interval.

    Parameters
    ----------
    estimate, truth
        Accuracies.
    width
        r: to which width the estimate is stated.
    tolerance
        To which width the truth is to be known in the end; no more than ``width``.
    errors
        Bias and RMS error that the estimator has on noisy copies.

    Notes
    -----
    The first entry is -log2 of the chance of the truth's interval under a normal with mean estimate - bias and
    the standard deviation of the error, cut to [0, 1]; the second is log2(width / tolerance), since nothing is
    known about the place within. Without the second, the vaguest statement would always be the cheapest. At width
    1 the two are the uniform prior's bits.
    """
    low, high = slid(truth, width)
    mean, spread = estimate - errors.bias, errors.spread
    if spread == 0:
        chance = 1.0 if low <= mean <= high else 0.0
    else:
        chance = _normal(low, high, mean, spread) / _normal(0.0, 1.0, mean, spread)
    bits = -log2(min(chance, 1.0)) if chance > 0 else _far_bits(low, high, mean, spread)
    prior = f"normal, mean {mean:.5f}, standard deviation {spread:.2g}, on [0, 1]: {errors.words}"
    return [
        Entry(
            "residual",
            f"the accuracy is {truth:.5f}, to an interval of width {width:.3g}",
            bits + 0.0,
            prior,
            _WHERE,
        ),
        Entry(
            "residual",
            f"the accuracy's place in that interval, to a width of {tolerance:.3g}",
            log2(width / tolerance),
            "uniform",
            _WHERE,
        ),
    ]


def _far_bits(low: float, high: float, mean: float, spread: float) -> float:
    """Bits of an interval so far out that its chance is 0 in floating point: the tail's leading term."""
    if spread == 0:
        return float("inf")
    far = min(abs(low - mean), abs(high - mean)) / spread
    return far * far / (2 * log(2)) + log2(far * sqrt(2 * pi))


def kl_bits(truth: float, low: float, high: float) -> float:
    """Mean over e, uniform from low to high, of KL(truth || e) for one right-or-wrong answer, in bits.

    Notes
    -----
    By the antiderivative e log e - e; for low = high the divergence itself. Error: 1e-15 divided by the width.
    """
    entropy = _xlog2(truth) + _xlog2(1 - truth)
    if high - low < 1e-7:
        e = (low + high) / 2
        return max(0.0, entropy - _cross(truth, e) - _cross(1 - truth, 1 - e))
    right = _mean_log2(low, high) if truth > 0 else 0.0
    wrong = _mean_log2(1 - high, 1 - low) if truth < 1 else 0.0
    return max(0.0, entropy - truth * right - (1 - truth) * wrong)


def _xlog2(x: float) -> float:
    return x * log2(x) if x > 0 else 0.0


def _cross(x: float, e: float) -> float:
    if x == 0:
        return 0.0
    return x * log2(e) if e > 0 else -float("inf")


def _mean_log2(low: float, high: float) -> float:
    low = max(low, 0.0)
    return (_xlog2(high) - _xlog2(low)) / (high - low) - 1 / log(2)


def per_observation(estimate: float, truth: float, width: float, observations: int) -> list[Entry]:
    """N KL(truth || estimate) bits: what N answers, right or wrong, cost more than the truth's own entropy.

    The estimate is known to within ``width`` only; the divergence is averaged over that interval.
    """
    bits = observations * kl_bits(truth, *slid(estimate, width))
    text = f"which of {observations:,} answers are right, beyond the entropy of their share"
    return [
        Entry("residual", text, bits, f"each right with the estimated chance, known to {width:.3g}", _WHERE)
    ]
