"""Sweeps on a Dask cluster of processes: the same rows, also when workers are killed."""

import logging
import os
import signal
import threading
import time

import pytest

import heurex
from heurex.errors import ResultsError, UsageError
from heurex.runs.cluster import connect

distributed = pytest.importorskip("distributed", reason="Dask is not installed")

pytestmark = pytest.mark.filterwarnings("default")
SPEC = {
    "models": ["m43"],
    "sigma": [0.05],
    "copies": 2000,
    "chunk": 50,
    "methods": ["original", "sampling?samples=64"],
    "count_ops": 0,
}


@pytest.fixture(scope="module")
def client():
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return heurex.sweep(SPEC, tmp_path_factory.mktemp("local"), processes=1)


def test_same_rows_and_the_client_stays_open(tmp_path, client, undisturbed):
    found = heurex.sweep(SPEC, tmp_path, client=client)
    assert (found.digest, found.computed) == (undisturbed.digest, 2000)
    assert client.submit(lambda: 3).result() == 3
    assert heurex.sweep(SPEC, tmp_path, client=client).computed == 0


def test_a_killed_worker_loses_nothing(tmp_path, client, undisturbed):
    killed = []

    def kill_one():
        while len(list((tmp_path / "rows").glob("*.parquet"))) < 5:
            time.sleep(0.002)
        pid = client.run(os.getpid)
        killed.append(next(iter(pid.values())))
        os.kill(killed[0], signal.SIGKILL)

    thread = threading.Thread(target=kill_one)
    thread.start()
    found = heurex.sweep(SPEC, tmp_path, client=client)
    thread.join()
    assert killed
    assert found.digest == undisturbed.digest


def test_a_folder_that_workers_do_not_see(tmp_path, client):
    missing = tmp_path / "elsewhere"
    from heurex.runs import cluster
    from heurex.runs.sweep_spec import read_spec

    class Elsewhere:
        folder = missing

    with pytest.raises(
        ResultsError, match=r"does not see .*elsewhere; expected a folder that all workers share"
    ):
        list(cluster.write_on_cluster(read_spec(SPEC), Elsewhere(), [0, 1], client))


@pytest.mark.parametrize(
    ("address", "error", "sentence"),
    [
        (
            "tcp://127.0.0.1:9",
            ResultsError,
            "no Dask scheduler answers at tcp://127.0.0.1:9 within 5 seconds",
        ),
        ("local:0", UsageError, "expected at least one worker"),
        ("smoke://signals", UsageError, "which is no address"),
    ],
)
def test_addresses(address, error, sentence):
    with pytest.raises(error, match=sentence), connect(address):
        pass
