"""Estimators written in a line, ``name?key=value&key=value``, and the default selection along the whole front."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import fields
from itertools import product
from typing import Any, Final

from heurex.errors import UsageError
from heurex.estimators import REGISTRY, External, make_estimator
from heurex.estimators.base import Estimator
from heurex.model import Rnn

__all__ = ["FRONT", "Method", "default_methods", "label_of", "read_methods"]

Method = str | Estimator | Callable[[Rnn], float]

FRONT: Final[dict[str, tuple[tuple[int, int] | None, ...]]] = {
    # spec: the sizes (d, n) for which it is in the default selection; None stands for every size
    "exact": (None,),
    "exact?by=regions": (None,),
    "exact?budget=1000|2000|4000|8000|16000": (None,),
    "directions?directions=2|4|6|8|12|16|20|32": (None,),
    "original": ((4, 3),),
    "original?regions=signed": ((4, 3),),
    "original?regions=merged|signed|true&gates=exact": ((4, 3),),
    "original?gates=mean": ((4, 3),),
    "pieces": ((2, 2),),
    "layerwise?exact_steps=1|2": (None,),
    "response": (None,),
    "symmetric": (None,),
    "sampling?samples=4|16|64|256|1024|4096|16384": (None,),
    "sampling?samples=64|256|1024|4096&design=antithetic|stratified": (None,),
    "sampling?samples=64|256|1024|4096&design=sobol&scramblings=2": (None,),
}
"""What ``evaluate`` runs when it is not told: to add to it, add a line."""


def default_methods(sizes: Sequence[tuple[int, int]]) -> list[Estimator]:
    """The default selection for models of these sizes (d, n)."""
    specs = [spec for spec, known in FRONT.items() if any(size is None or size in sizes for size in known)]
    return read_methods(specs)


def read_methods(methods: Sequence[Method]) -> list[Estimator]:
    """Estimators from specs, estimator objects and functions; what is given twice is taken once.

    Parameters
    ----------
    methods
        A spec is ``name``, or ``name?key=value&key=value``; values are JSON where they can be, else text;
        alternatives between bars make several estimators: ``sampling?samples=64|256``. One text may hold several
        specs between commas. A function is named by its ``__name__``; wrap it in :class:`heurex.External` to give
        it a label and its operations.

    Returns
    -------
    Estimators, in the order in which they are given.

    Raises
    ------
    UsageError
        If a name or setting is unknown, a spec is not understood, or two different methods look the same in tables.

    Examples
    --------
    >>> [label_of(one) for one in read_methods(["exact, sampling?samples=64|256"])]
    ['exact', 'sampling?samples=64', 'sampling?samples=256']
    """
    found: dict[str, Estimator] = {}
    for method in methods:
        if isinstance(method, str):
            made = [one for spec in _split(method, ",") for one in _read_spec(spec)]
        elif isinstance(method, Estimator):
            made = [method]
        elif callable(method):
            made = [External(method, label=getattr(method, "__name__", "external"))]
        else:
            raise UsageError(
                f"{method!r} is no method; expected a name, an estimator or a function of a model"
            )
        for estimator in made:
            label = label_of(estimator)
            if found.setdefault(label, estimator) != estimator:
                raise UsageError(
                    f"two different methods are named {label!r}; expected names that tell them apart"
                )
    return list(found.values())


def method_key(estimator: Estimator) -> tuple[str, str]:
    """What tells one method from another in tables: its name or label, and its settings as JSON."""
    name = getattr(estimator, "label", estimator.name)
    if isinstance(estimator, External) and name in REGISTRY:
        raise UsageError(
            f"a function is labelled {name!r}, which is the name of a method; expected another label"
        )
    try:
        return name, json.dumps(estimator.settings(), sort_keys=True)
    except TypeError as error:
        raise UsageError(f"settings of method {name!r} cannot be written down as JSON ({error})") from None


def label_of(estimator: Estimator | str, settings: dict[str, Any] | None = None) -> str:
    """A method in a line, with the settings that differ from its defaults; reading it back gives the same method.

    Examples
    --------
    >>> label_of("original", {"regions": "signed", "gates": "latent", "unlikely": "third", "latent_prob": 0.2})
    'original?regions=signed'
    """
    if isinstance(estimator, Estimator):
        name, text = method_key(estimator)
        settings = json.loads(text)
    else:
        name = estimator
    told = settings or {}
    if set(told) - {"seed"} == set(External.told):
        return name if "seed" not in told else f"{name}?seed={told['seed']}"
    cls = REGISTRY.get(name)
    if cls is not None:
        usual = json.loads(json.dumps(cls().settings()))
        order = [f.name for f in fields(cls)]  # pyright: ignore[reportArgumentType]
        order += [key for key in told if key not in order]
        told = {
            key: told[key] for key in order if key in told and (key not in usual or usual[key] != told[key])
        }
    written = "&".join(f"{key}={_write(value)}" for key, value in told.items())
    return f"{name}?{written}" if written else name


def _write(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _split(text: str, mark: str) -> list[str]:
    """Cut at a mark, but not within brackets or quotation marks."""
    parts, depth, quoted = [""], 0, False
    for letter in text:
        quoted ^= letter == '"'
        depth += (letter in "[{") - (letter in "]}")
        if letter == mark and depth == 0 and not quoted:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def _read_spec(spec: str) -> list[Estimator]:
    name, mark, query = spec.partition("?")
    usual = REGISTRY[name]().settings() if name in REGISTRY else {}
    alternatives: dict[str, list[Any]] = {}
    for pair in _split(query, "&") if mark else []:
        key, equals, text = pair.partition("=")
        if not equals or not key or key in alternatives:
            raise UsageError(
                f"method {spec!r} is not understood at {pair!r}; expected name?key=value&key=value, "
                f"such as sampling?samples=64|256"
            )
        alternatives[key] = [_read_value(value, usual.get(key)) for value in _split(text, "|")]
    return [
        make_estimator(name, **dict(zip(alternatives, values, strict=True)))
        for values in product(*alternatives.values())
    ]


def _read_value(text: str, usual: Any) -> Any:
    """JSON where it can be; a setting that is a text by default takes ``true`` for a text too."""
    if isinstance(usual, str) and not text.startswith('"'):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
