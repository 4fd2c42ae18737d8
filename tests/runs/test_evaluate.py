"""evaluate as a person uses it: killed and continued, with functions of one's own, on odd ensembles."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import heurex
from heurex.results import read_rows
from heurex.zoo.files import write_model

COMMAND = [sys.executable, "-c", "from heurex.cli import main; main()", "evaluate"]
SMALL = [
    "m43",
    "--methods",
    "original,sampling?samples=16|64|256",
    "--models",
    "96",
    "--seed",
    "5",
    "--count-ops",
    "8",
]


def cli(*arguments):
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)


def refused(code, sentence, *arguments):
    done = cli(*arguments)
    assert (done.returncode, done.stdout) == (code, ""), done
    assert sentence in done.stderr
    assert done.stderr.startswith("heurex: ")
    assert done.stderr.count("\n") == 1


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    done = cli(*SMALL, "--out", out, "--json")
    assert done.returncode == 0, done.stderr
    (out / "printed.json").write_text(done.stdout)
    return out


def wait_for(condition, process):
    while not condition():
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.002)


def test_killed_runs_go_on_where_they_were(tmp_path, undisturbed):
    """SIGKILL in the middle of the rows twice, then while times are measured; nothing is computed again."""
    moments = random.Random(0)
    parts = tmp_path / "out" / "parts"
    stages = [
        lambda: len(list(parts.glob("0*.parquet"))) >= 1,
        lambda: len(list(parts.glob("0*.parquet"))) >= 7,
        (tmp_path / "out" / "results.parquet").exists,
    ]
    kept = {}
    for stage in stages:
        process = subprocess.Popen(
            [*COMMAND, *SMALL, "--out", str(tmp_path / "out")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(stage, process)
        time.sleep(moments.uniform(0, 0.02))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert not (tmp_path / "out" / "summary.json").exists()
        now = {part.name: part.stat().st_mtime_ns for part in parts.glob("0*.parquet")}
        assert not now or kept.items() <= now.items()
        kept = now
    assert cli(*SMALL, "--out", tmp_path / "out").returncode == 0
    rows = read_rows(tmp_path / "out" / "results.parquet")
    assert rows == read_rows(undisturbed / "results.parquet")
    assert len(rows) == 1 + 5 * 96
    assert len({(row.model_hash, row.estimator, row.settings) for row in rows}) == len(rows)
    assert not parts.exists()


def test_interrupted_anywhere_inside_one_process(tmp_path, m43):
    """Ctrl-C after every chunk in turn: each model is given to the function once."""
    calls = []

    def mine(model):
        calls.append(model.fingerprint())
        return 0.9

    arguments = {
        "methods": [heurex.External(mine, "mine", ops=1)],
        "sigma": 0.05,
        "models": 80,
        "count_ops": 0,
    }
    seen = -1

    def interrupt(what, done, total):
        nonlocal seen
        if what != "timing" and done > seen:
            seen = done
            raise KeyboardInterrupt

    for _ in range(12):
        try:
            found = heurex.evaluate(m43, **arguments, out=tmp_path, watch=interrupt)
            break
        except KeyboardInterrupt:
            pass
    assert seen == 1 + 2 * 80
    computed = [row.model_hash for row in found.rows if row.estimator == "mine"]
    assert calls[:80] == computed
    assert found.rows == read_rows(tmp_path / "results.parquet")
    assert found.rows == heurex.evaluate(m43, **arguments).rows


def test_ctrl_c_says_how_to_go_on(tmp_path):
    slow = [
        *COMMAND,
        "m43",
        "--methods",
        "sampling?samples=3000000|3000001|3000002|3000003",
        "--models",
        "64",
    ]
    process = subprocess.Popen(
        [*slow, "--count-ops", "0", "--out", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: list((tmp_path / "parts").glob("0*.parquet")), process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert re.search(
        r"heurex: interrupted after [\d,]+ of 321 rows; the same command goes on from there", err
    )
    assert "Traceback" not in err


def test_rows_are_a_function_of_model_and_method(undisturbed, m43):
    rows = read_rows(undisturbed / "results.parquet")
    copies = heurex.noisy_copies(m43, 0.05, 96, seed=5)
    for i in (0, 31, 32, 95):
        (row,) = [
            row
            for row in rows
            if row.copy == i and row.estimator == "original" and row.origin == "noisy copy"
        ]
        alone = heurex.estimate(copies[i], "original")
        assert (row.model_hash, row.value, row.wall_s) == (copies[i].fingerprint(), alone.value, None)
        assert row.ops == (alone.ops if i < 8 else None)
    assert [row.origin for row in rows[:2]] == ["clean", "noisy copy"]
    assert rows[0].value == heurex.estimate(m43, by="regions").value


def test_json(undisturbed):
    record = json.loads((undisturbed / "printed.json").read_text())
    assert {"truth", "models", "convention", "rows"} <= record.keys()
    assert (record["models"], record["convention"]) == (96, "weighted")
    kinds = {
        "estimator": str, "settings": dict, "rmse": float, "bias": float, "ops": float, "ops_note": float,
        "wall_ratio": float, "advantage": float, "sampling": bool, "explanation": bool,
    }  # fmt: skip
    for row in record["rows"]:
        assert {key: type(row[key]) for key in kinds} == kinds
        low, high = row["rmse_interval"]
        assert low <= row["rmse"] <= high
    assert [row["label"] for row in record["rows"]] == [
        "original", "sampling?samples=16", "sampling?samples=64", "sampling?samples=256"
    ]  # fmt: skip
    assert [row["ops"] for row in record["rows"][1:]] == [97 * k for k in (16, 64, 256)]
    assert record["rows"][0]["ops_note"] == 71_000
    assert record["rows"][0]["ops_models"] == 8
    for row in record["rows"][1:]:
        assert 0.6 < row["advantage"] < 1.6  # 96 models: the error's own error is 7%, its square's 14%
    assert json.loads((undisturbed / "summary.json").read_text()) == record


def test_files(undisturbed):
    names = {p.name for p in undisturbed.iterdir()} - {"printed.json"}
    assert names == {
        "manifest.json", "results.parquet", "timings.json", "summary.json", "table.csv", "front.png", "front.svg",
        "front.html",
    }  # fmt: skip
    lines = (undisturbed / "table.csv").read_text().splitlines()
    assert len(lines) == 1 + 4 + 2
    assert lines[-1].startswith("guess: ensemble mean")
    svg = (undisturbed / "front.svg").read_text()
    assert "guess at no cost: ensemble mean" in svg
    assert "add, multiply, divide 1; square root, arctangent 10" in svg


def test_the_page_stands_alone(undisturbed):
    """plotly.js itself is inside, and nothing outside that script asks the network for anything."""
    page = (undisturbed / "front.html").read_text()
    scripts = re.findall(r"<script[^>]*>(.*?)</script>", page, re.S)
    assert any(len(script) > 1_000_000 for script in scripts)
    assert not re.search(
        r"<(script|link|img|iframe)[^>]*(src|href)\s*=",
        re.sub(r"(?s)(<script[^>]*>).*?</script>", r"\1", page),
    )
    small = "".join(script for script in scripts if len(script) < 1_000_000)
    assert "Quality versus compute" in small
    assert "http" not in small


def test_another_convention_redraws_the_same_rows(undisturbed, tmp_path):
    """Prices are no part of the rows, so the folder goes on serving; timings stay too."""
    before = {name: (undisturbed / name).read_bytes() for name in ("results.parquet", "timings.json")}
    text = (undisturbed / "printed.json").read_text()
    done = cli(*SMALL, "--out", undisturbed, "--convention", "div=4,sqrt=10,atan2=20")
    (undisturbed / "summary.json").write_text(text)
    assert "add=1,mul=1,div=4,sqrt=10,atan2=20" in done.stdout
    assert before == {name: (undisturbed / name).read_bytes() for name in before}


def test_refusals(undisturbed, tmp_path, m43):
    refused(
        1, "holds a run with other seed (5 there, 6 asked for)", *SMALL, "--seed", 6, "--out", undisturbed
    )
    (tmp_path / "notes.txt").touch()
    refused(1, "holds other files", *SMALL, "--out", tmp_path)
    for code, sentence, arguments in (
        (2, "unknown method 'orignal' (did you mean 'original'?)", ("--methods", "exact,orignal")),
        (2, "unknown convention 'heavy'", ("--convention", "heavy")),
        (2, "sigma is -1.0", ("--sigma", "-1")),
        (2, "number of models is 0", ("--models", "0")),
        (2, "expected 0 or more", ("--count-ops", "-1")),
    ):
        refused(code, sentence, "m43", *arguments, "--out", tmp_path / "new")
        assert not (tmp_path / "new").exists()
    write_model(
        heurex.Rnn(np.ones(2), np.eye(2), np.ones((5, 2)), name="long"), tmp_path / "long.safetensors"
    )
    refused(3, "n = 5", "m43", tmp_path / "long.safetensors", "--sigma", "0")
    with pytest.raises(heurex.UsageError, match="given twice"):
        heurex.evaluate([m43, m43], ["exact"], sigma=0.05, models=2)
    with pytest.raises(heurex.UsageError, match="no methods"):
        heurex.evaluate(m43, [])
    with pytest.raises(heurex.UsageError, match="no models"):
        heurex.evaluate([], ["exact"])


def test_given_models_of_two_sizes_are_the_ensemble(m43):
    half = heurex.Rnn(m43.w_hi, m43.w_hh / 2, m43.w_oh, name="half")
    found = heurex.evaluate(["m22", m43, half], ["pieces", "original"], count_ops=0)
    by_key = {(row["hidden_size"], row["estimator"]): row for row in found.record["rows"]}
    assert {key: row["covered"] for key, row in by_key.items()} == {
        (2, "pieces"): 1, (2, "original"): 0, (4, "pieces"): 0, (4, "original"): by_key[4, "original"]["covered"],
    }  # fmt: skip
    assert by_key[2, "pieces"]["exact"]
    assert by_key[2, "original"]["wall_ratio"] is None
    assert [(row.model, row.copy) for row in found.rows if row.estimator == "exact"] == [
        ("m22", 0), (m43.name, 0), ("half", 1)
    ]  # fmt: skip
    assert all(
        row.status == "not_applicable"
        for row in found.rows
        if row.hidden_size == 4 and row.estimator == "pieces"
    )


def test_copies_of_two_models_answer_to_their_own_clean_accuracy(m43):
    other = heurex.Rnn(m43.w_hi, 0.8 * m43.w_hh, m43.w_oh, name=m43.name)
    found = heurex.evaluate([m43, other], ["sampling?samples=4"], sigma=0.01, models=3, count_ops=0)
    clean = [heurex.estimate(model, by="regions").value for model in (m43, other)]
    assert [row.value for row in found.rows if row.origin == "clean"] == clean
    truth = [row.value for row in found.rows if row.origin == "noisy copy" and row.estimator == "exact"]
    guess = found.record["groups"][0]["guesses"][0]
    assert guess["rmse"] == pytest.approx(np.sqrt(np.mean((np.repeat(clean, 3) - truth) ** 2)))
    assert len({row.model for row in found.rows}) == 2


def test_functions_of_ones_own(m43):
    def picky(model):
        return float("nan") if model.w_hi[0] > m43.w_hi[0] else 0.8

    functions = [
        heurex.External(picky, "picky", ops=heurex.Ops(add=1000)),
        heurex.External(lambda model: 0.8, "rooted", ops=heurex.Ops(sqrt=300)),
        heurex.External(lambda model: heurex.estimate(model).value, "truth in disguise"),
        lambda model: 0.8,
    ]
    found = heurex.evaluate(m43, functions, sigma=0.05, models=16)
    picky_row, rooted, disguise, bare = found.record["rows"]
    assert 0 < picky_row["covered"] < 16
    assert rooted["common"]["models"] == picky_row["covered"]
    assert rooted["common"]["rmse"] == pytest.approx(picky_row["rmse"])
    assert (rooted["ops_unit"], rooted["ops"]) == (300, 3000)
    assert disguise["exact"]
    assert disguise["ops"] is disguise["advantage"] is None
    assert (bare["label"], bare["ops"], bare["kind"]) == ("<lambda>", None, "external")


def test_a_changed_function_is_another_run(tmp_path, m43):
    arguments = {"sigma": 0.05, "models": 2, "out": tmp_path}
    heurex.evaluate(m43, [heurex.External(lambda model: 0.1, "mine")], **arguments)
    with pytest.raises(heurex.ResultsError, match="other methods"):
        heurex.evaluate(m43, [heurex.External(lambda model: 0.2, "mine")], **arguments)


@pytest.mark.parametrize(
    ("models", "sigma", "methods"),
    [
        (["m22"], 0.0, ["exact"]),  # no error anywhere, no guess that is off
        (["m43"], 0.05, ["pieces"]),  # nothing applies
        (["m22", "m43"], 0.0, ["symmetric", heurex.External(lambda model: 0.9, "50% <b>$x_$</b>", ops=3)]),
    ],
)
def test_figures_of_odd_ensembles(tmp_path, models, sigma, methods):
    from heurex.report.figures import save_figure
    from heurex.report.front import front_figure
    from heurex.report.front_page import write_front_page

    record = heurex.evaluate(models, methods, sigma=sigma, models=2, count_ops=1).record
    for group in record["groups"]:
        save_figure(front_figure(record, group), tmp_path / "f.svg")
        assert "RMS error 0" in (tmp_path / "f.svg").read_text()
        assert write_front_page(record, group, tmp_path / "f.html") == ""
    if len(methods) == 2:
        assert "$x_$" in (tmp_path / "f.svg").read_text()
        assert "&lt;b&gt;$x_" in json.dumps((tmp_path / "f.html").read_text()).replace("\\\\u0026", "&")


def test_without_plotly_there_is_no_page_and_a_sentence(tmp_path, monkeypatch, m43):
    from heurex.report.front_page import write_front_page

    record = heurex.evaluate(m43, ["original"], models=2, count_ops=1).record
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    said = write_front_page(record, record["groups"][0], tmp_path / "f.html")
    assert "plotly is not installed (pip install 'heurex[page]')" in said
    assert not (tmp_path / "f.html").exists()
