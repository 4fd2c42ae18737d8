"""The standard form: the same function, every input weight of size 1."""

import numpy as np
import pytest
from models import random_model

from heurex import ModelError, Rnn
from heurex.standard import standardise


@pytest.mark.parametrize(("d", "n"), [(1, 2), (4, 3), (16, 10)])
def test_same_logits(d, n):
    model = random_model(0, d, n)
    found = standardise(model)
    assert np.array_equal(found.w_hi, np.sign(model.w_hi))
    x = np.random.default_rng(0).standard_normal((100, n))
    expected = model.logits(x)
    np.testing.assert_allclose(found.logits(x), expected, rtol=0, atol=1e-12 * abs(expected).max())


def test_rescaling_first_changes_nothing():
    model = random_model(1, 4, 3)
    other = standardise(model.rescaled([0.1, 3, 7, 20]))
    np.testing.assert_allclose(other.w_hh, standardise(model).w_hh, rtol=1e-14)
    np.testing.assert_allclose(other.w_oh, standardise(model).w_oh, rtol=1e-14)


def test_a_neuron_without_input_weight_keeps_its_scale():
    model = Rnn([0, -2], [[5, 3], [1, 7]], [[1, 1], [2, 2]], name="kept")
    found = standardise(model)
    assert found.w_hi.tolist() == [0, -1]
    assert found.w_hh.tolist() == [[5, 6], [0.5, 7]]
    assert found.w_oh.tolist() == [[1, 2], [2, 4]]
    assert found.name == "kept"


def test_weights_that_leave_the_floats_are_refused():
    with pytest.raises(ModelError, match=r"w_hh\[0, 1\] is inf"):
        standardise(Rnn([1e-300, 1e300], [[0, 1], [0, 0]], [[1, 1], [1, 1]]))
