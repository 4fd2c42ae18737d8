"""An estimator's surprise: what it claims, priced at the resolution at which the whole is cheapest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from math import fsum
from typing import Any, Final

import numpy as np

from heurex.errors import NotApplicable, UsageError
from heurex.estimators import make_estimator
from heurex.estimators.base import Estimate, Estimator
from heurex.estimators.exact import Exact
from heurex.estimators.layerwise import Layerwise
from heurex.estimators.original import Original
from heurex.estimators.pieces import Pieces
from heurex.estimators.symmetric import Symmetric
from heurex.model import Rnn
from heurex.scoring.comparison import score
from heurex.scoring.ensembles import noisy_copies
from heurex.scoring.surprise.baselines import bundled_selection, no_explanation, weight_precision
from heurex.scoring.surprise.conventions import Conventions
from heurex.scoring.surprise.ledger import Baselines, Curve, Ledger
from heurex.scoring.surprise.notes import derive_original, derive_pieces, derive_symmetric
from heurex.scoring.surprise.pricing import Priced, half_widths
from heurex.scoring.surprise.priors import prior_of
from heurex.scoring.surprise.regions import derive_exact, derive_layerwise
from heurex.scoring.surprise.residual import Errors, per_observation, predictive
from heurex.scoring.surprise.stated import Derivation, Entry

__all__ = ["derive", "surprise"]

_FEWEST: Final = 2


def derive(model: Rnn, estimator: Estimator, found: Estimate) -> Derivation:
    """What an estimator claims of a model: choices, checks, near-equalities and fractions.

    Raises
    ------
    UsageError
        If nobody has said what this estimator claims.
    """
    match estimator:
        case Original():
            return derive_original(model, estimator, found)
        case Symmetric():
            return derive_symmetric(model, estimator, found)
        case Layerwise():
            return derive_layerwise(model, estimator, found)
        case Exact():
            return derive_exact(model, found)
        case Pieces():
            return derive_pieces(found)
        case _:
            raise UsageError(
                f"the method {found.estimator!r} makes no claims that a ledger could price; "
                "expected exact, original, layerwise, pieces or symmetric"
            )


def surprise(
    model: Rnn,
    estimator: str | Estimator = "original",
    settings: Mapping[str, Any] | None = None,
    **conventions: Any,
) -> Ledger:
    """Surprise accounting: the bits of every check, number and choice in an explanation, and of what it leaves.

    Parameters
    ----------
    model
        A model with n = 2 or 3 to which the explanation applies.
    estimator, settings
        A method's name with its settings, or an estimator object.
    **conventions
        How the ledger is kept: fields of :class:`heurex.scoring.surprise.Conventions`, such as ``prior="chained"``.

    Returns
    -------
    A :class:`Ledger`, in bits.

    Raises
    ------
    NotApplicable
        If a check fails: then the explanation does not apply, which is not a cost.
    UsageError
        If a name or number is not understood.

    Notes
    -----
    How finely numbers are stated follows from r, see :func:`heurex.scoring.surprise.pricing.half_widths`. Fractions
    that are exactly 0 or all of their parent are yes/no statements. Without ``resolution`` the ledger takes the r
    that minimises the total. Bits are an accounting convention, not a measurement; the docs page "Surprise
    accounting" says which parts are which.

    Cost: seconds, once kernels are compiled. Source: Hilton (2024), "Surprise accounting".

    Examples
    --------
    >>> from heurex.zoo import load
    >>> found = surprise(load("m22"), "pieces")
    >>> found.counts()["check"], round(found.total_bits, 1), found.residual_bits
    (18, 39.9, 0.0)
    """
    known = [field.name for field in fields(Conventions)]
    for name in conventions:
        if name not in known:
            raise UsageError(f"a ledger has no convention {name!r}; expected one of {', '.join(known)}")
    rules = Conventions(**conventions)
    method = make_estimator(estimator, **dict(settings or {})) if isinstance(estimator, str) else estimator
    if isinstance(estimator, Estimator) and settings:
        raise UsageError("settings are given with an estimator object; expected them inside it")
    found = method.estimate(model)
    derivation = derive(model, method, found)
    truth = Exact().estimate(model).value
    errors = _errors(model, method, rules) if rules.residual == "predictive" else None
    return _keep(model, found, truth, derivation, (rules, errors))


def _keep(
    model: Rnn, found: Estimate, truth: float, derivation: Derivation, how: tuple[Conventions, Errors | None]
) -> Ledger:
    """Price everything at each resolution and keep the cheapest."""
    rules, errors = how
    priced = [Priced(stated, *prior_of(stated, rules.prior)) for stated in derivation.stated]
    fixed = fsum(entry.bits for entry in derivation.entries)

    def residual(width: float) -> list[Entry]:
        if errors is None:
            return per_observation(found.value, truth, width, rules.observations)
        return predictive(found.value, truth, width, rules.tolerance, errors)

    def numbers(width: float) -> list[Entry]:
        widths = half_widths(derivation.stated, width)
        return [one.entry(half) for one, half in zip(priced, widths, strict=True)]

    tried = rules.resolutions()
    explanation = np.array([fixed + fsum(entry.bits for entry in numbers(r)) for r in tried])
    left = np.array([fsum(entry.bits for entry in residual(r)) for r in tried])
    curve = Curve(tried, explanation, left)
    width = rules.resolution or _cheapest(curve)
    return Ledger(
        model.name, found.estimator, found.settings, found.value, truth, rules.prior,
        (*derivation.entries, *numbers(width), *residual(width)), width, curve, _baselines(model, truth, rules),
    )  # fmt: skip


def _cheapest(curve: Curve) -> float:
    """The resolution of the least total; of equal ones the finest, which says more for the same bits."""
    total = curve.total
    return float(curve.resolution[np.flatnonzero(total <= total.min() + 1e-12)[-1]])


def _errors(model: Rnn, estimator: Estimator, rules: Conventions) -> Errors:
    """The estimator's bias and RMS error over noisy copies."""
    words = f"{rules.models} noisy copies, sigma {rules.sigma:g}, seed {rules.seed}"
    if estimator.kind == "exact":
        return Errors(0.0, 0.0, "exact")
    copies = noisy_copies(model, rules.sigma, rules.models, rules.seed)
    found = score(estimator.estimate_stack(copies).value, Exact().estimate_stack(copies).value)
    if found.covered < _FEWEST:
        raise NotApplicable(
            f"the explanation applies to {found.covered} of {rules.models} noisy copies; "
            "its error cannot be measured on so few"
        )
    if found.covered < rules.models:
        words += f", {found.covered} of them covered"
    return Errors(found.bias, found.rmse, words)


def _baselines(model: Rnn, truth: float, rules: Conventions) -> Baselines:
    observations = None if rules.residual == "predictive" else rules.observations
    nothing, words = no_explanation(truth, model.seq_len, rules.tolerance, observations)
    each = weight_precision(model, rules.tolerance)
    return Baselines(
        nothing, words, model.n_params, each, float(each * model.n_params), bundled_selection(model, truth)
    )
