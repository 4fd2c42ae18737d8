"""Symmetries of these networks: neurons that come in opposite pairs.

Robinson's observation (Symmetric RNNs; Hilton 2024) is that trained models nearly have the form
``w_hi = U^T w_hi_sym``, ``w_hh = U^T w_hh_sym U``, ``w_oh = w_oh_sym V``, where U has one row for each pair
(i, j) of neurons, +1 at i and -1 at j, and V has +1 at both.

If d is odd one neuron stays alone. It has no part in the symmetric network (its columns of U and V are zero), so
that u stays linear in the inputs: all that it does counts as asymmetry, and is noise to the explanation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from heurex import kernels, symmetry_kernel
from heurex.errors import NotApplicable
from heurex.model import Rnn

__all__ = ["Pairing", "SymmetricPart", "best_pairing", "pairings", "symmetric_part"]

Pairing = tuple[tuple[int, int], ...]

ALL_PAIRINGS: Final = 8
"""Up to this many neurons every pairing is tried; with more a local search looks for a good one."""
STARTS: Final = 8


def pairings(d: int) -> list[Pairing]:
    """All ways to put d neurons into pairs; if d is odd, one neuron stays alone. 105 for d = 7 and 8.

    Examples
    --------
    >>> pairings(4)
    [((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2))]
    >>> pairings(3)
    [((1, 2),), ((0, 2),), ((0, 1),)]
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

    everyone = tuple(range(d))
    if d % 2 == 0:
        return rest(everyone)
    return [pairing for lone in everyone for pairing in rest(everyone[:lone] + everyone[lone + 1 :])]


def search_starts(d: int) -> np.ndarray:
    """The neuron orders that the local search for a pairing starts from, ``(8, d)``: always the same."""
    rng = np.random.default_rng(d)
    return np.array([np.arange(d), *(rng.permutation(d) for _ in range(STARTS - 1))])


@dataclass(frozen=True)
class SymmetricPart:
    """The symmetric network nearest to a model in a given pairing, and what it leaves out.

    Attributes
    ----------
    pairing
        The pairs of neurons with opposite roles.
    w_hi_sym, w_hh_sym, w_oh_sym
        W' of the note, for p pairs, p the whole part of d/2: shapes ``(p,)``, ``(p, p)``, ``(n, p)``.
    eps_hi, eps_hh, eps_oh
        Weights minus their symmetric form, shapes of the weights.
    task
        What the model is asked.
    """

    pairing: Pairing
    w_hi_sym: np.ndarray
    w_hh_sym: np.ndarray
    w_oh_sym: np.ndarray
    eps_hi: np.ndarray
    eps_hh: np.ndarray
    eps_oh: np.ndarray
    task: str = "2nd_argmax"

    @property
    def lone(self) -> int | None:
        """The neuron in no pair, if d is odd."""
        left = set(range(len(self.eps_hi))) - {neuron for pair in self.pairing for neuron in pair}
        return left.pop() if left else None

    @property
    def asymmetry(self) -> float:
        """Sum of squares of all entries of eps."""
        return float(sum((eps**2).sum() for eps in (self.eps_hi, self.eps_hh, self.eps_oh)))

    def reduced(self) -> Rnn:
        """The symmetric network as a model of full size, eps left out.

        Its state is ``ReLU(U^T u)`` with u linear in the inputs, and its logits are ``w_oh_sym |u_n|``.
        """
        u, v = pair_matrices(self.pairing, len(self.eps_hi))
        weights = u.T @ self.w_hi_sym, u.T @ self.w_hh_sym @ u, self.w_oh_sym @ v
        return Rnn(*weights, name="reduced", task=self.task)

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


def pair_matrices(pairing: Pairing, d: int) -> tuple[np.ndarray, np.ndarray]:
    """U and V of a pairing of d neurons, each ``(p, d)``."""
    p = len(pairing)
    u, v = np.zeros((p, d)), np.zeros((p, d))
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
    return SymmetricPart(pairing, *sym, *eps, model.task)


def best_pairing(model: Rnn) -> SymmetricPart:
    """The pairing of the neurons with the least asymmetry; with it, if d is odd, which neuron stays alone.

    For d <= 8 all pairings are tried (at most 105). The least asymmetry is the optimum of a quadratic assignment
    problem: for d > 8 a local search exchanges two neurons at a time, from eight starts that are always the
    same, and what it finds may not be the least.

    Raises
    ------
    NotApplicable
        If the model has a single neuron.
    """
    d = model.hidden_size
    if d < 2:
        raise NotApplicable(f"the symmetric version pairs neurons; this model has d = {d}")
    if d <= ALL_PAIRINGS:
        return min(
            (symmetric_part(model, pairing) for pairing in pairings(d)), key=lambda part: part.asymmetry
        )
    found = np.zeros((d // 2, 2), np.int64)
    n, p = model.seq_len, d // 2
    sym = (np.zeros(p), np.zeros((p, p)), np.zeros((n, p)))
    eps = (np.zeros(d), np.zeros((d, d)), np.zeros((n, d)))
    weights = (weight.copy() for weight in (model.w_hi, model.w_hh, model.w_oh))
    kernels.compiled(symmetry_kernel).search_pairing(*weights, search_starts(d), sym, eps, found)
    return symmetric_part(model, tuple(sorted((int(min(pair)), int(max(pair))) for pair in found)))
