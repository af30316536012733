"""Which architecture's networks a run compares: from the text after `--metric-network` to a zoo.

A zoo that comes with the package, or whose folder is given, is found without a numerical library.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast, final

from metric_harness.catalogue import PACKAGE, implementations
from metric_harness.errors import UsageError
from metric_harness.records import DEFAULT_NETWORK, NetworkInfo, Plain
from metric_harness.resolution import folder_name

MANIFEST = "manifest.json"
"""The table of a zoo; see `metric_harness.zoo`."""
SHIPPED = PACKAGE / "data" / "zoo"
"""Where the zoos lie that come with the package, each in a folder of its architecture's name."""
OWN = "-own"
"""What ends the name of a built-in architecture whose networks are not those that come with the package."""


@final
@dataclasses.dataclass(frozen=True)
class ChosenNetwork:
    """An architecture, and how it was asked for.

    Attributes:
        value: the text after `--metric-network`.
        folder: of its zoo.
        info: what the scorecard says of it.
        texts: those after `--metric-network-set`.
        view: settings that decide what is recorded, where they are not those of the zoo.
    """

    value: str
    folder: Path
    info: NetworkInfo
    texts: tuple[str, ...] = ()
    view: tuple[tuple[str, Plain], ...] = ()

    @property
    def is_default(self) -> bool:
        """Whether its networks are those that are compared when none are asked for."""
        return self.info.name == DEFAULT_NETWORK and not self.view


def choose(value: str, cwd: Path, texts: Sequence[str] = ()) -> ChosenNetwork:
    """Return the architecture that `--metric-network` names, with its zoo.

    Args:
        value: a file name in `networks/`, `package.module:Class`, `path/to/file.py:Class`, or the folder of a zoo.
        cwd: folder that the folder of a zoo is relative to.
        texts: settings, `KEY=VALUE`: of the zoo, or of what is recorded of its networks.

    Raises:
        UsageError: if there is no such architecture, or no zoo of it; the message has the nearest names, or the command
            that builds one.
    """
    folder = next((f for f in (SHIPPED / value, cwd / value) if value and (f / MANIFEST).is_file()), None)
    if folder is not None and not texts:
        return ChosenNetwork(value, folder, _described(folder, {}))
    # Networks need torch, which the tables of shipped ones do not.
    from metric_harness.zoo import looked_at

    folder, view = looked_at(value, texts, None if folder is None or folder.parent == SHIPPED else folder)
    return ChosenNetwork(value, folder, _described(folder, view), tuple(texts), tuple(view.items()))


def _described(folder: Path, view: Mapping[str, Plain]) -> NetworkInfo:
    try:
        content = (folder / MANIFEST).read_bytes()
        described = json.loads(content)["network"]
        name = folder_name(described["name"])
        settings = {**cast(Mapping[str, Plain], described["settings"]), **view}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"the zoo in {folder} cannot be read: {error}. Rebuild it: metric-harness zoo build"
        ) from error
    if name in implementations("networks") and folder != SHIPPED / name:
        name += OWN
    return NetworkInfo(name=name, settings=settings, zoo=hashlib.sha256(content).hexdigest()[:16])
