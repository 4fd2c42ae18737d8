"""The compiled sampler: how many of many inputs a model answers rightly, as fast as one core can tell."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from heurex import kernels
from heurex.errors import ModelError, UsageError
from heurex.estimators import sampling_kernel
from heurex.model import Rnn
from heurex.tasks import SECOND
from heurex.tasks import labels as labels_of

__all__ = ["STREAM", "Sampled", "count_drawn", "count_right", "outcomes", "sampled_accuracy"]

STREAM = 2**14
"""Inputs of one stream of random numbers; part of what defines the draws."""

_LARGEST_INPUT = 64.0
"""No generator of normal numbers comes near."""

_NO_ANSWERS = np.zeros((0, 0), np.int64)


def _weights(model: Rnn, dtype: np.dtype[Any], largest: float) -> list[np.ndarray]:
    """The weights in another type; an answer does not change when w_hi or w_oh are multiplied by a power of two."""
    scaled = [_near_one(model.w_hi), model.w_hh, _near_one(model.w_oh)]
    if dtype != np.float64:
        bound = np.zeros(model.hidden_size)
        with np.errstate(over="ignore"):
            for _ in range(model.seq_len):
                bound = abs(scaled[1]) @ bound + abs(scaled[0]) * largest
            top = float(np.max(abs(scaled[2]) @ bound + bound.max()))
        if not top < float(np.finfo(dtype).max) / 4:
            raise ModelError(
                f"numbers of this model can grow to {top:.0e}, too large for float32; use float64"
            )
    return [np.ascontiguousarray(array, dtype) for array in scaled]


def _near_one(weights: np.ndarray) -> np.ndarray:
    exponent = int(np.frexp(np.max(abs(weights)))[1])
    return np.ldexp(weights, -exponent)


def _mark(kernel: Any, weights: list[np.ndarray], lanes: np.ndarray, right: np.ndarray, rank: int) -> None:
    """Which inputs, and in a second row which of their opposites, are answered rightly."""
    if rank == SECOND:
        kernel(*weights, lanes, right, _NO_ANSWERS)
        return
    answers = np.zeros(right.shape, np.int64)
    kernel(*weights, lanes, right, answers)
    for side, inputs in zip(range(len(right)), (lanes, -lanes), strict=False):
        right[side] = answers[side] == labels_of(inputs.T, rank)


def outcomes(model: Rnn, x: np.ndarray, mirrored: bool = False) -> np.ndarray:
    """Which inputs a model answers rightly, through the compiled kernel.

    Parameters
    ----------
    model
        Any model.
    x
        Finite inputs, shape ``(k, n)``, float64 or float32: the type that is computed with.
    mirrored
        Whether to look at the opposites -x too.

    Returns
    -------
    Booleans, shape ``(1, k)``, or ``(2, k)`` for x and -x.
    """
    right = np.zeros((2 if mirrored else 1, len(x)), np.bool_)
    weights = _weights(model, x.dtype, _LARGEST_INPUT)
    kernel = kernels.compiled(sampling_kernel).outcomes
    _mark(kernel, weights, np.ascontiguousarray(x.T), right, model.rank)
    return right


def count_right(model: Rnn, x: np.ndarray, labels: np.ndarray | None = None) -> int:
    """How many inputs a model answers rightly, through the compiled, vectorised forward pass.

    Parameters
    ----------
    model
        Any model.
    x
        Inputs, shape ``(k, n)``, float32 or float64: the type that is computed with. Fastest where ``x.T`` is
        contiguous, that is where x is the transpose of an array ``(n, k)``.
    labels
        The right answers, shape ``(k,)``; those of the model's task if None.

    Returns
    -------
    A number from 0 to k. The model's answer is the first largest logit.

    Raises
    ------
    UsageError
        If x has another shape or type, or an entry that is not finite.
    ModelError
        If numbers of the model could overflow in float32.

    Notes
    -----
    Error: in float64 that of rounding, as :meth:`heurex.Rnn.answer`. In float32 weights are rounded too: whether an
    answer is right differed from float64 for 2 of 19.7 million inputs on the bundled M_{4,3}, for 4 of 6.6 million
    on AlgZoo's M_{16,10}: less than the standard error of a share of so many.
    Cost: ``python -m benchmarks`` prints nanoseconds a sample.

    Examples
    --------
    >>> import heurex
    >>> x = np.random.default_rng(0).standard_normal((3, 1000), dtype=np.float32)
    >>> count_right(heurex.load("m43"), x.T)
    984
    """
    x = np.asarray(x)
    if x.ndim != 2 or x.shape[1] != model.seq_len or x.dtype.name not in ("float32", "float64"):
        raise UsageError(
            f"x has shape {x.shape} and type {x.dtype}; expected (k, {model.seq_len}), float32 or float64"
        )
    largest = float(np.max(abs(x), initial=0.0))
    if not np.isfinite(largest):
        raise UsageError("x has entries that are not finite; expected finite inputs")
    weights = _weights(model, x.dtype, largest)
    right = np.zeros((1, len(x)), np.bool_)
    kernel = kernels.compiled(sampling_kernel).outcomes
    lanes = np.ascontiguousarray(x.T)
    if labels is None:
        _mark(kernel, weights, lanes, right, model.rank)
        return int(np.count_nonzero(right))
    labels = np.asarray(labels)
    if labels.shape != (len(x),):
        raise UsageError(f"labels have shape {labels.shape}; expected ({len(x)},), one for each input")
    answers = np.zeros((1, len(x)), np.int64)
    kernel(*weights, lanes, right, answers)
    return int(np.count_nonzero(answers[0] == labels))


@dataclass(frozen=True)
class Sampled:
    """What :func:`sampled_accuracy` found.

    Attributes
    ----------
    right, samples
        How many inputs were answered rightly, and how many there were.
    value, standard_error
        The share that was right, and sqrt(q (1 - q) / samples), where q is that share with half an input more of
        either kind: an observed 0 or 1 does not mean certainty.
    """

    right: int
    samples: int

    @property
    def value(self) -> float:
        return self.right / self.samples

    @property
    def standard_error(self) -> float:
        q = (self.right + 0.5) / (self.samples + 1)
        return (q * (1 - q) / self.samples) ** 0.5

    def __float__(self) -> float:
        return self.value

    def __str__(self) -> str:
        return f"{self.value:.6f} +- {self.standard_error:.1g} (standard error, {self.samples:,} samples)"


def sampled_accuracy(
    model: Rnn,
    samples: int,
    seed: int = 0,
    *,
    dtype: Literal["float32", "float64"] = "float32",
    threads: int = 1,
) -> Sampled:
    """The accuracy on very many random inputs: the truth for models too large for an exact one.

    Parameters
    ----------
    model
        Any model; n and d are not limited.
    samples
        How many inputs x ~ N(0, I_n) are drawn. The first k of more are the same as k.
    seed
        Inputs depend on the seed, the weights and the type only, not on the number of threads.
    dtype
        The type that is computed with. float32 is faster; :func:`count_right` says how much it differs.
    threads
        How many threads work side by side.

    Returns
    -------
    A :class:`Sampled`: the share of inputs answered rightly, in [0, 1], with its standard error.

    Notes
    -----
    Error: the standard error. Cost: memory a few megabytes a thread; ``python -m benchmarks`` prints the time. Inputs
    come in chunks of 16,384, each from a stream of its own: Philox under the key (seed, weights), at a counter that
    starts with the number of the chunk.

    Examples
    --------
    >>> import heurex
    >>> print(sampled_accuracy(heurex.load("m43"), 100_000))
    0.986210 +- 0.0004 (standard error, 100,000 samples)
    """
    for name, number, least in (("samples", samples, 1), ("seed", seed, 0), ("threads", threads, 1)):
        if not isinstance(number, int) or number < least or number >= 2**63:
            raise UsageError(f"{name} is {number!r}; expected a whole number, at least {least}")
    if dtype not in ("float32", "float64"):
        raise UsageError(f"dtype is {dtype!r}; expected 'float32' or 'float64'")
    return Sampled(count_drawn(model, 0, samples, seed, dtype=dtype, threads=threads), samples)


def count_drawn(
    model: Rnn,
    first: int,
    samples: int,
    seed: int,
    *,
    dtype: Literal["float32", "float64"] = "float32",
    threads: int = 1,
) -> int:
    """How many of the inputs that :func:`sampled_accuracy` draws are answered rightly, from stream ``first`` on.

    Parameters
    ----------
    model
        Any model.
    first
        Number of the first stream of 16,384 inputs: counts of neighbouring streams add up.
    samples
        How many inputs, from the start of that stream.
    seed, dtype, threads
        As for :func:`sampled_accuracy`.

    Returns
    -------
    A number from 0 to ``samples``.
    """
    kind: Any = np.dtype(dtype)
    weights = _weights(model, kind, _LARGEST_INPUT)
    key = np.array([seed, int(model.fingerprint(), 16)], np.uint64)
    kernel = kernels.compiled(sampling_kernel).outcomes
    streams = -(-samples // STREAM)

    def work(start: int) -> int:
        x, right = np.empty((model.seq_len, STREAM), kind), np.empty((1, STREAM), np.bool_)
        found = 0
        for k in range(start, streams, threads):
            stream = np.random.Philox(key=key, counter=np.array([0, 0, 0, first + k], np.uint64))
            np.random.Generator(stream).standard_normal(out=x, dtype=kind)
            _mark(kernel, weights, x, right, model.rank)
            found += int(np.count_nonzero(right[0, : samples - k * STREAM]))
        return found

    if threads == 1:
        return work(0)
    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(work, range(threads)))
