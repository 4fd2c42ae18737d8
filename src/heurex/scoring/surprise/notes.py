"""What the note's two explanations and ARC's M_{2,2} state: checks, near-equalities, fractions, choices."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb, log2
from typing import Any, Final

import numpy as np

from heurex.errors import NotApplicable, UsageError
from heurex.estimators.base import Cell, Check, Estimate
from heurex.estimators.original import Original
from heurex.estimators.original_checks import ORDERS, best_order
from heurex.estimators.symmetric import Symmetric
from heurex.model import Rnn
from heurex.scoring.surprise.effect import NONE, Effect, proportional
from heurex.scoring.surprise.gated import GatedCell
from heurex.scoring.surprise.stated import Derivation, Entry, Stated
from heurex.scoring.surprise.structural import checked, choice, free, setting
from heurex.symmetry import pairings
from heurex.tasks import ordering_normals

__all__ = ["derive_original", "derive_pieces", "derive_symmetric", "near_equality_bits"]

_UNCHARGED: Final = "an approximation of the derivation, not a check: its cost is in the error that it makes"
# Numbers that agree to the last of 53 binary digits: no gap can be smaller.
_MOST_BITS: Final = 53.0
# The estimator passes over subregions of a smaller fraction.
_NEGLIGIBLE: Final = 1e-15
_FORM: Final = "the form of the derivation, as the note has it"
_UNPRICED: Final = "not priced: nobody has said how many other forms there were"


def near_equality_bits(gap: float) -> float:
    """log2(1 / relative gap), from 0 to 53 bits; a gap of 1 or more says nothing.

    Examples
    --------
    >>> near_equality_bits(1 / 1024)
    10.0
    """
    if gap <= 0:
        return _MOST_BITS
    return min(max(0.0, -log2(gap)), _MOST_BITS)


def derive_original(model: Rnn, estimator: Original, found: Estimate) -> Derivation:
    """Sixteen checks, near-equalities at no cost, the choices, and every fraction that the note needs."""
    order, _ = best_order(model)
    top = [cell for cell in found.cells if cell.parent is None]
    unlikely = sum(not cell.likely for cell in top)
    entries = [
        free(_FORM, _UNPRICED, "derivation"),
        choice(len(ORDERS), f"the order of the neurons, {order}, out of those tried", "order"),
    ]
    if unlikely:
        entries.append(
            choice(
                comb(len(top), unlikely),
                f"which {unlikely} of {len(top)} subregions are unlikely",
                "unlikely",
            )
        )
    if estimator.gates == "latent":
        entries.append(
            setting("q, the chance that the latent variable is 1", estimator.latent_prob, "latent_prob")
        )
    entries += [checked(check) for check in found.checks]
    for check in found.near_equalities:
        bits = near_equality_bits(check.gap or 0.0)
        text = f"{check.statement}: relative gap {check.gap:.2g}, worth {bits:.1f} bits if it were a check"
        entries.append(Entry("near-equality", text, 0.0, _UNCHARGED, check.name))
    ordered = model.permuted(order)
    stated = [claim for cell in top for claim in _subregion(ordered, estimator, cell, found.cells)]
    return Derivation(tuple(entries), tuple(stated))


def _subregion(model: Rnn, estimator: Original, cell: Cell, cells: Sequence[Cell]) -> list[Stated]:
    """A subregion and the events in it, each with its sensitivity."""
    events = [one for one in cells if one.parent == cell.name]
    effects = _effects(model, estimator, cell, events)
    ordering: Any = cell.ordering
    start = ordering_normals(ordering)
    stated = [Stated(cell.name, "the subregion", cell.fraction, 1 / 6, 4, 3, start, 2, effects[0])]
    for event, effect in zip(events, effects[1:], strict=True):
        added = event.half_spaces - cell.half_spaces
        text = event.name.removeprefix(f"{cell.name}, ")
        stated.append(
            Stated(
                event.name, text, float(event.fraction), float(cell.fraction), event.half_spaces, 3,
                cell.normals, added, effect,
            )
        )  # fmt: skip
    return stated


def _effects(model: Rnn, estimator: Original, cell: Cell, events: Sequence[Cell]) -> list[Effect]:
    """What hangs on the subregion's fraction and on those of its events."""
    size = float(cell.fraction)
    if not cell.likely:
        return [proportional(1 / model.seq_len, size)]
    if size < _NEGLIGIBLE:
        return [NONE] * (1 + len(events))
    if estimator.gates == "exact":
        whole = sum(event.fraction == cell.fraction for event in events)
        return [proportional(whole, size), *(proportional(1.0, size) for _ in events)]
    z3 = np.array([event.normals[-1] for event in events[: model.hidden_size]])
    latent = estimator.latent_prob if estimator.gates == "latent" else None
    rays = np.zeros((0, 3)) if cell.rays is None else cell.rays
    gated = GatedCell(model, rays, size, cell.label, latent)
    return [claim.effect for claim in gated.claims_from(model.seq_len - 1, z3)]


def derive_symmetric(model: Rnn, estimator: Symmetric, found: Estimate) -> Derivation:
    """The pairing, and for each event the fraction of (input, noise) space in which the label's logit wins."""
    as_in_the_note = Symmetric(noise=estimator.noise, samples=estimator.samples, seed=estimator.seed)
    if (
        (model.hidden_size, model.seq_len) != (4, 3)
        or estimator != as_in_the_note
        or estimator.noise == "none"
    ):
        raise UsageError(
            "the ledger of the symmetric version is for the note's own settings and d = 4, n = 3; "
            f"this one is for d = {model.hidden_size}, n = {model.seq_len} with settings {estimator.settings()}"
        )
    pairing = found.settings["pairing"]
    entries = (
        free(_FORM, _UNPRICED, "derivation"),
        choice(len(pairings(model.hidden_size)), f"the pairing of the neurons, {pairing}", "pairing"),
    )
    stated = tuple(
        Stated(
            cell.name, "the event with the label's logit largest, noise included", float(cell.contribution or 0.0),
            1 / 6, cell.half_spaces, 6, None, cell.half_spaces - 2, proportional(1.0, 1 / 6),
        )
        for cell in found.cells
    )  # fmt: skip
    return Derivation(entries, stated)


def derive_pieces(found: Estimate) -> Derivation:
    """Eighteen yes/no checks and two near-equalities; nothing is measured."""
    failed = tuple(check.statement for check in found.checks if not check.holds)
    if failed:
        raise NotApplicable(f"the derivation by pieces does not apply: {', '.join(failed)} fails", failed)
    entries = [
        free("standardising: every neuron scaled so that w_hi is 1 or -1", "holds for any parameters", "derivation"),
        free("the neuron with the positive input weight comes first", "a rule, not a choice", "order"),
        free(
            "six linear pieces, with errors only where both neurons are on",
            "follows from the checks for any parameters", "derivation",
        ),
    ]  # fmt: skip
    for check in found.checks:
        entries.append(checked(check) if check.gap is None else _near(check))
    return Derivation(tuple(entries), ())


def _near(check: Check) -> Entry:
    gap = check.gap or 0.0
    text = f"{check.statement}: relative gap {gap:.3g}"
    return Entry("near-equality", text, near_equality_bits(gap), "log2(1 / relative gap)", check.name)
