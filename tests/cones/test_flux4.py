"""Cones in R^4 by rays: fractions against closed forms and the simplicial kernel, cuts against half-spaces."""

import math
from dataclasses import astuple

import numpy as np
import pytest

from heurex import cone_fraction, kernels
from heurex.cones import flux4, polytope4
from heurex.estimators.chambers4 import Cone4, chambers4, clipped, label_chambers

SCRATCH = 64


def measured(rays, masks, walls, wanted=-1, module=flux4, kind=np.float64):
    """Fraction, number of edges, and operations."""
    ops = np.zeros(10, np.int64)
    edges = np.zeros((3 * SCRATCH, 3), np.int64)
    rows, basis, ends = np.zeros((SCRATCH, 4), kind), np.zeros((4, 4), kind), np.zeros((5, 3), kind)
    value, count = module.fraction(
        rays, masks, len(rays), walls, len(walls), wanted, edges, rows, basis, ends, ops
    )
    return value, count, ops


def of(cone):
    return measured(cone.rays, cone.masks, cone.walls)[0]


def simplicial(normals):
    """A cone of four half-spaces, the first of them x_0 >= 0 or x_0 <= 0."""
    rays = np.linalg.inv(normals).T.copy()
    rays[1:, 0] = 0
    walls = normals / np.linalg.norm(normals, axis=1, keepdims=True)
    return Cone4((0, 1, 2, 3), rays, 15 & ~(1 << np.arange(4)), walls)


def test_closed_forms():
    e = np.eye(4)
    # orthants; four numbers in order, the least of them positive; three in order and the fourth positive
    assert of(simplicial(e)) == pytest.approx(1 / 16, abs=1e-16)
    assert of(simplicial(np.diag([-1.0, 1, -1, 1]))) == pytest.approx(1 / 16, abs=1e-16)
    ordered = np.array([e[0], e[1] - e[0], e[2] - e[1], e[3] - e[2]])
    assert of(simplicial(ordered)) == pytest.approx(1 / 384, abs=1e-17)
    assert of(simplicial(np.array([e[0], e[1], e[2] - e[1], e[3] - e[2]]))) == pytest.approx(
        1 / 96, abs=1e-16
    )
    assert of(simplicial(np.array([-e[0], e[1] + e[0], e[2], e[3]]))) == pytest.approx(1 / 32, abs=1e-16)


def test_chambers_are_a_partition():
    assert len(chambers4()) == 48
    assert len(label_chambers()) == 24
    for cones in (chambers4(), label_chambers()):
        assert math.fsum(of(cone) for cone in cones) == pytest.approx(1, abs=1e-15)
        for cone in cones:
            assert (cone.walls @ cone.rays.T >= 0).all()
            assert cone_fraction(cone.walls) == pytest.approx(of(cone), abs=1e-16)


@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e3])
def test_simplicial_cones_against_schlaefli(scale):
    """Facets nearly through the pole, nearly across it, and generic; feet inside, outside and on edges."""
    rng = np.random.default_rng(1)
    for _ in range(200):
        normals = rng.normal(size=(4, 4))
        normals[0] = [rng.choice([-1.0, 1.0]), 0, 0, 0]
        normals[1:, 0] *= scale
        normals[1 + rng.integers(3), 0] = 0.0
        cone = simplicial(normals)
        unit = cone.rays / np.linalg.norm(cone.rays, axis=1, keepdims=True)
        if (unit @ unit.T).min() > -0.98:  # what rays that are nearly opposite span is not well known
            assert abs(of(cone) - cone_fraction(normals)) < 2e-15


def test_an_edge_through_the_foot():
    """Where the pole's foot on a facet lies on an edge or on a ray, the integrand is 0 / 0 in the middle of it."""
    rng = np.random.default_rng(2)
    for shift in (0.0, 1e-18, 1e-12, 1e-9, 1e-6, 1e-4, 1e-2):
        for _ in range(20):
            a, b = rng.normal(size=2)
            # facet nu = (a, b, 0, 0) has its foot along (b, -a, 0, 0), on which the third wall almost vanishes
            normals = np.array([[1.0, 0, 0, 0], [a, b, 0, 0], [shift, shift, 1, 0.3], [0.2, 0.1, -0.5, 1]])
            assert abs(of(simplicial(normals)) - cone_fraction(normals)) < 1e-15


@pytest.mark.parametrize("off", [0.0, 1e-12, 1e-9, 1e-6, 1e-3, 1e-2])
def test_an_edge_with_its_middle_at_the_foot(off):
    """The middle node of an odd rule falls where the integrand is 0 / 0; two unequal parts miss that place."""
    s, c = math.sin(0.7), math.cos(0.7)
    points = np.array([[1, -0.2, off], [1, 0.2, off], [1, 0.07, off]])
    ends = points / np.linalg.norm(points, axis=1, keepdims=True)
    ops = np.zeros(10, np.int64)
    half = {(0, 1): 0.2, (0, 2): 0.15, (2, 1): 0.07}  # no less than the tangents of half the angles
    whole, first, second = (
        flux4.edge_part(ends, i, j, s, c, 0.7, tangent**2, ops) for (i, j), tangent in half.items()
    )
    assert abs(whole - first - second) < 1e-15
    assert (whole > 1e-6) == (off > 1e-5)


def test_cut_cones_against_half_spaces():
    """Cones of 5 to 14 facets, many of them with more than three facets through a ray."""
    rng = np.random.default_rng(3)
    planes = [*np.eye(4), *(np.eye(4)[i] - np.eye(4)[j] for i in range(4) for j in range(i))]
    seen = 0
    for trial in range(40):
        cone = chambers4()[trial]
        degenerate = trial % 2
        for _ in range(12):
            normal = planes[rng.integers(len(planes))] if degenerate else rng.normal(size=4)
            if degenerate and rng.random() < 0.5:
                normal = normal + rng.integers(-1, 2, 4)
            if not normal.any():
                continue
            halves = [clipped(cone, [sign * normal]) for sign in (1, -1)]
            parts = [half for half in halves if half is not None]
            assert math.fsum(of(half) for half in parts) == pytest.approx(of(cone), abs=1e-16)
            cone = parts[0] if len(parts) == 1 else parts[rng.integers(2)]
        value, error = cone_fraction(cone.walls, return_error=True)
        assert abs(value - of(cone)) <= error + 1e-15
        seen = max(seen, len(cone.walls))
    assert seen >= 9


def test_flux_of_two_parts_through_their_wall_cancels():
    cone = chambers4()[7]
    normal = np.array([0.3, -0.2, 0.5, 0.1])
    upper, lower = clipped(cone, [normal]), clipped(cone, [-normal])
    through = [measured(half.rays, half.masks, half.walls, 16)[0] for half in (upper, lower)]
    assert through[0] == pytest.approx(-through[1], abs=1e-17)
    assert abs(through[0]) > 1e-4
    without = [measured(half.rays, half.masks, half.walls, 15)[0] for half in (upper, lower)]
    assert sum(without) == pytest.approx(of(cone), abs=1e-16)


def test_faces_that_do_not_fit_are_reported():
    cone = chambers4()[0]
    assert measured(cone.rays, np.array([14, 13, 11, 3]), cone.walls)[1] == -1
    assert measured(cone.rays[:3], cone.masks[:3], cone.walls)[1] == -1


def test_polygons_that_do_not_close_are_found():
    cone = chambers4()[0]
    edges = np.zeros((6, 3), np.int64)
    assert polytope4.find_edges(cone.masks, 4, 15, edges) == 6
    assert polytope4.closed(cone.masks, 4, 15, edges, 6)
    edges[0, 2], edges[1, 2] = edges[1, 2], edges[0, 2]
    assert not polytope4.closed(cone.masks, 4, 15, edges, 6)


def test_rays_that_find_no_room_are_counted():
    cone = chambers4()[0]
    rays = np.hstack([cone.rays, [[1.0], [1.0], [-1.0], [-1.0]]])
    ops = np.zeros(10, np.int64)
    for room, missing in ((8, 0), (3, 1)):
        out, found = np.zeros((room, 5)), np.zeros(room, np.int64)
        above, _ = polytope4.split(rays, cone.masks, 4, 4, 5, 16, rays[0], out, found, out, found, False, ops)
        assert (above, ops[polytope4.FAR]) == (min(room, 6), missing)


def test_touching_is_not_cutting():
    cone = chambers4()[0]
    for wall in cone.walls:
        same = clipped(cone, [wall])
        assert len(same.walls) == 4
        assert clipped(cone, [-wall]) is None


def test_operations_are_those_executed():
    rng = np.random.default_rng(4)
    cone = chambers4()[11]
    for _ in range(4):
        normal = rng.normal(size=4)
        cone = clipped(cone, [normal]) or clipped(cone, [-normal])
    module, arrays, tally = kernels.counted(flux4, {"rays": cone.rays, "walls": cone.walls})
    value, _, ops = measured(arrays["rays"], cone.masks, arrays["walls"], -1, module, object)
    assert tuple(ops[:5]) == astuple(tally)
    assert value.value == of(cone)


def test_adjacency():
    cone = chambers4()[0]
    assert all(polytope4.adjacent(cone.masks, 4, i, j) for i in range(4) for j in range(i))
    square = np.array([0b0011, 0b0110, 0b1100, 0b1001])  # corners of a square, by its sides
    pyramid = np.append(square << 1, 0b11110)[[0, 1, 2, 3, 4]]
    pyramid[:4] |= 1
    found = {(j, i) for i in range(5) for j in range(i) if polytope4.adjacent(pyramid, 5, i, j)}
    assert found == {(0, 1), (1, 2), (2, 3), (0, 3), (0, 4), (1, 4), (2, 4), (3, 4)}
