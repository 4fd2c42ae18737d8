"""Compile kernels ahead of their use, each group in a process of its own; they reach others through the cache."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from typing import Final

import numpy as np

from heurex import kernels

__all__ = ["GROUPS", "compile_side_by_side"]


def _estimator(method: str) -> None:
    from heurex.estimators import make_estimator
    from heurex.model import RnnStack
    from heurex.zoo import load

    make_estimator(method).estimate_stack(RnnStack.of([load("m43")]))


def _symmetric_cells() -> None:
    from heurex.estimators import Symmetric
    from heurex.model import RnnStack
    from heurex.zoo import load

    Symmetric(condition="all").estimate_stack(RnnStack.of([load("m43")]))


def _cones(n: int, k: int) -> None:
    from heurex.cones import higher, lower

    cones = np.random.default_rng(0).standard_normal((20_000 if n < 4 else 2_000, k, n))
    (lower if n < 4 else higher).measure_batch(cones, 1)


# The longest first.
GROUPS: Final[dict[str, tuple[Callable[..., None], tuple[object, ...]]]] = {
    "cones of 4 to 6 dimensions": (_cones, (4, 5)),
    "symmetric, all variants": (_symmetric_cells, ()),
    "symmetric": (_estimator, ("symmetric",)),
    "layerwise": (_estimator, ("layerwise",)),
    "exact": (_estimator, ("exact",)),
    "original": (_estimator, ("original",)),
    "cones of 3 dimensions": (_cones, (3, 4)),
}
"""What can be compiled apart: by name a function and its arguments."""


def compile_side_by_side(names: Sequence[str]) -> None:
    """Compile groups of kernels on all cores, if the cache is empty and there is one.

    What fails here is compiled again where it is used, and can say why there.
    """
    folder = kernels.cache_folder()
    cores = os.cpu_count() or 1
    if folder is None or cores < 2 or any(folder.iterdir()):
        return
    with ProcessPoolExecutor(min(cores, len(names)), multiprocessing.get_context("spawn")) as pool:
        wait([pool.submit(GROUPS[name][0], *GROUPS[name][1]) for name in names])
