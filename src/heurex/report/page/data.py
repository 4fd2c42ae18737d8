"""Everything that the page shows of a model, as one record for JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from heurex._version import __version__
from heurex.errors import NotApplicable, UsageError
from heurex.estimators import Estimate, Estimator, Exact
from heurex.estimators.order import canonical_order
from heurex.estimators.spec import Method, label_of, read_methods
from heurex.model import Rnn
from heurex.report.ledger import ledger_record
from heurex.report.page.pool import Pool
from heurex.runs.evaluate import evaluate
from heurex.scoring.attribution import attribute
from heurex.scoring.disagreement import disagreements
from heurex.scoring.explained import ExplainedCell, area, explained_cells, true_parts
from heurex.scoring.surprise import surprise
from heurex.standard import standardise
from heurex.tasks import ordering_name, orderings

__all__ = ["DEFAULT_METHODS", "page_record"]

DEFAULT_METHODS: Final = ("original", "layerwise", "response", "symmetric", "pieces", "directions")
_ON_COPIES: Final = (
    "exact?budget=2000|8000",
    "directions?directions=4|12",
    "sampling?samples=16|64|256|1024",
)
_SIGMA: Final = 0.05
_LARGE: Final = 8
"""Beyond this many neurons one explanation takes many seconds, and no ledger is kept nor operations counted."""


def page_record(
    model: Rnn, methods: Sequence[Method] | None = None, *, copies: int = 64, seed: int = 0
) -> dict[str, Any]:
    """The page's record: geometry, estimates, attribution, ledger, scores on noisy copies, weights.

    Parameters
    ----------
    model
        A model with n = 2 or 3.
    methods
        See :func:`heurex.read_methods`; by default those that apply to the model.
    copies, seed
        Noisy copies (standard deviation 0.05 on every weight) for Figure 1 and quality versus compute; 0 for none.

    Raises
    ------
    NotApplicable
        If n is not 2 or 3, or a method that was asked for does not apply.
    """
    if copies < 0:
        raise UsageError(f"the number of copies is {copies}; expected 0 or more")
    true, n = true_parts(model), model.seq_len
    exact = Exact().estimate(model)
    pool = Pool(n)
    known = [tuple(ordering) for ordering in orderings(n)]
    estimates, explanations, chosen = [_estimate("exact", Exact(), exact, exact.value)], [], []
    for estimator in read_methods(DEFAULT_METHODS if methods is None else methods):
        label = label_of(estimator)
        if label == "exact":
            continue
        try:
            found = estimator.estimate(model)
        except NotApplicable as problem:
            if methods is not None:
                raise
            estimates.append({"label": label, "kind": estimator.kind, "reason": str(problem)})
            continue
        estimates.append(_estimate(label, estimator, found, exact.value))
        chosen.append(estimator)
        if any(cell.parent is None for cell in found.cells):
            explanations.append(_explanation(model, estimator, found, true, pool))
    return {
        "heurex": __version__,
        "model": {
            "name": model.name or "model",
            "d": model.hidden_size,
            "n": n,
            "task": model.task,
            "hash": model.fingerprint(),
        },
        "exact": {"value": exact.value, "error": exact.numerical_error, "status": str(exact.status)},
        "orderings": [{"name": ordering_name(one), "label": one[model.rank]} for one in known],
        "truth": [
            _polygon(pool, part.rays, n)
            | {"o": known.index(one.cell.ordering or ()), "p": one.cell.region, "a": part.answer, "r": number}
            for number, one in enumerate(true)
            for part in one.parts
        ],
        "vertices": pool.vertices,
        "estimates": estimates,
        "explanations": explanations,
        "copies": _copies(model, chosen, copies, seed) if copies else None,
        "weights": _weights(model),
    }


def _polygon(pool: Pool, rays: np.ndarray, n: int) -> dict[str, Any]:
    return {"v": pool.add(rays), "f": area(rays, n)}


def _estimate(label: str, estimator: Estimator, found: Estimate, truth: float) -> dict[str, Any]:
    return {
        "label": label,
        "kind": estimator.kind,
        "summary": estimator.summary,
        "assumes": estimator.assumes,
        "value": found.value,
        "error": found.value - truth,
        "numerical_error": found.numerical_error,
        "standard_error": found.standard_error,
        "ops": None if found.ops is None else found.ops.total(),
        "note_ops": found.note_ops,
        "status": str(found.status),
    }


def _explanation(
    model: Rnn, estimator: Estimator, found: Estimate, true: Sequence[ExplainedCell], pool: Pool
) -> dict[str, Any]:
    n = model.seq_len
    said = explained_cells(model, estimator, found)
    split = attribute(model, estimator)
    shares = {share.cell.name: share for share in split.cells}
    cells = [
        {
            "name": one.cell.name, "ordering": one.cell.ordering and ordering_name(one.cell.ordering),
            "region": one.cell.region, "f": one.cell.fraction, "label": one.cell.label, "likely": one.cell.likely,
            "claimed": one.cell.contribution, "true": shares[one.cell.name].truth,
            "outline": [_outline(pool, rays, len(one.pieces) > 1) for rays in one.pieces],
        }
        for one in said
    ]  # fmt: skip
    return {
        "label": label_of(estimator),
        "summary": estimator.summary,
        "assumes": estimator.assumes,
        "value": found.value,
        "answers": any(one.values for one in said),
        "cells": cells,
        "parts": [
            _polygon(pool, part.rays, n) | {"c": number, "a": part.answer}
            for number, one in enumerate(said)
            for part in one.parts
        ],
        "wrong": [
            _polygon(pool, part.rays, n) | {"c": number, "a": part.answer, "t": answer}
            for number, part, answer in disagreements(true, said)
        ],
        "switches": [
            {"setting": one.setting, "approximate": str(one.approximate), "exact": str(one.exact),
             "error": one.error, "alone": one.alone}
            for one in split.switches
        ],
        "rest": split.rest,
        "checks": [{"statement": one.statement, "holds": one.holds, "value": one.value} for one in found.checks],
        "ledger": _ledger(model, estimator),
    }  # fmt: skip


def _outline(pool: Pool, rays: np.ndarray, halved: bool) -> dict[str, Any]:
    """A piece of a cell with the edges that are none of the cell's: along x_0 = 0 between its halves."""
    numbers = pool.add(rays)
    flat = [abs(pool.vertices[i][0]) < 1e-14 for i in numbers]
    inner = [i for i in range(len(flat)) if halved and flat[i] and flat[(i + 1) % len(flat)]]
    return {"v": numbers, "inner": inner}


def _ledger(model: Rnn, estimator: Estimator) -> dict[str, Any] | None:
    """The surprise ledger, None for methods that make no claims which could be priced, and for large models."""
    if model.hidden_size > _LARGE:
        return None
    try:
        return ledger_record(surprise(model, estimator))
    except (UsageError, NotApplicable):
        return None


def _copies(model: Rnn, chosen: Sequence[Estimator], copies: int, seed: int) -> dict[str, Any]:
    """Figure 1 for every method, and quality versus compute, from one results table."""
    count = 4 if model.hidden_size <= _LARGE else 0
    found = evaluate(
        model, [*chosen, *_ON_COPIES], sigma=_SIGMA, models=copies, seed=seed, count_ops=min(count, copies)
    )
    truth: dict[int, float | None] = {}
    names = {label_of(estimator) for estimator in chosen if estimator.kind == "explanation"}
    figure: dict[str, list[list[float]]] = {name: [] for name in sorted(names)}
    for row in found.rows:
        label = label_of(row.estimator, json.loads(row.settings))
        if row.estimator == "exact" and label == "exact?by=regions" and row.origin == "noisy copy":
            truth[row.copy] = row.value
    for row in found.rows:
        label = label_of(row.estimator, json.loads(row.settings))
        exact = truth.get(row.copy)
        if label in figure and row.origin == "noisy copy" and row.value is not None and exact is not None:
            figure[label].append([exact, row.value])
    (group,) = found.record["groups"]
    kept = (
        "label",
        "kind",
        "covered",
        "rmse",
        "bias",
        "ops",
        "ops_note",
        "advantage",
        "on_front",
        "rmse_interval",
    )
    return {
        "count": copies, "sigma": _SIGMA, "seed": seed, "figure1": figure,
        "front": [{key: row[key] for key in kept} for row in found.record["rows"]],
        "spread": group["truth"]["rms_spread"], "sample_ops": group["sample_ops"]["convention"],
        "guesses": [{"guess": one["guess"], "rmse": one["rmse"]} for one in group["guesses"]],
    }  # fmt: skip


def _weights(model: Rnn) -> dict[str, Any]:
    """The weights in standard form, neurons in canonical order."""
    plain = standardise(model)
    order = canonical_order(plain)
    shown = plain.permuted(list(order))
    return {
        "order": list(order), "w_hi": shown.w_hi.tolist(), "w_hh": shown.w_hh.tolist(), "w_oh": shown.w_oh.tolist(),
    }  # fmt: skip
