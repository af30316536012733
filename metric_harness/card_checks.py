"""Whether the parts of a report's JSON file are of the kinds that readers take for granted.

A file that somebody cut, edited or mended may be valid JSON and still hold text where a list belongs. It has to be told
before anything is decided by it.
"""

import types
from collections.abc import Mapping
from typing import Any, TypeAlias, cast

Kind: TypeAlias = "type | types.UnionType"

_NUMBER = int | float
KINDS: Mapping[str, Mapping[str, Kind]] = {
    "report": {"schema_version": str, "suite": dict, "cases": list},
    "scorecard": {"run": dict, "environment": dict, "metric": dict, "summary": dict, "results_digest": str},
    "suite": {"version": str, "profile": str, "n_cases": int, "network": dict},
    "run": {
        "started": str,
        "duration_s": _NUMBER,
        "complete": bool,
        "command": str,
        "seed": int,
        "workers": int,
        "reused": int,
    },
    "metric": {"name": str, "source": str, "settings": dict, "claims": dict, "observed": dict},
    "claims": {"numerical_floor": _NUMBER | None},
    "summary": {"outcomes": dict, "pass_rate": _NUMBER, "coverage": _NUMBER, "by_group": dict, "by_tier": dict},
    "case": {
        "id": str,
        "version": int,
        "group": str,
        "tier": str,
        "outcome": str,
        "score": _NUMBER | None,
        "measurements": dict,
        "volatile": list,
        "bound": str,
        "message": str,
        "duration_s": _NUMBER,
        "metric_calls": int,
        "metric_s": _NUMBER,
    },
}
"""What each part of a file holds where it holds it; what has to be there, the records themselves ask for."""


def checked(content: object, part: str, name: str = "") -> dict[str, Any]:
    """Return a part of a file.

    Args:
        content: what stands in its place.
        part: which one, as in `KINDS`.
        name: what messages call it; the part itself where it has no other name.

    Raises:
        TypeError: if it is no mapping, or an entry is of another kind.
    """
    if not isinstance(content, dict):
        raise TypeError(f"{name or part} is {type(content).__name__}; needed a mapping")
    found = cast("dict[str, Any]", content)
    for key, kind in KINDS[part].items():
        if key in found and not _is(found[key], kind):
            label = str(kind).removeprefix("<class '").removesuffix("'>")
            raise TypeError(f"{key} of {name or part} is {type(found[key]).__name__}; needed {label}")
    return found


def _is(value: object, kind: Kind) -> bool:
    """Return whether a value is of a kind; truth values are no numbers, though Python takes them for such."""
    return isinstance(value, kind) and (not isinstance(value, bool) or kind is bool)
