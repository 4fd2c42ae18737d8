"""Where an estimate is wrong, and through which of its approximations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np

from heurex.cones import corners as polygon
from heurex.errors import NotApplicable
from heurex.estimators import make_estimator
from heurex.estimators.base import Cell, Estimator
from heurex.estimators.chambers4 import Cone4, chambers4, clipped
from heurex.estimators.exact import Exact, chambers, right_fractions
from heurex.estimators.exact4 import right_fractions4
from heurex.model import Rnn

__all__ = ["Attribution", "CellShare", "SwitchShare", "attribute", "true_contributions"]


@dataclass(frozen=True)
class CellShare:
    """What a cell contributes to the estimate and to the truth; the difference is its share of the error."""

    cell: Cell
    contribution: float
    truth: float

    @property
    def error(self) -> float:
        """Contribution minus truth."""
        return self.contribution - self.truth


@dataclass(frozen=True)
class SwitchShare:
    """An approximation's share of the error: its Shapley value.

    Attributes
    ----------
    setting, approximate, exact
        The setting, its value in the estimate, and the value that does without the approximation.
    error
        By how much the estimate moves when the approximation is switched on, averaged over all orders in which
        the approximations can be switched on.
    alone
        By how much it moves when this is the only one that is on.
    """

    setting: str
    approximate: Any
    exact: Any
    error: float
    alone: float


@dataclass(frozen=True)
class Attribution:
    """The difference between an estimate and the exact accuracy, split in two ways.

    Attributes
    ----------
    estimate, exact
        Both values; ``error`` is their difference.
    cells
        Shares by cell, the largest first; empty for methods without cells. They add up to the error.
    switches
        Shares by approximation, the largest first; with ``rest`` they add up to the error.
    rest
        The error that is left with all switches off: what the explanation assumes beyond them.
    """

    estimate: float
    exact: float
    cells: tuple[CellShare, ...]
    switches: tuple[SwitchShare, ...]
    rest: float

    @property
    def error(self) -> float:
        """Estimate minus exact accuracy."""
        return self.estimate - self.exact


def attribute(model: Rnn, method: str | Estimator, **settings: Any) -> Attribution:
    """Split an estimate's error over its cells and over its approximations.

    Parameters
    ----------
    model
        A model with n = 2, 3 or 4.
    method, **settings
        As for :func:`heurex.estimate`.

    Returns
    -------
    An :class:`Attribution`; both sums equal the error within 1e-13.

    Notes
    -----
    Approximations interact (finer regions also change the gates' probabilities), so that the order in which
    they are switched on matters: a switch's share is its Shapley value, the mean over all orders.
    Cost: one estimate for each set of switches, at most eight for the original version.

    Examples
    --------
    >>> from heurex.zoo import load
    >>> found = attribute(load("m43"), "original")
    >>> [share.setting for share in found.switches]
    ['gates', 'regions', 'unlikely']
    """
    estimator = make_estimator(method, **settings) if isinstance(method, str) else method
    found = estimator.estimate(model)
    exact = Exact().estimate(model).value
    top = [cell for cell in found.cells if cell.parent is None and cell.contribution is not None]
    true = true_contributions(model, top) if top else np.zeros(0)
    cells = [
        CellShare(cell, float(cell.contribution or 0.0), float(t)) for cell, t in zip(top, true, strict=True)
    ]
    switches, left = _shapley(model, estimator, found.value)
    return Attribution(
        found.value,
        exact,
        tuple(sorted(cells, key=lambda share: -abs(share.error))),
        tuple(sorted(switches, key=lambda share: -abs(share.error))),
        left - exact,
    )


def _shapley(model: Rnn, estimator: Estimator, value: float) -> tuple[list[SwitchShare], float]:
    """Shares of the switches that are on, and the estimate with all of them off."""
    on = [key for key, off in estimator.switches.items() if getattr(estimator, key) != off]
    values: dict[frozenset[str], float] = {frozenset(on): value}
    for size in range(len(on)):
        for kept in combinations(on, size):
            off = {key: estimator.switches[key] for key in on if key not in kept}
            changed: Any = replace(estimator, **off)  # pyright: ignore[reportArgumentType]
            values[frozenset(kept)] = changed.estimate(model).value
    shares: list[SwitchShare] = []
    for key in on:
        others = [other for other in on if other != key]
        total = 0.0
        for size in range(len(others) + 1):
            weight = factorial(size) * factorial(len(others) - size) / factorial(len(on))
            for before in combinations(others, size):
                total += weight * (values[frozenset({*before, key})] - values[frozenset(before)])
        alone = values[frozenset({key})] - values[frozenset()]
        shares.append(SwitchShare(key, getattr(estimator, key), estimator.switches[key], total, alone))
    return shares, values[frozenset()]


def true_contributions(model: Rnn, cells: Sequence[Cell]) -> np.ndarray:
    """What each cell contributes to the exact accuracy: the fraction of input space in it answered rightly.

    Parameters
    ----------
    model
        A model with n = 2, 3 or 4.
    cells
        Cells with their half-spaces and labels. Over the cells of a partition the contributions add up to the
        exact accuracy.

    Returns
    -------
    Fractions, shape ``(cells,)``; absolute error about 1e-16 for each region that a cell meets.

    Raises
    ------
    NotApplicable
        If n > 4.

    Notes
    -----
    Each cell is intersected with every activation region of the network.
    Error: about 1e-16 for each region that a cell meets. Cost: that of the exact accuracy by regions, and of one
    fraction for each pair that meets.

    Examples
    --------
    >>> from heurex.estimators import estimate
    >>> from heurex.zoo import load
    >>> model = load("m43")
    >>> parts = true_contributions(model, [c for c in estimate(model, "original").cells if c.parent is None])
    >>> bool(abs(parts.sum() - estimate(model).value) < 1e-10)
    True
    """
    if model.seq_len == 4:
        return _true_contributions4(model, cells)
    if model.seq_len > 4:
        raise NotApplicable(
            f"true contributions need n = 2, 3 or 4 inputs; this model has n = {model.seq_len}"
        )
    pieces: list[np.ndarray] = []
    owners: list[int] = []
    for owner, cell in enumerate(cells):
        for chamber in chambers(model.seq_len):
            rays = _clipped(chamber.rays, cell.normals)
            if rays is not None and chamber.ordering[model.rank] == cell.label:
                pieces.append(rays)
                owners.append(owner)
    totals = np.zeros(len(cells))
    if pieces:
        labels = [cells[owner].label for owner in owners]
        np.add.at(totals, owners, right_fractions(model, pieces, labels)[:, 1])
    return totals


def _true_contributions4(model: Rnn, cells: Sequence[Cell]) -> np.ndarray:
    totals = np.zeros(len(cells))
    pieces: list[Cone4] = []
    owners: list[int] = []
    for owner, cell in enumerate(cells):
        for chamber in chambers4():
            if chamber.label(model.rank) == cell.label and cell.ordering in (None, chamber.ordering):
                piece = clipped(chamber, cell.normals)
                if piece is not None:
                    pieces.append(piece)
                    owners.append(owner)
    np.add.at(totals, owners, right_fractions4(model, pieces, [cells[owner].label for owner in owners])[:, 1])
    return totals


def _clipped(rays: np.ndarray, normals: np.ndarray) -> np.ndarray | None:
    """The part of a pointed cone inside all half-spaces, None if it has no interior."""
    for normal in normals:
        m = len(rays)
        corners = np.hstack([rays, (rays[:, : len(normal)] @ normal)[:, None]])
        side = polygon.side(corners, m, 3)
        if side == -1:
            return None
        if side == 2:
            kept = np.zeros((m + 2, 4))
            count = polygon.keep_positive(corners, m, 3, 4, kept)
            if count < 3:
                return None
            rays = kept[:count, :3]
    return rays
