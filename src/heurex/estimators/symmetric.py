"""The note's version based on George's approach: a network of absolute values, and Gaussian noise for the rest.

Source: Hilton (2024), "Version based on George's approach"; Robinson, "Symmetric RNNs".
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import ClassVar, Final, Literal, get_args

import numpy as np

from heurex import kernels
from heurex.cones import corners as polygon
from heurex.errors import NotApplicable, UsageError
from heurex.estimators import symmetric_kernel
from heurex.estimators.base import Cell, Estimate, Estimator, Ops, StackEstimate, Status
from heurex.estimators.exact import Exact, chambers, right_fractions
from heurex.estimators.sampling import draws_for
from heurex.model import Rnn, RnnStack
from heurex.symmetry import SymmetricPart, best_pairing, pairings, symmetric_part
from heurex.tasks import ordering_name, ordering_normals, orderings, second_argmax

__all__ = ["Noise", "Symmetric"]

Noise = Literal["exact", "sampled", "none"]

_CHUNK: Final = 2**16
_NOTE_COST: Final = 5
_HALF_SPACES: Final = 6
_PAIRINGS: Final = np.array(pairings(4))
_ORDERINGS: Final = np.array(orderings(3))


@dataclass(frozen=True)
class Event:
    """One sign pattern of u_n with one ordering of the inputs."""

    signs: tuple[int, ...]
    ordering: tuple[int, ...]

    @property
    def name(self) -> str:
        """Signs and ordering in words."""
        return f"signs {''.join('+' if s > 0 else '-' for s in self.signs)}, {ordering_name(self.ordering)}"


def events(pairs: int, n: int) -> list[Event]:
    """The 2^p n! events, sign patterns first."""
    return [Event(signs, order) for signs in product((1, -1), repeat=pairs) for order in orderings(n)]


@dataclass(frozen=True)
class Symmetric(Estimator):
    """The symmetric version for M_{4,3}: signs of two absolute values, orderings, Gaussian noise on the logits.

    Parameters
    ----------
    noise
        How the noise is integrated over: ``"exact"`` (fractions of 24 cones of six half-spaces, the
        deterministic form), ``"sampled"`` (as the note does), or ``"none"`` (leave it out: the accuracy of the
        symmetric network itself).
    samples, seed
        For sampled noise: how many pairs of input and noise, and a seed (draws depend on it and on the weights).

    Notes
    -----
    The pairing of the neurons with the least asymmetry is used. The event of a sign pattern and an ordering
    that the label's logit is the largest is an intersection of six half-spaces: two signs, two for the
    ordering, two for the logits (the note says four).

    Error: ``numerical_error`` is that of the cone fractions, or for sampled noise the standard error is given;
    the estimate itself is off by about 4.6% RMS on noisy copies of the bundled M_{4,3}.
    Cost: 7,680 operations by the note's model as printed, 25,920 with six half-spaces.
    Source: Hilton (2024), "Version based on George's approach".
    """

    name: ClassVar[str] = "symmetric"
    summary: ClassVar[str] = "the note's second version: absolute values plus Gaussian noise; d = 4, n = 3"
    kind: ClassVar[str] = "explanation"
    assumes: ClassVar[str] = (
        "pairs of opposite neurons; what they leave is Gaussian noise independent of the inputs"
    )
    applies: ClassVar[str] = "d = 4, n = 3"
    cost: ClassVar[str] = (
        "about 250,000 operations with exact noise; 25,920 by the note's model with 6 half-spaces"
    )
    noise: Noise = "exact"
    samples: int = 1_000_000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.noise not in get_args(Noise):
            raise UsageError(f"noise is {self.noise!r}; expected one of {', '.join(get_args(Noise))}")
        if not isinstance(self.samples, int) or self.samples < 1:
            raise UsageError(f"samples is {self.samples!r}; expected a whole number, at least 1")
        if not isinstance(self.seed, int) or self.seed < 0:
            raise UsageError(f"seed is {self.seed!r}; expected a whole number, 0 or more")

    def estimate(self, model: Rnn) -> Estimate:
        """The estimate with its 24 events as cells."""
        _require(model)
        if self.noise == "exact":
            return self._exact(model)
        part = best_pairing(model)
        return self._sampled(model, part) if self.noise == "sampled" else self._noiseless(part)

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
        return Estimate(
            self.name,
            kernels.uncounted(value),
            error,
            self.settings(),
            ops=Ops.of(tally),
            note_ops=_NOTE_COST * len(contributions) * _HALF_SPACES**3,
            status=Status.OK if np.isfinite(error) else Status.ILL_CONDITIONED,
            cells=_cells(symmetric_part(model, pairings(4)[best]), contributions),
        )

    def estimate_stack(self, stack: RnnStack) -> StackEstimate:
        """Estimates through the compiled kernel, unless the noise is sampled or left out."""
        if self.noise != "exact":
            return super().estimate_stack(stack)
        _require(stack)
        values, errors = np.zeros(len(stack)), np.zeros(len(stack))
        kernels.compiled(symmetric_kernel).symmetric_batch(
            *(weights.copy() for weights in (stack.w_hi, stack.w_hh, stack.w_oh)),
            _PAIRINGS,
            _ORDERINGS,
            values,
            errors,
        )
        status = [Status.OK if good else Status.ILL_CONDITIONED for good in np.isfinite(errors)]
        return StackEstimate(values, errors, np.full(len(stack), np.nan), status)

    def _noiseless(self, part: SymmetricPart) -> Estimate:
        reduced = Exact().estimate(part.reduced())
        pieces = event_cones(part)
        labels = [event.ordering[1] for event, _ in pieces]
        right = right_fractions(part.reduced(), [rays for _, rays in pieces], labels)[:, 1]
        contributions: dict[Event, float] = {}
        for (event, _), share in zip(pieces, right, strict=True):
            contributions[event] = contributions.get(event, 0.0) + share
        return Estimate(
            self.name,
            reduced.value,
            reduced.numerical_error,
            self.settings(),
            ops=reduced.ops,
            cells=_cells(part, contributions),
        )

    def _sampled(self, model: Rnn, part: SymmetricPart) -> Estimate:
        rng = draws_for(model, self.seed)
        variances, axes = np.linalg.eigh(part.noise_covariance(model))
        root = axes * np.sqrt(np.maximum(variances, 0.0))
        found = events(len(part.pairing), model.seq_len)
        position = {event: i for i, event in enumerate(found)}
        ranks = {order: i for i, order in enumerate(orderings(model.seq_len))}
        right = np.zeros(len(found))
        left = self.samples
        while left:
            count = min(left, _CHUNK)
            x, z = rng.standard_normal((count, 3)), rng.standard_normal((count, 3))
            state = x @ part.last_state_map().T
            answers = np.argmax(np.abs(state) @ part.w_oh_sym.T + z @ root.T, axis=1)
            hit = answers == second_argmax(x)
            order = np.argsort(-x[hit], axis=1)
            code = order @ (9, 3, 1)
            table = np.zeros(27, np.int64)
            for key, rank in ranks.items():
                table[np.dot(key, (9, 3, 1))] = rank
            signs = (state[hit] < 0) @ (2 ** np.arange(len(part.pairing))[::-1])
            right += np.bincount(signs * len(ranks) + table[code], minlength=len(found))
            left -= count
        p = right.sum() / self.samples
        q = (right.sum() + 0.5) / (self.samples + 1)
        contributions = {event: right[i] / self.samples for event, i in position.items()}
        cells = _cells(part, contributions)
        return Estimate(
            self.name,
            float(p),
            1e-16,
            self.settings(),
            standard_error=float((q * (1 - q) / self.samples) ** 0.5),
            note_ops=_NOTE_COST * len(found) * _HALF_SPACES**3,
            cells=cells,
        )


def _require(model: Rnn | RnnStack) -> None:
    if (model.hidden_size, model.seq_len) != (4, 3):
        raise NotApplicable(
            f"the symmetric version explains models with d = 4 and n = 3; "
            f"this one has d = {model.hidden_size} and n = {model.seq_len}"
        )


def event_cones(part: SymmetricPart) -> list[tuple[Event, np.ndarray]]:
    """Every possible event as pointed cones by their rays; an event that x_0 = 0 crosses comes in two pieces."""
    last = part.last_state_map()
    pieces: list[tuple[Event, np.ndarray]] = []
    for chamber in chambers(last.shape[1]):
        parts: list[tuple[tuple[int, ...], np.ndarray]] = [((), chamber.rays)]
        for row in last:
            parts = [piece for signs, rays in parts for piece in _cut(signs, rays, row)]
        pieces += [(Event(signs, chamber.ordering), rays) for signs, rays in parts]
    return pieces


def _cut(
    signs: tuple[int, ...], rays: np.ndarray, row: np.ndarray
) -> list[tuple[tuple[int, ...], np.ndarray]]:
    m = len(rays)
    corners = np.hstack([rays, (rays @ row)[:, None]])
    where = polygon.side(corners, m, 3)
    if where != 2:
        return [((*signs, 1 if where >= 0 else -1), rays)]
    upper, lower = np.zeros((m + 2, 4)), np.zeros((m + 2, 4))
    above, below = polygon.split(corners, m, 3, 4, upper, lower)
    halves = [((*signs, 1), upper[:above, :3]), ((*signs, -1), lower[:below, :3])]
    return [(key, half) for key, half in halves if len(half) >= 3]


def _cells(part: SymmetricPart, contributions: dict[Event, float]) -> tuple[Cell, ...]:
    last = part.last_state_map()
    fractions: dict[Event, float] = {}
    for event, rays in event_cones(part):
        fractions[event] = fractions.get(event, 0.0) + polygon.fraction(rays, len(rays))
    return tuple(
        Cell(
            name=event.name,
            ordering=event.ordering,
            region=event.name.split(",")[0],
            parent=None,
            normals=np.vstack([np.array(event.signs)[:, None] * last, ordering_normals(event.ordering)]),
            half_spaces=_HALF_SPACES,
            rays=None,
            fraction=fractions.get(event, 0.0),
            numerical_error=1e-16,
            label=event.ordering[1],
            answer=None,
            likely=True,
            contribution=contributions.get(event, 0.0),
        )
        for event in events(len(part.pairing), last.shape[1])
    )
