"""The note's original version: merged regions, likely orderings, latent gates, 102 fractions.

Its approximations are switches, so that each one's share of the error can be measured.
Source: Hilton (2024), "The case d = 4, n = 3", "Original version".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal, get_args

import numpy as np

from heurex import kernels
from heurex.errors import NotApplicable, UsageError
from heurex.estimators import original_kernel, step_two_kernel, strips_kernel
from heurex.estimators.base import Estimate, Estimator, Ops, StackEstimate, Status
from heurex.estimators.original_cells import cells_of
from heurex.estimators.original_checks import ORDERS, near_equalities, require_size, sixteen_checks
from heurex.model import Rnn, RnnStack

__all__ = ["Gates", "Original", "Regions", "Unlikely"]

Regions = Literal["merged", "signed", "true"]
Gates = Literal["latent", "mean", "exact"]
Unlikely = Literal["third", "gates"]

_SUBREGIONS: Final = 3 * step_two_kernel.MAX_STRIPS
_FRACTIONS: Final = _SUBREGIONS * 17
_NOTE_COST: Final = 5


@dataclass(frozen=True)
class Original(Estimator):
    """The note's original version for M_{4,3}.

    Parameters
    ----------
    latent_prob
        q of the note: the chance that the latent variable behind the gates is 1.
    regions
        Where h_2 is taken for linear: ``"merged"`` (the note's four), ``"signed"`` (regions 1 and 2 cut by the
        sign of x_0, each part with its own response) or ``"true"`` (the network's own patterns).
    gates
        What stands for the last ReLU: ``"latent"`` (the note), ``"mean"`` (the probability of being positive) or
        ``"exact"`` (subregions are cut by the signs of z_3).
    unlikely
        Subregions with x_2 between x_0 and x_1 in the small regions: ``"third"`` of their fraction (the note), or
        treated like the others by the ``"gates"``.

    Notes
    -----
    After sixteen checks the two-step state is taken for linear on four merged regions. Ordered by the inputs
    they give 14 likely and 4 unlikely subregions; in a likely one the last ReLU is replaced by gates that are
    presumed independent of the preactivations and share one latent variable; an unlikely one counts a third.

    True regions with exact gates and ``unlikely="gates"`` make no approximation: the exact accuracy.

    Error: ``numerical_error`` bounds rounding only (about 1e-12); the note's version is off by about 3% RMS on
    noisy copies of the bundled M_{4,3}. Cost: about 7,500 operations, 71,000 by the note's model.
    Source: Hilton (2024), "Original version".
    """

    name: ClassVar[str] = "original"
    summary: ClassVar[str] = "the note's first version: merged regions, latent gates; d = 4, n = 3"
    kind: ClassVar[str] = "explanation"
    assumes: ClassVar[str] = (
        "16 inequalities; merged regions; gates independent of preactivations given one latent variable"
    )
    applies: ClassVar[str] = "d = 4, n = 3, where the 16 checks hold in some order of the neurons"
    cost: ClassVar[str] = (
        "about 7,500 operations; 5 k^3 for each of 102 fractions by the note's model, 71,000"
    )
    switches: ClassVar[Mapping[str, Any]] = {"regions": "true", "gates": "exact", "unlikely": "gates"}
    latent_prob: float = 0.2
    regions: Regions = "merged"
    gates: Gates = "latent"
    unlikely: Unlikely = "third"

    def __post_init__(self) -> None:
        for key, choices in (("regions", Regions), ("gates", Gates), ("unlikely", Unlikely)):
            if getattr(self, key) not in get_args(choices):
                raise UsageError(
                    f"{key} is {getattr(self, key)!r}; expected one of {', '.join(get_args(choices))}"
                )
        if not isinstance(self.latent_prob, (int, float)) or not 0 < self.latent_prob < 1:
            raise UsageError(f"latent_prob is {self.latent_prob!r}; expected a probability between 0 and 1")

    def estimate(self, model: Rnn) -> Estimate:
        """The estimate with its sixteen checks and all fractions as cells."""
        require_size(model)
        weights = {"w_hi": model.w_hi, "w_hh": model.w_hh, "w_oh": model.w_oh}
        kernel, numbers, tally = kernels.counted(original_kernel, weights)
        sink = np.zeros((_FRACTIONS, 5), object)
        corners = np.zeros((_SUBREGIONS, strips_kernel.CORNERS, 3), object)
        value, tightest, best, holding, count = kernel.original(
            numbers["w_hi"],
            numbers["w_hh"],
            numbers["w_oh"],
            ORDERS,
            self._switches(),
            self.latent_prob,
            sink,
            corners,
        )
        ordered = model.permuted(ORDERS[best].tolist())
        checks = sixteen_checks(ordered)
        if holding < original_kernel.CHECKS:
            failed = tuple(check.statement for check in checks if not check.holds)
            raise NotApplicable(
                f"the original version does not apply: {', '.join(failed)} fails in the best of the 24 orders "
                f"of the neurons, {tuple(int(i) for i in ORDERS[best])}",
                failed,
            )
        cells = cells_of(
            ordered, self._switches(), self.latent_prob, kernels.plain(sink[:count]), kernels.plain(corners)
        )
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
            near_equalities=near_equalities(ordered),
        )

    def _switches(self) -> np.ndarray:
        return np.array(
            [
                get_args(Regions).index(self.regions),
                get_args(Gates).index(self.gates),
                get_args(Unlikely).index(self.unlikely),
            ]
        )

    def estimate_stack(self, stack: RnnStack) -> StackEstimate:
        """Estimates through the compiled kernel."""
        require_size(stack)
        values, tightest = np.zeros(len(stack)), np.zeros(len(stack))
        counts = np.zeros((len(stack), 3), np.int64)
        kernels.compiled(original_kernel).original_batch(
            stack.w_hi,
            stack.w_hh,
            stack.w_oh,
            ORDERS,
            self._switches(),
            self.latent_prob,
            values,
            tightest,
            counts,
        )
        applies = counts[:, 1] == original_kernel.CHECKS
        values[~applies] = np.nan
        errors = np.where(applies, 1e-15 + 1e-14 / tightest, np.nan)
        status = [Status.OK if ok else Status.NOT_APPLICABLE for ok in applies]
        return StackEstimate(values, errors, np.full(len(stack), np.nan), status)


def _error(tightest: float) -> float:
    """Rounding of the value: that of a gate's probability, 1e-16, divided by the slope of sqrt(p (1 - p))."""
    return 1e-15 + 1e-14 / tightest
