"""Times and errors beside named peers; ``python -m benchmarks`` from the repository root prints all of it."""

import os

# One thread means one: said before NumPy is loaded.
for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")
