"""PyTorch's weight files without PyTorch: a reader that knows tensors in a state dict and nothing else.

A ``.pth`` file is a zip of one pickle and one file of raw numbers for each storage. A pickle can call any
function of any module; this reader resolves the few names that a state dict of dense tensors needs and
refuses every other, so that opening a file never runs its code.
"""

from __future__ import annotations

import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any, Final, NoReturn

import numpy as np

from heurex.errors import ModelError

__all__ = ["read_torch_file"]

_DTYPES: Final = {
    "DoubleStorage": np.dtype("f8"),
    "FloatStorage": np.dtype("f4"),
    "HalfStorage": np.dtype("f2"),
    "LongStorage": np.dtype("i8"),
    "IntStorage": np.dtype("i4"),
    "ShortStorage": np.dtype("i2"),
    "CharStorage": np.dtype("i1"),
    "ByteStorage": np.dtype("u1"),
}
_MAX_PICKLE_BYTES: Final = 2**24
_MAX_STORAGE_BYTES: Final = 2**30


class _StorageType:
    """Stands for ``torch.FloatStorage`` and its like."""

    def __init__(self, name: str) -> None:
        self.dtype = _DTYPES[name]


def read_torch_file(path: Path) -> dict[str, np.ndarray]:
    """The tensors of a state dict saved by ``torch.save``, as NumPy arrays on the CPU.

    Parameters
    ----------
    path
        A ``.pth`` or ``.pt`` file in PyTorch's zip format (version 1.6, 2020, or later).

    Returns
    -------
    Name to array, each in its stored type; storage offsets, strides and device tags are handled.

    Raises
    ------
    ModelError
        If the file is no such zip, is cut short, names anything beyond tensors, or is no state dict.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            state = _read_archive(archive, path)
    except zipfile.BadZipFile:
        raise ModelError(
            f"{path} is not a whole PyTorch zip file (truncated, or saved before PyTorch 1.6); "
            "expected what torch.save(model.state_dict(), path) writes"
        ) from None
    if not isinstance(state, dict) or not state:
        raise ModelError(f"{path} holds a {type(state).__name__}; expected a state dict of tensors")
    for key, value in state.items():
        if not isinstance(key, str) or not isinstance(value, np.ndarray):
            raise ModelError(
                f"{path} has the entry {key!r} of type {type(value).__name__}; expected a named tensor"
            )
    return dict(state)


def _read_archive(archive: zipfile.ZipFile, path: Path) -> Any:
    pickles = [name for name in archive.namelist() if name == "data.pkl" or name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise ModelError(f"{path} has {len(pickles)} members data.pkl; expected a PyTorch file with one")
    folder = pickles[0].removesuffix("data.pkl")
    if archive.getinfo(pickles[0]).file_size > _MAX_PICKLE_BYTES:
        raise ModelError(f"{path}: its pickle is over {_MAX_PICKLE_BYTES} bytes; expected a small state dict")
    order = "<"
    if f"{folder}byteorder" in archive.namelist():
        order = ">" if archive.read(f"{folder}byteorder") == b"big" else "<"
    with archive.open(pickles[0]) as stream:
        reader = _StateDictUnpickler(stream, archive, folder, order, path)
        try:
            return reader.load()
        except ModelError:
            raise
        except (pickle.UnpicklingError, zipfile.BadZipFile, EOFError, OSError, MemoryError) as error:
            reason = str(error) or type(error).__name__
        except (AttributeError, IndexError, KeyError, TypeError, ValueError, OverflowError) as error:
            reason = f"{type(error).__name__}: {error}"
    raise ModelError(
        f"{path} cannot be read as a state dict ({reason}); expected tensors saved by torch.save"
    )


class _StateDictUnpickler(pickle.Unpickler):
    def __init__(self, stream: Any, archive: zipfile.ZipFile, folder: str, order: Any, path: Path) -> None:
        super().__init__(stream, encoding="utf-8")
        self._archive, self._folder, self._order, self._path = archive, folder, order, path
        self._storages: dict[str, np.ndarray] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return lambda tensor, _requires_grad, _hooks: tensor
        if module in ("torch", "torch.storage") and name in _DTYPES:
            return _StorageType(name)
        return self._refuse(f"it names {module}.{name}, which no state dict of tensors needs")

    def persistent_load(self, pid: Any) -> np.ndarray:
        if not (isinstance(pid, tuple) and len(pid) == 5 and pid[0] == "storage"):
            self._refuse("it refers to something that is not a tensor's storage")
        _, storage_type, key, _device, count = pid
        if not isinstance(storage_type, _StorageType) or not isinstance(key, str):
            self._refuse("it refers to a storage of an unknown type")
        if key not in self._storages:
            self._storages[key] = self._read_storage(storage_type.dtype, key, count)
        return self._storages[key]

    def _read_storage(self, dtype: np.dtype, key: str, count: int) -> np.ndarray:
        member = f"{self._folder}data/{key}"
        try:
            info = self._archive.getinfo(member)
        except KeyError:
            self._refuse(f"its storage {key!r} is missing")
        wanted = count * dtype.itemsize
        if not 0 <= wanted <= _MAX_STORAGE_BYTES or info.file_size != wanted:
            self._refuse(f"its storage {key!r} has {info.file_size} bytes where {wanted} were announced")
        return np.frombuffer(self._archive.read(member), dtype.newbyteorder(self._order))

    def _refuse(self, why: str) -> NoReturn:
        raise ModelError(f"{self._path} was refused: {why}; expected a plain state dict saved by torch.save")


def _rebuild_tensor(
    storage: Any, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_flags: Any
) -> np.ndarray:
    """The strided view that torch would build, copied out; every index checked to lie in the storage."""
    if not isinstance(storage, np.ndarray) or len(size) != len(stride):
        raise ValueError("a tensor without a storage, or with a size that does not match its stride")
    numbers = (offset, *size, *stride)
    if not all(isinstance(number, int) and number >= 0 for number in numbers):
        raise ValueError("a tensor with a negative or fractional offset, size or stride")
    last = offset + sum((length - 1) * step for length, step in zip(size, stride, strict=True))
    count = int(np.prod(size, dtype=object)) if size else 1
    if count and last >= storage.size:
        raise ValueError(f"a tensor of shape {size} reaches past its storage of {storage.size} numbers")
    if count > _MAX_STORAGE_BYTES:
        raise ValueError(f"a tensor of shape {size}, larger than any model's weights")
    steps = tuple(step * storage.itemsize for step in stride)
    view = np.lib.stride_tricks.as_strided(storage[offset:] if count else storage[:0], size, steps)
    return np.array(view, view.dtype.newbyteorder("="))
