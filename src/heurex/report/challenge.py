"""The challenge's figures: RMS error against operations, bias against rank, accuracy against noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from heurex.report.style import (
    BLUE,
    GREEN,
    GREY,
    GRID,
    LINE_COLOUR,
    PALETTE,
    PINK,
    PINK_TEXT,
    STYLE,
    VERMILLION,
)  # fmt: skip

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["challenge_figure", "noise_figure", "rank_figure"]

_KINDS: Final = {
    # kind: colour, line; no kind shares its line, and no method its marker
    "explanation": (BLUE, "-"),
    "cubature": (VERMILLION, "--"),
    "exact": (GREEN, "-."),
    "sampling": (GREY, ":"),
    "external": (PINK, "-"),
}
_MARKERS: Final = "os^DvP<X>hd*p8"
_SIZES: Final = ("samples", "points", "nodes", "directions", "budget")
"""Settings that say how much is spent: methods that differ in these only are one curve."""


def challenge_figure(model: dict[str, Any]) -> Figure:
    """RMS error against operations, log-log, for one entry of a challenge's record; bars are 95% intervals."""
    import matplotlib
    from matplotlib.figure import Figure

    shown = [row for row in model["rows"] if row["ops"] and row["rmse"] is not None and row["rmse_high"] > 0]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(8.6, 5.6), layout="constrained")
        axes = figure.subplots()
        axes.set(xscale="log", yscale="log")
        _sampling_line(axes, model, shown)
        for i, (name, rows) in enumerate(_curves(shown).items()):
            _curve(axes, name, rows, _MARKERS[i % len(_MARKERS)])
        truth = model["truth"]["standard_error"]
        if truth > 0:
            axes.axhline(truth, color=LINE_COLOUR, lw=0.7, ls=(0, (1, 3)), label="the truth's standard error")
        guess = model["truth"]["guess_rmse"]
        if guess > 0:
            axes.axhline(
                guess, color=PINK_TEXT, lw=0.9, ls=(0, (5, 2)), label="guess at no cost: these models' mean"
            )
        axes.set_title(
            f"{model['model']} and {model['copies']} noisy copies, sd {model['noise']:g}",
            loc="left",
            parse_math=False,
        )
        axes.set_xlabel("operations for one model")
        axes.set_ylabel("RMS error of the accuracy")
        axes.grid(which="major", color=GRID, lw=0.7, zorder=0)
        per_sample = model["sample_ops"]
        top = axes.secondary_xaxis("top", functions=(lambda x: x / per_sample, lambda k: k * per_sample))
        top.set_xlabel("samples for as many operations", fontsize=8)
        figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    return figure


def _sampling_line(axes: Axes, model: dict[str, Any], shown: list[dict[str, Any]]) -> None:
    ops = [row["ops"] for row in shown] or [100 * model["sample_ops"], 1e5 * model["sample_ops"]]
    lines = [row["sampling_rmse"] * np.sqrt(row["ops"]) for row in shown if row["covered"] == row["models"]]
    if lines:
        x = np.array([max(min(ops) / 2, model["sample_ops"]), max(*ops, model["sample_ops"]) * 2])
        axes.plot(x, np.median(lines) / np.sqrt(x), color="black", lw=1.6, label="sampling, expected")


def _curves(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Rows that differ in what is spent only, cheapest first, by name."""
    curves: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        told = row["label"].partition("?")
        rest = [
            pair for pair in told[2].split("&") if pair and pair.partition("=")[0] not in (*_SIZES, "seed")
        ]
        name = told[0] + (f", {', '.join(rest)}" if rest else "")
        curves.setdefault(f"{name} ({row['kind']})", []).append(row)
    return {name: sorted(some, key=lambda row: row["ops"]) for name, some in curves.items()}


def _curve(axes: Axes, name: str, rows: list[dict[str, Any]], marker: str) -> None:
    """One method; what cannot be told from the truth's error is an arrow down from its upper limit."""
    colour, line = _KINDS[rows[0]["kind"]]
    sure = [row for row in rows if row["resolved"]]
    x, y = [row["ops"] for row in sure], [row["rmse"] for row in sure]
    below = [row["rmse"] - max(row["rmse_low"], row["rmse"] / 30) for row in sure]
    above = [row["rmse_high"] - row["rmse"] for row in sure]
    axes.errorbar(
        x, y, [below, above], color=colour, ls=line, marker=marker, ms=5.5, mec="white", mew=0.6, lw=1.2,
        elinewidth=0.8, capsize=2, label=name, zorder=3,
    )  # fmt: skip
    for row in rows:
        if not row["resolved"]:
            axes.annotate(
                "", (row["ops"], row["rmse_high"] / 2), (row["ops"], row["rmse_high"]),
                arrowprops={"arrowstyle": "->", "color": colour, "lw": 1.2},
            )  # fmt: skip
            axes.plot([row["ops"]], [row["rmse_high"]], color=colour, marker="_", ms=8, ls="")


def rank_figure(model: dict[str, Any]) -> Figure | None:
    """Bias against the rank of the mean field, where there are such rows; the clean model beside the ensemble."""
    import matplotlib
    from matplotlib.figure import Figure

    curves: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for row in model["rows"]:
        rank = row["settings"].get("rank", row["settings"].get("k"))
        if isinstance(rank, int) and row["bias"] is not None:
            rest = {k: v for k, v in row["settings"].items() if k not in ("rank", "k")}
            told = ", ".join(f"{k}={v}" for k, v in rest.items() if f"{k}=" in row["label"])
            curves.setdefault(f"{row['estimator']} {told}".strip(), []).append((rank, row))
    if not curves:
        return None
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 4.2), layout="constrained")
        axes = figure.subplots()
        for i, (name, pairs) in enumerate(curves.items()):
            pairs.sort(key=lambda pair: pair[0])
            x = [rank + 0.06 * i for rank, _ in pairs]
            y = [100 * row["bias"] for _, row in pairs]
            bars = [
                [100 * abs(row[key] - row["bias"]) for _, row in pairs] for key in ("bias_low", "bias_high")
            ]
            look: dict[str, Any] = {"color": PALETTE[i % len(PALETTE)], "marker": _MARKERS[i % len(_MARKERS)]}
            axes.errorbar(x, y, bars, capsize=2, label=name, **look)
            clean = [
                (a, 100 * row["clean"]["error"]) for a, (_, row) in zip(x, pairs, strict=True) if row["clean"]
            ]
            axes.plot(*zip(*clean, strict=True), ls="", mfc="none", **look)
        axes.axhline(0, color=LINE_COLOUR, lw=0.6)
        axes.set_xticks(sorted({rank for pairs in curves.values() for rank, _ in pairs}))
        axes.set(
            xlabel="rank: positions that are kept", ylabel="bias, per cent of accuracy (hollow: clean model)"
        )
        axes.set_title(f"{model['model']}, sd {model['noise']:g}", loc="left", parse_math=False)
        axes.legend(frameon=False, fontsize=8)
    return figure


def noise_figure(record: dict[str, Any]) -> Figure:
    """Accuracy against noise: the copies' mean, and a band from the least to the greatest."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 4.4), layout="constrained")
        axes = figure.subplots()
        for i, model in enumerate(record["noise_scan"]):
            levels = [one for one in model["levels"] if one["noise"] > 0]
            x = [one["noise"] for one in levels]
            y, low, high = ([100 * one[key] for one in levels] for key in ("mean", "least", "greatest"))
            axes.fill_between(x, low, high, color=PALETTE[i % len(PALETTE)], alpha=0.12, lw=0)
            axes.plot(
                x,
                y,
                color=PALETTE[i % len(PALETTE)],
                marker=_MARKERS[i % len(_MARKERS)],
                label=model["model"],
            )
            axes.axhline(100 / model["seq_len"], color=PALETTE[i % len(PALETTE)], lw=0.6, ls=":")
        axes.set(
            xscale="log",
            xlabel="standard deviation of the noise on every weight",
            ylabel="accuracy, per cent",
        )
        figure.legend(
            loc="outside lower center", ncols=3, frameon=False, fontsize=8, title="mean of the copies; dotted: chance",
            title_fontsize=8,
        )  # fmt: skip
    return figure
