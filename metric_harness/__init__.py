"""A pytest harness that tells whether a metric of representational similarity can be trusted.

This module imports nothing, because pytest runs it at the start of every session in which the package
is installed. Write a metric against `metric_harness.interfaces`; validate it with
`pytest --metric=NAME`.
"""

__version__ = "0.1.0"
