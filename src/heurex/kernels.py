"""One source, three ways to run it: interpreted, compiled, counted.

A *kernel module* is a file of plain functions on floats, integers and arrays that numba can
compile. It is written once and never decorated. This module runs it in three ways:

``interpreted``
    The functions as they stand. No compiler is loaded, so one small model answers at once.
``compiled``
    The same functions through numba, for batches.
``counted``
    The same functions on :class:`Counted` numbers, which add up the additions, multiplications,
    divisions, square roots and arctangents that a call really executes.

The rules for a kernel module are few. It declares ``KERNEL = True``. It imports other kernels with
``from heurex.x import f``; elementary functions come from :mod:`math`; arrays that will hold
*numbers* come from :func:`reals` (arrays of integers and booleans from NumPy as usual). Constants
that a kernel multiplies with or adds count as operations like any others; comparisons, absolute
values, changes of sign and copies are free. A kernel module that declares ``FUSED = True`` lets the
compiler round a product and the sum it goes into once instead of twice, where the processor can. One that declares
``LENT = True`` makes no arrays of its own, so that nobody need count who still holds one; functions that it names in
``INLINED`` are compiled into their callers.
"""

from __future__ import annotations

import hashlib
import inspect
import math
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, Final

import numpy as np

__all__ = [
    "Counted",
    "Tally",
    "cache_folder",
    "cache_root",
    "compiled",
    "counted",
    "is_kept",
    "plain",
    "reals",
    "uncounted",
]

Kernel = Callable[..., Any]


def reals(*shape: int) -> np.ndarray:
    """An array for numbers, of the kind that the running mode computes with."""
    return np.empty(shape, np.float64)


@dataclass(slots=True)
class Tally:
    """Operations executed so far. Trigonometric functions are counted with the arctangents."""

    add: int = 0
    mul: int = 0
    div: int = 0
    sqrt: int = 0
    atan2: int = 0

    def reset(self) -> None:
        """Begin again at zero."""
        self.add = self.mul = self.div = self.sqrt = self.atan2 = 0


class Counted:
    """A float that counts what is done to it.

    It deliberately has no ``__float__``: a function that does not know it fails loudly instead of
    computing for free.
    """

    __slots__ = ("tally", "value")
    __array_ufunc__ = None
    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __init__(self, value: float, tally: Tally) -> None:
        self.value = float(value)
        self.tally = tally

    def __add__(self, other: Counted | float) -> Counted:
        self.tally.add += 1
        return Counted(self.value + uncounted(other), self.tally)

    __radd__ = __add__

    def __sub__(self, other: Counted | float) -> Counted:
        self.tally.add += 1
        return Counted(self.value - uncounted(other), self.tally)

    def __rsub__(self, other: float) -> Counted:
        self.tally.add += 1
        return Counted(other - self.value, self.tally)

    def __mul__(self, other: Counted | float) -> Counted:
        self.tally.mul += 1
        return Counted(self.value * uncounted(other), self.tally)

    __rmul__ = __mul__

    def __truediv__(self, other: Counted | float) -> Counted:
        self.tally.div += 1
        return Counted(self.value / uncounted(other), self.tally)

    def __rtruediv__(self, other: float) -> Counted:
        self.tally.div += 1
        return Counted(other / self.value, self.tally)

    def __neg__(self) -> Counted:
        return Counted(-self.value, self.tally)

    def __abs__(self) -> Counted:
        return Counted(abs(self.value), self.tally)

    def __eq__(self, other: object) -> bool:
        return self.value == uncounted(other)

    def __ne__(self, other: object) -> bool:
        return self.value != uncounted(other)

    def __lt__(self, other: Counted | float) -> bool:
        return self.value < uncounted(other)

    def __le__(self, other: Counted | float) -> bool:
        return self.value <= uncounted(other)

    def __gt__(self, other: Counted | float) -> bool:
        return self.value > uncounted(other)

    def __ge__(self, other: Counted | float) -> bool:
        return self.value >= uncounted(other)

    def __repr__(self) -> str:
        return f"Counted({self.value!r})"


def uncounted(number: Any) -> Any:
    """The plain number behind a counted one; anything else as it is."""
    return number.value if isinstance(number, Counted) else number


def plain(array: np.ndarray) -> np.ndarray:
    """An array of counted or plain numbers as float64."""
    if array.dtype != object:
        return array
    values: Any = np.frompyfunc(uncounted, 1, 1)(array)
    return values.astype(np.float64)


def _count_unary(function: Kernel, field: str) -> Kernel:
    def call(x: Any) -> Any:
        if not isinstance(x, Counted):
            return function(x)
        setattr(x.tally, field, getattr(x.tally, field) + 1)
        return Counted(function(x.value), x.tally)

    return call


def _count_atan2(y: Any, x: Any) -> Any:
    owner = y if isinstance(y, Counted) else x
    plain_y, plain_x = uncounted(y), uncounted(x)
    if not isinstance(owner, Counted):
        return math.atan2(plain_y, plain_x)
    owner.tally.atan2 += 1
    return Counted(math.atan2(plain_y, plain_x), owner.tally)


def _counted_reals(*shape: int) -> np.ndarray:
    return np.zeros(shape, object)


_COUNTED_FUNCTIONS: Final[dict[str, Kernel]] = {
    "sqrt": _count_unary(math.sqrt, "sqrt"),
    "atan2": _count_atan2,
    **{
        name: _count_unary(getattr(math, name), "atan2")
        for name in (
            "atan",
            "asin",
            "acos",
            "sin",
            "cos",
            "tan",
            "sinh",
            "cosh",
            "asinh",
            "exp",
            "log",
            "erfc",
        )
    },
    "fabs": abs,
    "reals": _counted_reals,
}


def _is_kernel(module_name: str) -> bool:
    return getattr(sys.modules.get(module_name), "KERNEL", False)


def _specialise(
    module: ModuleType,
    replace: Callable[[str, Any], Any],
    decorate: Callable[[FunctionType], Kernel],
    same_way: Callable[[ModuleType], ModuleType],
) -> ModuleType:
    """A second copy of a kernel module, whose functions call each other in another mode."""
    copy = ModuleType(module.__name__)
    copy.__file__ = module.__file__
    exec(compile(inspect.getsource(module), inspect.getfile(module), "exec"), copy.__dict__)
    for name, value in list(copy.__dict__.items()):
        if not callable(value):
            continue
        home = getattr(value, "__module__", "") or ""
        if name == "reals" or home == "math":
            copy.__dict__[name] = replace(name, value)
        elif isinstance(value, FunctionType) and home == module.__name__:
            copy.__dict__[name] = decorate(value)
        elif isinstance(value, FunctionType) and _is_kernel(home):
            copy.__dict__[name] = getattr(same_way(import_module(home)), value.__name__)
    return copy


@cache
def _teach_numba_reals() -> None:
    from numba.extending import overload

    # numba compares signatures, annotations included: this one can have none
    @overload(reals, jit_options={"nogil": True})
    def _(*shape):  # pyright: ignore[reportMissingParameterType]  # noqa: ARG001
        return lambda *shape: np.empty(shape, np.float64)


@cache
def cache_root() -> Path | None:
    """Where compiled kernels are kept between runs: a folder for this compiler, None if there is no cache.

    ``HEUREX_KERNEL_CACHE`` names another place, or ``off``. A folder that cannot be written means no cache.
    """
    import numba

    wanted = os.environ.get("HEUREX_KERNEL_CACHE", "")
    if wanted == "off":
        return None
    root = (
        Path(wanted)
        if wanted
        else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "heurex"
    )
    compiler = hashlib.sha256(f"{numba.__version__} {np.__version__} {sys.version}".encode())
    folder = root / f"kernels-{compiler.hexdigest()[:12]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


def _with_imports(name: str, found: dict[str, ModuleType]) -> dict[str, ModuleType]:
    """A kernel module and all kernel modules that it imports from, directly or not."""
    if name not in found:
        module = found[name] = import_module(name)
        for home in re.findall(r"^from (heurex[\w.]*) import", inspect.getsource(module), re.MULTILINE):
            if getattr(import_module(home), "KERNEL", False):
                _with_imports(home, found)
    return found


@cache
def cache_folder(module_name: str) -> Path | None:
    """Where one kernel module is kept compiled: a folder for exactly its source and the sources it calls.

    A change of one kernel leaves the others' folders valid.
    """
    root = cache_root()
    if root is None:
        return None
    modules = _with_imports(module_name, {})
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for name in sorted(modules):
        digest.update(inspect.getsource(modules[name]).encode())
    return root / f"{module_name.removeprefix('heurex.')}-{digest.hexdigest()[:16]}"


def is_kept(module: ModuleType) -> bool:
    """Whether something compiled of this kernel module is in the cache."""
    folder = cache_folder(module.__name__)
    return folder is not None and folder.is_dir() and any(folder.rglob("*.nbc"))


def _compile(function: FunctionType) -> Kernel:
    import numba

    # Said outright either way: what is left unsaid numba takes over from whatever function calls this one.
    home = sys.modules.get(function.__module__)
    fused = getattr(home, "FUSED", False)
    how: Any = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"} if fused else False}
    how["forceinline"] = function.__name__ in getattr(home, "INLINED", ())
    if getattr(home, "LENT", False):
        how["_nrt"] = False
    folder = cache_folder(function.__module__)
    if folder is None:
        return numba.njit(**how)(function)
    # numba looks up the folder when it decorates; other people's cached functions keep theirs
    from numba.core import config

    settings: Any = config
    before, settings.CACHE_DIR = settings.CACHE_DIR, str(folder)
    try:
        return numba.njit(cache=True, **how)(function)
    finally:
        settings.CACHE_DIR = before


_COMPILED: dict[str, ModuleType] = {}
_COUNTING: dict[str, ModuleType] = {}


def compiled(module: Any) -> Any:
    """The kernel module compiled by numba, releasing the interpreter lock; each function on its first call."""
    found = _COMPILED.get(module.__name__)
    if found is None:
        _teach_numba_reals()
        found = _specialise(module, replace=lambda _name, value: value, decorate=_compile, same_way=compiled)
        _COMPILED[module.__name__] = found
    return found


def _counting(module: ModuleType) -> ModuleType:
    found = _COUNTING.get(module.__name__)
    if found is None:
        found = _specialise(
            module,
            replace=lambda name, value: _COUNTED_FUNCTIONS.get(name, value),
            decorate=lambda function: function,
            same_way=_counting,
        )
        _COUNTING[module.__name__] = found
    return found


def counted(module: Any, numbers: dict[str, np.ndarray]) -> tuple[Any, dict[str, np.ndarray], Tally]:
    """The kernel module over counting numbers, the given arrays turned into such, and their tally."""
    tally = Tally()
    wrap: Any = np.frompyfunc(lambda value: Counted(value, tally), 1, 1)
    return _counting(module), {name: wrap(array) for name, array in numbers.items()}, tally
