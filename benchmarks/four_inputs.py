"""What exact accuracies for four inputs cost.

`python -m benchmarks.four_inputs [models]`: random models, medians.
`python -m benchmarks.four_inputs --copies [samples]`: a trained model and 16 noisy copies, beside sampling with
as many operations and beside that many random inputs.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

import heurex
from heurex import Rnn, RnnStack
from heurex.estimators import Exact, Layerwise, Sampling
from heurex.estimators.chambers4 import label_chambers, starts
from heurex.estimators.exact4 import walk4


def random_model(seed: int, d: int) -> Rnn:
    """Standard normal weights."""
    rng = np.random.default_rng([seed, d, 4])
    return Rnn(rng.normal(size=d), rng.normal(size=(d, d)), rng.normal(size=(4, d)))


def seconds(call) -> float:
    """Processor time."""
    start = time.process_time()
    call()
    return time.process_time() - start


def main(count: int) -> None:
    """Print the table."""
    print("| d | cells | operations | in samples | ms | bound | layerwise, t = 3: ms |")
    print("|---|---|---|---|---|---|---|")
    for d in (2, 4, 6, 8, 12, 16):
        models = [random_model(seed, d) for seed in range(count)]
        stack = RnnStack.of(models)
        Exact().estimate_stack(stack), Layerwise().estimate_stack(stack[:1])  # compiled
        walks = [walk4(model, starts(label_chambers()), False) for model in models]
        ops = float(np.median([walk.ops.total("unit") for walk in walks]))
        sample = Sampling(samples=100).estimate(models[0]).ops
        assert sample is not None
        found = Exact().estimate_stack(stack)
        exact = 1e3 * seconds(lambda stack=stack: Exact().estimate_stack(stack)) / count
        layers = 1e3 * seconds(lambda stack=stack: Layerwise().estimate_stack(stack)) / count
        cells = int(np.median([walk.cells for walk in walks]))
        print(
            f"| {d} | {cells:,} | {ops:,.0f} | {100 * ops / sample.total('unit'):,.0f} | {exact:.1f} | "
            f"{np.median(found.numerical_error):.0e} | {layers:.0f} |"
        )


def copies(samples: int, sigma: float = 0.05, count: int = 16) -> None:
    """Print the table of trained models and their noisy copies.

    No error of the exact accuracy can be seen by sampling; so what stands for it is the larger of its bound and of what
    the two ways of adding up differ by, the worst of all copies. The z-scores say that sampling sees nothing.
    """
    print(
        "| models | operations, in samples: median, most | worst bound | two ways differ by | sampling at as many |",
        end="",
    )
    print(f" its error over ours | rms z, most, {samples:,} inputs |")
    print("|---|---|---|---|---|---|---|")
    for name in ("zoo:4,4", "zoo:6,4", "zoo:8,4"):
        base = heurex.load(name)
        models = [base, *heurex.noisy_copies(base, sigma=sigma, count=count, seed=0)]
        found = [Exact().estimate(model) for model in models]
        regions = Exact(by="regions").estimate_stack(RnnStack.of(models)).value
        differ = float(np.max(np.abs([one.value for one in found] - regions)))
        sample = Sampling(samples=100).estimate(base).ops
        assert sample is not None
        price = sample.total("weighted") / 100
        worth = np.array([one.ops.total("weighted") / price for one in found if one.ops is not None])
        p = np.array([one.value for one in found])
        plain = float(np.sqrt(np.mean(p * (1 - p) / worth)))
        bound = max(one.numerical_error for one in found)
        seen = np.array([Sampling(samples=samples, seed=1).estimate(model).value for model in models])
        z = (seen - p) / np.sqrt(p * (1 - p) / samples)
        print(
            f"| `{name}` | {np.median(worth):,.0f}, {worth.max():,.0f} | {bound:.0e} | {differ:.0e} | "
            f"{100 * plain:.2f}% | {plain / max(bound, differ):.0e} | "
            f"{np.sqrt(np.mean(z**2)):.2f}, {np.max(np.abs(z)):.2f} |"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.four_inputs", description=__doc__)
    parser.add_argument("models", nargs="?", type=int, default=8, help="random models of each size")
    parser.add_argument("--copies", nargs="?", type=float, const=1e7, metavar="SAMPLES")
    given = parser.parse_args()
    if given.copies is None:
        main(given.models)
    else:
        copies(int(given.copies))
