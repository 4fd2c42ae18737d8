"""Draw docs/figures/cone_errors.png: true and returned errors on the frozen tables, by how flat the cone is.

Run ``python docs/figures/cone_errors.py`` from the repository root.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import matplotlib
import numpy as np

from heurex import cone_fraction

matplotlib.use("Agg")
import matplotlib.pyplot as plt

HERE = Path(__file__).parent
TABLES = HERE.parents[1] / "tests" / "data" / "cones"
FLOOR = 1e-20  # where a computed value is the exact one, rounded


def draw() -> None:
    """One panel for each dimension."""
    plt.rcParams.update({"font.size": 9})
    figure, panels = plt.subplots(1, 3, figsize=(9, 3.2), sharey=True, layout="constrained")
    rng = np.random.default_rng(0)
    for n, panel in zip((4, 5, 6), panels, strict=True):
        rows = json.loads((TABLES / f"orthants_{n}.json").read_text())["rows"]
        flatness = np.array([row[0] for row in rows])
        values, errors = cone_fraction(np.array([row[2] for row in rows]), return_error=True, workers=1)
        pairs = zip(values.tolist(), rows, strict=True)
        true = np.array([float(abs(Decimal(value) - Decimal(row[3]))) for value, row in pairs])
        spread = flatness * 10 ** rng.uniform(-0.3, 0.3, len(rows))
        panel.loglog(spread, np.maximum(true, FLOOR), ".", ms=2.5, color="C0", label="true error")
        panel.loglog(spread, errors, ".", ms=2.5, color="C3", label="error returned")
        panel.set_title(f"n = {n}, {len(rows):,} cones")
        panel.set_xlabel("flatness (1: random cone)")
        panel.invert_xaxis()
        print(n, *(f"{x:.1e}" for x in (np.median(true), true.max(), np.median(errors), errors.max())))
    panels[0].set_ylabel("absolute error")
    panels[2].legend(loc="lower left", bbox_to_anchor=(0, 0.1), markerscale=4)
    figure.savefig(HERE / "cone_errors.png", dpi=110)


if __name__ == "__main__":
    draw()
