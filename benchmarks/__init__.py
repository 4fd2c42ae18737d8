"""Times and errors beside named peers; ``python -m benchmarks`` from the repository root prints all of it."""
