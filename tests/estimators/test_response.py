"""Best linear responses: moments against cubature, the estimate against a slow twin, forty digits, sampling."""

import math
from itertools import combinations, product

import mpmath as mp
import numpy as np
import pytest
from digits import forty_digits
from models import random_model

import heurex
from heurex import NotApplicable, Rnn, RnnStack, Status, UsageError, kernels
from heurex.estimators import Exact, Response, moments_kernel, response_kernel
from heurex.estimators.exact import _starts
from heurex.tasks import ordering_normals, orderings

NODES, WEIGHTS = np.polynomial.legendre.leggauss(28)
NODES, WEIGHTS = (NODES + 1) / 2, WEIGHTS / 2


def cubature(rays):
    """E[1; cone] and E[x x^T; cone] by product Gauss points on each triangle of a fan."""
    total, moments = 0.0, np.zeros((3, 3))
    for j in range(1, len(rays) - 1):
        a, b, c = rays[0], rays[j], rays[j + 1]
        s, t = np.meshgrid(NODES, NODES)
        weight = np.outer(WEIGHTS, WEIGHTS) * (1 - t)
        points = a + (s * (1 - t))[..., None] * (b - a) + t[..., None] * (c - a)
        size = np.linalg.norm(points, axis=-1)
        angle = weight * abs(np.linalg.det([a, b, c])) / size**3 / (4 * math.pi)
        unit = points / size[..., None]
        total += angle.sum()
        moments += 3 * np.einsum("ij,ija,ijb->ab", angle, unit, unit)
    return total, moments


def corners_of(rows):
    """Unit rays of {x : rows @ x >= 0} in R^3 in order, by trying all pairs."""
    rows = rows[np.abs(rows).max(axis=1) > 0]
    rays = []
    for a, b in combinations(rows, 2):
        ray = np.cross(a, b)
        if np.linalg.norm(ray) > 1e-12 * np.linalg.norm(a) * np.linalg.norm(b):
            for sign in (1, -1):
                unit = sign * ray / np.linalg.norm(ray)
                if np.all(rows @ unit >= -1e-11 * np.linalg.norm(rows, axis=1)):
                    rays.append(unit)
    rays = np.unique(np.round(rays, 11), axis=0) if rays else np.zeros((0, 3))
    if len(rays) < 3:
        return None
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    middle = rays.mean(axis=0)
    first = np.cross(middle, rays[0])
    second = np.cross(middle, first)
    return rays[np.argsort(np.arctan2(rays @ second, rays @ first))]


def random_polygon(rng, k):
    """Corners on a circle about a random direction, so that the cone is convex."""
    turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    angles = np.sort(rng.uniform(0, 2 * math.pi, k))
    radius = rng.uniform(0.2, 0.8)
    rays = np.stack([radius * np.cos(angles), radius * np.sin(angles), np.ones(k)], axis=1) @ turn
    return rays / np.linalg.norm(rays, axis=1, keepdims=True)


def test_second_moments_are_those_of_cubature():
    rng = np.random.default_rng(1)
    for k in (3, 3, 3, 4, 4, 5, 6):
        rays = random_polygon(rng, k)
        share, moments = cubature(rays)
        for corners in (rays, rays[::-1].copy()):
            out = np.zeros((3, 3))
            found, error = moments_kernel.second_moments(corners, len(rays), out)
            assert found == pytest.approx(share, abs=1e-10)
            assert np.abs(out - moments).max() < 1e-10
            assert abs(np.trace(out) - 3 * found) < 10 * error


def test_moments_of_the_octant():
    out, mean = np.zeros((3, 3)), np.zeros(3)
    share, _ = moments_kernel.second_moments(np.eye(3), 3, out)
    expected = np.full((3, 3), 1 / (4 * math.pi)) + np.eye(3) * (1 / 8 - 1 / (4 * math.pi))
    assert share == 1 / 8
    assert np.abs(out - expected).max() < 1e-16
    moments_kernel.mean_direction(np.eye(3), 3, mean)
    assert np.ptp(mean) < 1e-15
    assert mean[0] > 0


def slow_twin(model, noise=True):
    """Cells by all sign patterns; moments by cubature; least squares and axes by NumPy; fractions by half-spaces."""
    d, n = model.hidden_size, model.seq_len
    unit = np.eye(n)
    idle = np.zeros((0, 3)) if n == 3 else np.array([[0.0, 0, 1]])

    def lifted(rows):
        return np.vstack([np.pad(rows, ((0, 0), (0, 3 - n))), idle])

    total = 0.0
    for ordering, sign in product(orderings(n), (1, -1)):
        cells = [(np.zeros((d, n)), np.vstack([ordering_normals(ordering), sign * unit[0]]))]
        for t in range(n - 1):
            cut = []
            for state, rows in cells:
                z = model.w_hh @ state + np.outer(model.w_hi, unit[t])
                for pattern in product((1, 0), repeat=d):
                    on = np.array(pattern)
                    signed = np.where(on[:, None] == 1, z, -z)
                    region = np.vstack([rows, signed])
                    if heurex.cone_fraction(lifted(region), workers=1) > 1e-12:
                        cut.append((on[:, None] * z, region))
            cells = cut
        for state, rows in cells:
            total += cell_twin(model, state, lifted(rows), ordering[1], noise)
    return total * (1 if n == 3 else 2)


def cell_twin(model, state, rows, label, noise):
    n, d = model.seq_len, model.hidden_size
    rays = corners_of(rows)
    if rays is None:
        return 0.0
    share, moments = cubature(rays)
    moments = moments[:n, :n]
    z = model.w_hh @ state + np.outer(model.w_hi, np.eye(n)[n - 1])

    def above(*neurons):
        rays = corners_of(np.vstack([rows, *(np.pad(z[j], (0, 3 - n)) for j in neurons)]))
        return np.zeros((n, n)) if rays is None else cubature(rays)[1][:n, :n]

    response, second = np.zeros((d, n)), np.zeros((d, d))
    for i in range(d):
        response[i] = np.linalg.solve(moments, above(i) @ z[i])
    for i, j in product(range(d), repeat=2):
        second[i, j] = (z[i] @ above(i, j) @ z[j] - response[i] @ moments @ response[j]) / share
    rivals = [r for r in range(n) if r != label]
    lead = model.w_oh[label] - model.w_oh[rivals]
    values, axes = np.linalg.eigh(lead @ second @ lead.T)
    axis = axes[:, -1] * math.sqrt(max(values[-1], 0.0))
    unit_sum = np.zeros(3)
    for j in range(1, len(rays) - 1):
        a, b, c = rays[0], rays[j], rays[j + 1]
        s, t = np.meshgrid(NODES, NODES)
        weight = np.outer(WEIGHTS, WEIGHTS) * (1 - t)
        points = a + (s * (1 - t))[..., None] * (b - a) + t[..., None] * (c - a)
        weight = weight * abs(np.linalg.det([a, b, c]))
        unit_sum += np.einsum("ij,ija->a", weight / np.linalg.norm(points, axis=-1) ** 4, points)
    size = unit_sum[:n] / math.sqrt(unit_sum[:n] @ moments @ unit_sum[:n] / share)
    right = 0.0
    if any(not margin.any() and rival < label for margin, rival in zip(lead @ response, rivals, strict=True)):
        return 0.0
    for value, chance in ((-math.sqrt(3), 1 / 6), (0, 2 / 3), (math.sqrt(3), 1 / 6)):
        margins = lead @ response + (value * np.outer(axis, size) if noise else 0)
        cone = np.vstack([rows, np.pad(margins, ((0, 0), (0, 3 - n)))])
        right += chance * heurex.cone_fraction(cone, workers=1)
    return right


def test_slow_twin_on_m43(reference):
    model = reference[1]["model"]
    assert abs(Response().estimate(model).value - slow_twin(model)) < 1e-8


@pytest.mark.parametrize("d, n", [(2, 2), (3, 2), (2, 3), (3, 3)])
def test_slow_twin_on_random_models(d, n):
    for seed in range(2 if d == 2 else 1):
        model = random_model(seed, d, n)
        for noise in ("latent", "none"):
            found = Response(noise=noise).estimate(model)
            assert abs(found.value - slow_twin(model, noise == "latent")) < 1e-7 + found.numerical_error


def walk(kernel, weights, kind):
    measures, sink = np.zeros((12, 4), kind), 400
    cells = np.zeros((sink, 4), kind)
    corners = np.zeros((sink, 20, 3), kind)
    index, pattern = np.zeros((sink, 2), np.int64), np.zeros((sink, 3, 4), np.int8)
    count = kernel.response(*weights, *_starts(3), True, measures, index, pattern, cells, corners)
    return measures, cells[:count]


def test_interpreted_compiled_and_counted_agree_bit_for_bit(reference):
    for record in reference[:3]:
        model = record["model"]
        weights = {"w_hi": model.w_hi, "w_hh": model.w_hh, "w_oh": model.w_oh}
        counting, numbers, tally = kernels.counted(response_kernel, weights)
        plain = walk(response_kernel, weights.values(), float)[0]
        assert np.array_equal(plain, walk(kernels.compiled(response_kernel), weights.values(), float)[0])
        assert np.array_equal(plain, kernels.plain(walk(counting, numbers.values(), object)[0]))
        assert tally.mul > 10_000


def test_the_error_holds_against_forty_digits(reference):
    for record in reference[:3]:
        model = record["model"]
        weights = (model.w_hi, model.w_hh, model.w_oh)
        measures, cells = walk(response_kernel, weights, float)
        with mp.workdps(40):
            big = [np.frompyfunc(mp.mpf, 1, 1)(array) for array in weights]
            _, true = walk(forty_digits(response_kernel, {}), big, object)
            for cell, other in zip(cells, true, strict=True):
                assert abs(cell[1] - other[1]) <= cell[3] + 1e-16
            assert abs(measures[:, 1].sum() - sum(true[:, 1])) < 1e-12


def test_error_on_noisy_copies(m43):
    """The presumptions cost less than one and a half per cent, with no cut by the signs of the last step."""
    stack = heurex.noisy_copies(m43, 0.05, 256, seed=31)
    truth = Exact().estimate_stack(stack).value
    with_noise, without = (
        heurex.score(Response(noise=noise).estimate_stack(stack).value, truth) for noise in ("latent", "none")
    )
    assert with_noise.rmse_interval[1] < 0.015
    assert abs(with_noise.bias) < 0.004
    assert with_noise.correlation > 0.97
    assert without.rmse > 0.03


def test_a_stack_gives_what_single_models_give(reference):
    models = [record["model"] for record in reference[:4]]
    found = Response().estimate_stack(RnnStack.of(models))
    for i, model in enumerate(models):
        one = Response().estimate(model)
        assert one.value == found.value[i]
        assert one.numerical_error == found.numerical_error[i]
        assert one.status is found.status[i] is Status.OK


def test_cells_add_up(m43):
    found = Response().estimate(m43)
    assert sum(cell.fraction for cell in found.cells) == pytest.approx(1, abs=1e-13)
    assert sum(cell.contribution for cell in found.cells) == pytest.approx(found.value, abs=1e-14)


def test_ties_go_to_the_first_logit():
    """All neurons are off in half of space; elsewhere the state is x_0, which logits 1 and 2 read alike."""
    model = Rnn([1.0, 0.0, 0.0], np.eye(3) * 0.0, [[0.0, 1, 0], [0, 0, 1], [0, 1, 1]])
    assert Response().estimate(model).value == pytest.approx(1 / 3, abs=1e-14)
    assert Exact().estimate(model).value == pytest.approx(1 / 3, abs=1e-14)


@pytest.mark.parametrize("d", [1, 2, 5, 16])
@pytest.mark.parametrize("n", [2, 3])
def test_models_of_any_size(d, n):
    found = Response().estimate(random_model(7, d, n))
    assert 0 <= found.value <= 1
    assert found.numerical_error < 1e-4
    assert sum(cell.fraction for cell in found.cells) == pytest.approx(1, abs=1e-12)


def test_refusals(m43):
    with pytest.raises(UsageError, match="noise is 'some'; expected one of latent, none"):
        Response(noise="some")
    with pytest.raises(NotApplicable, match="needs n = 2 or 3 inputs; this model has n = 4"):
        Response().estimate(random_model(0, 3, 4))
