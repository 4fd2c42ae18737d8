"""AlgZoo's training recipe as data: what is trained, how fast it learns, and where checkpoints lie."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from heurex.errors import ModelError, UsageError
from heurex.tasks import TASKS, task_rank

__all__ = ["BATCH", "Recipe"]

BATCH: Final = 1024
"""Sequences in a step."""
_WARM_UP: Final = 2**14
_WEIGHT_DECAY: Final = 0.001
_FIRST_CHECKPOINT, _LAST_CHECKPOINT = 20, 29
_MAX_SEQUENCES: Final = 2**40


@dataclass(frozen=True)
class Recipe:
    """How AlgZoo trains a model of one size.

    Parameters
    ----------
    hidden_size, seq_len
        d and n.
    sequences
        Length of the schedule; a multiple of the batch of 1024. AlgZoo's own is 2^30.
    task
        What is asked, one of :data:`heurex.tasks.TASKS`, as in AlgZoo's file names (which has no argmax).

    Notes
    -----
    AdamW (PyTorch's defaults but weight decay 0.001), learning rate 0.04 / sqrt(d) times a linear warm-up over
    2^14 steps times max(0.01^(2 step / steps), 0.01), fresh N(0, 1) inputs, softmax cross-entropy, float32.
    A schedule of 2^27 sequences is not the 2^27 checkpoint of a longer one: its rate falls sooner.
    Source: the AlgZoo repository.

    Examples
    --------
    >>> recipe = Recipe(4, 3, 2**30)
    >>> recipe.steps, recipe.learning_rate(2**14) < 0.02
    (1048576, True)
    >>> [count.bit_length() - 1 for count in recipe.checkpoints(2**22)[1:]]
    [20, 21, 22]
    """

    hidden_size: int
    seq_len: int
    sequences: int
    task: str = "2nd_argmax"

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise UsageError(f"unknown task {self.task!r}; expected one of {', '.join(TASKS)}")
        if not 1 <= self.hidden_size <= 1024:
            raise UsageError(f"the hidden size is {self.hidden_size}; expected 1 to 1024")
        if not 2 <= self.seq_len <= 100:
            raise UsageError(f"the sequence length is {self.seq_len}; expected 2 to 100")
        try:
            task_rank(self.task, self.seq_len)
        except ModelError as error:
            raise UsageError(str(error)) from None
        check_sequences("the number of sequences", self.sequences)

    @property
    def steps(self) -> int:
        """Number of optimiser steps."""
        return self.sequences // BATCH

    @property
    def rank(self) -> int:
        """Rank of the input that is asked for; the largest has rank 0."""
        return task_rank(self.task, self.seq_len)

    def learning_rate(self, step: int) -> float:
        """Learning rate of step ``step``, counted from 0."""
        warm_up = min(1.0, step / _WARM_UP)
        decay = max(0.01 ** (2 * step / self.steps), 0.01)
        return 0.04 / math.sqrt(self.hidden_size) * warm_up * decay

    @property
    def weight_decay(self) -> float:
        """AdamW's weight decay."""
        return _WEIGHT_DECAY

    def checkpoints(self, stop_after: int) -> list[int]:
        """Numbers of sequences at which weights are kept: 0, 2^20 .. 2^29 and the end."""
        powers = [2**k for k in range(_FIRST_CHECKPOINT, _LAST_CHECKPOINT + 1)]
        return [0, *(count for count in powers if count < stop_after), stop_after]

    def stem(self) -> str:
        """How files of this recipe begin, ``2nd_argmax_4_3``."""
        return f"{self.task}_{self.hidden_size}_{self.seq_len}"

    def file_name(self, seed: int, sequences: int) -> str:
        """File of one seed after ``sequences`` of the schedule's sequences.

        AlgZoo's file names say neither the schedule nor that it was cut short; these do.
        """
        return f"{self.stem()}_seed{seed}_{sequences}_of_{self.sequences}.safetensors"

    def metadata(self) -> dict[str, str]:
        """The recipe as strings, for the header of a weight file."""
        return {
            "task": self.task,
            "hidden_size": str(self.hidden_size),
            "seq_len": str(self.seq_len),
            "schedule_sequences": str(self.sequences),
            "batch": str(BATCH),
            "recipe": (
                f"AdamW, weight decay {_WEIGHT_DECAY}, learning rate 0.04/sqrt(d) * min(1, step/2^14) * "
                "max(0.01^(2 step/steps), 0.01), N(0,1) inputs, float32, softmax cross-entropy"
            ),
        }


def check_sequences(what: str, count: int) -> None:
    """Refuse what is no number of whole batches."""
    if not BATCH <= count <= _MAX_SEQUENCES or count % BATCH:
        raise UsageError(f"{what} is {count}; expected a multiple of {BATCH}, from {BATCH} to 2^40")
