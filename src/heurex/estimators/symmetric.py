"""The note's version based on George's approach: a network of absolute values, and Gaussian noise for the rest.

Source: Hilton (2024), "Version based on George's approach"; Robinson, "Symmetric RNNs".
"""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial
from typing import Any, ClassVar, Final, Literal, get_args

import numpy as np

from heurex import kernels
from heurex.errors import UsageError
from heurex.estimators import symmetric_kernel
from heurex.estimators.base import Estimate, Estimator, Ops, StackEstimate, Status
from heurex.estimators.exact import Exact, chambers, right_fractions
from heurex.estimators.symmetric_cells import (
    Condition,
    Dependence,
    Evaluation,
    Keep,
    Moments,
    Switches,
    cells_of,
    evaluate,
    require,
)
from heurex.estimators.symmetric_events import Event, event_cells, event_cones, events
from heurex.estimators.symmetric_sampled import sample
from heurex.model import Rnn, RnnStack
from heurex.symmetry import ALL_PAIRINGS, Pairing, SymmetricPart, best_pairing, pairings, symmetric_part
from heurex.tasks import orderings

__all__ = ["Event", "Noise", "Symmetric", "event_cones", "events"]

Noise = Literal["exact", "sampled", "none"]

_NOTE_COST: Final = 5
_PAIRINGS: Final = np.array(pairings(4))
_ORDERINGS: Final = np.array(orderings(3))
_CHOICES: Final = {
    "noise": Noise,
    "moments": Moments,
    "dependence": Dependence,
    "condition": Condition,
    "keep": Keep,
}


@dataclass(frozen=True)
class Symmetric(Estimator):
    """The symmetric version: absolute values, orderings, Gaussian noise on the logits; any d, n = 2 or 3.

    Parameters
    ----------
    noise
        How the noise is integrated over: ``"exact"`` (fractions of cones, the deterministic form), ``"sampled"``
        (as the note does), or ``"none"`` (leave it out: the accuracy of the network that is kept).
    samples, seed
        For sampled noise: how many pairs of input and noise, and a seed (draws depend on it and on the weights).
    moments
        ``"half"``: a positive part is half of its argument, as in the note; ``"half-gaussian"``: its second
        moments are those of the positive part of a Gaussian variable.
    dependence
        ``"independent"``: the noise is independent of the inputs, as in the note; ``"joint"``: their covariance
        is propagated too, so that the noise is a linear form of the inputs and a rest that is independent of
        them. With ``moments="half"`` there is no rest.
    condition
        Which gates of the network that is kept are known to the noise: ``"none"`` (each is 1/2), ``"last"`` (those
        of the last step; the state h_n is then known as well), or ``"all"`` (those of every step: the noise is then
        the linear response to the asymmetry, nothing is random, and ``moments`` and ``dependence`` do not matter).
    keep
        ``"none"``: all asymmetry is noise; ``"hh"``: all of w_hh is kept, and only eps_hi and eps_oh are noise. The
        cells are then the activation regions of the network that is kept, cut by every neuron at every step.

    Notes
    -----
    The pairing of the neurons with the least asymmetry is used: for d <= 8 the best of all (at most 105), beyond
    that the best that a local search finds from eight starts by exchanging two neurons at a time (it is a
    quadratic assignment problem; ``Estimate.settings`` says which). For odd d one neuron stays alone: it has no part
    in the symmetric network, and all that it does is noise, with a gate of 1/2.
    The event of a sign pattern and an ordering that the label's logit is the largest is for d = 4 an intersection
    of six half-spaces: two signs, two for the ordering, two for the logits (the note says four).
    For n = 2, the note's noise, independent of the inputs, makes every estimate exactly 1/2: the logits of a network of
    absolute values are even functions of the inputs, and changing the inputs' signs changes the label.

    Error: ``numerical_error`` is that of the cone fractions, or for sampled noise the standard error is given; the
    estimate itself is off by about 4.7% RMS on noisy copies of the bundled M_{4,3} (sd 0.05), by 1.1 to 1.4% with
    ``condition="all"``, by 0.5% with ``keep="hh"``; ``docs/symmetric-variants.md`` has them all.
    Cost: 7,680 operations by the note's model as printed, 25,920 with six half-spaces.
    Source: Hilton (2024), "Version based on George's approach".
    """

    name: ClassVar[str] = "symmetric"
    summary: ClassVar[str] = (
        "the note's second version: absolute values plus Gaussian noise; any d, n = 2 or 3"
    )
    kind: ClassVar[str] = "explanation"
    assumes: ClassVar[str] = (
        "pairs of opposite neurons; what they leave is Gaussian noise independent of the inputs"
    )
    applies: ClassVar[str] = "any d >= 2; n = 2 or 3"
    cost: ClassVar[str] = (
        "about 250,000 operations with exact noise for (4, 3); 25,920 by the note's model with 6 half-spaces"
    )
    noise: Noise = "exact"
    samples: int = 1_000_000
    seed: int = 0
    moments: Moments = "half"
    dependence: Dependence = "independent"
    condition: Condition = "none"
    keep: Keep = "none"

    def __post_init__(self) -> None:
        for field, choices in _CHOICES.items():
            if getattr(self, field) not in get_args(choices):
                expected = ", ".join(get_args(choices))
                raise UsageError(f"{field} is {getattr(self, field)!r}; expected one of {expected}")
        if not isinstance(self.samples, int) or self.samples < 1:
            raise UsageError(f"samples is {self.samples!r}; expected a whole number, at least 1")
        if not isinstance(self.seed, int) or self.seed < 0:
            raise UsageError(f"seed is {self.seed!r}; expected a whole number, 0 or more")

    def _switches(self) -> Switches:
        """How noise is made."""
        return Switches(self.moments, self.dependence, self.condition, self.keep, self.noise != "none")

    def estimate(self, model: Rnn) -> Estimate:
        """The estimate with its cells; for d = 4, n = 3 as in the note these are its 24 events."""
        require(model)
        if self.noise == "sampled":
            return self._sampled(model)
        if self._as_in_the_note(model):
            return self._exact(model) if self.noise == "exact" else self._noiseless(best_pairing(model))
        found = evaluate(model, self._switches(), count=_is_small(model))
        return Estimate(
            self.name,
            found.value,
            found.error,
            self._found(model, found.pairing),
            ops=found.ops,
            note_ops=self._note_ops(model),
            status=found.status,
            cells=cells_of(found, model.seq_len),
        )

    def estimate_stack(self, stack: RnnStack) -> StackEstimate:
        """Estimates through the compiled kernels, unless the noise is sampled."""
        if self.noise == "sampled":
            return super().estimate_stack(stack)
        require(stack)
        values, errors = np.zeros(len(stack)), np.zeros(len(stack))
        if self._as_in_the_note(stack) and self.noise == "exact":
            kernels.compiled(symmetric_kernel).symmetric_batch(
                *(weights.copy() for weights in (stack.w_hi, stack.w_hh, stack.w_oh)),
                _PAIRINGS,
                _ORDERINGS,
                values,
                errors,
            )
            status = [Status.OK if good else Status.ILL_CONDITIONED for good in np.isfinite(errors)]
        else:
            found = [evaluate(model, self._switches(), count=False) for model in stack]
            values[:], errors[:] = [one.value for one in found], [one.error for one in found]
            status = [one.status for one in found]
        return StackEstimate(values, errors, np.full(len(stack), np.nan), status)

    def _as_in_the_note(self, model: Rnn | RnnStack) -> bool:
        here = (self.moments, self.dependence, self.condition, self.keep)
        return here == ("half", "independent", "none", "none") and (model.hidden_size, model.seq_len) == (
            4,
            3,
        )

    def _found(self, model: Rnn, pairing: Pairing) -> dict[str, Any]:
        """Settings, and how the neurons were paired."""
        how = "best of all pairings" if _is_small(model) else "local search from eight starts"
        return {**self.settings(), "pairing": pairing, "pairing_by": how}

    def _note_ops(self, model: Rnn) -> int | None:
        """5 k^3 for each event, k its half-spaces; None where the events are others than the note's."""
        if self.noise == "none" or self.keep != "none" or self.condition == "all":
            return None
        pairs, n = model.hidden_size // 2, model.seq_len
        return _NOTE_COST * 2**pairs * factorial(n) * (pairs + 2 * (n - 1)) ** 3

    def _exact(self, model: Rnn) -> Estimate:
        weights = {"w_hi": model.w_hi, "w_hh": model.w_hh, "w_oh": model.w_oh}
        kernel, numbers, tally = kernels.counted(symmetric_kernel, weights)
        fractions, errors = np.zeros((2, 6), object), np.zeros((2, 6), object)
        best, value, error = kernel.symmetric(
            numbers["w_hi"], numbers["w_hh"], numbers["w_oh"], _PAIRINGS, _ORDERINGS, fractions, errors
        )
        fractions = kernels.plain(fractions)
        contributions: dict[Event, float] = {}
        for s, sign in enumerate((1, -1)):
            for i, ordering in enumerate(orderings(3)):
                contributions[Event((1, sign), ordering)] = fractions[s, i]
                contributions[Event((-1, -sign), ordering[::-1])] = fractions[s, i]
        error = kernels.uncounted(error)
        pairing = pairings(4)[best]
        return Estimate(
            self.name,
            kernels.uncounted(value),
            error,
            self._found(model, pairing),
            ops=Ops.of(tally),
            note_ops=self._note_ops(model),
            status=Status.OK if np.isfinite(error) else Status.ILL_CONDITIONED,
            cells=event_cells(symmetric_part(model, pairing), contributions),
        )

    def _noiseless(self, part: SymmetricPart) -> Estimate:
        model = part.reduced()
        reduced = Exact().estimate(model)
        pieces = event_cones(part)
        labels = [event.ordering[1] for event, _ in pieces]
        right = right_fractions(model, [rays for _, rays in pieces], labels)[:, 1]
        contributions: dict[Event, float] = {}
        for (event, _), share in zip(pieces, right, strict=True):
            contributions[event] = contributions.get(event, 0.0) + share
        return Estimate(
            self.name,
            reduced.value,
            reduced.numerical_error,
            self._found(model, part.pairing),
            ops=reduced.ops,
            cells=event_cells(part, contributions),
        )

    def _sampled(self, model: Rnn) -> Estimate:
        found, right = sample(model, self._switches(), self.samples, self.seed, count=_is_small(model))
        if self._as_in_the_note(model):
            cells = event_cells(symmetric_part(model, found.pairing), _by_event(found))
        else:
            cells = cells_of(found, model.seq_len)
        # An observed 0 or 1 does not mean certainty: the rule of one half more of either keeps the error honest.
        q = (right + 0.5) / (self.samples + 1)
        return Estimate(
            self.name,
            right / self.samples,
            1e-16,
            self._found(model, found.pairing),
            standard_error=float((q * (1 - q) / self.samples) ** 0.5),
            note_ops=self._note_ops(model),
            cells=cells,
        )


def _is_small(model: Rnn) -> bool:
    return model.hidden_size <= ALL_PAIRINGS


def _by_event(found: Evaluation) -> dict[Event, float]:
    """Contributions of cells added up over the events that they are pieces of."""
    cones = chambers(found.gates.shape[1])
    out: dict[Event, float] = {}
    for owner, gates, measures in zip(found.owners, found.gates, found.measures, strict=True):
        signs = tuple(1 if gates[-1, first] > 0.5 else -1 for first, _ in found.pairing)
        event = Event(signs, cones[owner].ordering)
        out[event] = out.get(event, 0.0) + float(measures[1])
    return out
