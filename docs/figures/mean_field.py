"""Draw docs/figures/mean_field.png: the bias that stays, by how many of the largest inputs are kept.

Run ``python docs/figures/mean_field.py`` from the repository root. The figures are those of the tables in
docs/mean-field.md, which ``python -m benchmarks.mean_field`` prints.
"""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from heurex.report.style import BLUE, GREEN, ORANGE, STYLE, VERMILLION, save_figure

HERE = Path(__file__).parent
PAGE = HERE.parent / "mean-field.md"
STYLES = {
    "path": (BLUE, "o"),
    "linearised": (ORANGE, "s"),
    "gradient": (GREEN, "^"),
    "last exact": (VERMILLION, "D"),
}


def tables() -> list[tuple[str, dict[str, list[tuple[int, float, float]]]]]:
    """For each table its title and, by variant, rank, mean bias on copies and its standard error, in per cent."""
    found: list[tuple[str, dict[str, list[tuple[int, float, float]]]]] = []
    for line in PAGE.read_text().splitlines():
        title = re.match(r"(.*), accuracy [\d.]+%; copies with noise ([\d.]+)", line)
        if title:
            found.append((f"{title[1].split(' (`')[0].replace(' own', '')}, noise {title[2]}", {}))
        row = re.match(r"\| ([a-z ]+) \| (\d) \| [^|]* \| ([+-][\d.]+) \+- ([\d.]+) \|", line)
        if row and row[1] in STYLES:
            found[-1][1].setdefault(row[1], []).append((int(row[2]), float(row[3]), float(row[4])))
    return found


def draw() -> None:
    """One panel for each ensemble of copies; an open mark is a negative bias, or one that is not told from 0."""
    panels = tables()
    with matplotlib.rc_context(STYLE):
        figure, axes = plt.subplots(1, len(panels), figsize=(7.5, 2.6), sharey=True, layout="constrained")
        for axis, (title, variants) in zip(axes, panels, strict=True):
            for shift, (name, points) in enumerate(variants.items()):
                colour, mark = STYLES[name]
                # what is not told from 0 is drawn at its standard error, or at the foot
                x = [rank + 0.05 * (shift - 1.5) for rank, _, _ in points]
                y = [max(abs(bias), error, 0.01) for _, bias, error in points]
                axis.plot(x, y, "-", color=colour, lw=1)
                for at, size, (_, bias, error) in zip(x, y, points, strict=True):
                    axis.errorbar(
                        at, size, [[min(error, 0.9 * size)], [error]], fmt=mark, color=colour, ms=4.5, lw=0.8,
                        mfc=colour if bias > error else "white", label=name if at == x[0] else None,
                    )  # fmt: skip
            axis.set(title=title, yscale="log", ylim=(0.008, 30), xticks=[2, 3, 4], xlim=(1.7, 4.3))
            axis.set_xlabel("inputs that are kept, k")
        axes[0].set_ylabel("mean of estimate minus truth\nover 16 noisy copies, %, absolute")
        axes[0].set_yticks([0.01, 0.1, 1, 10], ["0.01", "0.1", "1", "10"])
        axes[0].legend(loc="lower left", frameon=False)
        save_figure(figure, HERE / "mean_field.png")


if __name__ == "__main__":
    draw()
