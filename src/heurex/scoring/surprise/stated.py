"""What an explanation states: a fraction of a cell, in which cone it lies, and how much hangs on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from heurex.scoring.surprise.effect import Effect

__all__ = ["Derivation", "Entry", "Kind", "Stated", "cut_by", "rows_of"]

# Fractions are computed to about 1e-16: what is nearer to an end than this is that end.
_SAME: Final = 4e-16
_PARALLEL: Final = 1e-12

KINDS: Final = ("check", "near-equality", "fraction", "structural", "residual")
Kind = str


@dataclass(frozen=True)
class Entry:
    """One line of a ledger.

    Attributes
    ----------
    kind
        ``"check"``, ``"near-equality"``, ``"fraction"``, ``"structural"`` or ``"residual"``.
    statement
        What is claimed.
    bits
        What it costs, base 2, never negative.
    prior
        Under which prior, in words.
    cell
        The cell, or the check, that it comes from.
    """

    kind: Kind
    statement: str
    bits: float
    prior: str
    cell: str


@dataclass(frozen=True)
class Stated:
    """A fraction that an explanation states.

    Attributes
    ----------
    cell
        Name of the cell among those of the estimate.
    statement
        What is measured, in words.
    value, whole
        The fraction, and that of the parent cone that it is a part of; both of input space.
    half_spaces, dimension
        k and n of the note: the cone is an intersection of k half-spaces in R^n.
    parent
        The parent cone's half-spaces, one a row; None for an ordering with free noise coordinates.
    added
        How many half-spaces cut the cone from its parent.
    effect
        How far the estimate moves when this fraction is off.
    """

    cell: str
    statement: str
    value: float
    whole: float
    half_spaces: int
    dimension: int
    parent: np.ndarray | None
    added: int
    effect: Effect

    @property
    def is_zero(self) -> bool:
        """Whether the cone is empty."""
        return self.value <= _SAME

    @property
    def is_whole(self) -> bool:
        """Whether the cone is all of its parent."""
        return self.whole - self.value <= _SAME

    @property
    def is_open(self) -> bool:
        """Whether a number has to be stated, and not only yes or no, and whether anything hangs on it."""
        return not (self.is_zero or self.is_whole) and self.effect.most > 0


@dataclass(frozen=True)
class Derivation:
    """Everything that an explanation claims, before fractions are priced.

    Attributes
    ----------
    entries
        Structural choices, checks and near-equalities, priced.
    stated
        The fractions.
    """

    entries: tuple[Entry, ...]
    stated: tuple[Stated, ...]


def rows_of(normals: np.ndarray) -> np.ndarray:
    """The half-spaces that are some: a row of zeros is none."""
    return normals[np.any(normals != 0, axis=1)]


def cut_by(normals: np.ndarray, parent: np.ndarray) -> int:
    """How many of a cone's half-spaces are not its parent's."""
    unit = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (normals, parent)]
    return int(np.sum(np.all(unit[0] @ unit[1].T < 1 - _PARALLEL, axis=1)))
