"""Gaussian states: integrals against mpmath and SciPy, a step against samples, the end against closed forms."""

import mpmath
import numpy as np
import pytest
from benchmarks.moments_oracle import oracle
from models import random_model
from scipy import integrate, stats

import heurex
from heurex import Rnn, RnnStack, UsageError, kernels
from heurex.estimators import Moments, gaussian_state_kernel
from heurex.estimators.moments import _table, rule

KERNEL = kernels.compiled(gaussian_state_kernel)


def test_both_below_against_mpmath():
    mpmath.mp.dps = 25
    cases = [
        *((0.3, -1.2, 0.4), (1.5, 0.2, -0.8), (-2.0, -1.0, 0.95), (0.7, -0.6, -0.97), (0.1, 0.1, 0.9999)),
        *((-1.0, 2.0, -0.9999999), (3.0, -4.0, 0.93), (0.0, 0.0, 0.5), (0.5, 0.5, 1.0), (0.5, -0.4, -1.0)),
    ]
    for a, b, r in cases:
        width = mpmath.sqrt(1 - mpmath.mpf(r) ** 2)

        def below(y, a=a, r=r, width=width):
            return mpmath.npdf(y) * mpmath.ncdf((a - r * y) / width)

        if width == 0:
            exact = stats.norm.cdf(min(a, b)) if r > 0 else max(stats.norm.cdf(a) - stats.norm.cdf(-b), 0.0)
        else:
            turn = a / r if r else 0
            cuts = sorted({-12, *(c for c in (turn - 20 * width, turn, turn + 20 * width) if -12 < c < b), b})
            exact = float(mpmath.quad(below, cuts))
        for kernel in (KERNEL, gaussian_state_kernel):
            assert abs(kernel.both_below(a, b, r, rule()) - exact) < 1e-13


def test_both_positive_parts_against_scipy():
    for a, b, r in [(0.3, -1.2, 0.4), (1.5, 0.2, -0.8), (-0.5, -1.0, 0.95), (0.7, 0.6, -0.97), (2.0, 1.0, 0.0),
                    (0.5, 1.5, 1.0), (0.5, 1.5, -1.0), (0.4, 0.3, 0.999999)]:  # fmt: skip
        width = np.sqrt(1 - r * r)

        def inner(x, a=a, b=b, r=r, width=width):
            mean = b + r * x
            part = (
                max(mean, 0)
                if width == 0
                else mean * stats.norm.cdf(mean / width) + width * stats.norm.pdf(mean / width)
            )
            return (a + x) * part * stats.norm.pdf(x)

        bend = -b / r if r else 99.0
        bends = sorted(c for c in (bend - 10 * width, bend, bend + 10 * width) if -a < c < 12)
        exact = integrate.quad(inner, -a, 12, points=bends or None, epsabs=1e-12, limit=200)[0]
        assert KERNEL.both_positive_parts(a, b, r, rule()) == pytest.approx(exact, abs=3e-11)


def test_moments_of_cut_inputs():
    """Positive and negative parts of a normal below m, the numbers of the first step."""
    where, numbers = _table(5, 2, 0)
    assert np.any(numbers[:, 1] < 0)
    for row in numbers[::5]:
        law = stats.truncnorm(-np.inf, row[1])
        x = law.ppf((np.arange(200_000) + 0.5) / 200_000)
        up, down = np.maximum(x, 0), np.maximum(-x, 0)
        expected = [x.mean(), x.var(), up.mean(), (up**2).mean(), down.mean(), (down**2).mean()]
        np.testing.assert_allclose(row[2:], expected, atol=2e-4)
    assert where.shape == (40, 2)


def test_a_step_against_samples():
    rng = np.random.default_rng(3)
    d = 4
    factor, centre = rng.standard_normal((d, 2)), rng.standard_normal(d)
    w_hi, w_hh = rng.standard_normal(d), rng.standard_normal((d, d))
    state = centre + rng.standard_normal((400_000, 2)) @ factor.T
    z = state @ w_hh.T + (0.3 + 0.7 * rng.standard_normal((400_000, 1))) * w_hi
    mean, cov = centre.copy(), factor @ factor.T
    KERNEL.read_input(w_hi, w_hh, 0.3, 0.49, mean, cov, np.zeros((d, d)), np.zeros(d))
    KERNEL.rectify(mean, cov, rule(), np.zeros(d), np.zeros(d))
    after = np.maximum(z, 0)
    np.testing.assert_allclose(mean, after.mean(axis=0), atol=4 * after.std() / 400_000**0.5)
    shifted = after - after.mean(axis=0)
    products = shifted[:, :, None] * shifted[:, None, :]
    assert np.all(np.abs(cov - products.mean(axis=0)) < 5 * products.std(axis=0) / 400_000**0.5)


def test_margins_at_the_end():
    """Exact for one margin and for independent ones; close to SciPy's integral for three that depend on each other."""
    mean = np.array([0.4, -0.2, 1.0])
    sd = np.array([1.0, 0.5, 2.0])
    found = KERNEL.all_positive(mean.copy(), np.diag(sd**2), 0)
    assert found == pytest.approx(np.prod(stats.norm.cdf(mean / sd)), abs=1e-14)
    cov = np.array([[1.0, 0.4, 0.3], [0.4, 1.0, 0.5], [0.3, 0.5, 1.0]])
    exact = (
        stats.multivariate_normal(mean, cov).cdf(np.zeros(3))
        if False
        else stats.multivariate_normal(-mean, cov).cdf(np.zeros(3))
    )
    assert KERNEL.all_positive(mean.copy(), cov.copy(), 0) == pytest.approx(exact, abs=5e-3)
    # equal correlations of 1/2 about 0: 1/3 for two, 1/4 for three; without the variances 0.327 for two
    for count in (2, 3):
        even = (np.eye(count) + 1) / 2
        assert KERNEL.all_positive(np.zeros(count), even, 0) == pytest.approx(1 / (count + 1), abs=2e-3)
    assert KERNEL.all_positive(np.zeros(2), np.zeros((2, 2)), 0) == 1.0
    assert KERNEL.all_positive(np.zeros(2), np.zeros((2, 2)), 2) == 0.0


def test_a_silent_model():
    """All logits are 0: the first is the answer, right where the second largest input stands first."""
    silent = Rnn(np.zeros(2), np.zeros((2, 2)), np.ones((3, 2)))
    assert Moments(nodes=2).estimate(silent).value == pytest.approx(1 / 3, abs=1e-12)


def test_compiled_and_counted_agree():
    model = random_model(4, 3, 4)
    mine = Moments(nodes=1)
    where, numbers = _table(4, 1, 0)
    fast = np.zeros(len(where))
    KERNEL.shares(model.w_hi, model.w_hh, model.w_oh, where, numbers, rule(), fast)
    weights = {"w_hi": model.w_hi, "w_hh": model.w_hh, "w_oh": model.w_oh}
    counting, counted, tally = kernels.counted(gaussian_state_kernel, weights)
    share = np.zeros(len(where), object)
    counting.shares(*counted.values(), where, numbers, rule(), share)
    np.testing.assert_allclose(kernels.plain(share), fast, atol=1e-12)
    told = mine.estimate(model)
    assert told.ops.total() == pytest.approx(heurex.Ops.of(tally).total(), rel=0.25)
    assert told.value == pytest.approx(fast.mean(), abs=1e-15)
    assert mine.estimate_stack(RnnStack.of([model])).value[0] == told.value


def test_a_gaussian_state_fails_even_with_true_moments():
    """A trained network loses the more the later it happens."""
    bias, error = oracle(heurex.load("zoo:8,5"), [2, 5], 60, 400)
    assert bias[1] < -5 * error[1]
    assert bias[1] < bias[0] - 0.05


def test_refusals():
    with pytest.raises(UsageError, match="nodes is 5; expected 1 or an even number"):
        Moments(nodes=5)
    with pytest.raises(heurex.NotApplicable, match=r"moments needs n >= 3 inputs; this model has n = 2"):
        Moments().estimate(random_model(0, 2, 2))
