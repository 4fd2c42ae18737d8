"""Nested quadrature against sampling and exact-last at equal operations.

`python -m benchmarks.nested [--copies 16] [MODEL NOISE]` prints a table for a model and noisy copies: operations in
samples, RMS error, the ratio of sampling's RMS error at equal operations to it with a 95% interval by bootstrap over
copies, and the median and the least of the error told over the error. `--bounds 200` compares the error told with the
true one on random and hand-made models of four inputs. Truths are exact for four inputs, else sampled.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

import heurex
from benchmarks.cubature import BOOTSTRAPS, copies_of, truths
from heurex import Rnn
from heurex.estimators import Exact, ExactLast, Nested
from heurex.estimators.base import Estimator
from heurex.estimators.sampling import ops_per_sample
from heurex.estimators.spec import label_of

MODELS = (("zoo:4,4", 0.05), ("zoo:6,4", 0.05), ("zoo:8,5", 0.05))
NODES = (1, 64, 128, 512, 1536)
"""Asked for on the circle."""


def odd_model(index: int, seed: int = 77) -> tuple[str, Rnn]:
    """One of ten kinds of models of four inputs, with up to seven neurons."""
    rng = np.random.default_rng([seed, index])
    d, kind = int(rng.integers(1, 8)), index % 10
    w_hi, w_hh, w_oh = rng.normal(size=d), rng.normal(size=(d, d)), rng.normal(size=(4, d))
    if kind == 1:
        w_hh *= np.exp(2 * rng.normal(size=(d, d)))
    elif kind == 2:
        w_hi *= np.exp(3 * rng.normal(size=d))
    elif kind == 3:
        w_hh *= 30
    elif kind == 4:
        w_hh *= rng.random((d, d)) < 0.4
        w_oh[:, rng.random(d) < 0.3] = 0
    elif kind == 5:
        w_hi, w_hh, w_oh = np.round(2 * w_hi), np.round(1.5 * w_hh), np.round(1.5 * w_oh)
        w_hi[w_hi == 0] = 1
    elif kind == 6:
        w_hh = 3 * np.outer(rng.normal(size=d), rng.normal(size=d))
    elif kind == 7:
        w_hi, w_hh = abs(w_hi), 0.3 * abs(w_hh)
    elif kind == 8:
        w_oh = rng.normal(size=(1, d)) + 1e-3 * w_oh
    elif kind == 9:
        w_hh, w_hi = rng.standard_cauchy((d, d)), rng.standard_cauchy(d)
    names = (
        "normal", "spread recurrent weights", "spread input weights", "large recurrent weights", "sparse",
        "whole numbers", "rank one", "positive", "nearly equal outputs", "Cauchy",
    )  # fmt: skip
    return names[kind], Rnn(w_hi, w_hh, w_oh)


def show_bounds(count: int, seed: int) -> None:
    """Print how the error told compares with the true one."""
    print(
        "| nodes | models | error: median | most | told: median | error over told: median | most | beyond it |"
    )
    print("|---|---|---|---|---|---|---|---|")
    models = [odd_model(i, seed)[1] for i in range(count)]
    exact = [Exact().estimate(model) for model in models]
    for nodes in NODES[:4]:
        rows = []
        for model, truth in zip(models, exact, strict=True):
            found = Nested(nodes=nodes).estimate(model)
            if max(truth.numerical_error, 0.0) < 1e-9 and found.status.value == "ok":
                rows.append((abs(found.value - truth.value), found.numerical_error + truth.numerical_error))
        error, told = np.array(rows).T
        share = error / told
        print(
            f"| {nodes} | {len(rows)} | {np.median(error):.1e} | {error.max():.1e} | {np.median(told):.1e} | "
            f"{np.median(share):.3f} | {share.max():.2f} | {(share > 1).sum()} |",
            flush=True,
        )


def settings(n: int) -> list[Estimator]:
    """What is compared."""
    if n == 4:
        return [Nested(nodes=nodes) for nodes in NODES]
    return [
        *(
            Nested(points=points, design=design)
            for design in ("strata", "sobol")
            for points in (4, 16, 64, 256)
        ),
        *(ExactLast(points=points) for points in (16, 64, 256, 1024)),
    ]


def show(name: str, noise: float, arguments: argparse.Namespace) -> None:
    """Print one model's table."""
    stack = copies_of(heurex.load(name), noise, arguments.copies)
    truth, variance = truths(stack, arguments.truth_samples)
    price = ops_per_sample(stack[0]).total("unit")
    print(
        f"\n{name}, noise {noise}, {arguments.copies} copies and the model; mean accuracy {truth.mean():.4f}"
    )
    print(
        "| setting | in samples | RMS error | sampling's | ratio | 95% interval | told over error: median | least | "
        "ms |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    drawn = np.random.default_rng(1).integers(0, len(stack), (BOOTSTRAPS, len(stack)))
    for setting in settings(stack.seq_len):
        setting.estimate(stack[0])
        start = time.process_time()
        found = [setting.estimate(model) for model in stack]
        spent = (time.process_time() - start) / len(stack)
        errors = np.array([one.value for one in found]) - truth
        samples = np.mean([one.ops.total("unit") for one in found if one.ops is not None]) / price
        mine = np.maximum(errors**2 - variance, 1e-30)
        theirs = truth * (1 - truth) / samples
        ratios = np.sqrt(theirs[drawn].mean(axis=1) / mine[drawn].mean(axis=1))
        low, high = np.quantile(ratios, [0.025, 0.975])
        told = np.array([one.numerical_error for one in found]) / np.maximum(abs(errors), 1e-30)
        told_text = f"{np.median(told):.0f} | {told.min():.1f}" if stack.seq_len == 4 else "- | -"
        label = label_of(setting)
        print(
            f"| `{label}` | {samples:,.0f} | {np.sqrt(mine.mean()):.1e} | {np.sqrt(theirs.mean()):.1e} | "
            f"{np.sqrt(theirs.mean() / mine.mean()):,.1f} | {low:,.1f} to {high:,.1f} | {told_text} | "
            f"{1e3 * spent:.1f} |",
            flush=True,
        )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", nargs="?")
    parser.add_argument("noise", nargs="?", type=float, default=0.0)
    parser.add_argument("--copies", type=int, default=16)
    parser.add_argument("--truth-samples", type=int, default=20_000_000)
    parser.add_argument(
        "--bounds", type=int, help="compare errors told on so many random and hand-made models"
    )
    parser.add_argument("--seed", type=int, default=77, help="of these models")
    arguments = parser.parse_args()
    if arguments.bounds is not None:
        show_bounds(arguments.bounds, arguments.seed)
        return
    for name, noise in MODELS if arguments.model is None else [(arguments.model, arguments.noise)]:
        show(name, noise, arguments)


if __name__ == "__main__":
    main()
