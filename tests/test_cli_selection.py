"""The verb selection-bits as a person meets it."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

import heurex
from heurex.scoring.selection import Effort

COUNT = ("--method", "counting", "--samples")
COMMAND = [sys.executable, "-c", "from heurex.cli import main; main()", "selection-bits"]


def cli(*arguments):
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=300, check=False
    )


def test_counting_as_json():
    done = cli(
        "--hidden-size",
        2,
        "--seq-len",
        2,
        "--accuracy",
        0.8,
        "--method",
        "counting",
        "--samples",
        4000,
        "--json",
    )
    record = json.loads(done.stdout)
    effort = Effort("counting", samples=4000)
    assert record["bits"] == heurex.selection_bits(2, 2, 0.8, effort=effort).bits
    assert record["interval"][0] < record["bits"] < record["interval"][1]
    assert record["prior"] == "independent N(0, 1^2) entries in w_hi, w_hh and w_oh"
    assert record["evaluations"] == 4000


def test_splitting_in_words():
    arguments = ("--model", "m22", "--particles", 200, "--moves", 3, "--replicates", 3)
    first, second = cli(*arguments), cli(*arguments, "--threads", 1)
    assert first.returncode == 0
    assert "accuracy at least 0.9999158339" in first.stdout
    assert "by splitting, seed 0" in first.stdout
    assert first.stdout == second.stdout


def test_bundled():
    record = json.loads(cli("--model", "m22", "--scale", 2, "--bundled", "--json").stdout)
    assert record["bits"] == heurex.bundled_selection_bits(2, 2, record["accuracy"], 2).bits


def test_no_hits_are_null():
    record = json.loads(
        cli(
            "--hidden-size",
            1,
            "--seq-len",
            2,
            "--accuracy",
            0.999,
            "--method",
            "counting",
            "--samples",
            100,
            "--json",
        ).stdout
    )
    assert record["bits"] is None
    assert record["interval"][1] is None


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        ((), "expected --model, or --hidden-size, --seq-len and --accuracy"),
        (("--hidden-size", 2, "--seq-len", 4, "--accuracy", 0.9), "so n = 2 or 3 inputs; here n = 4"),
        (("--hidden-size", 2, "--seq-len", 2, "--accuracy", 1.5), "the accuracy is 1.5; expected"),
        (("--model", "m22", "--hidden-size", 3), "--hidden-size is 3; the model 'm22' has 2"),
        (
            ("--hidden-size", 2, "--seq-len", 2, "--accuracy", 0.9, "--near", 0.2),
            "--near was given without --model",
        ),
        (
            ("--model", "m22", "--scale", 3, "--bundled"),
            "no selection bits are bundled for (2, 2) at scale 3",
        ),
        (("--model", "m22", "--scale", "nan"), "the scale is nan"),
        (("--model", "m22", "--seed", -1), "the seed is -1"),
        (("--model", "m22", "--replicates", 1), "replicates is 1; expected at least 3"),
    ],
)
def test_refusals(arguments, sentence):
    done = cli(*arguments)
    assert done.returncode in (2, 3)
    assert done.stdout == ""
    assert sentence in done.stderr
    assert done.stderr.startswith("heurex: ")
    assert done.stderr.count("\n") == 1


def test_interruption_is_one_sentence():
    process = subprocess.Popen(
        [*COMMAND, "--model", "m43", *COUNT, "100000000"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "TERM": "dumb"},
    )  # fmt: skip
    time.sleep(8)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert "interrupted; nothing was written" in err
    assert "Traceback" not in err
