"""What an estimator is, and what it hands back.

An *estimator* turns weights into an estimate of the accuracy: the share of inputs x ~ N(0, I_n) on which the
model names the position that it is asked for. It is a frozen dataclass that holds its settings and has one
method, :meth:`Estimator.estimate`; :meth:`Estimator.estimate_stack` does many models at once.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any, ClassVar

import numpy as np

from heurex.errors import NotApplicable, UsageError
from heurex.estimators.conventions import CONVENTIONS, Convention, as_convention
from heurex.kernels import Tally
from heurex.model import Rnn, RnnStack
from heurex.tasks import SECOND

__all__ = [
    "CONVENTIONS",
    "Cell",
    "Check",
    "Estimate",
    "Estimator",
    "External",
    "Ops",
    "StackEstimate",
    "Status",
    "require_second",
]


class Status(StrEnum):
    """How an evaluation ended."""

    OK = "ok"
    NOT_APPLICABLE = "not_applicable"
    ILL_CONDITIONED = "ill_conditioned"
    BUDGET_REACHED = "budget_reached"


@dataclass(frozen=True)
class Check:
    """A statement about the weights that an explanation rests on.

    Attributes
    ----------
    name, statement
        A short name (``"a3"``) and what is claimed (``"a3 > 0"``).
    holds
        Whether it holds.
    value
        The number that was compared.
    gap
        For a near-equality the relative gap between its sides, else None.
    """

    name: str
    statement: str
    holds: bool
    value: float
    gap: float | None = None


@dataclass(frozen=True)
class Cell:
    """A cone of inputs and what an explanation says of it.

    Attributes
    ----------
    name
        Unique within an estimate.
    ordering
        The order of the inputs throughout it, largest first; None where it has several.
    region
        Which activation region, in the explanation's own words.
    parent
        Name of the cell that this one was cut from, if any.
    normals
        Half-spaces, ``(k, n)``: the cell is ``{x : normals @ x >= 0}``. Empty where the cell is cut by values
        that are known at its corners only.
    half_spaces
        How many half-spaces define it.
    rays
        Extreme rays in order, ``(m, 3)``, where they are known.
    fraction, numerical_error
        Share of input space in it, and a bound on the rounding of that share.
    label
        The right answer in it.
    answer
        The model's answer, where it is the same throughout.
    likely
        False for cells that the explanation passes over.
    contribution
        What it adds to the estimate.
    """

    name: str
    ordering: tuple[int, ...] | None
    region: str
    parent: str | None
    normals: np.ndarray
    half_spaces: int
    rays: np.ndarray | None
    fraction: float
    numerical_error: float
    label: int
    answer: int | None
    likely: bool
    contribution: float | None


@dataclass(frozen=True)
class Ops:
    """Arithmetic operations that a calculation really executed, from the weights to the value.

    Comparisons, changes of sign and copies are free. Sines, cosines and the like are counted with the
    arctangents.

    Attributes
    ----------
    add, mul, div, sqrt, atan2
        How many of each kind.
    """

    add: int = 0
    mul: int = 0
    div: int = 0
    sqrt: int = 0
    atan2: int = 0

    @classmethod
    def of(cls, tally: Tally) -> Ops:
        """The operations on a tally."""
        return cls(**asdict(tally))

    def total(self, convention: str | Convention = "weighted") -> float:
        """One number: every operation 1 (``"unit"``), square root and arctangent 10 (``"weighted"``), or by weights.

        A whole number where the weights are.
        """
        return sum(
            weight * getattr(self, kind) for kind, weight in as_convention(convention).weights().items()
        )

    def __add__(self, other: Ops) -> Ops:
        return Ops(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def __mul__(self, times: int) -> Ops:
        return Ops(*(times * getattr(self, f.name) for f in fields(self)))


@dataclass(frozen=True)
class Estimate:
    """An estimate of a model's accuracy, with everything that it rests on.

    Attributes
    ----------
    estimator, settings
        Which estimator gave it, and how that was set.
    value
        The estimate.
    numerical_error
        How well the explanation was *evaluated*: a bound on rounding and quadrature. It does not say how far
        the estimate is from the model's accuracy.
    standard_error
        For sampling only: one standard error of the sampled value.
    lower, upper
        Set only where they bound the accuracy itself.
    ops
        Operations counted in this very calculation, None where they were not counted.
    note_ops
        The operations that the note's cost model gives, 5 k^3 for each fraction of k half-spaces it needs;
        None where the note has no such model.
    status
        How the evaluation ended.
    cells, checks
        The cells that were added up, and the statements that were checked.
    near_equalities
        What the explanation takes for equal, with relative gaps.
    rule
        For quadrature only: what the rule runs over. Its error is not bounded.
    """

    estimator: str
    value: float
    numerical_error: float
    settings: dict[str, Any] = field(default_factory=dict)
    standard_error: float | None = None
    lower: float | None = None
    upper: float | None = None
    ops: Ops | None = None
    note_ops: int | None = None
    status: Status = Status.OK
    cells: tuple[Cell, ...] = ()
    checks: tuple[Check, ...] = ()
    near_equalities: tuple[Check, ...] = ()
    rule: str | None = None

    def __float__(self) -> float:
        return float(self.value)

    def __str__(self) -> str:
        if self.standard_error is not None:
            return f"{self.estimator} gives {self.value:.5f} +- {self.standard_error:.1g} (standard error)"
        if self.rule is not None:
            return f"quadrature over {self.rule} gives {self.value:.5f}; its error is not bounded"
        if self.status is Status.BUDGET_REACHED and self.lower is not None and self.upper is not None:
            return f"the exact accuracy lies between {self.lower:.5f} and {self.upper:.5f} (budget reached)"
        what = (
            "the exact accuracy is" if self.lower is not None else f"the explanation ({self.estimator}) gives"
        )
        return f"{what} {self.value:.5f} (evaluated to {self.numerical_error:.0e})"

    def fraction_counts(self) -> dict[int, int]:
        """How many cells of how many half-spaces were measured: ``{4: 18, 5: 56, 6: 28}`` for the original."""
        counts: dict[int, int] = {}
        for cell in self.cells:
            counts[cell.half_spaces] = counts.get(cell.half_spaces, 0) + 1
        return dict(sorted(counts.items()))


def require_second(model: Rnn | RnnStack, who: str) -> None:
    """Raise NotApplicable unless a model is asked for its second largest input (argmedian of three is that)."""
    if model.rank != SECOND:
        raise NotApplicable(f"{who} explains 2nd argmax models; this one is asked for {model.task}")


def require_counts(settings: object, **least: int) -> None:
    """Refuse settings that are no whole numbers, or below the least of each."""
    for name, lowest in least.items():
        number = getattr(settings, name)
        if isinstance(number, bool) or not isinstance(number, int) or number < lowest:
            raise UsageError(f"{name} is {number!r}; expected a whole number, at least {lowest}")


@dataclass(frozen=True)
class StackEstimate:
    """Estimates of many models: arrays of one entry a model; the value is NaN where it does not apply."""

    value: np.ndarray
    numerical_error: np.ndarray
    standard_error: np.ndarray
    status: list[Status]

    @classmethod
    def of(
        cls, value: np.ndarray, error: np.ndarray, standard_error: np.ndarray | None = None
    ) -> StackEstimate:
        """Estimates that all went well."""
        blank = np.full(len(value), np.nan) if standard_error is None else standard_error
        return cls(value, error, blank, [Status.OK] * len(value))


class Estimator(ABC):
    """An explanation, or another way to an accuracy: a subclass is a frozen dataclass of its settings.

    Attributes
    ----------
    name, summary
        Its name on the command line, and what it is in one line.
    kind
        ``"exact"``, ``"explanation"``, ``"quadrature"``, ``"sampling"`` or ``"external"``.
    assumes, applies, cost
        What it takes for granted, which models it takes, and what it costs; a line each.
    switches
        Settings that are approximations, each with the value that does without it.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    kind: ClassVar[str]
    assumes: ClassVar[str] = ""
    applies: ClassVar[str] = ""
    cost: ClassVar[str] = ""
    switches: ClassVar[Mapping[str, Any]] = {}

    def settings(self) -> dict[str, Any]:
        """The settings by name."""
        return asdict(self)  # pyright: ignore[reportArgumentType]

    def has_chance(self, model: Rnn) -> bool:  # noqa: ARG002 - some have chance for some models only
        """Whether the estimate of a model depends on the setting ``seed``, where there is one."""
        return True

    @abstractmethod
    def estimate(self, model: Rnn) -> Estimate:
        """Estimate one model's accuracy, with its cells and checks.

        Raises
        ------
        NotApplicable
            If the model does not meet the explanation's preconditions.
        """

    def estimate_stack(self, stack: RnnStack) -> StackEstimate:
        """Estimate many models; "does not apply" is a status here, not an exception."""
        values = np.full(len(stack), np.nan)
        errors, standard_errors = values.copy(), values.copy()
        status = [Status.NOT_APPLICABLE] * len(stack)
        for i, model in enumerate(stack):
            try:
                one = self.estimate(model)
            except NotApplicable:
                continue
            values[i], errors[i], status[i] = one.value, one.numerical_error, one.status
            if one.standard_error is not None:
                standard_errors[i] = one.standard_error
        return StackEstimate(values, errors, standard_errors, status)


@dataclass(frozen=True)
class External(Estimator):
    """Any function from a model to a number, to be scored beside the rest.

    Parameters
    ----------
    function
        The accuracy that it claims for a model, or that and the operations it took; it may raise NotApplicable.
    label
        Its name in tables.
    ops
        Operations that it takes, declared by its author: :class:`Ops`, or a number of additions; None if unknown, or
        if the function tells them.
    seed
        What the function is called with as ``seed``; None for a function without one.
    """

    name: ClassVar[str] = "external"
    summary: ClassVar[str] = "a function of your own"
    kind: ClassVar[str] = "external"
    told: ClassVar[tuple[str, ...]] = ("label", "declared_ops")
    function: Callable[..., Any]
    label: str = "external"
    ops: int | Ops | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        if isinstance(self.ops, int) and self.ops < 0:
            raise UsageError(f"{self.label} declares {self.ops} operations; expected 0 or more")

    def settings(self) -> dict[str, Any]:
        """Its name and declared operations, and its seed if it has one."""
        declared = asdict(self.ops) if isinstance(self.ops, Ops) else self.ops
        told: dict[str, Any] = dict(zip(self.told, (self.label, declared), strict=True))
        return told if self.seed is None else told | {"seed": self.seed}

    def estimate(self, model: Rnn) -> Estimate:
        """Call the function; its numerical error is unknown, hence NaN.

        Raises
        ------
        NotApplicable
            If the function raises it, or gives something else than a finite number.
        UsageError
            If what it gives is neither a number nor a number and operations.
        """
        found: Any = self.function(model) if self.seed is None else self.function(model, seed=self.seed)
        told: Any
        ops: Any
        told, ops = found if isinstance(found, tuple) and len(found) == 2 else (found, self.ops)
        try:
            value = float(told)
        except (TypeError, ValueError):
            raise UsageError(
                f"{self.label} gives {found!r} for {model!r}; expected a number, or a number and its operations"
            ) from None
        if not math.isfinite(value):
            raise NotApplicable(f"{self.label} gives {value} for {model!r}; expected a finite number")
        if ops is not None and not isinstance(ops, Ops):
            ops = Ops(add=_whole(self.label, ops))
        return Estimate(self.label, value, float("nan"), self.settings(), ops=ops)


def _whole(label: str, ops: Any) -> int:
    """Operations that a function tells, as a number of additions."""
    try:
        if int(ops) == ops >= 0:
            return int(ops)
    except (TypeError, ValueError, OverflowError):
        pass
    raise UsageError(f"{label} tells {ops!r} operations; expected Ops or a whole number, 0 or more")
