"""The zoo in tables, and AlgZoo's published accuracies as a heat map."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table

from heurex.report.style import STYLE
from heurex.runs.index import Agreement
from heurex.zoo.beside import SizeBeside
from heurex.zoo.ladder import LadderModel
from heurex.zoo.listing import Entry
from heurex.zoo.published import ACCURACY_PERCENT, HIDDEN_SIZES, SEQ_LENS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["accuracy_figure", "agreement_table", "beside_table", "entries_table"]


def _table(title: str, left: Collection[int], *columns: str) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0)
    )
    for i, column in enumerate(columns):
        table.add_column(column, justify="left" if i in left else "right", no_wrap=True)
    return table


def _power(count: int | None) -> str:
    if count is None:
        return "-"
    exponent = count.bit_length() - 1
    return f"2^{exponent}" if count == 2**exponent else f"{count:,}"


def _accuracy(value: float, error: float, kind: str) -> str:
    return f"{100 * value:.4f}%" if kind == "exact" else f"{100 * value:.3f}% +- {100 * error:.3f}%"


def _signed(value: float, digits: int) -> str:
    """With its sign, and no minus before a zero."""
    return f"{round(value, digits) + 0.0:+.{digits}f}"


def entries_table(entries: Sequence[Entry]) -> RenderableType:
    """One row a model: exact accuracies without an error, sampled ones with their standard error."""
    table = _table(
        f"{len(entries)} models that need no download",
        (0, 6, 7), "name", "d", "n", "parameters", "sequences", "accuracy", "source", "licence",
    )  # fmt: skip
    for one in entries:
        table.add_row(
            one.name, str(one.hidden_size), str(one.seq_len), str(one.parameters), _power(one.sequences),
            _accuracy(one.accuracy, one.accuracy_error, one.accuracy_kind), one.source, one.licence,
        )  # fmt: skip
    return table


def beside_table(rows: Sequence[SizeBeside]) -> RenderableType:
    """One row a size: every seed, the best of them, what is published, and the difference."""
    most = max((len(row.models) for row in rows), default=0)
    table = _table(
        "accuracy in per cent: bundled seeds beside AlgZoo's published best of 5",
        (0,), "d, n", *(f"seed {i}" for i in range(most)),
        "best", "published", "difference", "s.e. of seeds", "in s.e.",
    )  # fmt: skip
    for row in rows:
        seeds = [_seed(model) for model in row.models] + ["-"] * (most - len(row.models))
        ratio = "-" if row.in_seed_errors is None else _signed(row.in_seed_errors, 1)
        table.add_row(
            f"{row.hidden_size}, {row.seq_len}", *seeds,
            f"{100 * row.best.accuracy:.2f}", f"{100 * row.published:.1f}",
            _signed(100 * row.difference, 2) + (" (rounding)" if row.within_rounding else ""),
            f"{100 * row.seed_error:.2f}", ratio,
        )  # fmt: skip
    return table


def agreement_table(rows: Sequence[Agreement], samples: int) -> RenderableType:
    """One row a model: its record, the fresh sample, and how many standard errors lie between."""
    table = _table(
        f"recorded accuracies beside {samples:,} fresh inputs a model",
        (0,), "model", "recorded", "kind", "sampled", "s.e.", "record - sample, in s.e.",
    )  # fmt: skip
    for row in rows:
        one = row.recorded
        table.add_row(
            f"zoo:{one.hidden_size},{one.seq_len}?seed={one.seed}", f"{100 * one.accuracy:.4f}%", one.accuracy_kind,
            f"{100 * row.sampled:.4f}%", f"{100 * row.standard_error:.4f}%", _signed(row.z, 2),
        )  # fmt: skip
    return table


def _seed(model: LadderModel) -> str:
    longer = "" if model.sequences == 2**26 else f" ({_power(model.sequences)})"
    return f"{100 * model.accuracy:.2f}{longer}"


def accuracy_figure(rows: Sequence[SizeBeside]) -> Figure:
    """Published accuracies by d and n as a heat map; below each the bundled model's, where there is one."""
    import matplotlib
    from matplotlib.figure import Figure

    ours = {(row.hidden_size, row.seq_len): 100 * row.best.accuracy for row in rows}
    sizes = HIDDEN_SIZES[::-1]
    grid = [[ACCURACY_PERCENT[d, n] for n in SEQ_LENS] for d in sizes]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(6.6, 5.4), layout="constrained")
        axes = figure.subplots()
        image = axes.imshow(grid, vmin=0, vmax=100, aspect="auto")
        for i, d in enumerate(sizes):
            for j, n in enumerate(SEQ_LENS):
                mine = f"\n({ours[d, n]:.1f})" if (d, n) in ours else ""
                published = "100" if grid[i][j] == 100 else f"{grid[i][j]:.1f}"
                # of black and white the one that stands out more (WCAG), which on this scale changes at 44
                colour = "black" if grid[i][j] > 44 else "white"
                axes.text(j, i, f"{published}{mine}", ha="center", va="center", color=colour)
        axes.set_xticks(range(len(SEQ_LENS)), [str(n) for n in SEQ_LENS])
        axes.set_yticks(range(len(sizes)), [str(d) for d in sizes])
        axes.set(
            xlabel="inputs n",
            ylabel="hidden neurons d",
            title="2nd argmax: published best of 5 seeds (best bundled seed)",
        )
        figure.colorbar(image, ax=axes, label="accuracy in per cent")
    return figure
