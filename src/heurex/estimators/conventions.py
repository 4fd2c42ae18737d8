"""What an operation costs: named conventions, or weights of one's own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from heurex.errors import UsageError

__all__ = ["CONVENTIONS", "Convention", "as_convention"]

_KINDS: Final[tuple[str, ...]] = ("add", "mul", "div", "sqrt", "atan2")


@dataclass(frozen=True)
class Convention:
    """The weight of each kind of operation; sines, logarithms and the like weigh as an arctangent does."""

    name: str
    add: float = 1
    mul: float = 1
    div: float = 1
    sqrt: float = 1
    atan2: float = 1

    def weights(self) -> dict[str, float]:
        """The five weights by kind."""
        return {kind: getattr(self, kind) for kind in _KINDS}

    def __str__(self) -> str:
        by_weight: dict[float, list[str]] = {}
        words = dict(zip(_KINDS, ("add", "multiply", "divide", "square root", "arctangent"), strict=True))
        for kind, weight in self.weights().items():
            by_weight.setdefault(weight, []).append(words[kind])
        return "; ".join(f"{', '.join(kinds)} {weight:g}" for weight, kinds in by_weight.items())


CONVENTIONS: Final = {
    "unit": Convention("unit"),
    "weighted": Convention("weighted", sqrt=10, atan2=10),
}
"""By name: every operation 1, or square root and arctangent 10. The note's 5 k^3 a fraction is a different thing."""


def as_convention(given: str | Convention) -> Convention:
    """A convention by name, or from weights such as ``"add=1,mul=1,div=4,sqrt=10,atan2=20"``; what is not named is 1.

    Raises
    ------
    UsageError
        If it is neither a name nor weights, or a weight is not a finite number, 0 or more.

    Examples
    --------
    >>> print(as_convention("weighted"))
    add, multiply, divide 1; square root, arctangent 10
    >>> as_convention("div=4,sqrt=10,atan2=20").div
    4
    """
    if isinstance(given, Convention):
        return given
    if given in CONVENTIONS:
        return CONVENTIONS[given]
    expected = (
        f"expected one of {', '.join(CONVENTIONS)}, or weights such as add=1,mul=1,div=4,sqrt=10,atan2=20"
    )
    weights: dict[str, float] = {}
    for part in given.split(","):
        kind, equals, text = (piece.strip() for piece in part.partition("="))
        if not equals or kind not in _KINDS or kind in weights:
            raise UsageError(f"unknown convention {given!r}; {expected}")
        try:
            weight = float(text)
        except ValueError:
            weight = math.nan
        if not (math.isfinite(weight) and weight >= 0):
            raise UsageError(f"the weight of {kind} is {text!r}; expected a finite number, 0 or more")
        weights[kind] = int(weight) if weight.is_integer() else weight
    if not any(weights.values()) and len(weights) == len(_KINDS):
        raise UsageError(f"all weights of {given!r} are 0; expected one that is not")
    found = Convention("", **weights)
    name = ",".join(f"{kind}={weight:g}" for kind, weight in found.weights().items())
    return Convention(name, **weights)
