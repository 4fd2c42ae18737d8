"""Parts of a sweep on a Dask cluster: workers compute and write, the scheduler carries numbers of parts and counts."""

from __future__ import annotations

import contextlib
import itertools
import logging
import re
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from heurex._version import __version__
from heurex.errors import HeurexError, ResultsError, UsageError
from heurex.results.dataset import Dataset
from heurex.runs.plan import Plan
from heurex.runs.pool import write_part

__all__ = ["connect", "write_on_cluster"]

_TIMEOUT_S: Final = 5
_AHEAD: Final = 3
"""Parts in the scheduler's hands for each thread of the cluster: enough that none waits, few to forget."""


def _distributed() -> Any:
    try:
        import distributed
    except ImportError:
        raise UsageError(
            "a Dask cluster needs the extra heurex[sweep]: pip install 'heurex[sweep]'"
        ) from None
    return distributed


@contextlib.contextmanager
def connect(address: str) -> Generator[Any]:
    """A client of a scheduler at an address, or of a cluster of processes on this machine: ``local:4``.

    Raises
    ------
    UsageError
        If Dask is missing or the address is not understood.
    ResultsError
        If no scheduler answers.
    """
    distributed = _distributed()
    # what it logs about workers that come and go is not for who asked for a table
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    found = re.fullmatch(r"local:(\d{1,4})", address)
    if found is not None:
        if int(found[1]) < 1:
            raise UsageError(f"--dask is {address!r}; expected at least one worker, such as local:4")
        settings: dict[str, Any] = {"threads_per_worker": 1, "processes": True, "dashboard_address": None}
        with (
            distributed.LocalCluster(n_workers=int(found[1]), **settings) as cluster,
            distributed.Client(cluster) as client,
        ):
            yield client
        return
    try:
        client = distributed.Client(address, timeout=_TIMEOUT_S, set_as_default=False)
    except (OSError, TimeoutError):
        raise ResultsError(
            f"no Dask scheduler answers at {address} within {_TIMEOUT_S} seconds; "
            "expected the address that dask scheduler prints, or local:4"
        ) from None
    except (ValueError, TypeError, ImportError) as error:
        raise UsageError(
            f"--dask is {address!r}, which is no address ({error}); expected tcp://host:8786 or local:4"
        ) from None
    try:
        yield client
    finally:
        with contextlib.suppress(Exception):
            client.close(timeout=_TIMEOUT_S)


def write_on_cluster(plan: Plan, dataset: Dataset, parts: Iterable[int], client: Any) -> Iterator[int]:
    """Parts on whatever workers a client has, also on those that come later; yields the models of each.

    The client is borrowed: it is neither made nor closed here. The folder must be one that all workers share.

    Raises
    ------
    ResultsError
        If workers are of another version or do not share the folder, a part kills every worker that it is given, or
        the scheduler goes away.
    """
    distributed = _distributed()
    folder = str(dataset.folder.resolve())
    name = f"heurex-sweep-{id(plan):x}"
    try:
        # a plugin: every worker has the plan once, also one that joins or is started again
        client.register_plugin(_plugin(distributed, plan), name=name)
        try:
            yield from _all(distributed, client, name, folder, iter(parts))
        finally:
            with contextlib.suppress(Exception):
                client.unregister_worker_plugin(name)
    except HeurexError:
        raise
    except (distributed.KilledWorker, distributed.CancelledError) as error:
        raise ResultsError(f"the cluster gave a part up ({str(error).splitlines()[0]})") from None
    except (OSError, TimeoutError, distributed.comm.CommClosedError) as error:
        raise ResultsError(f"the Dask scheduler went away ({type(error).__name__})") from None


def _all(distributed: Any, client: Any, name: str, folder: str, waiting: Iterator[int]) -> Iterator[int]:
    def submit(part: int) -> Any:
        # not pure: the same number may mean another sweep tomorrow
        return client.submit(_task, name, __version__, folder, part, pure=False, key=f"{name}-{part}")

    def threads() -> int:
        return max(1, sum(client.nthreads().values()))

    going = {submit(part) for part in itertools.islice(waiting, _AHEAD * threads())}
    try:
        while going:
            done, _ = distributed.wait(list(going), return_when="FIRST_COMPLETED")
            for future in done:
                going.discard(future)
                yield future.result()
            going |= {
                submit(part) for part in itertools.islice(waiting, max(0, _AHEAD * threads() - len(going)))
            }
    finally:
        with contextlib.suppress(Exception):
            client.cancel(list(going), force=True)


def _plugin(distributed: Any, plan: Plan) -> Any:
    class PlanPlugin(distributed.WorkerPlugin):
        """Carries the plan to a worker."""

        def __init__(self) -> None:
            self.plan = plan

    return PlanPlugin()


def _task(name: str, version: str, folder: str, part: int) -> int:
    """What a worker does for a part."""
    from distributed import get_worker

    worker = get_worker()
    if version != __version__:
        raise ResultsError(f"the worker at {worker.address} has heurex {__version__}; expected {version}")
    if not (Path(folder) / "manifest.json").exists():
        raise ResultsError(
            f"the worker at {worker.address} does not see {folder}; expected a folder that all workers share"
        )
    plugin: Any = worker.plugins[name]
    return write_part(plugin.plan, folder, part)
