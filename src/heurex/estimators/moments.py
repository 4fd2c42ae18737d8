"""The hidden state as a Gaussian: mean and covariance carried from step to step, given the two largest inputs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, ClassVar, Final

import numpy as np

from heurex import kernels
from heurex.errors import NotApplicable, UsageError
from heurex.estimators import gaussian_state_kernel
from heurex.estimators.base import Estimate, Estimator, Ops, StackEstimate, require_counts, require_second
from heurex.estimators.mean_field import judged
from heurex.estimators.order_statistics import (
    conditional_mean,
    conditional_variance,
    cube_points,
    positions,
    top_values,
)
from heurex.model import Rnn, RnnStack

__all__ = ["Moments"]

_COUNTED_NODES: Final = 3
"""Operations depend on the values: they are counted on so many nodes, evenly spaced, and taken for the mean."""


@lru_cache(maxsize=4)
def _table(n: int, nodes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Places ``(k, 2)`` and, for each, the numbers that :func:`gaussian_state_kernel.share` reads, ``(k, 8)``."""
    from scipy.special import ndtr

    where = positions(n, 2)
    halves = min(nodes, 2)
    shifts = np.random.default_rng([seed, n, 2]).random((len(where), halves, 2))
    values = top_values(cube_points(nodes // halves, 2, shifts).reshape(-1, 2), n)
    m = values[:, 1]
    mean, below = conditional_mean(m), ndtr(m)
    centre = 1 / np.sqrt(2 * np.pi)
    density = centre * np.exp(-0.5 * m * m)
    up = np.where(m > 0, (centre - density) / below, 0.0)
    up2 = np.where(m > 0, (below - 0.5 - m * density) / below, 0.0)
    down2 = np.where(m > 0, 0.5 / below, 1 + m * mean)
    numbers = np.stack([*values.T, mean, conditional_variance(m), up, up2, up - mean, down2], axis=1)
    return np.repeat(where, nodes, axis=0), numbers


def rule() -> np.ndarray:
    """Gauss-Legendre, 20 points: nodes and weights of the bivariate normal integral, ``(2, 20)``."""
    return np.stack(np.polynomial.legendre.leggauss(20))


@dataclass(frozen=True)
class Moments(Estimator):
    """The state is taken for Gaussian after every step, given where the two largest inputs stand and what they are.

    Parameters
    ----------
    nodes
        How many values of the two largest inputs are tried for each of their places: 1 or an even number.
    seed
        Seed of the points' shifts; they do not depend on the model.

    Notes
    -----
    Inputs below the second largest value m are independent normals cut off at m, of which mean and variance enter.
    Preactivations are linear in state and input; mean and covariance of their positive parts are those of a
    Gaussian, exactly: with unit variances, means a and b, correlation r and w^2 = 1 - r^2,
    E[z_1+ z_2+] = (a b + r) Phi_2(a, b; r) + a phi(b) Phi((a - r b) / w) + b phi(a) Phi((b - r a) / w)
    + w^2 phi_2(a, b; r). The first step is exact. At the end the chance that the label's logit is the largest comes
    from n - 1 Gaussian margins one after the other, each conditioned on those before by two moments.

    Error: ``numerical_error`` says how well the sum over values is evaluated, as in
    :class:`heurex.estimators.MeanField`. The estimate itself is far off: ``docs/mean-field.md`` says how far, and
    shows that a Gaussian with the true moments is as well.
    Cost: n (n - 1) ``nodes`` passes of about n d^3 operations and n d^2 / 2 bivariate integrals of some 250; operations
    depend on the values and are counted on 3 of the nodes. Tables of places and values are not counted.
    Source: Genz (2004) for the bivariate integral; Mendell and Elston (1974) for the margins.

    Examples
    --------
    >>> from heurex.zoo import load
    >>> found = Moments(nodes=2).estimate(load("m43"))
    >>> 0 < found.value < 1
    True
    """

    name: ClassVar[str] = "moments"
    summary: ClassVar[str] = (
        "Gaussian hidden state, exact moments of ReLU, given the two largest inputs; any d, n >= 3"
    )
    kind: ClassVar[str] = "explanation"
    assumes: ClassVar[str] = "that the state is Gaussian after each step, given the two largest inputs"
    applies: ClassVar[str] = "any d; n >= 3"
    cost: ClassVar[str] = "n (n - 1) nodes passes of about n d^3 operations and n d^2 / 2 bivariate integrals"
    nodes: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        require_counts(self, nodes=1, seed=0)
        if self.nodes > 1 and self.nodes % 2:
            raise UsageError(f"nodes is {self.nodes}; expected 1 or an even number")

    def estimate(self, model: Rnn) -> Estimate:
        """The estimate, with its operations."""
        found = self.estimate_stack(RnnStack.of([model]))
        value, error = float(found.value[0]), float(found.numerical_error[0])
        return Estimate(self.name, value, error, self.settings(), ops=self._ops(model))

    def estimate_stack(self, stack: RnnStack) -> StackEstimate:
        """The same nodes for every model, through the compiled kernel."""
        require_second(stack, "moments")
        n = stack.seq_len
        if n < 3:
            raise NotApplicable(f"moments needs n >= 3 inputs; this model has n = {n}")
        where, numbers = _table(n, self.nodes, self.seed)
        share, found = np.zeros(len(where)), np.zeros((len(stack), 2))
        for row, model in zip(found, stack, strict=True):
            kernels.compiled(gaussian_state_kernel).shares(
                model.w_hi, model.w_hh, model.w_oh, where, numbers, rule(), share
            )
            row[:] = judged(share, n * (n - 1))
        return StackEstimate.of(found[:, 0], found[:, 1])

    def _ops(self, model: Rnn) -> Ops:
        where, numbers = _table(model.seq_len, self.nodes, self.seed)
        chosen = np.linspace(0, len(where) - 1, _COUNTED_NODES).astype(np.int64)
        weights: dict[str, Any] = {"w_hi": model.w_hi, "w_hh": model.w_hh, "w_oh": model.w_oh}
        kernel, counted, tally = kernels.counted(gaussian_state_kernel, weights)
        share = np.zeros(len(chosen), object)
        kernel.shares(*counted.values(), where[chosen], numbers[chosen], rule(), share)
        times = len(where) / len(chosen)
        return Ops(**{name: round(number * times) for name, number in asdict(tally).items()})
