"""Draw docs/figures/symmetric_variants.png: RMS error against operations of the symmetric explanation's variants.

Run ``python docs/figures/symmetric_variants.py`` from the repository root. The figures are those of the table in
docs/symmetric-variants.md, which ``python benchmarks/symmetric_variants.py --markdown`` prints.
"""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from heurex.report.style import BLACK, BLUE, GREY, ORANGE, STYLE, save_figure

HERE = Path(__file__).parent
PAGE = HERE.parent / "symmetric-variants.md"


def table() -> list[tuple[str, float, float]]:
    """Variant, mean over three ensembles of the RMS error in per cent, operations."""
    rows = re.findall(r"^\| (.*?) \| ([\d.]+ / [\d.]+ / [\d.]+) \|.*\| ([\d,]+) \|$", PAGE.read_text(), re.M)
    return [
        (name, sum(map(float, errors.split("/"))) / 3, float(ops.replace(",", "")))
        for name, errors, ops in rows
    ]


NAMED = {
    "as in the note": ("as in the note", (0, -14), "center"),
    'condition="all"': ("the network's own gates", (6, 4), "left"),
    'keep="hh"': ("all of w_hh kept", (0, -14), "center"),
    'condition="all", keep="hh"': ("both", (6, 4), "left"),
    'noise="none"': ("no noise", (-4, 8), "left"),
    'noise="none", keep="hh"': ("w_hh kept, no noise", (-4, 7), "left"),
    'moments="half-gaussian"': ("noise with true moments", (-4, 7), "right"),
}


def draw() -> None:
    """Variants as points, with lines at the constant guess and at the operations of the exact accuracy."""
    rows = table()
    exact = next(ops for name, _, ops in rows if name.startswith("exact"))
    guess = float(re.search(r"^\| a constant: .*? \| ([\d.]+)", PAGE.read_text(), re.M)[1])
    with matplotlib.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
        for name, error, ops in rows:
            if not error:
                continue
            kept = 'keep="hh"' in name
            axes.plot(ops, error, "^" if kept else "o", color=ORANGE if kept else BLUE, ms=5.5)
            if name in NAMED:
                text, shift, side = NAMED[name]
                axes.annotate(text, (ops, error), shift, textcoords="offset points", ha=side, fontsize=8)
        axes.axhline(guess, color=GREY, lw=0.9, ls="--")
        axes.text(1.25e7, guess * 0.94, "a constant guess", fontsize=8, color=GREY, va="top", ha="right")
        axes.axvline(exact, color=BLACK, lw=0.9, ls=":")
        axes.text(exact * 1.08, 0.05, "operations of the\nexact accuracy", fontsize=8)
        axes.plot([], [], "o", color=BLUE, label="w_hh symmetric, the rest noise")
        axes.plot([], [], "^", color=ORANGE, label="all of w_hh kept")
        axes.set(xscale="log", yscale="log", xlim=(1.2e3, 1.3e7), ylim=(0.018, 18))
        axes.set(xlabel="operations, square root and arctangent 10", ylabel="RMS error on noisy copies, %")
        axes.set_yticks([0.03, 0.1, 0.3, 1, 3, 10], ["0.03", "0.1", "0.3", "1", "3", "10"])
        axes.legend(loc="lower right", frameon=False, fontsize=8)
        save_figure(figure, HERE / "symmetric_variants.png")


if __name__ == "__main__":
    draw()
