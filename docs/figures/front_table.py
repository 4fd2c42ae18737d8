"""Print the tables of docs/front-notes.md: directions against sampling, and the width of bounds by budget.

python docs/figures/front_table.py [first seed] [seeds]
"""

import sys

import numpy as np

import heurex
from heurex.estimators import Directions, Exact
from heurex.estimators.sampling import note_ops_per_sample, ops_per_sample

DIRECTIONS = (2, 4, 6, 8, 10, 12, 14, 16, 20, 24, 32, 40)
BUDGETS = (500, 1000, 1500, 2000, 3000, 4000, 5000, 6000, 8000, 10_000, 12_000, 15_000)


def mean_ops(stack, directions, count):
    """Operations a model, counted on the first models of a stack."""
    return np.mean([Directions(directions).estimate(model).ops.total() for model in list(stack)[:count]])


def bootstrap(errors, statistic, times=1000):
    rng = np.random.default_rng(0)
    draws = [statistic(errors[rng.integers(0, len(errors), len(errors))]) for _ in range(times)]
    return np.percentile(draws, [2.5, 97.5])


def rms(errors):
    return np.sqrt(np.mean(errors**2))


def main(first=7000, seeds=4):
    m43 = heurex.load("m43")
    stacks = [heurex.noisy_copies(m43, 0.05, 256, seed=first + i) for i in range(seeds)]
    truths = [Exact().estimate_stack(stack).value for stack in stacks]
    truth = np.concatenate(truths)
    ours, note = ops_per_sample(m43).total(), note_ops_per_sample(4, 3)
    variance = np.mean(truth * (1 - truth))
    print(f"{seeds} x 256 copies from seed {first}; sampling {ours} operations a sample (the note: {note})")
    print(
        "directions | ops | rmse % | 95% interval | bias % | advantage | by seed | advantage at the note's price"
    )
    for k in DIRECTIONS:
        errors = [
            Directions(k).estimate_stack(stack).value - t for stack, t in zip(stacks, truths, strict=True)
        ]
        pooled, ops = np.concatenate(errors), mean_ops(stacks[0], k, 256)
        low, high = bootstrap(pooled, rms)
        by_seed = [
            ours * np.mean(t * (1 - t)) / (np.mean(e**2) * ops) for e, t in zip(errors, truths, strict=True)
        ]
        advantage = ours * variance / (rms(pooled) ** 2 * ops)
        print(
            f"{k} | {ops:,.0f} | {100 * rms(pooled):.3f} | {100 * low:.3f} to {100 * high:.3f} | "
            f"{100 * pooled.mean():+.3f} | {advantage:,.0f} | {min(by_seed):,.0f} to {max(by_seed):,.0f} | "
            f"{advantage * note / ours:,.0f}"
        )
    print("budget | width, mean | width, largest | closed")
    for budget in BUDGETS:
        found = [Exact(budget=budget).estimate_stack(stack) for stack in stacks]
        width = 2 * np.concatenate([one.numerical_error for one in found])
        closed = np.mean(width < 1e-12)
        held = all(
            np.all(abs(one.value - t) <= one.numerical_error) for one, t in zip(found, truths, strict=True)
        )
        print(f"{budget:,} | {width.mean():.2g} | {width.max():.2g} | {closed:.0%} | bounds hold: {held}")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
