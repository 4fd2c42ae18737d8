"""The verbs of surprise accounting as a person meets them."""

import json

import numpy as np
from test_cli import heurex_cli, refused_in_a_line


def test_surprise():
    done = heurex_cli("surprise", "m22", "--method", "pieces", "--every")
    assert done.returncode == 0
    assert done.stderr == ""
    assert "pieces gives 0.99992, the truth is 0.99992" in done.stdout
    assert "a0 is near a1" in done.stdout
    assert "no explanation" in done.stdout


def test_surprise_as_json_with_a_figure(tmp_path):
    figure = tmp_path / "ledger.svg"
    done = heurex_cli(
        "surprise", "m43", "-m", "original", "--residual", "per-observation", "--observations", 1000,
        "--prior", "uniform", "--set", "latent_prob=0.25", "--json", "--out", figure,
    )  # fmt: skip
    record = json.loads(done.stdout)
    assert abs(record["total_bits"] - record["explanation_bits"] - record["residual_bits"]) < 1e-9
    assert sum(entry["kind"] == "fraction" for entry in record["entries"]) == 102
    # 0.25 has two decimals
    q = next(entry for entry in record["entries"] if entry["cell"] == "latent_prob")
    assert round(q["bits"], 6) == round(np.log2(99), 6)
    assert record["resolution"] in record["curve"]["resolution"]
    assert "width to which the estimate is stated" in figure.read_text()


def test_tables(tmp_path):
    out = tmp_path / "tables.npz"
    done = heurex_cli("surprise-tables", "--draws", 2000, "--dimensions", 2, "--out", out)
    assert done.returncode == 0, done
    assert "4 tables of 2,000 cones each, seed 0" in done.stdout
    with np.load(out) as file:
        assert file["n2k2_counts"].tolist() == [2000, 0]


def test_refusals(tmp_path):
    refused_in_a_line(2, "prior is 'flat'", "surprise", "m43", "--prior", "flat")
    refused_in_a_line(2, "unknown method 'orignal'", "surprise", "m43", "-m", "orignal")
    refused_in_a_line(2, "makes no claims", "surprise", "m43", "-m", "sampling", "--set", "samples=10")
    refused_in_a_line(2, "resolution is 2", "surprise", "m43", "--resolution", 2)
    refused_in_a_line(3, "d = 2 and n = 2", "surprise", "m43", "-m", "pieces")
    refused_in_a_line(2, "dimensions is 5", "surprise-tables", "--dimensions", 5)
    refused_in_a_line(
        1, "cannot be written", "surprise-tables", "--draws", 10, "--dimensions", 2, "--out", tmp_path
    )
