"""What is known about the measure of one cone."""

from __future__ import annotations

from dataclasses import dataclass

from heurex.kernels import Tally

__all__ = ["ConeMeasure"]


@dataclass(frozen=True, slots=True)
class ConeMeasure:
    """Fraction of space in one cone, with everything that was learnt on the way.

    Attributes
    ----------
    value
        Fraction of n-space, in [0, 1]; exactly 0.0 where the interior is empty.
    error
        Bound on the absolute error of ``value``; infinite where none can be promised.
    status
        ``"ok"``, or ``"ill_conditioned"`` where the error is larger than usual or infinite.
    method
        How it was computed, in a few words.
    ops
        Operations that this very evaluation executes; None where they are not counted.
    """

    value: float
    error: float
    status: str
    method: str
    ops: Tally | None = None
