"""Where an explanation names another answer than the model gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from heurex.cones import corners as polygon
from heurex.estimators.exact import edge_normals
from heurex.scoring.explained import SLIVER, ExplainedCell, Part, clip

__all__ = ["disagreements"]

_TOUCHING: Final = 1e-12
"""Radians by which caps may miss each other and still be looked at."""


def disagreements(
    true: Sequence[ExplainedCell], said: Sequence[ExplainedCell]
) -> list[tuple[int, Part, int]]:
    """Where an explanation names another answer than the model gives.

    Returns
    -------
    For each convex piece of it the number of the explanation's cell, the piece with the explanation's answer, and
    the model's answer.
    """
    theirs = [(one.cell.ordering, part) for one in true for part in one.parts]
    units = [_unit(part.rays) for _, part in theirs]
    middles, reach = _caps(units)
    known = sorted({ordering for ordering, _ in theirs if ordering is not None})
    group = np.array([-1 if ordering is None else known.index(ordering) for ordering, _ in theirs])
    answers = np.array([part.answer for _, part in theirs])
    found: list[tuple[int, Part, int]] = []
    for number, one in enumerate(said):
        for part in one.parts:
            if part.answer is None:
                continue
            (middle,), (far,) = _caps([_unit(part.rays)])
            near = np.arccos(np.clip(middles @ middle, -1, 1)) <= reach + far + _TOUCHING
            same = group == known.index(one.cell.ordering) if one.cell.ordering in known else True
            for i in np.flatnonzero(near & same & (answers != part.answer)):
                rays = clip(part.rays, edge_normals(theirs[i][1].rays))
                if rays is not None and polygon.fraction(rays, len(rays)) > SLIVER:
                    found.append((number, Part(rays, part.answer), int(answers[i])))
    return found


def _unit(rays: np.ndarray) -> np.ndarray:
    return rays / np.linalg.norm(rays, axis=1, keepdims=True)


def _caps(units: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The middle of each polygon and how far its corners are from it, in radians."""
    middles = _unit(np.array([rays.sum(axis=0) for rays in units]))
    reach = [
        np.arccos(np.clip(rays @ middle, -1, 1)).max() for rays, middle in zip(units, middles, strict=True)
    ]
    return middles, np.array(reach)
