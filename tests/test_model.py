"""Models: shapes, conversions, equivalences; PyTorch is the oracle where it is installed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models import random_model

import heurex
from heurex import ModelError, Rnn, RnnStack
from heurex.tasks import ordering_normals, orderings, second_argmax


def slow_logits(model, x):
    """One input at a time, one neuron at a time, straight from the note's equations."""
    h = [0.0] * model.hidden_size
    for t in range(model.seq_len):
        z = [
            sum(model.w_hh[j, k] * h[k] for k in range(model.hidden_size)) + model.w_hi[j] * x[t]
            for j in range(model.hidden_size)
        ]
        h = [max(0.0, v) for v in z]
    return [sum(model.w_oh[i, j] * h[j] for j in range(model.hidden_size)) for i in range(model.seq_len)]


@pytest.mark.parametrize(("d", "n"), [(1, 2), (4, 3), (16, 10)])
def test_logits_follow_the_equations(d, n):
    model = random_model(0, d, n)
    x = np.random.default_rng(1).normal(size=(20, n))
    slow = [slow_logits(model, row) for row in x]
    np.testing.assert_allclose(model.logits(x), slow, rtol=1e-12, atol=1e-12 * np.abs(slow).max())
    assert np.array_equal(model.answer(x), np.argmax(slow, axis=1))
    e = np.exp(slow - np.max(slow, axis=1, keepdims=True))
    np.testing.assert_allclose(model.probabilities(x), e / e.sum(axis=1, keepdims=True), rtol=1e-10)


def test_ties_go_to_the_first_logit():
    model = Rnn([1.0], [[0.0]], [[0.0], [0.0], [0.0]])
    assert model.answer(np.array([1.0, 2.0, 3.0])) == 0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.01, 100))
def test_permuting_rescaling_and_scaling_inputs_change_nothing(seed, scale):
    model = random_model(seed, 4, 3)
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(50, 3))
    order = rng.permutation(4).tolist()
    logits = model.logits(x)
    top = np.abs(logits).max() + 1e-300
    np.testing.assert_allclose(model.permuted(order).logits(x), logits, atol=1e-12 * top)
    np.testing.assert_allclose(model.rescaled(rng.uniform(0.1, 10, 4)).logits(x), logits, atol=1e-11 * top)
    np.testing.assert_allclose(model.logits(scale * x), scale * logits, atol=1e-12 * top * scale)


def test_perturbed_draws_in_the_documented_order():
    model = random_model(3, 4, 3)
    noisy = model.perturbed(0.05, np.random.default_rng(7))
    z = np.random.default_rng(7).standard_normal(4 + 16 + 12)
    np.testing.assert_allclose(noisy.w_hi, model.w_hi + 0.05 * z[:4], rtol=1e-15)
    np.testing.assert_allclose(noisy.w_hh.ravel(), model.w_hh.ravel() + 0.05 * z[4:20], rtol=1e-15)
    np.testing.assert_allclose(noisy.w_oh.ravel(), model.w_oh.ravel() + 0.05 * z[20:], rtol=1e-15)


def test_weights_are_frozen_float64_copies():
    w_hi = np.array([1, -1], np.int32)
    model = Rnn(w_hi, np.eye(2, dtype=np.float16), np.ones((2, 2), np.float32))
    assert {a.dtype for a in (model.w_hi, model.w_hh, model.w_oh)} == {np.dtype(float)}
    w_hi[0] = 9
    assert model.w_hi[0] == 1
    with pytest.raises(ValueError, match="read-only"):
        model.w_hi[0] = 2
    assert model.n_params == 2 + 4 + 4
    assert repr(model) == "Rnn(hidden_size=2, seq_len=2)"


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (([1, 2], np.eye(3), np.ones((2, 2))), r"w_hh has shape \(3, 3\); expected \(2, 2\)"),
        (([1, 2], np.eye(2), np.ones((2, 3))), r"w_oh has shape \(2, 3\); expected \(n, 2\)"),
        (([1, 2], np.eye(2), np.ones((1, 2))), "expected n >= 2"),
        ((np.ones((2, 2)), np.eye(2), np.ones((2, 2))), r"w_hi has shape \(2, 2\)"),
        (([], np.ones((0, 0)), np.ones((2, 0))), "d >= 1"),
        (([1, np.nan], np.eye(2), np.ones((2, 2))), r"w_hi\[1\] is nan; expected finite"),
        (([1, 2], [[1, 2], [np.inf, 1]], np.ones((2, 2))), r"w_hh\[1, 0\] is inf"),
        (([1, 2j], np.eye(2), np.ones((2, 2))), "complex"),
        ((["a", "b"], np.eye(2), np.ones((2, 2))), "expected real numbers"),
        (([1, 2], [[1, 2], [3]], np.ones((2, 2))), "w_hh is ragged"),
    ],
)
def test_bad_weights_get_one_sentence(weights, message):
    with pytest.raises(ModelError, match=message) as caught:
        Rnn(*weights)
    assert "\n" not in str(caught.value)


def test_bad_permutations_factors_and_inputs():
    model = random_model(0, 4, 3)
    with pytest.raises(ModelError, match="expected a permutation"):
        model.permuted([0, 1, 2, 2])
    with pytest.raises(ModelError, match="positive numbers"):
        model.rescaled([1, 1, 1, -1])
    with pytest.raises(ModelError, match=r"x has shape \(5, 2\)"):
        model.logits(np.ones((5, 2)))


def test_stack_round_trip():
    models = [random_model(i, 4, 3) for i in range(5)]
    stack = RnnStack.of(models, name="five")
    assert len(stack) == 5
    assert stack[3].fingerprint() == models[3].fingerprint()
    assert [m.fingerprint() for m in stack[1:3]] == [m.fingerprint() for m in models[1:3]]
    with pytest.raises(ModelError, match="one size"):
        RnnStack.of([random_model(0, 4, 3), random_model(0, 5, 3)])


def test_fingerprint_sees_every_weight():
    model = random_model(0, 4, 3)
    changed = Rnn(model.w_hi, model.w_hh, np.nextafter(model.w_oh, 9))
    assert changed.fingerprint() != model.fingerprint()
    assert Rnn(model.w_hi, model.w_hh, model.w_oh).fingerprint() == model.fingerprint()


def test_state_dict_round_trip_and_refusals():
    model = random_model(0, 4, 3)
    again = heurex.rnn_from_state_dict(model.state_dict())
    assert again.fingerprint() == model.fingerprint()
    with pytest.raises(ModelError, match="also holds rnn.bias_ih_l0"):
        heurex.rnn_from_state_dict(model.state_dict() | {"rnn.bias_ih_l0": np.zeros(4)})
    with pytest.raises(ModelError, match=r"lacks linear\.weight"):
        heurex.rnn_from_state_dict({k: v for k, v in model.state_dict().items() if k != "linear.weight"})
    with pytest.raises(ModelError, match=r"expected \(d, 1\)"):
        heurex.rnn_from_state_dict(model.state_dict() | {"rnn.weight_ih_l0": np.ones((4, 2))})


def test_torch_module_gives_the_same_logits():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    torch.manual_seed(0)

    class AlgZooForm(torch.nn.Module):
        def __init__(self, nonlinearity):
            super().__init__()
            self.rnn = torch.nn.RNN(1, 4, nonlinearity=nonlinearity, bias=False, batch_first=True)
            self.linear = torch.nn.Linear(4, 3, bias=False)

    module = AlgZooForm("relu")
    x = torch.randn(100, 3)
    with torch.no_grad():
        expected = module.linear(module.rnn(x[..., None])[0][:, -1]).numpy()
    np.testing.assert_allclose(heurex.rnn_from_module(module).logits(x.numpy()), expected, atol=1e-5)
    with pytest.raises(ModelError, match="nonlinearity 'tanh'"):
        heurex.rnn_from_module(AlgZooForm("tanh"))


def test_labels_and_orderings_agree():
    x = np.random.default_rng(0).normal(size=(2000, 3))
    found = np.full(len(x), -1)
    for ordering in orderings(3):
        inside = np.all(x @ ordering_normals(ordering).T >= 0, axis=1)
        assert np.all(found[inside] == -1)
        found[inside] = ordering[1]
    assert np.array_equal(found, second_argmax(x))
    assert np.array_equal(second_argmax(x), [sorted(range(3), key=lambda i: -row[i])[1] for row in x])
