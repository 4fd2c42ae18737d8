"""Kernel: exact regions of a network of four inputs up to a step, gates presumed independent for the steps after it.

:mod:`heurex.estimators.layerwise_kernel` one dimension up, on the cells of :mod:`heurex.estimators.cells4_kernel`
with the gates of :mod:`heurex.estimators.gates4_kernel`.

Source: Hilton (2024), "Original version", taken to any number of neurons and of presumed steps.
"""

from math import sqrt
from typing import Any

import numpy as np

from heurex.cones.flux4 import fraction
from heurex.cones.polytope4 import ADDED, ONCE, SCALED, real_facets, tally
from heurex.estimators.cells4_kernel import (
    active,
    begin,
    cap,
    cut_neuron,
    facet_capacity,
    preactivations,
    ray_capacity,
    stack_depth,
)
from heurex.estimators.gates4_kernel import gate_probabilities, label_fraction, shut
from heurex.estimators.gates_kernel import drifts, latent_gates, leads, mean_gates, wobbles
from heurex.estimators.regions4_kernel import measure
from heurex.kernels import reals

KERNEL = True

CORNERS: Any = np.int64(4)
BOTTOM: Any = np.int64(0)
ALL: Any = np.int64(-1)
CELLS = 7
MISFITS = 9
# A cell smaller than this contributes nothing: what lies in it is rounding.
NEGLIGIBLE = 1e-15
# Rounding of a fraction in R^4 in units of that in R^3, and of a part of a body in units of that of an area.
COARSER = 0.25
THICKER = 3.0
WOBBLE = np.array([6, 8, 2, 1, 0])


def open_level(
    level: int, here: np.ndarray, masks: np.ndarray, m: int, whole: float, linear: np.ndarray, columns: int,
    normals: np.ndarray, facets: int, floors: np.ndarray, other: np.ndarray, other_masks: np.ndarray,
    edges: np.ndarray, scratch: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    chance: tuple[np.ndarray, np.ndarray, np.ndarray], shifts: np.ndarray, latent: bool, drift: np.ndarray,
    gates: np.ndarray, wobble: np.ndarray, odometer: np.ndarray, ops: np.ndarray,
) -> bool:  # fmt: skip
    """Gates of one presumed step on a cell, as in the layerwise kernel of three inputs; false if one is unknown."""
    probs, spreads, passed = chance
    known = gate_probabilities(
        here, masks, m, whole, linear, columns, normals, facets, floors, other, other_masks, edges, scratch, chance,
        ops,
    )  # fmt: skip
    odometer[level, 0] = 0
    odometer[level, 1] = 1
    if latent:
        if latent_gates(probs, spreads, shifts, gates):
            odometer[level, 1] = 2
    else:
        mean_gates(probs, gates)
    wobbles(here[:, 1:], m, COARSER * whole, spreads, passed, drift, gates, shifts, latent, wobble)
    tally(ops, WOBBLE, 2 * probs.shape[0])
    shut(here, m, gates, wobble)
    return known


def pass_gates(
    gates: np.ndarray, below: np.ndarray, columns: int, above: np.ndarray, on: np.ndarray, ops: np.ndarray
) -> int:
    """Linear functions behind the gates; lists those that are not shut, and returns how many."""
    count = 0
    for j in range(gates.shape[0]):
        if gates[j] != 0:
            on[count] = j
            count += 1
            for c in range(columns):
                above[j, c] = gates[j] * below[j, c]
            tally(ops, SCALED, columns)
    return count


def presume(
    rays: np.ndarray, masks: np.ndarray, m: int, normals: np.ndarray, facets: int, linear: np.ndarray, steps: int,
    w_hi: np.ndarray, w_hh: np.ndarray, lead: np.ndarray, label: int, latent: bool, chances: np.ndarray,
    shifts: np.ndarray, on: np.ndarray, count: int, every: np.ndarray, layers: np.ndarray, functions: np.ndarray,
    floors: np.ndarray, gates: np.ndarray, wobble: np.ndarray, drift: np.ndarray, weight: np.ndarray,
    chance: tuple[np.ndarray, np.ndarray, np.ndarray], fresh: np.ndarray, z: np.ndarray, odometer: np.ndarray,
    one: np.ndarray, one_masks: np.ndarray, two: np.ndarray, two_masks: np.ndarray, edges: np.ndarray,
    scratch: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray], ops: np.ndarray, out: np.ndarray,
) -> None:  # fmt: skip
    """One cell after its last exact step: fraction, contribution, doubtful fraction and rounding, to ``out``."""
    ops[CELLS] += 1
    d = w_hi.shape[0]
    whole, found = fraction(
        rays, masks, m, normals, facets, ALL, edges, scratch[2], scratch[3], scratch[4], ops
    )
    known = found >= 0
    out[0], out[1], out[2], out[3] = whole, 0.0, 0.0, whole
    if not known:
        ops[MISFITS] += 1
        out[3] = cap(rays, m, ONCE == 0)
    if not known or whole < NEGLIGIBLE:
        return
    last = layers.shape[0] - 1
    right, risk = 0.0, 0.0
    for j in range(d):
        for c in range(steps):
            functions[0, j, c] = linear[j, c]
        drift[0, j] = 0.0
    level = BOTTOM
    opening = True
    weight[0] = 1.0
    while level >= 0:
        if opening:
            for i in range(m):
                for c in range(CORNERS):
                    layers[level, i, c] = rays[i, c]
            preactivations(
                layers[level], m, steps + level, w_hi, w_hh, on, count, functions[level], fresh, floors, ops
            )
            known = known and open_level(
                level, layers[level], masks, m, whole, functions[level], steps + level + 1, normals, facets, floors,
                one, one_masks, edges, scratch, chance, shifts, latent, drift[level], gates[level], wobble[level],
                odometer, ops,
            )  # fmt: skip
            opening = False
        which = odometer[level, 0]
        if which == odometer[level, 1]:
            level -= 1
            continue
        odometer[level, 0] += 1
        share = weight[level]
        if odometer[level, 1] > 1:
            share = share * chances[which]
            tally(ops, SCALED, ONCE)
        if level < last:
            count = pass_gates(
                gates[level, which], functions[level], steps + level + 1, functions[level + 1], on, ops
            )
            drifts(layers[level][:, 1:], m, w_hh, wobble[level, which], drift[level + 1])
            level += 1
            weight[level] = share
            opening = True
        else:
            part, error, doubtful = label_fraction(
                layers[level], masks, m, whole, lead, gates[level, which], wobble[level, which], label,
                functions[level], scratch[0], z, every, normals, facets, floors, one, one_masks, two, two_masks,
                edges, scratch, ops,
            )  # fmt: skip
            known = known and part >= 0
            risk = max(risk, error)
            right = right + share * part
            tally(ops, ADDED, ONCE)
            tally(ops, SCALED, ONCE)
            if doubtful:
                out[2] = whole
    if known:
        out[1] = right
        out[3] = min(whole, THICKER * whole * risk)
    else:
        ops[MISFITS] += 1


def layerwise(
    w_hi: np.ndarray, w_hh: np.ndarray, w_oh: np.ndarray, starts: np.ndarray, marks: np.ndarray,
    sizes: np.ndarray, walls: np.ndarray, labels: np.ndarray, steps: int, latent: bool, latent_prob: float,
    measures: np.ndarray, sink_index: np.ndarray, sink_pattern: np.ndarray, sink_measures: np.ndarray,
    sink_rays: np.ndarray, sink_normals: np.ndarray, ops: np.ndarray,
) -> int:  # fmt: skip
    """Cut cones of inputs into exact regions of the first steps, and add up what the gates after them give.

    Parameters
    ----------
    w_hi, w_hh, w_oh
        Weights, shapes ``(d,)``, ``(d, d)``, ``(4, d)``.
    starts, marks, sizes, walls, labels
        Cones to begin with, as for :func:`heurex.estimators.regions4_kernel.walk`.
    steps
        How many steps are exact, from 1 to n.
    latent, latent_prob
        Whether the gates of a step share a latent variable (else they stand at their means), and the chance
        that it is 1.
    measures
        Out, ``(cones, 4)``: fraction of each cone as the sum of its cells, contribution, fraction in which it
        hangs on rounding, and a bound on the contribution's rounding behind the gates.
    sink_index, sink_pattern, sink_measures, sink_rays, sink_normals, ops
        Out, as for :func:`heurex.estimators.regions4_kernel.walk`, with four measures a cell.

    Returns
    -------
    The number of cells, also where the sink is shorter.
    """
    d, n = w_hi.shape[0], w_oh.shape[0]
    extra, depth, levels = walls.shape[1], stack_depth(d, n), max(n - steps, 1)
    room, sides, width = ray_capacity(d, n, extra), facet_capacity(d, n, extra), 4 + max(d, n)
    rays, masks = reals(depth, room, 4 + d), np.zeros((depth, room), np.int64)
    normals, linear, floors = reals(depth, sides, CORNERS), reals(depth, d, 5), reals(depth, max(d, n))
    one, two = reals(room, width), reals(room, width)
    one_masks, two_masks = np.zeros(room, np.int64), np.zeros(room, np.int64)
    edges, on, every = np.zeros((3 * room, 3), np.int64), np.zeros(d, np.int64), np.arange(d)
    fresh, out, z = reals(d, 5), reals(5), reals(d)
    scratch = (reals(CORNERS), reals(sides), reals(room, CORNERS), reals(4, 4), reals(5, 3))
    layers, functions = reals(levels, room, 4 + d), reals(levels, d, 5)
    functions[:] = 0.0
    gates, wobble, drift = reals(levels, 2, d), reals(levels, 2, d), reals(levels, d)
    weight, chance, odometer = reals(levels), (reals(d), reals(d), reals(d)), np.zeros((levels, 2), np.int64)
    lead, shifts, chances = reals(n, n, d), reals(2), reals(2)
    leads(w_oh, lead)
    tally(ops, ADDED, n * (n - 1) * d // 2)
    for label in range(n):
        for j in range(d):
            lead[label, label, j] = 0.0
    chances[0], chances[1] = 1 - latent_prob, latent_prob
    shifts[0] = sqrt(latent_prob / (1 - latent_prob))
    shifts[1] = 1 / shifts[0]
    state, pattern = np.zeros((depth, 6), np.int64), np.zeros((depth, n, d), np.int8)
    cells = 0
    for start in range(starts.shape[0]):
        label = labels[start]
        for k in range(4):
            measures[start, k] = 0.0
        begin(
            w_hi, starts[start], marks[start], sizes[start], walls[start], rays[0], masks[0], normals[0], linear[0],
            state[0], pattern[0],
        )  # fmt: skip
        top = BOTTOM
        while top >= 0:
            if state[top, 2] < d:
                top = cut_neuron(
                    top,
                    rays,
                    masks,
                    normals,
                    linear,
                    floors,
                    state,
                    pattern,
                    one,
                    one_masks,
                    two,
                    two_masks,
                    ops,
                )
                continue
            m, step, facets = state[top, 0], state[top, 1], state[top, 3]
            count = active(pattern[top, step], on)
            if step + 1 < steps:
                state[top, 1] = step + 1
                state[top, 2] = 0
                preactivations(
                    rays[top], m, step + 1, w_hi, w_hh, on, count, linear[top], fresh, floors[top], ops
                )
                continue
            if steps < n:
                presume(
                    rays[top], masks[top], m, normals[top], facets, linear[top], steps, w_hi, w_hh, lead[label], label,
                    latent, chances, shifts, on, count, every, layers, functions, floors[top], gates, wobble, drift,
                    weight, chance, fresh, z, odometer, one, one_masks, two, two_masks, edges, scratch, ops, out,
                )  # fmt: skip
            else:
                measure(
                    top, rays, masks, normals, linear, state, on, count, lead[label], label, BOTTOM == 0,
                    sizes[start, 1], one, one_masks, two, two_masks, edges, scratch, floors[top], ops, out,
                )  # fmt: skip
                out[3] = out[3] + out[4]
            for k in range(4):
                if out[k] != 0:
                    measures[start, k] = measures[start, k] + out[k]
                    tally(ops, ADDED, ONCE)
            if cells < sink_index.shape[0]:
                sink_index[cells, 0], sink_index[cells, 1], sink_index[cells, 2] = start, m, facets
                sink_index[cells, 3] = real_facets(masks[top], m)
                for t in range(n):
                    for j in range(d):
                        sink_pattern[cells, t, j] = pattern[top, t, j]
                for k in range(4):
                    sink_measures[cells, k] = out[k]
                for c in range(CORNERS):
                    for i in range(m):
                        sink_rays[cells, i, c] = rays[top, i, c]
                    for f in range(facets):
                        sink_normals[cells, f, c] = normals[top, f, c]
            cells += 1
            top -= 1
    return cells


def layerwise_batch(
    w_hi: np.ndarray, w_hh: np.ndarray, w_oh: np.ndarray, starts: np.ndarray, marks: np.ndarray,
    sizes: np.ndarray, walls: np.ndarray, labels: np.ndarray, steps: int, latent: bool, latent_prob: float,
    measures: np.ndarray, cells: np.ndarray, ops: np.ndarray,
) -> None:  # fmt: skip
    """:func:`layerwise` for each of a stack of models; ``measures`` is ``(models, cones, 4)``."""
    no_index, no_pattern = np.empty((0, 4), np.int64), np.empty((0, 1, 1), np.int8)
    no_measures, no_rays, no_normals = reals(0, 4), reals(0, 1, CORNERS), reals(0, 1, CORNERS)
    for b in range(w_hi.shape[0]):
        cells[b] = layerwise(
            w_hi[b], w_hh[b], w_oh[b], starts, marks, sizes, walls, labels, steps, latent, latent_prob, measures[b],
            no_index, no_pattern, no_measures, no_rays, no_normals, ops[b],
        )  # fmt: skip
