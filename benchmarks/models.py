"""Microseconds per model of exact accuracy, two ways, and of two explanations of M_{4,3}, beside sampling."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from benchmarks.table import console, duration, print_table, take_turns

__all__ = ["show"]

COPIES = 256
SAMPLES = 1_000_000

_FIRST = """
import sys, time, heurex
from heurex import estimators
stack = heurex.noisy_copies(heurex.load("m43"), 0.05, 2)
start = time.perf_counter()
eval(f"estimators.{sys.argv[1]}").estimate_stack(stack)
print(time.perf_counter() - start)
"""


def first_call(name: str, cache: str) -> float:
    """Seconds of the first batch in a fresh interpreter, compiling or loading included."""
    command = [sys.executable, "-c", _FIRST, name]
    environment = {**os.environ, "HEUREX_KERNEL_CACHE": cache}
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=300)
    return float(answer.stdout)


def show(quick: bool) -> None:
    """Print the table."""
    import heurex
    from heurex import estimators

    model = heurex.load("m43")
    stack = heurex.noisy_copies(model, 0.05, COPIES)
    chosen = {
        'Exact(by="strips")': estimators.Exact(),
        'Exact(by="regions")': estimators.Exact(by="regions"),
        "Original()": estimators.Original(),
        "Symmetric()": estimators.Symmetric(),
    }
    calls = {name: (lambda one=one: one.estimate_stack(stack)) for name, one in chosen.items()}
    sampling = estimators.Sampling(samples=SAMPLES)
    times = take_turns({**calls, "Sampling": lambda: sampling.estimate(model)}, 3 if quick else 7)
    sampled = times.pop("Sampling")
    rows = []
    for name, seconds in times.items():
        each = seconds / COPIES
        with tempfile.TemporaryDirectory() as folder:
            compiling = duration(first_call(name, folder)) if not quick else "not timed"
            loading = duration(first_call(name, folder)) if not quick else "not timed"
        worst = f"{max(calls[name]().numerical_error):.1e}"
        rows.append((name, duration(each), worst, f"{sampled / each:,.0f}", compiling, loading))
    rows.append(
        (
            f"Sampling, {SAMPLES:,}",
            duration(sampled),
            f"{sampling.estimate(model).standard_error:.1e}",
            "1",
            "",
            "",
        )
    )
    head = ["estimator", "time per model", "error", "times faster", "compiling", "loading"]
    print_table(f"Batches of {COPIES} noisy copies of M_{{4,3}}, one core", head, rows)
    console.print(
        "error: worst bound on the evaluation (sampling: standard error). Compiling, loading: the first batch "
        "of a\nfresh interpreter, with an empty and with a filled kernel cache."
    )
