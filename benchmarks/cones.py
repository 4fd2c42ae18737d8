"""Time per cone and error: heurex, the frozen all-pairs peer, scipy's normal distribution, R's mvtnorm."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from time import perf_counter, thread_time
from typing import Any

import mpmath
import numpy as np

from benchmarks.all_pairs import all_pairs_lockstep, all_pairs_scalar
from benchmarks.peers import NO_R, has_mvtnorm, mvtnorm, scipy_fractions
from benchmarks.table import console, duration, print_table, take_turns
from heurex import kernels
from heurex.cones import event, polyhedral, sphere, sphere_batch

__all__ = ["Row", "show"]

HEUREX = "heurex, lock-step"
_TABLES = Path(__file__).parents[1] / "tests" / "data" / "cones"


@dataclass(frozen=True, slots=True)
class Row:
    """One method on cones of one dimension and number of half-spaces; times of one thread."""

    n: int
    k: int
    cones: str
    method: str
    seconds: float
    error: float
    ratio: float  # time over that of the first heurex row


def random_cones(k: int, count: int) -> np.ndarray:
    """Gaussian normals in 3-space, every row turned towards a common point, so that no cone is empty."""
    rng = np.random.default_rng([0, 3, k])
    normals = rng.standard_normal((count, k, 3))
    inside = rng.standard_normal((count, 3, 1))
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


def _heurex(kernel: Any, status: type, normals: np.ndarray) -> Callable[[], np.ndarray]:
    size = len(normals)
    values, errors, statuses = np.empty(size), np.empty(size), np.empty(size, status)

    def call() -> np.ndarray:
        kernel.fractions(normals, values, errors, statuses)
        return values

    return call


def _peer(kernel: Callable[[np.ndarray, np.ndarray], None], normals: np.ndarray) -> Callable[[], np.ndarray]:
    values = np.empty(len(normals))

    def call() -> np.ndarray:
        kernel(normals, values)
        return values

    return call


def _worst(values: np.ndarray, exact: list[Decimal]) -> float:
    pairs = zip(values[: len(exact)].tolist(), exact, strict=False)
    return max((float(abs(Decimal(value) - truth)) for value, truth in pairs), default=float("nan"))


def _from_outside(
    n: int, k: int, kind: str, few: np.ndarray, exact: list[Decimal], base: float
) -> Iterator[Row]:
    """scipy on the first three cones, for it takes up to seconds each; R's mvtnorm on all of the few."""
    start = perf_counter()
    values = scipy_fractions(few[:3])
    taken = (perf_counter() - start) / len(values)
    yield Row(n, k, kind, "scipy, abseps 1e-5", taken, _worst(values, exact), taken / base)
    for name, (seconds, found) in mvtnorm(few).items():
        yield Row(n, k, kind, name, seconds, _worst(found, exact), seconds / base)


def rows_for_three(k: int, kind: str, count: int, rounds: int, *, outside: bool = True) -> Iterator[Row]:
    """Everything that measures cones in 3-space, on the same random cones with k half-spaces."""
    count -= count % 128
    normals = random_cones(k, count)
    if kind == "random":
        normals = np.random.default_rng([1, 3, k]).standard_normal((count, k, 3))
    part = max(128, count // 8)
    calls = {
        HEUREX: (_heurex(kernels.compiled(sphere_batch), np.bool_, normals), count),
        "heurex, scalar": (_heurex(kernels.compiled(sphere), np.bool_, normals[:part]), part),
        "all pairs, lock-step": (_peer(all_pairs_lockstep, normals), count),
        "all pairs, scalar": (_peer(all_pairs_scalar, normals[:part]), part),
    }
    exact = [Decimal(mpmath.nstr(reference(rows), 30)) for rows in normals[:64]]
    times = take_turns({name: call for name, (call, _) in calls.items()}, rounds, thread_time)
    base = times[HEUREX] / count
    for name, (call, size) in calls.items():
        seconds = times[name] / size
        yield Row(3, k, kind, name, seconds, _worst(call(), exact), seconds / base)
    if outside:
        yield from _from_outside(3, k, kind, normals[:20], exact, base)


def rows_for_orthants(n: int, count: int, rounds: int) -> Iterator[Row]:
    """Random cones of n half-spaces in n-space, against fractions frozen with the tests."""
    table = json.loads((_TABLES / f"orthants_{n}.json").read_text())["rows"]
    chosen = [row for row in table if row[0] == 1.0][:count]
    normals, exact = np.array([row[2] for row in chosen]), [Decimal(row[3]) for row in chosen]
    call = _heurex(kernels.compiled(polyhedral), np.int8, normals)
    base = take_turns({"heurex": call}, rounds, thread_time)["heurex"] / len(normals)
    yield Row(n, n, "random", "heurex", base, _worst(call(), exact), 1.0)
    yield from _from_outside(n, n, "random", normals[: 20 if n < 6 else 3], exact, base)


def random_events(count: int) -> np.ndarray:
    """Events of the symmetric explanation: two signs, two comparisons of inputs, two of logits with noise."""
    rng = np.random.default_rng(6)
    rows = np.zeros((count, 6, 5))
    rows[:, :2, :3] = rng.standard_normal((count, 2, 3))
    rows[:, 2, :3], rows[:, 3, :3] = (1.0, -1.0, 0.0), (0.0, 1.0, -1.0)
    rows[:, 4:] = rng.standard_normal((count, 2, 5))
    rows[:, 4, 4] = 0.0
    return rows


def rows_for_events(count: int, rounds: int) -> Iterator[Row]:
    """The 6 half-spaces of an event; no frozen values, so each heurex method is the other's reference."""
    normals = random_events(count)
    special, general = kernels.compiled(event), kernels.compiled(polyhedral)
    any_shape = _heurex(general, np.int8, normals)
    calls = {"heurex, events": lambda: special.event_fractions(normals)[0], "heurex, any cone": any_shape}
    times = take_turns(calls, rounds, thread_time)
    one, two = calls["heurex, events"](), any_shape()
    error = float(np.max(np.abs(one - two)))
    base = times["heurex, events"] / count
    for name, seconds in times.items():
        yield Row(5, 6, "event", name, seconds / count, error, seconds / count / base)
    exact = [Decimal(value) for value in one.tolist()]
    yield from _from_outside(5, 6, "event", normals[:5], exact, base)


def show(quick: bool) -> None:
    """Print one table for all dimensions."""
    rounds = 3 if quick else 5
    rows: list[Row] = []
    for k in (3, 4, 6) if quick else range(3, 9):
        count = 2**18 if quick else 1_000_000 if k in (4, 6) else 2**18
        rows += rows_for_three(k, "nonempty", count, rounds)
        if k in (4, 6):
            rows += rows_for_three(k, "random", count, rounds, outside=False)
    for n, count in ((4, 1000), (5, 300), (6, 20 if quick else 50)):
        rows += rows_for_orthants(n, count, rounds)
    rows += rows_for_events(200, rounds)
    head = ["n", "k", "cones", "method", "time per cone", "worst error", "ratio"]
    cells = [
        (str(r.n), str(r.k), r.cones, r.method, duration(r.seconds), f"{r.error:.1e}", f"{r.ratio:,.2f}")
        for r in rows
    ]
    print_table("Cones with k half-spaces in n dimensions, one thread", head, cells, group=3)
    console.print(
        "ratio: time over that of the first row of its group. Processor time of the thread (peers outside: wall).\n"
        "Errors of events: between heurex's two methods, or from scipy to the first."
    )
    if not has_mvtnorm():
        console.print(NO_R)
