"""What the door lets in, what it hands out, and how it says no."""

import numpy as np
import pytest

from heurex.cones import cone_fraction, cone_measure
from heurex.errors import ConeError


def nan_at(*where):
    cones = np.ones((3, 2, 4, 3))
    cones[where] = np.nan
    return cones


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "neither normals nor rays is given; expected one of them"),
        ({"normals": np.eye(3), "rays": np.eye(3)}, "both normals and rays are given; expected one of them"),
        ({"normals": [[1, 2], [3]]}, "normals is ragged; expected an array of shape (..., k, n)"),
        ({"rays": [1, 2]}, "rays has shape (2,); expected (..., k, n)"),
        ({"normals": 1.0}, "normals has shape (); expected (..., k, n)"),
        ({"normals": [[1]]}, "normals has dimension 1; expected 2 to 6"),
        ({"normals": np.ones((4, 7))}, "normals has dimension 7; expected 2 to 6"),
        (
            {"normals": [[1j, 2]]},
            "normals has entries of type complex128; expected real numbers of at most 64 bits",
        ),
        (
            {"normals": [["a", "b"]]},
            "normals has entries of type <U1; expected real numbers of at most 64 bits",
        ),
        (
            {"normals": [[1, None]]},
            "normals has entries of type object; expected real numbers of at most 64 bits",
        ),
        ({"normals": [[1, 2], [np.nan, 0]]}, "normals is not finite in row 1"),
        ({"rays": [[[1, 2]], [[np.inf, 0]]]}, "rays is not finite in row 0 of cone 1"),
        ({"normals": nan_at(2, 1, 3, 0)}, "normals is not finite in row 3 of cone (2, 1)"),
        ({"normals": np.eye(3), "workers": 0}, "workers is 0; expected an integer of at least 1"),
        ({"normals": np.eye(3), "workers": 1.5}, "workers is 1.5; expected an integer of at least 1"),
    ],
)
def test_one_sentence_says_what_is_wrong(arguments, message):
    with pytest.raises(ConeError) as caught:
        cone_fraction(**arguments)
    assert str(caught.value) == message


def test_one_cone_only_for_the_full_record():
    with pytest.raises(ConeError, match=r"normals has shape \(1, 3, 3\); expected one cone"):
        cone_measure(np.eye(3)[None])


@pytest.mark.parametrize("kind", [np.int8, np.uint64, np.float16, np.float32, np.float64, ">f8"])
def test_any_real_numbers_up_to_64_bits(kind):
    assert cone_fraction(np.eye(3, dtype=kind)) == 0.125


def test_one_cone_gives_a_number_and_a_batch_an_array():
    value = cone_fraction(np.eye(3))
    assert type(value) is np.float64
    value, error = cone_fraction(np.eye(2), return_error=True)
    assert type(value) is type(error) is np.float64
    assert cone_fraction(np.ones((0, 3, 3))).shape == (0,)
    assert cone_fraction(np.ones((2, 0, 0, 3))).shape == (2, 0)
    assert (cone_fraction(np.ones((5, 0, 2))) == 1.0).all()


def test_any_memory_layout():
    cones = np.random.default_rng(0).standard_normal((3, 4, 1200))
    values = cone_fraction(cones.T)
    assert (values == cone_fraction(np.ascontiguousarray(cones.T))).all()
    assert (cone_fraction(cones.T[::-1]) == values[::-1]).all()


def test_huge_entries_are_finite():
    assert cone_fraction(np.full((3, 3), 1e308)) == 0.5
