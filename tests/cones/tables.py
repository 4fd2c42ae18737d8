"""Reader of the frozen orthant tables; ``tests/data/cones/make_orthants.py`` makes them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

import numpy as np

__all__ = ["OrthantTable", "orthant_table"]

_DATA = Path(__file__).parents[1] / "data" / "cones"


@dataclass(frozen=True)
class OrthantTable:
    """Simplicial cones of one dimension with their fractions.

    ``flatness`` is 1 for a random cone; else the last one or two coordinates of all rows
    (``flat_coordinates``) were multiplied by it.
    """

    normals: np.ndarray  # (cones, n, n)
    fractions: list[Decimal]  # 28 significant digits
    flatness: np.ndarray
    flat_coordinates: np.ndarray
    worst_relative_difference: float  # of the two routes by which each fraction was found

    def errors_of(self, values: np.ndarray) -> np.ndarray:
        """Absolute errors of computed fractions, the difference being taken in decimal."""
        pairs = zip(values.tolist(), self.fractions, strict=True)
        return np.array([float(abs(Decimal(value) - exact)) for value, exact in pairs])


@cache
def orthant_table(n: int) -> OrthantTable:
    """The table for n = 4, 5 or 6."""
    table = json.loads((_DATA / f"orthants_{n}.json").read_text())
    columns = dict(zip(table["columns"], zip(*table["rows"], strict=True), strict=True))
    return OrthantTable(
        normals=np.array(columns["normals"]),
        fractions=[Decimal(text) for text in columns["fraction"]],
        flatness=np.array(columns["flatness"]),
        flat_coordinates=np.array(columns["flat_coordinates"]),
        worst_relative_difference=table["worst_relative_difference"],
    )
