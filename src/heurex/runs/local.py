"""The runner: estimators over stacks of models, on this machine, as rows of the results table."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from heurex.errors import NotApplicable
from heurex.estimators.base import Estimator, Status
from heurex.model import RnnStack
from heurex.results import Row

__all__ = ["Origin", "run"]

_CHUNK = 32


@dataclass(frozen=True)
class Origin:
    """Where a stack of models comes from, for its rows."""

    origin: str
    sigma: float = 0.0
    seed: int = 0
    first_copy: int = 0


def run(
    stack: RnnStack,
    origin: Origin,
    estimators: Sequence[Estimator],
    *,
    count_ops: int = 16,
    advance: Callable[[int], None] = lambda _rows: None,
) -> Iterator[Row]:
    """Estimate every model of a stack with every estimator, row by row.

    Parameters
    ----------
    stack, origin
        The models and how they were made.
    estimators
        What to run; one that does not apply to a model leaves a row that says so.
    count_ops
        On how many of the first models the operations are counted (a slower run of the same source).
    advance
        Called with the number of rows that have just been made, for a progress bar.

    Yields
    ------
    Rows, estimator by estimator, models in order.
    """
    hashes = [model.fingerprint() for model in stack]
    for estimator in estimators:
        for first in range(0, len(stack), _CHUNK):
            part = stack[first : first + _CHUNK]
            begun = time.perf_counter()
            try:
                found = estimator.estimate_stack(part)
                values, errors, ses, status = (
                    found.value, found.numerical_error, found.standard_error, found.status
                )  # fmt: skip
            except NotApplicable:
                values = errors = ses = np.full(len(part), np.nan)
                status = [Status.NOT_APPLICABLE] * len(part)
            wall = (time.perf_counter() - begun) / len(part)
            for i in range(len(part)):
                ops = _count(estimator, part, i) if first + i < count_ops else (None, None, None)
                yield Row(
                    model=stack.name,
                    model_hash=hashes[first + i],
                    origin=origin.origin,
                    sigma=origin.sigma,
                    seed=origin.seed,
                    copy=origin.first_copy + first + i,
                    hidden_size=stack.hidden_size,
                    seq_len=stack.seq_len,
                    estimator=getattr(estimator, "label", estimator.name),
                    settings=json.dumps(estimator.settings(), sort_keys=True),
                    value=_or_none(values[i]),
                    numerical_error=_or_none(errors[i]),
                    standard_error=_or_none(ses[i]),
                    status=str(status[i]),
                    ops_unit=ops[0],
                    ops_weighted=ops[1],
                    ops_note=ops[2],
                    wall_s=wall,
                )
            advance(len(part))


def _count(estimator: Estimator, part: RnnStack, i: int) -> tuple[int | None, int | None, int | None]:
    try:
        found = estimator.estimate(part[i])
    except NotApplicable:
        return None, None, None
    if found.ops is None:
        return None, None, found.note_ops
    return found.ops.total("unit"), found.ops.total("weighted"), found.note_ops


def _or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
