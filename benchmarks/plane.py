"""Would exact integration of a plane of the largest values pay? ``python -m benchmarks.plane [TABLE...]``.

On noisy copies of the development models of ``top-three`` (copy seed 777), never on those that it was scored on:

* ``pieces``: on how many intervals or polygons the network is linear along a line or on a plane, what exact integration
  costs in samples' operations, and by how much it divides the variance of an answer being right;
* ``left``: which inputs the variance that is left after the best of these lines comes from;
* ``rules``: RMS errors of rules that integrate that line, beside others, at about equal operations;
* ``laws``: biases of laws of the rest under which few dimensions are left.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations, permutations
from math import perm
from typing import Any

import numpy as np

import heurex
from benchmarks import plane_kernel
from benchmarks.plane_laws import biases, truths
from benchmarks.table import print_table
from benchmarks.top_three import nothing_assumed
from heurex import kernels
from heurex.estimators import ExactLast, TopThree
from heurex.estimators.order_statistics import conditional_mean, conditional_variance
from heurex.estimators.sampling import ops_per_sample
from heurex.estimators.top_three import spread
from heurex.model import Rnn, RnnStack

MODELS = {
    "zoo:16,10?seed=1": 0.003,
    "zoo:16,10?seed=2": 0.003,
    "zoo:8,5?seed=1": 0.05,
    "zoo:8,5?seed=2": 0.05,
}
FAR = 8.5
PRICES = slice(plane_kernel.STEPS, plane_kernel.MASSES + 1)


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
        kernels.compiled(plane_kernel).many_lines(
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


def largest_line(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The line of the largest value, above the second, as places and lower ends."""
    order = np.argsort(-x, axis=1)
    return order[:, 0], np.take_along_axis(x, order[:, 1:2], axis=1)[:, 0]


def _gradient(model: Rnn, x: np.ndarray, label: int) -> np.ndarray:
    state, ons, grown = np.zeros(model.hidden_size), [], np.zeros(len(x))
    for value in x:
        before = model.w_hh @ state + model.w_hi * value
        state = np.maximum(before, 0.0)
        ons.append(before > 0)
    logits = model.w_oh @ state
    logits[label] = -np.inf
    back = model.w_oh[label] - model.w_oh[int(np.argmax(logits))]
    for i in range(len(x) - 1, -1, -1):
        back = back * ons[i]
        grown[i] = model.w_hi @ back
        back = model.w_hh.T @ back
    return grown


def noise_lines(model: Rnn, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The top four as they are, the rest along the margin's gradient from their mean: shares, operations."""
    share, ops = np.zeros(len(x)), np.zeros(8, np.int64)
    line, zero = kernels.compiled(plane_kernel).line, np.zeros(model.hidden_size)
    for row, inputs in enumerate(x):
        order = np.argsort(-inputs)
        rest, level, base = order[4:], inputs[order[3]], inputs.copy()
        base[rest] = conditional_mean(level)
        slope = np.zeros(len(base))
        slope[rest] = _gradient(model, base, int(order[1]))[rest]
        length = np.linalg.norm(slope)
        if length == 0:
            share[row] = model.answer(base[None])[0] == order[1]
            continue
        slope *= np.sqrt(conditional_variance(level)) / length
        labels = order[1:2].astype(np.int64)
        share[row] = line(
            model.w_hi, model.w_hh, model.w_oh, zero, base, slope, 0, -FAR, FAR, np.zeros(0), labels, ops
        )
    # the path and its gradient
    ops[plane_kernel.STEPS] += 2 * ops_per_sample(model).total() * len(x)
    return share, ops


def paths(n: int) -> np.ndarray:
    """What is read, by place, for all places of the top three: 1, 2 and 3 are these, 0 the rest. Sorted."""
    rows = [
        [1 + where.index(i) if i in where else 0 for i in range(n)] for where in permutations(range(n), 3)
    ]
    return np.array(sorted(rows), np.int64)


def plane(
    model: Rnn, third: float, table: np.ndarray, kernel: Any = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The plane of the two largest above a third, the rest at their mean: shares, numbers of polygons, operations."""
    from scipy.special import ndtr, roots_legendre

    nodes, weights = roots_legendre(32)
    share, found, ops = np.zeros(len(table)), np.zeros(len(table), np.int64), np.zeros(8, np.int64)
    rest = np.full(model.seq_len, float(conditional_mean(np.array(third))))
    kernel = kernel or kernels.compiled(plane_kernel)
    status = kernel.plane_tree(
        model.w_hi, model.w_hh, model.w_oh, table, rest, third, FAR, (nodes + 1) / 2, weights / 2, 600,
        share, found, ops,
    )  # fmt: skip
    if status < 0:
        raise RuntimeError("a plane has more polygons than there is room for")
    return share * 2 / ndtr(-third) ** 2, found, ops


def thirds(n: int, nodes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Gauss nodes for the third largest value: its Phi is Beta(n - 2, 3)."""
    from scipy.special import ndtri, roots_jacobi

    points, weights = roots_jacobi(nodes, 2, n - 3)
    return ndtri((1 + points) / 2), weights / weights.sum()


def plane_rows(model: Rnn, x: np.ndarray, total: float) -> list[tuple[str, ...]]:
    """A plane alone, and all places in one tree."""
    from scipy.special import ndtr, ndtri

    table, (values, weights) = paths(model.seq_len), thirds(model.seq_len)
    unit, sums = ops_per_sample(model).total(), np.zeros(5)
    for third, weight in zip(values, weights, strict=True):
        _, _, tree = plane(model, float(third), table)
        apart = sum(plane(model, float(third), row[None])[2] for row in table)
        each = np.array(
            [apart[plane_kernel.CELLS], apart[PRICES].sum() / unit, apart[plane_kernel.BOUND] / unit]
        )
        sums += weight * np.array(
            [*(each / len(table)), tree[PRICES].sum() / unit, tree[plane_kernel.BOUND] / unit]
        )
    # the variance between planes is the covariance of two answers on one plane
    order, rng, rows = np.argsort(-x, axis=1), np.random.default_rng(7), np.arange(len(x))
    level, rights = ndtr(np.take_along_axis(x, order[:, 2:3], axis=1)), []
    for _ in range(2):
        again = x.copy()
        pair = np.sort(ndtri(level + (1 - level) * rng.random((len(x), 2))), axis=1)[:, ::-1]
        again[rows[:, None], order[:, :2]] = pair
        rights.append(model.answer(again) == order[:, 1])
    ratio = total / float(np.cov(*rights)[0, 1])
    head = (f"{sums[0]:.1f} polygons", f"{sums[1]:.1f}", f"{ratio:.1f}", f"{(ratio / sums[1]) ** 0.5:.2f}")
    corner = (
        "the same, carried by corners",
        "",
        f"> {sums[2]:.1f}",
        f"{ratio:.1f}",
        f"< {(ratio / sums[2]) ** 0.5:.2f}",
    )
    share, bound = sums[3] / sums[1] / len(table), sums[4] / sums[2] / len(table)
    tree = (f"all {len(table)} planes, one tree", f"x {share:.2f}", f"{sums[3]:,.0f}", "", "")
    low = ("the same, carried by corners", f"x {bound:.2f}", f"> {sums[4]:,.0f}", "", "")
    return [("plane of the two largest", *head), corner, tree, low]


def pieces(name: str, count: int) -> None:
    """Table of pieces, costs and variances, on the first copy."""
    model = copies_of(name, 1)[0]
    x = np.random.default_rng(1).standard_normal((count, model.seq_len))
    order = np.argsort(-x, axis=1)
    right = float(np.mean(model.answer(x) == order[:, 1]))
    total, rows = right * (1 - right), []
    last = np.full(count, model.seq_len - 1)
    top = order[:, :3].max(axis=1)
    fourth = np.take_along_axis(x, order[:, 3:4], axis=1)[:, 0]
    some = x[: count // 10]
    calls: dict[str, Callable[[], tuple[np.ndarray, np.ndarray]]] = {
        "line of the largest": lambda: Lines(x, *largest_line(x)).shares(model),
        "line of the last-placed of the top three": lambda: Lines(x, top, fourth).shares(model),
        "line of the last input": lambda: Lines(x, last, np.full(count, -FAR)).shares(model),
        "line of noise, top four as they are": lambda: noise_lines(model, some),
    }
    for label, call in calls.items():
        share, ops = call()
        cost, ratio = in_samples(model, ops, len(share)), total / float(share.var())
        many = f"{ops[plane_kernel.CELLS] / max(ops[plane_kernel.LEAVES], 1):.1f} intervals"
        rows.append((label, many, f"{cost:.2f}", f"{ratio:.2f}", f"{(ratio / cost) ** 0.5:.2f}"))
    rows += plane_rows(model, x, total)
    print_table(
        f"{name}, noise {MODELS[name]}: accuracy of the copy {right:.3f}",
        ["integrated exactly", "pieces", "samples", "variance /", "sqrt"],
        rows,
    )


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
            rows.append(_row(f"line of the last-placed, rest {law}", values, ops, truth, samples))
    print_table(
        f"{name}: {copies} copies, {seeds} seeds",
        ["rule", "cost in samples", "RMS error", "bias", "sampling's RMS error over it, 90%"],
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


def main() -> None:
    """Print the tables that are asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plane", description=__doc__)
    parser.add_argument("tables", nargs="*", default=["pieces", "left", "rules", "laws"])
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--copies", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--draws", type=int, default=20_000)
    parser.add_argument("--truth-samples", type=int, default=2**24)
    given = parser.parse_args()
    for name in given.models:
        if "pieces" in given.tables:
            pieces(name, given.draws)
        if "left" in given.tables:
            left(name, 3 * given.draws)
        if "rules" in given.tables:
            rules(name, given.copies, given.seeds, given.truth_samples)
    if "laws" in given.tables:
        biases({name: copies_of(name, given.copies) for name in given.models}, 2**20)


if __name__ == "__main__":
    main()
