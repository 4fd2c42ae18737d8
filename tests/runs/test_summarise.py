"""Summaries of a sweep against plain arithmetic on its table; worst models; figures; other people's readers."""

import json
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import heurex
from heurex.cli import app
from heurex.errors import ResultsError, UsageError
from heurex.report.sweep import sweep_figure
from heurex.scoring import score
from heurex.zoo.files import read_metadata

PAGE = Path(__file__).parent.parent.parent / "docs" / "sweeps.md"
SPEC = {
    "models": ["m43", "zoo:4,3?seed=1"],
    "sigma": [0.05, 0.2],
    "copies": 300,
    "chunk": 70,
    "methods": ["original", "directions?directions=4"],
    "count_ops": 1,
    "seed": 3,
}


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    return heurex.sweep(SPEC, tmp_path_factory.mktemp("swept"), processes=1).folder


@pytest.fixture(scope="module")
def rows(swept):
    return pa.concat_tables([pq.read_table(file) for file in sorted((swept / "rows").iterdir())]).to_pylist()


def column(rows, estimator, key, **where):
    found = [r[key] for r in rows if r["estimator"] == estimator and all(r[k] == v for k, v in where.items())]
    return np.array([np.nan if value is None else value for value in found])


def test_groups_are_those_of_the_table(swept, rows):
    record = heurex.summarise(swept).record
    assert (record["models"], record["expected_models"], len(record["groups"])) == (1200, 1200, 4)
    for group in record["groups"]:
        where = {"model": group["model"], "sigma": group["sigma"]}
        truth = column(rows, "exact", "value", **where)
        values = {name: column(rows, name, "value", **where) for name in ("original", "directions")}
        common = np.all([np.isfinite(v) for v in values.values()], axis=0)
        for entry in group["methods"]:
            plain = score(values[entry["estimator"]], truth)
            assert entry["coverage"] == plain.covered / 300
            assert entry["rmse"] == pytest.approx(plain.rmse, rel=1e-9)
            assert entry["bias"] == pytest.approx(plain.bias, rel=1e-9)
            shared = score(values[entry["estimator"]][common], truth[common])
            assert entry["common"]["rmse"] == pytest.approx(shared.rmse, rel=1e-9)
            # one sample of (4, 3) costs 97
            counted = [
                r
                for r in rows
                if r["estimator"] == entry["estimator"] and r["sigma"] == group["sigma"] and r["ops_add"]
            ]
            ops = np.mean(
                [
                    r["ops_add"] + r["ops_mul"] + r["ops_div"] + 10 * (r["ops_sqrt"] + r["ops_atan2"])
                    for r in counted
                ]
            )
            assert entry["ops"] == ops
            there = np.isfinite(values[entry["estimator"]])
            assert entry["guess_rmse"] == pytest.approx(truth[there].std(), rel=1e-9)
            assert entry["common"]["guess_rmse"] == pytest.approx(truth[common].std(), rel=1e-9)
            spread = np.mean(truth[there] * (1 - truth[there]))
            assert entry["advantage"] == pytest.approx(spread * 97 / (plain.rmse**2 * ops), rel=1e-9)


def test_other_groups(swept, rows):
    (all_of_it,) = heurex.summarise(swept, by=["size"]).record["groups"]
    assert (all_of_it["size"], all_of_it["models"]) == ([4, 3], 1200)
    plain = score(column(rows, "directions", "value"), column(rows, "exact", "value"))
    assert all_of_it["methods"][1]["rmse"] == pytest.approx(plain.rmse, rel=1e-9)
    assert len(heurex.summarise(swept, by=["sigma"]).record["groups"]) == 2
    with pytest.raises(UsageError, match="groups are asked by 'seed'"):
        heurex.summarise(swept, by=["seed"])


def test_worst_models_come_back_with_their_weights(swept, rows, capsys, tmp_path):
    app(["summarise", str(swept), "--worst", "2", "--figure", str(tmp_path / "a.png")], standalone_mode=False)
    printed = capsys.readouterr().out
    assert (tmp_path / "a.png").stat().st_size > 10_000
    found = heurex.summarise(swept, worst=2)
    for name, label in (("original", "original"), ("directions", "directions?directions=4")):
        errors = np.abs(column(rows, name, "error"))
        worst = [one for one in found.record["worst"] if one["label"] == label]
        assert [abs(one["error"]) for one in worst] == sorted(errors[np.isfinite(errors)])[:-3:-1]
        path = Path(re.search(rf"the worst model of {re.escape(label)}: heurex \w+ (.*)", printed)[1])
        model = heurex.load(path)
        (row,) = [r for r in rows if r["estimator"] == name and r["error"] == worst[0]["error"]]
        assert model.fingerprint() == row["model_hash"] == found.worst[label].fingerprint()
        assert read_metadata(path)["copy"] == str(row["copy"])
        settings = json.loads(row["settings"])
        assert heurex.estimate(model, name, **settings).value == row["value"]


def test_unfinished_and_foreign_folders(swept, tmp_path, capsys):
    with pytest.raises(ResultsError, match="holds no sweep"):
        heurex.summarise(tmp_path)
    out = tmp_path / "out"
    heurex.sweep(SPEC, out, processes=1)
    sorted((out / "rows").iterdir())[0].unlink()
    app(["summarise", str(out)], standalone_mode=False)
    assert "unfinished: 1,130 of 1,200 models" in capsys.readouterr().out


def test_figure_needs_levels(swept):
    with pytest.raises(UsageError, match="nothing to draw"):
        sweep_figure(heurex.summarise(swept, by=["model"]).record)


def test_figure_has_the_guess_and_a_legend_inside_its_edges(swept):
    record = heurex.summarise(swept).record
    for group in record["groups"]:
        group["methods"][0]["label"] = "original?regions=signed&gates=exact&latent_prob=0.123456789"
    figure = sweep_figure(record)
    figure.canvas.draw()
    (legend,) = figure.legends
    box = legend.get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.x1
    for row in (0, 1):
        for column in (0, 1):
            axes = figure.axes[2 * row + column]
            (line,) = [one for one in axes.get_lines() if one.get_label() == "constant guess"]
            groups = record["groups"][2 * column : 2 * column + 2]
            scores = [group["methods"][1] for group in groups]
            guesses = [one["common"] if row else one for one in scores]
            assert list(line.get_ydata()) == [100 * one["guess_rmse"] for one in guesses]


@pytest.mark.parametrize("reader", ["pandas", "polars", "duckdb"])
def test_two_lines_of_the_page_read_all_rows(reader, swept, rows, tmp_path, monkeypatch):
    pytest.importorskip(reader)
    code = re.search(rf"```py\n(import {reader}.*?)```", PAGE.read_text(), re.S)[1]
    assert len([line for line in code.splitlines() if line]) == 2
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "sweep").symlink_to(swept)
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(code, names)
    found = names["rows"]
    assert len(found) == len(rows) == 3600
    assert found["value"].sum() == pytest.approx(sum(r["value"] for r in rows if r["value"] is not None))
