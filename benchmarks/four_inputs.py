"""What exact accuracies for four inputs cost: `python benchmarks/four_inputs.py [models]`, random models, medians."""

from __future__ import annotations

import sys
import time

import numpy as np

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


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8)
