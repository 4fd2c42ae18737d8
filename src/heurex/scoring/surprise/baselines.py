"""What an explanation has to beat: nothing at all, the weights themselves, and the bits of selection."""

from __future__ import annotations

from importlib import import_module
from math import log2
from typing import Final

import numpy as np

from heurex.errors import UsageError
from heurex.estimators.exact import Exact
from heurex.model import Rnn, RnnStack
from heurex.scoring.surprise.ledger import Selection
from heurex.scoring.surprise.residual import kl_bits

__all__ = ["bundled_selection", "no_explanation", "rounded", "weight_precision"]

_FINEST: Final = 30
# Looked up by name: the ledger does without selection bits where they are not at hand.
_SELECTION: Final = "heurex.scoring.selection"
_SCALES: Final = (0.5, 1.0, 2.0)
_ANY: Final = "a network with at least this accuracy"


def no_explanation(truth: float, n: int, tolerance: float, observations: int | None) -> tuple[float, str]:
    """The residual of saying nothing, and its prior.

    For N observations it is N KL(truth || 1/n): every label equally likely. Else it is -log2 of the tolerance: every
    accuracy equally likely.
    """
    if observations is None:
        return log2(1 / tolerance), "every accuracy equally likely"
    return observations * kl_bits(truth, 1 / n, 1 / n), f"each of {n} labels equally likely"


def rounded(model: Rnn, bits: int) -> Rnn:
    """The model with every weight rounded to one of 2^bits values, evenly spaced from -largest to largest weight.

    Examples
    --------
    >>> rounded(Rnn([1, -1], [[0.1, 0], [0, 0]], [[1, 0], [0, 1]]), 2).w_hh[0, 0].round(3)
    np.float64(0.333)
    """
    weights = (model.w_hi, model.w_hh, model.w_oh)
    largest = max(float(np.max(np.abs(weight))) for weight in weights)
    if largest == 0:
        return model
    step = 2 * largest / (2**bits - 1)
    places = (np.clip(np.round((w + largest) / step), 0, 2**bits - 1) for w in weights)
    return Rnn(*(place * step - largest for place in places), name=model.name, task=model.task)


def weight_precision(model: Rnn, tolerance: float) -> int:
    """The fewest bits a weight at which the exact accuracy stays within half the tolerance, there and with more bits.

    Notes
    -----
    One scale for all weights; other codes can need fewer bits. Looked for from 30 bits down to 1.
    """
    counts = list(range(_FINEST, 0, -1))
    stack = RnnStack.of([model, *(rounded(model, bits) for bits in counts)])
    truth, *values = Exact().estimate_stack(stack).value
    for bits, value in zip(counts, values, strict=True):
        if abs(value - truth) > tolerance / 2:
            return bits + 1
    return 1


def bundled_selection(model: Rnn, accuracy: float) -> tuple[Selection, ...]:
    """Bits of selection that travel with the package for networks of this size, for each scale of the prior.

    Returns
    -------
    One entry for each scale that is bundled; empty where none is.
    """
    try:
        home = import_module(_SELECTION)
    except ModuleNotFoundError:
        return ()
    found: list[Selection] = []
    for scale in _SCALES:
        try:
            one = home.bundled_selection_bits(model.hidden_size, model.seq_len, accuracy, scale)
        except UsageError:
            continue
        low, high = one.interval
        found.append(Selection(one.bits, low, high, one.prior, one.event != _ANY))
    return tuple(found)
