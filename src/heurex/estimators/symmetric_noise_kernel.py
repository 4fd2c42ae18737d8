"""Kernel: how a network's asymmetry spreads as noise on the logits, under several approximations.

The *carrier* is the network that is kept (the symmetric one, or the one with all of w_hh); what the model adds
to it is followed as an error e_t of the hidden state h_t:

    e_z = w_hh e + eps_hh h + eps_hi x_t,    e = gate * e_z,    h = gate * z.

A gate that is not known is replaced by its mean, 1/2. ``joint`` keeps the dependence between noise and inputs:
the noise is a linear form of x, plus a rest. ``half_gaussian`` takes second moments of ``gate * z`` as those of
the positive part of a Gaussian variable, in place of those of z / 2.

Source: Hilton (2024), "Version based on George's approach"; Cho and Saul (2009) for the moments of positive parts.
"""

from math import atan2, pi, sqrt

import numpy as np

from heurex.kernels import reals
from heurex.symmetry_kernel import congruence

KERNEL = True


def linear_response(
    carrier: tuple[np.ndarray, np.ndarray, np.ndarray],
    w_hh: np.ndarray,
    eps: tuple[np.ndarray, np.ndarray, np.ndarray],
    gates: np.ndarray,
    state: np.ndarray,
    noise: np.ndarray,
) -> None:
    """State and noise after the last step as linear maps of the inputs, with given gates.

    Parameters
    ----------
    carrier, eps
        Weights that are kept and what is left of the model's, ``(d,)``, ``(d, d)``, ``(n, d)`` each.
    w_hh
        The model's own, ``(d, d)``.
    gates
        ``(n, d)``: 0 or 1, or 1/2 where unknown.
    state, noise
        Out, ``(d, n)``: h_n and e_n.
    """
    d, n = state.shape
    z, e = reals(d, n), reals(d, n)
    for i in range(d):
        for t in range(n):
            state[i, t] = 0.0
            noise[i, t] = 0.0
    for step in range(n):
        for i in range(d):
            for t in range(step):
                here, there = 0.0, 0.0
                for k in range(d):
                    here = here + carrier[1][i, k] * state[k, t]
                    there = there + (w_hh[i, k] * noise[k, t] + eps[1][i, k] * state[k, t])
                z[i, t] = here
                e[i, t] = there
            z[i, step] = carrier[0][i]
            e[i, step] = eps[0][i]
        for i in range(d):
            for t in range(step + 1):
                state[i, t] = gates[step, i] * z[i, t]
                noise[i, t] = gates[step, i] * e[i, t]


def wedge_moment(
    a: np.ndarray, b: np.ndarray, c: np.ndarray, e: np.ndarray, same: bool
) -> tuple[float, float]:
    """``E[1(a.x > 0) 1(b.x > 0) (c.x) (e.x)]`` and the chance of both signs, x standard Gaussian.

    ``same`` tells that a and b are one. A zero row has a gate that is a fair coin.
    """
    aa, bb, ab, ce, ca, ea = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for t in range(a.shape[0]):
        aa = aa + a[t] * a[t]
        bb = bb + b[t] * b[t]
        ab = ab + a[t] * b[t]
        ce = ce + c[t] * e[t]
        ca = ca + c[t] * a[t]
        ea = ea + e[t] * a[t]
    if same:
        return ce / 2, 0.5
    if aa == 0 or bb == 0:
        return ce / 4, 0.25
    across, cp, ep = 0.0, 0.0, 0.0
    for t in range(a.shape[0]):
        rest = b[t] - ab / aa * a[t]
        across = across + rest * rest
        cp = cp + c[t] * rest
        ep = ep + e[t] * rest
    opening = pi - atan2(sqrt(across * aa), ab)
    if across <= 1e-30 * bb:
        return (ce / 2, 0.5) if ab > 0 else (0.0, 0.0)
    ca, ea = ca / sqrt(aa), ea / sqrt(aa)
    cp, ep = cp / sqrt(across), ep / sqrt(across)
    sine, cosine = sqrt(across / bb), ab / sqrt(aa * bb)
    inside = (ca * ea + cp * ep) * opening + (ca * ea - cp * ep) * sine * cosine
    inside = inside + (ca * ep + cp * ea) * sine * sine
    return (inside + (ce - ca * ea - cp * ep) * opening) / (2 * pi), opening / (2 * pi)


def product(left: np.ndarray, middle: np.ndarray, right: np.ndarray, add: np.ndarray) -> None:
    """Add ``left @ middle @ right.T`` and its transpose to a square matrix."""
    rows, size = left.shape
    for i in range(rows):
        for k in range(right.shape[1]):
            half = 0.0
            for m in range(size):
                half = half + left[i, m] * middle[m, k]
            for j in range(rows):
                term = half * right[j, k]
                add[i, j] = add[i, j] + term
                add[j, i] = add[j, i] + term


def pass_gates(
    z: np.ndarray, e: np.ndarray, half_gaussian: bool, joint: bool, rest: np.ndarray, second: np.ndarray,
    states: np.ndarray, mixed: np.ndarray,
) -> None:  # fmt: skip
    """Second moments after the gates of a step.

    ``z`` and ``e`` are the linear parts before the gates, ``rest`` the second moments of the noise less its
    linear part (all of it, unless ``joint``). Out: second moments of e, of h, and of e with h.
    """
    d = z.shape[0]
    for i in range(d):
        for j in range(d):
            if half_gaussian:
                states[i, j], both = wedge_moment(z[i], z[j], z[i], z[j], i == j)
                second[i, j] = both * rest[i, j]
                mixed[i, j] = 0.0
                if joint:
                    part, both = wedge_moment(z[i], z[j], e[i], e[j], i == j)
                    second[i, j] = second[i, j] + part
                    mixed[i, j], both = wedge_moment(z[i], z[j], e[i], z[j], i == j)
                continue
            signal, noise, cross = 0.0, 0.0, 0.0
            for t in range(z.shape[1]):
                signal = signal + z[i, t] * z[j, t]
                if joint:
                    noise = noise + e[i, t] * e[j, t]
                    cross = cross + e[i, t] * z[j, t]
            states[i, j] = signal / 4
            second[i, j] = (rest[i, j] + noise) / 4
            mixed[i, j] = cross / 4


def less_linear(second: np.ndarray, linear: np.ndarray, rest: np.ndarray) -> None:
    """Second moments less those of a linear part, ``(k, k)`` and ``(k, n)``."""
    for i in range(second.shape[0]):
        for j in range(second.shape[0]):
            total = second[i, j]
            for t in range(linear.shape[1]):
                total = total - linear[i, t] * linear[j, t]
            rest[i, j] = total


def spread(
    carrier: tuple[np.ndarray, np.ndarray, np.ndarray],
    weights: tuple[np.ndarray, np.ndarray, np.ndarray],
    eps: tuple[np.ndarray, np.ndarray, np.ndarray],
    half_gaussian: bool,
    joint: bool,
    before: np.ndarray,
    out: np.ndarray,
) -> None:
    """Covariance of the noise that is not linear in the inputs (of all of it unless ``joint``).

    ``before``, ``(d, d)``: of e_z at the last step, before the gates; ``out``, ``(n, n)``: on the logits.
    """
    n, d = weights[2].shape
    z, e, state, noise = reals(d, n), reals(d, n), reals(d, n), reals(d, n)
    second, states, mixed = reals(d, d), reals(d, d), reals(d, d)
    for matrix in (second, states, mixed, z, e, state, noise):
        clear(matrix)
    for step in range(n):
        for i in range(d):
            for t in range(step):
                z[i, t] = e[i, t] = 0.0
                for k in range(d):
                    z[i, t] = z[i, t] + carrier[1][i, k] * state[k, t]
                    e[i, t] = e[i, t] + (weights[1][i, k] * noise[k, t] + eps[1][i, k] * state[k, t])
            z[i, step], e[i, step] = carrier[0][i], eps[0][i]
            for j in range(d):
                before[i, j] = eps[0][i] * eps[0][j]
        congruence(weights[1], second, before, before)
        congruence(eps[1], states, before, before)
        if joint:
            product(weights[1], mixed, eps[1], before)
            less_linear(before, e, before)
            if not half_gaussian:
                clear(before)
        pass_gates(z, e, half_gaussian, joint, before, second, states, mixed)
        for i in range(d):
            for t in range(step + 1):
                state[i, t], noise[i, t] = z[i, t] / 2, e[i, t] / 2
    clear(out)
    congruence(weights[2], second, out, out)
    congruence(eps[2], states, out, out)
    if joint:
        linear = reals(n, n)
        product(weights[2], mixed, eps[2], out)
        to_logits(weights[2], noise, eps[2], state, linear)
        less_linear(out, linear, out)
        if not half_gaussian:
            clear(out)


def clear(matrix: np.ndarray) -> None:
    """Set to zero what is left of a covariance of which nothing but rounding is left."""
    for i in range(matrix.shape[0]):
        for j in range(matrix.shape[1]):
            matrix[i, j] = 0.0


def to_logits(
    w_oh: np.ndarray, first: np.ndarray, eps_oh: np.ndarray, second: np.ndarray, out: np.ndarray
) -> None:
    """``out = w_oh @ first + eps_oh @ second``, ``(n, n)``."""
    n, d = w_oh.shape
    for i in range(n):
        for t in range(out.shape[1]):
            total = 0.0
            for k in range(d):
                total = total + (w_oh[i, k] * first[k, t] + eps_oh[i, k] * second[k, t])
            out[i, t] = total
