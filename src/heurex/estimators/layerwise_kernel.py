"""Kernel: exact activation regions up to a step, gates presumed independent for the steps after it.

The walk is that of :mod:`heurex.estimators.regions_kernel`, stopped after ``steps`` steps. Within a cell it
leaves, the later steps are linear once their ReLUs are gates, so all of it is read at the cell's corners. With
several such steps the gates of each depend on the latent variables of those before: every combination of them
is gone through, depth first.

Source: Hilton (2024), "Original version", taken to any number of neurons and of presumed steps.
"""

from math import sqrt

import numpy as np

from heurex.cones.corners import fraction
from heurex.estimators.gates_kernel import (
    drifts,
    gate_probabilities,
    label_fraction,
    latent_gates,
    leads,
    mean_gates,
    wobbles,
)
from heurex.estimators.regions_kernel import (
    begin,
    copy_corners,
    corner_capacity,
    cut_neuron,
    measure,
    preactivations,
    stack_depth,
)
from heurex.kernels import reals

KERNEL = True

RAY = np.int64(3)
BOTTOM = np.int64(0)
# A cell smaller than this contributes nothing: what lies in it is rounding.
NEGLIGIBLE = 1e-15


def open_level(
    level: int, corners: np.ndarray, m: int, whole: float, shifts: np.ndarray, latent: bool,
    chance: tuple[np.ndarray, np.ndarray, np.ndarray], drift: np.ndarray, gates: np.ndarray,
    wobble: np.ndarray, odometer: np.ndarray, one: np.ndarray,
) -> None:  # fmt: skip
    """Gates of one presumed step on a cell, and by how much rounding can move what they pass on.

    ``odometer[level]`` becomes (0, number of the latent variable's values that matter): one where all gates
    are certain or are taken at their means.
    """
    probs, spreads, passed = chance
    gate_probabilities(corners, m, whole, one, probs, spreads, passed)
    odometer[level, 0] = 0
    odometer[level, 1] = 1
    if latent:
        if latent_gates(probs, spreads, shifts, gates):
            odometer[level, 1] = 2
    else:
        mean_gates(probs, gates)
    wobbles(corners, m, whole, spreads, passed, drift, gates, shifts, latent, wobble)


def pass_gates(below: np.ndarray, m: int, gates: np.ndarray, above: np.ndarray) -> None:
    """Write the state behind the gates to the corners of the next level."""
    for i in range(m):
        for w in range(3):
            above[i, w] = below[i, w]
        for j in range(gates.shape[0]):
            z = below[i, 3 + j]
            above[i, 3 + j] = gates[j] * z if gates[j] != 0 and z != 0 else 0.0


def presume(
    corners: np.ndarray, m: int, steps: int, w_hi: np.ndarray, w_hh: np.ndarray, lead: np.ndarray,
    label: int, latent: bool, chances: np.ndarray, shifts: np.ndarray, layers: np.ndarray,
    gates: np.ndarray, wobble: np.ndarray, drift: np.ndarray, weight: np.ndarray,
    chance: tuple[np.ndarray, np.ndarray, np.ndarray], z: np.ndarray, odometer: np.ndarray,
    scratch: tuple[np.ndarray, np.ndarray, np.ndarray], out: np.ndarray,
) -> None:  # fmt: skip
    """One cell after its last exact step: fraction, contribution, doubtful fraction and rounding, to ``out``."""
    here, one, two = scratch
    whole = fraction(corners, m)
    out[0], out[1], out[2], out[3] = whole, 0.0, 0.0, whole
    if whole < NEGLIGIBLE:
        return
    last = layers.shape[0] - 1
    right, risk = 0.0, 0.0
    copy_corners(corners, m, RAY + w_hi.shape[0], layers[0])
    preactivations(layers[0], m, steps, w_hi, w_hh, z)
    level = BOTTOM
    drift[0] = 0.0
    open_level(
        level, layers[0], m, whole, shifts, latent, chance, drift[0], gates[0], wobble[0], odometer, one
    )
    weight[0] = 1.0
    while level >= 0:
        which = odometer[level, 0]
        if which == odometer[level, 1]:
            level -= 1
            continue
        odometer[level, 0] += 1
        share = weight[level]
        if odometer[level, 1] > 1:
            share = chances[which] if share == 1 else share * chances[which]
        if level < last:
            pass_gates(layers[level], m, gates[level, which], layers[level + 1])
            level += 1
            weight[level] = share
            preactivations(layers[level], m, steps + level, w_hi, w_hh, z)
            drifts(layers[level], m, w_hh, wobble[level - 1, which], drift[level])
            open_level(
                level, layers[level], m, whole, shifts, latent, chance, drift[level], gates[level],
                wobble[level], odometer, one,
            )  # fmt: skip
        else:
            part, error, doubtful = label_fraction(
                layers[level], m, whole, lead, gates[level, which], wobble[level, which], label, z, here,
                one, two,
            )  # fmt: skip
            risk = max(risk, error)
            right = right + share * part if share != 1 else right + part
            if doubtful:
                out[2] = whole
    out[1] = right
    out[3] = min(whole, whole * risk)


def layerwise(
    w_hi: np.ndarray,
    w_hh: np.ndarray,
    w_oh: np.ndarray,
    starts: np.ndarray,
    sizes: np.ndarray,
    labels: np.ndarray,
    steps: int,
    latent: bool,
    latent_prob: float,
    measures: np.ndarray,
    sink_index: np.ndarray,
    sink_pattern: np.ndarray,
    sink_measures: np.ndarray,
    sink_corners: np.ndarray,
) -> int:
    """Cut cones of inputs into exact regions of the first steps, and add up what the gates after them give.

    Parameters
    ----------
    w_hi, w_hh, w_oh
        Weights, shapes ``(d,)``, ``(d, d)``, ``(n, d)`` with n = 2 or 3.
    starts, sizes, labels
        Cones to begin with, as for :func:`heurex.estimators.regions_kernel.walk`.
    steps
        How many steps are exact, from 1 to n.
    latent, latent_prob
        Whether the gates of a step share a latent variable (else they stand at their means), and the chance
        that it is 1.
    measures
        Out, ``(cones, 4)``: fraction of each cone as the sum of its cells, contribution, fraction in which it
        hangs on rounding, and a bound on the contribution's rounding behind the gates.
    sink_index, sink_pattern, sink_measures, sink_corners
        Out, as far as their length goes: for each cell its cone and number of corners ``(cells, 2)``; which
        neurons are on at which exact step ``(cells, n, d)``; its four measures ``(cells, 4)``; its rays
        ``(cells, corners, 3)``.

    Returns
    -------
    The number of cells, also where the sink is shorter.
    """
    d, n = w_hi.shape[0], w_oh.shape[0]
    capacity, depth = corner_capacity(d, n), stack_depth(d, n)
    levels = max(n - steps, 1)
    stack, layers = reals(depth, capacity, 4 + d), reals(levels, capacity, 3 + d)
    width = max(4 + d, 3 + n)
    scratch = (reals(capacity, 3 + n), reals(capacity, width), reals(capacity, width))
    gates, wobble, drift = reals(levels, 2, d), reals(levels, 2, d), reals(levels, d)
    weight, chance = reals(levels), (reals(d), reals(d), reals(d))
    z, out, lead = reals(d), reals(4), reals(n, n, d)
    shifts, chances = reals(2), reals(2)
    if steps < n:
        leads(w_oh, lead)
        chances[0], chances[1] = 1 - latent_prob, latent_prob
        shifts[0] = sqrt(latent_prob / (1 - latent_prob))
        shifts[1] = 1 / shifts[0]
    state, odometer = np.zeros((depth, 4), np.int64), np.zeros((levels, 2), np.int64)
    pattern = np.zeros((depth, n, d), np.int8)
    cells = 0
    for start in range(starts.shape[0]):
        label = labels[start]
        measures[start] = 0.0
        begin(w_hi, starts[start], sizes[start], stack[0], pattern[0])
        state[0] = 0
        state[0, 0], state[0, 2] = sizes[start], d
        top = BOTTOM
        while top >= 0:
            if state[top, 2] < d:
                top = cut_neuron(top, stack, state, pattern, scratch[1], scratch[2])
            elif state[top, 1] + 1 < steps:
                state[top, 1] += 1
                state[top, 2] = 0
                preactivations(stack[top], state[top, 0], state[top, 1], w_hi, w_hh, z)
            else:
                m = state[top, 0]
                if steps < n:
                    presume(
                        stack[top], m, steps, w_hi, w_hh, lead[label], label, latent, chances, shifts,
                        layers, gates, wobble, drift, weight, chance, z, odometer, scratch, out,
                    )  # fmt: skip
                else:
                    out[3] = 0.0
                    measure(stack[top], m, w_oh, label, state[top, 3] == 1, scratch[1], scratch[2], out)
                for k in range(4):
                    measures[start, k] = measures[start, k] + out[k]
                if cells < sink_index.shape[0]:
                    sink_index[cells, 0] = start
                    sink_index[cells, 1] = m
                    sink_measures[cells] = out
                    sink_pattern[cells] = pattern[top]
                    copy_corners(stack[top], m, RAY, sink_corners[cells])
                cells += 1
                top -= 1
    return cells


def layerwise_batch(
    w_hi: np.ndarray,
    w_hh: np.ndarray,
    w_oh: np.ndarray,
    starts: np.ndarray,
    sizes: np.ndarray,
    labels: np.ndarray,
    steps: int,
    latent: bool,
    latent_prob: float,
    measures: np.ndarray,
    cells: np.ndarray,
) -> None:
    """:func:`layerwise` for each of a stack of models; ``measures`` is ``(models, cones, 4)``."""
    no_index = np.empty((0, 2), np.int64)
    no_pattern = np.empty((0, 1, 1), np.int8)
    no_measures = reals(0, 4)
    no_corners = reals(0, 1, 3)
    for b in range(w_hi.shape[0]):
        cells[b] = layerwise(
            w_hi[b], w_hh[b], w_oh[b], starts, sizes, labels, steps, latent, latent_prob, measures[b],
            no_index, no_pattern, no_measures, no_corners,
        )  # fmt: skip
