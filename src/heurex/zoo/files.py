"""Weight files of every kind that heurex reads; the suffix tells which."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from heurex.errors import ModelError
from heurex.model import STATE_DICT_KEYS, Rnn, rnn_from_state_dict
from heurex.tasks import TASKS
from heurex.zoo.torch_file import read_torch_file

__all__ = ["read_metadata", "read_model", "write_model"]

_PLAIN_KEYS: Final = ("w_hi", "w_hh", "w_oh")


def _read_safetensors(path: Path) -> Mapping[str, Any]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return load(path.read_bytes())
    except (SafetensorError, KeyError) as error:
        raise ModelError(f"{path} is not a whole safetensors file ({error})") from None


def _read_npz(path: Path) -> Mapping[str, Any]:
    import zipfile

    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
            return {key: arrays[key] for key in arrays.files}
    except (ValueError, EOFError, zipfile.BadZipFile, AttributeError):
        raise ModelError(f"{path} is not a whole .npz file of plain arrays") from None


def _read_json(path: Path) -> Mapping[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, UnicodeDecodeError) as error:
        raise ModelError(f"{path} is not valid JSON ({error})") from None
    if not isinstance(record, dict):
        raise ModelError(
            f"{path} holds a JSON {type(record).__name__}; expected an object with w_hi, w_hh, w_oh"
        )
    return record


_READERS: Final[dict[str, Callable[[Path], Mapping[str, Any]]]] = {
    ".safetensors": _read_safetensors,
    ".npz": _read_npz,
    ".json": _read_json,
    ".pth": read_torch_file,
    ".pt": read_torch_file,
}


def _stated_task(path: Path, arrays: Mapping[str, Any]) -> str | None:
    """The task that a file states: in its header or under ``task``, a PyTorch file in its name as AlgZoo's do."""
    if path.suffix.lower() == ".safetensors":
        return read_metadata(path).get("task")
    if "task" in arrays:
        return str(arrays["task"])
    if _READERS[path.suffix.lower()] is read_torch_file:
        found = re.match(rf"({'|'.join(TASKS)})_\d+_\d+(?:_|$)", path.stem)
        return found[1] if found else None
    return None


def read_model(path: str | Path, *, task: str | None = None) -> Rnn:
    """Read a model from a ``.safetensors``, ``.npz``, ``.json``, ``.pth`` or ``.pt`` file.

    Arrays are named as AlgZoo does (``rnn.weight_ih_l0``, ``rnn.weight_hh_l0``, ``linear.weight``) or
    ``w_hi``, ``w_hh``, ``w_oh``; a JSON object may hold more, such as its provenance.

    Parameters
    ----------
    path
        The file; its ending says of which kind it is.
    task
        What the model is asked, if the file does not say (a header or a key ``task``; of a PyTorch file the
        beginning of its name, ``argmedian_5_5_``). Where neither says, it is 2nd argmax.

    Raises
    ------
    ModelError
        If the file is missing, of another kind, damaged, holds something else, or states another task.
    """
    path = Path(path)
    if path.is_dir():
        raise ModelError(f"{path} is a folder; expected a weight file")
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise ModelError(f"{path} ends in {path.suffix!r}; expected one of {', '.join(_READERS)}")
    if not path.exists():
        raise ModelError(f"{path} does not exist; expected a weight file")
    try:
        arrays = reader(path)
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror or error})") from None
    name, stated = path.stem, _stated_task(path, arrays)
    if task is not None and stated is not None and task != stated:
        raise ModelError(f"{path} states the task {stated!r}; {task!r} was asked for")
    asked = task or stated or "2nd_argmax"
    if any(key in arrays for key in STATE_DICT_KEYS):
        weights = {key: array for key, array in arrays.items() if key != "task"}
        return rnn_from_state_dict(weights, name=name, source=str(path), task=asked)
    missing = [key for key in _PLAIN_KEYS if key not in arrays]
    if missing:
        raise ModelError(
            f"{path} lacks {', '.join(missing)}; expected w_hi, w_hh, w_oh or {', '.join(STATE_DICT_KEYS)}"
        )
    try:
        return Rnn(*(arrays[key] for key in _PLAIN_KEYS), name=name, task=asked)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from None


def read_metadata(path: Path) -> dict[str, str]:
    """The strings in a safetensors file's header.

    Raises
    ------
    ModelError
        If the file is missing or damaged.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "numpy") as file:
            return dict(file.metadata() or {})
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path} is not a whole safetensors file ({error})") from None


def write_model(model: Rnn, path: str | Path, metadata: Mapping[str, str] | None = None) -> None:
    """Write a model as safetensors under AlgZoo's names, in float64, with its task and metadata of strings."""
    from safetensors.numpy import save_file

    save_file(
        {key: np.ascontiguousarray(value) for key, value in model.state_dict().items()},
        path,
        {**(metadata or {}), "task": model.task},
    )
