"""Cones in two and three dimensions: identities on the circle and the sphere, as properties."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from heurex.cones import cone_fraction

TOLERANCE = 1e-15

entries = st.one_of(
    st.integers(-2, 2).map(float),
    st.floats(-3, 3, allow_subnormal=False),
    st.floats(-1e-9, 1e-9, allow_subnormal=False),
)


@st.composite
def cones(draw, fewest=0, most=7):
    n = draw(st.sampled_from([2, 3]))
    k = draw(st.integers(fewest, most))
    return np.array(draw(st.lists(entries, min_size=k * n, max_size=k * n)), float).reshape(k, n)


def rotation(seed, n):
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((n, n)))[0]


@settings(deadline=None, max_examples=300)
@given(cones(fewest=1))
def test_a_half_space_and_its_opposite_share_a_cone(rows):
    assume(rows[-1].any())
    flipped = rows.copy()
    flipped[-1] *= -1
    whole = cone_fraction(rows[:-1])
    assert abs(cone_fraction(rows) + cone_fraction(flipped) - whole) <= TOLERANCE


@settings(deadline=None, max_examples=100)
@given(cones(fewest=1, most=4))
def test_cells_of_an_arrangement_fill_space(rows):
    assume(rows.any(axis=1).all())
    signs = np.array(np.meshgrid(*[[1.0, -1.0]] * len(rows))).reshape(len(rows), -1).T
    assert abs(cone_fraction(signs[:, :, None] * rows).sum() - 1) <= 4 * TOLERANCE


@settings(deadline=None, max_examples=200)
@given(cones(), st.integers(0, 10**6))
def test_order_lengths_and_repeats_change_nothing(rows, seed):
    rng = np.random.default_rng(seed)
    shifts = rng.integers(-200, 200, (len(rows), 1))
    scaled = np.ldexp(rows, shifts)
    assume((np.ldexp(scaled, -shifts) == rows).all())  # nothing underflowed
    changed = rng.permutation(scaled)
    changed = np.vstack([changed, 3.0 * changed[:1], np.zeros((1, rows.shape[1]))])
    assume(np.isfinite(changed).all() and (not len(rows) or (3.0 * rows[0] / 3.0 == rows[0]).all()))
    changed = np.vstack([changed[:-2], changed[:1], changed[-1:]]) if len(rows) else changed
    assert abs(cone_fraction(changed) - cone_fraction(rows)) <= TOLERANCE


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 10**6), st.sampled_from([2, 3]), st.integers(0, 7))
def test_a_rotation_changes_nothing(seed, n, k):
    rows = np.random.default_rng(seed).standard_normal((k, n))
    # Rotated rows are rounded, which moves the angles by some units in the last place.
    assert abs(cone_fraction(rows @ rotation(seed, n)) - cone_fraction(rows)) <= 2e-15


@settings(deadline=None, max_examples=200)
@given(cones(fewest=1))
def test_one_more_row_never_increases(rows):
    more, error = cone_fraction(rows, return_error=True)
    assert more <= cone_fraction(rows[:-1]) + error


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 10**6), st.sampled_from([2, 3]))
def test_rays_of_a_simplicial_cone_give_the_same_as_its_normals(seed, n):
    normals = np.random.default_rng(seed).standard_normal((n, n))
    assume(np.linalg.cond(normals) < 100)
    assert abs(cone_fraction(rays=np.linalg.inv(normals).T) - cone_fraction(normals)) <= 1e-13


@settings(deadline=None, max_examples=300)
@given(cones())
def test_rays_and_half_spaces_obey_the_dual_identities(rows):
    """The hull of rays r is polar to {x : r.x <= 0}: on the circle the two together make a half-circle."""
    hull, dual = cone_fraction(rays=rows), cone_fraction(rows)
    assert 0 <= hull <= 1
    if rows.shape[1] == 2 and 0 < dual < 0.5:
        assert abs(hull + dual - 0.5) <= TOLERANCE
    if dual > 0.5:
        assert hull == 0
    spanned = np.linalg.matrix_rank(rows, tol=1e-14) == rows.shape[1]
    if dual == 0.0 and spanned and rows.shape[1] == 2:
        assert hull in (0.0, 0.5, 1.0) or hull > 0.5 - 1e-8


@pytest.mark.parametrize("n", [2, 3])
def test_hulls_of_rays_fill_space_between_them(n):
    """Rays of a simplex around the origin: leaving out each in turn covers space once."""
    rng = np.random.default_rng(n)
    for _ in range(50):
        rays = rng.standard_normal((n, n))
        rays = np.vstack([rays, -rng.uniform(0.2, 1.0, n) @ rays])
        parts = [cone_fraction(rays=np.delete(rays, i, axis=0)) for i in range(n + 1)]
        assert abs(sum(parts) - 1) <= 2e-15
        assert cone_fraction(rays=rays) == 1.0
