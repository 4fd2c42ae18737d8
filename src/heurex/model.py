"""The models themselves: one-layer ReLU RNNs without biases, and stacks of them.

``hi`` reads "into hidden, from input", ``hh`` "into hidden, from hidden" and ``oh`` "into output, from
hidden", as in Hilton (2024). The network is positively homogeneous: ``logits(c * x) = c * logits(x)`` for
c > 0, so its answer depends on the direction of x only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from heurex.errors import ModelError
from heurex.tasks import SECOND, task_rank

__all__ = ["Rnn", "RnnStack", "rnn_from_module", "rnn_from_state_dict"]

STATE_DICT_KEYS = ("rnn.weight_ih_l0", "rnn.weight_hh_l0", "linear.weight")


def _real_array(name: str, weights: Any) -> np.ndarray:
    """A fresh float64 copy of any real array, torch tensors included."""
    if hasattr(weights, "detach"):
        weights = weights.detach().cpu().double().numpy()
    try:
        array = np.asarray(weights)
    except ValueError:
        raise ModelError(f"{name} is ragged; expected an array of numbers") from None
    if array.dtype.kind not in "fiu":
        raise ModelError(f"{name} has entries of type {array.dtype}; expected real numbers")
    array = np.array(array, np.float64)
    if not np.all(np.isfinite(array)):
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ModelError(f"{name}{list(where)} is {array[where]}; expected finite weights")
    return array


def _check_shapes(w_hi: np.ndarray, w_hh: np.ndarray, w_oh: np.ndarray, lead: int) -> None:
    """Shapes of one model (lead = 0) or of a stack of models (lead = 1)."""
    models = "(models, " if lead else "("
    if w_hi.ndim != lead + 1 or w_hi.shape[-1] == 0:
        raise ModelError(f"w_hi has shape {w_hi.shape}; expected {models}d) with d >= 1 hidden neurons")
    batch, d = w_hi.shape[:lead], w_hi.shape[-1]
    if w_hh.shape != (*batch, d, d):
        raise ModelError(
            f"w_hh has shape {w_hh.shape}; expected {(*batch, d, d)}, since w_hi has {d} neurons"
        )
    if w_oh.ndim != lead + 2 or w_oh.shape[:lead] != batch or w_oh.shape[-1] != d:
        raise ModelError(f"w_oh has shape {w_oh.shape}; expected {models}n, {d}), since w_hi has {d} neurons")
    if w_oh.shape[-2] < 2:
        raise ModelError(f"w_oh has {w_oh.shape[-2]} row(s); expected n >= 2, one for each input")


def _begun_digest(model: Rnn | RnnStack) -> Any:
    asked = "" if model.rank == SECOND else f",rank {model.rank}"
    return hashlib.sha256(f"{model.hidden_size},{model.seq_len}{asked};".encode())


def _plain_bytes(array: np.ndarray) -> bytes:
    """The same bytes for equal numbers: no minus before 0, one order of bytes."""
    return np.ascontiguousarray(array + 0.0).astype("<f8").tobytes()


def _frozen(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


@dataclass(frozen=True, eq=False)
class Rnn:
    """A model M_{d,n}: d hidden ReLU neurons read n numbers, one a step, and n logits come out.

    Parameters
    ----------
    w_hi
        Weights into hidden neurons from the input, shape ``(d,)``; ``(d, 1)`` is accepted.
    w_hh
        Weights into hidden neurons from hidden neurons, shape ``(d, d)``.
    w_oh
        Weights into logits from hidden neurons, shape ``(n, d)``.
    name
        A label for tables and figures.
    task
        What it is asked: ``"argmax"``, ``"2nd_argmax"`` or ``"argmedian"``, see :func:`heurex.tasks.task_rank`.

    Raises
    ------
    ModelError
        If shapes do not fit, a weight is not a finite real number, or the task makes no sense for n inputs.

    Notes
    -----
    Weights are kept as read-only float64; float32, float16 and integers are converted exactly.
    Source: Hilton (2024), "Notation".

    Examples
    --------
    >>> model = Rnn([1, -1], [[-1, 1], [1, -1]], [[1, -1], [-1, 1]], name="hand-built")
    >>> model.hidden_size, model.seq_len
    (2, 2)
    >>> model.answer(np.array([[0.2, 1.5], [1.5, 0.2]])).tolist()
    [0, 1]
    """

    w_hi: np.ndarray
    w_hh: np.ndarray
    w_oh: np.ndarray
    name: str = field(default="", kw_only=True)
    task: str = field(default="2nd_argmax", kw_only=True)

    def __post_init__(self) -> None:
        w_hi = _real_array("w_hi", self.w_hi)
        if w_hi.ndim == 2 and w_hi.shape[1] == 1:
            w_hi = w_hi[:, 0]
        w_hh, w_oh = _real_array("w_hh", self.w_hh), _real_array("w_oh", self.w_oh)
        _check_shapes(w_hi, w_hh, w_oh, lead=0)
        task_rank(self.task, w_oh.shape[0])
        for key, array in (("w_hi", w_hi), ("w_hh", w_hh), ("w_oh", w_oh)):
            object.__setattr__(self, key, _frozen(array))

    @property
    def hidden_size(self) -> int:
        """Number d of hidden neurons."""
        return self.w_hi.shape[0]

    @property
    def seq_len(self) -> int:
        """Number n of inputs, of steps and of logits."""
        return self.w_oh.shape[0]

    @property
    def rank(self) -> int:
        """Rank of the input whose position is the right answer; the largest has rank 0."""
        return task_rank(self.task, self.seq_len)

    @property
    def n_params(self) -> int:
        """Number of weights, d (d + 1 + n)."""
        return self.w_hi.size + self.w_hh.size + self.w_oh.size

    def __repr__(self) -> str:
        name = f"{self.name!r}, " if self.name else ""
        task = "" if self.task == "2nd_argmax" else f", task={self.task!r}"
        return f"Rnn({name}hidden_size={self.hidden_size}, seq_len={self.seq_len}{task})"

    def hidden(self, x: np.ndarray) -> np.ndarray:
        """Final hidden state h_n of inputs ``(..., n)``, shape ``(..., d)``."""
        x = self._inputs(x)
        state = np.zeros((*x.shape[:-1], self.hidden_size))
        for t in range(self.seq_len):
            state = np.maximum(state @ self.w_hh.T + x[..., t, None] * self.w_hi, 0.0)
        return state

    def logits(self, x: np.ndarray) -> np.ndarray:
        """Logits of inputs ``(..., n)``, shape ``(..., n)``."""
        return self.hidden(x) @ self.w_oh.T

    def probabilities(self, x: np.ndarray) -> np.ndarray:
        """Softmax of the logits, shape ``(..., n)``."""
        logits = self.logits(x)
        weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return weights / weights.sum(axis=-1, keepdims=True)

    def answer(self, x: np.ndarray) -> np.ndarray:
        """Position of the largest logit, the first one on a tie, shape ``(...)``."""
        return np.argmax(self.logits(x), axis=-1)

    def perturbed(self, sigma: float, rng: np.random.Generator) -> Rnn:
        """A copy with independent N(0, sigma^2) added to every weight, in the order w_hi, w_hh, w_oh."""
        return Rnn(
            self.w_hi + sigma * rng.standard_normal(self.w_hi.shape),
            self.w_hh + sigma * rng.standard_normal(self.w_hh.shape),
            self.w_oh + sigma * rng.standard_normal(self.w_oh.shape),
            name=self.name,
            task=self.task,
        )

    def permuted(self, order: Sequence[int]) -> Rnn:
        """The same network with neuron ``order[i]`` in place i."""
        order = list(order)
        if sorted(order) != list(range(self.hidden_size)):
            raise ModelError(f"order is {order}; expected a permutation of 0..{self.hidden_size - 1}")
        weights = self.w_hi[order], self.w_hh[np.ix_(order, order)], self.w_oh[:, order]
        return Rnn(*weights, name=self.name, task=self.task)

    def rescaled(self, factors: Sequence[float] | np.ndarray) -> Rnn:
        """An equivalent network whose neuron i carries ``factors[i]`` times the value.

        Logits are the same on every input, since ReLU commutes with positive factors.
        """
        f = _real_array("factors", factors)
        if f.shape != (self.hidden_size,) or not np.all(f > 0):
            raise ModelError(f"factors are {f.tolist()}; expected {self.hidden_size} positive numbers")
        weights = self.w_hi * f, self.w_hh * f[:, None] / f, self.w_oh / f
        return Rnn(*weights, name=self.name, task=self.task)

    def state_dict(self) -> dict[str, np.ndarray]:
        """The weights under AlgZoo's names, as float64 arrays."""
        return dict(zip(STATE_DICT_KEYS, (self.w_hi[:, None], self.w_hh, self.w_oh), strict=True))

    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits of the SHA-256 of shapes, weights and what is asked.

        Equal weights that are asked for the input of the same rank have equal fingerprints.
        """
        digest = _begun_digest(self)
        for array in (self.w_hi, self.w_hh, self.w_oh):
            digest.update(_plain_bytes(array))
        return digest.hexdigest()[:16]

    def _inputs(self, x: np.ndarray) -> np.ndarray:
        x = np.asarray(x, np.float64)
        if x.ndim == 0 or x.shape[-1] != self.seq_len:
            raise ModelError(
                f"x has shape {x.shape}; expected (..., {self.seq_len}), one number for each step"
            )
        return x


@dataclass(frozen=True, eq=False)
class RnnStack(Sequence[Rnn]):
    """Many models of one size and task: arrays with a leading axis, for batches.

    Parameters
    ----------
    w_hi, w_hh, w_oh
        Shapes ``(models, d)``, ``(models, d, d)``, ``(models, n, d)``.
    name, task
        What they are called together, and what all of them are asked.

    Examples
    --------
    >>> stack = RnnStack.of([Rnn([1, -1], [[0, 1], [1, 0]], [[1, 0], [0, 1]])] * 3)
    >>> len(stack), stack[0].hidden_size
    (3, 2)
    """

    w_hi: np.ndarray
    w_hh: np.ndarray
    w_oh: np.ndarray
    name: str = field(default="", kw_only=True)
    task: str = field(default="2nd_argmax", kw_only=True)

    def __post_init__(self) -> None:
        arrays = [_real_array(key, getattr(self, key)) for key in ("w_hi", "w_hh", "w_oh")]
        _check_shapes(*arrays, lead=1)
        task_rank(self.task, arrays[2].shape[1])
        for key, array in zip(("w_hi", "w_hh", "w_oh"), arrays, strict=True):
            object.__setattr__(self, key, _frozen(np.ascontiguousarray(array)))

    @classmethod
    def of(cls, models: Sequence[Rnn], name: str = "") -> RnnStack:
        """Stack models of equal sizes that are asked the same."""
        sizes = {(model.hidden_size, model.seq_len) for model in models}
        if len(sizes) != 1:
            raise ModelError(f"models have sizes {sorted(sizes)}; expected one size (d, n) in a stack")
        tasks = {model.task for model in models}
        if len(tasks) != 1:
            raise ModelError(f"models are asked {', '.join(sorted(tasks))}; expected one task in a stack")
        return cls(
            np.stack([model.w_hi for model in models]),
            np.stack([model.w_hh for model in models]),
            np.stack([model.w_oh for model in models]),
            name=name or models[0].name,
            task=models[0].task,
        )

    @property
    def hidden_size(self) -> int:
        """Number d of hidden neurons."""
        return self.w_hi.shape[1]

    @property
    def seq_len(self) -> int:
        """Number n of inputs."""
        return self.w_oh.shape[1]

    @property
    def rank(self) -> int:
        """Rank of the input whose position is the right answer; the largest has rank 0."""
        return task_rank(self.task, self.seq_len)

    def fingerprints(self) -> list[str]:
        """Every model's :meth:`Rnn.fingerprint`."""
        count = len(self)
        flat = np.concatenate([one.reshape(count, -1) for one in (self.w_hi, self.w_hh, self.w_oh)], axis=1)
        weights, width, begun = _plain_bytes(flat), 8 * flat.shape[1], _begun_digest(self)
        found: list[str] = []
        for at in range(0, len(weights), width):
            digest = begun.copy()
            digest.update(weights[at : at + width])
            found.append(digest.hexdigest()[:16])
        return found

    def __len__(self) -> int:
        return self.w_hi.shape[0]

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, (int, np.integer)):
            return Rnn(self.w_hi[index], self.w_hh[index], self.w_oh[index], name=self.name, task=self.task)
        return RnnStack(self.w_hi[index], self.w_hh[index], self.w_oh[index], name=self.name, task=self.task)

    def __iter__(self) -> Iterator[Rnn]:
        return (self[i] for i in range(len(self)))


def rnn_from_state_dict(
    state: Mapping[str, Any],
    *,
    name: str = "",
    source: str = "the state dict",
    task: str = "2nd_argmax",
) -> Rnn:
    """A model from weights under AlgZoo's names (arrays or tensors).

    Parameters
    ----------
    state
        ``rnn.weight_ih_l0`` (d, 1), ``rnn.weight_hh_l0`` (d, d) and ``linear.weight`` (n, d), nothing else.
    source
        Where it comes from, for messages.
    name, task
        What the model is called, and what it is asked.

    Returns
    -------
    The model, its weights in float64.

    Raises
    ------
    ModelError
        If a name is missing or unknown (a bias, say), or the weights do not fit.

    Examples
    --------
    >>> state = {"rnn.weight_ih_l0": [[1.0]], "rnn.weight_hh_l0": [[0.5]], "linear.weight": [[1.0], [-1.0]]}
    >>> rnn_from_state_dict(state, name="tiny")
    Rnn('tiny', hidden_size=1, seq_len=2)
    """
    missing = [key for key in STATE_DICT_KEYS if key not in state]
    unknown = sorted(str(key) for key in state if key not in STATE_DICT_KEYS)
    if missing or unknown:
        problem = f"lacks {', '.join(missing)}" if missing else f"also holds {', '.join(unknown)}"
        raise ModelError(f"{source} {problem}; expected exactly {', '.join(STATE_DICT_KEYS)}")
    w_ih = state[STATE_DICT_KEYS[0]]
    if len(np.shape(w_ih)) != 2 or np.shape(w_ih)[1] != 1:
        raise ModelError(f"{source}: {STATE_DICT_KEYS[0]} has shape {tuple(np.shape(w_ih))}; expected (d, 1)")
    try:
        return Rnn(*(state[key] for key in STATE_DICT_KEYS), name=name, task=task)
    except ModelError as error:
        raise ModelError(f"{source}: {error}") from None


def rnn_from_module(module: Any, *, name: str = "", task: str = "2nd_argmax") -> Rnn:
    """A model from a PyTorch module of AlgZoo's form: ``rnn`` (ReLU, one layer, no biases) and ``linear``.

    Parameters
    ----------
    module
        A PyTorch module with the attributes ``rnn`` and ``linear``.
    name, task
        What the model is called, and what it is asked.

    Returns
    -------
    The model, its weights in float64.

    Raises
    ------
    ModelError
        If the module computes something else: another nonlinearity, layers, biases.

    Examples
    --------
    >>> import types
    >>> rnn = types.SimpleNamespace(nonlinearity="relu")  # stands for a torch.nn.RNN
    >>> state = {"rnn.weight_ih_l0": [[1.0]], "rnn.weight_hh_l0": [[0.5]], "linear.weight": [[1.0], [-1.0]]}
    >>> module = types.SimpleNamespace(rnn=rnn, state_dict=lambda: state)
    >>> rnn_from_module(module, name="tiny")
    Rnn('tiny', hidden_size=1, seq_len=2)
    """
    nonlinearity = getattr(getattr(module, "rnn", None), "nonlinearity", None)
    if nonlinearity != "relu":
        raise ModelError(f"module.rnn has nonlinearity {nonlinearity!r}; expected a torch.nn.RNN with 'relu'")
    return rnn_from_state_dict(module.state_dict(), name=name, source="the module's state dict", task=task)
