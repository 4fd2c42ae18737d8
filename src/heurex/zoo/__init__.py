"""Where models come from: bundled weights by name, and files."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

from heurex.errors import UsageError
from heurex.model import Rnn
from heurex.zoo.files import read_model, write_model

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


def load(name_or_path: str | Path) -> Rnn:
    """A model by name or from a file.

    Parameters
    ----------
    name_or_path
        A bundled model's name (``"m43"``, ``"m22"``) or the path of a ``.safetensors``, ``.npz``, ``.json``
        or PyTorch ``.pth`` file (read without PyTorch, and without running anything in it).

    Raises
    ------
    UsageError
        If the name is unknown; the message lists the known ones.
    ModelError
        If the file is missing, damaged, or holds no such model.

    Examples
    --------
    >>> load("m43")
    Rnn('m43', hidden_size=4, seq_len=3)
    """
    text = str(name_or_path)
    bundled = BUNDLED.get(text)
    if bundled is not None:
        with resources.as_file(resources.files("heurex.zoo") / "weights" / bundled.file) as path:
            model = read_model(path)
        return Rnn(model.w_hi, model.w_hh, model.w_oh, name=text)
    path = Path(name_or_path)
    if not path.suffix and not path.exists():
        raise UsageError(
            f"unknown model {text!r}; expected one of {', '.join(BUNDLED)}, or the path of a weight file"
        )
    return read_model(path)
