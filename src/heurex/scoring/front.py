"""Quality versus compute as one record, from rows of the results table: what the figure and the tables show."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from heurex._version import __version__
from heurex.estimators import REGISTRY
from heurex.estimators.base import Ops
from heurex.estimators.conventions import CONVENTIONS, Convention
from heurex.estimators.sampling import note_ops_per_sample, ops_per_sample
from heurex.estimators.spec import label_of
from heurex.model import Rnn
from heurex.results import Row
from heurex.scoring.advantage import Curve, Priced, advantage, flips, pareto
from heurex.scoring.comparison import Score, null_scores, rms_spread, score

__all__ = ["front_record"]

Key = tuple[str, str]
Size = tuple[int, int]

_EVALUATED: Final = 1e-9
"""Estimates that are evaluated no better than this are never said to have no error."""


@dataclass(frozen=True)
class _Column:
    """One method on the models of one size."""

    key: Key
    kind: str
    values: np.ndarray
    errors: np.ndarray
    counted: list[Ops]
    note: list[int]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> _Column:
        """From its rows, models in the order of the table."""
        return cls(
            (rows[0].estimator, rows[0].settings),
            rows[0].kind,
            np.array([np.nan if row.value is None else row.value for row in rows]),
            np.array([0.0 if row.numerical_error is None else row.numerical_error for row in rows]),
            [row.ops for row in rows if row.ops is not None],
            [row.ops_note for row in rows if row.ops_note is not None],
        )

    @property
    def label(self) -> str:
        """The method in a line."""
        return label_of(self.key[0], json.loads(self.key[1]))

    def ops(self, convention: str | Convention) -> float | None:
        """Mean operations of a model."""
        return float(np.mean([one.total(convention) for one in self.counted])) if self.counted else None

    def sampling_family(self) -> str | None:
        """The way of sampling without its size and seed."""
        if self.kind != "sampling":
            return None
        rest = {k: v for k, v in json.loads(self.key[1]).items() if k not in ("samples", "seed")}
        return label_of(self.key[0], rest)


@dataclass(frozen=True)
class _Group:
    """Models of one size: their truth and every method on them."""

    size: Size
    truth: _Column
    columns: list[_Column]
    per_sample: Ops
    clean: np.ndarray | None

    def price_of_sample(self, convention: str | Convention) -> float:
        """Operations of one sample's forward pass."""
        return self.per_sample.total(convention)


def front_record(
    rows: Sequence[Row],
    methods: Sequence[Key],
    truth: Key,
    convention: Convention,
    timings: Mapping[tuple[Size, Key], float | None] | None = None,
) -> dict[str, Any]:
    """Scores, operations, advantages and fronts of all methods, ready for JSON.

    Parameters
    ----------
    rows
        The results table; models of each size are scored together.
    methods, truth
        (name, settings) of what is scored, and of the exact accuracy that errors are measured against.
    convention
        How operations are priced.
    timings
        Time of a model by size and method, in units of one sample's forward pass, where it was measured.
    """
    groups = _groups(rows, methods, truth)
    scored = [entry for group in groups for entry in _entries(group, convention, timings or {})]
    everything = np.concatenate([group.truth.values for group in groups])
    return {
        "heurex": __version__,
        "truth": {"estimator": truth[0], "settings": json.loads(truth[1]), **_spread(everything)},
        "models": len(everything),
        "convention": convention.name,
        "weights": convention.weights(),
        "rows": scored,
        "groups": [_group_record(group, convention) for group in groups],
    }


def _groups(rows: Sequence[Row], methods: Sequence[Key], truth: Key) -> list[_Group]:
    by: dict[Size, dict[Key, list[Row]]] = {}
    clean: dict[tuple[str, Size], float] = {}
    for row in rows:
        size = (row.hidden_size, row.seq_len)
        if row.origin == "clean":
            clean[row.model, size] = np.nan if row.value is None else row.value
        else:
            by.setdefault(size, {}).setdefault((row.estimator, row.settings), []).append(row)
    groups: list[_Group] = []
    for size, columns in by.items():
        d, n = size
        guess = np.array([clean[row.model, size] for row in columns[truth]]) if clean else None
        model = Rnn(np.ones(d), np.ones((d, d)), np.ones((n, d)))
        found = [_Column.of(columns[key]) for key in methods]
        groups.append(_Group(size, _Column.of(columns[truth]), found, ops_per_sample(model), guess))
    return groups


def _spread(truth: np.ndarray) -> dict[str, float]:
    return {
        "least": float(truth.min()),
        "mean": float(truth.mean()),
        "greatest": float(truth.max()),
        "rms_spread": rms_spread(truth),
    }


def _group_record(group: _Group, convention: Convention) -> dict[str, Any]:
    d, n = group.size
    truth = group.truth.values
    nulls = null_scores(truth, np.nan if group.clean is None else group.clean)
    return {
        "hidden_size": d,
        "seq_len": n,
        "models": len(truth),
        "truth": _spread(truth) | {"numerical_error": float(group.truth.errors.max())},
        "sample_ops": {
            "convention": group.price_of_sample(convention),
            **{name: group.price_of_sample(name) for name in CONVENTIONS},
            "note": note_ops_per_sample(d, n),
        },
        "guesses": [
            {"guess": name, **asdict(one)} for name, one in nulls.items() if one.covered and len(truth) > 1
        ],
    }


def _entries(
    group: _Group, convention: Convention, timings: Mapping[tuple[Size, Key], float | None]
) -> list[dict[str, Any]]:
    known = [np.isfinite(column.values) for column in group.columns]
    common = np.all([one for one in known if one.any()], axis=0) if any(map(np.any, known)) else known[0]
    complete = bool(np.all(common))
    entries: list[dict[str, Any]] = []
    for column in group.columns:
        entry = _scored(group, column, convention, timings.get((group.size, column.key)))
        shared = None
        if not complete and entry["covered"] and common.any():
            shared = asdict(score(column.values[common], group.truth.values[common]))
        entry["common"] = shared
        entries.append(entry)
    _add_best_sampler(entries)
    _add_fronts(entries)
    _add_flips(entries)
    return entries


def _scored(group: _Group, column: _Column, convention: Convention, wall: float | None) -> dict[str, Any]:
    """One method on one size: errors on the models that it covers, prices, advantage in each of them."""
    truth = group.truth.values
    there = np.isfinite(column.values)
    found = score(column.values, truth)
    evaluated = column.errors + group.truth.errors
    evaluation = float(np.sqrt((evaluated[there] ** 2).mean())) if there.any() else None
    exact = evaluation is not None and found.rmse <= evaluation < _EVALUATED
    ops = {name: column.ops(name) for name in CONVENTIONS}
    spread = rms_spread(truth[there]) if there.any() else float("nan")
    prices = {
        name: None if count is None else count / group.price_of_sample(name) for name, count in ops.items()
    } | {"wall": wall}
    rmse = 0.0 if exact else found.rmse
    chosen = column.ops(convention)
    return {
        "estimator": column.key[0],
        "settings": json.loads(column.key[1]),
        "label": column.label,
        "kind": column.kind,
        "hidden_size": group.size[0],
        "seq_len": group.size[1],
        **_score_record(found, exact),
        "evaluation_error": evaluation,
        "ops": chosen,
        "ops_models": len(column.counted),
        "ops_counts": _mean_counts(column.counted),
        **{f"ops_{name}": value for name, value in ops.items()},
        "ops_note": float(np.mean(column.note)) if column.note else None,
        "wall_ratio": wall,
        "advantage": advantage(spread, group.price_of_sample(convention), rmse, chosen),
        **{f"advantage_{name}": advantage(spread, 1.0, rmse, price) for name, price in prices.items()},
        "sampling": column.kind == "sampling",
        "sampling_family": column.sampling_family(),
        "explanation": column.kind == "explanation",
        "spread": spread,
        "prices": prices,
    }


def _score_record(found: Score, exact: bool) -> dict[str, Any]:
    """A score; where the difference is below what both sides are evaluated to, the error counts as 0."""
    record = asdict(found) | {"exact": exact, "rmse_measured": found.rmse}
    if exact:
        record |= {"rmse": 0.0, "rmse_interval": (0.0, 0.0), "bias": 0.0, "bias_interval": (0.0, 0.0)}
    return record


def _mean_counts(counted: Sequence[Ops]) -> dict[str, float] | None:
    if not counted:
        return None
    records = [asdict(one) for one in counted]
    return {kind: float(np.mean([record[kind] for record in records])) for kind in records[0]}


def _add_best_sampler(entries: list[dict[str, Any]]) -> None:
    """The same advantage against whichever way of sampling needs the fewest operations for the same error."""
    plain = REGISTRY["sampling"].name
    families: dict[str, list[tuple[float, float]]] = {}
    for entry in entries:
        family = entry["sampling_family"]
        if family not in (None, plain) and entry["ops"] and entry["rmse"] > 0:
            families.setdefault(family, []).append((entry["ops"], entry["rmse"]))
    curves = [Curve(family, tuple(sorted(points))) for family, points in families.items()]
    for entry in entries:
        best, name = entry["advantage"], plain
        if best is not None:
            for curve in curves:
                ratio = curve.ops_for(entry["rmse"]) / entry["ops"]
                if ratio < best and curve.name != entry["sampling_family"]:
                    best, name = ratio, curve.name
        entry["advantage_best"] = best
        entry["best_sampler"] = None if best is None else name


def _add_fronts(entries: list[dict[str, Any]]) -> None:
    """Mark what no other method beats, sampling left out, and explanations that no other explanation beats."""
    for key, kept in (
        ("on_front", lambda e: not e["sampling"]),
        ("on_explanation_front", lambda e: e["explanation"]),
    ):
        points = [(e["ops"] if kept(e) else None, e["rmse"]) for e in entries]
        for entry, on in zip(entries, pareto(points), strict=True):
            entry[key] = on


def _add_flips(entries: list[dict[str, Any]]) -> None:
    """Mark whose place, among methods and plain sampling, hangs on the prices: unit, weighted or by the clock."""
    priced = [
        Priced(e["label"], e["rmse"], e["prices"]) for e in entries if e["covered"] and not e["sampling"]
    ]
    spreads = [e["spread"] for e in entries if e["covered"]]
    if spreads and spreads[0] > 0:
        one_sample = dict.fromkeys((*CONVENTIONS, "wall"), 1.0)
        priced.append(Priced("plain sampling", spreads[0], one_sample))
    found = flips(priced)
    for entry in entries:
        entry["flips"] = found.get(entry["label"], [])
        del entry["spread"], entry["prices"]
