"""Selection bits in words, as a record, and as curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from heurex.report.style import LINE_COLOUR, PALETTE, STYLE
from heurex.results import versioned
from heurex.scoring.selection import SelectionBits

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["selection_figure", "selection_lines", "selection_record"]

_WORST: Final = 0.7
"""The error rate at which figures begin."""


def selection_lines(found: SelectionBits) -> str:
    """The answer in a few sentences."""
    low, high = found.interval
    size = f"(d = {found.hidden_size}, n = {found.seq_len})"
    lines = [
        f"{size}, accuracy at least {found.accuracy:.10g}: {found.bits:.2f} bits, 95% interval {low:.2f} to {high:.2f}",
        f"prior: {found.prior}",
        f"event: {found.event}",
        f"probability {found.probability:.3g} by {found.method}, seed {found.seed}, "
        f"{found.evaluations:,} exact accuracies",
    ]
    if found.levels:
        lines.append(f"levels: {len(found.levels)}, from {found.levels[0]:.4f} on")
    return "\n".join(lines)


def selection_record(found: SelectionBits) -> dict[str, Any]:
    """The answer for JSON; infinite bits become null."""
    curve = found.survival
    record: dict[str, Any] = {
        "hidden_size": found.hidden_size,
        "seq_len": found.seq_len,
        "accuracy": found.accuracy,
        "scale": found.scale,
        "bits": found.bits,
        "interval": list(found.interval),
        "probability": found.probability,
        "method": found.method,
        "prior": found.prior,
        "event": found.event,
        "seed": found.seed,
        "evaluations": found.evaluations,
        "levels": list(found.levels),
        "replicates": list(found.replicates),
    }
    if curve is not None:
        rows = zip(curve.accuracies, curve.bits, curve.low, curve.high, strict=True)
        record["survival"] = [
            {"accuracy": float(a), "bits": float(b), "interval": [float(low), float(high)]}
            for a, b, low, high in rows
        ]
    return versioned("selection-bits", record)


def selection_figure(
    panels: Sequence[tuple[str, Sequence[SelectionBits]]],
    models: Sequence[Sequence[tuple[str, float]]],
) -> Figure:
    """Bits against accuracy, one panel for each size, with 95% intervals; counting as dots, splitting as lines.

    Parameters
    ----------
    panels
        For each panel a title and runs with their curves; a colour for each scale, dashes for an event near a model.
    models
        For each panel names and accuracies that are marked.
    """
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter

    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9.0, 4.6), layout="constrained")
        for axes, (title, runs), marked in zip(
            figure.subplots(1, len(panels), squeeze=False)[0], panels, models, strict=True
        ):
            scales = sorted({run.scale for run in runs})
            for run in runs:
                _draw(axes, run, PALETTE[scales.index(run.scale) % len(PALETTE)])
            axes.set(xscale="log", title=title, xlabel="error rate (1 - accuracy)", ylabel="selection bits")
            axes.set_ylim(bottom=0)
            axes.set_xlim(_WORST, 0.8 * min(1 - run.accuracy for run in runs))
            for name, accuracy in marked:
                axes.axvline(1 - accuracy, color=LINE_COLOUR, lw=0.8, ls=":")
                axes.annotate(
                    name, (1 - accuracy, 0.02), xycoords=("data", "axes fraction"), rotation=90, va="bottom",
                    ha="right", fontsize=7, color=LINE_COLOUR,
                )  # fmt: skip
            axes.xaxis.set_minor_formatter(NullFormatter())
        handles = {
            label: handle
            for axes in figure.axes
            for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
        }
        figure.legend(
            list(handles.values()),
            list(handles),
            frameon=False,
            fontsize=7,
            ncols=3,
            loc="outside lower center",
        )
    return figure


def _draw(axes: Any, run: SelectionBits, colour: str) -> None:
    curve = run.survival
    if curve is None:
        return
    wrong, label = 1 - curve.accuracies, f"scale {run.scale:g}, {run.method}"
    if run.method == "counting":
        wrong, bits, low, high = (column[::8] for column in (wrong, curve.bits, curve.low, curve.high))
        axes.errorbar(
            wrong, bits, (bits - low, high - bits), fmt=".", ms=3, lw=0.7, color=colour, label=label
        )
        return
    near = run.event.startswith("a network within")
    axes.plot(
        wrong, curve.bits, color=colour, lw=1, ls="--" if near else "-", label=f"{label}{', near' * near}"
    )
    finite = np.isfinite(curve.high)
    axes.fill_between(wrong[finite], curve.low[finite], curve.high[finite], color=colour, alpha=0.2, lw=0)
