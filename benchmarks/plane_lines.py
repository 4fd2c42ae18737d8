"""Rules that integrate one line exactly, that of the last-placed of the top three; see ``benchmarks.plane``."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import perm
from typing import Any

import numpy as np

import heurex
from benchmarks import line_kernel
from benchmarks.plane_laws import truths
from benchmarks.table import print_table
from benchmarks.top_three import nothing_assumed
from heurex import kernels
from heurex.estimators import ExactLast, TopThree
from heurex.estimators.sampling import ops_per_sample
from heurex.estimators.top_three import spread
from heurex.model import Rnn, RnnStack

MODELS = {
    "zoo:16,10?seed=1": 0.003,
    "zoo:16,10?seed=2": 0.003,
    "zoo:8,5?seed=1": 0.05,
    "zoo:8,5?seed=2": 0.05,
}
PRICES = slice(line_kernel.STEPS, line_kernel.MASSES + 1)


def copies_of(name: str, copies: int) -> RnnStack:
    """Noisy copies for development."""
    return heurex.noisy_copies(heurex.load(name), MODELS[name], copies, 777)


def in_samples(model: Rnn, ops: np.ndarray, calls: int) -> float:
    """Operations of one call over those of one sample."""
    return float(ops[PRICES].sum()) / calls / ops_per_sample(model).total()


@dataclass(frozen=True)
class Lines:
    """Inputs of which one goes through the normal law above a level, and the right answers along the way."""

    x: np.ndarray
    at: np.ndarray
    low: np.ndarray

    def shares(self, model: Rnn) -> tuple[np.ndarray, np.ndarray]:
        """The share of right answers on each, and operations by kind."""
        rows, moving = np.arange(len(self.x)), self.x.copy()
        moving[rows, self.at] = -np.inf
        two = np.argsort(-moving, axis=1)[:, :2]
        bounds = np.take_along_axis(moving, two, axis=1)[:, ::-1]
        # below both the larger other one is the largest and the smaller the second, between them it is the moving one
        labels = np.stack([two[:, 1], self.at, two[:, 0]], axis=1)
        share, ops = np.zeros(len(rows)), np.zeros(8, np.int64)
        kernels.compiled(line_kernel).many_lines(
            model.w_hi, model.w_hh, model.w_oh, self.x, self.at, self.low, np.ascontiguousarray(bounds), labels,
            share, ops,
        )  # fmt: skip
        if share.min() < -1e-9:
            raise RuntimeError("a line has more pieces than there is room for")
        return share, ops


def lines(
    places: np.ndarray, level: np.ndarray, pair: np.ndarray, fourth: np.ndarray, rest: np.ndarray
) -> Lines:
    """The line of the last-placed of the top three, above the fourth.

    Parameters
    ----------
    places
        Of the top three, rising, ``(k, 3)``: given the fourth, their values are independent, with one law.
    level
        Phi of the fourth largest value, ``(k,)``.
    pair
        Shares of the law above the fourth, of the first two of these places, ``(k, 2)``.
    fourth
        Which of the other places has the fourth, a share in (0, 1), ``(k,)``.
    rest
        Shares of the law below the fourth for every place, ``(k, n)``; those that are taken are not looked at.
    """
    from scipy.special import ndtri

    count, n = rest.shape
    rows = np.arange(count)
    free = np.ones((count, n), np.bool_)
    np.put_along_axis(free, places, False, axis=1)
    others = np.nonzero(free)[1].reshape(count, n - 3)
    x = ndtri(level[:, None] * np.clip(rest, 1e-12, 1 - 1e-12))
    x[rows, others[rows, (fourth * (n - 3)).astype(np.int64)]] = low = ndtri(level)
    x[rows[:, None], places[:, :2]] = ndtri(level[:, None] + (1 - level[:, None]) * pair)
    return Lines(x, places[:, 2].copy(), low)


def _sobol(dimensions: int, count: int, seed: int) -> np.ndarray:
    from scipy.stats import qmc

    sobol = qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng(seed))
    return np.clip(sobol.random_base2(max(count - 1, 1).bit_length())[:count], 2.0**-40, 1 - 2.0**-40)


def line_rule(n: int, nodes: int, law: str, seed: int) -> Lines:
    """Consecutive Sobol points for each set of places of the top three; the rest by a law.

    ``true``: independent; ``parts``: parts of equal probability in any order; ``pairs``: any two independent.
    """
    from scipy.special import betaincinv, ndtr

    sets = np.array(list(combinations(range(n), 3)))
    sets = np.repeat(sets[np.random.default_rng(1000 + seed).permutation(len(sets))], nodes, axis=0)
    cube = _sobol(4 + (2 if law == "pairs" else n - 4), len(sets), seed)
    level = betaincinv(n - 3, 4, cube[:, 0])
    rest = np.zeros((len(sets), n))
    if law == "pairs":
        rest[:] = (cube[:, 4:5] * np.arange(n) + cube[:, 5:6]) % 1.0
    elif n > 4:
        own = cube[:, 4:]
        if law == "parts":
            values = spread(level, n - 4, None)
            own = ndtr(np.take_along_axis(values, np.argsort(own, axis=1), axis=1)) / level[:, None]
        # one value a place: those without the fourth, in turn
        free = np.ones(rest.shape, np.bool_)
        np.put_along_axis(free, sets, False, axis=1)
        others = np.nonzero(free)[1].reshape(len(sets), n - 3)
        taken = (cube[:, 3] * (n - 3)).astype(np.int64)
        np.put_along_axis(free, np.take_along_axis(others, taken[:, None], axis=1), False, axis=1)
        rest[free] = own.ravel()
    return lines(sets, level, cube[:, 1:3], cube[:, 3], rest)


def left(name: str, count: int) -> None:
    """Where the variance after the line of the last-placed of the top three comes from; the rest as they are."""
    from scipy.special import betaincinv

    model, rng = copies_of(name, 1)[0], np.random.default_rng(3)
    n = model.seq_len
    sets = np.array(list(combinations(range(n), 3)))

    def draw() -> dict[str, Any]:
        return {
            "places": sets[rng.integers(0, len(sets), count)],
            "level": betaincinv(n - 3, 4, rng.random(count)),
            "pair": rng.random((count, 2)),
            "fourth": rng.random(count),
            "rest": rng.random((count, n)),
        }

    here, there = draw(), draw()
    share, _ = lines(**here).shares(model)
    total, rows = float(share.mean() * (1 - share.mean())), []
    rows.append(("the answer itself", f"{total:.4f}", "1"))
    kept = {
        "after the line": ("places", "level", "pair", "fourth", "rest"),
        "... averaged over all but the top three and the fourth's value": ("places", "level", "pair"),
        "... averaged over the other two of the top three": ("places", "level", "fourth", "rest"),
        "... averaged over all but places and the fourth's value": ("places", "level"),
        "... averaged over all but places of the top three": ("places",),
    }
    for label, names in kept.items():
        other, _ = lines(**{key: (here if key in names else there)[key] for key in here}).shares(model)
        variance = float(np.cov(share, other)[0, 1])
        rows.append((label, f"{variance:.4f}", f"{variance / total:.3f}"))
    print_table(f"{name}: variance of the share of right answers", ["", "variance", "share"], rows)


def rules(name: str, copies: int, seeds: int, samples: int) -> None:
    """RMS errors at about equal operations."""
    models = copies_of(name, copies)
    truth, rows, n = truths(models, samples), [], models[0].seq_len
    triples = perm(n, 3)
    for nodes in (1, 4, 15, 60):
        budget = nodes * triples
        points = max(2 ** round(np.log2(budget / (n - 1) / (n - 2) / 1.2)), 1)
        plain = {
            "top-three": lambda s, k=nodes: TopThree(k, seed=s).estimate_stack(models).value,
            "top-three, pairs": lambda s, k=nodes: TopThree(k, "pairs", s).estimate_stack(models).value,
            "the same points, nothing assumed": lambda s, k=nodes: nothing_assumed(models, k, s),
        }
        for label, call in plain.items():
            rows.append(_row(label, np.array([call(s) for s in range(seeds)]), float(budget), truth, samples))
        found = [ExactLast(points=points, seed=s).estimate_stack(models).value for s in range(seeds)]
        cost = (
            ExactLast(points=1).estimate(models[0]).ops.total() / ops_per_sample(models[0]).total() * points
        )
        rows.append(_row("exact-last", np.array(found), cost, truth, samples))
        size = max(2 ** round(np.log2(budget / (triples / 6) / 2.2)), 1)
        for law in ("true", "parts", "pairs"):
            values, ops = np.zeros((seeds, copies)), 0.0
            for seed in range(seeds):
                rule = line_rule(n, size, law, seed)
                for i, model in enumerate(models):
                    share, spent = rule.shares(model)
                    values[seed, i] = share.mean()
                    ops += in_samples(model, spent, 1) / seeds / copies
            rows.append(_row(f"line, rest {law}", values, ops, truth, samples))
    print_table(
        f"{name}: {copies} copies, {seeds} seeds",
        ["rule", "samples", "RMS error", "bias", "ratio, 90%"],
        rows,
    )


def _row(label: str, values: np.ndarray, cost: float, truth: np.ndarray, samples: int) -> tuple[str, ...]:
    errors, variance = values - truth, truth * (1 - truth)
    rng = np.random.default_rng(0)
    again = errors[rng.integers(0, len(errors), (1000, len(errors)))]
    squares = np.maximum(
        np.array([np.mean(errors**2), *np.mean(again**2, axis=(1, 2))]) - variance.mean() / samples, 1e-12
    )
    ratios = np.sqrt(variance.mean() / cost / squares)
    low, high = np.quantile(ratios[1:], [0.05, 0.95])
    spread = f"{ratios[0]:.2f} ({low:.2f} to {high:.2f})"
    return label, f"{cost:,.0f}", f"{squares[0] ** 0.5:.4f}", f"{errors.mean():+.4f}", spread
