"""Families of models to score on: noisy copies of one model."""

from __future__ import annotations

import numpy as np

from heurex.errors import UsageError
from heurex.model import Rnn, RnnStack

__all__ = ["copy_generator", "noisy_copies"]


def copy_generator(seed: int, copy: int) -> np.random.Generator:
    """The generator of one copy: counter-based, so that it depends on (seed, copy) and nothing else."""
    return np.random.Generator(np.random.Philox(key=np.array([seed, copy], np.uint64)))


def noisy_copies(model: Rnn, sigma: float, count: int, seed: int = 0, *, first: int = 0) -> RnnStack:
    """Copies of a model with N(0, sigma^2) added to every weight.

    Parameters
    ----------
    model
        The clean model, which is not among the copies.
    sigma
        Standard deviation of the noise, in units of the weights.
    count, first
        How many copies, and the number of the first one.
    seed
        Copy i depends on (seed, i) only: the same whatever the number of copies or workers.

    Returns
    -------
    A stack of ``count`` models. Source: Hilton (2024), "Quality versus compute".

    Examples
    --------
    >>> from heurex.zoo import load
    >>> copies = noisy_copies(load("m43"), 0.05, 4)
    >>> bool(np.all(copies[3].w_hh == noisy_copies(load("m43"), 0.05, 1, first=3)[0].w_hh))
    True
    """
    if count < 1:
        raise UsageError(f"the number of models is {count}; expected at least 1")
    if not (np.isfinite(sigma) and sigma >= 0):
        raise UsageError(f"sigma is {sigma}; expected a finite standard deviation, 0 or more")
    if seed < 0 or first < 0:
        raise UsageError(f"the seed is {seed} and the first copy {first}; expected whole numbers, 0 or more")
    copies = [model.perturbed(sigma, copy_generator(seed, i)) for i in range(first, first + count)]
    return RnnStack.of(copies, name=model.name)
