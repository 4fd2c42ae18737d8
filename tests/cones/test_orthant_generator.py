"""The generator of the orthant tables on finite reflection groups: a chamber fills 1/order of space."""

import importlib.util
import sys
from pathlib import Path

import pytest

flint = pytest.importorskip("flint", reason="the tables are made with python-flint")

DATA = Path(__file__).parents[1] / "data" / "cones"
GROUPS = {  # order, and the pairs of mirrors that meet at an angle pi/m with m > 2, as (i, j, m)
    "A4": (120, [(0, 1, 3), (1, 2, 3), (2, 3, 3)]),
    "B4": (384, [(0, 1, 3), (1, 2, 3), (2, 3, 4)]),
    "D4": (192, [(0, 1, 3), (1, 2, 3), (1, 3, 3)]),
    "F4": (1152, [(0, 1, 3), (1, 2, 4), (2, 3, 3)]),
    "H4": (14400, [(0, 1, 3), (1, 2, 3), (2, 3, 5)]),
    "A5": (720, [(0, 1, 3), (1, 2, 3), (2, 3, 3), (3, 4, 3)]),
    "B5": (3840, [(0, 1, 3), (1, 2, 3), (2, 3, 3), (3, 4, 4)]),
    "D5": (1920, [(0, 1, 3), (1, 2, 3), (2, 3, 3), (2, 4, 3)]),
    "A6": (5040, [(0, 1, 3), (1, 2, 3), (2, 3, 3), (3, 4, 3), (4, 5, 3)]),
    "B6": (46080, [(0, 1, 3), (1, 2, 3), (2, 3, 3), (3, 4, 3), (4, 5, 4)]),
    "D6": (23040, [(0, 1, 3), (1, 2, 3), (2, 3, 3), (3, 4, 3), (3, 5, 3)]),
    "E6": (51840, [(0, 1, 3), (1, 2, 3), (2, 3, 3), (3, 4, 3), (2, 5, 3)]),
}


@pytest.fixture(scope="module")
def generator():
    sys.path.insert(0, str(DATA))
    try:
        spec = importlib.util.spec_from_file_location("make_orthants", DATA / "make_orthants.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(DATA))
    return module


@pytest.mark.parametrize("route", [0, 1])
@pytest.mark.parametrize("name", GROUPS)
def test_chamber_fills_one_over_the_order(generator, name, route):
    order, mirrors = GROUPS[name]
    n = int(name[1])
    flint.ctx.prec = 300
    gram = [[flint.arb(int(i == j)) for j in range(n)] for i in range(n)]
    for i, j, m in mirrors:
        gram[i][j] = gram[j][i] = -(flint.arb.pi() / m).cos()
    value = generator.ORTHANTS[n](gram, 30, route)
    assert abs(float(value * order - 1)) < 1e-30
