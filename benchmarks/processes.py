"""Seconds from the shell's prompt to the answer."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from statistics import median
from time import perf_counter

from benchmarks.table import duration, print_table

__all__ = ["show"]

_HEUREX = (sys.executable, "-c", "from heurex.cli import main; main()")


def seconds_of(command: Sequence[str], cache: str) -> float:
    """Wall time of one process, with kernels cached in a folder."""
    environment = {**os.environ, "HEUREX_KERNEL_CACHE": cache}
    start = perf_counter()
    subprocess.run(command, env=environment, capture_output=True, check=True, timeout=300)
    return perf_counter() - start


def show(quick: bool) -> None:
    """Print the table; each cold run has an empty cache of its own."""
    rounds = 3 if quick else 5
    estimate = (*_HEUREX, "estimate", "m43")
    cold, warm, others = (
        [],
        [],
        {"heurex --version": [], "python -c 'import heurex'": [], "python -c pass": []},
    )
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            cold.append(seconds_of(estimate, folder))
            warm.append(seconds_of(estimate, folder))
            others["heurex --version"].append(seconds_of((*_HEUREX, "--version"), folder))
            for name, code in (("python -c 'import heurex'", "import heurex"), ("python -c pass", "pass")):
                others[name].append(seconds_of((sys.executable, "-c", code), folder))
    times = {"heurex estimate m43, no kernels cached": cold, "heurex estimate m43, again": warm, **others}
    rows = [
        (name, duration(median(values)), f"{duration(min(values))} to {duration(max(values))}")
        for name, values in times.items()
    ]
    print_table(f"Whole processes, {rounds} runs each", ["command", "median", "range"], rows)
