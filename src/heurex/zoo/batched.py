"""Many models of one size trained side by side in PyTorch, with a gradient written by hand.

At these sizes a step of one model costs the interpreter more than the processor. So all seeds share every
call: weights, gradients and moments lie in three flat arrays, a step of the recurrence is one batched product
of ``(d, d + 1)`` matrices with the state and the input below it, and inputs are drawn a chunk of steps at a time.
Each model has its own stream of inputs; what a seed becomes does not depend on its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import torch

from heurex.zoo.recipe import BATCH, Recipe

__all__ = ["CHUNK", "Batch", "initial_model"]

CHUNK: Final = 16
"""Steps whose inputs are drawn at once; it moves no number."""
_BETA1, _BETA2, _EPS = 0.9, 0.999, 1e-8


def initial_model(hidden_size: int, seq_len: int, seed: int) -> tuple[list[torch.Tensor], torch.Generator]:
    """AlgZoo's first weights for a seed, and the generator as it stands once they are drawn.

    Returns
    -------
    Weights (d, 1), (d, d), (n, d) in AlgZoo's order, and a generator that goes on with the seed's stream.
    PyTorch's own global generator is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        rnn = torch.nn.RNN(1, hidden_size, nonlinearity="relu", bias=False, batch_first=True)
        linear = torch.nn.Linear(hidden_size, seq_len, bias=False)
        stream = torch.Generator()
        stream.set_state(torch.get_rng_state())
    weights = {**rnn.state_dict(), **linear.state_dict()}
    return [weight.clone() for weight in weights.values()], stream


def _asked_for(inputs: torch.Tensor, rank: int) -> torch.Tensor:
    """1.0 where an input has the rank that is asked for, else 0.0; inputs ``(chunk, models, n, batch)``.

    Ranks are counted over pairs; of equal inputs the earlier one ranks higher.
    """
    ranks = torch.zeros(inputs.shape, dtype=torch.int8)
    columns, found = inputs.unbind(2), ranks.unbind(2)
    for later in range(1, len(columns)):
        for earlier in range(later):
            beaten = columns[earlier] >= columns[later]
            found[later].add_(beaten)
            found[earlier].add_(~beaten)
    return (ranks == rank).float()


class Batch:
    """Models of one size at one step of their training.

    Parameters
    ----------
    recipe
        What is trained and how.
    seeds
        One model each.

    Notes
    -----
    A state of ``restore`` continues bit for bit. Cost of a step: 3 n d (d + 1) + 3 n d multiply-adds a sequence.
    """

    def __init__(self, recipe: Recipe, seeds: Sequence[int]) -> None:
        self.recipe, self.seeds, self.step = recipe, tuple(seeds), 0
        models, d, n = len(self.seeds), recipe.hidden_size, recipe.seq_len
        split = models * d * (d + 1)
        self._weights, self._gradient, self._mean, self._square = torch.zeros(
            4, split + models * n * d
        ).unbind()

        def views(flat: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return flat[:split].view(models, d, d + 1), flat[split:].view(models, n, d)

        # (d, d + 1): hidden weights, and the input's as the last column
        self._w_h, self._w_oh = views(self._weights)
        self._grad_h, self._grad_oh = views(self._gradient)
        self._streams: list[torch.Generator] = []
        for i, seed in enumerate(self.seeds):
            (w_ih, w_hh, w_oh), stream = initial_model(d, n, seed)
            self._w_h[i, :, :d], self._w_h[i, :, d], self._w_oh[i] = w_hh, w_ih[:, 0], w_oh
            self._streams.append(stream)
        # rows 0 .. d-1: the state before each step; row d: that step's input
        entering = torch.zeros(models, d + 1, n + 1, BATCH)
        self._entering = entering.unbind(2)
        self._states = entering[:, :d].unbind(2)
        self._input_rows = entering[:, d, :n]
        self._logits = torch.zeros(models, n, BATCH)
        self._scratch = torch.zeros(models, d, BATCH)
        self._wanted = self._logits

    def advance(self, steps: int) -> None:
        """Draw the inputs of ``steps`` steps and take them."""
        n = self.recipe.seq_len
        drawn = [torch.randn(steps, BATCH, n, generator=stream) for stream in self._streams]
        inputs = torch.stack(drawn).permute(1, 0, 3, 2).contiguous()
        wanted = _asked_for(inputs, self.recipe.rank)
        for x, y in zip(inputs, wanted, strict=True):
            self._wanted = y
            self._input_rows.copy_(x)
            self._forward()
            self._backward()
            self._update()

    def _forward(self) -> None:
        for entering, state in zip(self._entering[:-1], self._states[1:], strict=True):
            torch.bmm(self._w_h, entering, out=self._scratch)
            torch.clamp_min(self._scratch, 0, out=state)
        torch.bmm(self._w_oh, self._states[-1], out=self._logits)

    def _backward(self) -> None:
        d = self.recipe.hidden_size
        residual = torch.softmax(self._logits, 1).sub_(self._wanted).mul_(1 / BATCH)
        torch.bmm(residual, self._states[-1].transpose(1, 2), out=self._grad_oh)
        upstream = torch.bmm(self._w_oh.transpose(1, 2), residual, out=self._scratch)
        back = self._w_h[:, :, :d].transpose(1, 2)
        self._grad_h.zero_()
        for t in range(self.recipe.seq_len - 1, -1, -1):
            through = torch.ops.aten.threshold_backward(upstream, self._states[t + 1], 0)
            self._grad_h.baddbmm_(through, self._entering[t].transpose(1, 2))
            if t:
                torch.bmm(back, through, out=upstream)

    def _update(self) -> None:
        """AdamW in the order of PyTorch's own, on all weights at once."""
        rate = self.recipe.learning_rate(self.step)
        self.step += 1
        self._weights.mul_(1 - rate * self.recipe.weight_decay)
        self._mean.lerp_(self._gradient, 1 - _BETA1)
        self._square.mul_(_BETA2).addcmul_(self._gradient, self._gradient, value=1 - _BETA2)
        spread = self._square.sqrt().div_((1 - _BETA2**self.step) ** 0.5).add_(_EPS)
        self._weights.addcdiv_(self._mean, spread, value=-rate / (1 - _BETA1**self.step))

    def last_step(self) -> tuple[np.ndarray, np.ndarray]:
        """Loss and accuracy of each model on the last batch, before its weights were updated."""
        right_logit = (self._logits * self._wanted).sum(1)
        loss = (torch.logsumexp(self._logits, 1) - right_logit).mean(1)
        right = (self._logits.argmax(1) == self._wanted.argmax(1)).float().mean(1)
        return loss.numpy(), right.numpy()

    def weights(self, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Copies of a model's weights (d, 1), (d, d), (n, d) in float32, in AlgZoo's order."""
        d = self.recipe.hidden_size
        parts = (self._w_h[index, :, d:], self._w_h[index, :, :d], self._w_oh[index])
        w_ih, w_hh, w_oh = (part.clone(memory_format=torch.contiguous_format).numpy() for part in parts)
        return w_ih, w_hh, w_oh

    def state(self) -> dict[str, np.ndarray]:
        """All that the next steps depend on."""
        return {
            "weights": self._weights.numpy().copy(),
            "mean": self._mean.numpy().copy(),
            "square": self._square.numpy().copy(),
            "streams": torch.stack([stream.get_state() for stream in self._streams]).numpy(),
            "step": np.array([self.step]),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a ``state`` of a batch with the same recipe and seeds."""
        for name, tensor in (("weights", self._weights), ("mean", self._mean), ("square", self._square)):
            tensor.copy_(torch.from_numpy(state[name].copy()))
        for stream, kept in zip(self._streams, state["streams"], strict=True):
            stream.set_state(torch.from_numpy(kept.copy()))
        self.step = int(state["step"][0])
