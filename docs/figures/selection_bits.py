"""Draw docs/figures/selection_bits.png from the bundled results, and print the tables of docs/selection-bits.md.

Run ``python docs/figures/selection_bits.py`` from the repository root.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from heurex.estimators import Exact
from heurex.report.figures import save_figure
from heurex.report.selection import selection_figure
from heurex.scoring.selection import bundled_runs, bundled_selection_bits
from heurex.scoring.selection.bundled import bundle
from heurex.zoo import load

ARC_M22 = 1 - 7.7431e-5
PYTORCH_BEST = 1 - (np.pi / 4 - np.arctan(np.sqrt(0.5))) / (2 * np.pi)


def tables() -> None:
    """Bits of the models; splitting beside counting where 1e-5 < P < 1e-3."""
    own = {name: Exact().estimate(load(name)).value for name in ("m22", "m43")}
    for name, d, n, accuracy in (
        ("ARC's (2, 2)", 2, 2, ARC_M22), ("bundled m22", 2, 2, own["m22"]), ("bundled m43", 4, 3, own["m43"]),
    ):  # fmt: skip
        for scale in (0.5, 1.0, 2.0):
            found = bundled_selection_bits(d, n, accuracy, scale)
            low, high = found.interval
            print(
                f"{name}, {scale:g}: {found.bits:.2f} [{low:.2f}, {high:.2f}], {found.evaluations:,}; {found.event}"
            )
    for case in bundle()["cases"]:
        counting, splitting = bundled_runs(case["hidden_size"], case["seq_len"], case["scale"])[:2]
        known = {round(a, 12): i for i, a in enumerate(counting.survival.accuracies)}
        curve, other = splitting.survival, counting.survival
        pairs = [(i, known[round(a, 12)]) for i, a in enumerate(curve.accuracies) if round(a, 12) in known]
        pairs = [(i, j) for i, j in pairs if 1e-5 < 2.0 ** -other.bits[j] < 1e-3]
        overlap = sum(curve.low[i] <= other.high[j] and other.low[j] <= curve.high[i] for i, j in pairs)
        gap = max(abs(curve.bits[i] - other.bits[j]) for i, j in pairs)
        print(
            f"({case['hidden_size']}, {case['seq_len']}) at {case['scale']:g}: {overlap} of {len(pairs)} intervals "
            f"overlap, widest gap {gap:.2f} bits"
        )


def draw() -> None:
    """One panel for each size."""
    panels, models = [], []
    for d, n in ((2, 2), (4, 3)):
        cases = [case for case in bundle()["cases"] if (case["hidden_size"], case["seq_len"]) == (d, n)]
        panels.append((f"d = {d}, n = {n}", [run for c in cases for run in bundled_runs(d, n, c["scale"])]))
    models = [
        [
            ("ARC's and the bundled M22", ARC_M22),
            ("best within PyTorch's initial bounds", float(PYTORCH_BEST)),
        ],
        [("bundled M43", Exact().estimate(load("m43")).value)],
    ]
    save_figure(selection_figure(panels, models), Path(__file__).parent / "selection_bits.png")


if __name__ == "__main__":
    tables()
    draw()
