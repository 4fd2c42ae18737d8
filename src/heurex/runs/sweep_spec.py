"""What a sweep is asked for: a TOML file, checked whole before any work, each error with its line."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Final

from heurex.errors import HeurexError, ResultsError, UsageError
from heurex.estimators import make_estimator
from heurex.estimators.base import Estimator
from heurex.estimators.exact import Exact
from heurex.estimators.spec import label_of, read_methods
from heurex.model import Rnn
from heurex.runs.plan import Plan
from heurex.runs.spec_lines import lines_of
from heurex.zoo import load

__all__ = ["EXAMPLE", "read_spec"]

EXAMPLE: Final = """\
# A sweep: every model, at every level of noise, under every method. Some 20,000 models, a few seconds of work:
#   heurex sweep example.toml --out out/sweep
#   heurex summarise out/sweep

# Standard deviations of the noise on every weight. At 0 each model stands for itself, once.
sigma = [0.0, 0.01, 0.02, 0.05, 0.1, 0.2]
# Noisy copies of each model at each level, and the seed of their noise: copy i depends on the seed and i only.
copies = 1000
seed = 0

# What errors are measured against: "exact" (by strips), "exact?by=regions" (slower), or "none".
truth = "exact"
# Operations are counted on so many copies of the first model of each size at each level; it is slow work.
count_ops = 2

# Models by name (heurex zoo list) or path. Seeds and checkpoints (numbers of sequences) multiply, as in
#   name = "alg-zoo:2nd_argmax_4_3", seeds = [0, 1], checkpoints = [134217728, 268435456]
#   name = "runs/2nd_argmax_4_3_{checkpoint}_{seed}.safetensors", seeds = [0, 1], checkpoints = [1048576]
[[models]]
name = "m43"

[[models]]
name = "zoo:4,3"
seeds = [1, 2]

[[models]]
name = "zoo:6,3"

# Methods with their settings (heurex methods); a list makes a method for each of its values.
[[methods]]
name = "original"

[[methods]]
name = "original"
gates = "exact"
regions = ["merged", "signed"]

[[methods]]
name = "directions"
directions = [4, 8]

[[methods]]
name = "sampling"
samples = [64, 256]
"""
"""A spec with comments, of 20,004 models."""

_KEYS: Final = ("sigma", "copies", "seed", "truth", "count_ops", "chunk", "models", "methods")
_MODEL_KEYS: Final = ("name", "seeds", "checkpoints", "task")

Place = tuple[str | int, ...]


@dataclass(frozen=True)
class _Text:
    """Where the spec's values stand, for sentences."""

    title: str
    lines: Mapping[Place, int] | None

    def refuse(self, place: Place, problem: str) -> UsageError:
        """An error at a place: its line, or where there are no lines its name."""
        if self.lines is not None:
            known = [size for size in range(len(place), 0, -1) if place[:size] in self.lines]
            line = f", line {self.lines[place[: known[0]]]}" if known else ""
            return UsageError(f"{self.title}{line}: {problem}")
        name = "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in place).lstrip(".")
        return UsageError(f"{self.title}, {name}: {problem}")

    def whole(self, record: Mapping[str, Any], key: str, default: int, least: int) -> int:
        """A whole number."""
        value = record.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value < 2**63:
            raise self.refuse((key,), f"{key} is {value!r}; expected a whole number, {least} or more")
        return value


def read_spec(spec: str | Path | Mapping[str, Any]) -> Plan:
    """Read and check a sweep.

    Parameters
    ----------
    spec
        The path of a TOML file, or its content as a mapping, whose methods may also be estimators and functions.

    Raises
    ------
    UsageError
        If anything in it is not understood: one sentence with its line.
    """
    record, text = _read(spec)
    for key in record:
        if key not in _KEYS:
            raise text.refuse((key,), f"unknown key {key!r}; expected one of {', '.join(_KEYS)}")
    copies, seed = text.whole(record, "copies", 256, 1), text.whole(record, "seed", 0, 0)
    count_ops = text.whole(record, "count_ops", 2, 0)
    chunk = text.whole(record, "chunk", 1, 1) if "chunk" in record else None
    sigmas = _sigmas(record.get("sigma", [0.05]), text)
    methods = _methods(record.get("methods"), text)
    truth = _truth(record.get("truth", "exact"), text)
    models = _models(record.get("models"), truth, text)
    return Plan(models, sigmas, copies, seed, methods, truth, count_ops, chunk)


def _read(spec: str | Path | Mapping[str, Any]) -> tuple[Mapping[str, Any], _Text]:
    if isinstance(spec, Mapping):
        return spec, _Text("the sweep", None)
    path = Path(spec)
    try:
        text = path.read_text(encoding="utf-8")
        record = tomllib.loads(text)
    except OSError as error:
        raise ResultsError(
            f"{path} cannot be read ({error.strerror or error}); expected a sweep in TOML"
        ) from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is no text; expected a sweep in TOML") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not TOML: {error}") from None
    return record, _Text(str(path), lines_of(text))


def _sigmas(given: Any, text: _Text) -> tuple[float, ...]:
    levels = given if isinstance(given, (list, tuple)) else [given]
    found: list[float] = []
    for i, level in enumerate(levels):
        place = ("sigma", i) if levels is given else ("sigma",)
        known = isinstance(level, (int, float)) and not isinstance(level, bool)
        if not known or not math.isfinite(level) or level < 0:
            raise text.refuse(place, f"sigma is {level!r}; expected a finite standard deviation, 0 or more")
        if float(level) in found:
            raise text.refuse(place, f"sigma {level!r} is given twice; expected each level once")
        found.append(float(level))
    if not found:
        raise text.refuse(("sigma",), "there is no level of noise; expected at least one")
    return tuple(found)


def _at(text: _Text, place: Place, work: Callable[[], Any]) -> Any:
    """Do something, and add the line to whatever it refuses."""
    try:
        return work()
    except HeurexError as error:
        raise text.refuse(place, str(error)) from None


def _methods(given: Any, text: _Text) -> tuple[Estimator, ...]:
    if not isinstance(given, Sequence) or isinstance(given, str) or not given:
        raise text.refuse(("methods",), "there are no methods; expected at least one, as [[methods]]")
    found: dict[str, Estimator] = {}
    for i, one in enumerate(given):
        made = _table_of_methods(one, i, text) if isinstance(one, Mapping) else None
        if made is None:
            method: Any = one
            made = _at(text, ("methods", i), lambda method=method: read_methods([method]))
        for estimator in made:
            label = _at(text, ("methods", i), lambda estimator=estimator: label_of(estimator))
            if label in found:
                raise text.refuse(("methods", i), f"method {label!r} is given twice; expected each once")
            found[label] = estimator
    return tuple(found.values())


def _table_of_methods(table: Mapping[str, Any], i: int, text: _Text) -> list[Estimator]:
    """A method for every combination of its settings' values."""
    name: Any = table.get("name")
    if not isinstance(name, str):
        raise text.refuse(("methods", i), f"the name of a method is {name!r}; expected a text")
    settings = {key: value for key, value in table.items() if key != "name"}
    for key, value in settings.items():
        if isinstance(value, Mapping):
            raise text.refuse(("methods", i, key), f"{key} is a table; expected a value or a list of values")
        # one setting at a time, so that the line is that of the wrong one
        for j, one in enumerate(value if isinstance(value, list) else [value]):
            place = ("methods", i, key, j) if isinstance(value, list) else ("methods", i, key)
            _at(text, place, lambda key=key, one=one: _made(str(name), {key: one}))
    values = [value if isinstance(value, list) else [value] for value in settings.values()]
    return [
        _at(text, ("methods", i), lambda chosen=chosen: _made(name, dict(zip(settings, chosen, strict=True))))
        for chosen in product(*values)
    ]


def _made(name: str, settings: dict[str, Any]) -> Estimator:
    """An estimator whose settings are of the kind that it expects."""
    try:
        found = make_estimator(name, **settings)
        json.dumps(found.settings())
    except (TypeError, ValueError) as error:
        if isinstance(error, HeurexError):
            raise
        told = ", ".join(f"{key} = {value!r}" for key, value in settings.items())
        raise UsageError(f"method {name!r} does not take {told} ({error})") from None
    return found


def _truth(given: Any, text: _Text) -> Estimator | None:
    if given == "none":
        return None
    found = _at(text, ("truth",), lambda: read_methods([given]))
    exact = len(found) == 1 and isinstance(found[0], Exact) and found[0].budget is None
    if not exact:
        raise text.refuse(("truth",), f"truth is {given!r}; expected exact, exact?by=regions or none")
    return found[0]


def _models(given: Any, truth: Estimator | None, text: _Text) -> tuple[Rnn, ...]:
    if not isinstance(given, Sequence) or isinstance(given, str) or not given:
        raise text.refuse(("models",), "there are no models; expected at least one, as [[models]]")
    # what is seen without a file comes first
    for i, one in enumerate(given):
        _check_entry(one, ("models", i), text)
    found: dict[str, Rnn] = {}
    for i, one in enumerate(given):
        place: Place = ("models", i)
        for model in _models_of(one, place, text):
            if model.name in found:
                raise text.refuse(place, f"model {model.name!r} is given twice; expected each once")
            if truth is not None:
                _at(text, place, lambda model=model: _require_truth(model))
            found[model.name] = model
    return tuple(found.values())


def _require_truth(model: Rnn) -> None:
    limit = {2: math.inf, 3: math.inf, 4: 18}.get(model.seq_len, 0)
    if model.hidden_size > limit:
        raise UsageError(
            f"the exact accuracy of {model.name!r} with d = {model.hidden_size}, n = {model.seq_len} is out of reach; "
            'expected n = 2 or 3, or n = 4 with d up to 18, or truth = "none"'
        )


def _check_entry(given: Any, place: Place, text: _Text) -> None:
    """A model itself, its name, or a table of a name with seeds and checkpoints."""
    if isinstance(given, Rnn):
        if not given.name:
            raise text.refuse(
                place, "a model has no name; expected one that tells it from others in the table"
            )
        return
    if isinstance(given, str):
        return
    if not isinstance(given, Mapping) or not isinstance(given.get("name"), str):
        raise text.refuse(place, f"{given!r} is no model; expected a name or path, or a table with a name")
    for key in given:
        if key not in _MODEL_KEYS:
            raise text.refuse((*place, key), f"unknown key {key!r}; expected one of {', '.join(_MODEL_KEYS)}")
    for key in ("seeds", "checkpoints"):
        _counts(given, key, place, text)
    task = given.get("task")
    if not isinstance(task, (str, type(None))):
        raise text.refuse((*place, "task"), f"task is {task!r}; expected a text")


def _models_of(given: Any, place: Place, text: _Text) -> list[Rnn]:
    """The models of an entry that has been checked."""
    if isinstance(given, Rnn):
        return [given]
    table = {"name": given} if isinstance(given, str) else given
    where = place if isinstance(given, str) else (*place, "name")
    task: Any = table.get("task")
    models: list[Rnn] = []
    for checkpoint, seed in product(*(_counts(table, key, place, text) for key in ("checkpoints", "seeds"))):
        name = _at(text, place, lambda c=checkpoint, s=seed: _name_of(table["name"], s, c))
        model = _at(text, where, lambda name=name: load(name, task=task))
        models.append(Rnn(model.w_hi, model.w_hh, model.w_oh, name=name, task=model.task))
    return models


def _counts(table: Mapping[str, Any], key: str, place: Place, text: _Text) -> list[int | None]:
    given = table.get(key)
    if given is None:
        return [None]
    if not isinstance(given, list) or not given:
        raise text.refuse((*place, key), f"{key} is {given!r}; expected a list of whole numbers")
    for j, one in enumerate(given):
        if not isinstance(one, int) or isinstance(one, bool) or one < 0:
            raise text.refuse((*place, key, j), f"{one!r} is in {key}; expected whole numbers, 0 or more")
    return given


def _name_of(name: str, seed: int | None, checkpoint: int | None) -> str:
    """A name with seed and checkpoint in their places, or as settings behind it."""
    settings: list[str] = []
    for mark, setting, value in (("seed", "seed", seed), ("checkpoint", "n_seqs", checkpoint)):
        if f"{{{mark}}}" in name:
            if value is None:
                raise UsageError(f"{name!r} has a place for {{{mark}}}; expected {mark}s")
            name = name.replace(f"{{{mark}}}", str(value))
        elif value is not None:
            if ":" not in name:
                raise UsageError(f"{name!r} has no place for {mark}s; expected {{{mark}}} in its path")
            settings.append(f"{setting}={value}")
    if settings:
        name += ("&" if "?" in name else "?") + "&".join(settings)
    return name
