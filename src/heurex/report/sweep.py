"""What a sweep found as tables and as a figure, from the record that summarising makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from rich.console import Group
from rich.text import Text

from heurex.errors import UsageError
from heurex.report.style import LINE_COLOUR, PALETTE, STYLE
from heurex.report.terminal import new_table, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["summary_tables", "sweep_figure"]

_MOST_PANELS: Final = 4
_HANDLE_INCHES: Final = 0.5
_LETTER_INCHES: Final = 0.062
"""What an entry of the legend takes, so that it never runs over the figure's edge."""
_MARKERS: Final = "osD^vPX*"


def summary_tables(record: Mapping[str, Any]) -> Group:
    """Errors by group and method, then the worst models."""
    shown: list[Any] = []
    if record["models"] < record["expected_models"]:
        shown.append(
            Text(
                f"unfinished: {record['models']:,} of {record['expected_models']:,} models; the same sweep goes on\n"
            )
        )
    columns = [
        "RMS error %",
        "95%",
        "bias %",
        "95%",
        "advantage",
        "95%",
        "covered",
        "common: RMS %",
        "bias %",
    ]
    table = new_table(
        f"{record['models']:,} models; errors against exact accuracy", "group", "method", *columns, left=2
    )
    for group in record["groups"]:
        name = f"{_name(group, record['by'])} ({group['models']:,})"
        for i, entry in enumerate(group["methods"]):
            table.add_row("" if i else name, entry["label"], *_cells(entry))
    shown.append(table)
    if record["worst"]:
        worst = new_table(
            "\nWorst models", "method", "model", "sigma", "copy", "estimate", "truth", "error %", left=2
        )
        for one in record["worst"]:
            numbers = (f"{one['sigma']:g}", f"{one['copy']}", f"{one['value']:.5f}", f"{one['truth']:.5f}")
            worst.add_row(one["label"], one["model"], *numbers, percent(one["error"], sign=True))
        shown.append(worst)
    return Group(*shown)


def _cells(entry: Mapping[str, Any]) -> list[str]:
    common = entry["common"]
    if entry["exact"]:
        errors = [f"0 (< {entry['evaluation_error']:.0e})", "", "0", "", "-", ""]
    else:
        gain = entry["advantage"]
        errors = [
            percent(entry["rmse"]),
            _range(entry["rmse_interval"]),
            percent(entry["bias"], sign=True),
            _range(entry["bias_interval"], sign=True),
            "-" if gain is None else f"{gain:.3g}",
            ""
            if entry["advantage_interval"] is None
            else "{:.3g} to {:.3g}".format(*entry["advantage_interval"]),
        ]
    same = [percent(common["rmse"]), percent(common["bias"], sign=True)] if common["covered"] else ["-", "-"]
    return [*errors, f"{100 * entry['coverage']:.4g}%", *same]


def _range(interval: Sequence[float] | None, sign: bool = False) -> str:
    return "" if interval is None else f"{percent(interval[0], sign)} to {percent(interval[1], sign)}"


def _name(group: Mapping[str, Any], by: Sequence[str]) -> str:
    parts = {
        "model": lambda: group["model"],
        "size": lambda: "({}, {})".format(*group["size"]),
        "sigma": lambda: f"sigma {group['sigma']:g}",
    }
    return ", ".join(parts[one]() for one in by) or "all"


def sweep_figure(record: Mapping[str, Any]) -> Figure:
    """RMS error against the level of noise, on what each method covers and on the common subset, over coverage.

    A column for each model or size; bands are 95% bootstrap intervals. Dotted: the mean accuracy of the same models
    as a guess for each of them.

    Raises
    ------
    UsageError
        If the groups are not by sigma, hold one level of noise only, or are of more than four models.
    """
    import matplotlib
    from matplotlib.figure import Figure

    columns: dict[str, list[Any]] = {}
    rest = [one for one in record["by"] if one != "sigma"]
    for group in record["groups"]:
        if group.get("sigma", 0.0) > 0:
            columns.setdefault(_name(group, rest), []).append(group)
    if not columns or max(len(groups) for groups in columns.values()) < 2:
        raise UsageError(
            "there is nothing to draw: expected groups by sigma, at two levels of noise above 0 or more"
        )
    if len(columns) > _MOST_PANELS:
        raise UsageError(
            f"there are {len(columns)} models to draw; expected up to {_MOST_PANELS}, or --by size,sigma"
        )
    with matplotlib.rc_context(STYLE):
        width = 2.0 + 4.0 * len(columns)
        figure = Figure(figsize=(width, 7.2), layout="constrained")
        panels = figure.subplots(
            3, len(columns), sharex=True, sharey="row", squeeze=False, height_ratios=[3, 3, 1.4]
        )
        for column, (name, groups) in enumerate(columns.items()):
            groups.sort(key=lambda group: group["sigma"])
            _draw_column(list(panels[:, column]), name, groups)
        panels[0, 0].set_ylabel("RMS error, all models\nthat a method covers, %")
        panels[1, 0].set_ylabel("RMS error, models that\nall methods cover, %")
        panels[2, 0].set_ylabel("covered, %")
        handles, labels = panels[0, 0].get_legend_handles_labels()
        longest = _HANDLE_INCHES + _LETTER_INCHES * max(len(label) for label in labels)
        ncols = max(1, int(width / longest))
        figure.legend(handles, labels, loc="outside lower center", ncols=ncols, frameon=False)
    return figure


def _draw_column(axes: Sequence[Axes], name: str, groups: Sequence[Mapping[str, Any]]) -> None:
    drawn: set[Axes] = set()
    for i, first in enumerate(groups[0]["methods"]):
        style: Any = {
            "color": PALETTE[i % len(PALETTE)],
            "lw": 1.2,
            "ms": 3.5,
            "marker": _MARKERS[i % len(_MARKERS)],
        }
        if i >= len(PALETTE):
            style["ls"] = "--"
        entries = [(group["sigma"], group["methods"][i]) for group in groups]
        scores = [
            (axes[0], [(sigma, entry) for sigma, entry in entries if entry["covered"]]),
            (axes[1], [(sigma, entry["common"]) for sigma, entry in entries if entry["common"]["covered"]]),
        ]
        for panel, points in scores:
            known = [(sigma, one) for sigma, one in points if one["rmse"] and not one["exact"]]
            x = [sigma for sigma, _ in known]
            drawn |= {panel} if known else set()
            panel.plot(x, [100 * one["rmse"] for _, one in known], label=first["label"], **style)
            bands = [(sigma, one["rmse_interval"]) for sigma, one in known if one["rmse_interval"]]
            if bands:
                low, high = ([100 * interval[side] for _, interval in bands] for side in (0, 1))
                panel.fill_between(
                    [sigma for sigma, _ in bands], low, high, color=style["color"], alpha=0.2, lw=0
                )
        axes[2].plot([s for s, _ in entries], [100 * one["coverage"] for _, one in entries], **style)
    for panel, guesses in zip(axes[:2], _guesses(groups), strict=True):
        panel.plot(*zip(*guesses, strict=True), color=LINE_COLOUR, ls=":", lw=1.2, label="constant guess")
        # where every method is exact, and so is the guess, there is no error to draw and no logarithm of it
        something = panel in drawn or any(guess > 0 for _, guess in guesses)
        panel.set(xscale="log", yscale="log" if something else "linear")
        panel.grid(color=LINE_COLOUR, alpha=0.15, lw=0.5)
    axes[0].set_title(name)
    axes[2].set(xlabel="standard deviation of the noise on every weight", ylim=(-3, 106), xscale="log")


def _guesses(
    groups: Sequence[Mapping[str, Any]],
) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Error of a constant guess against noise: on most of the models, and on those that all methods cover."""
    most: list[tuple[float, float]] = []
    shared: list[tuple[float, float]] = []
    for group in groups:
        widest = max(group["methods"], key=lambda one: one["covered"])
        for found, scores in ((most, widest), (shared, widest["common"])):
            guess = scores["guess_rmse"]
            found.append((group["sigma"], 100 * guess if guess else float("nan")))
    return most, shared
