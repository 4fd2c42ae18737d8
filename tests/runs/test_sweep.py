"""Sweeps as a person runs them: on one core or several, killed and continued, refused, on a cluster."""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import heurex
from heurex.cli import app
from heurex.errors import ResultsError, UsageError
from heurex.results import read_rows
from heurex.results.dataset import UNREPEATABLE, Dataset
from heurex.runs.sweep_spec import EXAMPLE
from heurex.scoring.ensembles import copy_generator, noise

COMMAND = [sys.executable, "-c", "from heurex.cli import main; main()", "sweep"]
SPEC = """\
sigma = [0.0, 0.05, 0.2]
copies = 300
seed = 7
chunk = 64
count_ops = 1
models = ["m43", "zoo:4,3?seed=1", "m22"]
methods = ["original", "directions?directions=4", "sampling?samples=16"]
"""
MODELS, PARTS = 3 * 601, 19 + 10


def cli(*arguments, **settings):
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, **settings)


def table_of(folder):
    """All rows without what differs from run to run."""
    files = sorted((folder / "rows").glob("*.parquet"))
    return pa.concat_tables([pq.read_table(file) for file in files]).drop_columns(list(UNREPEATABLE))


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    path = tmp_path_factory.mktemp("spec") / "spec.toml"
    path.write_text(SPEC)
    return path


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, spec):
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    return heurex.sweep(spec, out, processes=1)


def test_noise_is_that_of_each_copys_own_generator():
    drawn = noise(5, 2**40, 3, 50)
    for i in range(3):
        assert np.array_equal(drawn[i], copy_generator(5, 2**40 + i).standard_normal(50))


def test_rows_are_those_of_one_model_at_a_time(undisturbed):
    """Every hundredth model made and estimated by itself."""
    rows = table_of(undisturbed.folder).to_pylist()
    assert (undisturbed.models, undisturbed.rows, len(rows)) == (MODELS, 4 * MODELS, 4 * MODELS)
    keys = {(r["model"], r["sigma"], r["copy"], r["estimator"]) for r in rows}
    assert len(keys) == len(rows)
    assert keys == {
        (model, sigma, copy, estimator)
        for model in ("m43", "zoo:4,3?seed=1", "m22")
        for sigma, copies in ((0.0, 1), (0.05, 300), (0.2, 300))
        for copy in range(copies)
        for estimator in ("exact", "original", "directions", "sampling")
    }
    for row in [r for r in rows if r["copy"] % 100 == 0 or r["sigma"] == 0]:
        model = heurex.load(row["model"])
        if row["sigma"] > 0:
            model = model.perturbed(row["sigma"], copy_generator(7, row["copy"]))
            assert (row["origin"], row["seed"]) == ("noisy copy", 7)
        else:
            assert (row["origin"], row["seed"]) == ("clean", 0)
        assert row["model_hash"] == model.fingerprint()
        assert (row["hidden_size"], row["seq_len"]) == (model.hidden_size, model.seq_len)
        method = row["estimator"]
        settings = json.loads(row["settings"])
        assert row["truth"] == pytest.approx(heurex.estimate(model, by="regions").value, abs=1e-12)
        try:
            alone = heurex.estimate(model, method, **settings)
        except heurex.NotApplicable:
            assert (row["value"], row["error"], row["status"], row["ops_add"]) == (
                None,
                None,
                "not_applicable",
                None,
            )
            continue
        assert row["value"] == alone.value
        assert row["error"] == row["value"] - row["truth"]
        assert row["status"] == str(alone.status)
        # the first model of each size; m43 and zoo:4,3 are of one
        counted = row["copy"] < 1 and row["model"] != "zoo:4,3?seed=1"
        assert row["ops_mul"] == (alone.ops.mul if counted else None)


def test_parts_are_read_as_the_one_results_table(undisturbed):
    first = sorted((undisturbed.folder / "rows").iterdir())[0]
    assert [row.value for row in read_rows(first)] == pq.read_table(first)["value"].to_pylist()


def test_processes_threads_and_order_change_no_bit(tmp_path, spec, undisturbed):
    two = heurex.sweep(spec, tmp_path / "two", processes=2)
    assert two.digest == undisturbed.digest
    assert table_of(two.folder).equals(table_of(undisturbed.folder))
    for threads in "12":
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
        done = cli(
            spec, "--out", tmp_path / threads, "--processes", 1, "--json",
            env={**os.environ, **dict.fromkeys(names, threads)},
        )  # fmt: skip
        assert json.loads(done.stdout)["digest"] == undisturbed.digest
    for part in (20, 3, 17):
        Dataset(two.folder).path_of(part).unlink()
    again = heurex.sweep(spec, two.folder, processes=1)
    assert (again.computed, again.digest) == (64 * 3, two.digest)


def test_the_digest_tells_rows_apart(tmp_path, spec, undisturbed):
    text = spec.read_text()
    (tmp_path / "a.toml").write_text(text.replace("seed = 7", "seed = 8"))
    assert heurex.sweep(tmp_path / "a.toml", tmp_path / "a", processes=1).digest != undisturbed.digest


def test_a_finished_sweep_does_nothing_and_a_damaged_part_is_written_again(tmp_path, spec, capsys):
    out = tmp_path / "out"
    first = heurex.sweep(spec, out, processes=1)
    times = {file.name: file.stat().st_mtime_ns for file in (out / "rows").iterdir()}
    assert len(times) == PARTS
    app(["sweep", str(spec), "--out", str(out)], standalone_mode=False)
    assert "nothing was left to do" in capsys.readouterr().out
    assert {file.name: file.stat().st_mtime_ns for file in (out / "rows").iterdir()} == times
    part = Dataset(out).path_of(5)
    part.write_bytes(part.read_bytes()[:-9])
    (out / "rows" / ".0000006.parquet.99-ab").write_bytes(b"half")
    again = heurex.sweep(spec, out, processes=1)
    assert (again.computed, again.digest) == (64, first.digest)
    changed = {f.name for f in (out / "rows").iterdir() if f.stat().st_mtime_ns != times.get(f.name)}
    assert changed == {part.name}


def parts_in(folder):
    return len(list((folder / "rows").glob("*.parquet")))


def test_killed_runs_go_on(tmp_path, spec, undisturbed):
    moments = random.Random(1)
    out = tmp_path / "out"
    kept = {}
    for least, processes in ((1, 1), (9, 2), (18, 1)):
        process = subprocess.Popen(
            [*COMMAND, str(spec), "--out", str(out), "--processes", str(processes)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while parts_in(out) < least:
            assert process.poll() is None, "it ended before it could be killed"
            time.sleep(0.002)
        time.sleep(moments.uniform(0, 0.02))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        wait_until_quiet(out)
        now = {file.name: file.stat().st_mtime_ns for file in (out / "rows").glob("*.parquet")}
        assert kept.items() <= now.items()
        kept = now
    assert len(kept) < PARTS
    assert heurex.sweep(spec, out, processes=1).digest == undisturbed.digest
    assert table_of(out).equals(table_of(undisturbed.folder))
    assert [file for file in (out / "rows").iterdir() if file.name.startswith(".")] == []


def wait_until_quiet(out):
    """Workers whose parent is gone finish their part and end."""
    seen = None
    while seen != (seen := sorted(file.name for file in (out / "rows").iterdir())):
        time.sleep(0.3)


def test_a_killed_worker_is_said(tmp_path, spec, undisturbed):
    process = subprocess.Popen(
        [*COMMAND, str(spec), "--out", str(tmp_path / "out"), "--processes", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while parts_in(tmp_path / "out") < 1:
        assert process.poll() is None
        time.sleep(0.002)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not children.exists():
        process.kill()
        process.communicate()
        pytest.skip("the system does not say which processes are whose")
    workers = [
        int(pid)
        for pid in children.read_text().split()
        if b"resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    os.kill(workers[0], signal.SIGKILL)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err.count("\n")) == (1, "", 1)
    assert "a worker process ended before its work" in err
    assert "; the same command goes on from there" in err
    assert heurex.sweep(spec, tmp_path / "out", processes=1).digest == undisturbed.digest


def test_ctrl_c_says_how_to_go_on(tmp_path, spec, undisturbed):
    process = subprocess.Popen(
        [*COMMAND, str(spec), "--out", str(tmp_path / "out"), "--processes", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while parts_in(tmp_path / "out") < 2:
        assert process.poll() is None
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: everyone in the group
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err.count("\n")) == (130, "", 1)
    assert err.startswith("heurex: interrupted after ")
    assert err.endswith(f"of {MODELS:,} models; the same command goes on from there\n")
    assert heurex.sweep(spec, tmp_path / "out", processes=1).digest == undisturbed.digest


def test_a_full_disk_is_one_sentence_and_can_be_continued(tmp_path, spec, undisturbed):
    """No file may be longer than 12,000 bytes: the manifest fits, the parts of (4, 3) do not."""
    out = tmp_path / "out"
    done = cli(
        spec, "--out", out, "--processes", 2,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, 12_000)),
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
    assert (
        "cannot be written (File too large) after 0 of 1,803 models; the same command goes on" in done.stderr
    )
    assert parts_in(out) == 0
    assert heurex.sweep(spec, out, processes=1).digest == undisturbed.digest


@pytest.mark.parametrize(
    ("change", "key"),
    [("seed = 8", "seed"), ("copies = 301", "copies"), ("chunk = 65", "chunk"), ("sigma = [0.0]", "sigma")],
)
def test_a_changed_spec_is_refused(tmp_path, spec, undisturbed, change, key):
    lines = [change if line.startswith(key) else line for line in spec.read_text().splitlines()]
    (tmp_path / "spec.toml").write_text("\n".join(lines))
    with pytest.raises(ResultsError, match=rf"holds a run with other {key} \("):
        heurex.sweep(tmp_path / "spec.toml", undisturbed.folder)


def test_another_version_is_refused(tmp_path, spec, monkeypatch):
    heurex.sweep(spec, tmp_path, processes=1)
    monkeypatch.setattr("heurex.results.store.__version__", "0.0.1")
    with pytest.raises(ResultsError, match='holds a run with other heurex .* "0.0.1" asked for'):
        heurex.sweep(spec, tmp_path)


def test_refusals(tmp_path, spec, monkeypatch):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(ResultsError, match=r"holds other files and no manifest\.json"):
        heurex.sweep(spec, tmp_path)
    with pytest.raises(UsageError, match="processes is 0"):
        heurex.sweep(spec, tmp_path / "a", processes=0)
    with pytest.raises(UsageError, match="cannot be sent to other processes"):
        heurex.sweep(
            {"models": ["m43"], "methods": [heurex.External(lambda model: 0.9, "mine")], "chunk": 10},
            tmp_path / "b",
            processes=2,
        )
    dataset = Dataset(tmp_path)
    with dataset.locked(), pytest.raises(ResultsError, match="another process is writing"), dataset.locked():
        pass
    monkeypatch.setitem(sys.modules, "distributed", None)
    from heurex.runs.cluster import connect

    with pytest.raises(UsageError, match=r"needs the extra heurex\[sweep\]"), connect("local:2"):
        pass
    for words in (["sweep"], ["sweep", "spec.toml", "--out", "out", "--dask", "local:2", "--processes", "2"]):
        with pytest.raises(UsageError, match="expected"):
            app(words, standalone_mode=False)


def test_functions_of_ones_own(tmp_path):
    mine = heurex.External(lambda model: 0.9, "always 0.9", ops=1)
    spec = {"models": [heurex.load("m43")], "methods": [mine], "copies": 20, "truth": "none"}
    heurex.sweep(spec, tmp_path, processes=1)
    rows = table_of(tmp_path).to_pylist()
    assert [(r["estimator"], r["value"], r["truth"], r["error"]) for r in rows] == [
        ("always 0.9", 0.9, None, None)
    ] * 20


def test_the_example_is_printed(capsys):
    app(["sweep", "--example"], standalone_mode=False)
    assert capsys.readouterr().out == EXAMPLE
