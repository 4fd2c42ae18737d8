"""What the models are asked: which input is the second largest, and in which order inputs can come."""

from __future__ import annotations

from itertools import permutations

import numpy as np

__all__ = ["Ordering", "ordering_name", "ordering_normals", "orderings", "second_argmax"]

Ordering = tuple[int, ...]


def second_argmax(x: np.ndarray) -> np.ndarray:
    """Position of the second largest entry: the label.

    Parameters
    ----------
    x
        Inputs, shape ``(..., n)`` with n >= 2.

    Returns
    -------
    Integers in 0 .. n-1, shape ``(...)``. Of equal entries the earlier counts as the larger one (equal
    entries have probability zero under any density).

    Examples
    --------
    >>> int(second_argmax(np.array([0.3, 2.0, -1.0])))
    0
    """
    return np.argsort(-np.asarray(x), axis=-1, kind="stable")[..., 1]


def orderings(n: int) -> list[Ordering]:
    """All n! orders of the inputs, each from the largest to the smallest; the label is its second entry."""
    return list(permutations(range(n)))


def ordering_name(ordering: Ordering) -> str:
    """The ordering as a chain of inequalities, ``"x2 > x0 > x1"``."""
    return " > ".join(f"x{i}" for i in ordering)


def ordering_normals(ordering: Ordering) -> np.ndarray:
    """The n - 1 half-spaces of an ordering, shape ``(n - 1, n)``: one row for each neighbouring pair.

    Examples
    --------
    >>> ordering_normals((1, 0, 2)).astype(int).tolist()
    [[-1, 1, 0], [1, 0, -1]]
    """
    n = len(ordering)
    identity = np.eye(n)
    return identity[list(ordering[:-1])] - identity[list(ordering[1:])]
