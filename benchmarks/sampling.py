"""Sampling: errors of its designs, nanoseconds a sample, and exact accuracy beside sampling to an RMS error of 1e-4."""

from __future__ import annotations

from collections.abc import Callable
from time import thread_time

import numpy as np

from benchmarks.table import console, duration, print_table, take_turns

__all__ = ["show"]

COPIES = 256
WANTED = 1e-4
_SIZES = ((4, 3), (16, 10))
_INPUTS = 2**14
_DRAWN = 2**18


def _forward_only(d: int, n: int, dtype: type) -> Callable[[], object]:
    """Forward pass, answer and label of inputs that lie ready, 16 times over."""
    from heurex import kernels
    from heurex.estimators import sampling_kernel

    rng = np.random.default_rng([d, n])
    shapes = ((d,), (d, d), (n, d))
    weights = [(rng.standard_normal(shape) / d**0.5).astype(dtype) for shape in shapes]
    x = rng.standard_normal((n, _INPUTS)).astype(dtype)
    right, answers = np.zeros((1, _INPUTS), np.bool_), np.zeros((0, 0), np.int64)
    kernel = kernels.compiled(sampling_kernel).outcomes

    def call() -> None:
        for _ in range(_DRAWN // _INPUTS):
            kernel(*weights, x, right, answers)

    return call


def _designs(quick: bool) -> None:
    """Errors of all designs on the same copies; nothing is timed, so that the table comes out the same."""
    import heurex
    from heurex.estimators import Exact, Sampling

    model = heurex.load("m43")
    copies = heurex.noisy_copies(model, 0.05, COPIES)
    truth = Exact().estimate_stack(copies).value
    others = Exact().estimate_stack(heurex.noisy_copies(model, 0.05, 1024, seed=1)).value
    known = {"towards": float(others.mean()), "spread": float(others.std())}
    designs: dict[str, dict[str, object]] = {
        "plain": {},
        "antithetic": {"design": "antithetic"},
        "stratified": {"design": "stratified"},
        **{f"sobol, {k} scramblings": {"design": "sobol", "scramblings": k} for k in (8, 4, 2)},
        "plain, shrunk": known,
    }
    rows = []
    for samples in (64, 1024, 16384):
        plain = 0.0
        for name, settings in designs.items():
            squares, variances = [], []
            for seed in range(1 if quick else 8):
                estimator = Sampling(samples=samples, seed=seed, **settings)
                found = estimator.estimate_stack(copies)
                squares.append((found.value - truth) ** 2)
                variances.append(found.standard_error**2)
            rmse, reported = (float(np.mean(part)) ** 0.5 for part in (squares, variances))
            ops = Sampling(samples=samples, **settings).estimate(copies[0]).ops.total()
            plain = plain or rmse**2 * ops
            numbers = (
                f"{ops:,}",
                f"{100 * rmse:.3f}%",
                f"{100 * reported:.3f}%",
                f"{plain / (rmse**2 * ops):.2f}",
            )
            rows.append((f"{samples:,}", name, *numbers))
    head = ["samples", "design", "operations", "RMS error", "reported", "advantage"]
    print_table(
        f"Designs of sampling on {COPIES} noisy copies of M_{{4,3}}, {len(squares)} draws each", head, rows, 1
    )
    console.print(
        "reported: RMS of the standard errors. advantage: operations of plain sampling for the same RMS error over "
        "the design's.\nShrunk towards the mean of 1,024 other copies."
    )


def show(quick: bool) -> None:
    """Print the tables and the ratio."""
    import heurex
    from heurex.estimators import Exact, sampled_accuracy

    _designs(quick)
    copies = heurex.noisy_copies(heurex.load("m43"), 0.05, COPIES)
    rng = np.random.default_rng(0)
    large = heurex.Rnn(*(rng.standard_normal(shape) / 4 for shape in ((16,), (16, 16), (10, 16))))
    models = {(4, 3): copies[0], (16, 10): large}
    calls: dict[str, Callable[[], object]] = {"exact": lambda: Exact().estimate_stack(copies)}
    for d, n in _SIZES:
        for dtype in ("float32", "float64"):
            calls[f"{d} {n} {dtype} forward"] = _forward_only(d, n, np.dtype(dtype).type)
            calls[f"{d} {n} {dtype} drawn"] = lambda size=(d, n), dtype=dtype: sampled_accuracy(
                models[size], _DRAWN, dtype=dtype
            )
    times = take_turns(calls, 5 if quick else 15, thread_time)
    rows = []
    for d, n in _SIZES:
        for dtype in ("float32", "float64"):
            forward, drawn = (times[f"{d} {n} {dtype} {what}"] / _DRAWN for what in ("forward", "drawn"))
            rows.append(
                (f"({d}, {n})", dtype, duration(forward), f"{1e-6 / forward:.3g} M/s", duration(drawn))
            )
    head = ["(d, n)", "type", "forward pass", "a second", "with drawing"]
    print_table("The compiled sampler: processor time a sample, one thread", head, rows)

    truth = Exact().estimate_stack(copies).value
    samples = float(np.mean(truth * (1 - truth))) / WANTED**2
    exact = times["exact"] / COPIES
    forward, drawn = (samples * times[f"4 3 float32 {what}"] / _DRAWN for what in ("forward", "drawn"))
    console.print(
        f"Exact accuracy of a noisy copy of M_{{4,3}}, in a batch of {COPIES}: {duration(exact)}.\n"
        f"Sampling to an RMS error of {WANTED:g} over the copies takes mean p(1-p) / {WANTED:g}^2 = {samples:.3g} "
        f"samples a model:\n{duration(forward)} for float32 forward passes alone, {duration(drawn)} with drawing "
        "(time a sample times their number,\nnot run out). "
        f"Exact is {forward / exact:,.0f} and {drawn / exact:,.0f} times as fast.\n"
        "Medians of calls that took turns, round by round. Forward pass: from inputs that lie ready to right or\n"
        "wrong, the label included. With drawing: normal numbers by NumPy's Philox, in that type."
    )
