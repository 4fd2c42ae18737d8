"""Reader of the frozen orthant tables; ``tests/data/cones/make_orthants.py`` makes them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

import numpy as np

__all__ = ["OrthantTable", "orthant_table", "trap_table"]

_DATA = Path(__file__).parents[1] / "data" / "cones"


@dataclass(frozen=True)
class OrthantTable:
    """Simplicial cones of one dimension with their fractions, and what makes them special.

    Of ordinary tables, ``columns`` has ``flatness``, 1 for a random cone; else the last one or two
    coordinates of all rows (``flat_coordinates``) were multiplied by it. Of traps, ``columns`` has the
    ``family`` and the ``amount`` that separates the cone from a degenerate one.
    """

    normals: np.ndarray  # (cones, n, n)
    fractions: list[Decimal]  # 28 significant digits
    columns: dict[str, np.ndarray]
    worst_relative_difference: float  # of the two routes by which each fraction was found

    def errors_of(self, values: np.ndarray) -> np.ndarray:
        """Absolute errors of computed fractions, the difference being taken in decimal."""
        pairs = zip(values.tolist(), self.fractions, strict=True)
        return np.array([float(abs(Decimal(value) - exact)) for value, exact in pairs])


def orthant_table(n: int) -> OrthantTable:
    """Random and flat cones for n = 4, 5 or 6."""
    return _read(f"orthants_{n}.json")


def trap_table(n: int) -> OrthantTable:
    """Otherwise nearly degenerate cones for n = 4, 5 or 6."""
    return _read(f"traps_{n}.json")


@cache
def _read(name: str) -> OrthantTable:
    table = json.loads((_DATA / name).read_text())
    columns = dict(zip(table["columns"], zip(*table["rows"], strict=True), strict=True))
    return OrthantTable(
        normals=np.array(columns.pop("normals")),
        fractions=[Decimal(text) for text in columns.pop("fraction")],
        columns={name: np.array(column) for name, column in columns.items()},
        worst_relative_difference=table["worst_relative_difference"],
    )
