"""Cones of any shape in four to six dimensions: identities, arrangements, sampling, empty interiors, hulls."""

import math
from fractions import Fraction
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from heurex.cones import higher, orthant56, polyhedral
from heurex.cones.rational import facet_normals, has_interior
from heurex.kernels import compiled, counted


def measure(rows: np.ndarray) -> tuple[float, float]:
    rows = np.ascontiguousarray(rows, float)
    values, errors, statuses = higher.measure_batch(rows[None], 1)
    assert statuses[0] == 0
    assert 0 <= values[0] <= 1
    return float(values[0]), float(errors[0])


def far_from_underflow(x):
    """Rows are multiplied by lengths down to 1e-20: an entry that loses digits by that is another row."""
    return x if abs(x) > 1e-250 else 0.0


entries = st.one_of(
    st.integers(-2, 2).map(float),
    st.floats(-1, 1).map(far_from_underflow),
    st.floats(-1, 1).map(lambda x: far_from_underflow(1e-9 * x)),
)


@st.composite
def cones(draw: st.DrawFn, dimensions: tuple[int, ...] = (4, 5)) -> np.ndarray:
    n = draw(st.sampled_from(dimensions))
    k = draw(st.integers(1, n + 2))
    return np.array(draw(st.lists(st.lists(entries, min_size=n, max_size=n), min_size=k, max_size=k)))


often = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@often
@given(cones(), st.data())
def test_a_plane_cuts_a_cone_in_two(rows, data):
    plane = np.array(data.draw(st.lists(entries, min_size=rows.shape[1], max_size=rows.shape[1])))
    if not plane.any():
        return
    whole, error = measure(rows)
    first, first_error = measure(np.vstack([rows, plane]))
    second, second_error = measure(np.vstack([rows, -plane]))
    assert abs(first + second - whole) <= error + first_error + second_error
    assert max(first, second) <= whole + error + max(first_error, second_error)


@often
@given(cones(), st.integers(0, 2**32 - 1))
def test_rotation_order_lengths_and_repetition_change_nothing(rows, seed):
    rng = np.random.default_rng(seed)
    n = rows.shape[1]
    value, error = measure(rows)
    rotation = np.linalg.qr(rng.standard_normal((n, n)))[0]
    lengths = 10 ** rng.uniform(-20, 20, (len(rows), 1))
    changed = np.vstack([rows * lengths, rows[:1], np.zeros((1, n))])
    other, other_error = measure(rng.permutation(changed))
    assert abs(other - value) <= error + other_error
    # A rotation rounds the rows, relative to their lengths; that alone moves the fraction.
    turned, turned_error = measure(rng.permutation(rows @ rotation))
    assert abs(turned - value) <= error + turned_error + 1e-15 * len(rows)


@settings(parent=often, max_examples=8)
@given(cones((6,)))
def test_a_plane_cuts_a_cone_in_six_dimensions_in_two(rows):
    plane = np.array([1.0, -1.0, 0.5, 0.0, 0.25, 3.0])
    whole, error = measure(rows)
    first, first_error = measure(np.vstack([rows, plane]))
    second, second_error = measure(np.vstack([rows, -plane]))
    assert abs(first + second - whole) <= error + first_error + second_error


ARRANGEMENTS = {
    "random": lambda rng, m, n: rng.standard_normal((m, n)),
    "integers": lambda rng, m, n: rng.integers(-1, 2, (m, n)) + np.eye(m, n) * 3,
    "flat": lambda rng, m, n: rng.standard_normal((m, n)) * ([1] * (n - 1) + [1e-7]),
    "braid": lambda rng, m, n: np.array(
        [np.eye(n)[i] - np.eye(n)[j] for i in range(n) for j in range(i)][:m], float
    ),
}


@pytest.mark.parametrize("kind", ARRANGEMENTS)
@pytest.mark.parametrize(("n", "m", "tolerance"), [(4, 8, 1e-11), (5, 8, 1e-9), (6, 7, 1e-9)])
def test_cells_of_an_arrangement_fill_space(kind, n, m, tolerance):
    planes = ARRANGEMENTS[kind](np.random.default_rng(n), m, n)
    signs = np.array(list(product((1, -1), repeat=len(planes))))
    signs = signs[signs[:, 0] > 0]  # the cone and its opposite fill the same
    values, errors, statuses = higher.measure_batch(np.ascontiguousarray(signs[:, :, None] * planes), 2)
    total = 2 * values.sum()
    assert not statuses.any()
    assert abs(total - 1) <= min(tolerance, errors.sum() * 2 + 1e-15)
    if kind == "braid" and n == 4:
        assert np.count_nonzero(np.abs(values - 1 / 24) < 1e-14) == 12
        assert np.count_nonzero(values) == 12  # cyclic orders are impossible


@pytest.mark.parametrize(("n", "m", "flat"), [(4, 7, 1.0), (4, 6, 0.02), (5, 7, 1.0), (6, 7, 1.0)])
def test_every_cell_agrees_with_ten_million_samples(n, m, flat):
    rng = np.random.default_rng(100 * n + m)
    planes = rng.standard_normal((m, n)) * ([1] * (n - 1) + [flat])
    signs = np.array(list(product((-1, 1), repeat=m)))
    values, _, _ = higher.measure_batch(np.ascontiguousarray(signs[:, :, None] * planes), 2)
    size, chunk = 10**7, 10**6
    counts = np.zeros(2**m, np.int64)
    weights = 2 ** np.arange(m)[::-1]
    for _ in range(size // chunk):
        cell = (rng.standard_normal((chunk, n)) @ planes.T > 0) @ weights
        counts += np.bincount(cell, minlength=2**m)
    assert not counts[values == 0].any()
    chance = np.minimum(binom.cdf(counts, size, values), binom.sf(counts - 1, size, values))
    assert chance.min() * 2 * len(values) > 1e-3  # Bonferroni


@pytest.mark.parametrize(("k", "n"), [(5, 4), (6, 4), (6, 5), (5, 3), (6, 3)])
def test_more_rows_than_dimensions_by_the_formula_for_as_many_dimensions_as_rows(k, n):
    """The fractions of k dependent rows in k dimensions, where no combinatorics enter."""
    rng = np.random.default_rng(10 * k + n)
    kernels = compiled(orthant56)
    kernel = kernels.orthant5 if k == 5 else kernels.orthant6
    for _ in range(8):
        rows = np.zeros((k, max(n, 4)))
        rows[:, :n] = rng.standard_normal((k, n)) + [0.5] * n
        value, error = measure(rows)
        expected, expected_error = kernel(rows)
        assert abs(value - expected) <= error + expected_error


@pytest.mark.parametrize("n", [4, 5, 6])
def test_empty_interiors_are_exactly_zero(n):
    eye = np.eye(n)
    rng = np.random.default_rng(n)
    circle = [eye[0] - eye[1], eye[1] - eye[2], eye[2] - eye[0]]
    assert measure(np.array([*circle, eye[3]])) == (0.0, 0.0)
    assert measure(np.vstack([eye, -3 * eye[:1]])) == (0.0, 0.0)
    dyadic = rng.integers(-8, 9, (n, n)) / 8
    assert measure(np.vstack([dyadic, -dyadic.sum(axis=0)])) == (0.0, 0.0)
    assert measure(np.vstack([dyadic[:3], -dyadic[:3].sum(axis=0)])) == (0.0, 0.0)


@pytest.mark.parametrize("n", [4, 5, 6])
def test_few_rows_and_lines(n):
    rng = np.random.default_rng(n)
    assert measure(np.zeros((0, n))) == (1.0, 0.0)
    assert measure(np.zeros((3, n))) == (1.0, 0.0)
    assert measure(rng.standard_normal((1, n)))[0] == 0.5
    turn = np.linalg.qr(rng.standard_normal((n, n)))[0]
    for r in range(2, n + 1):
        value, error = measure(turn[:r] * 7)
        assert abs(value - 0.5**r) <= error + 1e-15
    orders = np.array([np.eye(n)[i] - np.eye(n)[i + 1] for i in range(n - 1)])
    value, error = measure(orders)
    assert abs(value - 1 / math.factorial(n)) <= error


@pytest.mark.parametrize("n", [4, 5, 6])
@pytest.mark.parametrize("apart", [1e-17, 3e-16, 1e-15, 3e-15, 1e-14, 1e-11])
def test_rows_that_rounding_hardly_tells_apart(n, apart):
    rng = np.random.default_rng(n)
    for rank in range(1, n + 1):
        rows = np.zeros((rank, n))
        rows[:, :rank] = rng.standard_normal((rank, rank))
        once, error = measure(rows)
        nudge = apart * rng.standard_normal((rank, n))
        twice, twice_error = measure(np.vstack([rows, rows + nudge]))
        assert abs(twice - once) <= error + twice_error + 3 * rank * apart
        flat, flat_error = measure(np.vstack([rows, -rows[:1] + nudge[:1]]))
        assert flat <= flat_error + 3 * apart


@pytest.mark.parametrize("n", [4, 5, 6])
def test_bits_do_not_depend_on_workers_or_company(n):
    rng = np.random.default_rng(n)
    size = {4: 600, 5: 130, 6: 10}[n]
    batch = rng.standard_normal((size, n + 1, n)) + 0.4
    one, two = higher.measure_batch(batch, 1), higher.measure_batch(batch, 3)
    alone = higher.measure_batch(batch[5:6], 1)
    for x, y, z in zip(one, two, alone, strict=True):
        assert np.array_equal(x, y)
        assert np.array_equal(x[5:6], z)


@pytest.mark.parametrize("n", [4, 5, 6])
def test_hulls_of_rays(n):
    rng = np.random.default_rng(n)
    rays = rng.standard_normal((n, n))
    dual = np.linalg.inv(rays).T
    value, error, status = (x[0] for x in higher.measure_rays_batch(rays[None], 1))
    expected, expected_error = measure(dual)
    assert status == 0
    assert abs(value - expected) <= error + expected_error + 1e-15 * np.linalg.cond(rays)
    inner = np.vstack([rays, rays.sum(axis=0), rays[0], np.zeros(n)])
    assert abs(higher.measure_rays_batch(inner[None], 1)[0][0] - value) <= 2 * error
    cube = np.array([(*signs, 1) for signs in product((-1, 1), repeat=n - 1)], float)
    value = higher.measure_rays_batch(cube[None], 1)[0][0]
    assert abs(value - 1 / (2 * n)) < 1e-13  # n pairs of opposite facets of a cube
    line = np.vstack([np.eye(n), -np.eye(n)[:1]])
    assert abs(higher.measure_rays_batch(line[None], 1)[0][0] - 0.5 ** (n - 1)) < 1e-14
    whole = np.vstack([np.eye(n), -np.ones((1, n))])
    assert higher.measure_rays_batch(whole[None], 1)[0][0] == 1.0
    assert higher.measure_rays_batch(rays[None, :-1], 1)[0][0] == 0.0


def test_exact_interiors_by_rational_certificates():
    """Whatever the answer, a witness is checked by hand: an interior point, or weights that vanish."""
    rng = np.random.default_rng(0)
    empty = 0
    for _ in range(40):
        rows = rng.integers(-2, 3, (6, 4)).astype(float)
        rows = rows[rows.any(axis=1)]
        points = rng.integers(-30, 31, (40000, 4))
        seen = bool((points @ rows.T > 0).all(axis=1).any())
        if seen:
            assert has_interior(rows)
        empty += not has_interior(rows)
        if not has_interior(rows):
            assert not seen
    assert 5 < empty < 35
    assert not has_interior(np.array([[0.1, 0.2], [-0.1, -0.2]]))
    assert has_interior(np.array([[0.1, 0.2], [-0.1, math.nextafter(-0.2, 0)]]))


def test_facets_of_a_simplex_are_orthogonal_to_its_other_rays():
    rays = np.random.default_rng(1).integers(-5, 6, (5, 5)).astype(float) + 9 * np.eye(5)
    found = facet_normals(rays)
    assert found is not None
    heights = [
        [sum(Fraction(a) * Fraction(b) for a, b in zip(f, r, strict=True)) for r in rays] for f in found
    ]
    assert all(sum(abs(h) > 1e-12 for h in row) == 1 and min(row) > -1e-12 for row in heights)


@pytest.mark.parametrize(("k", "n"), [(4, 4), (6, 4), (5, 5), (7, 5), (6, 6), (7, 6)])
@pytest.mark.parametrize("degenerate", [False, True])
def test_interpreted_compiled_and_counted_agree_bit_for_bit(k, n, degenerate):
    rng = np.random.default_rng(k + n)
    rows = (
        rng.integers(-1, 2, (k, n)) + 2.0 * np.eye(k, n) if degenerate else rng.standard_normal((k, n)) + 0.4
    )
    expected = compiled(polyhedral).fraction(rows)
    assert polyhedral.fraction(rows) == expected
    counting, arrays, tally = counted(polyhedral, {"rows": rows})
    value, error, status = counting.fraction(arrays["rows"])
    assert getattr(value, "value", value) == expected[0]
    assert (getattr(error, "value", error), status) == expected[1:]
    if n == k:
        assert tally == higher.count_operations(rows, rays=False)
    assert tally.mul > 200


def test_a_determinant_of_doubt_is_that_of_the_displaced_rows():
    """Signs of exactly singular rows follow from one displaced matrix, so they obey Grassmann and Pluecker."""
    from heurex.cones import sides

    rows = np.random.default_rng(2).integers(-1, 2, (7, 4)).astype(float)
    rows[~rows.any(axis=1)] = 1.0
    rows /= np.linalg.norm(rows, axis=1)[:, None]
    moved = [
        [Fraction(float(x)) + Fraction(sides.displacement(i, c)) for c, x in enumerate(row)]
        for i, row in enumerate(rows)
    ]

    def exact(chosen: tuple[int, ...]) -> Fraction:
        total = Fraction(0)
        for order in permutations(range(4)):
            sign = (-1) ** sum(order[i] > order[j] for i in range(4) for j in range(i + 1, 4))
            total += sign * math.prod((moved[chosen[i]][order[i]] for i in range(4)), start=Fraction(1))
        return total

    doubtful = 0
    for chosen in permutations(range(7), 4):
        if list(chosen[:3]) != sorted(chosen[:3]):
            continue
        answer = sides.side(rows, np.array(chosen))
        assert answer * exact(chosen) > 0
        doubtful += abs(answer) == sides.NUDGED
    assert doubtful > 10
