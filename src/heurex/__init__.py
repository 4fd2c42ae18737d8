"""heurex: mechanistic accuracy estimates for tiny ReLU RNNs, and how good they are.

The public names are loaded when they are first used, so that ``import heurex`` stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from heurex._version import __version__

if TYPE_CHECKING:
    from heurex.cones import ConeMeasure, cone_fraction, cone_measure
    from heurex.errors import ConeError, HeurexError, ModelError, NotApplicable, ResultsError, UsageError
    from heurex.estimators import (
        Cell,
        Check,
        Estimate,
        Estimator,
        External,
        Ops,
        Sampled,
        Status,
        count_right,
        estimate,
        linear_pieces,
        sampled_accuracy,
    )
    from heurex.estimators.order import canonical_order
    from heurex.estimators.spec import read_methods
    from heurex.model import Rnn, RnnStack, rnn_from_module, rnn_from_state_dict
    from heurex.report.page import write_page
    from heurex.runs.challenge import Challenge, challenge
    from heurex.runs.compare import Comparison, compare
    from heurex.runs.evaluate import Evaluation, evaluate
    from heurex.runs.reproduce import Reproduction, reproduce
    from heurex.runs.summarise import Summary, summarise
    from heurex.runs.sweep import Sweep, sweep
    from heurex.scoring import Score, noisy_copies, score
    from heurex.scoring.attribution import Attribution, attribute, true_contributions
    from heurex.scoring.confusion import Confusion, confusion
    from heurex.scoring.scan import Scan, scan
    from heurex.scoring.selection import (
        SelectionBits,
        bundled_selection_bits,
        selection_bits,
        selection_bits_near,
    )
    from heurex.scoring.surprise import Entry, Ledger, surprise
    from heurex.standard import standardise
    from heurex.zoo import load

_HOMES = {
    "heurex.cones": ("ConeMeasure", "cone_fraction", "cone_measure"),
    "heurex.errors": (
        "ConeError",
        "HeurexError",
        "ModelError",
        "NotApplicable",
        "ResultsError",
        "UsageError",
    ),
    "heurex.estimators": (
        "Cell",
        "Check",
        "Estimate",
        "Estimator",
        "External",
        "Ops",
        "Sampled",
        "Status",
        "count_right",
        "estimate",
        "linear_pieces",
        "sampled_accuracy",
    ),
    "heurex.estimators.order": ("canonical_order",),
    "heurex.estimators.spec": ("read_methods",),
    "heurex.standard": ("standardise",),
    "heurex.scoring.confusion": ("Confusion", "confusion"),
    "heurex.model": ("Rnn", "RnnStack", "rnn_from_module", "rnn_from_state_dict"),
    "heurex.report.page": ("write_page",),
    "heurex.runs.challenge": ("Challenge", "challenge"),
    "heurex.runs.compare": ("Comparison", "compare"),
    "heurex.runs.evaluate": ("Evaluation", "evaluate"),
    "heurex.runs.reproduce": ("Reproduction", "reproduce"),
    "heurex.runs.summarise": ("Summary", "summarise"),
    "heurex.runs.sweep": ("Sweep", "sweep"),
    "heurex.scoring": ("Score", "noisy_copies", "score"),
    "heurex.scoring.attribution": ("Attribution", "attribute", "true_contributions"),
    "heurex.scoring.scan": ("Scan", "scan"),
    "heurex.scoring.selection": (
        "SelectionBits",
        "bundled_selection_bits",
        "selection_bits",
        "selection_bits_near",
    ),
    "heurex.scoring.surprise": ("Entry", "Ledger", "surprise"),
    "heurex.zoo": ("load",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [  # noqa: RUF022 - in the order of the house: models, estimates, cones, scores, errors
    "__version__",
    "load", "Rnn", "RnnStack", "rnn_from_module", "rnn_from_state_dict",
    "estimate", "Estimate", "Estimator", "External", "Cell", "Check", "Ops", "Status", "read_methods",
    "attribute", "Attribution", "true_contributions", "scan", "Scan", "confusion", "Confusion",
    "selection_bits", "selection_bits_near", "bundled_selection_bits", "SelectionBits",
    "standardise", "canonical_order", "linear_pieces", "sampled_accuracy", "Sampled", "count_right",
    "cone_fraction", "cone_measure", "ConeMeasure",
    "noisy_copies", "score", "Score", "compare", "Comparison", "evaluate", "Evaluation",
    "challenge", "Challenge", "sweep", "Sweep", "summarise", "Summary",
    "reproduce", "Reproduction", "write_page", "surprise", "Ledger", "Entry",
    "HeurexError", "ModelError", "ConeError", "NotApplicable", "ResultsError", "UsageError",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'heurex' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
