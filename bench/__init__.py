"""Benchmarks: ratios to a baseline measured in the same run."""

import nrm  # noqa: F401 - before the forms, which the program's own start leads to
