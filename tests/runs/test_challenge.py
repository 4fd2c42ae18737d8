"""The challenge as a contestant uses it: from a file, killed and continued, onto a leaderboard."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import heurex
from heurex.errors import ResultsError, UsageError
from heurex.estimators.sampler import sampled_accuracy
from heurex.results import read_rows
from heurex.results.leaderboard import add_entry, boards, read_leaderboard
from heurex.runs import truth
from heurex.runs.noise_scan import noise_scan
from heurex.runs.truth import SampledTruth

COMMAND = [sys.executable, "-c", "from heurex.cli import main; main()"]
MINE = """
import heurex
def half(model):
    return 0.5
half.ops, half.kind = 10, "explanation"
def told(model, seed):
    return 0.5 + 0.01 * seed, 100 * model.seq_len
def text(model):
    return "x"
def crash(model):
    return 1 / 0
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HEUREX_TRUTH_CACHE", str(tmp_path / "truth"))


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    return path


@pytest.fixture
def cli(monkeypatch, capsys):
    """The command line inside this process: its exit code and what it wrote."""
    from heurex.cli import main

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["heurex", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        said = capsys.readouterr()
        return stop.value.code, said.out, said.err

    return call


def test_sampled_truth_depends_on_nothing_but_model_and_number(monkeypatch, tmp_path):
    """Blocks made small; the oracle draws all streams at once. A damaged or partial file changes nothing."""
    monkeypatch.setattr(truth, "_BLOCK", 4 * truth.STREAM)
    model = heurex.load("zoo:8,5")
    samples = 9 * truth.STREAM + 77
    expected = sampled_accuracy(model, samples, 907_606_417)
    first = SampledTruth(samples).estimate(model)
    assert (first.value, first.standard_error) == (expected.value, expected.standard_error)
    (path,) = (tmp_path / "truth").glob("*.json")
    kept = json.loads(path.read_text())
    assert len(kept["blocks"]) == 2
    for damage in (
        "",
        "{}",
        json.dumps(kept | {"blocks": kept["blocks"][:1], "rests": {}}),
        json.dumps(kept | {"block": 1}),
    ):
        path.write_text(damage)
        assert SampledTruth(samples).estimate(model).value == expected.value
    calls = []
    monkeypatch.setattr(truth, "count_drawn", lambda *a, **k: calls.append(a))
    assert SampledTruth(samples).estimate(model).value == expected.value
    assert calls == []


def test_truth_goes_on_after_an_interruption(monkeypatch):
    monkeypatch.setattr(truth, "_BLOCK", truth.STREAM)
    model, real, calls = heurex.load("zoo:8,5"), truth.count_drawn, []

    def interrupted(model, first, *arguments, **settings):
        if len(calls) == 3:
            calls.append(None)
            raise KeyboardInterrupt
        calls.append(first)
        return real(model, first, *arguments, **settings)

    monkeypatch.setattr(truth, "count_drawn", interrupted)
    samples = 5 * truth.STREAM
    with pytest.raises(KeyboardInterrupt):
        SampledTruth(samples).estimate(model)
    assert SampledTruth(samples).estimate(model).value == sampled_accuracy(model, samples, 907_606_417).value
    assert calls == [0, 1, 2, None, 3, 4]


def test_record_against_hand_arithmetic(m43):
    """Two seeded functions; bias, RMS error and ratio from the exact accuracies by NumPy alone."""

    def off(model, seed):
        return float(heurex.estimate(model).value) + 0.01 * (seed + 1), 485

    found = heurex.challenge(
        m43, [heurex.External(off, "off", seed=0), "sampling?samples=5"], copies=4, seeds=2, noise=[0.05]
    )
    (model,) = found.record["models"]
    off, sampling = model["rows"]
    exact = [heurex.estimate(m).value for m in (m43, *heurex.noisy_copies(m43, 0.05, 4))]
    spread = np.mean([p * (1 - p) for p in exact])
    assert off["bias"] == pytest.approx(0.015, abs=1e-9)
    assert off["rmse"] == pytest.approx(np.sqrt((0.01**2 + 0.02**2) / 2), abs=1e-9)
    assert off["ratio"] == pytest.approx(np.sqrt(spread * model["sample_ops"] / 485) / off["rmse"], rel=1e-9)
    assert (off["ops"], off["seeds"], off["models"], off["clean"]["error"]) == (
        485,
        2,
        5,
        pytest.approx(0.015),
    )
    assert sampling["ops"] == 5 * model["sample_ops"]
    assert sampling["sampling_rmse"] == pytest.approx(np.sqrt(spread / 5))
    assert model["truth"]["clean"] == pytest.approx(exact[0])
    seeds = {json.loads(r.settings)["seed"] for r in found.rows[0] if r.estimator == "sampling"}
    assert seeds == {0, 1}


def test_exact_and_sampled_truth_agree(m43):
    exact, sampled = (
        heurex.challenge(m43, ["exact"], copies=3, truth=how, truth_samples=200_000).record["models"][0]
        for how in ("exact", "sampled")
    )
    assert exact["truth"]["standard_error"] == 0
    for key in ("clean", "mean", "least", "greatest"):
        assert abs(exact["truth"][key] - sampled["truth"][key]) < 4 * sampled["truth"]["standard_error"]
    assert sampled["rows"][0]["resolved"] is False
    assert exact["rows"][0]["ratio"] == np.inf


def test_a_wide_bound_of_ones_own_excuses_no_error(m43):
    """The mean field bounds its quadrature by more than its error; that error is found all the same."""
    (model,) = heurex.challenge(m43, ["mean-field?rank=2"], copies=4, seeds=2).record["models"]
    (row,) = model["rows"]
    estimator = heurex.read_methods(["mean-field?rank=2"])[0]
    assert estimator.estimate(m43).numerical_error > 1e-3
    models = [m43, *heurex.noisy_copies(m43, 0.05, 4)]
    errors = [
        dataclasses.replace(estimator, seed=k).estimate(m).value - heurex.estimate(m).value
        for m in models
        for k in (0, 1)
    ]
    assert row["resolved"]
    assert row["rmse"] == pytest.approx(np.sqrt(np.mean(np.square(errors))), rel=1e-6)


def test_killed_run_goes_on(tmp_path, cli):
    """SIGKILL when some parts are there: those are not made again, and values are those of an undisturbed run."""
    arguments = ["challenge", "zoo:8,5", "--copies", 40, "--seeds", 3, "--truth-samples", "1e5", "--methods"]
    arguments += ["sampling?samples=1000|2000|3000", "--json", "--out"]
    out = tmp_path / "out"
    process = subprocess.Popen([*COMMAND, *map(str, arguments), str(out)], stdout=subprocess.DEVNULL)
    while len(list(out.glob("*/parts/0*.parquet"))) < 4:
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    kept = sorted(out.glob("*/parts/0*.parquet"))
    times = {row.wall_s for part in kept for row in read_rows(part)}
    assert len(kept) >= 4
    code, printed, err = cli(*arguments, out)
    assert code == 0, err
    (table,) = out.glob("*/results.parquet")
    assert times <= {row.wall_s for row in read_rows(table)}, "no part was made again"
    record = json.loads(printed)
    fresh = heurex.challenge(
        "zoo:8,5", ["sampling?samples=1000|2000|3000"], copies=40, truth_samples=100_000
    ).record
    for one, other in zip(record["models"][0]["rows"], fresh["models"][0]["rows"], strict=True):
        assert {k: v for k, v in one.items() if "wall" not in k} == {
            k: v for k, v in other.items() if "wall" not in k
        }
    assert {"challenge.csv", "challenge.json"} <= {p.name for p in out.iterdir()}
    assert len(list(out.glob("challenge-*.png"))) == 1


def test_contestants_file_and_leaderboard(tmp_path, mine, cli):
    board = tmp_path / "board.json"
    run = ["challenge", "m43", "--copies", 4, "--leaderboard", board]
    assert cli(*run, "--estimator", f"{mine}:half", "--estimator", f"{mine}:told", "--entry", "a")[0] == 0
    assert cli(*run, "--methods", "directions", "--entry", "b")[0] == 0
    assert cli(*run, "--methods", "directions", "--entry", "b")[0] == 0  # the same again adds nothing
    assert cli(*run, "--methods", "directions", "--entry", "c", "--noise", "0.02")[0] == 0
    held = read_leaderboard(board)
    assert [[e["name"] for e in group] for group in boards(held)] == [["a", "b"], ["c"]]
    half, told = held["entries"][0]["rows"]
    assert (half["kind"], half["ops"], half["seeds"]) == ("explanation", 10, 1)
    assert (told["kind"], told["ops"], told["seeds"]) == ("external", 300, 3)
    code, out, err = cli(*run, "--methods", "directions?directions=12", "--entry", "a")
    assert (code, out) == (2, "")
    assert "expected another name" in err
    code, out, _ = cli("leaderboard", board)
    assert code == 0
    assert out.count("(board ") == 2
    assert "half (a guess)" in out


def test_a_tampered_leaderboard_is_refused(tmp_path, m43):
    board = tmp_path / "board.json"
    record = heurex.challenge(m43, ["directions"], copies=2).record
    held = add_entry(board, "a", record)
    for change in (
        {"schema": 9},
        {"entries": [held["entries"][0] | {"ensemble": "other"}]},
        {"entries": [3]},
        {"entries": 0},
    ):
        board.write_text(json.dumps(held | change))
        with pytest.raises(ResultsError, match="expected|reads schema"):
            read_leaderboard(board)
    with pytest.raises(UsageError, match="no name"):
        add_entry(board, " ", record)


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["--estimator", "{mine}:none"], "has no function 'none'"),
        (["--estimator", "{mine}"], "expected path/to/file.py:function"),
        (["--estimator", "nowhere.py:f"], "cannot be read"),
        (["--estimator", "{mine}:crash"], "fails on Rnn"),
        (["--estimator", "{mine}:text"], "expected a number, or a number and its operations"),
        (["--truth-samples", "some"], "expected a whole number such as"),
        (["--noise", "a"], "expected such as 0.003,0.005"),
        (["--noise", "0"], "expected a finite standard deviation above 0"),
        (["--copies", "0"], "the number of copies is 0"),
        (["--truth", "some"], "expected auto, exact or sampled"),
        (["--entry", "me"], "go together"),
        (["--methods", "sampling?seed=0|1"], "given twice with other seeds"),
    ],
)
def test_bad_input_is_one_sentence(arguments, sentence, mine, cli):
    code, out, err = cli("challenge", "m22", *(a.format(mine=mine) for a in arguments))
    # a file that is not there is 1, all else that is not understood 2
    assert (code, out) == (1 if sentence == "cannot be read" else 2, "")
    assert sentence in err
    assert err.startswith("heurex: ")
    assert err.count("\n") == 1


def test_noise_scan_against_exact(m43):
    (found,) = noise_scan(m43, (0.0, 0.1), copies=3)["noise_scan"]
    exact = [heurex.estimate(m).value for m in heurex.noisy_copies(m43, 0.1, 3)]
    assert found["levels"][0]["mean"] == pytest.approx(heurex.estimate(m43).value, abs=1e-11)
    assert found["levels"][1]["mean"] == pytest.approx(np.mean(exact), abs=1e-11)
    assert found["levels"][1]["least"] == pytest.approx(min(exact), abs=1e-11)


def test_evaluate_takes_four_inputs_and_refuses_five():
    found = heurex.evaluate("zoo:4,4", ["sampling?samples=50"], models=2, count_ops=0)
    assert found.record["rows"][0]["covered"] == 2
    with pytest.raises(heurex.NotApplicable, match="n = 4 and at most 18 neurons"):
        heurex.evaluate("zoo:8,5", models=2)


def test_a_method_is_run_once_where_its_seed_decides_nothing():
    settings = {"methods": ["nested?nodes=1&points=1"], "copies": 2, "count_ops": 0, "truth_samples": 1000}
    found = [heurex.challenge(one, **settings).record["models"][0]["rows"] for one in ("zoo:4,4", "zoo:8,5")]
    assert [rows[0]["seeds"] for rows in found] == [1, 3]
