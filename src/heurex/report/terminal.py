"""What the command line prints: tables for people, from the same records that JSON carries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from heurex.estimators import Method
from heurex.estimators.base import Cell, Estimate
from heurex.model import Rnn
from heurex.scoring.attribution import Attribution

__all__ = [
    "attribution_tables",
    "cells_table",
    "doctor_lines",
    "estimate_lines",
    "methods_table",
    "new_table",
    "percent",
    "print_reproduction",
]


def new_table(title: str, *columns: str, left: int = 1) -> Table:
    """A table without lines, its first columns to the left."""
    table = Table(
        title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0)
    )
    for i, column in enumerate(columns):
        table.add_column(column, justify="left" if i < left else "right", overflow="fold")
    return table


def percent(x: float | None, sign: bool = False) -> str:
    """A fraction in per cent, two digits."""
    if x is None or not np.isfinite(x):
        return "-"
    return f"{100 * x:+.2f}" if sign else f"{100 * x:.2f}"


def estimate_lines(model: Rnn, estimate: Estimate, truth: Estimate | None) -> str:
    """An estimate in a few sentences that cannot be misread."""
    settings = ", ".join(f"{key} = {value}" for key, value in estimate.settings.items())
    lines = [f"{model.name or 'model'} (d = {model.hidden_size}, n = {model.seq_len}): {estimate}"]
    if truth is not None:
        lines.append(
            f"the truth is {truth.value:.5f} (evaluated to {truth.numerical_error:.0e}); "
            f"estimate minus truth is {100 * (estimate.value - truth.value):+.3f}%"
        )
    if settings:
        lines.append(f"settings: {settings}")
    if estimate.checks:
        lines.append(f"checks that hold: {sum(c.holds for c in estimate.checks)} of {len(estimate.checks)}")
    if estimate.near_equalities:
        widest = max(estimate.near_equalities, key=lambda check: check.gap or 0.0)
        lines.append(
            f"near-equalities: {len(estimate.near_equalities)}, the widest gap {widest.gap:.2g} ({widest.name})"
        )
    counts = estimate.fraction_counts()
    if counts:
        stated = ", ".join(f"{number} of {k} half-spaces" for k, number in counts.items())
        lines.append(f"fractions measured: {sum(counts.values())} ({stated})")
    if estimate.ops is not None:
        ops = estimate.ops
        lines.append(
            f"operations counted: {ops.total():,} (add {ops.add:,}, multiply {ops.mul:,}, divide {ops.div:,} at 1; "
            f"square root {ops.sqrt:,}, arctangent {ops.atan2:,} at 10)"
        )
    if estimate.note_ops is not None:
        lines.append(f"operations by the note's model: {estimate.note_ops:,}")
    if str(estimate.status) != "ok":
        lines.append(f"status: {estimate.status}")
    return "\n".join(lines)


def cells_table(estimate: Estimate, cells: Sequence[Cell], true: np.ndarray) -> RenderableType:
    """The cells that were added up, with what each contributes to the estimate and to the truth."""
    table = new_table(
        f"{estimate.estimator}: {len(cells)} cells",
        "cell", "label", "likely", "fraction", "contribution", "true contribution", "difference",
    )  # fmt: skip
    for cell, truth in zip(cells, true, strict=True):
        mine = cell.contribution or 0.0
        table.add_row(
            cell.name, str(cell.label), "yes" if cell.likely else "no",
            f"{cell.fraction:.8f}", f"{mine:.8f}", f"{truth:.8f}", f"{mine - truth:+.8f}",
        )  # fmt: skip
    total = sum(cell.contribution or 0.0 for cell in cells)
    table.add_section()
    table.add_row(
        "sum", "", "", f"{sum(cell.fraction for cell in cells):.8f}", f"{total:.8f}", f"{true.sum():.8f}",
        f"{total - true.sum():+.8f}",
    )  # fmt: skip
    return table


def _bar(share: float, largest: float, width: int = 24) -> str:
    """A bar to the right for overestimates, to the left for underestimates."""
    length = 0 if largest == 0 else round(width * abs(share) / largest)
    return " " * width + "|" + "#" * length if share >= 0 else " " * (width - length) + "#" * length + "|"


def attribution_tables(model: Rnn, method: str, found: Attribution) -> RenderableType:
    """An error split over cells and over approximations, sorted, with a bar for each; in per cent of accuracy."""
    cells = new_table(f"by cell, {len(found.cells)} of them", "cell", "fraction", "error", "under | over")
    largest = max((abs(share.error) for share in found.cells), default=0.0)
    for share in found.cells:
        bar = _bar(share.error, largest)
        cells.add_row(share.cell.name, f"{share.cell.fraction:.6f}", f"{100 * share.error:+.5f}", Text(bar))
    cells.columns[-1].justify = "left"
    switches = new_table(
        "by approximation (Shapley values)", "setting", "in place of", "error", "alone", "under | over"
    )
    shares = [
        (share.setting, share.approximate, share.exact, share.error, share.alone) for share in found.switches
    ]
    shares.append(("what is left", "", "", found.rest, found.rest))
    largest = max(abs(share[3]) for share in shares)
    for name, approximate, exact, error, alone in shares:
        label = f"{name}: {approximate}" if approximate != "" else name
        switches.add_row(
            label, str(exact), f"{100 * error:+.5f}", f"{100 * alone:+.5f}", Text(_bar(error, largest))
        )
    switches.columns[1].justify = switches.columns[-1].justify = "left"
    head = (
        f"{model.name or 'model'}: {method} gives {found.estimate:.6f}, the truth is {found.exact:.6f}; "
        f"the error, {100 * found.error:+.5f}%, is split below"
    )
    return Group(head, "", cells, "", switches)


def methods_table(methods: Sequence[Method]) -> RenderableType:
    """All estimators with what they assume, where they apply and what they cost."""
    table = new_table("methods", "name", "kind", "what it is", "assumes", "applies to", "cost", left=6)
    for method in methods:
        table.add_row(method.name, method.kind, method.summary, method.assumes, method.applies, method.cost)
    return table


def _scores_table(summary: dict[str, Any]) -> Table:
    table = new_table(
        f"errors over {summary['models']} noisy copies, sigma {summary['sigma']}, in per cent",
        "seed", "estimator", "RMS error", "95% interval", "bias", "95% interval", "correlation", "covers",
        "sampling, printed ops", "sampling, counted ops", left=2,
    )  # fmt: skip
    for ensemble in summary["ensembles"]:
        guesses = ensemble["guesses"] if ensemble is summary["ensembles"][0] else ensemble["guesses"][1:]
        for entry in ensemble["estimators"] + guesses:
            name = entry.get("estimator") or f"guess: {entry['guess']}"
            correlation = entry["correlation"]
            table.add_row(
                str(ensemble["seed"]),
                name,
                percent(entry["rmse"]),
                " to ".join(percent(x) for x in entry["rmse_interval"]),
                percent(entry["bias"], True),
                " to ".join(percent(x, True) for x in entry["bias_interval"]),
                f"{correlation:.3f}" if np.isfinite(correlation) else "-",
                f"{entry['covered']}/{entry['models']}",
                percent(entry.get("sampling_rmse_at_printed_ops")),
                percent(entry.get("sampling_rmse_at_counted_ops")),
            )
    return table


def _beside_table(summary: dict[str, Any]) -> Table:
    table = new_table("the note beside what is measured here", "figure", "the note", "here", "remark", left=4)
    for row in summary["beside_the_note"]:
        table.add_row(row["figure"], row["the_note"], row["here"], row["remark"])
    return table


def print_reproduction(console: Console, summary: dict[str, Any]) -> None:
    """The reproduction's tables and its times."""
    computing = summary["computing_s"]
    pair = computing["exact"] + computing["original"]
    spread = summary["ensembles"][0]["rms_spread"]
    times = (
        f"computing {summary['models']} x (exact + original) took {pair:.2f} s on one core, "
        f"symmetric {computing['symmetric']:.2f} s, after {summary['compiling_s']:.1f} s of compiling or loading"
    )
    console.print(
        Group(
            _beside_table(summary),
            "",
            _scores_table(summary),
            f"sampling: RMS error at equal operations; one sample has RMS error {percent(spread)}%",
            "",
            times,
        )
    )


def doctor_lines(found: dict[str, Any]) -> str:
    """An installation in lines: what runs, what is kept compiled, which optional parts are there."""
    threads, cache = found["threads"], found["kernel_cache"]
    kept = sum(cache["groups"].values())
    lines = [
        f"heurex {found['heurex']}, Python {found['python']}, {found['machine']}",
        ", ".join(f"{name} {version or 'missing'}" for name, version in found["packages"].items()),
        f"threads: {threads['processors']} processors, {threads['usable']} usable here"
        + "".join(f", {name}={value}" for name, value in threads["limits"].items()),
        "compiled kernels are not kept (HEUREX_KERNEL_CACHE=off, or a folder that cannot be written)"
        if cache["folder"] is None
        else f"compiled kernels: {cache['folder']}, {cache['bytes'] / 1e6:.0f} MB; of {len(cache['groups'])} groups "
        f"{kept} are kept for this very source",
        "optional parts:",
    ]
    for part in found["optional"]:
        state = part["version"] if part["found"] else f"not found; {part['how']}"
        lines.append(f"  {part['name']:<16}{state}  ({part['for']})")
    return "\n".join(lines)
