"""Other people's routines for the probability that a Gaussian vector has no negative entry."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

__all__ = ["NO_R", "has_mvtnorm", "mvtnorm", "scipy_fractions"]

NO_R = "R's mvtnorm (TVPACK, Miwa) is not there: install r-base-core and r-cran-mvtnorm"


def scipy_fractions(normals: np.ndarray) -> np.ndarray:
    """scipy's randomised ``multivariate_normal.cdf`` with abseps 1e-5, one cone at a time."""
    from scipy.stats import multivariate_normal

    multivariate_normal.random_state = np.random.default_rng(0)
    values = []
    for rows in normals:
        unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        zero = np.zeros(len(rows))
        settings = {"allow_singular": True, "abseps": 1e-5, "releps": 0.0}
        values.append(multivariate_normal.cdf(zero, zero, unit @ unit.T, **settings))
    return np.array(values)


_R_SCRIPT = """
suppressMessages(library(mvtnorm))
rows <- as.matrix(read.csv(commandArgs(TRUE)[1], header = FALSE))
k <- as.integer(commandArgs(TRUE)[2]); count <- nrow(rows) / k
methods <- list(`Miwa, 512 steps` = Miwa(steps = 512))
if (k == 3) methods$TVPACK <- TVPACK(abseps = 1e-14)
for (name in names(methods)) {
  start <- proc.time()[["elapsed"]]
  values <- sapply(seq_len(count), function(i) {
    a <- rows[((i - 1) * k + 1):(i * k), ]
    a <- a / sqrt(rowSums(a^2))
    tryCatch(as.numeric(pmvnorm(lower = rep(0, k), upper = rep(Inf, k), corr = a %*% t(a),
                                algorithm = methods[[name]])), error = function(e) NA)
  })
  cat(paste(name, (proc.time()[["elapsed"]] - start) / count, paste(sprintf("%.17g", values), collapse = ";"),
            sep = ";"), "\\n")
}
"""


def mvtnorm(normals: np.ndarray) -> dict[str, tuple[float, np.ndarray]]:
    """Seconds per cone and values of each method, in an R process of its own; empty without R or for k > n.

    With more half-spaces than dimensions the correlation is singular, which these methods do not take.
    """
    count, k, n = normals.shape
    if k > n or not has_mvtnorm():
        return {}
    with tempfile.TemporaryDirectory() as folder:
        script, data = Path(folder, "time.R"), Path(folder, "rows.csv")
        script.write_text(_R_SCRIPT)
        np.savetxt(data, normals.reshape(count * k, n), delimiter=",", fmt="%.17g")
        command = ["Rscript", str(script), str(data), str(k)]
        answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    found = {}
    for line in answer.stdout.splitlines():
        name, seconds, *values = line.split(";")
        found[f"R mvtnorm, {name}"] = float(seconds), np.array(values, float)
    return found


@cache
def has_mvtnorm() -> bool:
    """Whether Rscript is on the path and can load mvtnorm."""
    if shutil.which("Rscript") is None:
        return False
    command = ["Rscript", "-e", "library(mvtnorm)"]
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0
