"""Slow twins for n = 4: every number a fraction of a cone given by its half-spaces, no rays and no cuts."""

import math
from itertools import product

import numpy as np

from heurex import cone_fraction
from heurex.tasks import ordering_normals, orderings

NOTHING = 1e-14


def regions(model, steps, rows):
    """States and half-spaces of all sign patterns of the first steps that have an interior."""
    d, n = model.hidden_size, model.seq_len
    found = [(np.zeros((d, n)), rows)]
    for t in range(steps):
        before, found = found, []
        for state, rows in before:
            z = model.w_hh @ state + np.outer(model.w_hi, np.eye(n)[t])
            for on in product((0, 1), repeat=d):
                if any(on[j] and not z[j].any() for j in range(d)):
                    continue
                more = np.vstack([rows, (2 * np.array(on) - 1)[:, None] * z])
                if cone_fraction(more, workers=1) > NOTHING:
                    found.append((np.array(on)[:, None] * z, more))
    return found


def share_right(logits, label, rows):
    """Fraction of a cone in which the label's logit is the first largest one."""
    rivals = [i for i in range(len(logits)) if i != label]
    margins = [logits[label] - logits[i] for i in rivals]
    if any(not margin.any() and i < label for margin, i in zip(margins, rivals, strict=True)):
        return 0.0
    return cone_fraction(np.vstack([rows, margins]), workers=1)


def exact(model):
    """The accuracy, summed over all sign patterns of all steps and all orderings."""
    n = model.seq_len
    return math.fsum(
        share_right(model.w_oh @ state, order[1], np.vstack([rows, ordering_normals(order)]))
        for state, rows in regions(model, n, np.zeros((0, n)))
        for order in orderings(n)
    )


def gate(p, z, q):
    """The note's latent gate, from its text; p = q makes it 0."""
    s = math.sqrt(p * (1 - p))
    shift = math.sqrt((1 - q) / q) * s if z else -math.sqrt(q / (1 - q)) * s
    value = p + shift if p <= 0.5 + 1e-12 else p - shift
    return value if abs(value) > 1e-12 else 0.0


def layerwise(model, steps, q, mean=False):
    """The layerwise explanation."""
    n = model.seq_len

    def presumed(state, t, rows, label, whole):
        if t == n:
            return share_right(model.w_oh @ state, label, rows)
        z = model.w_hh @ state + np.outer(model.w_hi, np.eye(n)[t])
        p = [cone_fraction(np.vstack([rows, row]), workers=1) / whole if row.any() else 0 for row in z]
        certain = max(1e-12, 1e-14 / whole)
        p = [round(x) if min(abs(x), abs(1 - x)) < certain else x for x in p]
        chances = [(p, 1.0)]
        if not mean:
            chances = [([gate(x, latent, q) for x in p], chance) for latent, chance in ((0, 1 - q), (1, q))]
        return sum(
            chance * presumed(np.array(gates)[:, None] * z, t + 1, rows, label, whole)
            for gates, chance in chances
        )

    total = 0.0
    for order, sign in product(orderings(n), (1, -1)):
        for state, rows in regions(model, steps, np.vstack([ordering_normals(order), sign * np.eye(n)[0]])):
            total += presumed(state, steps, rows, order[1], cone_fraction(rows, workers=1))
    return total
