"""Make docs/formulas.md: the note's formulas in its order, where each is computed, and what tests it.

Run ``python docs/build_formulas.py`` from the repository root; a test fails where the page is stale, or a formula lacks
its source or its test. Sources are read from docstrings.
"""

# ruff: noqa: E501 - a table of sentences
from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

__all__ = ["FORMULAS", "Formula", "missing", "page", "source_of"]

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Formula:
    """One formula: its section of the note, what it says, the object that has it, the test, where we differ."""

    section: str
    title: str
    formula: str
    where: str
    test: str
    differs: str = ""


_O, _S, _Q, _B = (
    "Original version",
    "Version based on George's approach",
    "Quality versus compute",
    "Surprise accounting",
)
_ORIGINAL, _SYMMETRIC = "tests/estimators/test_original.py", "tests/estimators/test_symmetric.py"

FORMULAS = (
    Formula("Notation", "The network", "z_{t+1} = W^hh h_t + W^hi x_t, h_{t+1} = max(z_{t+1}, 0), l = W^oh h_n, h_0 = 0",
            "heurex.model.Rnn", "tests/test_model.py::test_logits_follow_the_equations",
            "The answer is the first of the largest logits: all are 0 where every neuron is off, on a set of positive measure."),
    Formula(_O, "Responses of the second step", "a_j = sum of W^hh_jk W^hi_k over k = 0, 1; b_j the same over k = 2, 3; c_j = W^hi_j",
            "heurex.estimators.original_checks.responses", f"{_ORIGINAL}::test_checks_recomputed_from_the_definitions",
            "The note writes the signs of the first two input weights twice; the last two are negative."),
    Formula(_O, "Near-equalities", "a_3 and -a_0, a_2 and -a_1, b_3 and -b_0, b_2 and -b_1, c_0 and -c_3, c_1 and -c_2; a_j and b_j; slopes",
            "heurex.estimators.original_checks.near_equalities", f"{_ORIGINAL}::test_near_equalities",
            "Each comes with its relative gap; none is a precondition."),
    Formula(_O, "Sixteen checks", "twelve signs; gamma_0/alpha_3 < 1, gamma_0/beta_3 < 1, gamma_1/alpha_2 > 1, gamma_1/beta_2 > 1, "
            "alpha_3 = (a_3 - a_0)/2 and so on",
            "heurex.estimators.original_checks.sixteen_checks", f"{_ORIGINAL}::test_checks_recomputed_from_the_definitions",
            "The printed list lacks the comma between b_3 and -b_0."),
    Formula(_O, "Which neuron is which", "of the 24 orders the one that passes most checks, then the least asymmetric, then the first",
            "heurex.estimators.original_checks.best_order", f"{_ORIGINAL}::test_order_search_and_failed_checks",
            "The note takes its own model's order for granted."),
    Formula(_O, "Regions, orderings, latent gates and the sum", "four merged regions, 14 likely and 4 unlikely subregions; gate p -+ sqrt(q/(1-q)) s "
            "with chance 1-q and p +- sqrt((1-q)/q) s with chance q, s = sqrt(p(1-p)), q = 0.2; a likely subregion adds its right part, "
            "an unlikely one a third",
            "heurex.estimators.original.Original", f"{_ORIGINAL}::test_against_the_prototype",
            "The note has b_2 and b_3 replaced by a_2 and a_3 \"in the second region\"; the fourth of its six is meant, as its next formula shows. A probability is 0 or 1 where no corner lies on the other side; p = 1/2 is read with a margin of 1e-12. Every approximation is a switch."),
    Formula(_O, "Fraction of a cone", "area of a spherical polygon: sum of angles less (k - 2) pi, over 4 pi",
            "heurex.cones.cone_fraction", "tests/cones/test_sphere_reference.py",
            "By arctangents, with signs decided exactly; also in 2 and in 4 to 6 dimensions."),
    Formula(_S, "Symmetric part", "W'_hi = U W_hi / 2, W'_hh = U W_hh U^T / 4, W'_oh = W_oh V^T / 2; the rest is eps",
            "heurex.symmetry.symmetric_part", f"{_SYMMETRIC}::test_least_squares", "Any pairing of an even number of neurons."),
    Formula(_S, "Covariance of the noise", "P = U^T W'_hh U, r = U^T W'_hi; C_z = P C_h P^T + r r^T; C_ez = W_hh C_e W_hh^T + eps_hh C_h eps_hh^T + eps_hi eps_hi^T; both divided by 4 "
            "behind the ReLU; C_l = W_oh C_e W_oh^T + eps_oh C_h eps_oh^T",
            "heurex.symmetry.SymmetricPart.noise_covariance", f"{_SYMMETRIC}::test_noise_covariance_against_the_notes_own_matrices"),
    Formula(_S, "Estimate", "sum over signs of the reduced network's two neurons and orderings of the probability that the label's noisy logit is the largest",
            "heurex.estimators.symmetric.Symmetric", f"{_SYMMETRIC}::test_exact_noise_against_the_prototype",
            "The noise is integrated exactly where the note samples; an event has 6 half-spaces where the note says 4."),
    Formula(_Q, "Noisy copies", "W + sigma N(0, 1) on all three matrices; 256 copies, sigma = 0.05",
            "heurex.scoring.ensembles.noisy_copies", "tests/scoring/test_comparison.py::test_noisy_copies",
            "Copy i depends on the seed and i only."),
    Formula(_Q, "Figure 1 and its errors", "RMS and mean of estimate less truth over the copies",
            "heurex.runs.reproduce.reproduce", "tests/runs/test_reproduce.py::test_figures_of_the_note",
            "On AlgZoo's recipe rerun, not ARC's weights; the truth is exact."),
    Formula(_Q, "Operations of a sample", "n d (d + 1) + n d, which is 72 for d = 4, n = 3",
            "heurex.estimators.sampling.note_ops_per_sample", "tests/estimators/test_sampling.py::test_operations",
            "The note counts a multiply-add once; 97 are counted in our forward pass."),
    Formula(_Q, "Error of sampling", "sqrt(mean p(1-p)) sqrt(operations of a sample / operations)",
            "heurex.scoring.comparison.sampling_rmse", "tests/scoring/test_comparison.py::test_sampling_error_is_that_of_real_sampling",
            "On our copies the RMS of sqrt(p(1-p)) is 31.6%; the note says 24%."),
    Formula(_Q, "Advantage over sampling", "mean p(1-p) x operations of a sample / (rmse^2 x operations)",
            "heurex.scoring.advantage.advantage", "tests/scoring/test_advantage.py::test_advantage_is_the_ratio_of_operations_for_the_same_error",
            "Operations are counted where they run; the note's 5 k^3 a fraction stands beside them."),
    Formula(_B, "The ledger", "one bit a check, -log2 of the prior probability of what is stated of each fraction, the choices made, the residual",
            "heurex.scoring.surprise.account.surprise", "tests/scoring/surprise/test_ledger.py::test_the_original_version",
            "The note leaves the prior and the residual open; three priors and two residuals are offered."),
    Formula(_B, "Random half-spaces as a prior", "the distribution of the fraction of a cone of k half-spaces drawn at random",
            "heurex.scoring.surprise.tables.random_half_spaces", "tests/scoring/surprise/test_tables.py::test_mean_fraction",
            "Also chained: the cut of the very cone that it was cut from."),
)  # fmt: skip


def _object(where: str) -> Any:
    parts = where.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found: Any = import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for name in parts[cut:]:
            found = getattr(found, name)
        return found
    raise LookupError(where)


def source_of(where: str) -> str:
    """The ``Source:`` line of an object's docstring; empty where it has none."""
    text = " ".join((_object(where).__doc__ or "").split())
    found = re.search(r"Source: (.*?)(?:\.(?= |$)(?! \()|$)", text)
    return found[1] if found else ""


def missing(formula: Formula) -> list[str]:
    """What a formula lacks: its source in the docstring, or its test."""
    lacks = [] if source_of(formula.where) else [f"{formula.where} has no Source: line"]
    name, _, test = formula.test.partition("::")
    path = HERE.parent / name
    if not path.exists() or (test and f"def {test}(" not in path.read_text()):
        lacks.append(f"{formula.test} is not there")
    return lacks


def page() -> str:
    """The whole page."""
    parts = [
        "# The note, formula by formula", "",
        'Jacob Hilton, "Heuristic explanations for 2nd argmax models" (Alignment Research Center, 21 December 2024), in its order and in our '
        "words. `docs/build_formulas.py` makes this page; sources come from docstrings, and a test fails where one or a test is missing.", "",
    ]  # fmt: skip
    section = ""
    for one in FORMULAS:
        if one.section != section:
            section = one.section
            parts += [f"## {section}", ""]
        parts += [f"### {one.title}", "", f"    {one.formula}", ""]
        parts += [f"* Function: `{one.where}`", f"* Source: {source_of(one.where)}", f"* Test: `{one.test}`"]
        parts += ([f"* Where we differ, or say more: {one.differs}"] if one.differs else []) + [""]
    return "\n".join(parts)


if __name__ == "__main__":
    (HERE / "formulas.md").write_text(page())
