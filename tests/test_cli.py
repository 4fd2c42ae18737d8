"""The command line as a person meets it: a real process, its two streams and its exit code."""

import json
import os
import pickle
import subprocess
import sys
import zipfile

import numpy as np
import pytest

import heurex
from heurex.zoo.files import write_model


def heurex_cli(*arguments, cwd=None):
    command = [sys.executable, "-c", "from heurex.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=300, check=False)


def refused(code, sentence, *arguments):
    """One sentence on standard error, nothing on standard output, no traceback."""
    done = heurex_cli(*arguments)
    assert done.returncode == code, done
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return done.stderr


def refused_in_a_line(code, sentence, *arguments):
    text = refused(code, sentence, *arguments)
    assert text.startswith("heurex: ")
    assert text.count("\n") == 1


def test_estimate():
    done = heurex_cli("estimate", "m43", "--method", "original")
    assert done.returncode == 0
    assert done.stderr == ""
    assert "gives 0.98490 (evaluated to" in done.stdout
    assert "the truth is 0.98600" in done.stdout
    assert "102 (18 of 4 half-spaces, 56 of 5 half-spaces, 28 of 6 half-spaces)" in done.stdout


@pytest.mark.parametrize("method", ["exact", "original", "symmetric", "sampling"])
def test_estimate_as_json(method, m43):
    settings = ["--set", "samples=1000"] if method == "sampling" else []
    record = json.loads(heurex_cli("estimate", "m43", "-m", method, "--json", *settings).stdout)
    assert record["model_hash"] == m43.fingerprint()
    assert record["estimator"] == method
    arguments = {"samples": 1000} if settings else {}
    assert record["value"] == heurex.estimate(m43, method, **arguments).value
    assert record["ops"]["weighted"] > 0
    if method != "exact":
        assert record["exact"] == heurex.estimate(m43).value


@pytest.mark.parametrize("method", ["exact", "original", "symmetric"])
def test_cells(method, m43):
    record = json.loads(heurex_cli("cells", "m43", "--method", method, "--json").stdout)
    assert abs(sum(cell["fraction"] for cell in record["cells"]) - 1) < 1e-14
    assert (
        abs(sum(cell["true_contribution"] for cell in record["cells"]) - heurex.estimate(m43).value) < 1e-14
    )
    assert abs(sum(cell["contribution"] for cell in record["cells"]) - record["estimate"]) < 1e-14
    text = heurex_cli("cells", "m43", "--method", method).stdout
    assert "true contribution" in text
    assert "x2 > x1 > x0" in text


def test_explain(m43):
    record = json.loads(heurex_cli("explain", "m43", "--json").stdout)
    assert abs(sum(cell["error"] for cell in record["cells"]) - record["error"]) < 1e-13
    assert {switch["setting"] for switch in record["switches"]} == {"regions", "gates", "unlikely"}
    text = heurex_cli("explain", "m43").stdout
    assert "gates: latent" in text
    assert "####" in text


def test_methods():
    names = [method["name"] for method in json.loads(heurex_cli("methods", "--json").stdout)]
    assert names == [method.name for method in heurex.estimators()]
    assert "16 inequalities" in heurex_cli("methods").stdout


def test_scan(tmp_path):
    arguments = ("scan", "m43", "--steps", "3", "--models", "16", "--out", tmp_path / "scan.svg")
    done = heurex_cli(*arguments)
    assert done.stdout.count("RMS error") == 4
    assert "RMS error" in (tmp_path / "scan.svg").read_text()
    assert len(json.loads(heurex_cli(*arguments, "--json").stdout)["scores"]) == 3
    refused_in_a_line(2, "steps is 0", "scan", "m43", "--steps", "0")
    refused_in_a_line(
        1, "cannot be written", "scan", "m43", "--steps", "1", "--models", "2", "--out", "/proc/x.svg"
    )


def test_models_from_files(tmp_path, m43):
    write_model(m43, tmp_path / "mine.safetensors")
    np.savez(
        tmp_path / "half.npz", w_hi=m43.w_hi.astype("f2"), w_hh=np.rint(m43.w_hh).astype(int), w_oh=m43.w_oh
    )
    assert "0.98600" in heurex_cli("estimate", tmp_path / "mine.safetensors").stdout
    assert "the exact accuracy is" in heurex_cli("estimate", tmp_path / "half.npz").stdout


def test_does_not_apply_is_exit_code_3(tmp_path, reference_orders):
    failing = next(record["model"] for record in reference_orders if record["original"] is None)
    write_model(failing, tmp_path / "noisy.safetensors")
    refused_in_a_line(
        3,
        "the original version does not apply:",
        "estimate",
        tmp_path / "noisy.safetensors",
        "-m",
        "original",
    )
    refused_in_a_line(3, "d = 4 and n = 3; this one has d = 2 and n = 2", "estimate", "m22", "-m", "original")
    refused_in_a_line(3, "does not cut input space into cells", "cells", "m43", "-m", "sampling")


def test_unknown_names_are_exit_code_2():
    refused_in_a_line(2, "unknown model 'm44'; expected one of m43, m22", "estimate", "m44")
    refused_in_a_line(2, "unknown method 'orig'", "estimate", "m43", "-m", "orig")
    refused_in_a_line(2, "has no setting 'q'", "estimate", "m43", "-m", "original", "--set", "q=0.3")
    refused_in_a_line(2, "expected name=value", "estimate", "m43", "--set", "latent_prob")
    refused_in_a_line(2, "the number of models is 0; expected at least 1", "reproduce", "--models", "0")
    refused_in_a_line(2, "sigma is -1.0", "reproduce", "--sigma", "-1")
    refused_in_a_line(2, "latent_prob is 'x'", "estimate", "m43", "-m", "original", "--set", "latent_prob=x")
    refused(2, "No such command", "nothing")
    refused(2, "valid integer", "reproduce", "--models", "many")


def test_bad_files_are_exit_code_1(tmp_path, m43):
    missing = tmp_path / "none.npz"
    refused_in_a_line(1, "does not exist", "estimate", missing)
    write_model(m43, tmp_path / "cut.safetensors")
    whole = (tmp_path / "cut.safetensors").read_bytes()
    (tmp_path / "cut.safetensors").write_bytes(whole[:-9])
    refused_in_a_line(1, "not a whole safetensors file", "estimate", tmp_path / "cut.safetensors")
    for name, content, sentence in (
        ("list", pickle.dumps([1]), "expected a state dict"),
        ("code", pickle.dumps({"w": os.system}), "refused: it names"),
    ):
        with zipfile.ZipFile(tmp_path / f"{name}.pth", "w") as archive:
            archive.writestr("archive/data.pkl", content)
        refused_in_a_line(1, sentence, "estimate", tmp_path / f"{name}.pth")
    weights = {"w_hi": m43.w_hi, "w_hh": m43.w_hh, "w_oh": m43.w_oh}
    for name, change, sentence in (
        ("shape", {"w_hh": np.ones((3, 4))}, "w_hh has shape (3, 4); expected (4, 4)"),
        ("nan", {"w_oh": np.full((3, 4), np.nan)}, "expected finite weights"),
        ("inf", {"w_hi": np.array([1, 2, np.inf, 4])}, "w_hi[2] is inf"),
    ):
        np.savez(tmp_path / f"{name}.npz", **(weights | change))
        refused_in_a_line(1, sentence, "estimate", tmp_path / f"{name}.npz")


def test_unwritable_output_is_found_before_the_work(tmp_path):
    (tmp_path / "file").touch()
    refused_in_a_line(1, "is a file; expected an output folder", "reproduce", "--out", tmp_path / "file")
    refused_in_a_line(1, "cannot be written", "reproduce", "--out", "/proc/heurex")


def test_what_is_missing_is_exit_code_1_and_is_not_made(tmp_path):
    missing = tmp_path / "none"
    refused_in_a_line(1, "is no folder", "zoo", "index", missing)
    refused_in_a_line(1, "cannot be read", "sweep", missing, "--out", tmp_path / "out")
    refused_in_a_line(1, "cannot be read", "challenge", "m22", "--estimator", f"{missing}.py:f")
    refused_in_a_line(
        1, "does not exist", "figure", "figure1", "--from", missing, "--out", tmp_path / "a.png"
    )
    refused_in_a_line(1, "cannot be written", "report", "m22", "--out", missing / "page.html")
    refused_in_a_line(1, "is a folder; expected a weight file", "estimate", tmp_path)
    assert list(tmp_path.iterdir()) == []
    refused_in_a_line(2, "unknown task 'maxarg'", "estimate", "m43", "--task", "maxarg")
    refused_in_a_line(2, "name is empty", "estimate", "")


def test_help_and_version():
    assert heurex_cli("--version").stdout == f"heurex {heurex.__version__}\n"
    for verb in ("estimate", "cells", "explain", "methods", "scan", "evaluate", "reproduce"):
        done = heurex_cli(verb, "--help")
        assert done.returncode == 0
        assert f"Example: heurex {verb}" in done.stdout
