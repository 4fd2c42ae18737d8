"""What the note's original version rests on: sixteen inequalities, and the near-equalities behind them.

Source: Hilton (2024), "Original version".
"""

from __future__ import annotations

from itertools import permutations
from typing import Final

import numpy as np

from heurex.errors import NotApplicable
from heurex.estimators import original_kernel
from heurex.estimators.base import Check, require_second
from heurex.model import Rnn, RnnStack

__all__ = ["ORDERS", "best_order", "near_equalities", "require_size", "responses", "sixteen_checks"]

ORDERS: Final = np.array(list(permutations(range(4))))


def best_order(model: Rnn) -> tuple[tuple[int, ...], tuple[Check, ...]]:
    """The order of four neurons that fits the note's explanation best, and the sixteen checks in it.

    The best order passes the most checks; among equals it has the least asymmetry (squared distance of the
    weights from the symmetric form), then comes first in lexicographic order.

    Source: Hilton (2024), "Original version", for the checks; the search is ours.

    Raises
    ------
    NotApplicable
        If the model is not of size d = 4, n = 3.
    """
    require_size(model)
    sums = np.zeros((4, 4, 4))
    original_kernel.responses(model.w_hi, model.w_hh, sums)
    order, _ = original_kernel.find_order(
        model.w_hi, model.w_hh, model.w_oh, sums, ORDERS, np.zeros((3, 4)), np.zeros(16, np.bool_)
    )
    best = tuple(int(i) for i in ORDERS[order])
    return best, sixteen_checks(model.permuted(best))


def sixteen_checks(model: Rnn) -> tuple[Check, ...]:
    """The note's sixteen inequalities for a model whose neurons are in the note's order.

    Source: Hilton (2024), "Original version" and "Surprise accounting", which counts them.

    Examples
    --------
    >>> from heurex.zoo import load
    >>> sum(check.holds for check in sixteen_checks(load("m43")))
    16
    """
    holds = np.zeros(original_kernel.CHECKS, np.bool_)
    abc = responses(model)
    original_kernel.sixteen_checks(abc, holds, 0)
    a, b, c = abc
    signs = {
        "a3": a[3], "-a0": -a[0], "a2": a[2], "-a1": -a[1], "b3": b[3], "-b0": -b[0],
        "b2": b[2], "-b1": -b[1], "c0": c[0], "-c3": -c[3], "c1": c[1], "-c2": -c[2],
    }  # fmt: skip
    statements = [(name, f"{name} > 0", value) for name, value in signs.items()]
    gamma_0, gamma_1 = c[0] - c[3], c[1] - c[2]
    for name, gamma, slope, sign in (
        ("gamma0/alpha3", gamma_0, a[3] - a[0], "<"),
        ("gamma0/beta3", gamma_0, b[3] - b[0], "<"),
        ("gamma1/alpha2", gamma_1, a[2] - a[1], ">"),
        ("gamma1/beta2", gamma_1, b[2] - b[1], ">"),
    ):
        ratio = gamma / slope if slope != 0 else float(np.copysign(np.inf, gamma))
        statements.append((name, f"{name} {sign} 1", ratio))
    return tuple(
        Check(name, statement, bool(ok), float(value))
        for (name, statement, value), ok in zip(statements, holds, strict=True)
    )


def responses(model: Rnn) -> np.ndarray:
    """a_j, b_j and c_j of the note as rows, neurons as they stand.

    Source: Hilton (2024), "Original version".
    """
    sums, abc = np.zeros((4, 4, 4)), np.zeros((3, 4))
    original_kernel.responses(model.w_hi, model.w_hh, sums)
    original_kernel.pair_responses(model.w_hi, sums, np.arange(4), abc)
    return abc


def require_size(model: Rnn | RnnStack) -> None:
    """Refuse models of another size."""
    require_second(model, "the original version")
    if (model.hidden_size, model.seq_len) != (4, 3):
        raise NotApplicable(
            f"the original version explains models with d = 4 and n = 3; "
            f"this one has d = {model.hidden_size} and n = {model.seq_len}"
        )


def near_equalities(model: Rnn) -> tuple[Check, ...]:
    """The near-equalities by which the note merges regions, with their relative gaps; neurons in its order.

    The gap of x and y is |x - y| / max(|x|, |y|). They are approximations, not preconditions: ``holds`` says
    that the gap is below a half.

    Source: Hilton (2024), "Original version".
    """
    a, b, c = responses(model)
    gamma_0, gamma_1 = c[0] - c[3], c[1] - c[2]
    slopes = {
        "gamma0/alpha3": gamma_0 / (a[3] - a[0]),
        "gamma0/beta3": gamma_0 / (b[3] - b[0]),
        "gamma1/alpha2": gamma_1 / (a[2] - a[1]),
        "gamma1/beta2": gamma_1 / (b[2] - b[1]),
    }
    pairs = [
        ("a3", a[3], "-a0", -a[0]), ("a2", a[2], "-a1", -a[1]), ("b3", b[3], "-b0", -b[0]),
        ("b2", b[2], "-b1", -b[1]), ("c0", c[0], "-c3", -c[3]), ("c1", c[1], "-c2", -c[2]),
        *((f"a{j}", a[j], f"b{j}", b[j]) for j in range(4)),
        *(
            (one, slopes[one], other, slopes[other])
            for one, other in (
                ("gamma0/alpha3", "gamma0/beta3"), ("gamma1/alpha2", "gamma1/beta2"),
                ("gamma0/alpha3", "gamma1/alpha2"), ("gamma0/beta3", "gamma1/beta2"),
            )
        ),
    ]  # fmt: skip
    found: list[Check] = []
    for one, x, other, y in pairs:
        gap = float(abs(x - y) / max(abs(x), abs(y)))
        found.append(Check(f"{one} ~ {other}", f"{one} is near {other}", gap < 0.5, float(x - y), gap))
    return tuple(found)
