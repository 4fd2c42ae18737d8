"""What a model, and what an explanation, answers in which directions: cells cut by their largest logit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from heurex.cones import corners as polygon
from heurex.errors import NotApplicable
from heurex.estimators import linear_pieces, strips_kernel
from heurex.estimators.base import Cell, Estimate, Estimator
from heurex.estimators.exact import Exact, chambers
from heurex.estimators.layerwise import Layerwise
from heurex.estimators.original import Original
from heurex.estimators.original_checks import best_order
from heurex.estimators.pieces import Pieces
from heurex.estimators.symmetric import Symmetric
from heurex.model import Rnn
from heurex.symmetry import best_pairing

__all__ = [
    "ExplainedCell",
    "Part",
    "area",
    "clip",
    "explained_cells",
    "likeliest_answers",
    "true_parts",
]

_ROUNDING = 4e-15
"""A difference of logits is taken for zero below this share of the sizes that it is a difference of."""

_SAME = 1e-12

SLIVER = 1e-15
"""A piece of a smaller share is rounding: its edges say nothing of where it lies."""


@dataclass(frozen=True)
class Part:
    """A convex piece of a cell in which one answer is given.

    Attributes
    ----------
    rays
        Extreme rays in order, ``(m, 3)``; for n = 2 with the idle third axis of the exact regions.
    answer
        The answer throughout it; None where an explanation names none.
    """

    rays: np.ndarray
    answer: int | None


@dataclass(frozen=True)
class ExplainedCell:
    """A cell of an estimate with what is answered in it.

    Attributes
    ----------
    cell
        The cell.
    pieces
        The cell itself as convex pointed cones, each by its rays.
    values
        For each value of the explanation's latent variable, the likeliest first: its chance, and the parts of the
        cell by answer. Empty where the explanation names no answer, only how often it is right.
    """

    cell: Cell
    pieces: tuple[np.ndarray, ...]
    values: tuple[tuple[float, tuple[Part, ...]], ...]

    @property
    def parts(self) -> tuple[Part, ...]:
        """Answers at the likeliest value of the latent variable; without answers the cell's own pieces."""
        return self.values[0][1] if self.values else tuple(Part(rays, None) for rays in self.pieces)


def area(rays: np.ndarray, n: int) -> float:
    """Share of input space in a pointed cone; for n = 2 the cone is half of what it stands for."""
    return float(polygon.fraction(rays, len(rays))) * (2 if n == 2 else 1)


def clip(rays: np.ndarray, normals: np.ndarray) -> np.ndarray | None:
    """The part of a pointed cone inside half-spaces, None if it has no interior but for rounding."""
    for normal in normals:
        rays_or_none = _cut(rays, rays[:, : len(normal)] @ normal)
        if rays_or_none is None:
            return None
        rays = rays_or_none
    return rays


def _cut(rays: np.ndarray, values: np.ndarray) -> np.ndarray | None:
    corners = np.hstack([rays, values[:, None]])
    side = polygon.clear_side(corners, len(rays), 3)
    if side == 1:
        return rays
    if side != 2:
        return None
    kept = np.zeros((len(rays) + 2, 4))
    count = polygon.keep_positive(corners, len(rays), 3, 4, kept)
    return kept[:count, :3] if count >= 3 else None


def linear_state(model: Rnn, pattern: Sequence[np.ndarray], steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Preactivations of a step as a linear map of the inputs, given which neurons are on before it.

    Returns
    -------
    The map, ``(d, n)``, and the same with every weight replaced by its size, which bounds its rounding.
    """
    z = np.zeros((model.hidden_size, model.seq_len))
    size = z.copy()
    for step in range(steps):
        if step:
            z = model.w_hh @ (pattern[step - 1][:, None] * z)
            size = np.abs(model.w_hh) @ (pattern[step - 1][:, None] * size)
        z[:, step] += model.w_hi
        size[:, step] += np.abs(model.w_hi)
    return z, size


def _by_answer(rays: np.ndarray, logits: np.ndarray, size: np.ndarray) -> tuple[Part, ...]:
    """A cone cut by the first largest of linear logits; ``size`` bounds the terms of each."""
    n = len(logits)
    found: list[Part] = []
    for answer in range(n):
        kept: np.ndarray | None = rays
        for rival in range(n):
            if rival == answer or kept is None:
                continue
            values = kept[:, :n] @ (logits[answer] - logits[rival])
            values[np.abs(values) <= _ROUNDING * (np.abs(kept[:, :n]) @ (size[answer] + size[rival]))] = 0.0
            tied = not values.any()  # throughout: the first of equals answers
            kept = (kept if answer < rival else None) if tied else _cut(kept, values)
        if kept is not None and polygon.fraction(kept, len(kept)) > SLIVER:
            found.append(Part(kept, answer))
    return tuple(found)


def _pattern(region: str) -> list[np.ndarray]:
    return [np.array([int(on) for on in step]) for step in region.split()]


def true_parts(model: Rnn) -> list[ExplainedCell]:
    """The activation regions of a model, each cut by its answer.

    Parameters
    ----------
    model
        A model with n = 2 or 3.

    Notes
    -----
    Error: corners within about 1e-15 of where they are. Cost: one walk through the regions.

    Examples
    --------
    >>> from heurex.zoo import load
    >>> found = true_parts(load("m43"))
    >>> right = [area(part.rays, 3) for one in found for part in one.parts if part.answer == one.cell.label]
    >>> round(sum(right), 12) == round(Exact().estimate(load("m43")).value, 12)
    True
    """
    if model.seq_len not in (2, 3):
        raise NotApplicable(f"pictures need n = 2 or 3 inputs; this model has n = {model.seq_len}")
    return [_true(model, cell) for cell in Exact(by="regions").estimate(model).cells]


def _true(model: Rnn, cell: Cell) -> ExplainedCell:
    pattern, n = _pattern(cell.region), model.seq_len
    z, size = linear_state(model, pattern, n)
    on = pattern[-1][:, None]
    rays = cell.rays if cell.rays is not None else np.zeros((0, 3))
    parts = _by_answer(rays, model.w_oh @ (on * z), np.abs(model.w_oh) @ (on * size))
    return ExplainedCell(cell, (rays,), ((1.0, parts),))


def explained_cells(model: Rnn, estimator: Estimator, found: Estimate) -> list[ExplainedCell]:
    """The cells of an explanation, each cut by what the explanation takes for the answer.

    Parameters
    ----------
    model
        A model with n = 2 or 3.
    estimator, found
        The explanation and its estimate of this model.

    Notes
    -----
    The original and the layerwise version have linear logits in a cell once their latent variable is given, the
    symmetric version once its noise is left out (its likeliest value), and the derivation by pieces has them as they
    are. Of other methods, and of cells that the original version passes over, only the claimed share is known.
    """
    cut = _logits(model, estimator, found)
    out: list[ExplainedCell] = []
    for cell in found.cells:
        if cell.parent is not None or cell.fraction <= 0:
            continue
        pieces = _pieces_of(cell, model.seq_len)
        values: list[tuple[float, tuple[Part, ...]]] = []
        for chance, gates, logits, size in cut.get(cell.name, []):
            inside = [rays for piece in pieces if (rays := clip(piece, gates)) is not None]
            parts = tuple(part for rays in inside for part in _by_answer(rays, logits, size))
            same = [i for i, (other, _) in enumerate(values) if other == chance and len(gates)]
            if same:
                values[same[0]] = (chance, values[same[0]][1] + parts)
            else:
                values.append((chance, parts))
        out.append(ExplainedCell(cell, pieces, tuple(sorted(values, key=lambda one: -one[0]))))
    return out


def likeliest_answers(model: Rnn, estimator: Estimator, found: Estimate, x: np.ndarray) -> np.ndarray:
    """What an explanation takes for the answer at given inputs, its latent variable at its likeliest value.

    Parameters
    ----------
    model, estimator, found
        As for :func:`explained_cells`.
    x
        Inputs, ``(count, n)``.

    Returns
    -------
    ``(count,)``; -1 where the explanation names no answer. By half-spaces and logits, without any polygon.
    """
    cut = _logits(model, estimator, found)
    out = np.full(len(x), -1)
    for cell in found.cells:
        values = cut.get(cell.name, [])
        if cell.parent is not None or not values:
            continue
        here = np.all(x @ cell.normals.T >= 0, axis=1)
        most = max(chance for chance, *_ in values)
        for chance, sides, logits, _ in values:
            if chance == most:
                inside = here & np.all(x @ sides.T >= 0, axis=1)
                out[inside] = np.argmax(x[inside] @ logits.T, axis=1)
    return out


def _pieces_of(cell: Cell, n: int) -> tuple[np.ndarray, ...]:
    """A cell as pointed cones: as its rays say if they do, else what its half-spaces leave of every chamber."""
    rays = cell.rays
    if rays is not None and len(rays) >= 3 and abs(area(rays, n) - cell.fraction) <= _SAME:
        return (rays,)
    kept = [clip(chamber.rays, cell.normals) for chamber in chambers(n)]
    return tuple(rays for rays in kept if rays is not None and area(rays, n) > SLIVER)


_Values = dict[str, list[tuple[float, np.ndarray, np.ndarray, np.ndarray]]]
"""By cell: chance of the latent value, half-spaces that the logits hold in, logits as a map of the inputs, sizes of
their terms."""


def _logits(model: Rnn, estimator: Estimator, found: Estimate) -> _Values:
    match estimator:
        case Original():
            return _original(model, estimator, found)
        case Layerwise():
            return _layerwise(model, estimator, found)
        case Symmetric():
            return _symmetric(model, estimator, found)
        case Pieces():
            return _pieces(model, estimator, found)
        case _:
            return {}


def _gated(
    w_oh: np.ndarray, gates: np.ndarray, z: np.ndarray, sides: np.ndarray, chance: float = 1.0
) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    passed = gates[:, None] * z
    return chance, sides, w_oh @ passed, np.abs(w_oh) @ np.abs(passed)


def _latent(
    probs: np.ndarray, q: float, w_oh: np.ndarray, z: np.ndarray
) -> list[tuple[float, np.ndarray, np.ndarray, np.ndarray]]:
    gates, shifts = np.zeros((2, len(probs))), np.zeros(2)
    strips_kernel.latent_shifts(q, shifts)
    strips_kernel.latent_gates(probs, 1 - probs, shifts, gates)
    nothing = np.zeros((0, z.shape[1]))
    return [_gated(w_oh, gates[i], z, nothing, chance) for i, chance in enumerate((1 - q, q))]


def _original(model: Rnn, estimator: Original, found: Estimate) -> _Values:
    ordered, nothing = model.permuted(list(best_order(model)[0])), np.zeros((0, 3))
    children: dict[str, list[Cell]] = {}
    for cell in found.cells:
        if cell.parent is not None:
            children.setdefault(cell.parent, []).append(cell)
    values: _Values = {}
    for cell in found.cells:
        mine = children.get(cell.name)
        if not mine:
            continue
        if estimator.gates == "exact":
            on = np.array([int(bit) for bit in mine[0].name.split("step 3 ")[1][:4]])
            z = mine[0].normals[4:8] * (2 * on - 1)[:, None]
            patterns = [np.array(bits) for bits in np.ndindex(2, 2, 2, 2)]
            values[cell.name] = [_gated(ordered.w_oh, b, z, (2 * b - 1)[:, None] * z) for b in patterns]
            continue
        z = np.array([child.normals[-1] for child in mine[:4]])
        probs = np.clip(np.array([child.fraction for child in mine[:4]]) / cell.fraction, 0.0, 1.0)
        if estimator.gates == "mean":
            values[cell.name] = [_gated(ordered.w_oh, probs, z, nothing)]
        else:
            values[cell.name] = _latent(probs, estimator.latent_prob, ordered.w_oh, z)
    return values


def _layerwise(model: Rnn, estimator: Layerwise, found: Estimate) -> _Values:
    n = model.seq_len
    steps = n - 1 if estimator.exact_steps is None else estimator.exact_steps
    values: _Values = {}
    if steps != n - 1:
        return values
    for cell in found.cells:
        if cell.rays is None or cell.fraction <= 0:
            continue
        z, _ = linear_state(model, _pattern(cell.region), n)
        probs = np.zeros(len(z))
        for j, row in enumerate(z):
            on = clip(cell.rays, row[None])
            probs[j] = 0.0 if on is None else min(1.0, area(on, n) / area(cell.rays, n))
        nothing = np.zeros((0, n))
        if estimator.gates == "mean":
            values[cell.name] = [_gated(model.w_oh, probs, z, nothing)]
        else:
            values[cell.name] = _latent(probs, estimator.latent_prob, model.w_oh, z)
    return values


def _symmetric(model: Rnn, estimator: Symmetric, found: Estimate) -> _Values:
    if (estimator.condition, estimator.keep) != ("none", "none"):
        return {}
    part = best_pairing(model)
    last = part.last_state_map()
    values: _Values = {}
    for cell in found.cells:
        rays = _pieces_of(cell, model.seq_len)
        if rays:
            middle = (rays[0] / np.linalg.norm(rays[0], axis=1, keepdims=True)).sum(axis=0)[: model.seq_len]
            nothing = np.zeros((0, model.seq_len))
            values[cell.name] = [_gated(part.w_oh_sym, np.sign(last @ middle), last, nothing)]
    return values


def _pieces(model: Rnn, _: Estimator, found: Estimate) -> _Values:
    by_name = {piece.name: np.array([[0.0, 0.0], [piece.a0, -piece.a1]]) for piece in linear_pieces(model)}
    nothing = np.zeros((0, 2))
    return {
        cell.name: [(1.0, nothing, by_name[cell.region], abs(by_name[cell.region]))] for cell in found.cells
    }
