"""Kernels over numbers of forty digits: what rounding does to a value, seen from outside."""

from importlib import import_module

import mpmath as mp
import numpy as np

from heurex import kernels


def forty_digits(module, made):
    """A kernel module over mpmath numbers."""
    if module.__name__ not in made:
        functions = {
            "sqrt": mp.sqrt,
            "atan2": mp.atan2,
            "reals": lambda *shape: np.full(shape, mp.mpf(0), object),
        }
        made[module.__name__] = kernels._specialise(
            import_module(module.__name__),
            lambda name, value: functions.get(name, value),
            lambda function: function,
            lambda other: forty_digits(other, made),
        )
        if hasattr(made[module.__name__], "TWO_PI"):
            made[module.__name__].TWO_PI = 2 * mp.pi
    return made[module.__name__]
