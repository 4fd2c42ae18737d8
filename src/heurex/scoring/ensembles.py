"""Families of models to score on: noisy copies of one model."""

from __future__ import annotations

import numpy as np

from heurex.errors import UsageError
from heurex.model import Rnn, RnnStack

__all__ = ["copy_generator", "noise", "noisy_copies"]


def copy_generator(seed: int, copy: int) -> np.random.Generator:
    """The generator of one copy: counter-based, so that it depends on (seed, copy) and nothing else."""
    return np.random.Generator(np.random.Philox(key=np.array([seed, copy], np.uint64)))


def noise(seed: int, first: int, count: int, numbers: int) -> np.ndarray:
    """Standard normal numbers of several copies, ``(count, numbers)``: what their generators give first.

    One generator takes the place of all, set to each copy's key in turn: it is made once and not for every copy.
    Cost: about 2 us for a copy of 32 numbers.
    """
    bits = np.random.Philox(key=np.array([seed, first], np.uint64))
    generator, state = np.random.Generator(bits), bits.state
    drawn = np.empty((count, numbers))
    for row in range(count):
        state["state"]["key"][1] = first + row
        bits.state = state
        generator.standard_normal(out=drawn[row])
    return drawn


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
    A stack of ``count`` models.

    Notes
    -----
    Cost: one normal number a weight. Source: Hilton (2024), "Quality versus compute".

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
    d, n = model.hidden_size, model.seq_len
    drawn = sigma * noise(seed, first, count, model.n_params)
    # in the order of Rnn.perturbed
    hi, hh, oh = np.split(drawn, [d, d + d * d], axis=1)
    return RnnStack(
        model.w_hi + hi,
        model.w_hh + hh.reshape(count, d, d),
        model.w_oh + oh.reshape(count, n, d),
        name=model.name,
        task=model.task,
    )
