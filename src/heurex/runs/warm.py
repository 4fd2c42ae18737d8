"""Compile kernels ahead of their use, each group in a process of its own; they reach others through the cache."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from dataclasses import dataclass
from importlib import import_module
from typing import Final

import numpy as np

from heurex import kernels

__all__ = ["GROUPS", "Group", "compile_side_by_side"]


def _estimator(method: str) -> None:
    from heurex.estimators import make_estimator
    from heurex.model import RnnStack
    from heurex.zoo import load

    make_estimator(method).estimate_stack(RnnStack.of([load("m43")]))


def _four_inputs(method: str) -> None:
    from heurex.estimators import make_estimator
    from heurex.model import Rnn, RnnStack

    model = Rnn(np.ones(1), np.ones((1, 1)), np.eye(4)[:, :1])
    make_estimator(method).estimate_stack(RnnStack.of([model]))


def _mean_field() -> None:
    from heurex.estimators import MeanField
    from heurex.model import RnnStack
    from heurex.zoo import load

    stack = RnnStack.of([load("m43")])
    MeanField(noise="linearised").estimate_stack(stack)
    MeanField(rank=2, last="exact").estimate_stack(stack)


def _regions() -> None:
    from heurex.estimators import Exact
    from heurex.model import RnnStack
    from heurex.zoo import load

    Exact(by="regions").estimate_stack(RnnStack.of([load("m43")]))


def _symmetric_cells() -> None:
    from heurex.estimators import Symmetric
    from heurex.model import RnnStack
    from heurex.zoo import load

    Symmetric(condition="all").estimate_stack(RnnStack.of([load("m43")]))


def _budget() -> None:
    from heurex.estimators import Exact
    from heurex.model import RnnStack
    from heurex.zoo import load

    Exact(budget=0).estimate_stack(RnnStack.of([load("m43")]))


def _cones(n: int, k: int) -> None:
    from heurex.cones import higher, lower

    cones = np.random.default_rng(0).standard_normal((20_000 if n < 4 else 8_000, k, n))
    (lower if n < 4 else higher).measure_batch(cones, 1)


@dataclass(frozen=True)
class Group:
    """What can be compiled apart: a call that compiles it, and the kernel module that the call enters by."""

    call: Callable[..., None]
    arguments: tuple[object, ...]
    kernel: str

    def is_kept(self) -> bool:
        """Whether it has been compiled before."""
        return kernels.is_kept(import_module(f"heurex.{self.kernel}"))


# The longest first.
GROUPS: Final[dict[str, Group]] = {
    "exact within a budget": Group(_budget, (), "estimators.anytime_kernel"),
    "cones of 4 to 6 dimensions": Group(_cones, (4, 5), "cones.polyhedral"),
    "symmetric, all variants": Group(_symmetric_cells, (), "estimators.symmetric_cells_kernel"),
    "layerwise, four inputs": Group(_four_inputs, ("layerwise",), "estimators.layerwise4_kernel"),
    "exact, four inputs": Group(_four_inputs, ("exact",), "estimators.regions4_kernel"),
    "nested": Group(_four_inputs, ("nested",), "estimators.nested_nodes_kernel"),
    "exact-last": Group(_estimator, ("exact-last",), "estimators.exact_last_kernel"),
    "symmetric": Group(_estimator, ("symmetric",), "estimators.symmetric_kernel"),
    "layerwise": Group(_estimator, ("layerwise",), "estimators.layerwise_kernel"),
    "response": Group(_estimator, ("response",), "estimators.response_kernel"),
    "exact": Group(_estimator, ("exact",), "estimators.exact_batch_kernel"),
    "exact, by regions": Group(_regions, (), "estimators.regions_kernel"),
    "original": Group(_estimator, ("original",), "estimators.original_kernel"),
    "directions": Group(_estimator, ("directions",), "estimators.directions_kernel"),
    "mean field": Group(_mean_field, (), "estimators.mean_field_kernel"),
    "moments": Group(_estimator, ("moments",), "estimators.gaussian_state_kernel"),
    "sampling": Group(_estimator, ("sampling",), "estimators.sampling_kernel"),
    "cones of 3 dimensions": Group(_cones, (3, 4), "cones.sphere_batch"),
}
"""By name what can be compiled apart."""


def compile_side_by_side(names: Sequence[str]) -> None:
    """Compile those groups of kernels that are not in the cache on all cores, if there is a cache.

    What fails here is compiled again where it is used, and can say why there.
    """
    cores = os.cpu_count() or 1
    if kernels.cache_root() is None or cores < 2:
        return
    missing = [GROUPS[name] for name in names if not GROUPS[name].is_kept()]
    if len(missing) < 2:
        return
    with ProcessPoolExecutor(min(cores, len(missing)), multiprocessing.get_context("spawn")) as pool:
        wait([pool.submit(group.call, *group.arguments) for group in missing])
