"""Why a Gaussian state fails: `python -m benchmarks.moments_oracle MODEL... [--noise 0.05]`.

The state after t inputs, given the places and values of the two largest inputs, is replaced by a Gaussian that has
its true mean and covariance; the inputs that are left run through the network as they are. Shown: the change of the
accuracy.
"""

from __future__ import annotations

import argparse

import numpy as np

import heurex
from benchmarks.table import console, print_table
from heurex.estimators.order_statistics import top_values
from heurex.model import Rnn

__all__ = ["oracle"]


def _run(model: Rnn, state: np.ndarray, x: np.ndarray, begin: int) -> np.ndarray:
    """States after the last input, from states after the first ``begin``; x is ``(..., n)``."""
    for t in range(begin, model.seq_len):
        state = np.maximum(state @ model.w_hh.T + x[..., t, None] * model.w_hi, 0.0)
    return state


def _gaussian(state: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """As many draws of a Gaussian with the mean and covariance of the given states, ``(samples, d)``."""
    mean = state.mean(axis=0)
    spread, axes = np.linalg.eigh(np.atleast_2d(np.cov(state.T, bias=True)))
    draws = rng.standard_normal(state.shape) * np.sqrt(np.maximum(spread, 0.0))
    return mean + draws @ axes.T


def oracle(
    model: Rnn, steps: list[int], outer: int = 400, inner: int = 2000, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Bias of the accuracy where the state after t inputs is made Gaussian, for each t, and its standard error.

    Parameters
    ----------
    steps
        The t, from 1 to n.
    outer, inner
        How many places and values of the two largest inputs are drawn, and how many draws of the others each has.

    Notes
    -----
    Each draw is its own control: the same later inputs follow the true state and the Gaussian one. A mean and
    covariance of ``inner`` draws stand for the true ones.
    """
    from scipy.special import ndtr, ndtri

    rng = np.random.default_rng(seed)
    n = model.seq_len
    changes = np.zeros((outer, len(steps)))
    for row in changes:
        first, label = rng.permutation(n)[:2]
        top, second = top_values(rng.uniform(size=2).clip(1e-12, 1 - 1e-12), n)
        x = ndtri(rng.uniform(1e-15, 1, (inner, n)) * ndtr(second))
        x[:, first], x[:, label] = top, second
        state, begin = np.zeros((inner, model.hidden_size)), 0
        truly = np.mean(model.answer(x) == label)
        for place, t in enumerate(steps):
            for i in range(begin, t):
                state = np.maximum(state @ model.w_hh.T + x[:, i, None] * model.w_hi, 0.0)
            begin = t
            last = _run(model, _gaussian(state, rng), x, t)
            row[place] = np.mean(np.argmax(last @ model.w_oh.T, axis=1) == label) - truly
    return changes.mean(axis=0), changes.std(axis=0, ddof=1) / outer**0.5


def show(names: list[str], noise: float, outer: int, inner: int) -> None:
    """Print one table for models of one length."""
    rows = []
    head: list[int] = []
    for name in names:
        model = heurex.load(name)
        if noise > 0:
            model = heurex.noisy_copies(model, noise, 1)[0]
        n = model.seq_len
        head = sorted({*range(2, n, 2 if n > 6 else 1), n - 1, n})
        bias, error = oracle(model, head, outer, inner)
        rows.append(
            (
                name.removeprefix("alg-zoo:"),
                *(f"{100 * b:+.1f} +- {100 * e:.1f}" for b, e in zip(bias, error, strict=True)),
            )
        )
    print_table(
        "Gaussian state after t inputs: bias of the accuracy, %", ["model", *(f"t = {t}" for t in head)], rows
    )
    console.print(f"{outer} draws of the two largest, {inner} of the others each; +-: one standard error.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.moments_oracle", description=__doc__)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--noise", type=float, default=0.0)
    parser.add_argument("--outer", type=int, default=400)
    parser.add_argument("--inner", type=int, default=2000)
    given = parser.parse_args()
    show(given.models, given.noise, given.outer, given.inner)
