"""Layerwise for four inputs: what :class:`heurex.estimators.Layerwise` does for n = 4."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heurex import kernels
from heurex.cones import polytope4
from heurex.estimators import layerwise4_kernel
from heurex.estimators.base import Cell, Ops
from heurex.estimators.chambers4 import chambers4, starts
from heurex.estimators.exact4 import binding, cell_name, home, require, sink
from heurex.model import Rnn, RnnStack

__all__ = ["Gating", "Layers4", "layers4", "layers_stack4"]


@dataclass(frozen=True)
class Gating:
    """How the steps after the exact ones are gated."""

    steps: int
    latent: bool
    latent_prob: float

    def arguments(self) -> tuple[int, bool, float]:
        """In the order of the kernel's arguments."""
        return self.steps, self.latent, self.latent_prob


@dataclass(frozen=True)
class Layers4:
    """What one walk found: sums over cells of fraction, contribution, doubt and rounding; operations; cells."""

    sums: np.ndarray
    ops: Ops
    cells: tuple[Cell, ...]


def layers4(model: Rnn, gating: Gating) -> Layers4:
    """One model, its cells written down."""
    require(model)
    begin, d = starts(chambers4(), model.rank), model.hidden_size
    kernel = home(layerwise4_kernel, d)
    size = 256 * d
    while True:
        measures = np.zeros((len(begin.labels), 4))
        counters = np.zeros(polytope4.COUNTERS, np.int64)
        written = sink(size, model, begin.walls.shape[1], 4)
        count = kernel.layerwise(
            model.w_hi,
            model.w_hh,
            model.w_oh,
            *begin.arguments(),
            *gating.arguments(),
            measures,
            *written,
            counters,
        )
        if count <= size:
            break
        size = count
    index, pattern, cell_measures, rays, normals = (array[:count] for array in written)
    cells: list[Cell] = []
    for i, (chamber, m, facets, bits) in enumerate(index):
        cone = chambers4()[chamber]
        name, region = cell_name(cone, pattern[i, : gating.steps])
        rows = binding(normals[i, :facets], int(bits))
        cells.append(
            Cell(
                name=name,
                ordering=cone.ordering,
                region=region,
                parent=None,
                normals=rows,
                half_spaces=len(rows),
                rays=rays[i, :m],
                fraction=float(cell_measures[i, 0]),
                numerical_error=1e-15,
                label=cone.label(model.rank),
                answer=None,
                likely=True,
                contribution=float(cell_measures[i, 1]),
            )
        )
    ops = Ops(*(int(part) for part in counters[:5]))
    return Layers4(measures.sum(axis=0), ops, tuple(cells))


def layers_stack4(stack: RnnStack, gating: Gating) -> tuple[np.ndarray, np.ndarray]:
    """Sums ``(models, 4)`` and numbers of cells ``(models,)`` through the compiled kernel."""
    require(stack)
    begin = starts(chambers4(), stack.rank)
    measures, cells = np.zeros((len(stack), len(begin.labels), 4)), np.zeros(len(stack), np.int64)
    counters = np.zeros((len(stack), polytope4.COUNTERS), np.int64)
    kernels.compiled(layerwise4_kernel).layerwise_batch(
        stack.w_hi, stack.w_hh, stack.w_oh, *begin.arguments(), *gating.arguments(), measures, cells, counters
    )
    return measures.sum(axis=1), cells
