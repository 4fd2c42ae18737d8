"""One order of the neurons for every model, so that two models can be laid side by side."""

from __future__ import annotations

from typing import Final

import numpy as np

from heurex.estimators.original_checks import best_order
from heurex.model import Rnn
from heurex.symmetry import SymmetricPart, pairings, symmetric_part
from heurex.tasks import SECOND

__all__ = ["canonical_order"]

_ALL_PAIRINGS_UP_TO: Final = 8
_SAME: Final = 1e-12


def canonical_order(model: Rnn) -> tuple[int, ...]:
    """An order of the neurons that depends on their weights only: ``model.permuted(canonical_order(model))``.

    Parameters
    ----------
    model
        Any model, its neurons in any order.

    Returns
    -------
    A permutation of 0 .. d-1; entry i is the neuron that belongs in place i.

    Notes
    -----
    The first rule that applies:

    1. d = 4, n = 3, the second largest input is asked for and the note's sixteen checks hold in some order: the
       note's order, which is that of :func:`heurex.estimators.original_checks.best_order`.
    2. d = 2, 4, 6 or 8: neurons are paired with the least asymmetry, the one with the larger input weight first
       in its pair. Pairs come by how much they listen to the last input rather than to the one before, the
       least first (the note's order has the same rule): p = d/2 first neurons of the pairs, then their
       partners backwards, so that places i and d - 1 - i are a pair.
    3. Otherwise neurons come by input weight, the largest first; in a standardised model most of these are
       equal, and the weight of a neuron on itself decides, then its output weights, then its other weights.

    A model whose neurons are permuted gives the same permuted model, as long as no two neurons, pairs or
    pairings are equal under the rule. Rescaling neurons can change the order: standardise first where the
    scale has no meaning. Cost: d = 8 looks at 105 pairings, some milliseconds.
    Source: the note's order, Hilton (2024); pairs, Robinson, "Symmetric RNNs".

    Examples
    --------
    >>> from heurex.zoo import load
    >>> canonical_order(load("m43")), canonical_order(load("m43").permuted([2, 0, 3, 1]))
    ((0, 1, 2, 3), (1, 3, 0, 2))
    """
    d = model.hidden_size
    if (d, model.seq_len, model.rank) == (4, 3, SECOND):
        order, checks = best_order(model)
        if all(check.holds for check in checks):
            return order
    if d % 2 or d > _ALL_PAIRINGS_UP_TO:
        return tuple(sorted(range(d), key=lambda j: _neuron_key(model, j)))
    return _paired_order(model)


def _neuron_key(model: Rnn, j: int) -> tuple[float, ...]:
    """Numbers that order neurons and that no permutation changes."""
    others = np.delete(np.arange(model.hidden_size), j)
    own = (-model.w_hi[j], -model.w_hh[j, j], *(-model.w_oh[:, j]))
    rest = (*np.sort(-model.w_hh[j, others]), *np.sort(-model.w_hh[others, j]))
    return tuple(float(number) for number in (*own, *rest))


def _paired_order(model: Rnn) -> tuple[int, ...]:
    part = _least_asymmetric(model)
    listening: list[tuple[float, tuple[float, ...], tuple[int, int]]] = []
    before = np.abs(part.w_hh_sym @ part.w_hi_sym)
    for row, pair in enumerate(part.pairing):
        first, second = sorted(pair, key=lambda j: _neuron_key(model, j))
        last = abs(part.w_hi_sym[row])
        # as an angle, since a pair may not listen to one of the two at all
        angle = float(np.arctan2(last, before[row]))
        listening.append((angle, _neuron_key(model, first), (first, second)))
    pairs = [pair for _, _, pair in sorted(listening)]
    return (*(first for first, _ in pairs), *(second for _, second in reversed(pairs)))


def _least_asymmetric(model: Rnn) -> SymmetricPart:
    parts = [symmetric_part(model, pairing) for pairing in pairings(model.hidden_size)]
    least = min(part.asymmetry for part in parts)
    # of pairings as good as each other up to rounding, the one whose pairs have the smallest keys
    near = [part for part in parts if part.asymmetry <= least * (1 + _SAME) + 1e-300]

    def pairing_key(part: SymmetricPart) -> list[list[tuple[float, ...]]]:
        return sorted(sorted(_neuron_key(model, j) for j in pair) for pair in part.pairing)

    return min(near, key=pairing_key)
