"""The mean field against exact accuracies, a slow twin in NumPy, and adaptive quadrature of the last input."""

import json

import numpy as np
import pytest
from models import random_model
from scipy import stats

import heurex
from heurex import NotApplicable, RnnStack, UsageError, kernels
from heurex.estimators import Exact, MeanField, Sampling, mean_field_kernel
from heurex.estimators.mean_field import _table
from heurex.tasks import second_argmax

VARIANTS = [
    {},
    {"noise": "linearised"},
    {"noise": "gradient"},
    {"last": "exact", "rank": 2},
]


@pytest.mark.parametrize("n", [3, 4])
@pytest.mark.parametrize("last", ["mean", "exact"])
def test_with_nothing_left_out_it_converges_to_the_exact_accuracy(n, last):
    rank = n if last == "mean" else n - 1
    nodes = 2**14 if n == 3 else 2**11
    z = []
    for seed in range(4):
        model = random_model(seed, 4, n)
        found = MeanField(rank=rank, nodes=nodes, last=last).estimate(model)
        truth = Exact().estimate(model).value
        z.append((found.value - truth) / found.numerical_error)
        assert found.numerical_error < 1e-2
    assert np.max(np.abs(z)) < 1


def slow_twin(model, rank, x, free, spread, noise):
    """One path by the definitions: NumPy's own steps, derivatives by differences."""
    label = second_argmax(x)

    def margin(inputs, rival=None):
        logits = model.logits(inputs)
        if rival is None:
            rival = max((i for i in range(len(x)) if i != label), key=lambda i: logits[i])
        return logits[label] - logits[rival], rival

    here, rival = margin(x)
    if noise == "none":
        return float(model.answer(x) == label)
    step = 1e-6
    rows = np.eye(len(x)) * step
    gradient = np.array([(margin(x + r, rival)[0] - margin(x - r, rival)[0]) / (2 * step) for r in rows])
    gradient[~free] = 0
    size = np.linalg.norm(gradient)
    if size == 0:
        return float(model.answer(x) == label)
    if noise == "linearised":
        return stats.norm.cdf(here / (spread * size))
    moves = stats.norm.ppf((np.arange(6) + 0.5) / 6)[:, None] * spread * gradient / size
    return np.mean(model.answer(x + moves) == label)


@pytest.mark.parametrize("noise", ["none", "linearised", "gradient"])
def test_a_slow_twin(noise):
    """Rank 3 of five inputs; paths rebuilt here from the table's values."""
    model = random_model(5, 6, 5)
    table = _table(5, 3, 2, 0)
    mine = MeanField(rank=3, nodes=2, noise=noise)
    shares = mine._shares(model, table)[0]
    twin = []
    for x, free, spread in zip(table.paths.T, table.free.T, table.spread, strict=True):
        bound = np.sort(x)[2]
        law = stats.truncnorm(-np.inf, bound)
        assert x[free] == pytest.approx(law.mean(), rel=1e-9)
        assert spread == pytest.approx(law.std(), rel=1e-7)
        twin.append(slow_twin(model, 3, x, free, spread, noise))
    np.testing.assert_allclose(shares, twin, atol=2e-6)
    assert mine.estimate(model).value == pytest.approx(np.mean(twin), abs=2e-6)
    assert 0.02 < np.mean(twin) < 0.98


def test_the_last_input_against_a_grid():
    """Shares of the last input from the model's own answers on a fine grid of its law."""
    table = _table(4, 2, 1, 0)
    grid = stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    for seed in range(3):
        model = random_model(seed, 5, 5)
        share = MeanField(rank=2, nodes=1, last="exact")._shares(model, table)[0]
        for path, mine in zip(table.paths.T, share, strict=True):
            x = np.column_stack([np.tile(path, (len(grid), 1)), grid])
            assert np.mean(model.answer(x) == second_argmax(x)) == pytest.approx(mine, abs=1e-3)


@pytest.mark.parametrize(
    ("seed", "d", "n", "value"),
    [(1, 6, 4, 0.3236353336268137), (2, 8, 5, 0.21275441553676977), (4, 16, 10, 0.08950602936962211)],
)
def test_values_are_those_that_lines_gave_one_after_the_other(seed, d, n, value):
    """Kept from a kernel that took lines one by one, from one end to the other."""
    mine = MeanField(rank=3 if n < 10 else 2, nodes=4, last="exact")
    assert mine.estimate(random_model(seed, d, n)).value == pytest.approx(value, abs=1e-12)


def test_every_neuron_off_answers_0():
    """All logits are 0 there, whatever rounding makes of sums that cancel."""
    silent = heurex.Rnn(
        -np.ones(3), np.zeros((3, 3)), np.array([[1, 2, 3], [5, 1, 1], [9, 9, 9], [2, 8, 4.0]])
    )
    table = _table(3, 2, 1, 0)
    share = MeanField(rank=2, nodes=1, last="exact")._shares(silent, table)[0]
    for path, mine in zip(table.paths.T, share, strict=True):
        # right only where the last input is negative and 2 answers, or positive and the label is 0
        first, second = np.argsort(-path)[:2]
        top, runner = path[first], path[second]
        asked = {0: [], 2: []}
        edges = [(-np.inf, runner, second), (runner, top, 3), (top, np.inf, first)]
        for low, high, label in edges:
            if label in asked:
                asked[label].append((low, high))
        exact = sum(stats.norm.cdf(h) - stats.norm.cdf(max(a, 0)) for a, h in asked[0] if h > 0)
        exact += sum(stats.norm.cdf(min(h, 0)) - stats.norm.cdf(a) for a, h in asked[2] if a < 0)
        assert mine == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize("settings", VARIANTS)
def test_the_error_it_tells_holds_between_seeds(settings):
    """Against many more nodes: z of the told error, which is at least three standard errors."""
    model = random_model(11, 5, 5)
    best = MeanField(nodes=512, seed=99, **settings).estimate(model)
    for nodes in (1, 2, 8):
        gaps = []
        for seed in range(12):
            found = MeanField(nodes=nodes, seed=seed, **settings).estimate_stack(RnnStack.of([model]))
            gaps.append((found.value[0] - best.value) / (found.numerical_error[0] + best.numerical_error))
        assert np.max(np.abs(gaps)) < 1
        assert np.std(gaps) > 0.02


@pytest.mark.parametrize("settings", VARIANTS)
def test_interpreted_compiled_and_counted_agree(settings):
    model = random_model(2, 5, 4)
    mine = MeanField(nodes=1, **settings)
    table = mine._paths(model)
    fast = mine._shares(model, table)[0]
    name = "last_shares" if "last" in settings else "noisy_shares"
    if not settings:
        return
    weights = {"w_hi": model.w_hi, "w_hh": model.w_hh, "back": model.w_hh.T.copy(), "w_oh": model.w_oh}
    quantiles = (
        stats.norm.ppf((np.arange(6) + 0.5) / 6) if settings.get("noise") == "gradient" else np.zeros(0)
    )
    tail = (table.free, table.spread, quantiles)
    if "last" in settings:
        del weights["back"]
        tail = ()
    counting, numbers, tally = kernels.counted(mean_field_kernel, weights | {"x": table.paths})
    for kernel, arguments, kind in (
        (mean_field_kernel, [*weights.values(), table.paths], np.float64),
        (counting, list(numbers.values()), object),
    ):
        share, doubt = np.zeros(len(fast), kind), np.zeros(len(fast), kind)
        getattr(kernel, name)(*arguments, *tail, share, *([doubt] if "last" in settings else []))
        np.testing.assert_allclose(kernels.plain(share), fast, atol=1e-14)
    told = mine.estimate(model).ops
    counted = heurex.Ops.of(tally) + heurex.Ops(add=len(fast) - 1, div=1)
    assert told == counted


def test_operations_counted_on_some_paths_stand_for_all():
    """The last input integrated: every 20th path counted, against all of them."""
    model = random_model(3, 4, 5)
    mine = MeanField(rank=2, nodes=40, last="exact")
    table = mine._paths(model)
    total = table.paths.shape[1]
    every = mine._count(model, table, slice(0, total)).total() + total
    assert mine._ops(model, table).total() == pytest.approx(every, rel=0.05)


def test_operations_of_the_plain_path_are_those_of_samples():
    model = random_model(1, 4, 5)
    paths = 60 * 4
    samples = Sampling(samples=paths).estimate(model).ops
    assert MeanField(nodes=4).estimate(model).ops == samples + heurex.Ops(add=paths - 1, div=1)


def test_refusals():
    model = random_model(0, 4, 3)
    with pytest.raises(NotApplicable, match="rank 4 at least as many of the inputs; this model has n = 3"):
        MeanField(rank=4).estimate(model)
    with pytest.raises(NotApplicable, match="rank 3 at least as many of the first n - 1 inputs"):
        MeanField(last="exact").estimate(model)
    with pytest.raises(UsageError, match="nodes is 3; expected 1 or an even number"):
        MeanField(nodes=3)
    with pytest.raises(UsageError, match="expected 'none' where last is 'exact'"):
        MeanField(noise="gradient", last="exact")
    with pytest.raises(UsageError, match="noise is 'some'; expected one of none, linearised, gradient"):
        MeanField(noise="some")
    with pytest.raises(UsageError, match="expected at most 2,097,152"):
        MeanField(rank=4, nodes=4096).estimate(random_model(0, 4, 10))
    for name in ("rank", "nodes", "seed"):
        with pytest.raises(UsageError, match=f"{name} is True; expected a whole number"):
            MeanField(**{name: True})
    assert json.loads(json.dumps(MeanField().settings()))["rank"] == 3
