"""What every test can ask for."""

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

import heurex

# The same examples every time; HYPOTHESIS_PROFILE=explore looks for new ones.
settings.register_profile("fixed", derandomize=True)
settings.register_profile("explore", max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))

collect_ignore_glob = ["data/*"]
DATA = Path(__file__).parent / "data"


def pytest_configure(config):
    """Before the workers start, compile on all cores what several of them will use."""
    if not hasattr(config, "workerinput") and getattr(config.option, "numprocesses", None):
        from heurex.runs.warm import GROUPS, compile_side_by_side

        compile_side_by_side(list(GROUPS))


def as_model(record):
    return heurex.Rnn(*(np.array(record[key]) for key in ("w_hi", "w_hh", "w_oh")))


# A shell starts what runs in the background with Ctrl-C ignored, and commands that tests interrupt would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def reference():
    """The 17 reference models with their values; see tests/data/reference/README.md."""
    records = json.loads((DATA / "reference" / "m43_noisy16.json").read_text())
    return [record | {"model": as_model(record)} for record in records]


@pytest.fixture(scope="session")
def reference_orders():
    records = json.loads((DATA / "reference" / "m43_orders.json").read_text())
    return [record | {"model": as_model(record)} for record in records]


@pytest.fixture(scope="session")
def switches():
    """For the reference models the original version under every combination of its approximations."""
    return json.loads((DATA / "reference" / "m43_switches.json").read_text())


@pytest.fixture(scope="session")
def m43():
    return heurex.load("m43")


@pytest.fixture(scope="session")
def alg_zoo():
    """Folder with ARC's own weight files, which are not part of the project."""
    folder = os.environ.get("HEUREX_ALG_ZOO", "")
    if not folder:
        pytest.skip("HEUREX_ALG_ZOO is not set: it names a folder with AlgZoo's own weight files")
    return Path(folder)
