"""Estimates and cells as plain records, for JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from heurex.estimators.base import Cell, Estimate
from heurex.model import Rnn
from heurex.results import versioned
from heurex.scoring.attribution import Attribution

__all__ = ["attribution_record", "cell_record", "estimate_record"]


def cell_record(cell: Cell) -> dict[str, Any]:
    """A cell without its rays."""
    return {
        "name": cell.name,
        "ordering": list(cell.ordering) if cell.ordering else None,
        "region": cell.region,
        "parent": cell.parent,
        "half_spaces": cell.half_spaces,
        "fraction": cell.fraction,
        "numerical_error": cell.numerical_error,
        "label": cell.label,
        "likely": cell.likely,
        "contribution": cell.contribution,
    }


def estimate_record(model: Rnn, estimate: Estimate, truth: Estimate | None) -> dict[str, Any]:
    """An estimate with its errors, operations and checks."""
    ops = None
    if estimate.ops is not None:
        ops = asdict(estimate.ops) | {"unit": estimate.ops.total("unit"), "weighted": estimate.ops.total()}
    return versioned(
        "estimate",
        {
            "model": model.name,
            "model_hash": model.fingerprint(),
            "hidden_size": model.hidden_size,
            "seq_len": model.seq_len,
            "estimator": estimate.estimator,
            "settings": estimate.settings,
            "value": estimate.value,
            "numerical_error": estimate.numerical_error,
            "standard_error": estimate.standard_error,
            "lower": estimate.lower,
            "upper": estimate.upper,
            "status": str(estimate.status),
            "exact": None if truth is None else truth.value,
            "ops": ops,
            "ops_note": estimate.note_ops,
            "fractions": {str(k): count for k, count in estimate.fraction_counts().items()},
            "checks": [asdict(check) for check in estimate.checks],
            "near_equalities": [asdict(check) for check in estimate.near_equalities],
        },
    )


def attribution_record(model: Rnn, method: str, found: Attribution) -> dict[str, Any]:
    """An error split over cells and approximations."""
    return versioned(
        "explain",
        {
            "model": model.name,
            "estimator": method,
            "estimate": found.estimate,
            "exact": found.exact,
            "error": found.error,
            "cells": [
                {
                    "name": share.cell.name,
                    "contribution": share.contribution,
                    "truth": share.truth,
                    "error": share.error,
                }
                for share in found.cells
            ],
            "switches": [asdict(share) for share in found.switches],
            "rest": found.rest,
        },
    )
