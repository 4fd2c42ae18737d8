"""Work in threads that an interruption ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock
from typing import TypeVar

__all__ = ["Workers"]

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class _Stopped(Exception):
    pass


class Workers:
    """A number of threads, and what they tell of their progress.

    Parameters
    ----------
    threads
        How many.
    advance
        Called, by one thread at a time, with a stage and a number of evaluations that have just been made.

    Attributes
    ----------
    evaluations
        How many have been reported so far.
    """

    def __init__(self, threads: int, advance: Callable[[str, int], None]) -> None:
        self._threads = threads
        self._advance = advance
        self._stop = Event()
        self._lock = Lock()
        self.evaluations = 0

    def report(self, stage: str, evaluations: int) -> None:
        """Tell of progress; in a thread whose work is no longer wanted, end it."""
        if self._stop.is_set():
            raise _Stopped
        with self._lock:
            self.evaluations += evaluations
            self._advance(stage, evaluations)

    def map(self, work: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
        """``work`` of each item, in order; when one fails or the main thread is interrupted, all end soon."""
        with ThreadPoolExecutor(self._threads) as pool:
            try:
                return list(pool.map(work, items))
            except BaseException:
                self._stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
