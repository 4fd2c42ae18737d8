"""What there is: every bundled and hand-built model with its accuracy, source and licence."""

from __future__ import annotations

from dataclasses import dataclass

from heurex.zoo import ladder

__all__ = ["Entry", "entries"]


@dataclass(frozen=True)
class Entry:
    """A model that needs no download.

    Attributes
    ----------
    name
        What ``heurex.load`` takes.
    task, hidden_size, seq_len, parameters
        What is asked of it, d, n, and how many weights it has.
    accuracy, accuracy_error, accuracy_kind
        ``"exact"`` with a bound on its error, or ``"sampled"`` with its standard error.
    sequences
        Training sequences, None for models built by hand.
    source, licence
        Whose it is.
    """

    name: str
    task: str
    hidden_size: int
    seq_len: int
    parameters: int
    accuracy: float
    accuracy_error: float
    accuracy_kind: str
    sequences: int | None
    source: str
    licence: str


_TASK = "2nd_argmax"
_TRAINED, _OWN = "trained by AlgZoo's recipe", "MIT"
_ARC, _ROBINSON, _PUBLIC = "Hilton et al. (2026)", "Robinson's symmetry", "public construction"

# Errors as Exact() bounds them, or larger; the sampled one on 10^7 inputs.
_NAMED = (
    Entry("m43", _TASK, 4, 3, 32, 0.9859986954502413, 4.3e-12, "exact", 2**30, _TRAINED, _OWN),
    Entry("m22", _TASK, 2, 2, 10, 0.9999158338904697, 3e-15, "exact", 2**30, _TRAINED, _OWN),
    Entry("hand:2nd_argmax_2", _TASK, 2, 2, 10, 1.0, 3e-15, "exact", None, _ARC, _PUBLIC),
    Entry("hand:2nd_argmax_3", _TASK, 4, 3, 32, 0.999972707165732, 1.2e-8, "exact", None, _ROBINSON, _PUBLIC),
    Entry("hand:2nd_argmax_10", _TASK, 22, 10, 726, 0.9903131, 3.1e-05, "sampled", None, _ARC, _PUBLIC),
)


def entries() -> list[Entry]:
    """Named models first, then the ladder by d, n and seed."""
    found = list(_NAMED)
    for model in ladder.models():
        d, n = model.hidden_size, model.seq_len
        found.append(
            Entry(
                f"zoo:{d},{n}?seed={model.seed}", model.task, d, n, d * (d + 1 + n),
                model.accuracy, model.accuracy_error, model.accuracy_kind, model.sequences, _TRAINED, _OWN,
            )
        )  # fmt: skip
    return found
