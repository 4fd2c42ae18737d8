"""Kernel: the forward pass of one input, as sampling runs it."""

import numpy as np

from heurex.kernels import reals

KERNEL = True


def forward(w_hi: np.ndarray, w_hh: np.ndarray, w_oh: np.ndarray, x: np.ndarray) -> int:
    """The model's answer to one input x, shape ``(n,)``: the first largest logit."""
    d = w_hi.shape[0]
    n = w_oh.shape[0]
    state, preactivation = reals(d), reals(d)
    for t in range(n):
        for j in range(d):
            z = w_hi[j] * x[t]
            if t > 0:
                for k in range(d):
                    z = z + w_hh[j, k] * state[k]
            preactivation[j] = z
        for j in range(d):
            z = preactivation[j]
            state[j] = z if z > 0 else 0.0
    answer = 0
    best = 0.0
    for i in range(n):
        logit = w_oh[i, 0] * state[0]
        for j in range(1, d):
            logit = logit + w_oh[i, j] * state[j]
        if i == 0 or logit > best:
            answer, best = i, logit
    return answer
