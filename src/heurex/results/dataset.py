"""A table of any length in a folder: one Parquet file for each piece of work, written by whoever did it."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from heurex.errors import ResultsError
from heurex.results.files import prepare_folder, whole
from heurex.results.store import MANIFEST, claim_folder, drop_drafts
from heurex.results.table import row_schema

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["UNREPEATABLE", "Dataset", "dataset_schema"]

UNREPEATABLE: Final = ("wall_s",)
"""Columns that differ from run to run; all others follow from what was asked."""

_ROWS, _LOCK, _DIGEST = "rows", ".lock", b"heurex_digest"


def dataset_schema() -> pa.Schema:
    """The columns of the results table, and the truth of the row's model with the distance from it."""
    import pyarrow as pa

    schema = row_schema()
    at = schema.get_field_index("numerical_error")
    for name in ("error", "truth"):
        schema = schema.insert(at, pa.field(name, pa.float64()))
    return schema


class Dataset:
    """The parts of one sweep by number; a part that is there is whole, and is never written again.

    Parameters
    ----------
    path
        A folder.

    Notes
    -----
    ``manifest.json`` says what was asked, ``rows/*.parquet`` are the parts. Each carries a digest of its rows
    without the columns of :data:`UNREPEATABLE`, so that two datasets can be compared by their footers.
    """

    def __init__(self, path: str | Path) -> None:
        self.folder = Path(path)

    @classmethod
    def claim(cls, path: str | Path, asked: dict[str, Any]) -> Dataset:
        """A folder that is empty or missing, or holds the same sweep.

        Raises
        ------
        ResultsError
            If it holds something else, or a sweep that was asked differently or by another version.
        """
        found = cls(claim_folder(path, asked))
        prepare_folder(found.folder / _ROWS)
        return found

    @classmethod
    def open(cls, path: str | Path) -> Dataset:
        """A folder that a sweep has begun.

        Raises
        ------
        ResultsError
            If it is none.
        """
        found = cls(path)
        if "sweep" not in found.manifest():
            raise ResultsError(f"{path} holds no sweep; expected a folder that heurex sweep wrote")
        return found

    def manifest(self) -> dict[str, Any]:
        """What was asked."""
        path = self.folder / MANIFEST
        if not path.exists():
            raise ResultsError(f"{self.folder} holds no sweep; expected a folder that heurex sweep wrote")
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ResultsError(f"{path} cannot be read as a manifest ({error})") from None
        if not isinstance(record, dict):
            raise ResultsError(f"{path} cannot be read as a manifest; expected an object")
        return record

    def path_of(self, number: int) -> Path:
        """Where a part is or will be."""
        return self.folder / _ROWS / f"{number:07d}.parquet"

    @contextlib.contextmanager
    def locked(self) -> Generator[None]:
        """Keep others from writing here; the lock falls with the process, however that ends.

        Raises
        ------
        ResultsError
            If another process has it.
        """
        try:
            import fcntl
        except ImportError:  # not on this system; parts are written whole all the same
            yield
            return
        try:
            with (self.folder / _LOCK).open("w") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise ResultsError(
                        f"another process is writing to {self.folder}; wait for it, or name another folder"
                    ) from None
                drop_drafts(self.folder / _ROWS)
                yield
        except OSError as error:
            raise ResultsError(f"{self.folder} cannot be written ({error.strerror or error})") from None

    def write(self, number: int, table: pa.Table) -> None:
        """Keep a part, whole or not at all."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = table.replace_schema_metadata(
            {**(table.schema.metadata or {}), _DIGEST: _digest(table).encode()}
        )
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd")
        with whole(self.path_of(number)) as draft:
            # from memory, so that a full disk is the system's own error and no half-closed file
            draft.write_bytes(sink.getvalue())

    def rows_in(self, number: int) -> int | None:
        """How many rows a part has; None where it is missing or damaged."""
        footer = self._footer(number)
        return None if footer is None else footer.num_rows

    def digest(self, parts: int) -> str:
        """Sixteen hexadecimal digits of all rows in order, without the columns of :data:`UNREPEATABLE`."""
        whole_table = hashlib.sha256()
        for number in range(parts):
            footer = self._footer(number)
            if footer is None:
                raise ResultsError(
                    f"{self.path_of(number)} is missing or damaged; the same sweep writes it again"
                )
            whole_table.update((footer.metadata or {}).get(_DIGEST, b""))
        return whole_table.hexdigest()[:16]

    def tables(self) -> Iterator[pa.Table]:
        """All parts that are there, in order."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        for path in sorted((self.folder / _ROWS).glob("*.parquet")):
            try:
                # not read_table, which would look for columns in the path
                yield pq.ParquetFile(path).read()
            except (OSError, pa.ArrowInvalid) as error:
                raise ResultsError(
                    f"{path} cannot be read ({str(error).splitlines()[0]}); the same sweep writes it again"
                ) from None

    def _footer(self, number: int) -> Any:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            return pq.read_metadata(self.path_of(number))
        except (OSError, pa.ArrowInvalid):
            return None


def _digest(table: pa.Table) -> str:
    """Of the values alone: equal rows, equal digest, whatever the layout in memory."""
    import pyarrow as pa

    kept = table.drop_columns([name for name in UNREPEATABLE if name in table.column_names])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, kept.schema.remove_metadata()) as writer:
        # a fresh copy has no offsets or slack of its own history
        for batch in kept.combine_chunks().replace_schema_metadata(None).to_batches():
            writer.write_batch(batch)
    return hashlib.sha256(sink.getvalue()).hexdigest()
