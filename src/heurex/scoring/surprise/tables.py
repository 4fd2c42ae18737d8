"""Tables of the fraction of space in an intersection of random half-spaces: made by a seeded run, and kept.

Source: Hilton (2024), "Surprise accounting", which suggests an intersection of random half-spaces as a prior.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

import numpy as np

from heurex.cones import cone_fraction
from heurex.errors import UsageError
from heurex.results import check_writable, whole
from heurex.scoring.surprise.distribution import Distribution, Ends, from_draws, knot_ranks
from heurex.tasks import ordering_normals

__all__ = [
    "BUNDLED",
    "DRAWS",
    "Family",
    "draw_fractions",
    "load_table",
    "make_tables",
    "random_half_spaces",
]

DRAWS: Final = 1_000_000
_CHUNK: Final = 10_000
_FILE: Final = "tables.npz"


@dataclass(frozen=True)
class Family:
    """Cones of some fixed half-spaces and some random ones through the origin, normals uniform on the sphere.

    Attributes
    ----------
    dimension
        n of R^n.
    added
        How many half-spaces are random.
    ordered
        Whether the cone starts as the ordering x_0 > x_1 > x_2 (further coordinates free) and not as R^n.
    """

    dimension: int
    added: int
    ordered: bool = False

    @property
    def key(self) -> str:
        """Its name in the file of tables."""
        return f"n{self.dimension}k{self.added}{'o' if self.ordered else ''}"

    def fixed(self) -> np.ndarray:
        """The fixed half-spaces, one a row."""
        if not self.ordered:
            return np.zeros((0, self.dimension))
        rows = ordering_normals((0, 1, 2))
        return np.hstack([rows, np.zeros((2, self.dimension - 3))])


BUNDLED: Final = (
    *(Family(2, k) for k in range(2, 6)),
    *(Family(3, k) for k in range(2, 10)),
    Family(6, 6),
    Family(6, 4, ordered=True),
)
"""The tables that travel with the package."""


def draw_fractions(
    family: Family,
    draws: int,
    seed: int,
    advance: Callable[[int], None] | None = None,
) -> np.ndarray:
    """Fractions of seeded random cones of a family, shape ``(draws,)``.

    Notes
    -----
    The normals of the i-th chunk of 10,000 cones come from a counter-based generator with key (seed, family) and
    counter i: the same bits for the same seed. Error of each fraction: that of :func:`heurex.cone_fraction`.
    Cost: 0.1 microseconds a cone in three dimensions, some 250 in six.
    """
    if draws < 1 or seed < 0:
        raise UsageError(f"draws is {draws} and the seed {seed}; expected at least 1, and 0 or more")
    n, fixed = family.dimension, family.fixed()
    code = 1000 * n + 10 * family.added + family.ordered
    out = np.zeros(draws)
    for chunk, start in enumerate(range(0, draws, _CHUNK)):
        bits = np.random.Philox(key=np.array([seed, code], np.uint64), counter=np.array([0, 0, 0, chunk]))
        normals = np.random.Generator(bits).standard_normal((_CHUNK, family.added, n))
        cones = np.concatenate([np.broadcast_to(fixed, (_CHUNK, *fixed.shape)), normals], axis=1)
        stop = min(start + _CHUNK, draws)
        out[start:stop] = cone_fraction(cones[: stop - start])
        if advance is not None:
            advance(stop - start)
    return out


def _record(values: np.ndarray) -> dict[str, np.ndarray]:
    """What is kept of draws: how many, how many were 0, and the knots of the others."""
    positive = np.sort(values[values > 0])
    knots = positive[knot_ranks(len(positive))] if len(positive) else positive
    return {"counts": np.array([len(values), len(values) - len(positive)]), "knots": knots.astype(np.float32)}


def _distribution(family: Family, record: dict[str, np.ndarray]) -> Distribution:
    draws, zeros = (int(count) for count in record["counts"])
    # no more half-spaces than dimensions, in general position, always leave something
    can_be_zero = family.added + len(family.fixed()) > family.dimension
    ends = Ends(zeros, 0, can_be_zero, can_be_top=False)
    return from_draws(draws, ends, 1 / 6 if family.ordered else 0.5, record["knots"])


def make_tables(
    path: Path,
    draws: int = DRAWS,
    seed: int = 0,
    advance: Callable[[str, int], None] | None = None,
    families: tuple[Family, ...] = BUNDLED,
) -> None:
    """Draw the fractions of random cones of every bundled family and write their tables into one file.

    Parameters
    ----------
    path
        An ``.npz`` file.
    draws, seed
        Cones a family, and the seed; the same seed gives the same tables, bit for bit.
    advance
        Called with the family's name and a number of cones as they are done.
    families
        Which tables; by default all that are bundled.

    Raises
    ------
    ResultsError
        If the file cannot be written.

    Notes
    -----
    Cost: 10^6 cones a family take about four minutes in each of the two families in six dimensions, a second in
    each of the others.
    """
    check_writable(path)
    arrays = _arrays(families, draws, seed, advance)
    with whole(path) as draft, draft.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def _arrays(
    families: tuple[Family, ...], draws: int, seed: int, advance: Callable[[str, int], None] | None
) -> dict[str, np.ndarray]:
    arrays: dict[str, np.ndarray] = {}
    for family in families:
        report = None if advance is None else lambda cones, key=family.key: advance(key, cones)
        for part, array in _record(draw_fractions(family, draws, seed, report)).items():
            arrays[f"{family.key}_{part}"] = array
    return arrays


@cache
def _kept() -> dict[str, np.ndarray]:
    with resources.as_file(resources.files("heurex.scoring.surprise") / _FILE) as path:
        if not path.exists():
            return {}
        with np.load(path) as file:
            return dict(file)


def load_table(family: Family) -> Distribution:
    """The table of a family: the one that travels with the package, or else made now from 10^6 cones."""
    kept = _kept()
    if f"{family.key}_counts" in kept:
        return _distribution(family, {part: kept[f"{family.key}_{part}"] for part in ("counts", "knots")})
    return _made(family)


@cache
def _made(family: Family) -> Distribution:
    if family.dimension > 3:
        raise UsageError(
            f"there is no table of {family.added} half-spaces in {family.dimension} dimensions; "
            f"expected one of {', '.join(known.key for known in BUNDLED)}"
        )
    return _distribution(family, _record(draw_fractions(family, DRAWS, 0)))


def random_half_spaces(dimension: int, half_spaces: int) -> Distribution:
    """The fraction of R^n in an intersection of k independent half-spaces with uniform normals.

    Notes
    -----
    Error of a window's chance: see :func:`heurex.scoring.surprise.distribution.knot_ranks`.
    Source: Hilton (2024), "Surprise accounting"; the table is made by ``heurex surprise-tables``.

    Examples
    --------
    >>> found = random_half_spaces(3, 4)
    >>> round(found.at_zero, 3), round(found.window(1 / 16, 1 / 16), 2)
    (0.125, 0.82)
    """
    return load_table(Family(dimension, half_spaces))
