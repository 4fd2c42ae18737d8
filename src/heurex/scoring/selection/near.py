"""Random networks that are a given one up to a distance, the order of neurons and what accuracy does not see."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import permutations
from math import factorial

import numpy as np

from heurex.errors import UsageError
from heurex.estimators.base import require_second
from heurex.model import Rnn
from heurex.scoring.selection.networks import RandomNetworks
from heurex.scoring.selection.splitting import Chart

__all__ = ["NearNetworks"]

_OTHER_SIGN = 10.0
"""Added to the distance for each input weight of another sign: further than any network of the same signs."""
_MOST_ORDERS = 8


@dataclass(frozen=True)
class NearNetworks(RandomNetworks):
    """The same prior, and the event that a network is also near a given one.

    Parameters
    ----------
    hidden_size, seq_len, scale
        As for :class:`RandomNetworks`.
    model
        A model of these sizes, no input weight 0.
    radius
        How far a network may be, in some order of its neurons.

    Notes
    -----
    The distance of two networks in given orders of neurons: both are rescaled neuron by neuron until w_hi is +-1,
    the mean over the logits is taken off w_oh, and w_oh is divided by its length. With equal signs of w_hi, it is the
    square root of the sum of the squared distance of w_hh, relative to the length of the model's, and the squared
    distance of w_oh. So it does not change with what the accuracy does not see. While the radius is less than half the
    distance between the model and any of its other orders, the d! orders are disjoint events of equal probability.
    """

    model: Rnn = field(kw_only=True)
    radius: float = field(kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        require_second(self.model, "the law of networks near a model")
        sizes = (self.model.hidden_size, self.model.seq_len)
        if sizes != (self.hidden_size, self.seq_len):
            raise UsageError(
                f"the model has sizes {sizes}; expected those asked for, {(self.hidden_size, self.seq_len)}"
            )
        if self.hidden_size > _MOST_ORDERS:
            raise UsageError(
                f"the model has {self.hidden_size} neurons; expected at most {_MOST_ORDERS} near one"
            )
        if np.any(self.model.w_hi == 0):
            raise UsageError(
                "an input weight of the model is 0; expected none where networks near it are asked for"
            )
        nearest = self.nearest_order
        if not 0 < self.radius < nearest / 2:
            raise UsageError(
                f"the radius is {self.radius}; expected above 0 and below {nearest / 2:.3f}, half the distance "
                "between the model and its nearest other order of neurons"
            )

    @property
    def multiplicity(self) -> int:
        """How many disjoint events of equal probability make up the event: the orders of the neurons."""
        return factorial(self.hidden_size)

    @property
    def event(self) -> str:
        """The event in words."""
        name = self.model.name or "the model"
        return f"a network within {self.radius:g} of {name}, neurons in any order, with at least its accuracy"

    @cached_property
    def nearest_order(self) -> float:
        """Distance between the model and the nearest of its other orders; infinite for one neuron."""
        orders = permutations(range(self.hidden_size))
        others = [self.model.permuted(order) for order in orders if list(order) != sorted(order)]
        if not others:
            return np.inf
        return float(self.distance(np.array([self.point(other) for other in others])).min())

    def point(self, model: Rnn) -> np.ndarray:
        """The point of R^D at which a model is."""
        return np.concatenate([model.w_hi, model.w_hh.ravel(), model.w_oh.ravel()]) / self.scale

    @cached_property
    def _centre(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self._standard(self.point(self.model)[None])

    def _standard(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        w_hi, w_hh, w_oh = self._split(points)
        size = np.abs(w_hi)[:, None, :]
        inner = self.scale * w_hh * size / size.transpose(0, 2, 1)
        outer = w_oh * size
        outer = outer - outer.mean(axis=1, keepdims=True)
        length = np.sqrt((outer**2).sum(axis=(1, 2), keepdims=True))
        return w_hi > 0, inner, outer / np.where(length > 0, length, 1.0)

    def distance(self, points: np.ndarray) -> np.ndarray:
        """Distances from the model in its own order, ``(networks,)``."""
        signs, inner, outer = self._standard(points)
        own_signs, own_inner, own_outer = self._centre
        unit = (own_inner**2).sum() or 1.0
        squared = ((inner - own_inner) ** 2).sum(axis=(1, 2)) / unit + ((outer - own_outer) ** 2).sum(
            axis=(1, 2)
        )
        return np.sqrt(squared) + _OTHER_SIGN * (signs != own_signs).sum(axis=1)

    def coordinates(self, points: np.ndarray) -> np.ndarray:
        """w_hh and w_oh after rescaling to w_hi = +-1, the latter centred and brought near length 1, ``(m, q)``."""
        inner, outer = self._rescaling(points)
        _, w_hh, w_oh = self._split(points)
        centred = w_oh - w_oh.mean(axis=1, keepdims=True)
        parts = (w_hh * inner).reshape(len(points), -1), (centred * outer).reshape(len(points), -1)
        return np.concatenate(parts, axis=1)

    def shift(self, points: np.ndarray, change: np.ndarray) -> np.ndarray:
        """Points with changed coordinates; w_hi, and with it the rescaling, stays as it is."""
        moved = points.copy()
        inner, outer = self._rescaling(points)
        _, w_hh, w_oh = self._split(moved)
        d = self.hidden_size
        w_hh += change[:, : d * d].reshape(w_hh.shape) / inner
        w_oh += change[:, d * d :].reshape(w_oh.shape) / outer
        return moved

    def _rescaling(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Factors that depend on w_hi only."""
        size = np.abs(points[:, None, : self.hidden_size])
        length = np.sqrt((size**2).sum(axis=2, keepdims=True))
        return size / size.transpose(0, 2, 1), size / length

    @property
    def chart(self) -> Chart:
        """For moves in the shape of the event."""
        return Chart(self.coordinates, self.shift)

    def score(self, points: np.ndarray) -> np.ndarray:
        """Minus the distance where that exceeds the radius; else the accuracy."""
        distance = self.distance(points)
        scores = -distance
        near = distance <= self.radius
        if near.any():
            scores[near] = self.accuracy(points[near])
        return scores
