"""What a model answers where: the exact confusion matrix, and the accuracy within each ordering of the inputs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heurex.errors import NotApplicable
from heurex.estimators.base import Status
from heurex.estimators.chambers4 import chambers4
from heurex.estimators.exact import chambers, right_fractions
from heurex.estimators.exact4 import answer_fractions4
from heurex.model import Rnn
from heurex.tasks import SECOND, orderings

__all__ = ["Confusion", "confusion"]

_CLOSED = 1e-14


@dataclass(frozen=True)
class Confusion:
    """Exact shares of input space by ordering, label and answer.

    Attributes
    ----------
    orderings
        The n! orders of the inputs, each from the largest to the smallest; the label is its entry of ``rank``.
    by_ordering
        Share of input space with each ordering on which each answer is given, ``(n!, n)``.
    numerical_error
        Bound on the absolute error of any sum of these shares, and so on that of the accuracy.
    status
        ``ill_conditioned`` where an answer hangs on rounding alone; the share in doubt is in the error.
    rank
        Rank of the input that the model is asked for; the largest has rank 0.
    """

    orderings: tuple[tuple[int, ...], ...]
    by_ordering: np.ndarray
    numerical_error: float
    status: Status
    rank: int = SECOND

    @property
    def matrix(self) -> np.ndarray:
        """Share of input space by label (row) and answer (column), ``(n, n)``; rows add up to 1/n."""
        n = self.by_ordering.shape[1]
        out = np.zeros((n, n))
        np.add.at(out, [ordering[self.rank] for ordering in self.orderings], self.by_ordering)
        return out

    @property
    def accuracy(self) -> float:
        """The trace: the exact accuracy."""
        return float(np.trace(self.matrix))

    @property
    def accuracy_by_ordering(self) -> dict[tuple[int, ...], float]:
        """Share of each ordering that is answered rightly, in [0, 1]; the accuracy is their mean."""
        return {
            ordering: float(min(1.0, row[ordering[self.rank]] * len(self.orderings)))
            for ordering, row in zip(self.orderings, self.by_ordering, strict=True)
        }


def confusion(model: Rnn) -> Confusion:
    r"""The exact confusion matrix of a model, from its activation regions.

    Parameters
    ----------
    model
        A model with n = 2, 3 or 4.

    Returns
    -------
    A :class:`Confusion`.

    Raises
    ------
    NotApplicable
        If n > 4.

    Notes
    -----
    Within each region of :class:`heurex.estimators.Exact` the part where a given logit is the first largest one
    is a polygon, for n = 4 a polyhedron; it is measured for each candidate answer in turn. Error: about 1e-16 for
    each region; what the candidates' parts miss of the whole is in ``numerical_error``. Cost: n times that of the
    exact accuracy.
    Source: positive homogeneity and Girard's theorem, as in Hilton (2024), footnote 1.

    Examples
    --------
    >>> from heurex.zoo import load
    >>> found = confusion(load("m43"))
    >>> print(*found.matrix.round(4).tolist(), sep="\n")
    [0.3315, 0.0011, 0.0007]
    [0.0058, 0.3274, 0.0001]
    [0.0061, 0.0001, 0.3271]
    >>> print(f"{found.accuracy:.5f}")
    0.98600
    """
    n = model.seq_len
    if n not in (2, 3, 4):
        raise NotApplicable(f"the exact confusion matrix needs n = 2, 3 or 4 inputs; this model has n = {n}")
    cones, known = chambers4() if n == 4 else chambers(n), tuple(orderings(n))
    place = np.array([known.index(cone.ordering) for cone in cones], np.int64)
    out = np.zeros((len(known), n))
    doubtful = 0.0
    for answer in range(n):
        labels = [answer] * len(cones)
        if n == 4:
            found = answer_fractions4(model, labels)
        else:
            found = right_fractions(model, [cone.rays for cone in cones], labels)
        np.add.at(out[:, answer], place, found[:, 1])
        doubtful += float(found[:, 2].sum())
    missed = abs(float(out.sum()) - 1)
    error = missed + 1e-16 * len(known) * model.hidden_size + doubtful
    ill = doubtful > 0 or missed > _CLOSED
    return Confusion(known, out, error, Status.ILL_CONDITIONED if ill else Status.OK, model.rank)
