"""The note's original version: merged regions, likely orderings, latent gates, 102 fractions.

Source: Hilton (2024), "The case d = 4, n = 3", "Original version".
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import Any, ClassVar, Final

import numpy as np

from heurex import kernels
from heurex.errors import NotApplicable, UsageError
from heurex.estimators import original_kernel, strips_kernel
from heurex.estimators.base import Cell, Check, Estimate, Estimator, Ops, StackEstimate, Status
from heurex.model import Rnn, RnnStack
from heurex.tasks import ordering_name, ordering_normals

__all__ = ["Original", "best_order", "sixteen_checks"]

_ORDERS: Final = np.array(list(permutations(range(4))))
_WEDGE_REGION: Final = (1, 2, 3, 3, 4, 4)
_WEDGE_HIGH: Final = (1, 0, 1, 0, 0, 1)
_SUBREGIONS: Final = 18
_FRACTIONS: Final = _SUBREGIONS * 7
_NOTE_COST: Final = 5


def best_order(model: Rnn) -> tuple[tuple[int, ...], tuple[Check, ...]]:
    """The order of four neurons that fits the note's explanation best, and the sixteen checks in it.

    The best order passes the most checks; among equals it has the least asymmetry (squared distance of the
    weights from the symmetric form), then comes first in lexicographic order.

    Raises
    ------
    NotApplicable
        If the model is not of size d = 4, n = 3.
    """
    _require(model)
    sums = np.zeros((4, 4, 4))
    original_kernel.responses(model.w_hi, model.w_hh, sums)
    order, _ = original_kernel.find_order(
        model.w_hi, model.w_hh, model.w_oh, sums, _ORDERS, np.zeros((3, 4)), np.zeros(16, np.bool_)
    )
    best = tuple(int(i) for i in _ORDERS[order])
    return best, sixteen_checks(model.permuted(best))


def sixteen_checks(model: Rnn) -> tuple[Check, ...]:
    """The note's sixteen inequalities for a model whose neurons are in the note's order.

    Examples
    --------
    >>> from heurex.zoo import load
    >>> sum(check.holds for check in sixteen_checks(load("m43")))
    16
    """
    holds = np.zeros(original_kernel.CHECKS, np.bool_)
    abc = _responses(model)
    original_kernel.sixteen_checks(abc, holds, 0)
    a, b, c = abc
    signs = {
        "a3": a[3], "-a0": -a[0], "a2": a[2], "-a1": -a[1], "b3": b[3], "-b0": -b[0],
        "b2": b[2], "-b1": -b[1], "c0": c[0], "-c3": -c[3], "c1": c[1], "-c2": -c[2],
    }  # fmt: skip
    statements = [(name, f"{name} > 0", value) for name, value in signs.items()]
    gamma_0, gamma_1 = c[0] - c[3], c[1] - c[2]
    for name, gamma, slope, sign in (
        ("gamma0/alpha3", gamma_0, a[3] - a[0], "<"),
        ("gamma0/beta3", gamma_0, b[3] - b[0], "<"),
        ("gamma1/alpha2", gamma_1, a[2] - a[1], ">"),
        ("gamma1/beta2", gamma_1, b[2] - b[1], ">"),
    ):
        ratio = gamma / slope if slope != 0 else float(np.copysign(np.inf, gamma))
        statements.append((name, f"{name} {sign} 1", ratio))
    return tuple(
        Check(name, statement, bool(ok), float(value))
        for (name, statement, value), ok in zip(statements, holds, strict=True)
    )


def _responses(model: Rnn) -> np.ndarray:
    """a_j, b_j and c_j of the note as rows, neurons as they stand."""
    sums, abc = np.zeros((4, 4, 4)), np.zeros((3, 4))
    original_kernel.responses(model.w_hi, model.w_hh, sums)
    original_kernel.pair_responses(model.w_hi, sums, np.arange(4), abc)
    return abc


def _require(model: Rnn | RnnStack) -> None:
    if (model.hidden_size, model.seq_len) != (4, 3):
        raise NotApplicable(
            f"the original version explains models with d = 4 and n = 3; "
            f"this one has d = {model.hidden_size} and n = {model.seq_len}"
        )


@dataclass(frozen=True)
class Original(Estimator):
    """The note's original version for M_{4,3}.

    Parameters
    ----------
    latent_prob
        q of the note: the chance that the latent variable behind the gates is 1.

    Notes
    -----
    After sixteen checks the two-step state is taken for linear on four merged regions. Ordered by the inputs
    they give 14 likely and 4 unlikely subregions; in a likely one the last ReLU is replaced by gates that are
    presumed independent of the preactivations and share one latent variable; an unlikely one counts a third.

    Error: ``numerical_error`` bounds rounding only (about 1e-13); the estimate is off by about 3% RMS on noisy
    copies of the bundled M_{4,3}. Cost: about 10,000 operations, 71,000 by the note's model.
    Source: Hilton (2024), "Original version".
    """

    name: ClassVar[str] = "original"
    summary: ClassVar[str] = "the note's first version: merged regions, latent gates; d = 4, n = 3"
    kind: ClassVar[str] = "explanation"
    latent_prob: float = 0.2

    def __post_init__(self) -> None:
        if not isinstance(self.latent_prob, (int, float)) or not 0 < self.latent_prob < 1:
            raise UsageError(f"latent_prob is {self.latent_prob!r}; expected a probability between 0 and 1")

    def estimate(self, model: Rnn) -> Estimate:
        """The estimate with its sixteen checks and all fractions as cells."""
        _require(model)
        weights = {"w_hi": model.w_hi, "w_hh": model.w_hh, "w_oh": model.w_oh}
        kernel, numbers, tally = kernels.counted(original_kernel, weights)
        sink = np.zeros((_FRACTIONS, 5), object)
        corners = np.zeros((_SUBREGIONS, strips_kernel.CORNERS, 3), object)
        value, tightest, best, holding, count = kernel.original(
            numbers["w_hi"], numbers["w_hh"], numbers["w_oh"], _ORDERS, self.latent_prob, sink, corners
        )
        ordered = model.permuted(_ORDERS[best].tolist())
        checks = sixteen_checks(ordered)
        if holding < original_kernel.CHECKS:
            failed = tuple(check.statement for check in checks if not check.holds)
            raise NotApplicable(
                f"the original version does not apply: {', '.join(failed)} fails in the best of the 24 orders "
                f"of the neurons, {tuple(int(i) for i in _ORDERS[best])}",
                failed,
            )
        cells = _cells(ordered, self.latent_prob, kernels.plain(sink[:count]), kernels.plain(corners))
        counts = Estimate(self.name, 0.0, 0.0, cells=cells).fraction_counts()
        return Estimate(
            self.name,
            kernels.uncounted(value),
            _error(kernels.uncounted(tightest)),
            self.settings(),
            ops=Ops.of(tally),
            note_ops=sum(_NOTE_COST * number * k**3 for k, number in counts.items()),
            cells=cells,
            checks=checks,
        )

    def estimate_stack(self, stack: RnnStack) -> StackEstimate:
        """Estimates through the compiled kernel."""
        _require(stack)
        values, tightest = np.zeros(len(stack)), np.zeros(len(stack))
        counts = np.zeros((len(stack), 3), np.int64)
        kernels.compiled(original_kernel).original_batch(
            stack.w_hi, stack.w_hh, stack.w_oh, _ORDERS, self.latent_prob, values, tightest, counts
        )
        applies = counts[:, 1] == original_kernel.CHECKS
        values[~applies] = np.nan
        errors = np.where(applies, 1e-15 + 1e-14 / tightest, np.nan)
        status = [Status.OK if ok else Status.NOT_APPLICABLE for ok in applies]
        return StackEstimate(values, errors, np.full(len(stack), np.nan), status)


def _error(tightest: float) -> float:
    """Rounding of the value: that of a gate's probability, 1e-16, divided by the slope of sqrt(p (1 - p))."""
    return 1e-15 + 1e-14 / tightest


def _region_maps(model: Rnn) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """For each merged region its two half-spaces and h_2 as a linear map, both in terms of (x_0, x_1)."""
    a, b, c = _responses(model)
    gamma_0, gamma_1 = c[0] - c[3], c[1] - c[2]
    r1, r2 = gamma_0 / (a[3] - a[0]), gamma_1 / (b[2] - b[1])
    r3, r4 = gamma_0 / (b[3] - b[0]), gamma_1 / (a[2] - a[1])
    after_a, after_b = np.stack([a, c], axis=1), np.stack([b, c], axis=1)

    def on(neurons: tuple[int, int], response: np.ndarray) -> np.ndarray:
        kept = np.zeros((4, 2))
        kept[list(neurons)] = response[list(neurons)]
        return kept

    return {
        1: (np.array([[-1, r1], [-1, r2]]), on((0, 1), after_b)),
        2: (np.array([[1, -r3], [1, -r4]]), on((2, 3), after_a)),
        3: (np.array([[1, -r1], [-1, r4]]), on((1, 3), after_a)),
        4: (np.array([[1, -r2], [-1, r3]]), on((0, 2), after_b)),
    }


def _gates(probs: np.ndarray, latent_prob: float) -> np.ndarray:
    gates, shifts = np.zeros((2, 4)), np.zeros(2)
    strips_kernel.latent_shifts(latent_prob, shifts)
    strips_kernel.latent_gates(probs, shifts, gates)
    return gates


def _cells(model: Rnn, latent_prob: float, sink: np.ndarray, corners: np.ndarray) -> tuple[Cell, ...]:
    """The kernel's rows as cells: subregions, their gate events and their label events."""
    maps = _region_maps(model)
    cells: list[Cell] = []
    by_subregion = [sink[sink[:, 0] == index] for index in range(_SUBREGIONS)]
    for index, rows in enumerate(by_subregion):
        wedge, place = divmod(index, 3)
        region, high = _WEDGE_REGION[wedge], _WEDGE_HIGH[wedge]
        pair = [high, 1 - high]
        pair.insert(place, 2)
        ordering = tuple(pair)
        sides, h2 = maps[region]
        normals = np.vstack([np.hstack([sides, np.zeros((2, 1))]), ordering_normals(ordering)])
        z3 = np.hstack([model.w_hh @ h2, model.w_hi[:, None]])
        used = np.any(corners[index] != 0, axis=1)
        parent = f"region {region}, {ordering_name(ordering)}"
        shared: dict[str, Any] = {
            "ordering": ordering,
            "region": str(region),
            "label": ordering[1],
            "answer": None,
        }
        whole = rows[0, 3]
        cells.append(
            Cell(
                name=parent,
                parent=None,
                normals=normals,
                half_spaces=len(normals),
                rays=corners[index][used],
                fraction=whole,
                numerical_error=1e-16,
                likely=len(rows) > 1,
                contribution=rows[0, 4],
                **shared,
            )
        )
        gates = _gates(rows[1:5, 3] / whole, latent_prob) if len(rows) > 1 else np.zeros((2, 4))
        for _, kind, which, fraction, _ in rows[1:]:
            which = int(which)
            if kind == 1:
                name, more = f"{parent}, z3[{which}] > 0", z3[which : which + 1]
            else:
                rivals = [i for i in range(3) if i != ordering[1]]
                more = ((model.w_oh[ordering[1]] - model.w_oh[rivals]) * gates[which]) @ z3
                name = f"{parent}, label's logit largest given Z = {which}"
            cells.append(
                Cell(
                    name=name,
                    parent=parent,
                    normals=np.vstack([normals, more]),
                    rays=None,
                    half_spaces=len(normals) + len(more),
                    fraction=fraction,
                    numerical_error=1e-16,
                    likely=True,
                    contribution=None,
                    **shared,
                )
            )
    return tuple(cells)
