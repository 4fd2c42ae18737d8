"""The note's own figures, and ours beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from heurex._version import __version__
from heurex.estimators.base import CONVENTIONS, Estimate
from heurex.estimators.sampling import note_ops_per_sample, ops_per_sample
from heurex.model import Rnn
from heurex.results import Row
from heurex.scoring.comparison import null_scores, rms_spread, sampling_rmse, score

__all__ = ["NOTE_OPS", "Beside", "beside_the_note", "summarise"]

NOTE_OPS: Final = {"original": 71_000, "symmetric": 7_680}
"""As the note prints them; the symmetric version counts four half-spaces where six are needed."""

CITATION: Final = (
    'Jacob Hilton, "Heuristic explanations for 2nd argmax models", Alignment Research Center, 21 December 2024'
)  # fmt: skip


@dataclass(frozen=True)
class Beside:
    """One figure of the note beside ours."""

    figure: str
    the_note: str
    here: str
    remark: str = ""


def _column(rows: Sequence[Row], estimator: str) -> np.ndarray:
    found = sorted((row for row in rows if row.estimator == estimator), key=lambda row: row.copy)
    return np.array([np.nan if row.value is None else row.value for row in found])


def _mean_ops(rows: Sequence[Row], estimator: str) -> dict[str, float | None]:
    mine = [row for row in rows if row.estimator == estimator]
    ops = [row.ops for row in mine if row.ops is not None]
    note = [row.ops_note for row in mine if row.ops_note is not None]
    means: dict[str, float | None] = {
        f"ops_{name}": float(np.mean([one.total(name) for one in ops])) if ops else None
        for name in CONVENTIONS
    }
    return means | {"ops_note": float(np.mean(note)) if note else None}


def score_ensemble(
    rows: Sequence[Row], estimators: Sequence[str], model: Rnn, clean_accuracy: float
) -> dict[str, Any]:
    """Scores of one ensemble's rows: the truth's spread, each estimator, and the guesses."""
    truth = _column(rows, "exact")
    per_sample_note = note_ops_per_sample(model.hidden_size, model.seq_len)
    per_sample = ops_per_sample(model).total()
    scored: list[dict[str, Any]] = []
    for name in estimators:
        values = _column(rows, name)
        known = np.isfinite(values)
        there = truth[known] if known.any() else truth
        ops = _mean_ops(rows, name)
        entry = {"estimator": name, **asdict(score(values, truth)), **ops}
        printed = NOTE_OPS.get(name)
        entry["sampling_rmse_at_printed_ops"] = printed and sampling_rmse(there, per_sample_note, printed)
        entry["sampling_rmse_at_note_ops"] = ops["ops_note"] and sampling_rmse(
            there, per_sample_note, ops["ops_note"]
        )
        entry["sampling_rmse_at_counted_ops"] = ops["ops_weighted"] and sampling_rmse(
            there, per_sample, ops["ops_weighted"]
        )
        scored.append(entry)
    return {
        "models": len(truth),
        "accuracy": {"least": truth.min(), "mean": truth.mean(), "greatest": truth.max()},
        "rms_spread": rms_spread(truth),
        "sample_ops": {"note": per_sample_note, "weighted": per_sample},
        "estimators": scored,
        "guesses": [{"guess": name, **asdict(s)} for name, s in null_scores(truth, clean_accuracy).items()],
    }


def summarise(
    model: Rnn, rows: Sequence[Row], clean: dict[str, Estimate], *, sigma: float, seeds: Sequence[int]
) -> dict[str, Any]:
    """Everything the reproduction reports, as a record ready for JSON."""
    explanations = [name for name in clean if name != "exact"]
    ensembles: list[dict[str, Any]] = []
    for seed in seeds:
        mine = [row for row in rows if row.origin != "clean" and row.seed == seed]
        found = score_ensemble(mine, explanations, model, clean["exact"].value)
        ensembles.append({"seed": seed, **found})
    first = [row for row in rows if row.origin != "clean" and row.seed == seeds[0]]
    walls = {name: sum(row.wall_s or 0.0 for row in first if row.estimator == name) for name in clean}
    summary: dict[str, Any] = {
        "source": CITATION,
        "heurex": __version__,
        "model": model.name,
        "model_hash": model.fingerprint(),
        "sigma": sigma,
        "models": ensembles[0]["models"],
        "clean": {
            name: {
                "value": one.value,
                "numerical_error": one.numerical_error,
                "ops_weighted": None if one.ops is None else one.ops.total(),
                "ops_note": one.note_ops,
            }
            for name, one in clean.items()
        },
        "fractions": {str(k): count for k, count in clean["original"].fraction_counts().items()},
        "ensembles": ensembles,
        "computing_s": walls,
    }
    summary["beside_the_note"] = [asdict(row) for row in beside_the_note(summary)]
    return summary


def _percent(x: float | None, digits: int = 1) -> str:
    return "applies to no copy" if x is None or not np.isfinite(x) else f"{100 * x:.{digits}f}%"


def _error(entry: dict[str, Any]) -> str:
    bias = f" (bias {100 * entry['bias']:+.1f}%)" if entry["covered"] else ""
    some = f", {entry['covered']} of {entry['models']} copies" if entry["covered"] < entry["models"] else ""
    return _percent(entry["rmse"]) + bias + some


def _operations(one: dict[str, Any]) -> str:
    counted = "" if one["ops_weighted"] is None else f"; {one['ops_weighted']:,.0f} counted"
    return f"{one['ops_note']:,.0f} by 5 k^3{counted}"


def _relative(entry: dict[str, Any]) -> str:
    sampling = entry["sampling_rmse_at_printed_ops"]
    return f"{entry['rmse'] / sampling:.1f}" if entry["covered"] and sampling else "-"


def beside_the_note(summary: dict[str, Any]) -> list[Beside]:
    """The note's figures beside ours, with a sentence where they differ."""
    ensemble, clean = summary["ensembles"][0], summary["clean"]
    by_name = {entry["estimator"]: entry for entry in ensemble["estimators"]}
    original, symmetric = by_name["original"], by_name["symmetric"]
    mean_guess = ensemble["guesses"][1]["rmse"]
    accuracy = ensemble["accuracy"]
    fractions = summary["fractions"]
    stated = " + ".join(str(count) for count in fractions.values())
    return [
        Beside(
            "accuracy of the clean model", "0.985 (Figure 1)", f"{clean['exact']['value']:.5f}",
            "our model is AlgZoo's recipe rerun with seed 0, not ARC's own weights",
        ),
        Beside("original version, clean model", "about 0.983 (Figure 1)", f"{clean['original']['value']:.5f}"),
        Beside("symmetric version, clean model", "about 0.980 (Figure 1)", f"{clean['symmetric']['value']:.5f}"),
        Beside(
            "exact accuracies of the copies", "0.645 to 0.969 (Figure 1)",
            f"{accuracy['least']:.3f} to {accuracy['greatest']:.3f}",
        ),
        Beside(
            "RMS error, original version", "around 3%",
            _error(original),
        ),
        Beside(
            "RMS error, version based on George's approach", "around 5%",
            _error(symmetric),
            f"the best constant guess, the copies' mean accuracy, has {_percent(mean_guess)}",
        ),
        Beside(
            "RMS of sqrt(p(1-p)) over the copies", "24%", _percent(ensemble["rms_spread"]),
            "Figure 1, as we read it, also suggests about 31%, so sampling is noisier than the note says",
        ),
        Beside(
            "fractions in the original version", "18 + 56 + 28 = 102", f"{stated} = {sum(fractions.values())}",
            "counted in the run",
        ),
        Beside(
            "operations, original version", "71,000",
            _operations(clean["original"]),
            "counted: add, multiply, divide 1; square root, arctangent 10",
        ),
        Beside(
            "operations, version based on George's approach", "7,680",
            _operations(clean["symmetric"]),
            "each event is 2 signs + 2 ordering + 2 logits = 6 half-spaces; the note's count has 4",
        ),
        Beside(
            "sampling at 71,000 operations", "0.8%", _percent(original["sampling_rmse_at_printed_ops"], 2),
            "from the 24% above",
        ),
        Beside(
            "sampling at 7,680 operations", "2.3%", _percent(symmetric["sampling_rmse_at_printed_ops"], 2),
        ),
        Beside(
            "error relative to sampling at these prices", "around a factor of 2",
            f"{_relative(original)} and {_relative(symmetric)}",
            "the note's own figures give 3%/0.8% = 3.8 and 5%/2.3% = 2.2",
        ),
        Beside(
            "signs of w_hi", '"W_0, W_1 > 0 and W_0, W_1 < 0"', "w_hi[0], w_hi[1] > 0 and w_hi[2], w_hi[3] < 0",
            "a slip of the pen: the formulas that follow use the latter",
        ),
    ]  # fmt: skip
