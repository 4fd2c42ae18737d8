"""Draw docs/figures/exact_strips.png: strips, zeros of neurons and wrong answers of one noisy copy of M_{4,3}.

Run ``python docs/figures/exact_strips.py`` from the repository root.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np

import heurex
from heurex.tasks import second_argmax

matplotlib.use("Agg")
import matplotlib.pyplot as plt

HERE = Path(__file__).parent


def zeros(model: heurex.Rnn, turn: np.ndarray) -> np.ndarray:
    """x_2 at which each neuron of the last step vanishes, ``(4, len(turn))``, for (x_0, x_1) on the unit circle."""
    hidden = np.maximum(np.outer(model.w_hi, np.cos(turn)), 0)
    hidden = np.maximum(model.w_hh @ hidden + np.outer(model.w_hi, np.sin(turn)), 0)
    return -(model.w_hh @ hidden) / model.w_hi[:, None]


def draw() -> None:
    """One panel: the sphere of directions unrolled about the x_2 axis."""
    plt.rcParams.update({"font.size": 9})
    model = heurex.noisy_copies(heurex.load("m43"), 0.05, 1, seed=4)[0]
    turn, height = np.linspace(-0.5 * np.pi, 1.5 * np.pi, 1201), np.linspace(-0.5 * np.pi, 0.5 * np.pi, 601)
    x = np.empty((len(height), len(turn), 3))
    x[..., 0] = np.cos(height)[:, None] * np.cos(turn)
    x[..., 1] = np.cos(height)[:, None] * np.sin(turn)
    x[..., 2] = np.sin(height)[:, None]
    flat = x.reshape(-1, 3)
    right = (model.answer(flat) == second_argmax(flat)).reshape(x.shape[:2])
    figure, panel = plt.subplots(figsize=(9, 4.2), layout="constrained")
    panel.pcolormesh(
        np.degrees(turn), np.degrees(height), right, cmap="Greys_r", vmin=-1.2, vmax=1, rasterized=True
    )
    for j, curve in enumerate(zeros(model, turn)):
        panel.plot(np.degrees(turn), np.degrees(np.arctan(curve)), lw=1, color=f"C{j}", label=f"neuron {j}")
    for k, name in ((0, "x2 = x0"), (1, "x2 = x1")):
        panel.plot(
            np.degrees(turn), np.degrees(np.arctan(x[300, :, k])), "k:" if k else "k--", lw=1, label=name
        )
    for at in rays(model):
        panel.axvline(at, color="k", lw=0.4)
    panel.set(
        xlim=(-90, 270),
        ylim=(-75, 75),
        xlabel="direction of (x0, x1), degrees",
        ylabel="height of x2, degrees",
    )
    panel.legend(loc="lower left", ncols=2, fontsize=8)
    figure.savefig(HERE / "exact_strips.png", dpi=110)


def rays(model: heurex.Rnn) -> list[float]:
    """Directions in degrees at which x_0, x_0 - x_1 or a neuron of the second step changes its sign."""
    found = [-90.0, 45.0, 90.0, 225.0]
    for half in (1, -1):
        response = model.w_hh @ np.maximum(half * model.w_hi, 0)
        found += [
            float(np.degrees(np.arctan2(-r / c, half)) % 360)
            for r, c in zip(response, model.w_hi, strict=True)
        ]
    return [at - 360 if at > 270 else at for at in found]


if __name__ == "__main__":
    draw()
