"""Packages that a built-in metric needs and this package does not: found on demand, and named where they lack."""

import importlib
import importlib.metadata
import types
import warnings
from collections.abc import Sequence

from metric_harness.errors import MetricUnavailableError


def installed(distribution: str) -> bool:
    """Return whether a distribution is installed, without importing it."""
    try:
        importlib.metadata.distribution(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def how_to_install(distribution: str) -> str:
    """Return the command that installs a distribution; the extra of this package bears its name."""
    return f'pip install "metric-harness[{distribution}]"'


def imported(module: str, distribution: str, *, holds: Sequence[str] = ()) -> types.ModuleType:
    """Import a module of an optional distribution; what it warns of while it loads is not heard.

    Args:
        module: its full name, such as `himalaya.ridge`.
        distribution: what pip calls the package that holds it.
        holds: names it must have, by which it is told from others that import under the same name.

    Raises:
        MetricUnavailableError: if it does not load, whatever it raises; the message tells how to install it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = importlib.import_module(module)
        lacking = [name for name in holds if not hasattr(found, name)]
        if lacking:
            raise ImportError(f"it has no {', '.join(lacking)}: it is another package of that name")
        return found
    except Exception as error:
        raise MetricUnavailableError(
            f"needs the package {distribution}, whose module {module} does not load: {type(error).__name__}: {error}. "
            f"Install it with: {how_to_install(distribution)}"
        ) from error
