"""From the text after `--network` to an architecture: a built-in name, `module:Class`, or `path/to/file.py:Class`."""

import dataclasses
import difflib
import hashlib
import inspect
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast, final

from metric_harness import catalogue, locations
from metric_harness.errors import SettingError, UnknownNetworkError
from metric_harness.interfaces import AbstractNetwork
from metric_harness.resolution import folder_name, pair, settings_of, typed

NETWORK = locations.Sought("network", UnknownNetworkError, UnknownNetworkError)
OPTION = "--network-set"


@final
@dataclasses.dataclass(frozen=True)
class NamedNetwork:
    """An architecture and the text that finds it again, from any folder.

    Attributes:
        value: file name in `networks/`, `module:Class`, or `/path/to/file.py:Class`.
        network: the architecture with its settings.
        source: digest of the file that defines a user's class, as it is now; empty for what is built in.
    """

    value: str
    network: AbstractNetwork
    source: str

    @property
    def name(self) -> str:
        """Its name in tables and folders: the part after the colon."""
        return folder_name(self.value)

    @property
    def settings(self) -> dict[str, Any]:
        """Every setting, those at their defaults too."""
        return dataclasses.asdict(cast(Any, self.network))

    def key(self) -> str:
        """Return what identifies the class as it is now and its settings."""
        parts = [self.value, self.source, self.settings]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def named(value: str, settings: Mapping[str, Any] | None = None, cwd: Path | None = None) -> NamedNetwork:
    """Return the architecture that a text names.

    Args:
        value: file name in `networks/`, `module:Class`, or `path/to/file.py:Class`.
        settings: those that differ from the defaults.
        cwd: folder that file paths are relative to and that modules may be imported from; default: the working folder.

    Raises:
        UnknownNetworkError: if it names nothing, does not load, or names no architecture.
        SettingError: if the architecture refuses the settings.
    """
    cwd = cwd or Path.cwd()
    known = catalogue.implementations("networks")
    if value in known:
        found, source = catalogue.load("networks", value, cast(Any, AbstractNetwork)), ""
    elif not locations.is_place(value):
        near = difflib.get_close_matches(value, known, n=3, cutoff=0.4)
        suggestion = f" Did you mean {' or '.join(near)}?" if near else ""
        raise UnknownNetworkError(
            f"unknown network '{value}'.{suggestion} Known names: {', '.join(known)}. Or give package.module:Class or "
            "path/to/file.py:Class."
        )
    else:
        value, found = _absolute(value, cwd), _architecture(value, cwd)
        source = hashlib.sha256(Path(inspect.getfile(found)).read_bytes()).hexdigest()
    return NamedNetwork(value, _made(value, found, settings or {}), source)


def read_settings(value: str, texts: Sequence[str], cwd: Path | None = None, option: str = OPTION) -> dict[str, Any]:
    """Return the settings in `KEY=VALUE` texts after an option, typed as the fields of an architecture.

    Raises:
        SettingError: if a text is none, or not of the field's type.
        UnknownNetworkError: as in `named`.
    """
    fields = settings_of(named(value, cwd=cwd).network) if texts else {}
    pairs = dict(pair(text, option) for text in texts)
    unknown = sorted(set(pairs) - set(fields))
    if unknown:
        raise SettingError(f"{value} has no setting {', '.join(unknown)}; it has {', '.join(fields)}.")
    return {key: typed(key, text, fields[key], option) for key, text in pairs.items()}


def _absolute(value: str, cwd: Path) -> str:
    place, _, attribute = value.rpartition(":")
    return f"{(cwd / place).resolve()}:{attribute}" if place.endswith(".py") else value


def _architecture(value: str, cwd: Path) -> type[AbstractNetwork]:
    found = locations.attribute_at(value, cwd, NETWORK)
    if not (isinstance(found, type) and issubclass(found, AbstractNetwork) and dataclasses.is_dataclass(found)):
        raise UnknownNetworkError(
            f"network '{value}' is {found!r}; needed a frozen dataclass that subclasses AbstractNetwork, see "
            "metric_harness.interfaces."
        )
    if inspect.isabstract(found):
        lacking = ", ".join(sorted(cast(Any, found).__abstractmethods__))
        raise UnknownNetworkError(f"network '{value}' lacks {lacking}; see metric_harness.interfaces.AbstractNetwork.")
    return cast(type[AbstractNetwork], found)


def _made(value: str, architecture: type[AbstractNetwork], settings: Mapping[str, Any]) -> AbstractNetwork:
    try:
        return cast(Any, architecture)(**settings)
    except (TypeError, ValueError) as error:
        raise SettingError(f"network '{value}' refused the settings {dict(settings)}: {error}.") from error
