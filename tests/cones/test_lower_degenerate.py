"""Degenerate cones in two and three dimensions, each by its closed form."""

from itertools import permutations, product
from math import atan, atan2, pi, sqrt

import numpy as np
import pytest

from heurex.cones import cone_fraction, cone_measure

X, Y, Z = np.eye(3)
TINY = 2.0**-52


def near(a, b):
    return abs(a - b) <= 1e-16 + 4e-16 * abs(b)


HALF_SPACES = [
    ("no row", np.zeros((0, 3)), 1.0),
    ("zero rows", np.zeros((3, 3)), 1.0),
    ("half-space", [X], 0.5),
    ("half-space and its multiples", [X, 3 * X, 1e-300 * X], 0.5),
    ("opposites", [X, -X], 0.0),
    ("opposites of other length", [X, Y, -1e200 * X], 0.0),
    ("quarter", [X, Y], 0.25),
    ("quarter, redundant row through its axis", [X, Y, X + Y], 0.25),
    ("row through the axis that replaces one", [X, Y, X - Y], 0.125),
    ("row through the axis that replaces the other", [X, Y, Y - X], 0.125),
    ("row through the axis that leaves nothing", [X, Y, -X - Y], 0.0),
    ("row through the axis that leaves a face", [X, Y, -X], 0.0),
    ("octant", [X, Y, Z], 0.125),
    ("octant, duplicates", [X, X, Y, Z, Y, 2 * Z], 0.125),
    ("octant, touched in a ray", [X, Y, Z, X + Y], 0.125),
    ("octant, touched in a facet", [X, Y, Z, Z], 0.125),
    ("octant, cut to a ray", [X, Y, Z, -X - Y], 0.0),
    ("octant, cut to a facet", [X, Y, Z, -Z], 0.0),
    ("octant halved through an edge", [X, Y, Z, X - Y], 0.0625),
    ("ordering", [X - Y, Y - Z], 1 / 6),
    ("ordering of positives", [X - Y, Y - Z, Z], 1 / 48),
    ("square pyramid", [X + Z, Z - X, Y + Z, Z - Y], 1 / 6),
    (
        "square pyramid, rows of extreme lengths",
        [1e300 * (X + Z), 1e-300 * (Z - X), Y + Z, 5e-324 * (Z - Y)],
        1 / 6,
    ),
    ("wedge of 1e-8", [X, 1e-8 * Y - X], atan(1e-8) / (2 * pi)),
    ("wedge of 1e-200", [X, 1e-200 * Y - X], 1e-200 / (2 * pi)),
    ("nearly half", [X, X + TINY * Y], 0.5 - atan(TINY) / (2 * pi)),
    ("nearly whole slab", [X, -X + TINY * Y, Z], atan(TINY) / (4 * pi)),
]


@pytest.mark.parametrize(("rows", "expected"), [c[1:] for c in HALF_SPACES], ids=[c[0] for c in HALF_SPACES])
def test_half_spaces_in_space(rows, expected):
    rows = np.array(rows, float)
    for order in list(permutations(range(len(rows))))[:120]:
        value, error = cone_fraction(rows[list(order)], return_error=True)
        assert near(value, expected)
        assert abs(value - expected) <= error + 1e-16
        assert (value == 0.0) == (expected == 0.0)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (np.zeros((0, 2)), 1.0),
        ([[0, 0]], 1.0),
        ([[1, 2]], 0.5),
        ([[1, 2], [2, 4]], 0.5),
        ([[1, 2], [-3, -6]], 0.0),
        ([[1, 0], [0, 1]], 0.25),
        ([[1, 0], [0, 1], [1, 1]], 0.25),
        ([[1, 0], [0, 1], [1, -1]], 0.125),
        ([[1, 0], [0, 1], [-1, -1]], 0.0),
        ([[1, 0], [-1, 1e-30]], 1e-30 / (2 * pi)),
        ([[1, 0], [-1, 1e-300]], 1e-300 / (2 * pi)),
        ([[1 + TINY, 1], [-1 - 2 * TINY, -1 - TINY]], TINY**2 / 2 / (2 * pi)),
    ],
)
def test_half_planes(rows, expected):
    rows = np.array(rows, float).reshape(-1, 2)
    for order in permutations(range(len(rows))):
        value, error = cone_fraction(rows[list(order)], return_error=True)
        assert abs(value - expected) <= 1e-15 * expected
        assert abs(value - expected) <= error + 4e-16 * expected
    # The same as planes in space that share an axis.
    in_space = np.column_stack([rows, np.zeros(len(rows))])
    assert abs(cone_fraction(in_space) - expected) <= 1e-15 * expected


RAYS = [
    ("none", np.zeros((0, 3)), 0.0),
    ("one", [X], 0.0),
    ("two", [X, Y], 0.0),
    ("line", [X, -X], 0.0),
    ("half-plane", [X, -X, Y], 0.0),
    ("plane", [X, -X, Y, -Y], 0.0),
    ("plane by three", [X, Y, -X - Y], 0.0),
    ("octant", [X, Y, Z], 0.125),
    ("octant and what is inside", [X, Y, Z, X + Y, X + Y + Z, 3 * X, 0 * X], 0.125),
    ("square pyramid", [X + Z, Z - X, Y + Z, Z - Y], 0.5 - atan2(sqrt(8), 1) / pi),
    ("quarter", [X, -X, Y, Z], 0.25),
    ("wedge of 3/8", [X, -X, Y, Z - Y], 0.375),
    ("half", [X, -X, Y, -Y, Z], 0.5),
    ("half by four", [X, Y, -X - Y, Z], 0.5),
    ("whole", [X, -X, Y, -Y, Z, -Z], 1.0),
    ("whole by four", [X, Y, Z, -X - Y - Z], 1.0),
    ("nearly half", [X + TINY * Z, Y + TINY * Z, Z - X, Z - Y, TINY * Z - X - Y], None),
]


@pytest.mark.parametrize(("rays", "expected"), [c[1:] for c in RAYS], ids=[c[0] for c in RAYS])
def test_hulls_of_rays_in_space(rays, expected):
    rays = np.array(rays, float)
    if expected is None:
        expected = cone_fraction(rays=rays)
        assert 0.25 < expected < 0.5
    for order in list(permutations(range(len(rays))))[:120]:
        value, error = cone_fraction(rays=rays[list(order)], return_error=True)
        assert abs(value - expected) <= 2e-16
        assert abs(value - expected) <= error + 1e-16
        assert (value == 0.0) == (expected == 0.0)


@pytest.mark.parametrize(
    ("rays", "expected"),
    [
        (np.zeros((0, 2)), 0.0),
        ([[0, 0]], 0.0),
        ([[1, 2]], 0.0),
        ([[1, 2], [2, 4]], 0.0),
        ([[1, 2], [-1, -2]], 0.0),
        ([[1, 0], [0, 1]], 0.25),
        ([[1, 0], [0, 1], [1, 1]], 0.25),
        ([[1, 0], [-1, 1]], 0.375),
        ([[1, 0], [0, 1], [-1, 0]], 0.5),
        ([[1, 0], [0, 1], [-1, -1]], 1.0),
        ([[1, 0], [1, 1e-20]], 1e-20 / (2 * pi)),
    ],
)
def test_hulls_of_rays_in_the_plane(rays, expected):
    rays = np.array(rays, float).reshape(-1, 2)
    for order in permutations(range(len(rays))):
        assert abs(cone_fraction(rays=rays[list(order)]) - expected) <= 4e-16 * expected


def test_all_small_integer_triples_agree_with_the_dihedral_angles():
    """Three planes: the angles of the triangle between them, where they are in general position."""
    vectors = [np.array(v, float) for v in product((-1, 0, 1), repeat=3) if any(v)]
    rng = np.random.default_rng(0)
    for _ in range(2000):
        a, b, c = rows = np.array([vectors[i] for i in rng.integers(0, len(vectors), 3)])
        if round(np.linalg.det(rows)) == 0:
            continue
        pairs = [(a, b), (b, c), (c, a)]
        total = sum(pi - atan2(np.linalg.norm(np.cross(p, q)), p @ q) for p, q in pairs)
        assert abs(cone_fraction(rows) - (total - pi) / (4 * pi)) <= 4e-16


def test_entries_too_far_apart_for_any_fixed_precision():
    """The three planes meet the third axis at distances whose products underflow."""
    tiny = 1e-200
    value, error = cone_fraction([X, -X + tiny * Y, Z], return_error=True)
    assert near(value / tiny, 1 / (4 * pi))
    assert error < 1e-10 * value
    assert cone_fraction([X + tiny * Y, X + tiny * Z, X]) == 0.5
    assert cone_fraction([X, -X - tiny * Y, Y]) == 0.0
    assert cone_fraction([X, -X - tiny * Y, -X - tiny * Z, Y + Z]) == 0.0


def test_a_needle_from_pole_to_pole():
    """A thin lune with its ends cut off: a strip of one small angle of longitude between two latitudes."""
    angle, latitude = 1e-9, 1e-3
    ends = [[1.0, 0, latitude], [1.0, 0, -latitude]]
    value, error = cone_fraction([[0, 1.0, 0], [angle, -1.0, 0], *ends], return_error=True)
    # Area between the cuts: the lune's share times the sine of the latitude where the planes end.
    expected = angle / (2 * pi) / sqrt(1 + latitude**2)
    assert abs(value / expected - 1) < 1e-14
    assert error <= 1e-12 * value


def test_measure_says_what_it_did():
    measure = cone_measure([X, Y, Z])
    assert (measure.value, measure.status) == (0.125, "ok")
    assert measure.error <= 1e-15
    assert measure.ops is not None
    assert 50 < measure.ops.add + measure.ops.mul < 250
    assert (measure.ops.sqrt, measure.ops.atan2) == (3, 1)
