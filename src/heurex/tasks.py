"""What the models are asked: which input is the largest, the second largest or the middle one; and orderings."""

from __future__ import annotations

from itertools import permutations
from typing import Final

import numpy as np

from heurex.errors import ModelError

__all__ = [
    "SECOND",
    "TASKS",
    "Ordering",
    "labels",
    "ordering_name",
    "ordering_normals",
    "orderings",
    "second_argmax",
    "task_rank",
]

Ordering = tuple[int, ...]

TASKS: Final = ("argmax", "2nd_argmax", "argmedian")
"""What a model can be asked for: the position of the largest input, of the second largest, of the middle one."""

SECOND: Final = 1
"""The rank of the second largest input; the largest has rank 0."""


def task_rank(task: str, n: int) -> int:
    """Rank of the input that a task asks for among n, counted from the largest as 0.

    Raises
    ------
    ModelError
        If the task is unknown, or n is even and it asks for the middle input.

    Notes
    -----
    Source: the AlgZoo repository, whose argmedian models are of odd length.

    Examples
    --------
    >>> [task_rank(task, 5) for task in TASKS]
    [0, 1, 2]
    """
    if task not in TASKS:
        raise ModelError(f"unknown task {task!r}; expected one of {', '.join(TASKS)}")
    if task == "argmedian":
        if n % 2 == 0:
            raise ModelError(f"argmedian asks for the middle of an odd number of inputs; here n = {n}")
        return n // 2
    return TASKS.index(task)


def labels(x: np.ndarray, rank: int) -> np.ndarray:
    """Position of the entry of a rank, counted from the largest as 0.

    Parameters
    ----------
    x
        Inputs, shape ``(..., n)`` with n > rank.
    rank
        0 for the largest, 1 for the second largest, and so on.

    Returns
    -------
    Integers in 0 .. n-1, shape ``(...)``. Of equal entries the earlier counts as the larger one.

    Examples
    --------
    >>> labels(np.array([0.3, 2.0, -1.0]), 0).item()
    1
    """
    return np.argsort(-np.asarray(x), axis=-1, kind="stable")[..., rank]


def second_argmax(x: np.ndarray) -> np.ndarray:
    """Position of the second largest entry.

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
    return labels(x, SECOND)


def orderings(n: int) -> list[Ordering]:
    """All n! orders of the inputs, each from the largest to the smallest; a task's label is one of its entries."""
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
