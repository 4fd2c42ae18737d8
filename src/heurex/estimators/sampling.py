"""Random sampling: the yardstick that every explanation is held against, at its plainest and at its best."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from typing import ClassVar

import numpy as np

from heurex import kernels
from heurex.errors import UsageError
from heurex.estimators import sampling_kernel
from heurex.estimators.base import Estimate, Estimator, Ops, StackEstimate
from heurex.estimators.designs import DESIGNS, Outcome, Right, refusal, sample
from heurex.estimators.sampler import outcomes
from heurex.model import Rnn, RnnStack
from heurex.tasks import labels

__all__ = ["Sampling", "draws_for", "note_ops_per_sample", "ops_per_sample"]


def note_ops_per_sample(hidden_size: int, seq_len: int) -> int:
    """Operations of one sample by the note's count, a multiply-add counted as one: n d (d + 1) + n d.

    Source: Hilton (2024), "Quality versus compute".

    Examples
    --------
    >>> note_ops_per_sample(4, 3)
    72
    """
    return seq_len * hidden_size * (hidden_size + 1) + seq_len * hidden_size


def ops_per_sample(model: Rnn) -> Ops:
    """Operations that the forward pass of one sample executes, counted; drawing the input is not included.

    A step on a state of zeros is not special-cased, except that the first step starts from nothing.
    """
    return _forward_ops(model, mirrored=False)


def _forward_ops(model: Rnn, mirrored: bool) -> Ops:
    """Of one input, or of an input and its opposite."""
    x = np.arange(1.0, model.seq_len + 1)[:, None]
    numbers = {"w_hi": model.w_hi, "w_hh": model.w_hh, "w_oh": model.w_oh, "x": x}
    kernel, counted, tally = kernels.counted(sampling_kernel, numbers)
    right = np.zeros((2 if mirrored else 1, 1), np.bool_)
    kernel.outcomes(*counted.values(), right, np.zeros((0, 0), np.int64))
    return Ops.of(tally)


def draws_for(model: Rnn, seed: int) -> np.random.Generator:
    """A generator that depends on a seed and on the weights: equal models get equal draws, others independent ones."""
    return np.random.default_rng([seed, int(model.fingerprint(), 16)])


def _interpreted(model: Rnn) -> Right:
    """Which inputs are answered rightly, without a compiler."""

    def right(x: np.ndarray, mirrored: bool) -> np.ndarray:
        sides = np.stack([x, -x] if mirrored else [x])
        return model.answer(sides) == labels(sides, model.rank)

    return right


@dataclass(frozen=True)
class Sampling(Estimator):
    """Accuracy on random inputs.

    Parameters
    ----------
    samples
        How many inputs are answered.
    seed
        Seed; the inputs drawn depend on it and on the weights, so that different models get independent draws.
    design
        ``"plain"``: independent inputs. ``"antithetic"``: pairs x and -x. ``"stratified"``: as many samples of every
        ordering of the inputs, which are equally likely; where some ordering would get fewer than two samples, of
        every choice of the r largest inputs in order, with r as large as gives each two (r = 0 is plain
        sampling), and at most 65,536 strata. ``"sobol"``: randomised quasi-Monte Carlo on the sphere of directions,
        which are all that an answer depends on.
    scramblings
        For ``"sobol"``: how many independent scramblings share the samples, a power of two of them each; at least
        2. Fewer are more accurate and know their error less well.
    towards, spread
        Mean and standard deviation of the accuracies of the ensemble that the model comes from, if they are known
        (from other copies, for instance: they say something about the model that its weights did not). With
        both, plain sampling is shrunk towards the mean.

    Notes
    -----
    Error, as a standard error that holds for each design: plain sqrt(p (1 - p) / samples); antithetic from the
    spread of the pairs; stratified from the spread within strata; sobol from the spread between scramblings;
    where all that was seen agrees, that of plain sampling. Shrunk: with v = (m (1 - m) - s^2) / samples the mean
    variance of a plain share in an ensemble of mean m and standard deviation s, and w = s^2 / (s^2 + v), the value is
    m + w (share - m), the best linear rule, and its RMS error over the ensemble and the draws is sqrt(w v).

    Cost: n d (d + 1) + n d multiply-adds a sample; drawing inputs is not counted. An opposite input saves its n d
    products with w_hi. Shrinking takes 10 operations; strata of unequal sizes take an addition and a division each.
    Source: Hilton (2024), "Quality versus compute"; Owen (1997) for scrambling; shrinking is linear Bayes.

    Examples
    --------
    >>> import heurex
    >>> print(heurex.estimate(heurex.load("m43"), "sampling", samples=1024, design="sobol"))
    sampling gives 0.98633 +- 0.002 (standard error)
    """

    name: ClassVar[str] = "sampling"
    summary: ClassVar[str] = "accuracy on random inputs, with its standard error; any d and n"
    kind: ClassVar[str] = "sampling"
    assumes: ClassVar[str] = "nothing"
    applies: ClassVar[str] = "any d and n"
    cost: ClassVar[str] = "n d (d + 1) + n d multiply-adds a sample: 72 for (4, 3)"
    samples: int = 1_000_000
    seed: int = 0
    design: str = "plain"
    scramblings: int = 8
    towards: float | None = None
    spread: float | None = None

    def __post_init__(self) -> None:
        for name, least in (("samples", 1), ("seed", 0), ("scramblings", 2)):
            number = getattr(self, name)
            if not isinstance(number, int) or isinstance(number, bool) or number < least:
                expected = f"{least} or more" if name == "seed" else f"at least {least}"
                raise UsageError(f"{name} is {number!r}; expected a whole number, {expected}")
        if self.design not in DESIGNS:
            raise UsageError(f"design is {self.design!r}; expected one of {', '.join(DESIGNS)}")
        self._check_ensemble()
        if problem := refusal(self.design, self.samples, self.scramblings):
            raise UsageError(problem)

    def _check_ensemble(self) -> None:
        given = {"towards": self.towards, "spread": self.spread}
        if all(number is None for number in given.values()):
            return
        for name, number in given.items():
            if not isinstance(number, (int, float)) or isinstance(number, bool):
                raise UsageError(
                    f"{name} is {number!r}; expected both towards and spread, the ensemble's mean and standard "
                    "deviation, or neither"
                )
        if self.design != "plain":
            raise UsageError(
                f"design is {self.design!r}; expected 'plain' where towards and spread are given"
            )
        towards, spread = self._ensemble()
        if not 0 < towards < 1:
            raise UsageError(f"towards is {towards}; expected a mean accuracy between 0 and 1")
        most = (towards * (1 - towards)) ** 0.5
        if not 0 < spread < most:
            raise UsageError(
                f"spread is {spread}; expected a standard deviation above 0 and below {most:.3g}, the most that "
                f"accuracies of mean {towards} can have"
            )

    def _ensemble(self) -> tuple[float, float]:
        return float(self.towards or 0.0), float(self.spread or 0.0)

    def _run(self, model: Rnn, right: Right) -> Outcome:
        rng = draws_for(model, self.seed)
        found = sample(self.design, rng, model.seq_len, self.samples, self.scramblings, right)
        if self.towards is None:
            return found
        towards, spread = self._ensemble()
        value, weight = sampling_kernel.shrink(found.value, towards, spread, self.samples)
        return Outcome(value, spread**2 * (1 - weight))

    def _ops(self, model: Rnn, found: Outcome) -> Ops:
        """All that this calculation executed: the forward passes, and what the design adds to them."""
        if self.design == "antithetic":
            forward = _forward_ops(model, mirrored=True) * (self.samples // 2)
        else:
            forward = ops_per_sample(model) * self.samples
        extra = [found.ops]
        if self.towards is not None:
            numbers = np.array([found.value, *self._ensemble(), self.samples])
            kernel, counted, tally = kernels.counted(sampling_kernel, {"numbers": numbers})
            kernel.shrink(*counted["numbers"])
            extra.append(Ops.of(tally))
        parts = [asdict(part) for part in (forward, *extra)]
        return Ops(**{name: sum(part[name] for part in parts) for name in parts[0]})

    def estimate(self, model: Rnn) -> Estimate:
        """Draw inputs in chunks and count right answers; no compiler is needed."""
        found = self._run(model, _interpreted(model))
        return Estimate(
            self.name,
            found.value,
            1e-16,
            self.settings(),
            standard_error=found.variance**0.5,
            ops=self._ops(model, found),
            note_ops=note_ops_per_sample(model.hidden_size, model.seq_len) * self.samples,
        )

    def estimate_stack(self, stack: RnnStack) -> StackEstimate:
        """The same inputs for every model as :meth:`estimate` draws, answered by the compiled kernel."""
        found = [self._run(model, partial(outcomes, model)) for model in stack]
        values = np.array([one.value for one in found])
        standard_errors = np.array([one.variance for one in found]) ** 0.5
        return StackEstimate.of(values, np.full(len(found), 1e-16), standard_errors)
