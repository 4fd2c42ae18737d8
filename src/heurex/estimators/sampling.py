"""Plain random sampling: the yardstick that every explanation is held against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from heurex import kernels
from heurex.errors import UsageError
from heurex.estimators import forward_kernel
from heurex.estimators.base import Estimate, Estimator, Ops
from heurex.model import Rnn
from heurex.tasks import second_argmax

__all__ = ["Sampling", "note_ops_per_sample", "ops_per_sample"]

_CHUNK = 2**16


def note_ops_per_sample(hidden_size: int, seq_len: int) -> int:
    """Operations of one sample by the note's count, a multiply-add counted as one: n d (d + 1) + n d.

    Examples
    --------
    >>> note_ops_per_sample(4, 3)
    72
    """
    return seq_len * hidden_size * (hidden_size + 1) + seq_len * hidden_size


def ops_per_sample(model: Rnn) -> Ops:
    """Operations that the forward pass of one sample executes, counted; drawing the input is not included.

    A step on a state of zeros is not special-cased, except that the first step starts from nothing.
    """
    numbers = {"w_hi": model.w_hi, "w_hh": model.w_hh, "w_oh": model.w_oh, "x": np.ones(model.seq_len)}
    kernel, counted, tally = kernels.counted(forward_kernel, numbers)
    kernel.forward(counted["w_hi"], counted["w_hh"], counted["w_oh"], counted["x"])
    return Ops.of(tally)


def draws_for(model: Rnn, seed: int) -> np.random.Generator:
    """A generator that depends on a seed and on the weights: equal models get equal draws, others independent ones."""
    return np.random.default_rng([seed, int(model.fingerprint(), 16)])


@dataclass(frozen=True)
class Sampling(Estimator):
    """Accuracy on random inputs.

    Parameters
    ----------
    samples
        How many inputs are drawn.
    seed
        Seed; the inputs drawn depend on it and on the weights, so that different models get independent draws.

    Notes
    -----
    Error: standard error sqrt(p (1 - p) / samples). Cost: n d (d + 1) + n d multiply-adds a sample.
    Source: Hilton (2024), "Quality versus compute".
    """

    name: ClassVar[str] = "sampling"
    summary: ClassVar[str] = "accuracy on random inputs, with its standard error; any d and n"
    kind: ClassVar[str] = "sampling"
    assumes: ClassVar[str] = "nothing"
    applies: ClassVar[str] = "any d and n"
    cost: ClassVar[str] = "n d (d + 1) + n d multiply-adds a sample: 72 for (4, 3)"
    samples: int = 1_000_000
    seed: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.samples, int) or self.samples < 1:
            raise UsageError(f"samples is {self.samples!r}; expected a whole number, at least 1")
        if not isinstance(self.seed, int) or self.seed < 0:
            raise UsageError(f"seed is {self.seed!r}; expected a whole number, 0 or more")

    def estimate(self, model: Rnn) -> Estimate:
        """Draw inputs in chunks and count right answers."""
        rng = draws_for(model, self.seed)
        right, left = 0, self.samples
        while left:
            x = rng.standard_normal((min(left, _CHUNK), model.seq_len))
            right += int(np.count_nonzero(model.answer(x) == second_argmax(x)))
            left -= len(x)
        p = right / self.samples
        # An observed 0 or 1 does not mean certainty: the rule of one half more of either keeps the error honest.
        q = (right + 0.5) / (self.samples + 1)
        return Estimate(
            self.name,
            p,
            1e-16,
            self.settings(),
            standard_error=(q * (1 - q) / self.samples) ** 0.5,
            ops=ops_per_sample(model) * self.samples,
            note_ops=note_ops_per_sample(model.hidden_size, model.seq_len) * self.samples,
        )
