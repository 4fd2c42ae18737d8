"""Draw docs/figures/sharpness.png: estimates and exact accuracy of the hand-built (4,3) models, by their sharpness.

Run ``python docs/figures/sharpness.py`` from the repository root.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np

import heurex

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from heurex.report.style import BLACK, BLUE, GREEN, ORANGE, STYLE, VERMILLION, save_figure

HERE = Path(__file__).parent
METHODS = {
    "exact": ("the truth", BLACK, "-"),
    "original": ("merged regions, latent gates (the note)", VERMILLION, "-"),
    "original?gates=mean": ("merged, mean gates", ORANGE, "-."),
    "original?gates=exact": ("merged, exact gates", BLUE, "--"),
    "response": ("response", GREEN, ":"),
}


def draw() -> None:
    """Accuracy against sharpness, from 1 to 100."""
    sharpness = np.geomspace(1.02, 100, 81)
    with matplotlib.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
        for spec, (label, colour, line) in METHODS.items():
            (method,) = heurex.read_methods([spec])
            values = [
                method.estimate(heurex.load(f"hand:2nd_argmax_3?sharpness={x:.6g}")).value for x in sharpness
            ]
            axes.plot(sharpness, values, color=colour, ls=line, lw=1.6, label=label)
        axes.set(
            xscale="log", xlabel="sharpness of the hand-built model", ylabel="accuracy", ylim=(0.55, 1.01)
        )
        axes.set_xticks([1, 3, 10, 30, 100], ["1", "3", "10", "30", "100"])
        axes.legend(loc="lower left", frameon=False)
        save_figure(figure, HERE / "sharpness.png")


if __name__ == "__main__":
    draw()
