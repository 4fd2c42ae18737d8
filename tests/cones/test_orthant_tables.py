"""The frozen orthant tables: another integral in mpmath, and R's mvtnorm where it is installed."""

import shutil
import subprocess
from itertools import combinations

import mpmath
import numpy as np
import pytest
from mpmath import mpf
from tables import orthant_table, trap_table

SIZES = {4: (1000, 200), 5: (300, 60), 6: (50, 10)}


@pytest.mark.parametrize("n", SIZES)
def test_table_is_complete_and_sharp(n):
    table = orthant_table(n)
    random, near_singular = SIZES[n]
    flatness, counts = np.unique(table.columns["flatness"], return_counts=True)
    assert np.allclose(flatness, 10.0 ** np.arange(-10, 1), rtol=1e-12, atol=0)
    assert counts.tolist() == [near_singular] * 10 + [random]
    assert table.normals.shape == (sum(counts), n, n)
    assert table.worst_relative_difference < 1e-28
    assert all(0 < value < 0.5 for value in table.fractions)


@pytest.mark.parametrize("n", SIZES)
def test_trap_table_is_sharp(n):
    table = trap_table(n)
    assert table.worst_relative_difference < 1e-28
    assert len(set(table.columns["family"])) == 9
    assert all(0 < value < 0.5 for value in table.fractions)


def conditional_correlations(r: mpmath.matrix, i: int, j: int) -> mpmath.matrix:
    """Correlations of the other variables given that variables i and j vanish."""
    rest = [k for k in range(r.rows) if k not in (i, j)]
    det = 1 - r[i, j] ** 2
    cov = mpmath.matrix(len(rest))
    for a, k in enumerate(rest):
        for b, m in enumerate(rest):
            cross = r[k, i] * r[m, j] + r[k, j] * r[m, i]
            cov[a, b] = r[k, m] - (r[k, i] * r[m, i] + r[k, j] * r[m, j] - r[i, j] * cross) / det
    scale = [mpmath.sqrt(cov[a, a]) for a in range(len(rest))]
    return mpmath.matrix(
        [[cov[a, b] / (scale[a] * scale[b]) for b in range(len(rest))] for a in range(len(rest))]
    )


def closed(r: mpmath.matrix) -> mpf:
    """Two or three variables (Sheppard 1899)."""
    angles = mpmath.fsum(mpmath.asin(r[i, j]) for i, j in combinations(range(r.rows), 2))
    return mpf(2) ** -r.rows + angles / ((r.rows - 1) * 2 * mpmath.pi)


def plackett(normals: np.ndarray) -> mpf:
    """Plackett's integral (1954) along ``t * correlations``: not the path of the generator."""
    rows = mpmath.matrix(normals.tolist())
    gram = rows * rows.T
    n = rows.rows
    scale = [mpmath.sqrt(gram[i, i]) for i in range(n)]

    def slope(t: mpf) -> mpf:
        r = mpmath.matrix(n)
        for i in range(n):
            for j in range(n):
                r[i, j] = mpf(1) if i == j else t * gram[i, j] / (scale[i] * scale[j])
        pairs = ((i, j, r[i, j] / t) for i, j in combinations(range(n), 2))
        return mpmath.fsum(
            rho
            / (2 * mpmath.pi * mpmath.sqrt(1 - (t * rho) ** 2))
            * closed(conditional_correlations(r, i, j))
            for i, j, rho in pairs
        )

    return mpf(2) ** -n + mpmath.quad(slope, [0, mpf(1) / 2, 1])


@pytest.mark.parametrize("n, flatness", [(4, 1.0), (4, 1e-2), (5, 1.0), (5, 1e-1)])
def test_value_by_another_path_in_mpmath(n, flatness):
    table = orthant_table(n)
    first = np.flatnonzero(np.isclose(table.columns["flatness"], flatness, rtol=1e-3))[0]
    with mpmath.workdps(30):
        value = plackett(table.normals[first])
        assert abs(value - mpf(str(table.fractions[first]))) < 1e-18


@pytest.mark.parametrize("family", dict.fromkeys(trap_table(4).columns["family"].tolist()))
def test_trap_by_another_path_in_mpmath(family):
    table = trap_table(4)
    first = np.flatnonzero((table.columns["family"] == family) & (table.columns["amount"] == 0.1))[0]
    with mpmath.workdps(30):
        value = plackett(table.normals[first])
        assert abs(value - mpf(str(table.fractions[first]))) < 1e-18


MIWA = """
suppressMessages(library(mvtnorm))
rows <- as.matrix(read.table("stdin"))
n <- sqrt(ncol(rows))
for (i in seq_len(nrow(rows))) {
  p <- pmvnorm(rep(0, n), rep(Inf, n), corr = matrix(rows[i, ], n, n), algorithm = Miwa(steps = STEPS))
  cat(sprintf("%.17g\\n", p))
}
"""


def has_mvtnorm() -> bool:
    if shutil.which("Rscript") is None:
        return False
    probe = ["Rscript", "-e", "quit(status = !requireNamespace('mvtnorm', quietly = TRUE))"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    "n, steps, median, most", [(4, 4096, 1e-11, 1e-8), (5, 2048, 1e-10, 1e-5), (6, 1024, 1e-7, 1e-4)]
)
def test_random_cones_agree_with_mvtnorm(n, steps, median, most):
    """The bounds are the error of Miwa's method on its grid; it falls with the number of steps."""
    if not has_mvtnorm():
        pytest.skip("needs Rscript with the package mvtnorm")
    table = orthant_table(n)
    unit = table.normals[:20] / np.linalg.norm(table.normals[:20], axis=2, keepdims=True)
    gram = unit @ unit.transpose(0, 2, 1)
    gram[:, range(n), range(n)] = 1.0
    lines = "\n".join(" ".join(f"{x:.17g}" for x in r.ravel()) for r in gram)
    call = ["Rscript", "-e", MIWA.replace("STEPS", str(steps))]
    out = subprocess.run(call, input=lines, capture_output=True, text=True, check=True, timeout=300).stdout
    difference = np.abs(np.array(out.split(), float) - np.array(table.fractions[:20], float))
    assert np.median(difference) < median
    assert np.max(difference) < most
