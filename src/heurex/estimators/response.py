"""Exact regions up to the last step; there a best linear response and one latent variable in place of the ReLUs.

Source: after Hilton (2024), "Original version": the same cells and the same latent idea, another last step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal, get_args

import numpy as np

from heurex import kernels
from heurex.errors import NotApplicable, UsageError
from heurex.estimators import regions_kernel, response_kernel
from heurex.estimators.base import Estimate, Estimator, Ops, StackEstimate, Status
from heurex.estimators.exact import _starts
from heurex.estimators.layerwise import _cells, _error, _scale, _Walk
from heurex.model import Rnn, RnnStack

__all__ = ["Noise", "Response"]

Noise = Literal["latent", "none"]

_COUNTED_UP_TO: Final = 8
_SOUND: Final = 1e-4
"""Estimates whose evaluation is worse than this are reported as ill conditioned."""


@dataclass(frozen=True)
class Response(Estimator):
    """The best linear response of the last step in each cell, with what it misses as noise; n = 2 or 3.

    Parameters
    ----------
    noise
        ``"latent"``: what the responses miss is kept, as one latent variable; ``"none"``: it is left out.

    Notes
    -----
    A cell S is an ordering of the inputs with the signs of all preactivations of the first n - 1 steps; the last
    preactivations z = b x are linear in it. ReLU(z_j) is replaced by the linear function a_j x that is nearest
    to it over S in mean square: b_j x or 0 where z_j keeps its sign, else a_j = M^-1 M_j b_j with the second
    moments M of a Gaussian x in S and M_j of those x with z_j > 0. What the responses miss has second moments K
    over S; the margins of the label's logit then have those of D K D^T for logit differences D. Presumed
    independent of x, it is kept along its widest axis as Z times that axis, Z = -sqrt(3), 0 or sqrt(3) with chances
    1/6, 2/3, 1/6 (the moments of a standard normal up to the fifth). Noise scales with the length of x, for
    which a linear function along the cell's mean stands, so that what is counted stays a cone: the
    part of S in which the label's margins are positive, three fractions a cell.

    No cell is cut by the signs of the last step, and nothing is fitted.

    Error: ``numerical_error`` bounds rounding only, generously: 1e-8 for most models of (4, 3), 1e-5 for some. It
    grows in thin cells, where moments are lost in rounding; one too thin for any counts half, with the other
    half as its error. On noisy copies of the bundled M_{4,3} (sd 0.05) the presumptions cost 1.1 to 1.3% RMS,
    without the noise 3.3 to 3.6%. Cost: about 104,000 operations for (4, 3).
    Source: after Hilton (2024), "Original version"; moments by parts (Stein's identity).

    Examples
    --------
    >>> from heurex.zoo import load
    >>> print(Response().estimate(load("m43")))
    the explanation (response) gives 0.97816 (evaluated to 2e-08)
    """

    name: ClassVar[str] = "response"
    summary: ClassVar[str] = (
        "exact regions up to the last step, there best linear responses and one latent; any d, n = 2 or 3"
    )
    kind: ClassVar[str] = "explanation"
    assumes: ClassVar[str] = (
        "in a cell, what linear responses of the last step miss is independent of the input"
    )
    applies: ClassVar[str] = "any d; n = 2 or 3"
    cost: ClassVar[str] = "about 104,000 operations for (4, 3); grows with the regions of n - 1 steps"
    noise: Noise = "latent"

    def __post_init__(self) -> None:
        if self.noise not in get_args(Noise):
            raise UsageError(f"noise is {self.noise!r}; expected one of {', '.join(get_args(Noise))}")

    def estimate(self, model: Rnn) -> Estimate:
        """The estimate with its cells."""
        _require(model)
        scale = _scale(model)
        found = self._walk(model)
        total, value, doubtful, rounding = (float(part) for part in scale * found.measures.sum(axis=0))
        error = _error(total, doubtful, rounding, len(found.index))
        return Estimate(
            self.name,
            min(max(value, 0.0), 1.0),
            error,
            self.settings(),
            ops=found.ops,
            status=_status(error),
            cells=tuple(_cells(model, found, model.seq_len - 1, scale)),
        )

    def estimate_stack(self, stack: RnnStack) -> StackEstimate:
        """Estimates through the compiled kernel."""
        _require(stack)
        starts, sizes, labels = _starts(stack.seq_len, stack.rank)
        measures, cells = np.zeros((len(stack), len(starts), 4)), np.zeros(len(stack), np.int64)
        kernels.compiled(response_kernel).response_batch(
            stack.w_hi, stack.w_hh, stack.w_oh, starts, sizes, labels, self.noise == "latent", measures, cells
        )
        sums = _scale(stack) * measures.sum(axis=1)
        errors = np.array([_error(t, d, r, int(c)) for (t, _, d, r), c in zip(sums, cells, strict=True)])
        status = [_status(error) for error in errors]
        return StackEstimate(np.clip(sums[:, 1], 0.0, 1.0), errors, np.full(len(stack), np.nan), status)

    def _walk(self, model: Rnn) -> _Walk:
        """One model through the kernel on counting numbers, or compiled if it is large."""
        d, n = model.hidden_size, model.seq_len
        starts, sizes, labels = _starts(n, model.rank)
        weights = {"w_hi": model.w_hi, "w_hh": model.w_hh, "w_oh": model.w_oh}
        kernel: Any = kernels.compiled(response_kernel) if d > _COUNTED_UP_TO else None
        tally = None
        if kernel is None:
            kernel, weights, tally = kernels.counted(response_kernel, weights)
        kind: Any = np.float64 if tally is None else object
        sink = 64 * d
        while True:
            measures = np.zeros((len(starts), 4), kind)
            index, pattern = np.zeros((sink, 2), np.int64), np.zeros((sink, n, d), np.int8)
            cell_measures = np.zeros((sink, 4), kind)
            corners = np.zeros((sink, regions_kernel.corner_capacity(d, n), 3), kind)
            if tally is not None:
                tally.reset()
            count = kernel.response(
                *weights.values(), starts, sizes, labels, self.noise == "latent", measures, index, pattern,
                cell_measures, corners,
            )  # fmt: skip
            if count <= sink:
                break
            sink = count
        plain = [kernels.plain(array) for array in (measures, cell_measures[:count], corners[:count])]
        ops = None if tally is None else Ops.of(tally)
        return _Walk(plain[0], index[:count], pattern[:count], plain[1], plain[2], ops)


def _require(model: Rnn | RnnStack) -> None:
    if model.seq_len not in (2, 3):
        raise NotApplicable(
            f"the response explanation needs n = 2 or 3 inputs; this model has n = {model.seq_len}"
        )


def _status(error: float) -> Status:
    return Status.OK if error < _SOUND else Status.ILL_CONDITIONED
