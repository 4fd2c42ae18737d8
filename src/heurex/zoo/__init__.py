"""Where models come from: bundled weights by name, and files."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

from heurex.errors import ModelError, UsageError
from heurex.model import Rnn
from heurex.tasks import TASKS
from heurex.zoo.files import read_model, write_model
from heurex.zoo.names import load_named, split_name

__all__ = ["BUNDLED", "Bundled", "load", "read_model", "write_model"]


@dataclass(frozen=True)
class Bundled:
    """A model that travels with the package."""

    file: str
    title: str
    provenance: str


_RECIPE: Final = (
    "AlgZoo's training recipe rerun on a CPU, 2^30 sequences, PyTorch 2.13; not ARC's own weights"
)

BUNDLED: Final = {
    "m43": Bundled("2nd_argmax_4_3.safetensors", "M_{4,3}, 2nd argmax", f"{_RECIPE}; seed 0"),
    "m22": Bundled("2nd_argmax_2_2.safetensors", "M_{2,2}, 2nd argmax", f"{_RECIPE}; seed 2"),
}


def load(name_or_path: str | Path, *, task: str | None = None) -> Rnn:
    """A model by name or from a file.

    Parameters
    ----------
    name_or_path
        A bundled model's name (``"m43"``, ``"m22"``, ``"zoo:4,4"``, ``"zoo:4,4?seed=2"``); a hand-built one's
        (``"hand:2nd_argmax_2"``, ``"hand:2nd_argmax_3?sharpness=10"``, ``"hand:2nd_argmax_10"``); one of AlgZoo's,
        which is fetched on first use (``"alg-zoo:2nd_argmax_4_3"``, with ``?seed=`` and ``&n_seqs=``,
        ``"alg-zoo:example_2nd_argmax"``); or the path of a ``.safetensors``, ``.npz``, ``.json`` or PyTorch
        ``.pth`` file (read without PyTorch, and without running anything in it).
    task
        ``"argmax"``, ``"2nd_argmax"`` or ``"argmedian"``, for a file that does not state what is asked.

    Returns
    -------
    The model, its weights in float64, the file's or the name's task with it.

    Raises
    ------
    UsageError
        If the name or a setting is unknown; the message lists the known ones.
    ModelError
        If the file is missing, cannot be fetched, is damaged, or holds no such model.

    Examples
    --------
    >>> load("m43")
    Rnn('m43', hidden_size=4, seq_len=3)
    >>> load("hand:2nd_argmax_10").n_params
    726
    """
    if task is not None and task not in TASKS:
        raise UsageError(f"unknown task {task!r}; expected one of {', '.join(TASKS)}")
    text = str(name_or_path)
    if not text:
        raise UsageError(
            "the model's name is empty; expected a name (heurex zoo list) or the path of a weight file"
        )
    kind, question, _ = text.partition("?")
    bundled = BUNDLED.get(kind)
    if bundled is not None:
        if question:
            raise UsageError(f"{text!r} has settings; {kind!r} takes none")
        with resources.as_file(resources.files("heurex.zoo") / "weights" / bundled.file) as path:
            return _asked(_named(read_model(path), text), task)
    named = split_name(text)
    if named is not None:
        return _asked(_named(load_named(named), text), task)
    path = Path(name_or_path)
    if not path.suffix and not path.exists():
        raise UsageError(
            f"unknown model {text!r}; expected one of {', '.join(BUNDLED)}, a name like hand:2nd_argmax_2, "
            "zoo:4,4 or alg-zoo:2nd_argmax_4_3 (heurex zoo list), or the path of a weight file"
        )
    return read_model(path, task=task)


def _asked(model: Rnn, task: str | None) -> Rnn:
    if task is not None and task != model.task:
        raise ModelError(f"{model.name} is asked for {model.task}; {task!r} was asked for")
    return model


def _named(model: Rnn, name: str) -> Rnn:
    return Rnn(model.w_hi, model.w_hh, model.w_oh, name=name, task=model.task)
