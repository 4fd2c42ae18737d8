"""Measure selection bits for the bundled sizes and scales, and write them down with everything that made them.

Run ``python benchmarks/selection_bits.py --out src/heurex/scoring/data/selection_bits.json`` from the repository root:
tens of minutes. ``--only 2,2`` measures one size and keeps what the file holds of the other.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from heurex import __version__
from heurex.estimators import Exact
from heurex.scoring.selection.bits import split
from heurex.scoring.selection.counting import GRID, accuracies
from heurex.scoring.selection.near import NearNetworks
from heurex.scoring.selection.networks import RandomNetworks, comparable
from heurex.scoring.selection.result import Effort, SelectionBits
from heurex.scoring.selection.workers import Workers
from heurex.zoo import load

SCALES = (0.5, 1.0, 2.0)
SEED = 0
ARC_M22 = 1 - 7.7431e-5  # AlgZoo's own (2, 2), whose weights are not bundled
RADIUS = 0.1
LEAST = 10  # counts below this are left out

EFFORTS = {
    (2, 2): Effort(samples=16_000_000, particles=4000, moves=10, replicates=16),
    (4, 3): Effort(samples=2_000_000, particles=3000, moves=10, replicates=8),
}
NEAR = Effort(particles=400, moves=10, replicates=8)
WIDE_43 = 0.65
"""Splitting over all (4, 3) networks goes so far; beyond, it comes to kinds of networks that end below 0.95."""


def log2(replicates: np.ndarray) -> list[list[float | None]]:
    """Base-2 logarithms to 6 decimals, None for 0."""
    return [[round(float(np.log2(p)), 6) if p > 0 else None for p in row] for row in replicates]


def splitting_record(
    networks: RandomNetworks, target: float, more: list[float], effort: Effort
) -> dict[str, Any]:
    """One run of splitting as a record."""
    begun = time.process_time()
    found: SelectionBits = split(
        networks, target, SEED, effort, Workers(effort.threads, effort.advance), more
    )
    print(f"  {found.event}: {found.bits:.2f} bits {found.interval}, {found.evaluations:,}", flush=True)
    curve = found.survival
    assert curve is not None
    assert curve.replicates is not None
    return {
        "event": found.event,
        "effort": effort.settings(),
        "evaluations": found.evaluations,
        "cpu_s": round(time.process_time() - begun, 1),
        "levels": list(found.levels),
        "accuracies": curve.accuracies.tolist(),
        "log2_probability": log2(curve.replicates),
    }


def case(hidden_size: int, seq_len: int, scale: float, threads: int) -> dict[str, Any]:
    """One size and scale."""
    print(f"({hidden_size}, {seq_len}) at {scale}", flush=True)
    networks = RandomNetworks(hidden_size, seq_len, scale)
    effort = replace(EFFORTS[hidden_size, seq_len], threads=threads)
    if hidden_size == 2:
        own = Exact().estimate(load("m22")).value
        runs = [splitting_record(networks, max(own, ARC_M22), [min(own, ARC_M22)], effort)]
    else:
        model = load("m43")
        near = NearNetworks(hidden_size, seq_len, scale, model=model, radius=RADIUS)
        runs = [
            splitting_record(networks, WIDE_43, [], effort),
            splitting_record(near, Exact().estimate(model).value, [], replace(NEAR, threads=threads)),
        ]
    begun = time.process_time()
    values = accuracies(networks, effort.samples, SEED, Workers(threads, effort.advance))
    grid = np.unique([*GRID, *(x for run in runs for x in run["accuracies"])])
    counts = len(values) - np.searchsorted(values, comparable(grid), side="left")
    kept = counts >= LEAST
    counting = {
        "samples": effort.samples,
        "cpu_s": round(time.process_time() - begun, 1),
        "accuracies": grid[kept].tolist(),
        "counts": counts[kept].tolist(),
    }
    return {
        "hidden_size": hidden_size, "seq_len": seq_len, "scale": scale, "prior": networks.words,
        "counting": counting, "splitting": runs,
    }  # fmt: skip


def main() -> None:
    """All cases, written one by one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", default="", help="hidden_size,seq_len")
    parser.add_argument("--threads", type=int, default=2)
    chosen = parser.parse_args()
    kept = json.loads(chosen.out.read_text())["cases"] if chosen.only and chosen.out.exists() else []
    sizes = [tuple(int(x) for x in chosen.only.split(","))] if chosen.only else list(EFFORTS)
    cases = [one for one in kept if (one["hidden_size"], one["seq_len"]) not in sizes]
    for d, n in sizes:
        for scale in SCALES:
            cases.append(case(d, n, scale, chosen.threads))
            cases.sort(key=lambda one: (one["hidden_size"], one["seq_len"], one["scale"]))
            record = {
                "schema": 1, "made_by": "python benchmarks/selection_bits.py", "heurex": __version__, "seed": SEED,
                "cases": cases,
            }  # fmt: skip
            chosen.out.write_text(json.dumps(record) + "\n")


if __name__ == "__main__":
    main()
