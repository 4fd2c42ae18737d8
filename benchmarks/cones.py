"""Time per cone and error: heurex, the frozen all-pairs peer, scipy's normal distribution, R's mvtnorm.

Run ``python benchmarks/bench_cones.py [--cones N] [--rounds N]``. All that is timed in this process takes
turns, round by round, and the medians are compared; R times itself in a process of its own.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import mpmath
import numpy as np
from peers_all_pairs import all_pairs_lockstep, all_pairs_scalar
from rich.console import Console
from rich.table import Table

from heurex import kernels
from heurex.cones import sphere, sphere_batch

__all__ = ["Row", "main", "rows_for_three", "show"]

HEUREX = "heurex, lock-step"


@dataclass(frozen=True, slots=True)
class Row:
    """One method on cones of one dimension and number of half-spaces; times of one thread."""

    n: int
    k: int
    method: str
    seconds_per_cone: float
    worst_error: float
    ratio: float  # time over that of the fastest heurex path


Timed = Callable[[np.ndarray], np.ndarray]


def random_cones(n: int, k: int, count: int, seed: int = 0) -> np.ndarray:
    """Gaussian normals, every row turned towards a common point, so that no cone is empty."""
    rng = np.random.default_rng([seed, n, k])
    normals = rng.standard_normal((count, k, n))
    inside = rng.standard_normal((count, n, 1))
    return normals * np.where(normals @ inside < 0, -1.0, 1.0)


def reference(normals: np.ndarray) -> mpmath.mpf:
    """40 digits by all pairs of planes and exterior angles, for cones in general position."""
    with mpmath.workdps(50):
        rows = [[mpmath.mpf(float(x)) for x in row] for row in normals]
        total = mpmath.mpf(0)
        for i, a in enumerate(rows):
            for b in rows[:i]:
                cross = [a[j - 2] * b[j - 1] - a[j - 1] * b[j - 2] for j in range(3)]
                heights = [mpmath.fdot(cross, row) for row in rows if row is not a and row is not b]
                if min(heights) > 0 or max(heights) < 0:
                    total += mpmath.atan2(mpmath.norm(cross), mpmath.fdot(a, b))
        return mpmath.mpf(1) / 2 - total / (4 * mpmath.pi) if total else mpmath.mpf(0)


def _heurex(kernel: object) -> Timed:
    def call(normals: np.ndarray) -> np.ndarray:
        size = len(normals)
        values = np.empty(size)
        kernel.fractions(normals, values, np.empty(size), np.empty(size, bool))  # type: ignore[attr-defined]
        return values

    return call


def _peer(kernel: Callable[[np.ndarray, np.ndarray], None]) -> Timed:
    def call(normals: np.ndarray) -> np.ndarray:
        values = np.empty(len(normals))
        kernel(normals, values)
        return values

    return call


def _scipy(normals: np.ndarray) -> np.ndarray:
    from scipy.stats import multivariate_normal

    multivariate_normal.random_state = np.random.default_rng(0)
    values = []
    for rows in normals:
        unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        zero = np.zeros(len(rows))
        settings = {"allow_singular": True, "abseps": 1e-5, "releps": 0.0}
        values.append(multivariate_normal.cdf(zero, zero, unit @ unit.T, **settings))
    return np.array(values)


def _take_turns(methods: dict[str, tuple[Timed, np.ndarray]], rounds: int) -> dict[str, float]:
    """Median seconds per cone; every round runs every method once."""
    times: dict[str, list[float]] = {name: [] for name in methods}
    for call, cones in methods.values():
        call(cones[:128])
    for _ in range(rounds):
        for name, (call, cones) in methods.items():
            start = perf_counter()
            call(cones)
            times[name].append((perf_counter() - start) / len(cones))
    return {name: median(values) for name, values in times.items()}


def rows_for_three(k: int, cones: int, rounds: int) -> Iterator[Row]:
    """Everything that measures cones in 3-space, on the same random cones with k half-spaces."""
    normals = random_cones(3, k, cones - cones % 128)
    few = normals[:64]
    methods = {
        HEUREX: (_heurex(kernels.compiled(sphere_batch)), normals),
        "heurex, scalar": (_heurex(kernels.compiled(sphere)), normals[: max(64, cones // 8)]),
        "all pairs, lock-step": (_peer(all_pairs_lockstep), normals),
        "all pairs, scalar": (_peer(all_pairs_scalar), normals),
    }
    truth = np.array([reference(rows) for rows in few])
    times = _take_turns(methods, rounds)
    for name, (call, _) in methods.items():
        error = max(abs(float(mpmath.mpf(v) - t)) for v, t in zip(call(few).tolist(), truth, strict=True))
        yield Row(3, k, name, times[name], error, times[name] / times[HEUREX])
    some = few[:5]
    start = perf_counter()
    values = _scipy(some)
    taken = (perf_counter() - start) / len(some)
    error = float(max(abs(values - truth[:5])))
    yield Row(3, k, "scipy, abseps 1e-5", taken, error, taken / times[HEUREX])
    yield from _rows_of_r(few[:20], truth[:20], times[HEUREX])


_R_SCRIPT = """
suppressMessages(library(mvtnorm))
rows <- as.matrix(read.csv(commandArgs(TRUE)[1], header = FALSE))
k <- as.integer(commandArgs(TRUE)[2]); count <- nrow(rows) / k
methods <- list(Miwa = Miwa(steps = 512))
if (k == 3) methods$TVPACK <- TVPACK(abseps = 1e-14)
for (name in names(methods)) {
  start <- proc.time()[["elapsed"]]
  values <- sapply(seq_len(count), function(i) {
    a <- rows[((i - 1) * k + 1):(i * k), ]
    a <- a / sqrt(rowSums(a^2))
    tryCatch(as.numeric(pmvnorm(lower = rep(0, k), upper = rep(Inf, k), corr = a %*% t(a),
                                algorithm = methods[[name]])), error = function(e) NA)
  })
  cat(name, (proc.time()[["elapsed"]] - start) / count, sprintf("%.17g", values), "\\n")
}
"""


def _rows_of_r(normals: np.ndarray, truth: np.ndarray, base: float) -> Iterator[Row]:
    """mvtnorm in one R process; nothing without it, or for k > n (a singular correlation)."""
    count, k, n = normals.shape
    if k > n or not has_mvtnorm():
        return
    with tempfile.TemporaryDirectory() as folder:
        script, data = Path(folder, "time.R"), Path(folder, "rows.csv")
        script.write_text(_R_SCRIPT)
        np.savetxt(data, normals.reshape(count * k, n), delimiter=",", fmt="%.17g")
        command = ["Rscript", str(script), str(data), str(k)]
        answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    for line in answer.stdout.splitlines():
        name, seconds, *values = line.split()
        error = float(np.max(np.abs(np.array(values, float) - truth)))
        yield Row(n, k, f"R mvtnorm, {name}", float(seconds), error, float(seconds) / base)


def has_mvtnorm() -> bool:
    """Whether Rscript is on the path and can load mvtnorm."""
    if shutil.which("Rscript") is None:
        return False
    command = ["Rscript", "-e", "library(mvtnorm)"]
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0


def _duration(seconds: float) -> str:
    for unit, scale in (("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3)):
        if seconds < 1000 * scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds:.3g} s"


def show(rows: list[Row]) -> None:
    """Print one table for all rows, whatever their dimension."""
    table = Table("n", "k", "method", "time per cone", "worst error", "ratio", title="Cones, one thread")
    for before, row in zip([None, *rows], rows, strict=False):
        if before is not None and (before.n, before.k) != (row.n, row.k):
            table.add_section()
        figures = (_duration(row.seconds_per_cone), f"{row.worst_error:.1e}", f"{row.ratio:,.2f}")
        table.add_row(str(row.n), str(row.k), row.method, *figures)
    console = Console()
    console.print(table)
    console.print(f"ratio: time over that of '{HEUREX}', or of the first row where there is none")
    if not has_mvtnorm():
        console.print("R's mvtnorm (TVPACK, Miwa) is not there: install r-base-core and r-cran-mvtnorm")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cones", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    show([row for k in range(3, 9) for row in rows_for_three(k, chosen.cones, chosen.rounds)])


if __name__ == "__main__":
    main()
