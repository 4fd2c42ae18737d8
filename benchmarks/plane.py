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
from itertools import permutations
from typing import Any

import numpy as np

from benchmarks import line_kernel, plane_kernel
from benchmarks.plane_laws import biases
from benchmarks.plane_lines import MODELS, PRICES, Lines, copies_of, in_samples, left, rules
from benchmarks.table import print_table
from heurex import kernels
from heurex.estimators.order_statistics import conditional_mean, conditional_variance
from heurex.estimators.sampling import ops_per_sample
from heurex.model import Rnn

FAR = 8.5


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
    line, zero = kernels.compiled(line_kernel).line, np.zeros(model.hidden_size)
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
    rest = np.full(model.seq_len, float(conditional_mean(np.array(third))))
    kernel = kernel or kernels.compiled(plane_kernel)
    for most in (600, 10_000):
        share, found, ops = np.zeros(len(table)), np.zeros(len(table), np.int64), np.zeros(8, np.int64)
        status = kernel.plane_tree(
            model.w_hi, model.w_hh, model.w_oh, table, rest, third, FAR, (nodes + 1) / 2, weights / 2, most,
            share, found, ops,
        )  # fmt: skip
        if status == 0:
            break
    if status < 0 or share.min() < -1e-9:
        raise RuntimeError("a plane has more polygons, or a polygon more corners, than there is room for")
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
    same = np.logical_and.accumulate(table[1:] == table[:-1], axis=1).sum()
    steps = f"{table.size - same:,} of {table.size:,} steps"
    tree = (f"all {len(table)} planes, one tree", steps, f"{sums[3]:,.0f}, x {share:.2f}", "", "")
    low = ("the same, carried by corners", "", f"> {sums[4]:,.0f}, x {bound:.2f}", "", "")
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
        biases(
            {
                name.replace("zoo:", "").replace("?seed=", " s"): copies_of(name, given.copies)
                for name in given.models
            },
            2**20,
        )


if __name__ == "__main__":
    main()
