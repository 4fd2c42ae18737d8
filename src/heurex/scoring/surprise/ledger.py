"""The ledger: entries, sub-totals, what they are to be compared with, and a verdict in words."""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum
from typing import Any

import numpy as np

from heurex.scoring.surprise.stated import KINDS, Entry

__all__ = ["Baselines", "Curve", "Ledger", "Selection"]


@dataclass(frozen=True)
class Selection:
    """Bits of optimisation: -log2 of the chance that random weights do as well.

    Attributes
    ----------
    bits, low, high
        The bits with a 95% interval.
    prior
        Of the random weights, in words.
    is_bound
        Whether only some of the networks that do as well were counted: then the bits are an upper bound.
    """

    bits: float
    low: float
    high: float
    prior: str
    is_bound: bool = False


@dataclass(frozen=True)
class Baselines:
    """Bits to compare a ledger's total with.

    Attributes
    ----------
    no_explanation_bits
        The residual of saying nothing: every label, or every accuracy, equally likely.
    no_explanation_prior
        Which of the two, in words.
    parameters, bits_each
        How many weights there are, and the fewest bits each with which the accuracy stays within the tolerance.
    weight_bits
        Their product: an upper bound on the bits of optimisation at that tolerance.
    selection_bits
        Bits of optimisation under one or several priors; empty where nobody computed them.
    """

    no_explanation_bits: float
    no_explanation_prior: str
    parameters: int
    bits_each: int
    weight_bits: float
    selection_bits: tuple[Selection, ...] = ()


@dataclass(frozen=True)
class Curve:
    """Bits against the resolution of the estimate.

    Attributes
    ----------
    resolution, explanation, residual
        Widths r of the estimate, descending, and the bits of everything stated and of what is left; equal shapes.
    """

    resolution: np.ndarray
    explanation: np.ndarray
    residual: np.ndarray

    @property
    def total(self) -> np.ndarray:
        """Their sum."""
        return self.explanation + self.residual


@dataclass(frozen=True)
class Ledger:
    """The surprise of an explanation, entry by entry.

    Attributes
    ----------
    model, estimator, settings
        What was explained and how.
    estimate, truth
        Accuracies.
    prior
        Of stated fractions.
    entries
        Every check, near-equality, fraction, choice and residual with its bits.
    resolution
        r, the width to which the estimate is stated.
    curve
        Bits against r.
    baselines
        What to compare the total with.
    """

    model: str
    estimator: str
    settings: dict[str, Any]
    estimate: float
    truth: float
    prior: str
    entries: tuple[Entry, ...]
    resolution: float
    curve: Curve
    baselines: Baselines

    def bits(self, kind: str) -> float:
        """Sub-total of a kind of entry."""
        return fsum(entry.bits for entry in self.entries if entry.kind == kind)

    def counts(self) -> dict[str, int]:
        """How many entries there are of each kind."""
        return {kind: sum(entry.kind == kind for entry in self.entries) for kind in KINDS}

    @property
    def explanation_bits(self) -> float:
        """All entries but the residual."""
        return fsum(entry.bits for entry in self.entries if entry.kind != "residual")

    @property
    def residual_bits(self) -> float:
        """What is left."""
        return self.bits("residual")

    @property
    def total_bits(self) -> float:
        """The total surprise."""
        return fsum(entry.bits for entry in self.entries)

    @property
    def verdict(self) -> str:
        """What the total says, and what it does not."""
        return f"{_worth(self)} {_understood(self)}"


def _worth(ledger: Ledger) -> str:
    total, nothing = ledger.total_bits, ledger.baselines.no_explanation_bits
    saved = nothing - ledger.residual_bits
    cost = f"The explanation costs {ledger.explanation_bits:.1f} bits and leaves {ledger.residual_bits:.1f} of the "
    cost += f"{nothing:.1f} bits that no explanation leaves ({ledger.baselines.no_explanation_prior}):"
    if total < nothing:
        return f"{cost} it saves {nothing - total:.1f} bits."
    at_all = " No number is stated at all: that is the cheapest." if ledger.resolution >= 1 else ""
    return f"{cost} it saves {saved:.1f} and does not pay for itself.{at_all}"


def _understood(ledger: Ledger) -> str:
    total, base = ledger.total_bits, ledger.baselines
    if not base.selection_bits:
        bound = f"{base.weight_bits:.0f} bits of the weights"
        if total > base.weight_bits:
            above = f"Its total, {total:.1f}, is above the {bound}"
            return f"{above}, which bound the bits of optimisation from above: {_NO}."
        if total >= base.no_explanation_bits:
            return f"That its total, {total:.1f}, is within the {bound} says nothing: {_SO_IS_NOTHING}."
        return (
            f"Its total, {total:.1f}, is within the {bound}, which bound the bits of optimisation from above; "
            "whether it is within those cannot be said here."
        )
    least = min(base.selection_bits, key=lambda one: one.low)
    most = max(base.selection_bits, key=lambda one: one.high)
    if total > most.high:
        return f"Its total, {total:.1f}, is above the bits of selection, at most {most.high:.1f} ({most.prior}): {_NO}."
    if total >= base.no_explanation_bits:
        return (
            f"That its total, {total:.1f}, is not above the bits of selection says nothing: {_SO_IS_NOTHING}."
        )
    if total <= least.low and not any(one.is_bound for one in base.selection_bits):
        return (
            f"Its total, {total:.1f}, is within the bits of selection, at least {least.low:.1f} ({least.prior}): "
            "full understanding, under these conventions."
        )
    priors = ", ".join(f"{one.low:.1f} to {one.high:.1f} ({one.prior})" for one in base.selection_bits)
    return f"Whether its total, {total:.1f}, is within the bits of selection hangs on their prior: {priors}."


_NO = "no full understanding"
_SO_IS_NOTHING = "so is the total of no explanation"
