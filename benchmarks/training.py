"""Training beside AlgZoo's way: a plain torch.nn.RNN, one seed, one step after the other.

Run ``python -m benchmarks.training`` for the times of a step; ``--accuracies`` also trains M_{4,3}, seeds 0 to 4,
on 2^27 sequences and shows what becomes of them.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.table import duration, print_table, take_turns

SEEDS = range(5)
STEPS, ROUNDS = 100, 20


def plain_loop(d: int, n: int, seed: int) -> Callable[[], None]:
    """``STEPS`` steps of one model by autograd, PyTorch's AdamW and a scheduler."""
    import torch

    from heurex.zoo.recipe import Recipe

    recipe = Recipe(d, n, 2**30)
    torch.manual_seed(seed)
    rnn = torch.nn.RNN(1, d, nonlinearity="relu", bias=False, batch_first=True)
    linear = torch.nn.Linear(d, n, bias=False)
    optimiser = torch.optim.AdamW([*rnn.parameters(), *linear.parameters()], lr=1.0, weight_decay=0.001)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, recipe.learning_rate)

    def run() -> None:
        for _ in range(STEPS):
            x = torch.randn(1024, n)
            label = x.topk(2, dim=-1).indices[:, 1]
            loss = torch.nn.functional.cross_entropy(linear(rnn(x[:, :, None])[0][:, -1]), label)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()

    return run


def show_times() -> None:
    """Five seeds side by side against one seed the plain way, in turns, on one thread."""
    import torch

    from heurex.zoo.batched import CHUNK, Batch
    from heurex.zoo.recipe import Recipe

    torch.set_num_threads(1)
    rows: list[tuple[str, ...]] = []
    for d, n in ((2, 2), (4, 3), (8, 4), (16, 10)):
        batch = Batch(Recipe(d, n, 2**30), SEEDS)

        def together(batch: Batch = batch) -> None:
            for start in range(0, STEPS, CHUNK):
                batch.advance(min(CHUNK, STEPS - start))

        found = take_turns({"five": together, "one": plain_loop(d, n, 0)}, ROUNDS)
        five, one = found["five"] / STEPS, found["one"] / STEPS
        rows.append(
            (f"({d},{n})", duration(five), duration(one), f"{five / one:.2f}", f"{five / 5 / one:.2f}")
        )
    print_table(
        f"a training step, median of {ROUNDS} rounds of {STEPS} steps",
        ("model", "5 seeds, heurex", "1 seed, plain loop", "ratio", "ratio a seed"),
        rows,
    )


def show_accuracies() -> None:
    """M_{4,3}, seeds 0 to 4, 2^27 sequences: exact accuracy, and how many of the 16 checks fail."""
    import heurex
    from heurex.zoo.recipe import Recipe
    from heurex.zoo.train import train

    rows: list[tuple[str, ...]] = []
    with tempfile.TemporaryDirectory() as folder:
        for seed, path in enumerate(train(Recipe(4, 3, 2**27), SEEDS, Path(folder))):
            model = heurex.load(path)
            order = heurex.canonical_order(model)
            try:
                heurex.estimate(model, "original")
                failed = 0
            except heurex.NotApplicable as problem:
                failed = len(problem.failed)
            rows.append(
                (str(seed), f"{100 * heurex.estimate(model).value:.2f}%", f"{16 - failed} of 16", str(order))
            )
    print_table(
        "M_{4,3} after 2^27 sequences", ("seed", "accuracy", "checks that hold", "in the order"), rows
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.add_argument("--accuracies", action="store_true", help="also train five seeds: some minutes")
    wanted = parser.parse_args().accuracies
    show_times()
    if wanted:
        show_accuracies()
