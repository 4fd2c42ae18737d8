"""The main job: the note's two estimators on noisy copies of M_{4,3}, its Figure 1 and its section on compute."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from heurex.estimators import Exact, Original, Symmetric
from heurex.estimators.base import Estimate, Estimator
from heurex.estimators.original_checks import require_size
from heurex.model import Rnn, RnnStack
from heurex.results import Row, versioned
from heurex.runs.local import Origin, run
from heurex.runs.warm import compile_side_by_side
from heurex.scoring.ensembles import noisy_copies
from heurex.scoring.note import summarise
from heurex.zoo import load

__all__ = ["Reproduction", "figure1_rows", "reproduce"]

ESTIMATORS: tuple[Estimator, ...] = (Exact(), Original(), Symmetric())


@dataclass(frozen=True)
class Reproduction:
    """Everything that the reproduction found.

    Attributes
    ----------
    rows
        The results table: the clean model first, then the copies of each seed.
    clean
        The clean model's estimates by estimator.
    summary
        A record ready for JSON: scores by seed, the note's figures beside ours, computing time.
    """

    rows: list[Row]
    clean: dict[str, Estimate]
    summary: dict[str, Any]


def reproduce(
    models: int = 256,
    sigma: float = 0.05,
    seed: int = 0,
    *,
    more_seeds: int = 4,
    advance: Callable[[str, int], None] = lambda _what, _rows: None,
) -> Reproduction:
    """Score the note's two estimators on noisy copies of the bundled M_{4,3}.

    Parameters
    ----------
    models, sigma
        Copies in an ensemble, and the standard deviation of the noise on every weight.
    seed, more_seeds
        The ensemble that is reported, and how many more (seed + 1, ...) are scored beside it.
    advance
        Called with what is going on and how many rows were made, for a progress bar.

    Returns
    -------
    A :class:`Reproduction`: the rows, the clean model's estimates, and a record ready for JSON.

    Notes
    -----
    Source: Hilton (2024), "Quality versus compute" and Figure 1.

    Examples
    --------
    >>> found = reproduce(models=4, more_seeds=0)
    >>> round(found.clean["original"].value, 5), len(found.rows)
    (0.9849, 15)
    """
    model = load("m43")
    ensembles = [noisy_copies(model, sigma, models, seed + k) for k in range(more_seeds + 1)]
    advance("compiling", 0)
    begun = time.perf_counter()
    compile_side_by_side(["symmetric", "exact", "original"])
    for estimator in ESTIMATORS:
        estimator.estimate_stack(ensembles[0][:1])
    compile_s = time.perf_counter() - begun
    rows = list(run(RnnStack.of([model]), Origin("clean"), ESTIMATORS, count_ops=1))
    for k, stack in enumerate(ensembles):
        what = f"seed {seed + k}"
        origin = Origin("noisy copy", sigma, seed + k)
        count = 16 if k == 0 else 0
        rows += run(stack, origin, ESTIMATORS, count_ops=count, advance=lambda n, what=what: advance(what, n))
    clean = {estimator.name: estimator.estimate(model) for estimator in ESTIMATORS}
    summary = summarise(model, rows, clean, sigma=sigma, seeds=[seed + k for k in range(more_seeds + 1)])
    return Reproduction(rows, clean, versioned("reproduce", summary | {"compiling_s": compile_s}))


def figure1_rows(model: Rnn, models: int = 256, sigma: float = 0.05, seed: int = 0) -> list[Row]:
    """What Figure 1 needs: the three estimates of a model and of one ensemble of its noisy copies.

    Raises
    ------
    NotApplicable
        If the model is not of size d = 4, n = 3.
    """
    copies = noisy_copies(model, sigma, models, seed)
    require_size(model)
    compile_side_by_side(["symmetric", "exact", "original"])
    rows = list(run(RnnStack.of([model]), Origin("clean"), ESTIMATORS, count_ops=0))
    return rows + list(run(copies, Origin("noisy copy", sigma, seed), ESTIMATORS, count_ops=0))
