"""Biases of laws of the rest under which few dimensions are left to integrate; see ``benchmarks.plane``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from benchmarks.table import print_table
from heurex.estimators import MeanField, count_right
from heurex.estimators.order_statistics import conditional_mean, conditional_variance
from heurex.model import RnnStack

CHUNK = 2**17
PLACKETT_BURMAN = np.array([1, 1, -1, 1, 1, 1, -1, -1, -1, 1, -1])


def truths(models: RnnStack, samples: int) -> np.ndarray:
    """Sampled accuracies; all models see the same inputs."""
    right, rng = np.zeros(len(models)), np.random.default_rng(20_25)
    for start in range(0, samples, 2**20):
        x = rng.standard_normal((models[0].seq_len, min(2**20, samples - start)), dtype=np.float32)
        right += [count_right(model, x.T) for model in models]
    return right / samples


def _array(n: int) -> np.ndarray:
    """Signs by place, in 12 or 8 runs, any two places with all four combinations equally often."""
    if n > 5:
        rows = [np.roll(PLACKETT_BURMAN, i) for i in range(11)]
        return np.vstack([*rows, -np.ones(11, int)])[:, :n]
    bits = np.arange(8)[:, None] >> np.arange(3) & 1
    a, b, c = (1 - 2 * bits).T
    return np.stack([a, b, c, a * b, a * c], axis=1)[:, :n]


def _binary(rng: np.random.Generator, n: int) -> np.ndarray:
    """Shares (a i + b) / 2^16, a and b in the field of 2^16 elements: any two places are independent."""
    a, b = rng.integers(0, 2**16, (2, CHUNK))
    shares = np.repeat(b[:, None], n, axis=1)
    for bit in range(4):
        for i in range(n):
            if i >> bit & 1:
                shares[:, i] ^= a
        a = np.where(a >> 15 & 1, (a << 1) ^ 0x1002B, a << 1)
    return (shares + 0.5) / 2**16


class _Draws:
    """Random inputs, sorted, from which laws are made that share their largest values and places."""

    def __init__(self, n: int, rng: np.random.Generator) -> None:
        self.n, self.rng = n, rng
        self.x = rng.standard_normal((CHUNK, n))
        self.order = np.argsort(-self.x, axis=1)

    def largest(self, k: int) -> np.ndarray:
        return np.take_along_axis(self.x, self.order[:, :k], axis=1)

    def with_rest(self, k: int, rest: np.ndarray) -> np.ndarray:
        """The k largest as they are, all others from ``rest``, ``(CHUNK, n)`` or broadcast to it."""
        x = np.array(np.broadcast_to(rest, self.x.shape))
        np.put_along_axis(x, self.order[:, :k], self.largest(k), axis=1)
        return x

    def below(self, k: int, share: np.ndarray) -> np.ndarray:
        """The rest at shares of the law below the k-th largest."""
        from scipy.special import ndtr, ndtri

        return self.with_rest(k, ndtri(ndtr(self.largest(k)[:, -1:]) * np.clip(share % 1.0, 1e-9, 1 - 1e-9)))

    def signs(self, k: int, signs: np.ndarray) -> np.ndarray:
        level = self.largest(k)[:, -1:]
        return self.with_rest(k, conditional_mean(level) + np.sqrt(conditional_variance(level)) * signs)

    def at_nodes(self, k: int, nodes: int, spread: bool) -> np.ndarray:
        """The k-th largest at Gauss nodes, those above it drawn anew; the rest at their mean, or a deviation off it."""
        from scipy.special import ndtr, ndtri, roots_jacobi

        points, weights = roots_jacobi(nodes, k - 1, self.n - k)
        level = ndtri((1 + self.rng.choice(points, CHUNK, p=weights / weights.sum())) / 2)[:, None]
        x = np.repeat(conditional_mean(level), self.n, axis=1)
        if spread:
            x += np.sqrt(conditional_variance(level)) * self.rng.choice([-1.0, 1.0], x.shape)
        above = np.sort(ndtr(level) + ndtr(-level) * self.rng.random((CHUNK, k - 1)), axis=1)[:, ::-1]
        np.put_along_axis(x, self.order[:, :k], np.hstack([ndtri(above), level]), axis=1)
        return x

    def with_fourth(self) -> np.ndarray:
        """Three as they are, the fourth at one of two nodes, anywhere; the others at their mean below it."""
        from scipy.special import ndtr, ndtri

        share = self.rng.choice([0.25, 0.75], (CHUNK, 1)) ** (1 / (self.n - 3))
        level = ndtri(ndtr(self.largest(3)[:, -1:]) * share)
        x = self.with_rest(3, conditional_mean(level))
        np.put_along_axis(x, self.order[:, 3:4], level, axis=1)
        return x


def _laws(n: int, rng: np.random.Generator) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    draws, places = _Draws(n, rng), np.arange(n)
    uniform = rng.random((CHUNK, 3, 1))
    third, signs, mixed = draws.largest(3)[:, -1:], _array(n), np.random.default_rng(1).permutation(n)
    middle = _median(n)
    ratio = float(conditional_mean(np.array(middle))) / middle if middle > 1e-6 else 0.0
    made = {
        "3 at mean": draws.with_rest(3, conditional_mean(third)),
        "3, the mean in one ratio to the third": draws.with_rest(
            3, np.where(third > 0, ratio * third, conditional_mean(third))
        ),
        "3 at mean, the third at 3 Gauss nodes": draws.at_nodes(3, 3, False),
        "3, fourth at two nodes, others at mean": draws.with_fourth(),
        "4 at mean": draws.with_rest(4, conditional_mean(draws.largest(4)[:, -1:])),
        "4, independent, mean +- sd": draws.signs(4, rng.choice([-1.0, 1.0], (CHUNK, n))),
        "the same, the fourth at 2 Gauss nodes": draws.at_nodes(4, 2, True),
        "the same, the fourth at 3 Gauss nodes": draws.at_nodes(4, 3, True),
        "4, +- sd by an array of few runs": draws.signs(4, signs[rng.integers(0, len(signs), CHUNK)]),
        "3, one number: share i sqrt(2) + b": draws.below(3, 2**0.5 * places + uniform[:, 0]),
        "4, one number: share i sqrt(2) + b": draws.below(4, 2**0.5 * places + uniform[:, 0]),
        "2, two numbers: share a i + b": draws.below(2, uniform[:, 1] * places + uniform[:, 0]),
        "3, two numbers: share a i + b (pairs)": draws.below(3, uniform[:, 1] * places + uniform[:, 0]),
        "2, the same, places in another order": draws.below(2, uniform[:, 1] * mixed + uniform[:, 0]),
        "3, the same, places in another order": draws.below(3, uniform[:, 1] * mixed + uniform[:, 0]),
        "3, two numbers: share a i^2 + b": draws.below(3, uniform[:, 1] * places**2 + uniform[:, 0]),
        "2, two numbers, a i + b in a binary field": draws.below(2, _binary(rng, n)),
        "3, two numbers, a i + b in a binary field": draws.below(3, _binary(rng, n)),
        "2, three numbers: share a i^2 + b i + c": draws.below(
            2, uniform[:, 2] * places**2 + uniform[:, 1] * places + uniform[:, 0]
        ),
        "2, the rest drawn anew (a check)": draws.below(2, rng.random((CHUNK, n))),
    }
    if ratio == 0.0:
        # the third of five inputs has median 0
        del made["3, the mean in one ratio to the third"]
    for name, x in made.items():
        yield name, draws.x, x


def _median(n: int) -> float:
    from scipy.special import betaincinv, ndtri

    return float(ndtri(betaincinv(n - 2, 3, 0.5)))


def _paired_biases(models: RnnStack, samples: int) -> dict[str, tuple[float, float]]:
    """RMS over copies of each law's bias, its noise subtracted, and the greatest standard error."""
    n, rng = models[0].seq_len, np.random.default_rng(11)
    found: dict[str, list[list[float]]] = {}
    for _ in range(samples // CHUNK):
        labels, base = np.zeros(0), np.zeros(0)
        for name, truth, x in _laws(n, rng):
            if not len(labels):
                labels = np.argsort(-truth, axis=1)[:, 1]
                base = np.array([count_right(model, truth, labels) for model in models])
            right = np.array([count_right(model, x, labels) for model in models])
            found.setdefault(name, []).append(list((right - base) / CHUNK))
    summary = {}
    for name, rows in found.items():
        each = np.array(rows)
        error = each.std(axis=0, ddof=1) / len(each) ** 0.5
        square = np.mean(each.mean(axis=0) ** 2 - error**2)
        summary[name] = (max(float(square), 0.0) ** 0.5, float(error.max()))
    return summary


def _mean_field_biases(models: RnnStack, samples: int) -> dict[str, tuple[float, float]]:
    """The same for a line of noise along the margin's gradient, and for linearised noise."""
    truth, summary = truths(models, 4 * samples), {}
    few = models[0].seq_len > 5
    for noise, label in (
        ("gradient", "moved along the margin's gradient"),
        ("linearised", "noise linearised"),
    ):
        for rank in (3, 4):
            nodes = (256 if rank == 3 else 32) if few else 1024
            found = MeanField(rank=rank, nodes=nodes, noise=noise).estimate_stack(models)
            error = np.hypot(found.numerical_error / 3, np.sqrt(truth * (1 - truth) / samples / 4))
            square = np.mean((found.value - truth) ** 2 - error**2)
            summary[f"{rank}, {label}"] = (max(float(square), 0.0) ** 0.5, float(error.max()))
    return summary


def biases(groups: Mapping[str, RnnStack], samples: int) -> None:
    """Print the table: a row for each law, a column for each group of copies."""
    columns = [
        _paired_biases(models, samples) | _mean_field_biases(models, samples) for models in groups.values()
    ]
    rows = [
        (law, *(f"{column[law][0]:.4f}" if law in column else "-" for column in columns))
        for law in columns[0]
    ]
    worst = max(error for column in columns for _, error in column.values())
    print_table(
        f"RMS bias of laws over {len(next(iter(groups.values())))} copies; standard errors below {worst:.4f} a copy",
        ["law of the rest", *groups],
        rows,
    )
