"""Cubature against sampling at equal operations.

`python -m benchmarks.cubature [--copies 16] [--seeds 3] [MODEL NOISE]`.

For every model a table: operations of a setting in samples, RMS error over noisy copies and seeds, the ratio of
sampling's RMS error at equal operations to it, and a 90% interval by bootstrap over copies. Then time, drawing
included: nanoseconds a direction, how many samples of the compiled sampler in float32 take as long as the setting, and
the ratio at equal time; medians over copies and seeds, by turns. Truths are exact for four inputs, else sampled, and
their variance is subtracted from mean squared errors.
"""

from __future__ import annotations

import argparse
from time import perf_counter

import numpy as np

import heurex
from heurex import Rnn, RnnStack
from heurex.estimators import Exact, ExactLast
from heurex.estimators.sampler import sampled_accuracy
from heurex.estimators.sampling import ops_per_sample

MODELS = (
    ("zoo:4,4", 0.05),
    ("zoo:6,4", 0.05),
    ("zoo:8,5", 0.05),
    ("zoo:16,10", 0.003),
    ("alg-zoo:example_2nd_argmax", 0.005),
)
BOOTSTRAPS = 2000
TIMED_SAMPLES = 2**17


def copies_of(model: Rnn, noise: float, copies: int) -> RnnStack:
    """The model and noisy copies of it."""
    rng = np.random.default_rng(0)

    def shaken(weights: np.ndarray) -> np.ndarray:
        return weights + noise * rng.standard_normal(weights.shape)

    return RnnStack.of(
        [model, *(Rnn(shaken(model.w_hi), shaken(model.w_hh), shaken(model.w_oh)) for _ in range(copies))]
    )


def truths(stack: RnnStack, samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Accuracies and their variances."""
    if stack.seq_len == 4:
        found = Exact().estimate_stack(stack)
        return found.value, found.numerical_error**2
    sampled = [sampled_accuracy(model, samples, seed=1000) for model in stack]
    return np.array([one.value for one in sampled]), np.array([one.standard_error**2 for one in sampled])


def settings(n: int, most: int) -> list[ExactLast]:
    """Every design at about 100 to 100,000 directions."""
    strata = (n - 1) * (n - 2)
    found = []
    for design in ("strata", "sobol", "lattice"):
        for power in range(0, 18, 2):
            directions = 2**power * (strata if design == "strata" else 1)
            if 50 <= directions <= most:
                found.append(ExactLast(design=design, points=2**power))
    return found


def show(name: str, noise: float, arguments: argparse.Namespace) -> None:
    """Print one model's table."""
    stack = copies_of(heurex.load(name), noise, arguments.copies)
    truth, variance = truths(stack, arguments.truth_samples)
    price = ops_per_sample(stack[0]).total("unit")
    print(
        f"\n{name}, noise {noise}, {arguments.copies} copies and the model, {arguments.seeds} seeds; "
        f"mean accuracy {truth.mean():.4f}"
    )
    print(
        "| design | points | in samples | RMS error | bias | sampling's | ratio | 90% interval | ns a direction | "
        "time in samples | ratio at equal time |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    rng = np.random.default_rng(1)
    drawn = rng.integers(0, len(stack), (BOOTSTRAPS, len(stack)))
    for setting in settings(stack.seq_len, arguments.most):
        errors, ops = np.zeros((arguments.seeds, len(stack))), np.zeros(len(stack))
        times, sample_times = np.zeros((2, arguments.seeds, len(stack)))
        each = (stack.seq_len - 1) * (stack.seq_len - 2) if setting.design == "strata" else 1
        setting.estimate(stack[0])
        for seed in range(arguments.seeds):
            estimator = ExactLast(design=setting.design, points=setting.points, seed=seed)
            for i, model in enumerate(stack):
                # by turns, so that both see the same machine
                started = perf_counter()
                found = estimator.estimate(model)
                between = perf_counter()
                sampled_accuracy(model, TIMED_SAMPLES, seed=seed)
                times[seed, i] = between - started
                sample_times[seed, i] = (perf_counter() - between) / TIMED_SAMPLES
                assert found.ops is not None
                errors[seed, i] = found.value - truth[i]
                ops[i] = found.ops.total("unit")
        samples = ops.mean() / price
        mine = np.maximum((errors**2).mean(axis=0) - variance, 0.0)
        theirs = truth * (1 - truth) / samples
        ratios = np.sqrt(theirs[drawn].mean(axis=1) / mine[drawn].mean(axis=1))
        low, high = np.quantile(ratios, [0.05, 0.95])
        took = np.median(times)
        as_long = took / np.median(sample_times)
        at_equal_time = np.sqrt((truth * (1 - truth)).mean() / as_long / mine.mean())
        print(
            f"| {setting.design} | {setting.points} | {samples:,.0f} | {np.sqrt(mine.mean()):.1e} | "
            f"{errors.mean():+.1e} | {np.sqrt(theirs.mean()):.1e} | "
            f"{np.sqrt(theirs.mean() / mine.mean()):.2f} | {low:.2f} to {high:.2f} | "
            f"{took / (setting.points * each) * 1e9:,.0f} | {as_long:,.0f} | {at_equal_time:.2f} |",
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
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--truth-samples", type=int, default=40_000_000)
    parser.add_argument("--most", type=int, default=100_000, help="directions of the largest setting")
    arguments = parser.parse_args()
    for name, noise in MODELS if arguments.model is None else [(arguments.model, arguments.noise)]:
        show(name, noise, arguments)


if __name__ == "__main__":
    main()
