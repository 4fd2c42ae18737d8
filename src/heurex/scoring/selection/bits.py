"""Selection bits: how much optimisation a model's accuracy is worth under a prior over networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from heurex.errors import UsageError
from heurex.estimators import Exact
from heurex.model import Rnn
from heurex.scoring.selection import splitting
from heurex.scoring.selection.counting import COUNTED, GRID, accuracies, clopper_pearson
from heurex.scoring.selection.near import NearNetworks
from heurex.scoring.selection.networks import RandomNetworks, comparable
from heurex.scoring.selection.result import Effort, SelectionBits, Survival
from heurex.scoring.selection.workers import Workers

__all__ = ["count", "counted", "from_replicates", "selection_bits", "selection_bits_near", "split"]

_PILOT, _REPLICATE = COUNTED + 1, COUNTED + 2
_ENOUGH = 100
"""With so many networks expected to be counted, counting is preferred to splitting."""


def selection_bits(
    hidden_size: int,
    seq_len: int,
    accuracy: float,
    scale: float = 1.0,
    seed: int = 0,
    effort: Effort | None = None,
) -> SelectionBits:
    """Minus log2 of the probability that a random network is at least so accurate.

    Parameters
    ----------
    hidden_size, seq_len
        Sizes d and n = 2 or 3 of the networks.
    accuracy
        In (0, 1).
    scale
        The prior: independent N(0, scale^2) entries in all three matrices. Accuracy does not change with a positive
        factor on w_hi or on w_oh, so only the scale of w_hh matters.
    seed
        The result depends on it and on the effort, not on the number of threads.
    effort
        How hard to try.

    Returns
    -------
    :class:`SelectionBits`; bits >= 0, in base 2.

    Raises
    ------
    NotApplicable
        If n > 3, where no exact accuracy is known.
    UsageError
        If a number is out of range, or if splitting does not find a way to the accuracy.

    Notes
    -----
    Counting has the exact interval of Clopper and Pearson. Splitting: a pilot fixes levels and steps; replicates with
    preconditioned Crank-Nicolson moves, reversible under the prior, give independent unbiased estimates. Its interval
    is that of their mean, and holds if the replicates see all kinds of networks that matter: a kind that is rarer
    among the points than 1 in (particles x replicates) can be missed. Error: the interval; of a single accuracy 1e-13.
    Cost: particles x (moves x levels + 1) x (replicates + 1) exact accuracies. Source: Kahn and Harris (1951); Au and
    Beck (2001), "subset simulation"; Cotter et al. (2013) for the moves.

    Examples
    --------
    >>> quick = Effort(method="counting", samples=4000)
    >>> found = selection_bits(2, 2, 0.75, seed=1, effort=quick)
    >>> print(f"{found.bits:.1f} bits by {found.method}")
    3.0 bits by counting
    """
    effort = effort or Effort()
    networks = RandomNetworks(hidden_size, seq_len, scale)
    _require(accuracy, seed)
    target = float(comparable(accuracy))
    workers = Workers(effort.threads, effort.advance)
    if effort.method == "counting":
        return count(networks, target, seed, effort.samples, workers)
    ladder = _pilot(networks, target, seed, effort, workers)
    if effort.method == "auto" and ladder.probability * effort.samples >= _ENOUGH:
        return count(networks, target, seed, effort.samples, workers)
    return _replicates(networks, ladder, seed, effort, workers)


def selection_bits_near(
    model: Rnn,
    radius: float,
    accuracy: float | None = None,
    scale: float = 1.0,
    seed: int = 0,
    effort: Effort | None = None,
) -> SelectionBits:
    """Selection bits of an accuracy reached near a model: no more probable than reached anywhere, so no fewer bits.

    Parameters
    ----------
    model, radius
        What is counted: networks within this distance of the model, its neurons in any order;
        see :class:`heurex.scoring.selection.near.NearNetworks`.
    accuracy
        In (0, 1); the model's own if None.
    scale, seed, effort
        As for :func:`selection_bits`, always by splitting.

    Returns
    -------
    :class:`SelectionBits`; bits >= 0, in base 2, an upper bound of those of :func:`selection_bits`.

    Notes
    -----
    For sizes at which other kinds of networks are more frequent at every accuracy that splitting passes on its way,
    and then come to an end, :func:`selection_bits` gets stuck. Near a model there is one kind. The bits are an upper
    bound of those without the condition, up to the interval.
    Error: as for :func:`selection_bits`, the interval of the replicates' mean. Cost: as there, for splitting.

    Examples
    --------
    >>> from heurex.zoo import load
    >>> quick = Effort(particles=200, moves=3, replicates=3)
    >>> near = selection_bits_near(load("m22"), 0.5, 0.9, effort=quick)
    >>> near.bits > selection_bits(2, 2, 0.9, effort=quick).bits
    True
    """
    effort = effort or Effort()
    networks = NearNetworks(model.hidden_size, model.seq_len, scale, model=model, radius=radius)
    if accuracy is None:
        accuracy = Exact().estimate(model).value
    _require(accuracy, seed)
    return split(networks, accuracy, seed, effort, Workers(effort.threads, effort.advance))


def _require(accuracy: float, seed: int) -> None:
    if not 0 < accuracy < 1:
        raise UsageError(f"the accuracy is {accuracy}; expected a number between 0 and 1, both excluded")
    if seed < 0:
        raise UsageError(f"the seed is {seed}; expected 0 or more")


def count(
    networks: RandomNetworks, accuracy: float, seed: int, samples: int, workers: Workers
) -> SelectionBits:
    """Selection bits by plain counting."""
    values = accuracies(networks, samples, seed, workers)
    grid = np.array([*(g for g in GRID if g < accuracy), accuracy])
    hits = samples - np.searchsorted(values, comparable(grid), side="left")
    return replace(counted(networks, grid, hits, samples, seed), evaluations=workers.evaluations)


def counted(
    networks: RandomNetworks, grid: np.ndarray, hits: np.ndarray, samples: int, seed: int
) -> SelectionBits:
    """Selection bits at the last accuracy of a grid, from counts of the networks that reach each."""
    low, high = clopper_pearson(hits, samples)
    curve = Survival(grid, _bits(hits / samples), _bits(high), _bits(low))
    return SelectionBits(
        networks.hidden_size, networks.seq_len, float(grid[-1]), networks.scale, float(curve.bits[-1]),
        (float(curve.low[-1]), float(curve.high[-1])), float(hits[-1] / samples), "counting", networks.words,
        networks.event, seed, samples, survival=curve,
    )  # fmt: skip


def _bits(probability: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.maximum(0.0, -np.log2(probability))


def split(
    networks: RandomNetworks,
    accuracy: float,
    seed: int,
    effort: Effort,
    workers: Workers,
    more: Sequence[float] = (),
) -> SelectionBits:
    """Selection bits by splitting; the survival is read at more accuracies below the target, too."""
    ladder = _pilot(networks, float(comparable(accuracy)), seed, effort, workers)
    return _replicates(networks, ladder.with_marks(more), seed, effort, workers)


def _problem(networks: RandomNetworks, stage: str, workers: Workers) -> splitting.Problem:
    def score(points: np.ndarray) -> np.ndarray:
        values = networks.score(points)
        workers.report(stage, len(values))
        return values

    return splitting.Problem(networks.dimension, score, networks.refresh, networks.chart)


def _pilot(
    networks: RandomNetworks, target: float, seed: int, effort: Effort, workers: Workers
) -> splitting.Ladder:
    try:
        return splitting.pilot(
            _problem(networks, "pilot", workers), target, effort.particles, effort.moves, effort.keep,
            lambda level: splitting.generator(seed, _PILOT, 0, level),
        )  # fmt: skip
    except UsageError as stuck:
        if isinstance(networks, NearNetworks):
            raise
        raise UsageError(f"{stuck}, and near a model (--near) there is an upper bound") from None


def _replicates(
    networks: RandomNetworks, ladder: splitting.Ladder, seed: int, effort: Effort, workers: Workers
) -> SelectionBits:
    problem = _problem(networks, "splitting", workers)

    def one(replicate: int) -> np.ndarray:
        return splitting.climb(
            problem, ladder, effort.particles, effort.moves,
            lambda level: splitting.generator(seed, _REPLICATE, replicate, level),
        )  # fmt: skip

    found = np.array(workers.map(one, range(effort.replicates)))
    scores = ladder.scores
    return from_replicates(
        networks, scores[scores > 0], found[:, scores > 0] * networks.multiplicity, seed, workers.evaluations,
        levels=ladder.levels,
    )  # fmt: skip


def from_replicates(
    networks: RandomNetworks,
    grid: np.ndarray,
    replicates: np.ndarray,
    seed: int,
    evaluations: int,
    *,
    levels: tuple[float, ...] = (),
) -> SelectionBits:
    """Selection bits at the last accuracy of a grid, from independent estimates ``(replicates, grid)``."""
    curve = Survival(grid, *splitting.interval_in_bits(replicates), replicates)
    return SelectionBits(
        networks.hidden_size, networks.seq_len, float(grid[-1]), networks.scale, float(curve.bits[-1]),
        (float(curve.low[-1]), float(curve.high[-1])), float(replicates[:, -1].mean()), "splitting", networks.words,
        networks.event, seed, evaluations, levels, tuple(float(p) for p in replicates[:, -1]), curve,
    )  # fmt: skip
