"""Names of models: ``m43``, ``zoo:4,4?seed=2``; what stands before the colon says who knows the rest."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from heurex.errors import UsageError
from heurex.model import Rnn
from heurex.zoo import alg_zoo, hand, ladder

__all__ = ["KINDS", "ModelName", "load_named", "read_count", "split_name"]


@dataclass(frozen=True)
class ModelName:
    """A name taken apart: ``kind:body?setting=value&setting=value``."""

    text: str
    kind: str
    body: str
    settings: Mapping[str, str] = field(default_factory=dict[str, str])

    def only(self, *known: str) -> None:
        """Refuse settings that are not known here."""
        for setting in self.settings:
            if setting not in known:
                expected = f"expected {', '.join(known)}" if known else "there are none"
                raise UsageError(f"{self.text!r} has no setting {setting!r}; {expected}")

    def count(self, setting: str) -> int | None:
        """A setting that is a whole number, None if it is not given."""
        text = self.settings.get(setting)
        return None if text is None else read_count(f"{setting} in {self.text!r}", text)

    def number(self, setting: str, default: float) -> float:
        """A setting that is a number."""
        text = self.settings.get(setting)
        try:
            return default if text is None else float(text)
        except ValueError:
            raise UsageError(f"{setting} in {self.text!r} is {text!r}; expected a number") from None


def read_count(what: str, text: str) -> int:
    """A whole number, which may be written as a power.

    Examples
    --------
    >>> read_count("the number", "2^10")
    1024
    """
    found = re.fullmatch(r"(\d{1,15})(?:(?:\^|\*\*)(\d{1,2}))?", text.strip().replace("_", ""))
    if found is None:
        raise UsageError(f"{what} is {text!r}; expected a whole number such as 5 or 2^27")
    base, power = found.groups()
    return int(base) ** int(power or 1)


def split_name(text: str) -> ModelName | None:
    """A name taken apart, None if it is none of ours (a path, perhaps)."""
    kind, colon, rest = text.partition(":")
    if not colon or kind not in KINDS:
        return None
    body, question, query = rest.partition("?")
    settings: dict[str, str] = {}
    for pair in query.split("&") if question else ():
        setting, equals, value = pair.partition("=")
        if not equals or not setting or setting in settings:
            raise UsageError(f"{text!r} has the setting {pair!r}; expected each once, as name=value")
        settings[setting] = value
    return ModelName(text, kind, body, settings)


def load_named(name: ModelName) -> Rnn:
    """The model of a name.

    Raises
    ------
    UsageError
        If there is none, or a setting is unknown.
    ModelError
        If its file cannot be had.
    """
    return KINDS[name.kind](name)


def _hand(name: ModelName) -> Rnn:
    if name.body == "2nd_argmax_2":
        name.only()
        return hand.antisymmetric_pair()
    if name.body == "2nd_argmax_3":
        name.only("sharpness")
        return hand.sharp_symmetric(name.number("sharpness", 100.0))
    if name.body == "2nd_argmax_10":
        name.only()
        return hand.running_maxima()
    raise UsageError(f"unknown model {name.text!r}; expected hand:2nd_argmax_2, _3 or _10")


def _zoo(name: ModelName) -> Rnn:
    name.only("seed")
    found = re.fullmatch(r"(\d{1,4}),(\d{1,4})", name.body)
    if found is None:
        raise UsageError(f"unknown model {name.text!r}; expected zoo:d,n such as zoo:4,4")
    return ladder.load(int(found[1]), int(found[2]), name.count("seed"))


def _alg_zoo(name: ModelName) -> Rnn:
    if name.body == "example_2nd_argmax":
        name.only()
        return alg_zoo.load_file(alg_zoo.EXAMPLE)
    found = re.fullmatch(r"(2nd_argmax|argmedian)_(\d{1,4})_(\d{1,4})", name.body)
    if found is None:
        raise UsageError(
            f"unknown model {name.text!r}; expected alg-zoo:2nd_argmax_d_n, alg-zoo:argmedian_d_n "
            "or alg-zoo:example_2nd_argmax"
        )
    name.only("seed", "n_seqs")
    n_seqs = name.count("n_seqs")
    file = alg_zoo.file_for(
        int(found[2]), int(found[3]), name.count("seed"), 2**30 if n_seqs is None else n_seqs, found[1]
    )
    return alg_zoo.load_file(file)


KINDS: Final[dict[str, Callable[[ModelName], Rnn]]] = {"hand": _hand, "zoo": _zoo, "alg-zoo": _alg_zoo}
"""What may stand before the colon."""
