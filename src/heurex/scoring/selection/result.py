"""What selection bits come with: the effort, the curve, the result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields

import numpy as np

from heurex.errors import UsageError

__all__ = ["Effort", "SelectionBits", "Survival"]


def _nobody(_stage: str, _evaluations: int) -> None:
    pass


@dataclass(frozen=True)
class Effort:
    """How hard to try.

    Attributes
    ----------
    method
        ``"counting"``, ``"splitting"``, or ``"auto"``: counting where a pilot expects at least 100 hits.
    samples
        Random networks that are counted.
    particles, moves, keep
        Splitting: points in a run; moves of each point at each level; share of the points that reach the next level.
    replicates
        Independent runs after the pilot; their spread makes the interval.
    threads
        Threads; the result does not depend on them.
    advance
        Called, by one thread at a time, with a stage and a number of accuracies that have just been evaluated.
    """

    method: str = "auto"
    samples: int = 1_000_000
    particles: int = 4000
    moves: int = 10
    keep: float = 0.25
    replicates: int = 16
    threads: int = 2
    advance: Callable[[str, int], None] = field(default=_nobody, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.method not in ("auto", "counting", "splitting"):
            raise UsageError(f"unknown method {self.method!r}; expected auto, counting or splitting")
        least = {"samples": 1, "particles": 20, "moves": 1, "replicates": 3, "threads": 1}
        for name, bound in least.items():
            if getattr(self, name) < bound:
                raise UsageError(f"{name} is {getattr(self, name)}; expected at least {bound}")
        if not 0.1 <= self.keep <= 0.5:
            raise UsageError(f"keep is {self.keep}; expected a share between 0.1 and 0.5")

    def settings(self) -> dict[str, object]:
        """What the result depends on, as a record."""
        names = [one.name for one in fields(self) if one.name not in ("threads", "advance")]
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class Survival:
    """Minus log2 of the probability of an accuracy of at least so much, at several accuracies.

    Attributes
    ----------
    accuracies, bits, low, high
        Increasing accuracies; bits, and for each accuracy a 95% interval of its own.
    replicates
        Splitting: the independent estimates of the probability, ``(replicates, accuracies)``.
    """

    accuracies: np.ndarray
    bits: np.ndarray
    low: np.ndarray
    high: np.ndarray
    replicates: np.ndarray | None = None

    def at(self, accuracy: float) -> tuple[float, float, float]:
        """Bits and interval at an accuracy within the range, by interpolation.

        Between two accuracies of the table the bits lie between theirs, so the interval reaches from the lower
        one's lower end to the upper one's upper end.
        """
        after = int(np.searchsorted(self.accuracies, accuracy - 1e-12))
        if after >= len(self.accuracies) or accuracy < self.accuracies[0] - 1e-12:
            raise UsageError(
                f"accuracy {accuracy} is outside the table, which goes from {self.accuracies[0]:.6g} "
                f"to {self.accuracies[-1]:.10g}"
            )
        before = after if abs(self.accuracies[after] - accuracy) <= 1e-12 else after - 1
        return (
            float(np.interp(accuracy, self.accuracies, self.bits)),
            float(self.low[before]),
            float(self.high[after]),
        )


@dataclass(frozen=True)
class SelectionBits:
    """Selection bits with what made them.

    Attributes
    ----------
    hidden_size, seq_len, accuracy, scale
        The question: how probable is an accuracy of at least ``accuracy``?
    bits, interval
        Minus log2 of the probability, and a 95% interval for it.
    probability
        The probability that was measured.
    method, prior, event
        ``"counting"`` or ``"splitting"``; the prior and the event in words.
    seed, evaluations
        What the random numbers depend on; how many exact accuracies were computed.
    levels
        The levels of splitting; empty for counting.
    replicates
        The independent estimates of the probability; empty for counting.
    survival
        The same for lower accuracies, where the run passed them.
    """

    hidden_size: int
    seq_len: int
    accuracy: float
    scale: float
    bits: float
    interval: tuple[float, float]
    probability: float
    method: str
    prior: str
    event: str
    seed: int
    evaluations: int
    levels: tuple[float, ...] = ()
    replicates: tuple[float, ...] = ()
    survival: Survival | None = field(default=None, repr=False, compare=False)
