"""The symmetric explanation for any number of neurons, and its variants: cells, their logits, their noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from heurex import kernels, symmetry_kernel
from heurex.errors import NotApplicable
from heurex.estimators import regions_kernel, symmetric_cells_kernel, symmetric_noise_kernel
from heurex.estimators.base import Cell, Ops, Status, require_second
from heurex.estimators.exact import chambers, edge_normals
from heurex.model import Rnn, RnnStack
from heurex.symmetry import ALL_PAIRINGS, Pairing, pairings, search_starts
from heurex.tasks import ordering_name

__all__ = [
    "Condition",
    "Dependence",
    "Evaluation",
    "Keep",
    "Moments",
    "Switches",
    "cells_of",
    "evaluate",
    "prepare",
    "require",
]

Moments = Literal["half", "half-gaussian"]
Dependence = Literal["independent", "joint"]
Condition = Literal["none", "last", "all"]
Keep = Literal["none", "hh"]

CONDITIONS: Final = {
    "none": symmetric_cells_kernel.NONE,
    "last": symmetric_cells_kernel.LAST,
    "all": symmetric_cells_kernel.ALL,
}
# Cells that miss the whole of space by more than this are reported as ill conditioned.
_CLOSED: Final = 1e-11
_REGIONS: Final = 64


@dataclass(frozen=True)
class Switches:
    """How noise is made out of asymmetry; see :class:`heurex.estimators.Symmetric`."""

    moments: Moments = "half"
    dependence: Dependence = "independent"
    condition: Condition = "none"
    keep: Keep = "none"
    noisy: bool = True


@dataclass(frozen=True)
class Evaluation:
    """Everything that one evaluation found, cell by cell.

    Attributes
    ----------
    pairing
        The pairs of neurons.
    value, error, status
        The sum over the cells, a bound on its error, and whether the cells fill space.
    measures
        ``(cells, 3)``: fraction, contribution, error.
    owners, corners, sizes
        Which cone of one ordering and one sign of x_0 each cell is part of; its rays and how many.
    gates
        The gates that the carrier has in each cell, ``(cells, n, d)``; 1/2 where the cell does not tell.
    ops
        Operations, if they were counted.
    """

    pairing: Pairing
    value: float
    error: float
    status: Status
    measures: np.ndarray
    owners: np.ndarray
    corners: np.ndarray
    sizes: np.ndarray
    gates: np.ndarray
    ops: Ops | None


def require(model: Rnn | RnnStack) -> None:
    """Refuse models that the symmetric version does not explain."""
    require_second(model, "the symmetric version")
    if model.seq_len not in (2, 3) or model.hidden_size < 2:
        raise NotApplicable(
            f"the symmetric version explains models with n = 2 or 3 inputs and at least two neurons; "
            f"this one has d = {model.hidden_size} and n = {model.seq_len}"
        )


class _Run:
    """One model on its way through the kernels, counting or compiled."""

    def __init__(self, model: Rnn, switches: Switches, *, count: bool) -> None:
        self.d, self.n, self.p = model.hidden_size, model.seq_len, model.hidden_size // 2
        self.switches = switches
        numbers = {"w_hi": model.w_hi.copy(), "w_hh": model.w_hh.copy(), "w_oh": model.w_oh.copy()}
        modules = (symmetry_kernel, symmetric_noise_kernel, symmetric_cells_kernel, regions_kernel)
        self.tally = None
        self.kind: Any = np.float64
        if count:
            _, numbers, self.tally = kernels.counted(symmetry_kernel, numbers)
            ready = [kernels.counted(module, {})[0] for module in modules]
            self.kind = object
        else:
            ready = [kernels.compiled(module) for module in modules]
        self.symmetry, self.noise, self.cells, self.regions = ready
        self.weights = (numbers["w_hi"], numbers["w_hh"], numbers["w_oh"])
        self.sym = self.zeros(self.p), self.zeros(self.p, self.p), self.zeros(self.n, self.p)
        self.eps, self.carrier = self.like_weights(), self.like_weights()

    def zeros(self, *shape: int) -> np.ndarray:
        """An array of zeros, for numbers of the kind that is computed with."""
        return np.zeros(shape, self.kind)

    def like_weights(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Zeros in the shapes of the weights."""
        return self.zeros(self.d), self.zeros(self.d, self.d), self.zeros(self.n, self.d)

    def pair_up(self) -> Pairing:
        """Find the pairing; fill the symmetric weights, what they leave, and the network that is kept."""
        if self.d <= ALL_PAIRINGS:
            table = pairings(self.d)
            best = self.symmetry.least_asymmetric(*self.weights, np.array(table), self.sym, self.eps)
            pairing = table[best]
        else:
            found = np.zeros((self.p, 2), np.int64)
            self.symmetry.search_pairing(*self.weights, search_starts(self.d), self.sym, self.eps, found)
            pairing = tuple(sorted((int(min(pair)), int(max(pair))) for pair in found))
            self.symmetry.average(*self.weights, np.array(pairing), self.sym, self.eps)
        self.symmetry.spread_over_pairs(self.sym, np.array(pairing), self.carrier)
        if self.switches.keep == "hh":
            self.carrier = (self.carrier[0], self.weights[1], self.carrier[2])
            self.eps = (self.eps[0], self.zeros(self.d, self.d), self.eps[2])
        return pairing

    def cut_by_signs(self, pairing: Pairing) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Cells of one ordering and one sign of each u_t that counts: rays, sizes, owners, gates."""
        first = 0 if self.switches.condition == "all" else self.n - 1
        last_map = self.zeros(self.p, self.n)
        self.symmetry.last_state_map(self.sym, last_map)
        planes = self.zeros((self.n - first) * self.p, self.n)
        for i, step in enumerate(range(first, self.n)):
            planes[i * self.p : (i + 1) * self.p, : step + 1] = last_map[:, self.n - 1 - step :]
        starts, k = np.array([cone.rays for cone in chambers(self.n)]), len(planes)
        room = len(starts) * (1 + k + k * (k - 1) // 2)
        cells, signs = self.zeros(room, k + 5, 4), np.zeros((room, k), np.int64)
        sizes, owners = np.zeros(room, np.int64), np.zeros(room, np.int64)
        count = self.cells.sign_cells(planes, starts, cells, sizes, owners, signs)
        gates = np.zeros((count, self.n, self.d))
        for cell in range(count):
            self.cells.gates_from_signs(signs[cell], np.array(pairing), first, gates[cell])
        return cells[:count], sizes[:count], owners[:count], gates

    def cut_by_network(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Cells of one ordering and one activation pattern of the network that is kept."""
        cones = chambers(self.n)
        starts, labels = (
            np.array([cone.rays for cone in cones]),
            np.array([cone.ordering[1] for cone in cones]),
        )
        room = _REGIONS * self.d
        while True:
            index, pattern = np.zeros((room, 2), np.int64), np.zeros((room, self.n, self.d), np.int8)
            corners = self.zeros(room, regions_kernel.corner_capacity(self.d, self.n), 3)
            count = self.regions.walk(
                *self.carrier, starts, np.full(len(starts), 3), labels,
                self.zeros(len(starts), 3), index, pattern, self.zeros(room, 3), corners,
            )  # fmt: skip
            if count <= room:
                break
            room = count
        return (
            corners[:count],
            index[:count, 1].copy(),
            index[:count, 0].copy(),
            pattern[:count].astype(float),
        )


@dataclass(frozen=True)
class Prepared:
    """A model's cells and the noise in them, before anything is measured; numbers as the kernels hold them."""

    run: _Run
    pairing: Pairing
    eps: tuple[np.ndarray, np.ndarray, np.ndarray]
    joint: bool
    condition: int
    corners: np.ndarray
    sizes: np.ndarray
    owners: np.ndarray
    gates: np.ndarray
    before: np.ndarray
    covariance: np.ndarray


def prepare(model: Rnn, switches: Switches, *, count: bool) -> Prepared:
    """Pair the neurons, cut the cells and spread the noise."""
    require_second(model, "the symmetric version")
    run = _Run(model, switches, count=count)
    pairing = run.pair_up()
    cells = run.cut_by_network() if switches.keep == "hh" else run.cut_by_signs(pairing)
    joint, condition, eps = switches.dependence == "joint", CONDITIONS[switches.condition], run.eps
    if not switches.noisy:
        eps, joint, condition = run.like_weights(), False, symmetric_cells_kernel.NONE
    before, covariance = run.zeros(run.d, run.d), run.zeros(run.n, run.n)
    if condition != symmetric_cells_kernel.ALL:
        half_gaussian = switches.moments == "half-gaussian"
        run.noise.spread(run.carrier, run.weights, eps, half_gaussian, joint, before, covariance)
    return Prepared(run, pairing, eps, joint, condition, *cells, before, covariance)


def evaluate(model: Rnn, switches: Switches, *, count: bool, answer: int | None = None) -> Evaluation:
    """Evaluate the symmetric explanation with exact noise.

    Parameters
    ----------
    model
        A model with n = 2 or 3.
    switches
        Which noise.
    count
        Run on counting numbers (slow: for few neurons), or compiled.
    answer
        In place of the chance that the label wins, the chance of this answer.

    Notes
    -----
    Error: the bounds of the cones' fractions, about 1e-15 each, and what the cells miss of the whole.
    Cost: with p pairs up to 12 (1 + p + p (p - 1) / 2) cells, one cone in R^5 for each triangle of a cell.
    """
    ready = prepare(model, switches, count=count)
    run = ready.run
    labels = np.array([cone.ordering[1] for cone in chambers(run.n)])[ready.owners]
    if answer is not None:
        labels = np.full(len(labels), answer)
    measures = run.zeros(len(labels), 3)
    run.cells.add_up(
        run.carrier, run.weights, ready.eps, ready.before, ready.covariance, ready.condition, ready.joint,
        ready.corners, ready.sizes, labels, ready.gates, measures,
    )  # fmt: skip
    value = float(kernels.uncounted(measures[:, 1].sum()))
    ops = None if run.tally is None else Ops.of(run.tally)
    measures = kernels.plain(measures)
    gap = abs(float(measures[:, 0].sum()) - 1)
    error = float(measures[:, 2].sum()) + gap
    good = np.isfinite(error) and gap <= _CLOSED
    return Evaluation(
        ready.pairing, min(value, 1.0), error, Status.OK if good else Status.ILL_CONDITIONED, measures,
        ready.owners, kernels.plain(ready.corners)[..., :3], ready.sizes, ready.gates, ops,
    )  # fmt: skip


def cells_of(found: Evaluation, n: int) -> tuple[Cell, ...]:
    """The cells of an evaluation with their rays; one that x_0 = 0 crosses comes in two pieces."""
    cones = chambers(n)
    out: list[Cell] = []
    for i, (fraction, contribution, error) in enumerate(found.measures):
        cone = cones[found.owners[i]]
        rays = found.corners[i, : found.sizes[i]]
        region = _region(found.gates[i], found.pairing)
        sign = ">" if cone.rays[0][0] > 0 else "<"
        out.append(
            Cell(
                name=f"{region}, {ordering_name(cone.ordering)}, x0 {sign} 0",
                ordering=cone.ordering,
                region=region,
                parent=None,
                normals=edge_normals(rays)[:, :n],
                half_spaces=len(rays) + n - 1,
                rays=rays,
                fraction=float(fraction),
                numerical_error=float(error),
                label=cone.ordering[1],
                answer=None,
                likely=True,
                contribution=float(contribution),
            )
        )
    return tuple(out)


def _region(gates: np.ndarray, pairing: Pairing) -> str:
    """Gates in words: signs of pairs where they are opposite, else which neurons are on."""
    first, second = [i for i, _ in pairing], [j for _, j in pairing]
    known = [step for step in gates if np.any(step != 0.5)]
    if all(np.all(step[first] + step[second] == 1) for step in known):
        return "signs " + " ".join("".join("-0+"[int(2 * gate)] for gate in step[first]) for step in known)
    return "neurons " + " ".join("".join("0?1"[int(2 * gate)] for gate in step) for step in known)
