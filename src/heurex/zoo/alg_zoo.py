"""AlgZoo's own weight files: fetched once, kept with their checksums, read without running anything in them."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from heurex.errors import ModelError, UsageError
from heurex.model import Rnn
from heurex.zoo import published
from heurex.zoo.files import read_model

__all__ = ["EXAMPLE", "AlgZooFile", "file_for", "load_file"]

_PUBLIC: Final = "https://storage.googleapis.com/arc-ml-public/alg"
"""Over HTTPS the bucket that AlgZoo names as gs://arc-ml-public/alg; the family's models lie in zoo/ below it."""

_KNOWN_SHA256: Final = {
    "2nd_argmax_2_2_1073741824_2.pth": "7d5bab82800560f24ad3f8293128abab013a749c7ef46d4e395e684b8703cea9",
    "one_layer_16_hidden_94_acc_2nd_argmax.pth": "498bd9a87c469e18e824a78e55c22843c7595776f1bfc2dfe07c36e5616218bb",
}
_TRIES: Final = 3
_TIMEOUT_S: Final = 30
_VARIABLE: Final = "HEUREX_ALG_ZOO"


@dataclass(frozen=True)
class AlgZooFile:
    """One of AlgZoo's files and where it lies below the bucket's folder."""

    name: str
    hidden_size: int
    seq_len: int
    folder: str = "zoo/"
    task: str = "2nd_argmax"


EXAMPLE: Final = AlgZooFile("one_layer_16_hidden_94_acc_2nd_argmax.pth", 16, 10, folder="")
"""The M_{16,10} of ARC's post, which is not one of the family's files."""


def file_for(
    hidden_size: int, seq_len: int, seed: int | None = None, n_seqs: int = 2**30, task: str = "2nd_argmax"
) -> AlgZooFile:
    """The file of a 2nd argmax or an argmedian model.

    Parameters
    ----------
    hidden_size, seq_len
        d and n.
    seed
        0 to 4; by default the one that AlgZoo publishes as the best of them. For argmedian it must be given.
    n_seqs
        Training sequences: 0, or a power of two from 2^20 to 2^30.
    task
        ``"2nd_argmax"`` or ``"argmedian"``.

    Raises
    ------
    UsageError
        If AlgZoo has no such model.

    Examples
    --------
    >>> file_for(4, 3).name
    '2nd_argmax_4_3_1073741824_0.pth'
    """
    size = (hidden_size, seq_len)
    if task == "argmedian" and (hidden_size not in published.HIDDEN_SIZES or seq_len < 3 or seq_len % 2 == 0):
        raise UsageError(
            f"AlgZoo has no argmedian model with d = {hidden_size}, n = {seq_len}; expected d in "
            f"{published.HIDDEN_SIZES} and an odd n, at least 3"
        )
    if task == "argmedian" and seed is None:
        raise UsageError("the best seed of an argmedian model is not known here; expected ?seed=, 0 to 4")
    if task == "2nd_argmax" and size not in published.BEST_SEED:
        raise UsageError(
            f"AlgZoo has no 2nd argmax model with d = {hidden_size}, n = {seq_len}; expected d in "
            f"{published.HIDDEN_SIZES} and n in {published.SEQ_LENS}"
        )
    if seed is None:
        seed = published.BEST_SEED[size]
    if seed not in published.SEEDS:
        raise UsageError(f"AlgZoo has no seed {seed}; expected 0 to 4")
    if n_seqs not in published.CHECKPOINTS:
        raise UsageError(f"AlgZoo has no checkpoint at {n_seqs} sequences; expected 0, or 2^20 to 2^30")
    name = f"{task}_{hidden_size}_{seq_len}_{n_seqs}_{seed}.pth"
    return AlgZooFile(name, hidden_size, seq_len, task=task)


def load_file(file: AlgZooFile) -> Rnn:
    """A model of AlgZoo's, from the cache, a folder or the bucket.

    ``HEUREX_ALG_ZOO`` names a folder with AlgZoo's files, or another address that serves them, side by side.

    Raises
    ------
    ModelError
        If the file cannot be had, differs from its checksum, or holds another model than its name says.
    UsageError
        If ``HEUREX_ALG_ZOO`` is neither a folder nor an address.
    """
    path = _locate(file)
    model = read_model(path, task=file.task)
    if (model.hidden_size, model.seq_len) != (file.hidden_size, file.seq_len):
        raise ModelError(
            f"{path} holds a model with d = {model.hidden_size}, n = {model.seq_len}; "
            f"expected d = {file.hidden_size}, n = {file.seq_len}"
        )
    return model


def _locate(file: AlgZooFile) -> Path:
    base = os.environ.get(_VARIABLE, "")
    if not base:
        return _fetch(f"{_PUBLIC}/{file.folder}", file.name)
    if base.startswith(("http://", "https://")):
        return _fetch(base.rstrip("/") + "/", file.name)
    folder = Path(base)
    if not folder.is_dir():
        raise UsageError(
            f"{_VARIABLE} is {base!r}; expected a folder, or an address that begins with https://"
        )
    path = folder / file.name
    if not path.exists():
        raise ModelError(f"{path} does not exist; {_VARIABLE} names the folder in which it was expected")
    _check(path, _KNOWN_SHA256.get(file.name), "it is not the file that AlgZoo published")
    return path


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror or error})") from None


def _check(path: Path, expected: str | None, hint: str) -> None:
    found = _sha256(path) if expected else None
    if expected and found != expected:
        raise ModelError(
            f"{path} has the SHA-256 {str(found)[:16]}...; expected {expected[:16]}..., so {hint}"
        )


def _fetch(base: str, name: str) -> Path:
    """The file in the cache; downloaded, read once and its checksum noted if it was not there."""
    import pooch

    # files of different places may differ under one name
    cache = Path(pooch.os_cache("heurex")) / "alg-zoo" / hashlib.sha256(base.encode()).hexdigest()[:12]
    path, note = cache / name, cache / f"{name}.sha256"
    noted = note.read_text().strip() if note.exists() else None
    expected = _KNOWN_SHA256.get(name, noted)
    if path.exists() and expected:
        _check(path, expected, "it was altered since it was fetched; delete it to fetch it again")
        return path
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as draft:
            fresh = _download(pooch, base, name, Path(draft), expected)
            _refuse_unreadable(fresh, base + name)
            (fresh.parent / "note").write_text(_sha256(fresh) + "\n")
            # the note first: a file without one counts as not fetched
            os.replace(fresh.parent / "note", note)
            os.replace(fresh, path)
    except OSError as error:
        raise ModelError(f"{cache} cannot be written ({error.strerror or error})") from None
    return path


def _refuse_unreadable(path: Path, address: str) -> None:
    try:
        read_model(path)
    except ModelError:
        raise ModelError(
            f"{address} is not a whole weight file; expected a state dict saved by PyTorch"
        ) from None


class _Refused(Exception):
    """An answer that asking again would not change; no ValueError, since pooch repeats those."""


def _download(pooch: Any, base: str, name: str, folder: Path, expected: str | None) -> Path:
    import requests

    address = base + name
    pooch.get_logger().setLevel(logging.ERROR)
    source = pooch.create(folder, base, registry={name: expected}, retry_if_failed=_TRIES - 1)
    try:
        return Path(source.fetch(name, downloader=_downloader(pooch, requests)))
    except _Refused as error:
        reason = str(error)
    except requests.exceptions.Timeout:
        reason = f"no answer within {_TIMEOUT_S} s"
    except requests.exceptions.ChunkedEncodingError:
        reason = "it came cut short"
    except requests.exceptions.ConnectionError:
        reason = "the server cannot be reached"
    except requests.exceptions.RequestException as error:
        reason = str(error).splitlines()[0]
    except ValueError:
        raise ModelError(
            f"{address} does not have the SHA-256 {str(expected)[:16]}... that was expected; it was altered or cut"
        ) from None
    raise ModelError(
        f"{address} cannot be fetched ({reason}); {_VARIABLE} can name a folder that holds the file"
    )


def _downloader(pooch: Any, requests: Any) -> Callable[..., None]:
    plain = pooch.HTTPDownloader(timeout=_TIMEOUT_S)

    def download(url: str, output_file: Any, pooch_object: Any) -> None:
        try:
            plain(url, output_file, pooch_object)
        except requests.exceptions.HTTPError as error:
            code = error.response.status_code
            if code >= 500 or code == 429:
                raise
            raise _Refused(f"the server answered {code}") from None

    return download
