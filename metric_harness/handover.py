"""A metric handed over as an object instead of a text: what to call it, and how another process can have it."""

import base64
import importlib
import pickle
import sys
from typing import Any, cast

from metric_harness.adapter import without_addresses
from metric_harness.interfaces import AbstractMetric
from metric_harness.recipes import Recipe


def description(target: object) -> tuple[str, str, bool]:
    """Return an object's name, where it comes from, and whether that is a text which finds it again.

    A function or class at the top of an importable module is found by `module:name`; nothing else is.
    """
    named: Any = target if hasattr(target, "__qualname__") else type(target)
    module, name = str(named.__module__), str(named.__qualname__)
    findable = module != "__main__" and getattr(sys.modules.get(module), name, None) is target
    source = f"{module}:{name}" if findable or named is target else f"an object of {module}:{name}"
    return str(named.__name__), source, findable


def packed(bare: AbstractMetric, source: str) -> Recipe:
    """Return a recipe that carries the metric itself, or says why it cannot.

    Pickles name what they hold by module, and nobody else can import what was typed into a session; `cloudpickle`,
    where installed, carries such definitions along.
    """
    try:
        carrier = cast(Any, importlib.import_module("cloudpickle"))
    except ImportError:
        carrier = pickle
    try:
        content: bytes = carrier.dumps(bare)
    except Exception as error:
        # Addresses differ from run to run, and messages enter the results' digest.
        reason = without_addresses(f"{type(error).__name__}: {error}")
        return Recipe(source, (), "", obstacle=_obstacle(source, reason))
    if carrier is pickle and b"__main__" in content:
        return Recipe(source, (), "", obstacle=_obstacle(source, "it is defined in this session, not in a module"))
    return Recipe(source, (), "", pickled=base64.b64encode(content).decode())


def unpacked(text: str) -> AbstractMetric:
    """Return the metric that a recipe carries."""
    return pickle.loads(base64.b64decode(text))


def _obstacle(source: str, reason: str) -> str:
    return (
        f"{source} cannot be taken to a fresh process ({reason}), so what it does there is unknown; needed a metric "
        'that pickles. Put it into a file and validate "path/to/file.py:name", or install cloudpickle.'
    )
