"""What the examples in docstrings cannot be collected without."""

from importlib.util import find_spec

# The only module that imports PyTorch as it is read; its tests skip with a reason where PyTorch is missing.
collect_ignore = [] if find_spec("torch") else ["src/heurex/zoo/batched.py"]
