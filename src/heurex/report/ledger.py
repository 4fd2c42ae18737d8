"""A ledger of surprise for people: tables, a figure, a record."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from heurex.report.style import BLACK, BLUE, GREEN, LINE_COLOUR, ORANGE, PALE, SKY, STYLE, VERMILLION
from heurex.results import versioned
from heurex.scoring.surprise import Ledger

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["ledger_figure", "ledger_record", "ledger_tables"]

_COLOURS: Final = {
    "structural": ORANGE,
    "check": GREEN,
    "near-equality": SKY,
    "fraction": BLUE,
    "residual": VERMILLION,
}


def ledger_record(ledger: Ledger) -> dict[str, Any]:
    """Everything in a ledger, ready for JSON."""
    return versioned(
        "surprise",
        {
            "model": ledger.model,
            "estimator": ledger.estimator,
            "settings": ledger.settings,
            "estimate": ledger.estimate,
            "exact": ledger.truth,
            "prior": ledger.prior,
            "entries": [asdict(entry) for entry in ledger.entries],
            "explanation_bits": ledger.explanation_bits,
            "residual_bits": ledger.residual_bits,
            "total_bits": ledger.total_bits,
            "baselines": asdict(ledger.baselines)
            | {"selection_bits": [asdict(one) for one in ledger.baselines.selection_bits] or None},
            "resolution": ledger.resolution,
            "curve": {
                "resolution": ledger.curve.resolution.tolist(),
                "explanation": ledger.curve.explanation.tolist(),
                "residual": ledger.curve.residual.tolist(),
            },
            "verdict": ledger.verdict,
        },
    )


def _table(title: str, *columns: str, left: int = 1) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0)
    )
    for i, column in enumerate(columns):
        table.add_column(column, justify="left" if i < left else "right", overflow="fold")
    return table


def ledger_tables(ledger: Ledger, *, every: bool = False) -> RenderableType:
    """Sums by kind, bits by resolution, baselines and verdict; with ``every`` each entry too."""
    head = (
        f"{ledger.model or 'model'}: {ledger.estimator} gives {ledger.estimate:.5f}, the truth is {ledger.truth:.5f}; "
        f"fractions under the prior {ledger.prior}, the estimate to a width of {ledger.resolution:.3g}"
    )
    parts: list[RenderableType] = [head, ""]
    if every:
        parts += [_entries(ledger), ""]
    return Group(*parts, _sums(ledger), "", _by_resolution(ledger), "", _beside(ledger), "", ledger.verdict)


def _entries(ledger: Ledger) -> Table:
    table = _table("entries", "kind", "cell or check", "statement", "prior", "bits", left=4)
    for entry in ledger.entries:
        texts = (escape(text) for text in (entry.kind, entry.cell, entry.statement, entry.prior))
        table.add_row(*texts, f"{entry.bits:.2f}")
    return table


def _sums(ledger: Ledger) -> Table:
    table = _table("bits", "kind", "entries", "of them at 0 bits", "bits")
    for kind, count in ledger.counts().items():
        free = sum(entry.kind == kind and entry.bits == 0 for entry in ledger.entries)
        table.add_row(kind, str(count), str(free), f"{ledger.bits(kind):.1f}")
    table.add_section()
    table.add_row("explanation", "", "", f"{ledger.explanation_bits:.1f}")
    table.add_row("total", "", "", f"{ledger.total_bits:.1f}")
    return table


def _by_resolution(ledger: Ledger) -> Table:
    table = _table(
        "bits by the width to which the estimate is stated", "width", "explanation", "residual", "total"
    )
    curve = ledger.curve
    for at in range(0, len(curve.resolution), 4):
        bits = (curve.explanation[at], curve.residual[at], curve.total[at])
        table.add_row(f"{curve.resolution[at]:.3g}", *(f"{x:.1f}" for x in bits))
    return table


def _beside(ledger: Ledger) -> Table:
    base = ledger.baselines
    table = _table("to compare with", "what", "bits", "how")
    table.columns[-1].justify = "left"
    table.add_row("no explanation", f"{base.no_explanation_bits:.1f}", base.no_explanation_prior)
    each = f"{base.parameters} weights of {base.bits_each} bits, the fewest that keep the accuracy"
    table.add_row("weights", f"{base.weight_bits:.0f}", each)
    for one in base.selection_bits:
        bound = "at most, " if one.is_bound else ""
        table.add_row(
            "selection",
            f"{one.bits:.1f}",
            f"{bound}95% interval {one.low:.1f} to {one.high:.1f}; {one.prior}",
        )
    if not base.selection_bits:
        table.add_row("selection", "-", "not computed")
    return table


def ledger_figure(ledger: Ledger) -> Figure:
    """Bits by kind beside the baselines, and bits against the resolution of the estimate."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(8.4, 3.6), layout="constrained")
        bars, lines = figure.subplots(1, 2)
        _draw_bars(bars, ledger)
        _draw_curve(lines, ledger)
        title = f"{ledger.model or 'model'}, {ledger.estimator}, prior {ledger.prior}"
        figure.suptitle(title, fontsize=10)
    return figure


def _draw_bars(axes: Axes, ledger: Ledger) -> None:
    base = ledger.baselines
    others = {"no explanation": base.no_explanation_bits, "weights": base.weight_bits}
    others |= {_selection(i, one.prior): one.bits for i, one in enumerate(base.selection_bits, 1)}
    names = ["ledger", *others]
    bottom = 0.0
    for kind, colour in _COLOURS.items():
        bits = ledger.bits(kind)
        if bits > 0:
            axes.bar([0], [bits], bottom=bottom, color=colour, label=f"{kind} ({bits:.1f})", width=0.6)
            bottom += bits
    # a bar that dwarfs the others is cut, and says how long it is
    top = 1.25 * max(bottom, *(bits for name, bits in others.items() if name != "no explanation"))
    for place, name in enumerate(names[1:], 1):
        bits = others[name]
        axes.bar([place], [bits], color=PALE, width=0.6)
        axes.annotate(
            f"{bits:,.0f}", (place, min(bits, top)), ha="center", va="top" if bits > top else "bottom"
        )
    axes.set_xticks(range(len(names)), [name.replace(" ", "\n") for name in names], fontsize=8)
    axes.set(ylabel="bits", ylim=(0, top))
    axes.legend(frameon=False, fontsize=7, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0))


def _selection(number: int, prior: str) -> str:
    """A name for a narrow bar: the standard deviation of a prior of one, the number of another."""
    spread = re.search(r"N\(0, ([\d.]+)\^2\)", prior)
    return f"selection sd\N{NO-BREAK SPACE}{spread[1]}" if spread else f"selection {number}"


def _draw_curve(axes: Axes, ledger: Ledger) -> None:
    curve = ledger.curve
    for name, bits, colour in (
        ("explanation", curve.explanation, _COLOURS["fraction"]),
        ("residual", curve.residual, _COLOURS["residual"]),
        ("total", curve.total, BLACK),
    ):
        axes.plot(curve.resolution, bits, color=colour, label=name)
    axes.axvline(ledger.resolution, color=LINE_COLOUR, lw=0.6, ls=":")
    axes.set_xscale("log")
    axes.invert_xaxis()
    axes.set(
        xlabel="width to which the estimate is stated", ylabel="bits", ylim=(0, _height(curve.total, ledger))
    )
    axes.legend(frameon=False, fontsize=8)


def _height(total: np.ndarray, ledger: Ledger) -> float:
    """Tall enough for three times the total, so that a steep end does not flatten the rest."""
    return float(1.05 * min(total.max(), 3 * max(ledger.total_bits, 1.0)))
