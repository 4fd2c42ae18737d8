"""Ways from weights to an accuracy: the exact one, the note's two explanations, sampling, and your own."""

from __future__ import annotations

import sys
from dataclasses import dataclass, fields
from difflib import get_close_matches
from types import ModuleType
from typing import Any, Final

from heurex.errors import UsageError
from heurex.estimators.base import (
    CONVENTIONS,
    Cell,
    Check,
    Estimate,
    Estimator,
    External,
    Ops,
    StackEstimate,
    Status,
)
from heurex.estimators.directions import Directions
from heurex.estimators.exact import Exact
from heurex.estimators.exact_last import ExactLast
from heurex.estimators.layerwise import Layerwise
from heurex.estimators.mean_field import MeanField
from heurex.estimators.moments import Moments
from heurex.estimators.nested import Nested
from heurex.estimators.original import Original
from heurex.estimators.pieces import Piece, Pieces, linear_pieces
from heurex.estimators.response import Response
from heurex.estimators.sampler import Sampled, count_right, sampled_accuracy
from heurex.estimators.sampling import Sampling
from heurex.estimators.symmetric import Symmetric
from heurex.estimators.top_three import TopThree
from heurex.model import Rnn

__all__ = [
    "CONVENTIONS",
    "REGISTRY",
    "Cell",
    "Check",
    "Directions",
    "Estimate",
    "Estimator",
    "Exact",
    "ExactLast",
    "External",
    "Layerwise",
    "MeanField",
    "Method",
    "Moments",
    "Nested",
    "Ops",
    "Original",
    "Piece",
    "Pieces",
    "Response",
    "Sampled",
    "Sampling",
    "StackEstimate",
    "Status",
    "Symmetric",
    "TopThree",
    "count_right",
    "estimate",
    "linear_pieces",
    "make_estimator",
    "methods",
    "sampled_accuracy",
]

REGISTRY: Final[dict[str, type[Estimator]]] = {
    cls.name: cls
    for cls in (
        Exact,
        Original,
        Layerwise,
        Response,
        Pieces,
        Symmetric,
        Directions,
        ExactLast,
        Nested,
        MeanField,
        Moments,
        TopThree,
        Sampling,
    )
}
"""Every estimator by name. To add one: write a file beside the others and add its class here."""


@dataclass(frozen=True)
class Method:
    """An estimator in a few lines: what it is, what it assumes, where it applies and what it costs."""

    name: str
    kind: str
    summary: str
    assumes: str
    applies: str
    cost: str
    settings: dict[str, Any]


def methods() -> list[Method]:
    """All estimators that ship with heurex, also as ``heurex.estimators()``.

    Examples
    --------
    >>> import heurex
    >>> [method.name for method in heurex.estimators()][:2]
    ['exact', 'original']
    """
    return [
        Method(cls.name, cls.kind, cls.summary, cls.assumes, cls.applies, cls.cost, cls().settings())
        for cls in REGISTRY.values()
    ]


class _CallableModule(ModuleType):
    """``heurex.estimators`` is this package, and calling it lists what is in it."""

    def __call__(self) -> list[Method]:
        return methods()


sys.modules[__name__].__class__ = _CallableModule


def make_estimator(method: str, **settings: Any) -> Estimator:
    """An estimator by name with its settings.

    Raises
    ------
    UsageError
        If the name or a setting is unknown, with the known ones.

    Examples
    --------
    >>> make_estimator("sampling", samples=100)
    Sampling(samples=100, seed=0, design='plain', scramblings=8, towards=None, spread=None)
    """
    cls = REGISTRY.get(method)
    if cls is None:
        close = get_close_matches(method, REGISTRY, 1)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        raise UsageError(f"unknown method {method!r}{hint}; expected one of {', '.join(REGISTRY)}")
    known = [f.name for f in fields(cls)]  # pyright: ignore[reportArgumentType]
    for key in settings:
        if key not in known:
            expected = f"expected one of {', '.join(known)}" if known else "it has none"
            raise UsageError(f"method {method!r} has no setting {key!r}; {expected}")
    return cls(**settings)


def estimate(model: Rnn, method: str | Estimator = "exact", **settings: Any) -> Estimate:
    """Estimate a model's accuracy: the share of inputs x ~ N(0, I_n) that it answers rightly.

    Parameters
    ----------
    model
        A model; see :func:`heurex.load`.
    method
        A name from :data:`REGISTRY`, such as ``"exact"``, ``"original"`` or ``"layerwise"``, or an estimator object.
    **settings
        The method's own settings, such as ``latent_prob=0.2``.

    Returns
    -------
    An :class:`Estimate`: the value, how well it was evaluated, the cells and checks behind it, the operations.

    Raises
    ------
    NotApplicable
        If the model does not meet the explanation's preconditions; the message names those that fail.
    UsageError
        If the method or a setting is unknown.

    Examples
    --------
    >>> from heurex.zoo import load
    >>> print(estimate(load("m43"), "original"))
    the explanation (original) gives 0.98490 (evaluated to 1e-12)
    """
    estimator = make_estimator(method, **settings) if isinstance(method, str) else method
    return estimator.estimate(model)
