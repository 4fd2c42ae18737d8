"""The runner: estimators over stacks of models, on this machine, as rows of the results table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final

import numpy as np

from heurex.errors import NotApplicable
from heurex.estimators.base import Estimator, Ops, StackEstimate, Status
from heurex.estimators.spec import method_key
from heurex.model import RnnStack
from heurex.results import Row

__all__ = ["CHUNK", "Origin", "rows_of", "run"]

CHUNK: Final = 32
"""How many models go through an estimator together."""


@dataclass(frozen=True)
class Origin:
    """Where a stack of models comes from, for its rows; ``names`` where its models have names of their own."""

    origin: str
    sigma: float = 0.0
    seed: int = 0
    first_copy: int = 0
    names: tuple[str, ...] = ()


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
    for estimator in estimators:
        for first in range(0, len(stack), CHUNK):
            part = stack[first : first + CHUNK]
            mine = replace(
                origin, first_copy=origin.first_copy + first, names=origin.names[first : first + CHUNK]
            )
            yield from rows_of(part, mine, estimator, count_ops=count_ops - first, timed=True)
            advance(len(part))


def rows_of(
    part: RnnStack, origin: Origin, estimator: Estimator, *, count_ops: int, timed: bool = False
) -> list[Row]:
    """Estimate a few models together: a row for each, which depends on the model and the estimator only.

    Parameters
    ----------
    part, origin, estimator
        The models, how they were made, and what to run on them.
    count_ops
        On how many of the first models operations are counted; none where it is 0 or less.
    timed
        Whether rows say how long they took.
    """
    begun = time.perf_counter()
    try:
        found = estimator.estimate_stack(part)
    except NotApplicable:
        blank = np.full(len(part), np.nan)
        found = StackEstimate(blank, blank, blank, [Status.NOT_APPLICABLE] * len(part))
    wall = (time.perf_counter() - begun) / len(part) if timed else None
    name, settings = method_key(estimator)
    return [
        Row(
            model=origin.names[i] if origin.names else part.name,
            model_hash=part[i].fingerprint(),
            origin=origin.origin,
            sigma=origin.sigma,
            seed=origin.seed,
            copy=origin.first_copy + i,
            hidden_size=part.hidden_size,
            seq_len=part.seq_len,
            estimator=name,
            kind=estimator.kind,
            settings=settings,
            value=_or_none(found.value[i]),
            numerical_error=_or_none(found.numerical_error[i]),
            standard_error=_or_none(found.standard_error[i]),
            status=str(found.status[i]),
            **_count(estimator, part, i if i < count_ops else None),
            wall_s=wall,
        )
        for i in range(len(part))
    ]


def _count(estimator: Estimator, part: RnnStack, i: int | None) -> dict[str, int | None]:
    """Counted operations of one model as columns, null where they are not counted."""
    blank: dict[str, int | None] = dict.fromkeys([f"ops_{kind}" for kind in asdict(Ops())] + ["ops_note"])
    if i is None:
        return blank
    try:
        found = estimator.estimate(part[i])
    except NotApplicable:
        return blank
    blank["ops_note"] = found.note_ops
    if found.ops is not None:
        blank |= {f"ops_{kind}": count for kind, count in asdict(found.ops).items()}
    return blank


def _or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
