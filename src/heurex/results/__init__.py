"""The one results table, and the folder that it grows in."""

from heurex.results.files import (
    check_writable,
    finite,
    prepare_folder,
    read_json,
    whole,
    write_json,
    write_text,
)
from heurex.results.store import Store
from heurex.results.table import SCHEMA_VERSION, Row, read_rows, write_rows
from heurex.results.versions import VERSIONS, versioned

__all__ = [
    "SCHEMA_VERSION",
    "VERSIONS",
    "Row",
    "Store",
    "check_writable",
    "finite",
    "prepare_folder",
    "read_json",
    "read_rows",
    "versioned",
    "whole",
    "write_json",
    "write_rows",
    "write_text",
]
