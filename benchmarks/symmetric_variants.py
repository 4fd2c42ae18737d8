"""Every variant of the symmetric explanation, winners and losers, against the exact accuracy of noisy copies.

Run ``python benchmarks/symmetric_variants.py [--seeds 0 1 11] [--copies 256] [--sigma 0.05]``; with ``--markdown``
it prints the table of ``docs/symmetric-variants.md``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from itertools import product

import numpy as np
from rich.console import Console
from rich.table import Table

import heurex
from heurex import Rnn, RnnStack
from heurex.estimators import Exact, Symmetric
from heurex.symmetry import best_pairing
from heurex.tasks import second_argmax

__all__ = ["Row", "main", "variants"]

FITTING_INPUTS = 20_000


@dataclass(frozen=True, slots=True)
class Row:
    """One variant; RMS error and bias in per cent for each seed, correlation with the truth over all copies."""

    name: str
    rmse: list[float]
    bias: list[float]
    correlation: float
    ops: int | None


def variants() -> Iterator[Symmetric]:
    """The settings of Symmetric that differ from one another."""
    for keep, condition in product(("none", "hh"), ("none", "last", "all")):
        for dependence, moments in product(("independent", "joint"), ("half", "half-gaussian")):
            if condition != "all" or (dependence, moments) == ("independent", "half"):
                yield Symmetric(moments=moments, dependence=dependence, condition=condition, keep=keep)
        if condition == "none":
            yield Symmetric(noise="none", keep=keep)


def name_of(estimator: Symmetric) -> str:
    """The settings that are not the default."""
    changed = [f'{f.name}="{v}"' for f in fields(estimator) if (v := getattr(estimator, f.name)) != f.default]
    return ", ".join(changed) or "as in the note"


def perturbed(model: Rnn, share: float) -> float:
    """Exact accuracy with a share of the asymmetry put back."""
    part = best_pairing(model)
    base = part.reduced()
    changed = Rnn(
        base.w_hi + share * part.eps_hi, base.w_hh + share * part.eps_hh, base.w_oh + share * part.eps_oh
    )
    return Exact().estimate_stack(RnnStack.of([changed])).value[0]


def first_order(model: Rnn, step: float = 1e-3) -> float:
    """Accuracy of the symmetric network and its first derivative in the asymmetry, by central differences."""
    return perturbed(model, 0.0) + (perturbed(model, step) - perturbed(model, -step)) / (2 * step)


def second_order(model: Rnn, step: float = 1e-2) -> float:
    """The same with the second derivative."""
    here, up, down = perturbed(model, 0.0), perturbed(model, step), perturbed(model, -step)
    return here + (up - down) / (2 * step) + (up - 2 * here + down) / (2 * step**2)


def by_last_fit(*, conditioned: bool, residual: bool) -> Callable[[Rnn], float]:
    """What the noise could give at best: its true moments (fitted on inputs), as a linear form and a Gaussian rest.

    The true error of the logits, model less symmetric network, is regressed on the inputs and on \\|u_n\\|; with
    ``conditioned`` on the inputs within each sign region of u_n and each ordering. A bound for the variants, and
    no estimate: it looks at the model's own logits.
    """

    def accuracy(model: Rnn) -> float:
        rng = np.random.default_rng(0)
        x = rng.standard_normal((FITTING_INPUTS // 2, 3))
        x = np.vstack([x, -x])
        part = best_pairing(model)
        u = x @ part.last_state_map().T
        base = np.abs(u) @ part.w_oh_sym.T
        error = model.logits(x) - base
        features = x if conditioned else np.hstack([x, np.abs(u)])
        keys = (u > 0) @ [1, 2] * 27 + np.argsort(-x, axis=1) @ [9, 3, 1] if conditioned else np.zeros(len(x))
        out = base.copy()
        for key in np.unique(keys):
            here = keys == key
            weights, *_ = np.linalg.lstsq(features[here], error[here], rcond=None)
            out[here] += features[here] @ weights
            if residual:
                left = error[here] - features[here] @ weights
                variances, axes = np.linalg.eigh(left.T @ left / len(left))
                out[here] += rng.standard_normal(left.shape) @ (axes * np.sqrt(np.maximum(variances, 0))).T
        label = second_argmax(x)
        return float((np.argmax(out, axis=1) == label).mean())

    return accuracy


def others() -> list[tuple[str, Callable[[Rnn], float]]]:
    """Losers and bounds that are no setting."""
    return [
        ("first order in eps about the symmetric network", first_order),
        ("second order in eps", second_order),
        ("(bound) true error fitted by x and |u_n|", by_last_fit(conditioned=False, residual=False)),
        ("(bound) the same with a Gaussian rest", by_last_fit(conditioned=False, residual=True)),
        ("(bound) true error fitted by x in each sign region and ordering",
         by_last_fit(conditioned=True, residual=False)),
        ("(bound) the same with a Gaussian rest in each", by_last_fit(conditioned=True, residual=True)),
    ]  # fmt: skip


def score(name: str, values: list[np.ndarray], truths: list[np.ndarray], ops: int | None) -> Row:
    """RMS error, bias and correlation of one variant."""
    errors = [100 * (value - truth) for value, truth in zip(values, truths, strict=True)]
    flat, truth = np.concatenate(values), np.concatenate(truths)
    correlation = (
        float(np.corrcoef(flat, truth)[0, 1]) if min(v.std() for v in values) > 1e-12 else float("nan")
    )
    return Row(
        name,
        [float((e**2).mean() ** 0.5) for e in errors],
        [float(e.mean()) for e in errors],
        correlation,
        ops,
    )


def main() -> list[Row]:
    """Evaluate and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 11])
    parser.add_argument("--copies", type=int, default=256)
    parser.add_argument("--sigma", type=float, default=0.05)
    parser.add_argument("--markdown", action="store_true")
    arguments = parser.parse_args()
    model = heurex.load("m43")
    stacks = [heurex.noisy_copies(model, arguments.sigma, arguments.copies, seed) for seed in arguments.seeds]
    truths = [Exact().estimate_stack(stack).value for stack in stacks]
    exact_ops = Exact().estimate(model).ops
    assert exact_ops is not None
    rows = [
        score("exact accuracy, for its cost", truths, truths, exact_ops.total()),
        score("a constant: the ensemble's mean", [np.full_like(t, t.mean()) for t in truths], truths, None),
    ]
    for estimator in variants():
        values = [estimator.estimate_stack(stack).value for stack in stacks]
        ops = estimator.estimate(model).ops
        rows.append(score(name_of(estimator), values, truths, None if ops is None else ops.total()))
    for name, function in others():
        values = [np.array([function(copy) for copy in stack]) for stack in stacks]
        rows.append(score(name, values, truths, None))
    show(rows, markdown=arguments.markdown)
    return rows


def cells(row: Row) -> list[str]:
    """A row as strings."""
    return [
        row.name,
        " / ".join(f"{e:.2f}" for e in row.rmse),
        " / ".join(f"{b:+.2f}" for b in row.bias),
        f"{row.correlation:.3f}" if np.isfinite(row.correlation) else "-",
        f"{row.ops:,}" if row.ops is not None else "-",
    ]


def show(rows: list[Row], *, markdown: bool) -> None:
    """Print the table."""
    heads = ["variant", "RMS error, %", "bias, %", "correlation", "operations (weighted)"]
    if markdown:
        print("| " + " | ".join(heads) + " |\n|---|---|---|---|---|")
        for row in rows:
            print("| " + " | ".join(text.replace("|u_n|", "abs u_n") for text in cells(row)) + " |")
        return
    table = Table(*heads)
    for row in rows:
        table.add_row(*cells(row))
    Console(width=170).print(table)


if __name__ == "__main__":
    main()
