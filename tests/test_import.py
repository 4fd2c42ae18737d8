"""``import heurex`` is light, and every public name is there and documented."""

import inspect
import subprocess
import sys

import pytest

import heurex

HEAVY = ("numba", "torch", "dask", "matplotlib", "plotly", "scipy", "pyarrow", "rich", "typer")


def modules_after(statement):
    code = f"import sys; {statement}; print(*sys.modules)"
    return set(
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
    )


def test_importing_loads_nothing_heavy():
    assert modules_after("import heurex").isdisjoint({*HEAVY, "numpy"})


def test_one_estimate_of_each_kind_needs_no_compiler():
    work = "import heurex; m = heurex.load('m43'); [heurex.estimate(m, k) for k in ('exact', 'original', 'symmetric')]"
    assert modules_after(work).isdisjoint({"numba", "torch", "matplotlib", "pyarrow"})


@pytest.mark.parametrize("name", [n for n in heurex.__all__ if n != "__version__"])
def test_every_public_name_is_documented(name):
    assert inspect.getdoc(getattr(heurex, name))
    assert name in dir(heurex)


def test_unknown_names():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = heurex.nothing
