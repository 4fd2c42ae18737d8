"""Quality versus compute as a table: for the terminal, and as CSV."""

from __future__ import annotations

import csv
import io
import json
from typing import Any, Final

import numpy as np
from rich.console import Group, RenderableType

from heurex.report.front_points import models_of
from heurex.report.terminal import new_table, percent

__all__ = ["front_csv", "front_tables"]

_COLUMNS: Final[tuple[str, ...]] = (
    "label", "estimator", "settings", "kind", "hidden_size", "seq_len", "models", "covered", "rmse", "rmse_low",
    "rmse_high", "bias", "bias_low", "bias_high", "correlation", "evaluation_error", "ops", "ops_unit",
    "ops_weighted", "ops_note", "ops_models", "wall_ratio", "advantage", "advantage_best", "best_sampler",
    "advantage_unit", "advantage_weighted", "advantage_wall", "sampling", "explanation", "on_front",
    "on_explanation_front", "flips", "common_models", "common_rmse", "common_bias",
)  # fmt: skip


_FEW: Final = 30


def front_csv(record: dict[str, Any]) -> str:
    """The table as comma-separated values: methods, then guesses; errors as fractions, empty where unknown."""
    out = io.StringIO()
    names: list[str] = list(_COLUMNS)
    writer = csv.DictWriter(out, names, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in record["rows"]:
        common = row["common"] or {"models": None, "rmse": None, "bias": None}
        flat = row | {f"common_{key}": common[key] for key in ("models", "rmse", "bias")}
        flat |= {"settings": json.dumps(row["settings"], sort_keys=True), "flips": "; ".join(row["flips"])}
        writer.writerow(_with_intervals(flat))
    for group in record["groups"]:
        for guess in group["guesses"]:
            label = f"guess: {guess['guess']}"
            size = {key: group[key] for key in ("hidden_size", "seq_len")}
            writer.writerow(_with_intervals({"label": label, "kind": "guess", "ops": 0, **size, **guess}))
    return out.getvalue()


def _with_intervals(row: dict[str, Any]) -> dict[str, Any]:
    flat = dict(row)
    for key in ("rmse", "bias"):
        flat[f"{key}_low"], flat[f"{key}_high"] = row[f"{key}_interval"]
    return {
        key: "" if isinstance(value, float) and not np.isfinite(value) else value
        for key, value in flat.items()
    }


def front_tables(record: dict[str, Any]) -> RenderableType:
    """One table for each size of models, and the sentences without which it could be misread."""
    parts: list[RenderableType] = []
    for group in record["groups"]:
        size = (group["hidden_size"], group["seq_len"])
        rows = [row for row in record["rows"] if (row["hidden_size"], row["seq_len"]) == size]
        parts += [_group_table(record, group, rows), *_sentences(record, group, rows), ""]
    return Group(*parts[:-1])


def _group_table(record: dict[str, Any], group: dict[str, Any], rows: list[dict[str, Any]]) -> RenderableType:
    asked = record["asked"]
    noise = f", sigma {asked['sigma']}, seed {asked['seed']}" if asked["sigma"] > 0 else ""
    table = new_table(
        f"{models_of(group['models'])} with d = {group['hidden_size']}, n = {group['seq_len']}{noise}; "
        f"errors in per cent of accuracy, operations: {record['convention']}",
        "method", "kind", "RMS error", "95% interval", "bias", "95% interval", "correlation", "covers",
        "ops", "note's ops", "wall", "advantage", "over best", "front", left=2,
    )  # fmt: skip
    table.columns[0].no_wrap = True
    for row in rows:
        table.add_row(*_cells(row))
    table.add_section()
    for guess in group["guesses"]:
        table.add_row(
            f"guess: {guess['guess']}", "guess", percent(guess["rmse"]), _interval(guess["rmse_interval"]),
            percent(guess["bias"], True), _interval(guess["bias_interval"], True), "-",
            f"{guess['covered']}/{guess['models']}", "0", "-", "-", "-", "-", "",
        )  # fmt: skip
    return table


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    mark = " *" if row["flips"] else ""
    if not row["covered"]:
        blanks = ["-"] * 5
        return (row["label"], row["kind"], *blanks, f"0/{row['models']}", *["-"] * 5, "")
    known = row["ops"] is not None
    return (
        row["label"] + mark,
        row["kind"],
        "0" if row["exact"] else _error(row["rmse"]),
        "exact" if row["exact"] else " to ".join(_error(x) for x in row["rmse_interval"]),
        "0" if row["exact"] else _error(row["bias"], True),
        "" if row["exact"] else " to ".join(_error(x, True) for x in row["bias_interval"]),
        f"{row['correlation']:.4f}" if np.isfinite(row["correlation"]) else "-",
        f"{row['covered']}/{row['models']}",
        f"{row['ops']:,.0f}" if known else "unknown",
        "-" if row["ops_note"] is None else f"{row['ops_note']:,.0f}",
        _short(row["wall_ratio"]),
        "infinite" if row["exact"] and known else _short(row["advantage"]),
        "infinite" if row["exact"] and known else _short(row["advantage_best"]),
        " ".join(w for w, on in (("all", row["on_front"]), ("expl.", row["on_explanation_front"])) if on),
    )


def _sentences(record: dict[str, Any], group: dict[str, Any], rows: list[dict[str, Any]]) -> list[str]:
    sample = group["sample_ops"]
    counted = sorted({row["ops_models"] for row in rows if row["ops_models"]})
    weights = ", ".join(f"{kind} {weight:g}" for kind, weight in record["weights"].items())
    lines = [
        f"one sample: RMS error {percent(group['truth']['rms_spread'])}%, {sample['convention']:,g} operations "
        f"({weights}); {sample['note']} by the note's count",
        "advantage: operations that plain sampling needs for the same RMS error, over the method's own; over best: "
        "the same for the best way of sampling here",
        f"operations are means over {' or '.join(map(models_of, counted)) or 'no model'}; "
        "wall: processor time of a model in units of one sample's forward pass",
    ]
    if group["models"] < _FEW and any(row["sampling"] for row in rows):
        lines.append(
            f"on {models_of(group['models'])} the measured error of sampling is itself a draw; "
            "what to expect is the RMS error of one sample, over the root of their number"
        )
    if any(row["flips"] for row in rows):
        lines.append(
            "* changes places with another method when operations are priced unit, weighted or by the clock:"
        )
        lines += [f"  {row['label']}: {', '.join(row['flips'])}" for row in rows if row["flips"]]
    shared = [row for row in rows if row["common"]]
    if shared:
        lines.append(
            f"on the {models_of(shared[0]['common']['models'])} to which all of these apply, RMS error (bias):"
        )
        lines += [
            f"  {row['label']}: {_error(row['common']['rmse'])} ({percent(row['common']['bias'], True)})"
            for row in shared
        ]
    return lines


def _error(x: float, sign: bool = False) -> str:
    """Per cent with two digits after the point, or with two significant ones where that is finer."""
    if not np.isfinite(x) or abs(x) >= 1e-3:
        return percent(x, sign)
    return f"{100 * x:+.2g}" if sign else f"{100 * x:.2g}"


def _interval(bounds: tuple[float, float], sign: bool = False) -> str:
    return " to ".join(percent(x, sign) for x in bounds)


def _short(x: float | None) -> str:
    """Two significant digits, thousands set apart."""
    if x is None or not np.isfinite(x):
        return "-"
    return f"{float(f'{x:.2g}'):,.0f}" if x >= 10 else f"{x:.2g}"
