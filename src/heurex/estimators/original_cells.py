"""The original version's kernel rows as cells: subregions, gate events, label events, each with its half-spaces."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from heurex.estimators import step_two_kernel, strips_kernel
from heurex.estimators.base import Cell
from heurex.estimators.original_checks import responses
from heurex.model import Rnn
from heurex.tasks import ordering_name, ordering_normals

__all__ = ["Strips", "cells_of", "strips_of"]

_BUILDERS: Final = (step_two_kernel.merged_strips, step_two_kernel.signed_strips, step_two_kernel.true_strips)
_OUTER: Final = {3: (0, 1), 4: (3, 4)}
"""Merged regions 3 and 4 reach across x_0 = x_1: the rays that bound them as a whole."""


class Strips:
    """The strips of a model whose neurons are in the note's order."""

    def __init__(self, model: Rnn, regions: int) -> None:
        rays = np.zeros((step_two_kernel.MAX_RAYS, 2))
        self.between = np.zeros((step_two_kernel.MAX_STRIPS, 2), np.int64)
        self.states = np.zeros((step_two_kernel.MAX_STRIPS, 2, 4))
        self.regions = np.zeros((step_two_kernel.MAX_STRIPS, 2), np.int64)
        self.count = _BUILDERS[regions](responses(model), rays, self.between, self.states, self.regions)
        self.rays, self.kind = rays, regions

    def name(self, strip: int) -> str:
        """The strip's region in words."""
        number = int(self.regions[strip, 0])
        middle = self.rays[self.between[strip]].sum(axis=0)[0]
        side = "x0 > 0" if middle > 0 else "x0 < 0"
        if self.kind == step_two_kernel.TRUE:
            return f"pattern {number:04b}, {side}"
        return (
            f"region {number}, {side}"
            if self.kind == step_two_kernel.SIGNED and number < 3
            else f"region {number}"
        )

    def high(self, strip: int) -> int:
        """Which of x_0 and x_1 is the larger in it."""
        first, second = self.rays[self.between[strip]]
        return strips_kernel.larger_input(first, second)

    def sides(self, strip: int) -> np.ndarray:
        """The region's two half-spaces, ``(2, 3)``."""
        number = int(self.regions[strip, 0])
        outer = self.kind != step_two_kernel.TRUE and number in _OUTER
        first, second = self.rays[list(_OUTER[number])] if outer else self.rays[self.between[strip]]
        if first[0] * second[1] < first[1] * second[0]:
            first, second = second, first
        return np.array([[-first[1], first[0], 0.0], [second[1], -second[0], 0.0]])

    def state_map(self, strip: int) -> np.ndarray:
        """h_2 as a linear map of (x_0, x_1), ``(4, 2)``; a strip without width has many, and this is the least."""
        return self.states[strip].T @ np.linalg.pinv(self.rays[self.between[strip]].T, rcond=0.0)


def strips_of(model: Rnn, regions: int) -> Strips:
    """The strips of the chosen regions: 0 merged, 1 signed, 2 true."""
    return Strips(model, regions)


def cells_of(
    model: Rnn, switches: np.ndarray, latent_prob: float, sink: np.ndarray, corners: np.ndarray
) -> tuple[Cell, ...]:
    """Every computed fraction as a cell, subregion by subregion."""
    strips = strips_of(model, int(switches[0]))
    cells: list[Cell] = []
    for index in range(3 * strips.count):
        strip, place = divmod(index, 3)
        pair = [strips.high(strip), 1 - strips.high(strip)]
        pair.insert(place, 2)
        ordering = tuple(pair)
        rows = sink[sink[:, 0] == index]
        normals = np.vstack([strips.sides(strip), ordering_normals(ordering)])
        z3 = np.hstack([model.w_hh @ strips.state_map(strip), model.w_hi[:, None]])
        parent = f"{strips.name(strip)}, {ordering_name(ordering)}"
        shared: dict[str, Any] = {"ordering": ordering, "region": strips.name(strip), "label": ordering[1]}
        used = np.any(corners[index] != 0, axis=1)
        unlikely = place == 1 and strips.regions[strip, 1] == 1 and switches[2] == 0
        cells.append(
            Cell(
                name=parent,
                parent=None,
                normals=normals,
                half_spaces=len(normals),
                rays=corners[index][used],
                fraction=rows[0, 3],
                numerical_error=1e-16,
                answer=None,
                likely=not unlikely,
                contribution=rows[0, 4],
                **shared,
            )
        )
        cells += _events(model, parent, normals, z3, rows, int(switches[1]), latent_prob, shared)
    return tuple(cells)


def _events(
    model: Rnn, parent: str, normals: np.ndarray, z3: np.ndarray, rows: np.ndarray, gates_kind: int,
    latent_prob: float, shared: dict[str, Any],
) -> list[Cell]:  # fmt: skip
    """A subregion's gate events and label events."""
    label = shared["label"]
    margins = model.w_oh[label] - np.delete(model.w_oh, label, axis=0)
    probs = rows[rows[:, 1] == strips_kernel.GATE, 3] / rows[0, 3] if rows[0, 3] > 0 else np.zeros(4)
    gates, shifts = np.zeros((2, 4)), np.zeros(2)
    if len(probs) == 4 and gates_kind == strips_kernel.LATENT:
        strips_kernel.latent_shifts(latent_prob, shifts)
        strips_kernel.latent_gates(probs, 1 - probs, shifts, gates)
    cells: list[Cell] = []
    for _, kind, which, fraction, _ in rows[1:]:
        which = int(which)
        if kind == strips_kernel.GATE:
            name, more = f"z3[{which}] > 0", z3[which : which + 1]
        elif gates_kind == strips_kernel.EXACT:
            on = np.array([which >> 3 & 1, which >> 2 & 1, which >> 1 & 1, which & 1])
            name = f"step 3 {which:04b}, label's logit largest"
            more = np.vstack([(2 * on - 1)[:, None] * z3, (margins * on) @ z3])
        else:
            mean = gates_kind == strips_kernel.MEAN
            name = "label's logit largest" + ("" if mean else f" given Z = {which}")
            more = (margins * (probs if mean else gates[which])) @ z3
        cells.append(
            Cell(
                name=f"{parent}, {name}",
                parent=parent,
                normals=np.vstack([normals, more]),
                half_spaces=len(normals) + len(more),
                rays=None,
                fraction=fraction,
                numerical_error=1e-16,
                answer=None,
                likely=True,
                contribution=None,
                **shared,
            )
        )
    return cells
