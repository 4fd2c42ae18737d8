"""Kernel: forward passes of many inputs, one after another."""

import numpy as np

from heurex.estimators.forward_kernel import forward

KERNEL = True


def forward_many(
    w_hi: np.ndarray, w_hh: np.ndarray, w_oh: np.ndarray, x: np.ndarray, answers: np.ndarray
) -> None:
    """The model's answers to inputs x, shape ``(m, n)``, into ``answers``."""
    for i in range(x.shape[0]):
        answers[i] = forward(w_hi, w_hh, w_oh, x[i])
