"""RMS error of the top-three rule over noisy copies, beside plain and stratified sampling at equal operations.

``python -m benchmarks.top_three zoo:16,10 --noise 0.003 --copies 16 --copy-seed 4242``

With ``--nothing-assumed`` the control: as many Sobol points for each choice of places, the rest with their true law.
"""

from __future__ import annotations

import argparse
from itertools import permutations
from pathlib import Path

import numpy as np

import heurex
from heurex.estimators import Sampling, TopThree, count_right

CHUNK = 2**20


def truths(copies: heurex.RnnStack, samples: int, folder: Path | None) -> tuple[np.ndarray, np.ndarray]:
    """Sampled accuracies and their standard errors; all copies see the same inputs, kept by fingerprint."""
    right = np.zeros(len(copies), np.int64)
    files = [folder / f"{model.fingerprint()}-{samples}.txt" if folder else None for model in copies]
    missing = [i for i, file in enumerate(files) if file is None or not file.exists()]
    rng = np.random.default_rng(20_24)
    for start in range(0, samples if missing else 0, CHUNK):
        size = min(CHUNK, samples - start)
        x = rng.standard_normal((copies[0].seq_len, size), dtype=np.float32)
        for i in missing:
            right[i] += count_right(copies[i], x.T)
    for i, file in enumerate(files):
        if file is not None:
            if i in missing:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(str(right[i]))
            right[i] = int(file.read_text())
    p = right / samples
    return p, np.sqrt(p * (1 - p) / samples)


def rms(errors: np.ndarray, truth_error: np.ndarray) -> float:
    """RMS error over seeds and copies without what the truth's own error adds."""
    return float(np.sqrt(max(np.mean(errors**2) - np.mean(truth_error**2), 0.0)))


def interval(errors: np.ndarray, truth_error: np.ndarray, scale: np.ndarray) -> tuple[float, float]:
    """95% interval of (RMS of scale) / (RMS error), copies and seeds drawn again 4000 times."""
    rng = np.random.default_rng(1)
    ratios: list[float] = []
    for _ in range(4000):
        seeds = rng.integers(0, len(errors), len(errors))
        copies = rng.integers(0, errors.shape[1], errors.shape[1])
        found = rms(errors[np.ix_(seeds, copies)], truth_error[copies])
        ratios.append(float(np.sqrt(np.mean(scale[copies] ** 2))) / max(found, 1e-12))
    low, high = np.quantile(ratios, [0.025, 0.975])
    return float(low), float(high)


def nothing_assumed(copies: heurex.RnnStack, nodes: int, seed: int) -> np.ndarray:
    """Accuracies by the rule's strata and kind of points, every input with its true law: cubature."""
    from scipy.special import ndtri
    from scipy.stats import qmc

    n = copies[0].seq_len
    places = np.repeat(np.array(list(permutations(range(n), 3))), nodes, axis=0)
    sobol = qmc.Sobol(n, scramble=True, rng=np.random.default_rng(seed))
    cube = sobol.random_base2(len(places).bit_length())[: len(places)]
    levels = np.cumprod(cube[:, :3] ** (1 / (n - np.arange(3))), axis=1)
    x, free = np.empty(cube.shape), np.ones(cube.shape, np.bool_)
    np.put_along_axis(x, places, ndtri(levels), axis=1)
    np.put_along_axis(free, places, False, axis=1)
    x[free] = ndtri(levels[:, 2:] * cube[:, 3:]).ravel()
    return np.array([count_right(model, x) / len(x) for model in copies])


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--noise", type=float, default=0.003)
    parser.add_argument("--copies", type=int, default=16)
    parser.add_argument("--copy-seed", type=int, default=4242)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--within", default="mean")
    parser.add_argument("--nothing-assumed", action="store_true")
    parser.add_argument("--nodes", default="1,2,5,10,20,40,100,2048")
    parser.add_argument("--truth-samples", type=int, default=40_000_000)
    parser.add_argument("--truth", type=Path, default=None, help="a folder to keep sampled accuracies in")
    args = parser.parse_args()
    copies = heurex.noisy_copies(heurex.load(args.model), args.noise, args.copies, args.copy_seed)
    truth, truth_error = truths(copies, args.truth_samples, args.truth)
    print(
        f"{args.model} noise {args.noise}: accuracy {truth.min():.3f} to {truth.max():.3f}, mean {truth.mean():.3f}"
    )
    print(
        "samples  bias (s.e.)        RMS error  ratio to plain [95%]  stratified  ratio to it  claimed standard error"
    )
    n = copies[0].seq_len
    for nodes in (int(text) for text in args.nodes.split(",")):
        seeds = range(1 if nodes > 1000 else args.seeds)
        found = [TopThree(nodes, args.within, seed).estimate_stack(copies) for seed in seeds]
        values = np.array([one.value for one in found])
        if args.nothing_assumed:
            values = np.array([nothing_assumed(copies, nodes, seed) for seed in seeds])
        errors = values - truth
        samples = nodes * n * (n - 1) * (n - 2)
        plain = np.sqrt(truth * (1 - truth) / samples)
        low, high = interval(errors, truth_error, plain)
        error, scale = rms(errors, truth_error), float(np.sqrt(np.mean(plain**2)))
        bias_error = errors.mean(axis=0).std(ddof=1) / np.sqrt(len(truth))
        claimed = float(np.mean([one.numerical_error for one in found])) / 4
        ratio = scale / max(error, 1e-12)
        line = f"{samples:8d} {errors.mean():+.5f} ({bias_error:.5f})  {error:.5f}"
        line += f"   {ratio:.2f} [{low:.2f}, {high:.2f}]"
        if len(seeds) > 1:
            others = [Sampling(samples=samples, design="stratified", seed=seed) for seed in seeds]
            strat = rms(np.array([one.estimate_stack(copies).value for one in others]) - truth, truth_error)
            line += f"   {strat:.5f}   {strat / max(error, 1e-12):.2f}"
        print(f"{line}   {claimed:.5f}", flush=True)


if __name__ == "__main__":
    main()
