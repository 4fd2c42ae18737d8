"""The standard form of a model: the same function, with every input weight of size 1."""

from __future__ import annotations

import numpy as np

from heurex.model import Rnn

__all__ = ["standardise"]


def standardise(model: Rnn) -> Rnn:
    """The same network with its neurons rescaled so that every entry of ``w_hi`` is +1 or -1.

    Parameters
    ----------
    model
        Any model.

    Returns
    -------
    A model with the same logits on every input, up to rounding. A neuron whose input weight is 0 has no such
    scale: it keeps its own.

    Raises
    ------
    ModelError
        If a rescaled weight is too large for a float.

    Notes
    -----
    Exact as an identity, since ReLU commutes with positive factors, and so free in bits. Error: two roundings
    a weight. Cost: 2 d^2 + n d operations. Source: Hilton et al., "AlgZoo" (January 2026), on M_{2,2}.

    Examples
    --------
    >>> model = standardise(Rnn([4, -2], [[-0.5, 3], [1, 0]], [[1, -1], [-1, 1]]))
    >>> model.w_hi.tolist(), model.w_hh.tolist(), model.w_oh.tolist()
    ([1.0, -1.0], [[-0.5, 1.5], [2.0, 0.0]], [[4.0, -2.0], [-4.0, 2.0]])
    """
    size = np.abs(model.w_hi)
    scale = np.where(size > 0, size, 1.0)
    with np.errstate(over="ignore"):
        w_hh, w_oh = model.w_hh * scale / scale[:, None], model.w_oh * scale
    w_hh[np.diag_indices_from(w_hh)] = np.diag(model.w_hh)
    return Rnn(np.sign(model.w_hi), w_hh, w_oh, name=model.name, task=model.task)
