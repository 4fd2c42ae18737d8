"""Score any estimators, your own among them, on any stack of models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from heurex.errors import UsageError
from heurex.estimators import Exact
from heurex.estimators.spec import Method, read_methods
from heurex.model import RnnStack
from heurex.results import Row
from heurex.runs.local import Origin, run
from heurex.scoring.comparison import Score, score

__all__ = ["Comparison", "compare"]


@dataclass(frozen=True)
class Comparison:
    """Scores by estimator, and the rows that they were computed from.

    Attributes
    ----------
    truth, values
        Exact accuracies, and estimates by estimator (NaN where one does not apply), each ``(models,)``.
    scores
        Each estimator on the models to which it applies.
    common
        Each estimator on the models to which all apply: the fair comparison where some do not.
    rows
        The results table's rows.
    """

    truth: np.ndarray
    values: Mapping[str, np.ndarray]
    scores: Mapping[str, Score]
    common: Mapping[str, Score]
    rows: list[Row]


def compare(stack: RnnStack, methods: Sequence[Method], origin: Origin | None = None) -> Comparison:
    """Estimate every model of a stack by several methods and score them against exact accuracy.

    Parameters
    ----------
    stack
        Models with n = 2 or 3, for instance :func:`heurex.noisy_copies`.
    methods
        Names of estimators, estimator objects, or functions from a model to a number (named by their
        ``__name__``; wrap one in :class:`heurex.External` to give it a label and its operations).
    origin
        Where the models come from, for the rows; by default they are given.

    Returns
    -------
    A :class:`Comparison`: the rows of the results table, and a score for each method.

    Examples
    --------
    >>> import heurex
    >>> copies = heurex.noisy_copies(heurex.load("m43"), 0.05, 8)
    >>> result = compare(copies, ["original", lambda model: 0.9])
    >>> sorted(result.scores)
    ['<lambda>', 'original']
    """
    chosen = [estimator for method in methods for estimator in read_methods([method])]
    names = [getattr(estimator, "label", estimator.name) for estimator in chosen]
    if len(set(names)) < len(names) or "exact" in names:
        raise UsageError(
            f"methods are named {', '.join(names)}; expected different names, none of them 'exact'"
        )
    rows = list(run(stack, origin or Origin("given"), [Exact(), *chosen], count_ops=0))
    by_name = {
        name: np.array([np.nan if row.value is None else row.value for row in rows if row.estimator == name])
        for name in ("exact", *names)
    }
    truth = by_name.pop("exact")
    scores = {name: score(values, truth) for name, values in by_name.items()}
    shared = np.all([np.isfinite(values) for values in by_name.values()], axis=0) & np.isfinite(truth)
    common = {name: score(values[shared], truth[shared]) for name, values in by_name.items()}
    return Comparison(truth, by_name, scores, common, rows)
