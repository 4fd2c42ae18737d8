"""Probabilities of rare events under a standard normal law, by multilevel splitting with fixed levels.

A pilot run climbs adaptively and fixes a ladder: levels of the score, and for each level the step of the moves.
Replicates then climb that ladder, each from its own points. With the ladder fixed, a replicate's product of
passing fractions is an unbiased estimate of the probability, and the replicates are independent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from heurex.errors import UsageError

__all__ = ["Chart", "Ladder", "Problem", "Steps", "climb", "generator", "interval_in_bits", "pilot"]

_ACCEPTANCE = 0.3
"""Share of moves that the pilot steers for."""
_SPREAD = 2.0
"""A move's step is the level's step times 2^u, u uniform on (-2, 2)."""
_MARKS = (2 / 3, 1 / 3)
"""Between two levels the curve is also read where about keep^(1/3) and keep^(2/3) pass."""
_MAX_LEVELS = 400
_PATIENCE = 12
"""The pilot gives up when so many levels together bring it less than a hundredth nearer to the target."""


@dataclass(frozen=True)
class Chart:
    """Coordinates in which the event has one shape everywhere, so that moves can be given that shape.

    Attributes
    ----------
    read
        From points ``(m, dimension)`` to coordinates ``(m, q)``.
    shift
        From points and changes of their coordinates ``(m, q)`` to new points, such that the way back is the opposite
        change, and volumes of R^dimension are kept.
    """

    read: Callable[[np.ndarray], np.ndarray]
    shift: Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Problem:
    """What is climbed.

    Attributes
    ----------
    dimension
        Points are in R^dimension, with a standard normal law.
    score
        From points ``(m, dimension)`` to scores ``(m,)``; the event is that the score reaches a target.
    refresh
        Changes points in place, keeping their law and their scores, or None.
    chart
        For moves in the shape of the event, or None.
    """

    dimension: int
    score: Callable[[np.ndarray], np.ndarray]
    refresh: Callable[[np.ndarray, np.random.Generator], None] | None = None
    chart: Chart | None = None


@dataclass(frozen=True)
class Steps:
    """The moves above a level.

    Attributes
    ----------
    plain
        Step of preconditioned Crank-Nicolson moves, in (0, 1].
    shape, shaped
        Square root of the covariance of the coordinates, ``(q, q)``, and the step of moves in that shape; None
        without a chart.
    """

    plain: float
    shape: np.ndarray | None = None
    shaped: float = 0.3


@dataclass(frozen=True)
class Ladder:
    """Levels that a pilot run has fixed.

    Attributes
    ----------
    levels
        Increasing; the last is the target.
    steps
        For each level but the last the moves above it.
    marks
        For each level the scores between it and the level below at which the curve is read too.
    probability
        The pilot's own estimate, slightly biased and without an error.
    """

    levels: tuple[float, ...]
    steps: tuple[Steps, ...]
    marks: tuple[tuple[float, ...], ...]
    probability: float

    @property
    def scores(self) -> np.ndarray:
        """All levels and marks, in order."""
        return np.array(
            [score for marks, top in zip(self.marks, self.levels, strict=True) for score in (*marks, top)]
        )

    def with_marks(self, more: Sequence[float]) -> Ladder:
        """The same ladder, read at more scores."""
        marks: list[tuple[float, ...]] = []
        below = -np.inf
        for level, old in zip(self.levels, self.marks, strict=True):
            marks.append(tuple(sorted({*old, *(float(m) for m in more if below < m < level)})))
            below = level
        return Ladder(self.levels, self.steps, tuple(marks), self.probability)


def generator(seed: int, *place: int) -> np.random.Generator:
    """A counter-based generator that depends on the seed and on a place (stage, replicate, level) only."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=place)))


@dataclass
class _Cloud:
    """Points, their scores, and the source of what happens to them next."""

    problem: Problem
    points: np.ndarray
    scores: np.ndarray

    @classmethod
    def draw(cls, problem: Problem, particles: int, rng: np.random.Generator) -> _Cloud:
        points = rng.standard_normal((particles, problem.dimension))
        return cls(problem, points, problem.score(points))

    def share(self, level: float) -> float:
        return float(np.mean(self.scores >= level))

    def select(self, level: float, rng: np.random.Generator) -> None:
        """Replace the points below a level by copies of those above; each of these has equal prospects."""
        above = np.flatnonzero(self.scores >= level)
        size = len(self.scores)
        chosen = above[((np.arange(size) + rng.random()) * (len(above) / size)).astype(np.int64)]
        self.points, self.scores = self.points[chosen].copy(), self.scores[chosen].copy()

    def move(self, level: float, steps: Steps, rng: np.random.Generator) -> tuple[float, float]:
        """One move of every point within the level, and one in its shape if that is known; the shares that moved."""
        plain = self._plain_move(level, steps.plain, rng)
        shaped = 0.0
        if steps.shape is not None and self.problem.chart is not None:
            shaped = self._shaped_move(level, steps.shape * steps.shaped, self.problem.chart, rng)
        if self.problem.refresh is not None:
            self.problem.refresh(self.points, rng)
        return plain, shaped

    def _plain_move(self, level: float, step: float, rng: np.random.Generator) -> float:
        """Preconditioned Crank-Nicolson, reversible under the standard normal law."""
        count, width = self.points.shape
        steps = np.minimum(1.0, step * 2 ** rng.uniform(-_SPREAD, _SPREAD, count))[:, None]
        tried = np.sqrt(1 - steps * steps) * self.points + steps * rng.standard_normal((count, width))
        return self._accept(tried, np.arange(count), level)

    def _shaped_move(self, level: float, shape: np.ndarray, chart: Chart, rng: np.random.Generator) -> float:
        """A symmetric proposal, accepted by Metropolis's rule under the standard normal law."""
        count = len(self.points)
        steps = 2 ** rng.uniform(-_SPREAD, _SPREAD, count)[:, None]
        tried = chart.shift(self.points, steps * (rng.standard_normal((count, len(shape))) @ shape.T))
        gain = ((self.points**2).sum(axis=1) - (tried**2).sum(axis=1)) / 2
        chosen = np.flatnonzero(np.log(rng.random(count)) < gain)
        return self._accept(tried[chosen], chosen, level)

    def _accept(self, tried: np.ndarray, where: np.ndarray, level: float) -> float:
        """Points that were tried replace those at ``where``, if they are within the level."""
        if not len(where):
            return 0.0
        scores = self.problem.score(tried)
        within = scores >= level
        self.points[where[within]], self.scores[where[within]] = tried[within], scores[within]
        return float(within.sum() / len(self.points))

    def shape(self) -> np.ndarray | None:
        """Square root of the covariance of the coordinates."""
        if self.problem.chart is None:
            return None
        values, vectors = np.linalg.eigh(np.cov(self.problem.chart.read(self.points).T))
        return vectors * np.sqrt(np.maximum(values, 0.0))


def _next_level(scores: np.ndarray, target: float, keep: float, below: float) -> float | None:
    """The score that about the share ``keep`` reaches; the next higher one if that leads nowhere."""
    ordered = np.sort(scores)
    level = float(ordered[int(len(ordered) * (1 - keep))])
    if level <= below:
        higher = ordered[ordered > below]
        if not len(higher):
            return None
        level = float(higher[0])
    return min(level, target)


def pilot(
    problem: Problem,
    target: float,
    particles: int,
    moves: int,
    keep: float,
    rng_of: Callable[..., np.random.Generator],
) -> Ladder:
    """Climb adaptively to a target, and write down the ladder.

    Parameters
    ----------
    problem, target
        What is climbed, and how high.
    particles, moves, keep
        Points; moves of each point at each level; share of the points that reach the next level.
    rng_of
        The generator for a level.

    Raises
    ------
    UsageError
        If the pilot makes no way any more; the message says how far it came.
    """
    levels: list[float] = []
    steps: list[Steps] = []
    marks: list[tuple[float, ...]] = []
    log_probability, step, below = 0.0, Steps(0.8), -np.inf
    cloud = _Cloud.draw(problem, particles, rng_of(0))
    while True:
        level = _next_level(cloud.scores, target, keep, below)
        if level is None or _stalls(levels, target):
            raise UsageError(
                f"splitting with {particles} points and {moves} moves got stuck at {below:.6g} on its way to "
                f"{target:.6g}, where about 2^{log_probability / np.log(2):.0f} of the prior is left; "
                "more points or moves may find the way"
            )
        quantiles = np.quantile(cloud.scores, [1 - keep ** (1 - q) for q in _MARKS])
        marks.append(tuple(float(q) for q in np.unique(quantiles) if below < q < level))
        levels.append(level)
        log_probability += float(np.log(cloud.share(level)))
        if level >= target:
            return Ladder(tuple(levels), tuple(steps), tuple(marks), float(np.exp(log_probability)))
        rng = rng_of(len(levels))
        cloud.select(level, rng)
        step = replace(step, shape=cloud.shape())
        for _ in range(moves):
            step = _tuned(step, *cloud.move(level, step, rng))
        steps.append(step)
        below = level


def _tuned(step: Steps, plain: float, shaped: float) -> Steps:
    """Longer steps if more moved than wished for, shorter ones if fewer."""
    return replace(
        step,
        plain=float(min(1.0, step.plain * np.exp(2 * (plain - _ACCEPTANCE)))),
        shaped=float(min(1.0, step.shaped * np.exp(2 * (shaped - _ACCEPTANCE)))),
    )


def _stalls(levels: Sequence[float], target: float) -> bool:
    if len(levels) <= _PATIENCE:
        return False
    now, before = target - levels[-1], target - levels[-1 - _PATIENCE]
    return len(levels) >= _MAX_LEVELS or now > 0.99 * before


def climb(
    problem: Problem, ladder: Ladder, particles: int, moves: int, rng_of: Callable[..., np.random.Generator]
) -> np.ndarray:
    """One replicate: unbiased estimates of the probability of reaching each of ``ladder.scores``."""
    cloud = _Cloud.draw(problem, particles, rng_of(0))
    reached = 1.0
    found: list[float] = []
    for j, level in enumerate(ladder.levels):
        found += [reached * cloud.share(mark) for mark in ladder.marks[j]]
        reached *= cloud.share(level)
        found.append(reached)
        if reached == 0 or level == ladder.levels[-1]:
            break
        rng = rng_of(j + 1)
        cloud.select(level, rng)
        for _ in range(moves):
            cloud.move(level, ladder.steps[j], rng)
    return np.array(found + [0.0] * (len(ladder.scores) - len(found)))


def interval_in_bits(
    replicates: np.ndarray, confidence: float = 0.95
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Minus log2 of the mean of unbiased estimates, and an interval for minus log2 of what they estimate.

    Parameters
    ----------
    replicates
        Independent estimates, one row each, ``(replicates, ...)``; at least 2.
    confidence
        Of the interval.

    Returns
    -------
    Bits, lower and upper end, each ``(...)``; infinite bits where every estimate is 0.

    Notes
    -----
    Estimates are products of many fractions, so nearly lognormal. With S^2 the variance of their logarithms, the
    half-width is t sqrt(S^2 / R + S^4 / (2 (R - 1))): for small S the usual interval of a mean, for larger S wider
    by what is not known about the variance. S^2 is the larger of the logarithms' sample variance and
    log(1 + relative variance), which also holds where estimates are 0. Source: Cox's method for a lognormal mean,
    with Student's t (Olsson 2005, "Confidence intervals for the mean of a log-normal distribution").
    """
    from scipy import stats

    count = len(replicates)
    mean = replicates.mean(axis=0)
    alive = replicates > 0
    logs = np.log(np.where(alive, replicates, 1.0))
    middle = logs.sum(axis=0) / np.maximum(1, alive.sum(axis=0))
    spread = np.where(alive, (logs - middle) ** 2, 0.0).sum(axis=0) / (count - 1)
    dead = mean == 0
    sure = np.where(dead, 1.0, mean)
    relative = np.log1p(replicates.var(axis=0, ddof=1) / sure**2)
    bits = np.where(dead, np.inf, np.maximum(0.0, -np.log2(sure)))
    variance = np.maximum(relative, spread)
    t = float(stats.t.ppf((1 + confidence) / 2, count - 1))
    half = t * np.sqrt(variance / count + variance**2 / (2 * (count - 1))) / np.log(2)
    low, high = np.where(dead, 0.0, np.maximum(0.0, bits - half)), bits + half
    return bits, low, high
