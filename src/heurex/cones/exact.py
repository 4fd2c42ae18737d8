"""Signs by exact rationals, for the rare cone whose entries are too far apart for any fixed precision.

The kernels decide signs without error unless the entries of one row differ by more than 2^300, where
products could underflow. Such a cone runs through the same source with these functions in place of
those of :mod:`heurex.cones.signs`.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from types import FunctionType, ModuleType

import numpy as np

from heurex.cones import signs

__all__ = ["run_exactly"]

Row = tuple[Fraction, ...]


def _sign(value: Fraction) -> int:
    return (value > 0) - (value < 0)


def _cross(a: Row, b: Row) -> Row:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def _turn(a: Row, b: Row) -> Fraction:
    return a[0] * b[1] - a[1] * b[0]


class _ExactSigns:
    """The functions of :mod:`heurex.cones.signs` for one cone, by rationals; a row is known by its place."""

    def __init__(self) -> None:
        self._rows: list[Row] = []

    def scaled_rows(self, normals: np.ndarray, rows: np.ndarray) -> tuple[int, bool]:
        """Scale as the kernels do, and keep the unrounded rows beside it."""
        count, _ = signs.scaled_rows(normals, rows)
        kept = [row for row in normals if np.any(row)]
        for row, scaled in zip(kept, rows[:count], strict=True):
            largest = int(np.argmax(np.abs(row)))
            factor = Fraction(float(scaled[largest])) / Fraction(float(row[largest]))
            self._rows.append(tuple(Fraction(float(x)) * factor for x in row))
        return count, True

    def _row(self, rows: np.ndarray, i: int) -> Row:
        if i < len(self._rows):
            return self._rows[i]
        return tuple(Fraction(float(x)) for x in rows[i])  # a plane that the kernel added

    def _determinant(self, rows: np.ndarray, i: int, j: int, k: int) -> Fraction:
        cross = _cross(self._row(rows, i), self._row(rows, j))
        return sum((x * y for x, y in zip(cross, self._row(rows, k), strict=True)), Fraction(0))

    def unsure_sign(self, rows: np.ndarray, i: int, j: int, k: int) -> int:
        return _sign(self._determinant(rows, i, j, k))

    def cross_sign(self, rows: np.ndarray, i: int, j: int, axis: int) -> int:
        return _sign(_cross(self._row(rows, i), self._row(rows, j))[axis])

    def turn_sign(self, rows: np.ndarray, i: int, j: int) -> int:
        return _sign(_turn(self._row(rows, i), self._row(rows, j)))

    def sharp_turn(self, rows: np.ndarray, i: int, j: int) -> float:
        return float(_turn(self._row(rows, i), self._row(rows, j)))

    def sharp_cross(self, rows: np.ndarray, i: int, j: int) -> tuple[float, ...]:
        return tuple(float(x) for x in _cross(self._row(rows, i), self._row(rows, j)))

    def sharp_determinant(self, rows: np.ndarray, i: int, j: int, k: int) -> float:
        return float(self._determinant(rows, i, j, k))


def _with_exact_signs(module: ModuleType, exact: _ExactSigns) -> dict[str, Callable]:
    """The functions of a kernel module, calling each other and ``exact``."""
    space = dict(vars(module))
    for name, value in vars(module).items():
        if not isinstance(value, FunctionType):
            continue
        if hasattr(exact, name):
            space[name] = getattr(exact, name)
        elif value.__module__ == module.__name__:
            space[name] = FunctionType(value.__code__, space, name, value.__defaults__)
        elif value.__module__.startswith("heurex.cones."):
            home = __import__(value.__module__, fromlist=["_"])
            space[name] = _with_exact_signs(home, exact)[value.__name__]
    return space


def run_exactly(module: ModuleType, function: str, cone: np.ndarray) -> tuple[float, float]:
    """Value and error of one cone, shape (k, n), by a kernel's function with every sign decided by rationals.

    Error: that of the kernel. Cost: milliseconds.
    """
    value, error, _ = _with_exact_signs(module, _ExactSigns())[function](cone)
    return float(value), float(error)
