"""The main job, end to end, at a size that a test can afford."""

import json
import subprocess
import sys

import numpy as np
import pytest

import heurex
from heurex.results import read_rows
from heurex.scoring import score


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    command = [
        sys.executable,
        "-c",
        "from heurex.cli import main; main()",
        "reproduce",
        "--models",
        "64",
        "--out",
        str(out),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True)
    (out / "printed.txt").write_text(done.stdout)
    return out


def test_all_files_are_there(folder):
    assert {p.name for p in folder.iterdir()} == {
        "figure1.png", "figure1.svg", "results.parquet", "summary.json", "printed.txt"
    }  # fmt: skip
    assert (folder / "figure1.png").read_bytes()[:4] == b"\x89PNG"
    assert "George" in (folder / "figure1.svg").read_text()


def test_the_table_has_a_row_for_each_model_and_estimator(folder):
    rows = read_rows(folder / "results.parquet")
    assert len(rows) == 3 + 5 * 64 * 3
    keys = {(row.model_hash, row.estimator) for row in rows}
    assert len(keys) == len(rows)
    counted = [row for row in rows if row.ops is not None]
    assert len(counted) == 3 + 16 * 3


def test_the_summary_follows_from_the_rows(folder):
    rows = read_rows(folder / "results.parquet")
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["fractions"] == {"4": 18, "5": 56, "6": 28}
    for ensemble in summary["ensembles"]:
        mine = [row for row in rows if row.origin == "noisy copy" and row.seed == ensemble["seed"]]
        truth = np.array([row.value for row in mine if row.estimator == "exact"])
        for entry in ensemble["estimators"]:
            values = np.array([row.value for row in mine if row.estimator == entry["estimator"]])
            assert entry["rmse"] == pytest.approx(score(values, truth).rmse, rel=1e-12)


def test_rows_do_not_depend_on_who_computes_them(folder, m43):
    rows = read_rows(folder / "results.parquet")
    copies = heurex.noisy_copies(m43, 0.05, 64, seed=2)
    for i in (0, 31, 32, 63):
        row = next(
            r for r in rows if r.seed == 2 and r.copy == i and r.estimator == "original" and r.sigma > 0
        )
        assert row.model_hash == copies[i].fingerprint()
        assert row.value == heurex.estimate(copies[i], "original").value


def test_figures_of_the_note(folder):
    """Wide bounds for 64 copies; the figures for 256 are in the README."""
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["clean"]["exact"]["value"] == pytest.approx(0.9859986954502414, abs=1e-14)
    assert summary["clean"]["original"]["value"] == pytest.approx(0.9849045577123751, abs=1e-12)
    assert summary["clean"]["symmetric"]["value"] == pytest.approx(0.98091, abs=1e-5)
    original, symmetric = summary["ensembles"][0]["estimators"]
    assert 0.024 < original["rmse"] < 0.042
    assert 0.018 < original["bias"] < 0.036
    assert 0.03 < symmetric["rmse"] < 0.06
    assert 0.30 < summary["ensembles"][0]["rms_spread"] < 0.34
    assert original["ops_note"] == 71_000


def test_the_note_stands_beside_ours(folder):
    printed = (folder / "printed.txt").read_text()
    for text in (
        "the note",
        "here",
        "24%",
        "6 half-spaces",
        "slip of the pen",
        "71,000",
        "18 + 56 + 28 = 102",
        " s on one core",
    ):
        assert text in printed


@pytest.mark.parametrize(("models", "sigma"), [(1, 0.05), (3, 2.0), (2, 0.0)])
def test_odd_ensembles(tmp_path, models, sigma):
    """One copy; noise so large that the original version applies to none; no noise at all."""
    command = [
        sys.executable,
        "-c",
        "from heurex.cli import main; main()",
        "reproduce",
        "--out",
        str(tmp_path),
    ]
    command += ["--models", str(models), "--sigma", str(sigma)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert (done.returncode, done.stderr.strip()) == (0, "")
    summary = json.loads((tmp_path / "summary.json").read_text())
    original = summary["ensembles"][0]["estimators"][0]
    assert original["covered"] == (0 if sigma == 2.0 else models)
    assert ("applies to no copy" in done.stdout) == (sigma == 2.0)
