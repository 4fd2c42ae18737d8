"""Methods of the challenge: which ones run by default, and a contestant's function from a file."""

from __future__ import annotations

import functools
import hashlib
import inspect
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Final

from heurex.errors import HeurexError, ResultsError, UsageError
from heurex.estimators.base import Estimator, External
from heurex.estimators.spec import Method, read_methods

__all__ = ["CHALLENGE_METHODS", "challenge_methods", "kind_of", "read_contestant", "with_seeds"]

CHALLENGE_METHODS: Final[dict[int | None, tuple[str, ...]]] = {
    # number of inputs: specs; None stands for every number that has no line of its own
    2: ("original", "pieces", "layerwise", "sampling?samples=100|1000|10000"),
    3: ("directions?directions=4|8|16", "layerwise", "sampling?samples=100|1000|10000"),
    4: (
        "nested?nodes=1|64|128|512|1536",
        "exact-last?points=64|256|1024|4096|16384&design=sobol",
        "mean-field?rank=2|3",
        "moments",
        "top-three",
        "sampling?samples=100|1000|10000",
        "sampling?samples=1024|16384&design=sobol&scramblings=2",
    ),
    5: (
        "exact-last?points=1|4|16|64|256|1024|4096",
        "mean-field?rank=2|3|4",
        "mean-field?rank=3&last=exact",
        "moments",
        "top-three",
        "sampling?samples=100|1000|10000",
        "sampling?samples=1024|16384&design=sobol&scramblings=2",
    ),
    None: (
        "exact-last?points=1|4|16|64|256|1024",
        "mean-field?rank=2|3|4",
        "mean-field?rank=3&last=exact",
        "moments",
        "top-three?nodes=1|5|20|100",
        "sampling?samples=100|1000|10000",
        "sampling?samples=1024|16384&design=sobol&scramblings=2",
    ),
}
"""What ``challenge`` runs when it is not told: to add to it, add a spec."""


def challenge_methods(seq_len: int, methods: Sequence[Method] | None = None) -> list[Estimator]:
    """The methods asked for, or the default ones for a number of inputs."""
    if methods is None:
        methods = CHALLENGE_METHODS.get(seq_len, CHALLENGE_METHODS[None])
    return read_methods(methods)


def with_seeds(estimator: Estimator, seeds: int) -> list[Estimator]:
    """A method with as many seeds, from its own on; a method without a seed once.

    Examples
    --------
    >>> from heurex.estimators import make_estimator
    >>> [one.seed for one in with_seeds(make_estimator("sampling", samples=9, seed=5), 3)]
    [5, 6, 7]
    """
    names = [f.name for f in fields(estimator)]  # pyright: ignore[reportArgumentType]
    seed = getattr(estimator, "seed", None) if "seed" in names else None
    if not isinstance(seed, int):
        return [estimator]
    return [replace(estimator, seed=seed + k) for k in range(seeds)]  # pyright: ignore[reportArgumentType, reportCallIssue]


def kind_of(estimator: Estimator) -> str:
    """``"exact"``, ``"explanation"``, ``"cubature"``, ``"sampling"`` or ``"external"``; of a function what it says."""
    kind = estimator.kind
    if isinstance(estimator, External):
        kind = getattr(estimator.function, "kind", kind)
    return "cubature" if kind == "quadrature" else kind


def read_contestant(text: str) -> External:
    """An estimator from ``path/to/file.py:function``.

    The function takes a model, and may take a ``seed``. Its operations are its attribute ``ops``, or it returns the
    value and the operations. Attributes ``label`` and ``kind`` say how tables call it.

    Raises
    ------
    UsageError
        If there is no such file or function, the file fails, or an attribute makes no sense.
    """
    place, colon, name = text.rpartition(":")
    path = Path(place)
    if not colon or not name.isidentifier() or not place:
        raise UsageError(f"--estimator {text!r} is not understood; expected path/to/file.py:function")
    try:
        source = path.read_bytes()
    except OSError as error:
        raise ResultsError(f"estimator file {path} cannot be read ({error.strerror or error})") from None
    module = _run(path)
    function = getattr(module, name, None)
    if not callable(function):
        raise UsageError(f"{path} has no function {name!r}; expected path/to/file.py:function")
    kind = getattr(function, "kind", "external")
    if kind not in ("explanation", "cubature", "sampling", "exact", "external"):
        raise UsageError(
            f"{name}.kind in {path} is {kind!r}; expected explanation, cubature, sampling or exact"
        )
    try:
        seeded = "seed" in inspect.signature(function).parameters
    except (TypeError, ValueError):
        seeded = False
    call: Any = _guarded(function, name, path)
    call.source_digest = hashlib.sha256(source).hexdigest()[:16]
    label, ops = getattr(function, "label", name), getattr(function, "ops", None)
    return External(call, label=str(label), ops=ops, seed=0 if seeded else None)


def _run(path: Path) -> Any:
    spec = spec_from_file_location(f"_contestant_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} is no Python file; expected path/to/file.py:function")
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UsageError(f"{path} fails when it is read ({type(error).__name__}: {error})") from error
    return module


def _guarded(function: Callable[..., Any], name: str, path: Path) -> Callable[..., Any]:
    """The function, whose failures are a sentence with its name."""

    @functools.wraps(function)
    def call(model: Any, **settings: Any) -> Any:
        try:
            return function(model, **settings)
        except HeurexError:
            raise
        except Exception as error:
            raise UsageError(
                f"{name} in {path} fails on {model!r} ({type(error).__name__}: {error})"
            ) from error

    return call
