"""How much of space is in a cone: half-spaces or rays in, a number in [0, 1] and its error out.

One door for every dimension from 2 to 6; the kernels behind it are loaded when they are needed.
"""

from __future__ import annotations

import math
import os
from importlib import import_module
from types import ModuleType
from typing import Any, Final, Literal, overload

import numpy as np

from heurex.cones.measure import ConeMeasure
from heurex.errors import ConeError

__all__ = ["ConeMeasure", "cone_fraction", "cone_measure"]

# Module of each dimension; each has measure_batch, measure_rays_batch, count_operations and method.
_HOMES: Final = {2: "lower", 3: "lower", 4: "higher", 5: "higher", 6: "higher"}
_STATUSES: Final = ("ok", "ill_conditioned")


@overload
def cone_fraction(
    normals: Any = None, *, rays: Any = None, return_error: Literal[False] = False, workers: int | None = None
) -> Any: ...
@overload
def cone_fraction(
    normals: Any = None, *, rays: Any = None, return_error: Literal[True], workers: int | None = None
) -> tuple[Any, Any]: ...
def cone_fraction(
    normals: Any = None, *, rays: Any = None, return_error: bool = False, workers: int | None = None
) -> Any:
    """Fraction of n-space in cones: the probability that a standard Gaussian vector lies in each of them.

    Parameters
    ----------
    normals
        Inward normals, shape (..., k, n) with n from 2 to 6; the cone is ``{x : normals @ x >= 0}``. Rows may
        have any length; a zero row is no constraint.
    rays
        In place of normals: the cone is the convex hull of these rays, shape (..., k, n).
    return_error
        Also return a bound on each absolute error; infinite where none can be promised.
    workers
        Threads for big batches; all cores by default. The result does not depend on it.

    Returns
    -------
    Fractions of shape (...), dimensionless, in [0, 1], exactly 0.0 where the interior is empty; or the pair
    (fractions, errors).

    Raises
    ------
    ConeError
        If the input is no batch of cones, is not finite, or has a dimension other than 2 to 6.

    Notes
    -----
    Error: for n = 2 and 3 below 1e-15, and relative below 1e-9 for fractions above 1e-12.
    Cost: n = 3, batches: 0.02 to 0.16 microseconds a cone for 3 to 8 half-spaces; a first batch of a thousand
    cones or more also compiles, some seconds.
    Source: for n = 3 Girard's theorem, as in Hilton (2024), footnote 1; Schlaefli and Plackett for n = 4 to 6.

    Examples
    --------
    >>> float(cone_fraction([[1, 0, 0], [0, 1, 0], [0, 0, 1]]))
    0.125
    >>> float(cone_fraction(rays=[[1, 0], [0, 1]]))
    0.25
    """
    cones, from_rays = _choose(normals, rays)
    threads = _threads(workers)
    batch = cones.shape[:-2]
    flat = cones.reshape(math.prod(batch), *cones.shape[-2:])
    values, errors, _ = _measure(flat, from_rays, threads)
    values, errors = values.reshape(batch)[()], errors.reshape(batch)[()]
    return (values, errors) if return_error else values


def cone_measure(normals: Any = None, *, rays: Any = None) -> ConeMeasure:
    """Everything about one cone: fraction, error, status, method and the operations it takes.

    Parameters
    ----------
    normals, rays
        As for :func:`cone_fraction`, shape (k, n).

    Returns
    -------
    A :class:`ConeMeasure`; its value is dimensionless, in [0, 1].

    Notes
    -----
    Error: the bound that comes with the value. Source: as for :func:`cone_fraction`.
    Cost: two evaluations, one of them on counting numbers; milliseconds.

    Examples
    --------
    >>> cone_measure([[1, 0, 0], [0, 1, 0]]).value
    0.25
    """
    cones, from_rays = _choose(normals, rays)
    if cones.ndim != 2:
        name = "rays" if from_rays else "normals"
        raise ConeError(f"{name} has shape {cones.shape}; expected one cone, (k, n)")
    values, errors, statuses = _measure(cones[None], from_rays, 1)
    n = cones.shape[1]
    home = _home(n)
    return ConeMeasure(
        value=float(values[0]),
        error=float(errors[0]),
        status=_STATUSES[min(int(statuses[0]), 1)],
        method=home.method(n, rays=from_rays),
        ops=home.count_operations(cones, rays=from_rays),
    )


def _measure(cones: np.ndarray, from_rays: bool, workers: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    home = _home(cones.shape[2])
    values, errors, statuses = (home.measure_rays_batch if from_rays else home.measure_batch)(cones, workers)
    return values, errors, statuses


def _home(n: int) -> ModuleType:
    try:
        return import_module(f"heurex.cones.{_HOMES[n]}")
    except ModuleNotFoundError as error:
        raise ConeError(f"cones in {n} dimensions are not available in this installation") from error


def _threads(workers: int | None) -> int:
    if workers is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if isinstance(workers, bool) or not isinstance(workers, (int, np.integer)) or workers < 1:
        raise ConeError(f"workers is {workers!r}; expected an integer of at least 1")
    return int(workers)


def _choose(normals: Any, rays: Any) -> tuple[np.ndarray, bool]:
    if normals is None and rays is None:
        raise ConeError("neither normals nor rays is given; expected one of them")
    if normals is not None and rays is not None:
        raise ConeError("both normals and rays are given; expected one of them")
    if rays is not None:
        return _as_cones(rays, "rays"), True
    return _as_cones(normals, "normals"), False


def _as_cones(given: Any, name: str) -> np.ndarray:
    """Finite float64, contiguous, shape (..., k, n); or one sentence that says what is wrong."""
    try:
        array = np.asarray(given)
    except (ValueError, TypeError) as error:
        raise ConeError(f"{name} is ragged; expected an array of shape (..., k, n)") from error
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise ConeError(f"{name} has entries of type {array.dtype}; expected real numbers of at most 64 bits")
    if array.ndim < 2:
        raise ConeError(f"{name} has shape {array.shape}; expected (..., k, n)")
    if not 2 <= array.shape[-1] <= 6:
        raise ConeError(f"{name} has dimension {array.shape[-1]}; expected 2 to 6")
    array = np.ascontiguousarray(array, np.float64)
    # A sum over everything is finite unless something in it is not (or it overflows): no pass for a mask.
    with np.errstate(over="ignore", invalid="ignore"):
        suspicious = not np.isfinite(array.sum())
    if suspicious and not np.isfinite(array).all():
        *batch, row, _ = (int(i) for i in np.argwhere(~np.isfinite(array))[0])
        where = f"row {row}" + (f" of cone {batch[0] if len(batch) == 1 else tuple(batch)}" if batch else "")
        raise ConeError(f"{name} is not finite in {where}")
    return array
