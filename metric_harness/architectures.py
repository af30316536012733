"""Which architecture's networks a run compares: from the text after `--metric-network` to a zoo.

A zoo that comes with the package is found without a numerical library; one that a user built lies in the user's cache.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast, final

from metric_harness.catalogue import PACKAGE, implementations
from metric_harness.errors import UsageError
from metric_harness.records import DEFAULT_NETWORK, NetworkInfo, Plain
from metric_harness.resolution import folder_name


@final
@dataclasses.dataclass(frozen=True)
class ChosenNetwork:
    """An architecture, the text that asked for it, and the folder of its zoo."""

    value: str
    folder: Path
    info: NetworkInfo

    @property
    def is_default(self) -> bool:
        """Whether it is the architecture that is compared when none is asked for."""
        return self.info.name == DEFAULT_NETWORK


def choose(value: str) -> ChosenNetwork:
    """Return the architecture that `--metric-network` names, with its zoo.

    Args:
        value: a file name in `networks/`, `package.module:Class`, or `path/to/file.py:Class`.

    Raises:
        UsageError: if there is no such architecture, or no zoo of it; the message has the nearest names, or the command
            that builds one.
    """
    name, folder = folder_name(value), PACKAGE / "data" / "zoo" / value
    if ":" in value or not folder.is_dir():
        # Networks need torch, which the tables of shipped ones do not.
        from metric_harness.zoo import zoo_folder

        folder = zoo_folder(value)
    if ":" in value and name in implementations("networks"):
        raise UsageError(f"--metric-network {value}: '{name}' is the name of a built-in network; rename the class.")
    return ChosenNetwork(value, folder, _described(name, folder))


def _described(name: str, folder: Path) -> NetworkInfo:
    try:
        content = (folder / "manifest.json").read_bytes()
        settings = cast(Mapping[str, Plain], cast(Any, json.loads(content))["network"]["settings"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"the zoo of {name} in {folder} cannot be read: {error}. Rebuild it: metric-harness zoo build"
        ) from error
    return NetworkInfo(name=name, settings=dict(settings), zoo=hashlib.sha256(content).hexdigest()[:16])
