"""Surprise accounting: an explanation's bits, derived from the checks and numbers that it rests on."""

from heurex.scoring.surprise.account import surprise
from heurex.scoring.surprise.conventions import Conventions
from heurex.scoring.surprise.ledger import Baselines, Curve, Ledger, Selection
from heurex.scoring.surprise.priors import PRIORS
from heurex.scoring.surprise.stated import Entry

__all__ = ["PRIORS", "Baselines", "Conventions", "Curve", "Entry", "Ledger", "Selection", "surprise"]
