"""Parts of a sweep on this machine's cores: a process for each, that computes and writes, and answers with counts."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
from collections.abc import Generator, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from typing import Any, Final

from heurex.errors import HeurexError, ResultsError, UsageError
from heurex.results.dataset import Dataset
from heurex.runs.plan import Plan

__all__ = ["cores", "write_here", "write_in_processes", "write_part"]

_THREADS: Final = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS")
_PATIENCE_S: Final = 5.0


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def write_part(plan: Plan, folder: str, part: int) -> int:
    """Compute a part and keep it; all that comes back is how many models it has."""
    Dataset(folder).write(part, plan.table(part))
    return plan.models_in(part)


def write_here(plan: Plan, folder: str, parts: Iterable[int]) -> Iterator[int]:
    """One part after the other in this process; yields the number of models of each."""
    for part in parts:
        yield write_part(plan, folder, part)


def write_in_processes(plan: Plan, folder: str, parts: Iterable[int], processes: int) -> Iterator[int]:
    """As many parts at a time as there are processes; yields the number of models of each when it is written.

    Raises
    ------
    ResultsError
        If a process ends before its work, or cannot write.
    UsageError
        If a method cannot be sent to another process.
    """
    try:
        parcel = pickle.dumps((plan, folder))
    except Exception as error:  # noqa: BLE001 - whatever a function of one's own raises when it is pickled
        raise UsageError(
            f"a method cannot be sent to other processes ({error}); expected a function of a module, or processes=1"
        ) from None
    waiting = iter(parts)
    with _workers(parcel, processes) as busy:
        for pipe in list(busy):
            _hand_out(pipe, busy, waiting)
        while busy:
            for pipe in wait(list(busy)):
                assert isinstance(pipe, Connection)
                count = _answer(pipe)
                _hand_out(pipe, busy, waiting)
                yield count


def _hand_out(pipe: Connection, busy: dict[Connection, Any], waiting: Iterator[int]) -> None:
    """The next part, or nothing more to do."""
    part = next(waiting, None)
    try:
        pipe.send(part)
    except OSError:
        raise _ended() from None
    if part is None:
        busy.pop(pipe).join(_PATIENCE_S)


def _answer(pipe: Connection) -> int:
    try:
        found = pipe.recv()
    except (EOFError, OSError):
        raise _ended() from None
    if isinstance(found, BaseException):
        raise found
    return found


def _ended() -> ResultsError:
    return ResultsError(
        "a worker process ended before its work (killed, or out of memory; in a script, heurex.sweep belongs under "
        "if __name__ == '__main__')"
    )


@contextlib.contextmanager
def _workers(parcel: bytes, processes: int) -> Generator[dict[Connection, Any]]:
    """Processes by their pipes; none is left behind."""
    context = multiprocessing.get_context("spawn")
    started: list[Any] = []
    pipes: dict[Connection, Any] = {}
    # one process is one thread: the cores are all taken
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        for _ in range(processes):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs, parcel), daemon=True)
            process.start()
            theirs.close()
            started.append(process)
            pipes[ours] = process
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
    try:
        yield pipes
    finally:
        for process in started:
            if process.is_alive():
                process.terminate()
        for process in started:
            process.join(_PATIENCE_S)


def _work(pipe: Connection, parcel: bytes) -> None:
    """What a worker does until there is nothing more, or nobody who asks."""
    # the parent is interrupted with all of its group, and ends its workers itself
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(EOFError, OSError):
        try:
            plan, folder = pickle.loads(parcel)
        except (AttributeError, ImportError) as error:
            pipe.send(
                UsageError(f"a method cannot be read in another process ({error}); expected processes=1")
            )
            return
        while (part := pipe.recv()) is not None:
            try:
                pipe.send(write_part(plan, folder, part))
            except HeurexError as error:
                pipe.send(error)
                return
            except Exception as error:  # noqa: BLE001 - said in the parent, where it is seen
                pipe.send(RuntimeError(f"part {part}: {type(error).__name__}: {error}"))
                return
