"""The symmetric explanation with its noise sampled: slow, simple, and sharing no arithmetic with the exact noise."""

from __future__ import annotations

from typing import Final

import numpy as np

from heurex import kernels
from heurex.cones import corners as polygon
from heurex.estimators.base import Status
from heurex.estimators.exact import chambers
from heurex.estimators.sampling import draws_for
from heurex.estimators.symmetric_cells import Evaluation, Prepared, Switches, prepare
from heurex.estimators.symmetric_cells_kernel import LAST, NONE
from heurex.model import Rnn
from heurex.tasks import second_argmax

__all__ = ["sample"]

_CHUNK: Final = 2**16


def sample(model: Rnn, switches: Switches, samples: int, seed: int, *, count: bool) -> tuple[Evaluation, int]:
    """How often the label wins in each cell, over pairs of an input and a noise.

    Returns
    -------
    The cells with their shares of right answers, and the number of these (rounding may put one into no cell).
    """
    ready = prepare(model, switches, count=count)
    network = _Network(model, ready)
    codes = {network.code_of_cell(i): i for i in range(len(ready.owners))}
    right, in_cell = 0, np.zeros(len(ready.owners), np.int64)
    rng = draws_for(model, seed)
    left = samples
    while left:
        size = min(left, _CHUNK)
        x = rng.standard_normal((size, model.seq_len))
        logits, gates = network.forward(x, rng)
        hit = np.argmax(logits, axis=1) == second_argmax(x)
        found, counts = np.unique(network.code(x[hit], gates[hit]), return_counts=True)
        for code, times in zip(found, counts, strict=True):
            cell = codes.get(int(code))
            if cell is not None:
                in_cell[cell] += times
        right += int(np.count_nonzero(hit))
        left -= size
    measures = np.zeros((len(in_cell), 3))
    corners = kernels.plain(ready.corners)[..., :3]
    scale = 2 if model.seq_len == 2 else 1
    measures[:, 0] = [scale * polygon.fraction(c, m) for c, m in zip(corners, ready.sizes, strict=True)]
    measures[:, 1] = in_cell / samples
    return Evaluation(
        ready.pairing, right / samples, 0.0, Status.OK, measures,
        ready.owners, corners, ready.sizes, ready.gates, None,
    ), right  # fmt: skip


class _Network:
    """Carrier and error of one model on batches of inputs."""

    def __init__(self, model: Rnn, ready: Prepared) -> None:
        self.model, self.ready = model, ready
        self.hi, self.hh, self.oh = (kernels.plain(part) for part in ready.run.carrier)
        self.eps_hi, self.eps_hh, self.eps_oh = (kernels.plain(part) for part in ready.eps)
        self.by_network = ready.run.switches.keep == "hh"
        self.unknown = np.all(ready.gates == 0.5, axis=(0, 2))
        state = error = np.zeros((model.hidden_size, model.seq_len))
        for unit in np.eye(model.seq_len):
            self.error_map = model.w_hh @ error + self.eps_hh @ state + np.outer(self.eps_hi, unit)
            state, error = (self.hh @ state + np.outer(self.hi, unit)) / 2, self.error_map / 2
        self.logit_map = model.w_oh @ error + self.eps_oh @ state

    def forward(self, x: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Logits with noise, ``(inputs, n)``, and the carrier's gates, ``(inputs, n, d)``."""
        w_hh, w_oh = self.model.w_hh, self.model.w_oh
        state = error = np.zeros((len(x), self.model.hidden_size))
        gates = np.empty((len(x), self.model.seq_len, self.model.hidden_size))
        for t, gate in enumerate(gates.swapaxes(0, 1)):
            now = x[:, t, None]
            error = error @ w_hh.T + state @ self.eps_hh.T + now * self.eps_hi
            z = state @ self.hh.T + now * self.hi
            gate[...] = z > 0
            if not self.by_network:
                gate[z == 0] = 0.5
            error, state = gate * error, np.maximum(z, 0.0)
        logits = state @ self.oh.T
        last = gates[:, -1]
        if self.ready.condition == NONE:
            logits += _gaussian(rng, self.ready.covariance, len(x))
            return logits + x @ self.logit_map.T if self.ready.joint else logits, gates
        logits += state @ self.eps_oh.T
        if self.ready.condition == LAST:
            error = _gaussian(rng, self.ready.before, len(x)) * last
            if self.ready.joint:
                error += x @ self.error_map.T * last
        return logits + error @ w_oh.T, gates

    def code(self, x: np.ndarray, gates: np.ndarray) -> np.ndarray:
        """Numbers of 64 bits that tell the cells apart: a hash of the sign of x_0, the ordering, the known gates."""
        gates = np.where(self.unknown[:, None], 0.5, gates)
        parts = [x[:, :1] > 0, np.argsort(-x, axis=1), (2 * gates).reshape(len(x), -1)]
        digits = np.hstack(parts).astype(np.int64)
        return digits @ np.random.default_rng(0).integers(1, 2**62, digits.shape[1])

    def code_of_cell(self, cell: int) -> int:
        """The number of one cell: ordering and sign of x_0 read inside the cone that it is part of."""
        cone = chambers(self.model.seq_len)[self.ready.owners[cell]]
        inside = cone.rays.sum(axis=0)[None, : self.model.seq_len]
        return int(self.code(inside, self.ready.gates[cell][None])[0])


def _gaussian(rng: np.random.Generator, covariance: np.ndarray, count: int) -> np.ndarray:
    variances, axes = np.linalg.eigh(kernels.plain(covariance))
    return rng.standard_normal((count, len(variances))) @ (axes * np.sqrt(np.maximum(variances, 0.0))).T
