"""A pytest harness that tells whether a metric of representational similarity can be trusted.

This module imports nothing by itself, because pytest runs it at the start of every session in which the package
is installed. Write a metric against `metric_harness.interfaces`; validate it with `pytest --metric=NAME`, or in a
notebook with `metric_harness.validate(metric)`.
"""

__version__ = "0.1.0"
__all__ = ["__version__", "validate"]

TYPE_CHECKING = False  # typing's own would have to be imported
if TYPE_CHECKING:
    from metric_harness.validation import validate


def __getattr__(name: str) -> object:
    if name != "validate":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from metric_harness.validation import validate

    return validate
