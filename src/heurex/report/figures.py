"""Static figures, drawn from rows of the results table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from heurex.report.style import CLEAN_COLOUR, COPY_COLOUR, LINE_COLOUR, STYLE, save_figure
from heurex.results import Row
from heurex.scoring.scan import Scan

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["STYLE", "figure1", "save_figure", "scan_figure"]


def figure1(rows: Sequence[Row], seed: int) -> Figure:
    """The note's Figure 1: estimate against exact accuracy, one panel for each estimator, one dot a model.

    Source: Hilton (2024), Figure 1 (the same quantities, on our retrained model).
    """
    import matplotlib
    from matplotlib.figure import Figure

    titles = {"original": "Original version", "symmetric": "Version based on George's approach"}
    kept = [row for row in rows if row.origin == "clean" or row.seed == seed]
    truth = {row.model_hash: row.value for row in kept if row.estimator == "exact"}
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(8.4, 4.3), layout="constrained")
        panels = figure.subplots(1, 2, sharex=True, sharey=True)
        shown = [value for row in kept if (value := row.value) is not None]
        low = min(shown) - 0.01
        for axes, (name, title) in zip(panels, titles.items(), strict=True):
            axes.axline((low, low), slope=1, color=LINE_COLOUR, lw=0.8, zorder=1, label="estimate = truth")
            for origin, colour, size, label in (
                ("noisy copy", COPY_COLOUR, 9, "noisy copies"),
                ("clean", CLEAN_COLOUR, 40, "trained model"),
            ):
                pairs = [
                    (truth[row.model_hash], row.value)
                    for row in kept
                    if row.estimator == name and row.origin == origin and row.value is not None
                ]
                x, y = [exact for exact, _ in pairs], [estimate for _, estimate in pairs]
                axes.scatter(x, y, s=size, color=colour, alpha=0.85, lw=0, label=label, zorder=2)
            axes.set(title=title, xlabel="exact accuracy", xlim=(low, 1.0), ylim=(low, 1.0), aspect="equal")
        panels[0].set_ylabel("estimated accuracy")
        panels[0].legend(loc="upper left", frameon=False)
    return figure


def scan_figure(found: Scan, title: str) -> Figure:
    """RMS error and bias against a setting, with 95% bootstrap bands; the least RMS error is marked."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.4, 3.4), layout="constrained")
        axes = figure.subplots()
        for key, colour, label in (("rmse", COPY_COLOUR, "RMS error"), ("bias", CLEAN_COLOUR, "bias")):
            line = [100 * getattr(one, key) for one in found.scores]
            low, high = zip(*(getattr(one, f"{key}_interval") for one in found.scores), strict=True)
            axes.plot(found.values, line, color=colour, label=label)
            axes.fill_between(
                found.values, [100 * x for x in low], [100 * x for x in high], color=colour, alpha=0.2, lw=0
            )
        axes.axhline(0, color=LINE_COLOUR, lw=0.6)
        axes.axvline(found.best, color=LINE_COLOUR, lw=0.6, ls=":")
        axes.set(title=title, xlabel=found.setting, ylabel="per cent of accuracy")
        axes.legend(frameon=False)
    return figure
