"""Accuracy for n = 4 by slices: another way, which shares nothing with the package.

In a plane of fixed x_0 : x_1 the other two inputs, in units of the length r of (x_0, x_1), have density
(1 + a^2 + b^2)^-2 / pi, and the network is piecewise linear in (a, b). By the divergence theorem an edge at signed
distance c from the origin, from s_0 to s_1 along itself, contributes c / (2 pi w) [atan(s / w)], w^2 = 1 + c^2. What
is left is an integral over the angle of (x_0, x_1), by Gauss-Legendre rules between the angles at which a
preactivation of the second step vanishes.
"""

import math
from itertools import pairwise, permutations

import numpy as np

FAR = 1e6  # what is beyond has a probability below 1e-12


def clip(polygon, plane):
    """The part of a polygon, corners (a, b) counterclockwise, with plane[0] + plane[1] a + plane[2] b >= 0."""
    values = plane[0] + polygon @ plane[1:]
    if (values >= 0).all():
        return polygon
    kept = []
    for i, (here, there) in enumerate(zip(values, np.roll(values, -1), strict=True)):
        following = polygon[(i + 1) % len(polygon)]
        if here >= 0:
            kept.append(polygon[i])
        if here * there < 0:
            kept.append(polygon[i] + here / (here - there) * (following - polygon[i]))
    return np.array(kept) if len(kept) > 2 else np.zeros((0, 2))


def probability(polygon):
    """Of a polygon under the density (1 + a^2 + b^2)^-2 / pi."""
    ends = np.roll(polygon, -1, axis=0)
    step = ends - polygon
    length = np.hypot(*step.T)
    keep = length > 0
    start, along = polygon[keep], step[keep] / length[keep, None]
    c = start[:, 0] * along[:, 1] - start[:, 1] * along[:, 0]
    s = (start * along).sum(axis=1)
    w = np.sqrt(1 + c * c)
    return float((c / w * (np.arctan((s + length[keep]) / w) - np.arctan(s / w))).sum() / (2 * math.pi))


def right_share(model, angle):
    """Share of a slice that is answered rightly."""
    x = np.array([math.cos(angle), math.sin(angle)])
    h = np.maximum(model.w_hh @ np.maximum(model.w_hi * x[0], 0) + model.w_hi * x[1], 0)
    inputs = np.array([[x[0], 0, 0], [x[1], 0, 0], [0, 1, 0], [0, 0, 1]])
    box = np.array([[-FAR, -FAR], [FAR, -FAR], [FAR, FAR], [-FAR, FAR]])
    cells = [(box, np.column_stack([h, np.zeros((len(h), 2))]))]
    for t in (2, 3):
        for polygon, state in cells[:]:
            cells.pop(0)
            z = model.w_hh @ state + np.outer(model.w_hi, inputs[t])
            parts = [(polygon, ())]
            for row in z:
                parts = [
                    (piece, (*on, sign))
                    for old, on in parts
                    for sign in (1, 0)
                    if len(piece := clip(old, row if sign else -row))
                ]
            cells += [(piece, np.array(on)[:, None] * z) for piece, on in parts]
    total = 0.0
    for first, label in permutations(range(4), 2):
        order = [inputs[first] - inputs[label]]
        order += [inputs[label] - inputs[i] for i in range(4) if i not in (first, label)]
        for polygon, state in cells:
            logits = model.w_oh @ state
            rivals = [i for i in range(4) if i != label]
            if any(not (logits[label] - logits[i]).any() and i < label for i in rivals):
                continue
            part = polygon
            for plane in order + [logits[label] - logits[i] for i in rivals]:
                if len(part):
                    part = clip(part, plane)
            if len(part):
                total += probability(part)
    return total


def accuracy(model, pieces, nodes):
    """The accuracy, with each arc between break points cut into pieces, and a rule of so many nodes on each."""
    breaks = {-math.pi, -math.pi / 2, 0.0, math.pi / 2, math.pi, math.pi / 4, -3 * math.pi / 4}
    for sign in (1, -1):
        slope = model.w_hh @ np.maximum(sign * model.w_hi, 0) * sign
        for a, b in zip(slope, model.w_hi, strict=True):  # a x_0 + b x_1 = 0 with x_0 of that sign
            breaks.add(math.atan2(-sign * a / b, sign))
    edges = sorted(breaks)
    points, weights = np.polynomial.legendre.leggauss(nodes)
    total = 0.0
    for low, high in pairwise(edges):
        cuts = np.linspace(low, high, pieces + 1)
        for start, end in pairwise(cuts):
            half = (end - start) / 2
            total += half * sum(
                weight * right_share(model, start + half * (1 + point))
                for point, weight in zip(points, weights, strict=True)
            )
    return total / (2 * math.pi)
