"""What an installation has: versions, threads, the cache of compiled kernels, optional parts."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Callable
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from heurex import kernels
from heurex._version import __version__
from heurex.results import versioned
from heurex.runs.warm import GROUPS

__all__ = ["examine"]

NEEDED: Final = (
    "numpy", "scipy", "numba", "llvmlite", "typer", "rich", "matplotlib", "safetensors", "pyarrow", "pooch",
)  # fmt: skip

EXTRAS: Final = {
    "torch": ("torch", "torch", "heurex zoo train, and exchange of models with PyTorch"),
    "plotly": ("plotly", "page", "pages to explore"),
    "dask": ("dask", "sweep", "runs on several machines"),
    "pandas": ("pandas", "frames", "results as data frames"),
    "polars": ("polars", "frames", "results as data frames"),
    "duckdb": ("duckdb", "frames", "questions to results in SQL"),
    "mkdocs": ("mkdocs", "docs", "the pages of the documentation"),
    "playwright": ("playwright", "browser", "tests in a browser"),
    "python-flint": ("flint", "oracles", "balls of real numbers, in tests"),
    "mpmath": ("mpmath", "test", "many digits, in tests"),
}
"""By the name of its distribution: the module, the extra that installs it, what it is for."""

LIMITS: Final = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Variables of the environment that limit threads."""

PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome")


def _part(name: str, version: str | None, gives: str, how: str) -> dict[str, Any]:
    """One optional part; its version is a text of its own where it is there and has none."""
    return {"name": name, "found": version is not None, "version": version, "for": gives, "how": how}


def _distribution(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _spoken(command: list[str]) -> str | None:
    """The first line that a program says, None where it is missing or fails."""
    if shutil.which(command[0]) is None:
        return None
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return (done.stdout.strip().splitlines() or ["there"])[0]


def _mvtnorm() -> str | None:
    return _spoken(["Rscript", "-e", 'cat(format(packageVersion("mvtnorm")))'])


def _chromium() -> str | None:
    found = next((name for name in PROGRAMS if shutil.which(name)), None)
    return None if found is None else _spoken([found, "--version"])


def _alg_zoo() -> str | None:
    place = os.environ.get("HEUREX_ALG_ZOO", "")
    if not place or "://" in place:
        return place or None
    folder = Path(place)
    return f"{sum(1 for _ in folder.glob('**/*.pth'))} weight files" if folder.is_dir() else None


def _optional() -> list[dict[str, Any]]:
    parts = [
        _part(
            name, _distribution(name) if find_spec(module) else None, gives, f"pip install 'heurex[{extra}]'"
        )
        for name, (module, extra, gives) in EXTRAS.items()
    ]
    others: list[tuple[str, Callable[[], str | None], str, str]] = [
        ("R with mvtnorm", _mvtnorm, "orthants of a peer, in tests", "install R and its package mvtnorm"),
        ("chromium", _chromium, "tests in a browser", "install chromium"),
        (
            "HEUREX_ALG_ZOO",
            _alg_zoo,
            "AlgZoo's own weight files",
            "name a folder or address in the environment",
        ),
    ]
    return parts + [_part(name, look(), gives, how) for name, look, gives, how in others]


def _cache() -> dict[str, Any]:
    """Where compiled kernels are kept, and which groups are there for exactly this source."""
    root = kernels.cache_root()
    return {
        "folder": None if root is None else str(root),
        "bytes": 0
        if root is None
        else sum(file.stat().st_size for file in root.rglob("*") if file.is_file()),
        "asked": os.environ.get("HEUREX_KERNEL_CACHE") or None,
        "groups": {} if root is None else {name: group.is_kept() for name, group in GROUPS.items()},
    }


def examine() -> dict[str, Any]:
    """Look at an installation without changing it.

    Returns
    -------
    A record ready for JSON: ``schema``, ``heurex``, ``python``, ``machine``, ``threads``, ``packages``,
    ``kernel_cache`` and ``optional``.

    Examples
    --------
    >>> sorted(examine())
    ['heurex', 'kernel_cache', 'machine', 'optional', 'packages', 'python', 'schema', 'threads']
    """
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return versioned(
        "doctor",
        {
            "heurex": __version__,
            "python": platform.python_version(),
            "machine": f"{platform.system()} {platform.machine()}",
            "threads": {
                "processors": os.cpu_count(),
                "usable": usable,
                "limits": {name: os.environ[name] for name in LIMITS if name in os.environ},
            },
            "packages": {name: _distribution(name) for name in NEEDED},
            "kernel_cache": _cache(),
            "optional": _optional(),
        },
    )
