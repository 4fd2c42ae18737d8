"""The all-pairs algorithm for cones in 3-space, plainly compiled: a peer to time heurex against. Frozen.

For every pair of planes the cross product of their normals and its opposite are tested against all other
planes; those that pass are the rays of the cone, and the exterior angles at them give the area. It keeps
no tie, decides no sign with care and fails on degenerate input: that is the algorithm as it is, with one
arctangent a cone (which is to its advantage). Do not improve it: figures over the years compare with it.

Source: Hilton (2024), AlgZoo note, footnote 1 (the algorithm; this is a fresh implementation).
"""

import math

import numba
import numpy as np

__all__ = ["all_pairs_lockstep", "all_pairs_scalar"]

_LANES = 64


@numba.njit(nogil=True, error_model="numpy")
def _one(a: np.ndarray) -> float:
    k = a.shape[0]
    real, imaginary = 1.0, 0.0
    corners = 0
    for i in range(k):
        for j in range(i + 1, k):
            x = a[i, 1] * a[j, 2] - a[i, 2] * a[j, 1]
            y = a[i, 2] * a[j, 0] - a[i, 0] * a[j, 2]
            z = a[i, 0] * a[j, 1] - a[i, 1] * a[j, 0]
            above, below = True, True
            for m in range(k):
                if m != i and m != j:
                    height = x * a[m, 0] + y * a[m, 1] + z * a[m, 2]
                    above = above and height >= 0.0
                    below = below and height <= 0.0
                    if not above and not below:
                        break
            if above or below:
                corners += 1
                p = a[i, 0] * a[j, 0] + a[i, 1] * a[j, 1] + a[i, 2] * a[j, 2]
                q = math.sqrt(x * x + y * y + z * z)
                real, imaginary = real * p - imaginary * q, real * q + imaginary * p
    if corners == 0:
        return 0.0
    angle = math.atan2(imaginary, real)
    return -angle / (4 * math.pi) if angle < 0.0 else 0.5 - angle / (4 * math.pi)


@numba.njit(nogil=True, error_model="numpy")
def all_pairs_scalar(normals: np.ndarray, values: np.ndarray) -> None:
    """One cone after the other, leaving a pair as soon as both of its rays are cut off."""
    for b in range(normals.shape[0]):
        values[b] = _one(normals[b])


@numba.njit(nogil=True, error_model="numpy")
def _cross(one: np.ndarray, two: np.ndarray, out: np.ndarray) -> None:
    for t in range(_LANES):
        out[t] = one[_LANES + t] * two[2 * _LANES + t] - one[2 * _LANES + t] * two[_LANES + t]
        out[_LANES + t] = one[2 * _LANES + t] * two[t] - one[t] * two[2 * _LANES + t]
        out[2 * _LANES + t] = one[t] * two[_LANES + t] - one[_LANES + t] * two[t]
        out[3 * _LANES + t] = 1.0
        out[4 * _LANES + t] = 1.0


@numba.njit(nogil=True, error_model="numpy")
def _test(ray: np.ndarray, plane: np.ndarray) -> None:
    for t in range(_LANES):
        height = (
            ray[t] * plane[t]
            + ray[_LANES + t] * plane[_LANES + t]
            + ray[2 * _LANES + t] * plane[2 * _LANES + t]
        )
        ray[3 * _LANES + t] = ray[3 * _LANES + t] if height >= 0.0 else 0.0
        ray[4 * _LANES + t] = ray[4 * _LANES + t] if height <= 0.0 else 0.0


@numba.njit(nogil=True, error_model="numpy")
def _turn(one: np.ndarray, two: np.ndarray, ray: np.ndarray, product: np.ndarray) -> None:
    for t in range(_LANES):
        x, y, z = ray[t], ray[_LANES + t], ray[2 * _LANES + t]
        p = one[t] * two[t] + one[_LANES + t] * two[_LANES + t] + one[2 * _LANES + t] * two[2 * _LANES + t]
        q = math.sqrt(x * x + y * y + z * z)
        corner = ray[3 * _LANES + t] + ray[4 * _LANES + t] > 0.0
        p = p if corner else 1.0
        q = q if corner else 0.0
        real, imaginary = product[t], product[_LANES + t]
        product[t] = real * p - imaginary * q
        product[_LANES + t] = real * q + imaginary * p


@numba.njit(nogil=True, error_model="numpy")
def all_pairs_lockstep(normals: np.ndarray, values: np.ndarray) -> None:
    """64 cones at a time without branches; the number of cones must be a multiple of 64."""
    k = normals.shape[1]
    tiles = np.empty((k, 3 * _LANES))
    ray = np.empty(5 * _LANES)
    product = np.empty(2 * _LANES)
    for start in range(0, normals.shape[0], _LANES):
        for m in range(k):
            for t in range(_LANES):
                tiles[m, t] = normals[start + t, m, 0]
                tiles[m, _LANES + t] = normals[start + t, m, 1]
                tiles[m, 2 * _LANES + t] = normals[start + t, m, 2]
        product[:_LANES] = 1.0
        product[_LANES:] = 0.0
        for i in range(k):
            for j in range(i + 1, k):
                _cross(tiles[i], tiles[j], ray)
                for m in range(k):
                    if m != i and m != j:
                        _test(ray, tiles[m])
                _turn(tiles[i], tiles[j], ray, product)
        for t in range(_LANES):
            angle = math.atan2(product[_LANES + t], product[t])
            nothing = product[_LANES + t] == 0.0 and product[t] == 1.0
            value = -angle / (4 * math.pi) if angle < 0.0 else 0.5 - angle / (4 * math.pi)
            values[start + t] = 0.0 if nothing else value
