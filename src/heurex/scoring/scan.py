"""One setting of an estimator against its error: why a hyperparameter has the value it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from heurex.errors import UsageError
from heurex.estimators import Exact, make_estimator
from heurex.model import RnnStack
from heurex.scoring.comparison import Score, score

__all__ = ["Scan", "scan"]


@dataclass(frozen=True)
class Scan:
    """Scores of one estimator over the values of one setting.

    Attributes
    ----------
    method, setting
        What was varied.
    values, scores
        The setting's values and the score at each.
    """

    method: str
    setting: str
    values: tuple[float, ...]
    scores: tuple[Score, ...]

    @property
    def best(self) -> float:
        """The value with the least RMS error."""
        return self.values[int(np.argmin([one.rmse for one in self.scores]))]


def scan(stack: RnnStack, method: str, setting: str, values: Sequence[float], **settings: object) -> Scan:
    """Score an estimator on a stack of models for each value of a setting.

    Parameters
    ----------
    stack
        Models with n = 2 or 3, for instance :func:`heurex.noisy_copies`.
    method, setting, values
        The estimator, the setting to vary and its values.
    **settings
        Its other settings.

    Returns
    -------
    A :class:`Scan`: a score for each value, against the exact accuracy.

    Examples
    --------
    >>> import heurex
    >>> copies = heurex.noisy_copies(heurex.load("m43"), 0.05, 16)
    >>> found = scan(copies, "original", "latent_prob", [0.1, 0.2, 0.4])
    >>> len(found.scores)
    3
    """
    if not len(values):
        raise UsageError(f"no values of {setting} were given; expected at least one")
    truth = Exact().estimate_stack(stack).value
    scores = [
        score(make_estimator(method, **{**settings, setting: value}).estimate_stack(stack).value, truth)
        for value in values
    ]
    return Scan(method, setting, tuple(float(value) for value in values), tuple(scores))
