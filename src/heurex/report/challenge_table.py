"""The challenge as tables for the terminal: a run, and a leaderboard."""

from __future__ import annotations

import csv
import io
from typing import Any, Final

from rich.console import Group, RenderableType

from heurex.report.terminal import new_table, percent

__all__ = ["challenge_csv", "challenge_tables", "leaderboard_tables", "noise_table"]

_COLUMNS: Final = (
    "model", "noise", "label", "kind", "seeds", "covered", "models", "ops", "samples_for_ops", "rmse", "rmse_low",
    "rmse_high", "resolved", "truth_error", "bias", "bias_low", "bias_high", "ratio", "ratio_low", "ratio_high",
    "wall_s", "ratio_wall",
)  # fmt: skip


def challenge_csv(record: dict[str, Any]) -> str:
    """All rows as comma-separated values, empty where unknown."""
    out = io.StringIO()
    names: list[str] = list(_COLUMNS)
    writer = csv.DictWriter(out, names, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for model in record["models"]:
        for row in model["rows"]:
            writer.writerow({"model": model["model"], "noise": model["noise"], **row})
    return out.getvalue()


def challenge_tables(record: dict[str, Any]) -> RenderableType:
    """A table for each model and noise level, and what it takes to read it."""
    parts: list[RenderableType] = []
    for model in record["models"]:
        parts += [_table(model), *_sentences(model), ""]
    return Group(*parts[:-1])


def _table(model: dict[str, Any]) -> RenderableType:
    table = new_table(
        f"{model['model'] or 'model'} and {model['copies']} noisy copies, sd {model['noise']:g}; errors in per cent of "
        "accuracy",
        "method", "kind", "ops", "= samples", "RMS error", "95% interval", "bias", "95% interval", "ratio",
        "95% interval", "clean", "covers", "ms", "ratio by time", left=2,
    )  # fmt: skip
    table.columns[0].no_wrap = True
    for row in model["rows"]:
        table.add_row(*_cells(row))
    return table


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    covers = f"{row['covered']}/{row['models']}"
    if not row["covered"]:
        return (row["label"], row["kind"], *["-"] * 9, covers, "-", "-")
    mark = "" if row["resolved"] else " ?"
    known = row["ops"] is not None
    return (
        row["label"], row["kind"],
        f"{row['ops']:,.0f}" if known else "unknown",
        _short(row["samples_for_ops"]),
        _error(row["rmse"]) + mark, f"{_error(row['rmse_low'])} to {_error(row['rmse_high'])}",
        _error(row["bias"], True), f"{_error(row['bias_low'], True)} to {_error(row['bias_high'], True)}",
        _short(row["ratio"]) + mark if known else "-",
        f"{_short(row['ratio_low'])} to {_short(row['ratio_high'])}" if known else "-",
        _error(row["clean"]["error"], True) if row["clean"] else "-",
        covers,
        "-" if row["wall_s"] is None else f"{1000 * row['wall_s']:.3g}",
        _short(row["ratio_wall"]),
    )  # fmt: skip


def _sentences(model: dict[str, Any]) -> list[str]:
    truth = model["truth"]
    how = "exact" if truth["kind"] == "exact" else f"{truth['samples']:,} samples a model"
    lines = [
        f"truth: {how}, standard error {percent(truth['standard_error'])}%, its variance taken off; accuracy "
        f"{percent(truth['clean'])}% clean, {percent(truth['least'])} to {percent(truth['greatest'])}% noisy",
        f"guess at no cost, the mean accuracy of these models as a constant: RMS error {percent(truth['guess_rmse'])}%",
        f"one sample: {model['sample_ops']:,} operations; ratio: sampling's RMS error for as many operations over the "
        "method's, above 1 is a win; clean: error on the model without noise",
    ]
    if any(row["resolved"] is False for row in model["rows"]):
        lines.append(
            "? cannot be told from the truth's own error: only the bounds of its interval say something"
        )
    return lines


def leaderboard_tables(groups: list[list[dict[str, Any]]]) -> RenderableType:
    """A table for each board: what another protocol or other models gave is never in the same one."""
    parts: list[RenderableType] = []
    for entries in groups:
        one = entries[0]
        rules = one["protocol"]
        how = "exact truth" if rules["truth"] == "exact" else f"truth of {rules['truth_samples']:,} samples"
        table = new_table(
            f"{one['model']}, noise {rules['noise']:g}: {rules['copies']} copies of noise seed {rules['noise_seed']}, "
            f"{rules['seeds']} seeds, {how}, rules {rules['version']} (board {one['board']})",
            "entry", "method", "kind", "ops", "= samples", "RMS error", "bias", "ratio", "95% interval", "heurex",
            left=3,
        )  # fmt: skip
        rows = [(entry, row) for entry in entries for row in entry["rows"]]
        rows.sort(key=lambda pair: (not pair[1].get("beats_guess"), -(pair[1]["ratio_low"] or 0.0)))
        for entry, row in rows:
            table.add_row(
                entry["name"],
                row["label"] + ("" if row.get("beats_guess") else " (a guess)"),
                row["kind"],
                "unknown" if row["ops"] is None else f"{row['ops']:,.0f}",
                _short(row["samples_for_ops"]),
                _error(row["rmse"]),
                _error(row["bias"], True),
                _short(row["ratio"]),
                f"{_short(row['ratio_low'])} to {_short(row['ratio_high'])}",
                entry["heurex"],
            )
        parts += [table, ""]
    last = (
        "in the order of the lower limit of the ratio; tables with other rules or models are not comparable"
    )
    return Group(*parts, last)


def noise_table(record: dict[str, Any]) -> RenderableType:
    """Accuracy against noise, a row for each model and level."""
    table = new_table(
        "accuracy in per cent against noise on every weight",
        "model", "noise", "copies", "mean", "least", "greatest", "standard deviation", "truth's error",
    )  # fmt: skip
    for model in record["noise_scan"]:
        for level in model["levels"]:
            table.add_row(
                model["model"], f"{level['noise']:g}", str(level["copies"]),
                *(percent(level[key]) for key in ("mean", "least", "greatest", "sd", "standard_error")),
            )  # fmt: skip
        table.add_section()
    return table


def _error(x: float | None, sign: bool = False) -> str:
    """Per cent, two significant digits where two after the point show too little."""
    if x is None or abs(x) == float("inf"):
        return "-"
    if x == 0 or abs(x) >= 1e-3:
        return percent(x, sign)
    return f"{100 * x:+.2g}" if sign else f"{100 * x:.2g}"


def _short(x: float | None) -> str:
    if x is None or x != x:
        return "-"
    if x == float("inf"):
        return "infinite"
    return f"{float(f'{x:.2g}'):,.0f}" if x >= 10 else f"{x:.2g}"
