"""Sweeps: any number of models under several methods, into a folder that a killed run goes on in."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from heurex.errors import ResultsError, UsageError
from heurex.estimators import Exact
from heurex.kernels import cache_root
from heurex.model import Rnn
from heurex.results.dataset import Dataset
from heurex.results.files import whole
from heurex.runs.cluster import write_on_cluster
from heurex.runs.plan import Plan
from heurex.runs.pool import cores, write_here, write_in_processes
from heurex.runs.sweep_spec import read_spec
from heurex.runs.warm import GROUPS, compile_side_by_side

__all__ = ["Sweep", "sweep"]

Watch = Callable[[str, int, int], None]

CLEAN: Final = "models.npz"
"""The clean models' weights, so that a folder needs no other file."""


@dataclass(frozen=True)
class Sweep:
    """What a sweep left behind.

    Attributes
    ----------
    folder
        Where it is; the table is ``rows/*.parquet`` there.
    models, rows
        How many there are in the table.
    computed
        How many of the models were computed by this very call.
    wall_s
        Seconds that this call took.
    digest
        Of all rows without their times: equal digests, equal rows.
    """

    folder: Path
    models: int
    rows: int
    computed: int
    wall_s: float
    digest: str


def sweep(
    spec: str | Path | Mapping[str, Any],
    out: str | Path,
    *,
    processes: int | None = None,
    client: Any = None,
    watch: Watch = lambda _what, _done, _total: None,
) -> Sweep:
    """Run every method on every model at every level of noise; the same call goes on where an earlier one ended.

    Parameters
    ----------
    spec
        The path of a TOML file (``heurex sweep --example`` prints one), or its content as a mapping. In a mapping,
        models may be models and methods may be estimators or functions of a model.
    out
        A folder that is empty or missing, or holds the same sweep.
    processes
        How many processes compute; by default as many as there are cores. They are started afresh, so a script calls
        this under ``if __name__ == "__main__":``, or with 1, which starts none.
    client
        A ``dask.distributed.Client``, if a cluster is to compute. It is borrowed and stays open; the folder must be
        one that all its workers share.
    watch
        Called with what is going on, models done and models in all.

    Returns
    -------
    A :class:`Sweep`: the folder, how many models and rows are in it, and their digest.

    Raises
    ------
    UsageError
        If something in the spec is not understood, with its line; nothing has been done then.
    ResultsError
        If the folder holds something else, a part cannot be written or a process was killed. What has been written
        stays, and the same call goes on from there.

    Notes
    -----
    All columns but ``wall_s`` follow from the spec alone: the same bits whatever computes them and in what order,
    on processors of one kind. Memory: a few parts of 2,048 models, however many models there are.

    Examples
    --------
    >>> import heurex, tempfile
    >>> spec = {"models": ["m43"], "sigma": [0.05], "copies": 100, "methods": ["original"], "count_ops": 0}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = heurex.sweep(spec, folder, processes=1)
    ...     again = heurex.sweep(spec, folder, processes=1)
    >>> found.models, found.rows, again.computed
    (100, 200, 0)
    """
    begun = time.perf_counter()
    if processes is not None and processes < 1:
        raise UsageError(f"processes is {processes}; expected at least 1")
    watch("checking", 0, 0)
    plan = read_spec(spec)
    dataset = Dataset.claim(out, plan.asked())
    with dataset.locked():
        _keep_clean(plan.models, dataset.folder / CLEAN)
        missing = [part for part in range(plan.parts) if not _is_there(dataset, plan, part)]
        to_do = sum(plan.models_in(part) for part in missing)
        done = plan.size - to_do
        if missing:
            watch("compiling", done, plan.size)
            _compile_for(plan)
            for count in _written(plan, dataset, missing, processes, client):
                done += count
                watch("computing", done, plan.size)
        digest = dataset.digest(plan.parts)
    rows = plan.size * len(plan.estimators)
    return Sweep(dataset.folder, plan.size, rows, to_do, time.perf_counter() - begun, digest)


def _written(
    plan: Plan, dataset: Dataset, missing: list[int], processes: int | None, client: Any
) -> Iterator[int]:
    if client is not None:
        return write_on_cluster(plan, dataset, missing, client)
    wanted = min(processes or cores(), len(missing))
    if wanted == 1:
        return write_here(plan, str(dataset.folder), missing)
    return write_in_processes(plan, str(dataset.folder), missing, wanted)


def _is_there(dataset: Dataset, plan: Plan, part: int) -> bool:
    return dataset.rows_in(part) == plan.models_in(part) * len(plan.estimators)


def _compile_for(plan: Plan) -> None:
    """Compile what the plan needs into the cache, before several processes would all do it."""
    names: set[str] = set()
    for estimator in plan.estimators:
        names.add(estimator.name)
        if isinstance(estimator, Exact) and estimator.by == "regions":
            names.add("exact, by regions")
        if isinstance(estimator, Exact) and estimator.budget is not None:
            names.add("exact within a budget")
        if any(one.stack.seq_len == 4 for one in plan.ensembles):
            names.add(f"{estimator.name}, four inputs")
    wanted = [name for name in GROUPS if name in names]
    compile_side_by_side(wanted)
    for name in wanted:
        if cache_root() is not None and not GROUPS[name].is_kept():
            GROUPS[name].call(*GROUPS[name].arguments)


def _keep_clean(models: tuple[Rnn, ...], path: Path) -> None:
    if path.exists():
        return
    arrays = {
        f"{i}.{key}": getattr(one, key) for i, one in enumerate(models) for key in ("w_hi", "w_hh", "w_oh")
    }
    held = io.BytesIO()
    np.savez(held, **arrays)
    with whole(path) as draft:
        draft.write_bytes(held.getvalue())


def clean_model(dataset: Dataset, which: int, name: str, task: str) -> Rnn:
    """A clean model of a sweep, by its number in the manifest.

    Raises
    ------
    ResultsError
        If the folder has lost it.
    """
    path = dataset.folder / CLEAN
    try:
        with np.load(path, allow_pickle=False) as arrays:
            weights = [arrays[f"{which}.{key}"] for key in ("w_hi", "w_hh", "w_oh")]
    except (OSError, ValueError, KeyError) as error:
        raise ResultsError(f"{path} cannot be read ({error}); the same sweep writes it again") from None
    return Rnn(*weights, name=name, task=task)
