"""Models that several tests use."""

import numpy as np

from heurex import Rnn


def hand_built(sharpness):
    """The public (4,3) construction from Robinson's symmetry."""
    lam = sharpness
    f1 = np.array([[1, -lam - 1, lam], [-1, -lam, lam + 1]], float)
    f2 = np.array([[1, 1], [-lam, lam + 1], [lam + 1, -lam]], float)
    u = np.array([[1, 0, 0, -1], [0, 1, -1, 0]], float)
    return Rnn(u.T @ f1[:, 2], u.T @ f1[:, :2] @ np.linalg.inv(f1[:, 1:]) @ u, f2 @ abs(u))


def random_model(seed, d, n):
    rng = np.random.default_rng([seed, d, n])
    return Rnn(rng.normal(size=d), rng.normal(size=(d, d)), rng.normal(size=(n, d)))
