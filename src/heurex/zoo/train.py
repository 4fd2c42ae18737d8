"""Training runs: checkpoints, and a state on disk from which a killed run goes on."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from heurex._version import __version__
from heurex.errors import ModelError, UsageError
from heurex.model import STATE_DICT_KEYS, Rnn
from heurex.tasks import labels
from heurex.zoo.recipe import BATCH, Recipe, check_sequences

if TYPE_CHECKING:
    from heurex.zoo.batched import Batch

__all__ = ["Progress", "train"]

_EVALUATED_ON: Final = 2**17


@dataclass(frozen=True)
class Progress:
    """Where a run stands.

    Attributes
    ----------
    sequences, goal
        Sequences trained so far, and where the run will stop.
    loss, accuracy
        On the last batch, one number for each seed.
    """

    sequences: int
    goal: int
    loss: np.ndarray
    accuracy: np.ndarray


def train(
    recipe: Recipe,
    seeds: Sequence[int],
    folder: Path,
    *,
    stop_after: int | None = None,
    save_every_s: float = 10.0,
    report: Callable[[Progress], None] = lambda _progress: None,
) -> list[Path]:
    """Train models of one size by AlgZoo's recipe, all seeds side by side.

    Parameters
    ----------
    recipe
        What is trained and how long the schedule is.
    seeds
        One model each; which others are trained along changes no weight.
    folder
        Where checkpoints go, and the state from which the same call goes on after it was killed.
    stop_after
        Sequences after which to stop; the whole schedule by default.
    save_every_s
        Seconds between two states on disk.
    report
        Called now and then, and at the end.

    Returns
    -------
    The files of the last checkpoint, one for each seed.

    Raises
    ------
    UsageError
        If PyTorch is missing, or seeds or numbers of sequences make no sense.
    ModelError
        If the state on disk is damaged or of another version, or weights left the finite numbers.

    Notes
    -----
    Runs on one core: at these sizes more threads only get into each other's way.
    """
    goal = recipe.sequences if stop_after is None else stop_after
    _check(recipe, seeds, goal)
    if not save_every_s >= 0:
        raise UsageError(f"save-every is {save_every_s}; expected seconds, 0 or more")
    torch = _torch()
    wanted = [folder / recipe.file_name(seed, goal) for seed in seeds]
    missing = [seed for seed, path in zip(seeds, wanted, strict=True) if not path.exists()]
    if missing and _state_path(folder, recipe, seeds).exists():
        # killed between the writing of two seeds' files: that state is nearer than a new start
        missing = list(seeds)
    if missing:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            _Run(recipe, missing, folder, goal, save_every_s).go(report)
        finally:
            torch.set_num_threads(threads)
    return wanted


def _check(recipe: Recipe, seeds: Sequence[int], goal: int) -> None:
    check_sequences("stop-after", goal)
    if goal > recipe.sequences:
        raise UsageError(f"stop-after is {goal}; expected at most the {recipe.sequences} of the schedule")
    if not seeds or len(set(seeds)) != len(seeds) or not all(0 <= seed < 2**63 for seed in seeds):
        raise UsageError(f"seeds are {list(seeds)}; expected different whole numbers, 0 or more")


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        raise UsageError(
            "training needs PyTorch, which is not installed: pip install 'heurex[torch]'"
        ) from None
    return torch


def _versions() -> dict[str, str]:
    import torch

    return {"heurex": __version__, "torch": torch.__version__, "python": platform.python_version()}


def _state_path(folder: Path, recipe: Recipe, seeds: Sequence[int]) -> Path:
    names = "-".join(str(seed) for seed in seeds)
    if len(names) > 40:
        names = f"{len(seeds)}_{zlib.crc32(names.encode()):08x}"
    return folder / f".{recipe.stem()}_of_{recipe.sequences}_seeds_{names}.state"


class _Run:
    """One run from its start, or from the state that it left."""

    def __init__(
        self, recipe: Recipe, seeds: list[int], folder: Path, goal: int, save_every_s: float
    ) -> None:
        from heurex.zoo.batched import Batch

        self.recipe, self.folder, self.goal, self.save_every_s = recipe, folder, goal, save_every_s
        self.batch: Batch = Batch(recipe, seeds)
        self.wall_s = 0.0
        self.state_path = _state_path(folder, recipe, seeds)
        self.keeps_state = True
        self._resume()

    def _identity(self) -> dict[str, str]:
        import torch

        seeds = json.dumps(self.batch.seeds)
        return self.recipe.metadata() | {"seeds": seeds, "torch": torch.__version__}

    def _resume(self) -> None:
        from safetensors import SafetensorError, safe_open

        if not self.state_path.exists():
            return
        try:
            with safe_open(self.state_path, "numpy") as file:
                metadata = file.metadata()
                state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError) as error:
            raise ModelError(f"{self.state_path} is damaged ({error}); delete it to train anew") from None
        wall_s = float(metadata.pop("wall_s", "0"))
        if metadata != self._identity():
            raise ModelError(
                f"{self.state_path} was left by another version or recipe; delete it to train anew"
            )
        if int(state["step"][0]) * BATCH > self.goal:
            # a longer run got further: it keeps its state, and this one starts anew beside it
            self.keeps_state = False
            return
        self.wall_s = wall_s
        self.batch.restore(state)

    def go(self, report: Callable[[Progress], None]) -> None:
        """To the goal, by way of the checkpoints."""
        from heurex.zoo.batched import CHUNK

        checkpoints = self.recipe.checkpoints(self.goal)
        started = saved = reported = time.monotonic()
        if self.batch.step * BATCH in (0, self.goal):
            self._write_checkpoint(self.batch.step * BATCH)
        while self.batch.step * BATCH < self.goal:
            done = self.batch.step * BATCH
            target = next(count for count in checkpoints if count > done)
            self.batch.advance(min(CHUNK, (target - done) // BATCH))
            now = time.monotonic()
            if self.batch.step * BATCH == target:
                self.wall_s, started = self.wall_s + now - started, now
                self._write_checkpoint(target)
                report(self._progress())
            if now - saved >= self.save_every_s or self.batch.step * BATCH == self.goal:
                self.wall_s, started = self.wall_s + now - started, now
                self._save_state()
                saved = time.monotonic()
            if now - reported >= 0.5:
                report(self._progress())
                reported = now
        if self.goal == self.recipe.sequences and self.keeps_state:
            with contextlib.suppress(OSError):
                self.state_path.unlink()

    def _progress(self) -> Progress:
        loss, accuracy = self.batch.last_step()
        return Progress(self.batch.step * BATCH, self.goal, loss, accuracy)

    def _save_state(self) -> None:
        if not self.keeps_state:
            return
        metadata = self._identity() | {"wall_s": repr(self.wall_s)}
        _write(self.state_path, self.batch.state(), metadata)

    def _write_checkpoint(self, sequences: int) -> None:
        for i, seed in enumerate(self.batch.seeds):
            weights: dict[str, np.ndarray] = dict(zip(STATE_DICT_KEYS, self.batch.weights(i), strict=True))
            if not all(np.isfinite(array).all() for array in weights.values()):
                raise ModelError(f"seed {seed} has weights that are not finite after {sequences} sequences")
            metadata = self.recipe.metadata() | {
                "seed": str(seed),
                "sequences": str(sequences),
                "steps": str(sequences // BATCH),
                "wall_s": f"{self.wall_s:.1f}",
                "trained_along": json.dumps(self.batch.seeds),
                **_versions(),
                **_evaluation(weights, seed, self.recipe.task),
            }
            _write(self.folder / self.recipe.file_name(seed, sequences), weights, metadata)


def _evaluation(weights: dict[str, np.ndarray], seed: int, task: str) -> dict[str, str]:
    """Loss and accuracy on inputs that no training saw."""
    w_hi, w_hh, w_oh = weights.values()
    model = Rnn(w_hi, w_hh, w_oh, task=task)
    x = np.random.default_rng([seed, model.hidden_size, model.seq_len]).standard_normal(
        (_EVALUATED_ON, model.seq_len)
    )
    logits, label = model.logits(x), labels(x, model.rank)
    top = logits.max(axis=1)
    losses = top + np.log(np.exp(logits - top[:, None]).sum(axis=1)) - logits[np.arange(len(x)), label]
    right = logits.argmax(axis=1) == label
    return {
        "loss": f"{losses.mean():.6f}",
        "accuracy": f"{right.mean():.6f}",
        "accuracy_standard_error": f"{np.sqrt((right.mean() * (1 - right.mean()) + 1 / len(x)) / len(x)):.6f}",
        "evaluated_on": f"{_EVALUATED_ON} fresh inputs",
    }


def _write(path: Path, arrays: dict[str, np.ndarray], metadata: dict[str, str]) -> None:
    """By way of a neighbour that is renamed when it is whole and on the disk."""
    from safetensors.numpy import save

    draft = path.with_name(f"{path.name}.draft")
    try:
        with draft.open("wb") as stream:
            stream.write(save(arrays, metadata))
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(draft, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise ModelError(f"{path} cannot be written ({error.strerror or error})") from None
