"""Time of methods beside a sample's forward pass: measured in turns, so that a busy machine slows all alike.

It is processor time, which is wall time on a core of one's own, so that other programs do not count; functions of
one's own may wait for something, and are measured by the clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

import numpy as np

from heurex.errors import NotApplicable
from heurex.estimators.base import Estimator, Status
from heurex.estimators.sampler import outcomes
from heurex.estimators.spec import method_key
from heurex.model import Rnn, RnnStack
from heurex.results import versioned
from heurex.runs.job import Chunk, Job
from heurex.runs.local import CHUNK

__all__ = ["forward_pass_s", "measure"]

_ROUNDS: Final = 7
_PATIENCE_S: Final = 0.2
_SAMPLES: Final = 2**14


def forward_pass_s(model: Rnn) -> float:
    """Seconds of one sample's forward pass in the compiled float32 sampler, drawing the input not included.

    What times are compared with; the first call also compiles.
    """
    inputs = np.random.default_rng(0).standard_normal((model.seq_len, _SAMPLES), dtype=np.float32)
    begun = time.process_time()
    outcomes(model, inputs.T)
    return (time.process_time() - begun) / _SAMPLES


@dataclass
class _Stopwatch:
    """A method on the models of one size: how many go in a batch, and the seconds of a model by round."""

    estimator: Estimator
    clock: Callable[[], float]
    batch: int
    seconds: list[float]

    @classmethod
    def of(cls, estimator: Estimator, stack: RnnStack) -> _Stopwatch | None:
        """With a batch that fits its speed; None if it applies to none of these models."""
        clock = time.perf_counter if estimator.kind == "external" else time.process_time
        if not _run(estimator, stack[:1]):
            return None
        begun = time.perf_counter()
        _run(estimator, stack[:1])
        fitting = int(_PATIENCE_S / (time.perf_counter() - begun))
        return cls(estimator, clock, max(1, min(fitting, len(stack))), [])

    def measure(self, stack: RnnStack) -> None:
        """One round."""
        begun = self.clock()
        _run(self.estimator, stack[: self.batch])
        self.seconds.append((self.clock() - begun) / self.batch)


def measure(job: Job, advance: Callable[[int, int], None] = lambda _done, _total: None) -> dict[str, Any]:
    """Seconds of a model for every method and size: medians over rounds in which all take their turn.

    Parameters
    ----------
    job
        Its first models are the batches, of up to 32 models, fewer where a method is slow.
    advance
        Called after every round, with the rounds done and the rounds in all.

    Returns
    -------
    A record ready for JSON: for each size the seconds of a sample's forward pass and of a model by method, None
    for methods that apply to none of these models.
    """
    stacks = _stacks(job)
    sizes: list[dict[str, Any]] = []
    for stack in stacks:
        before, total = _ROUNDS * len(sizes), _ROUNDS * len(stacks)
        advance(before, total)
        sizes.append(_measure_size(stack, job, lambda done, b=before, t=total: advance(b + done, t)))
    return versioned("timings", {"rounds": _ROUNDS, "sizes": sizes})


def _stacks(job: Job) -> list[RnnStack]:
    """The first models of each size."""
    first: dict[tuple[int, int], RnnStack] = {}
    for s, source in enumerate(job.sources):
        if source.origin != "clean":
            stack, _ = job.models_of(Chunk(s, 0, 0, min(CHUNK, source.models)))
            first.setdefault((stack.hidden_size, stack.seq_len), stack)
    return list(first.values())


def _measure_size(stack: RnnStack, job: Job, advance: Callable[[int], None]) -> dict[str, Any]:
    watches = [watch for one in job.methods if (watch := _Stopwatch.of(one, stack)) is not None]
    forward_pass_s(stack[0])
    passes: list[float] = []
    for done in range(_ROUNDS):
        passes.append(forward_pass_s(stack[0]))
        for watch in watches:
            watch.measure(stack)
        advance(done + 1)
    timed = {method_key(watch.estimator): watch for watch in watches}
    return {
        "hidden_size": stack.hidden_size,
        "seq_len": stack.seq_len,
        "forward_pass_s": median(passes),
        "methods": [_entry(method_key(estimator), timed) for estimator in job.methods],
    }


def _entry(key: tuple[str, str], timed: dict[tuple[str, str], _Stopwatch]) -> dict[str, Any]:
    watch = timed.get(key)
    return {
        "estimator": key[0],
        "settings": key[1],
        "batch": watch and watch.batch,
        "model_s": watch and median(watch.seconds),
    }


def _run(estimator: Estimator, stack: RnnStack) -> bool:
    """Whether it applies to any of these models."""
    try:
        return any(status != Status.NOT_APPLICABLE for status in estimator.estimate_stack(stack).status)
    except NotApplicable:
        return False
