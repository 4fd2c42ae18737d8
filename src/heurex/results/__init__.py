"""The one results table, and the folder that it grows in."""

from heurex.results.files import finite, prepare_folder, read_json, write_json, write_text
from heurex.results.store import Store
from heurex.results.table import SCHEMA_VERSION, Row, read_rows, write_rows
from heurex.results.versions import VERSIONS, versioned

__all__ = [
    "SCHEMA_VERSION",
    "VERSIONS",
    "Row",
    "Store",
    "finite",
    "prepare_folder",
    "read_json",
    "read_rows",
    "versioned",
    "write_json",
    "write_rows",
    "write_text",
]
