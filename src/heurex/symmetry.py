"""Symmetries of these networks: neurons that come in opposite pairs.

Robinson's observation (Symmetric RNNs; Hilton 2024) is that trained models nearly have the form
``w_hi = U^T w_hi_sym``, ``w_hh = U^T w_hh_sym U``, ``w_oh = w_oh_sym V``, where U has one row for each pair
(i, j) of neurons, +1 at i and -1 at j, and V has +1 at both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heurex import symmetry_kernel
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
        out = np.zeros((len(self.pairing), self.w_oh_sym.shape[0]))
        symmetry_kernel.last_state_map((self.w_hi_sym, self.w_hh_sym, self.w_oh_sym), out)
        return out

    def noise_covariance(self, model: Rnn) -> np.ndarray:
        """Covariance of the logits' noise eps_l by covariance propagation, ``(n, n)``.

        Source: Hilton (2024), "Version based on George's approach".
        """
        out = np.zeros((model.seq_len, model.seq_len))
        sym = (self.w_hi_sym, self.w_hh_sym, self.w_oh_sym)
        eps = (self.eps_hi, self.eps_hh, self.eps_oh)
        symmetry_kernel.noise_covariance(model.w_hh, model.w_oh, np.array(self.pairing), sym, eps, out)
        return out


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
    d, n, p = model.hidden_size, model.seq_len, len(pairing)
    sym = (np.zeros(p), np.zeros((p, p)), np.zeros((n, p)))
    eps = (np.zeros(d), np.zeros((d, d)), np.zeros((n, d)))
    symmetry_kernel.average(model.w_hi, model.w_hh, model.w_oh, np.array(pairing), sym, eps)
    return SymmetricPart(pairing, *sym, *eps)


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
