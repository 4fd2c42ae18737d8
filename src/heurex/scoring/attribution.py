"""Where an estimate is wrong: the exact accuracy inside each of an explanation's cells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from heurex.cones import corners as polygon
from heurex.errors import NotApplicable
from heurex.estimators.base import Cell
from heurex.estimators.exact import chambers, right_fractions
from heurex.model import Rnn

__all__ = ["true_contributions"]


def true_contributions(model: Rnn, cells: Sequence[Cell]) -> np.ndarray:
    """What each cell contributes to the exact accuracy: the fraction of input space in it answered rightly.

    Parameters
    ----------
    model
        A model with n = 2 or 3.
    cells
        Cells with their half-spaces and labels. Over the cells of a partition the contributions add up to the
        exact accuracy.

    Returns
    -------
    Fractions, shape ``(cells,)``; absolute error about 1e-16 for each region that a cell meets.

    Raises
    ------
    NotApplicable
        If n > 3.
    """
    if model.seq_len > 3:
        raise NotApplicable(f"true contributions need n = 2 or 3 inputs; this model has n = {model.seq_len}")
    pieces: list[np.ndarray] = []
    owners: list[int] = []
    for owner, cell in enumerate(cells):
        for chamber in chambers(model.seq_len):
            rays = _clipped(chamber.rays, cell.normals)
            if rays is not None and chamber.ordering[1] == cell.label:
                pieces.append(rays)
                owners.append(owner)
    totals = np.zeros(len(cells))
    if pieces:
        labels = [cells[owner].label for owner in owners]
        np.add.at(totals, owners, right_fractions(model, pieces, labels)[:, 1])
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
