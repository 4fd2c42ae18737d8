"""The record behind the figure, from rows made by hand."""

import json

import numpy as np
import pytest

import heurex
from heurex.estimators.conventions import CONVENTIONS, as_convention
from heurex.estimators.sampling import ops_per_sample
from heurex.results import Row
from heurex.scoring import rms_spread, score
from heurex.scoring.front import front_record

TRUTH = np.array([0.9, 0.8, 0.7, 0.6])
NAN = float("nan")


def rows_of(
    name,
    values,
    *,
    kind="explanation",
    settings=None,
    ops=None,
    error=1e-15,
    size=(4, 3),
    origin="noisy copy",
):
    return [
        Row("m", f"h{i}", origin, 0.05, 0, i, *size, name, kind, json.dumps(settings or {}),
            None if np.isnan(value) else float(value), error, None, "not_applicable" if np.isnan(value) else "ok",
            *(ops if ops and i < 2 else [None] * 5), None, None)
        for i, value in enumerate(values)
    ]  # fmt: skip


def record_of(columns, convention="weighted", timings=None, clean=0.95):
    rows = rows_of("exact", [clean], kind="exact", origin="clean") + rows_of("exact", TRUTH, kind="exact")
    keys = []
    for column in columns:
        rows += column
        keys.append((column[0].estimator, column[0].settings))
    return front_record(rows, keys, ("exact", "{}"), as_convention(convention), timings)


def test_scores_operations_and_advantage():
    values = TRUTH + np.array([0.02, -0.01, 0.0, 0.03])
    record = record_of([rows_of("a", values, ops=(100, 50, 10, 2, 3))], timings={((4, 3), ("a", "{}")): 7.0})
    (row,) = record["rows"]
    expected = score(values, TRUTH)
    assert (row["rmse"], row["bias"], row["correlation"]) == (
        expected.rmse,
        expected.bias,
        expected.correlation,
    )
    assert (row["ops"], row["ops_unit"], row["ops_weighted"], row["ops_models"]) == (210, 165, 210, 2)
    model = heurex.load("m43")
    for name in CONVENTIONS:
        sample = ops_per_sample(model).total(name)
        needed = rms_spread(TRUTH) ** 2 / expected.rmse**2 * sample
        assert row[f"advantage_{name}"] == pytest.approx(needed / row[f"ops_{name}"])
    assert row["advantage"] == row["advantage_best"] == row["advantage_weighted"]
    assert row["advantage_wall"] == pytest.approx(rms_spread(TRUTH) ** 2 / expected.rmse**2 / 7.0)
    assert record["truth"]["mean"] == pytest.approx(TRUTH.mean())
    assert record["groups"][0]["sample_ops"]["note"] == 72
    clean, mean = record["groups"][0]["guesses"]
    assert clean["rmse"] == pytest.approx(np.sqrt(np.mean((0.95 - TRUTH) ** 2)))
    assert mean["rmse"] == pytest.approx(TRUTH.std())
    custom = record_of([rows_of("a", values, ops=(100, 50, 10, 2, 3))], convention="div=4,sqrt=0")
    assert custom["rows"][0]["ops"] == 100 + 50 + 40 + 0 + 3
    assert custom["convention"] == "add=1,mul=1,div=4,sqrt=0,atan2=1"


@pytest.mark.parametrize(
    ("off", "error", "exact"),
    [
        (1e-15, 1e-15, True),
        (3e-15, 1e-15, False),
        (1e-12, 1e-12, True),
        (1e-4, 1e-3, False),
        (0.0, None, True),
    ],
)
def test_an_error_below_what_both_sides_are_evaluated_to_counts_as_none(off, error, exact):
    """But an estimate that is evaluated badly is not called exact."""
    column = rows_of("a", TRUTH + off * np.array([1, -1, 1, -1]), ops=(9, 0, 0, 0, 0), error=error)
    (row,) = record_of([column])["rows"]
    assert row["exact"] == exact
    assert (row["rmse"] == 0) == exact
    assert (row["advantage"] is None) == (row["advantage_best"] is None) == exact
    assert row["rmse_measured"] == pytest.approx(off, abs=2e-16)


def test_coverage_and_the_common_subset():
    some = rows_of("some", [0.91, NAN, 0.71, NAN], ops=(9, 0, 0, 0, 0))
    every = rows_of("every", TRUTH + np.array([0.03, 0.2, 0.01, 0.3]), ops=(9, 0, 0, 0, 0))
    none = rows_of("none", [NAN] * 4)
    record = record_of([some, every, none])
    by_name = {row["estimator"]: row for row in record["rows"]}
    assert [by_name[name]["covered"] for name in ("some", "every", "none")] == [2, 4, 0]
    assert by_name["every"]["common"]["models"] == 2
    assert by_name["every"]["common"]["rmse"] == pytest.approx(np.sqrt((0.03**2 + 0.01**2) / 2))
    assert by_name["every"]["rmse"] > 0.1
    assert by_name["none"]["common"] is None
    assert by_name["none"]["advantage"] is None
    assert not by_name["none"]["on_front"]
    assert record_of([every])["rows"][0]["common"] is None
    # the price of sampling is that of the models covered
    spread = rms_spread(TRUTH[[0, 2]])
    assert by_name["some"]["advantage"] == pytest.approx(spread**2 * 97 / (by_name["some"]["rmse"] ** 2 * 9))


def test_fronts_and_flips():
    off = np.array([1, -1, 1, -1])
    columns = [
        rows_of("cheap", TRUTH + 0.04 * off, ops=(100, 0, 0, 0, 0)),
        rows_of("dear", TRUTH + 0.05 * off, ops=(200, 0, 0, 0, 0)),
        rows_of("cells", TRUTH + 0.01 * off, ops=(300, 0, 0, 40, 0)),
        rows_of("grid", TRUTH + 0.01 * off, kind="quadrature", ops=(500, 0, 0, 0, 0)),
        rows_of(
            "sampling", TRUTH + 0.01 * off, kind="sampling", settings={"samples": 1, "seed": 0}, ops=(5,) * 5
        ),
    ]
    by_name = {row["estimator"]: row for row in record_of(columns)["rows"]}
    assert [name for name, row in by_name.items() if row["on_front"]] == ["cheap", "grid"]
    assert [name for name, row in by_name.items() if row["on_explanation_front"]] == ["cheap", "cells"]
    assert by_name["cells"]["flips"] == ["grid"]
    assert by_name["grid"]["flips"] == ["cells"]
    assert by_name["cheap"]["flips"] == by_name["dear"]["flips"] == []
    assert (by_name["sampling"]["sampling"], by_name["sampling"]["explanation"]) == (True, False)


def test_the_best_way_of_sampling_is_the_dearer_yardstick():
    off = np.array([1, -1, 1, -1])
    spread = rms_spread(TRUTH)
    smart = [
        rows_of("sampling", TRUTH + spread / np.sqrt(4 * k) * off, kind="sampling",
                settings={"samples": k, "seed": 0, "design": "smart"}, ops=(97 * k, 0, 0, 0, 0))
        for k in (16, 64)
    ]  # fmt: skip
    columns = [rows_of("a", TRUTH + 0.04 * off, ops=(100, 0, 0, 0, 0)), *smart]
    row, first, _ = record_of(columns)["rows"]
    assert row["advantage_best"] == pytest.approx(row["advantage"] / 4)
    assert "smart" in row["best_sampler"]
    assert first["advantage"] == pytest.approx(4)
    assert first["advantage_best"] == pytest.approx(4)


def test_models_of_two_sizes_are_scored_apart():
    rows = []
    for size, shift in (((4, 3), 0.01), ((2, 2), 0.05)):
        rows += rows_of("exact", TRUTH, kind="exact", size=size, origin="given")
        rows += rows_of("a", TRUTH + shift, ops=(9, 0, 0, 0, 0), size=size, origin="given")
    record = front_record(rows, [("a", "{}")], ("exact", "{}"), CONVENTIONS["unit"])
    assert [(row["hidden_size"], round(row["rmse"], 12)) for row in record["rows"]] == [(4, 0.01), (2, 0.05)]
    assert record["models"] == 8
    assert [group["sample_ops"]["note"] for group in record["groups"]] == [72, 16]
    assert [[g["guess"] for g in group["guesses"]] for group in record["groups"]] == [["ensemble mean"]] * 2
