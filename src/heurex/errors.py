"""The ways in which heurex says no: one sentence each, and one common ancestor."""

__all__ = ["ConeError", "HeurexError", "ModelError", "NotApplicable", "ResultsError", "UsageError"]


class HeurexError(Exception):
    """Any error that heurex raises on purpose; its message is one sentence for a person."""


class UsageError(HeurexError, ValueError):
    """A name, setting or number that is not understood; the message lists what is."""


class ModelError(HeurexError, ValueError):
    """Weights that are missing, unreadable, of the wrong shape or not finite."""


class ConeError(HeurexError, ValueError):
    """Half-spaces or rays that are no cone: wrong dimension, ragged, or not finite."""


class ResultsError(HeurexError):
    """A results table or an output folder that cannot be read, written or continued."""


class NotApplicable(HeurexError):
    """An explanation whose preconditions the model does not meet.

    Attributes
    ----------
    failed
        The statements that do not hold, in the order in which they were checked.
    """

    def __init__(self, message: str, failed: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.failed = failed
