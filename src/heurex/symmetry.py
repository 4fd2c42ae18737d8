"""Symmetries of these networks: neurons that come in opposite pairs.

Robinson's observation (Symmetric RNNs; Hilton 2024) is that trained models nearly have the form
``w_hi = U^T w_hi_sym``, ``w_hh = U^T w_hh_sym U``, ``w_oh = w_oh_sym V``, where U has one row for each pair
(i, j) of neurons, +1 at i and -1 at j, and V has +1 at both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heurex.errors import NotApplicable
from heurex.model import Rnn

__all__ = ["Pairing", "SymmetricPart", "best_pairing", "pairings", "symmetric_part"]

Pairing = tuple[tuple[int, int], ...]


def pairings(d: int) -> list[Pairing]:
    """All (d - 1)!! ways to put d neurons into pairs; d even.

    Examples
    --------
    >>> pairings(4)
    [((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2))]
    """

    def rest(free: tuple[int, ...]) -> list[Pairing]:
        if not free:
            return [()]
        first, others = free[0], free[1:]
        return [
            ((first, other), *tail)
            for k, other in enumerate(others)
            for tail in rest(others[:k] + others[k + 1 :])
        ]

    return rest(tuple(range(d)))


@dataclass(frozen=True)
class SymmetricPart:
    """The symmetric network nearest to a model in a given pairing, and what it leaves out.

    Attributes
    ----------
    pairing
        The pairs of neurons with opposite roles.
    w_hi_sym, w_hh_sym, w_oh_sym
        W' of the note, for p = d/2 pairs: shapes ``(p,)``, ``(p, p)``, ``(n, p)``.
    eps_hi, eps_hh, eps_oh
        Weights minus their symmetric form, shapes of the weights.
    """

    pairing: Pairing
    w_hi_sym: np.ndarray
    w_hh_sym: np.ndarray
    w_oh_sym: np.ndarray
    eps_hi: np.ndarray
    eps_hh: np.ndarray
    eps_oh: np.ndarray

    @property
    def asymmetry(self) -> float:
        """Sum of squares of all entries of eps."""
        return float(sum((eps**2).sum() for eps in (self.eps_hi, self.eps_hh, self.eps_oh)))

    def reduced(self) -> Rnn:
        """The symmetric network as a model of full size, eps left out.

        Its state is ``ReLU(U^T u)`` with u linear in the inputs, and its logits are ``w_oh_sym |u_n|``.
        """
        u, v = pair_matrices(self.pairing)
        return Rnn(u.T @ self.w_hi_sym, u.T @ self.w_hh_sym @ u, self.w_oh_sym @ v, name="reduced")

    def last_state_map(self) -> np.ndarray:
        """u_n as a linear map of the inputs, shape ``(p, n)``."""
        columns = [self.w_hi_sym]
        for _ in range(self.w_oh_sym.shape[0] - 1):
            columns.append(self.w_hh_sym @ columns[-1])
        return np.stack(columns[::-1], axis=1)

    def noise_covariance(self, model: Rnn) -> np.ndarray:
        """Covariance of the logits' noise eps_l by covariance propagation, ``(n, n)``.

        Every variable is treated as a zero-mean Gaussian, independent of those it is multiplied with, and every
        neuron as on with probability 1/2.
        Source: Hilton (2024), "Version based on George's approach".
        """
        u, _ = pair_matrices(self.pairing)
        p, r = u.T @ self.w_hh_sym @ u, u.T @ self.w_hi_sym
        c_h, c_e = np.zeros_like(p), np.zeros_like(p)
        for _ in range(model.seq_len):
            c_z = p @ c_h @ p.T + np.outer(r, r)
            c_ez = model.w_hh @ c_e @ model.w_hh.T + self.eps_hh @ c_h @ self.eps_hh.T
            c_ez += np.outer(self.eps_hi, self.eps_hi)
            c_h, c_e = c_z / 4, c_ez / 4
        return model.w_oh @ c_e @ model.w_oh.T + self.eps_oh @ c_h @ self.eps_oh.T


def pair_matrices(pairing: Pairing) -> tuple[np.ndarray, np.ndarray]:
    """U and V of a pairing, each ``(p, d)``."""
    p = len(pairing)
    u, v = np.zeros((p, 2 * p)), np.zeros((p, 2 * p))
    for row, (i, j) in enumerate(pairing):
        u[row, i], u[row, j] = 1, -1
        v[row, i] = v[row, j] = 1
    return u, v


def symmetric_part(model: Rnn, pairing: Pairing) -> SymmetricPart:
    """Average the weights over a pairing: the least-squares symmetric network.

    Source: Hilton (2024), "Version based on George's approach".
    """
    u, v = pair_matrices(pairing)
    w_hi_sym, w_hh_sym, w_oh_sym = u @ model.w_hi / 2, u @ model.w_hh @ u.T / 4, model.w_oh @ v.T / 2
    return SymmetricPart(
        pairing,
        w_hi_sym,
        w_hh_sym,
        w_oh_sym,
        model.w_hi - u.T @ w_hi_sym,
        model.w_hh - u.T @ w_hh_sym @ u,
        model.w_oh - w_oh_sym @ v,
    )


def best_pairing(model: Rnn) -> SymmetricPart:
    """The pairing of four neurons with the least asymmetry.

    Raises
    ------
    NotApplicable
        If the model does not have four neurons.
    """
    if model.hidden_size != 4:
        raise NotApplicable(
            f"the symmetric version pairs d = 4 neurons; this model has d = {model.hidden_size}"
        )
    return min((symmetric_part(model, pairing) for pairing in pairings(4)), key=lambda part: part.asymmetry)
