"""What the exact accuracy and the layerwise explanation state: activation regions, gates, label events."""

from __future__ import annotations

from collections.abc import Sequence
from math import log2

import numpy as np

from heurex.cones import cone_fraction
from heurex.estimators.base import Cell, Estimate
from heurex.estimators.exact import Chamber, chambers, edge_normals
from heurex.estimators.layerwise import Layerwise
from heurex.model import Rnn
from heurex.scoring.surprise.effect import NONE, Effect, proportional
from heurex.scoring.surprise.gated import GatedCell
from heurex.scoring.surprise.stated import Derivation, Entry, Stated, cut_by, rows_of
from heurex.scoring.surprise.structural import choice, setting
from heurex.tasks import ordering_name

__all__ = ["derive_exact", "derive_layerwise"]

_OUTCOMES = {frozenset({1}): "throughout", frozenset({0}): "nowhere", frozenset({0, 1}): "in a part"}


def derive_exact(model: Rnn, found: Estimate) -> Derivation:
    """Which neurons are on where, the size of every region, and how much of it is answered rightly."""
    bits = [_bits(cell) for cell in found.cells]
    stated: list[Stated] = []
    for cell in found.cells:
        right = float(cell.contribution or 0.0)
        rows = rows_of(cell.normals)
        event = Stated(
            cell.name, "label's logit largest", right, cell.fraction, len(rows) + model.seq_len - 1,
            model.seq_len, rows, model.seq_len - 1, proportional(1.0, cell.fraction),
        )  # fmt: skip
        own = proportional(1.0, cell.fraction) if event.is_whole else NONE
        stated += [_region(cell, own), event]
    return Derivation(tuple(_pattern_checks(model, found.cells, bits)), tuple(stated))


def derive_layerwise(model: Rnn, estimator: Layerwise, found: Estimate) -> Derivation:
    """Which neurons are on where up to the last exact step, regions, gates and label events after it."""
    n = model.seq_len
    steps = n - 1 if estimator.exact_steps is None else estimator.exact_steps
    structural = [choice(n, "which step is the last exact one", "exact_steps")]
    if steps == n:
        exact = derive_exact(model, found)
        return Derivation((*structural, *exact.entries), exact.stated)
    latent = estimator.latent_prob if estimator.gates == "latent" else None
    if latent is not None:
        structural.append(setting("q, the chance that the latent variable is 1", latent, "latent_prob"))
    bits = [_bits(cell) for cell in found.cells]
    stated: list[Stated] = []
    for cell, pattern in zip(found.cells, bits, strict=True):
        rows = rows_of(cell.normals)
        gated = GatedCell(model, _corners(cell), cell.fraction, cell.label, latent)
        whole, *events = gated.claims(steps, _state_map(model, pattern))
        stated.append(_region(cell, whole.effect))
        stated += [
            Stated(
                cell.name, event.event, event.value, cell.fraction, len(rows) + event.added, n,
                rows, event.added, event.effect,
            )
            for event in events
        ]  # fmt: skip
    return Derivation((*structural, *_pattern_checks(model, found.cells, bits)), tuple(stated))


def _bits(cell: Cell) -> np.ndarray:
    """A region's pattern, ``(steps, d)``."""
    return np.array([[int(on) for on in step] for step in cell.region.split()])


def _corners(cell: Cell) -> np.ndarray:
    """A region's extreme rays; regions always know them."""
    return np.zeros((0, 3)) if cell.rays is None else cell.rays


def _chamber(cell: Cell) -> Chamber:
    """The cone of one ordering and one sign of x_0 that a region was cut from."""
    n = len(cell.ordering or ())
    positive = bool(np.any(_corners(cell)[:, 0] > 0))
    return next(
        one for one in chambers(n)
        if one.ordering == cell.ordering and bool(np.any(one.rays[:, 0] > 0)) == positive
    )  # fmt: skip


def _region(cell: Cell, effect: Effect) -> Stated:
    chamber = _chamber(cell)
    n = len(chamber.ordering)
    parent = rows_of(edge_normals(chamber.rays)[:, :n])
    rows = rows_of(cell.normals)
    whole = float(cone_fraction(parent))
    added = cut_by(rows, parent)
    return Stated(cell.name, "the region", cell.fraction, whole, len(rows), n, parent, added, effect)


def _state_map(model: Rnn, pattern: np.ndarray) -> np.ndarray:
    """The state after the steps of a pattern, as a linear map of the inputs, ``(d, n)``."""
    state = np.zeros((model.hidden_size, model.seq_len))
    for step, on in enumerate(pattern):
        state = model.w_hh @ state
        state[:, step] += model.w_hi
        state *= on[:, None]
    return state


def _pattern_checks(model: Rnn, cells: Sequence[Cell], patterns: Sequence[np.ndarray]) -> list[Entry]:
    """One check for each neuron in each cell of the steps before it: on, off, or cut there.

    At the first step a neuron's sign is that of its input weight times that of x_0: d checks in all.
    """
    entries: list[Entry] = []
    for j, weight in enumerate(model.w_hi):
        sign = ">" if weight > 0 else "<" if weight < 0 else "="
        entries.append(Entry("check", f"w_hi[{j}] {sign} 0", 1.0, "yes or no, equally likely", f"w_hi[{j}]"))
    outcomes: dict[tuple[str, tuple[int, ...]], set[int]] = {}
    for cell, pattern in zip(cells, patterns, strict=True):
        chamber = _chamber(cell)
        side = "x0 > 0" if np.any(chamber.rays[:, 0] > 0) else "x0 < 0"
        where = f"{ordering_name(chamber.ordering)}, {side}"
        flat = pattern.ravel().tolist()
        for at in range(model.hidden_size, len(flat)):
            outcomes.setdefault((where, tuple(flat[:at])), set()).add(flat[at])
    for (where, known), values in outcomes.items():
        step, j = divmod(len(known), model.hidden_size)
        text = "".join(str(on) for on in known[model.hidden_size :])
        entries.append(
            Entry(
                "check",
                f"z{step + 1}[{j}] > 0 {_OUTCOMES[frozenset(values)]}",
                log2(3),
                "throughout, nowhere or in a part, equally likely",
                f"{where}, neurons of steps 2 on {text}" if text else where,
            )
        )
    return entries
