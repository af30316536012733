"""The zoo: networks that were trained beforehand, their weights, and the table of how they came to be.

A zoo is a folder with `manifest.json` and one weights file per task, in safetensors, which holds no code. Nothing in it
depends on a metric or on a run's seed: every metric is asked about the same networks and the same trials. Zoos of
built-in architectures come with the package; those that a user trained lie in the user's cache folder, under the digest
of the file that defines the class, so that a class that has changed since never meets old weights.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, cast, final

import numpy as np
from numpy.typing import NDArray

from metric_harness import locations
from metric_harness.cache import cache_folder
from metric_harness.catalogue import PACKAGE, make
from metric_harness.curriculum import GROUPS
from metric_harness.errors import UsageError
from metric_harness.interfaces import AbstractNetwork, AbstractTask
from metric_harness.named_networks import NamedNetwork, named, read_settings
from metric_harness.recording import Weights, accuracies, stacked
from metric_harness.seeding import generator
from metric_harness.trials import COMPOSITE, TESTING, TRAINING, Trials

MANIFEST = "manifest.json"
SCHEMA = "1.0"
N_TEST = 400
"""Trials by which the accuracies of the manifest are measured; recordings use the first of them."""
BUILD = "metric-harness zoo build"
REBUILD = f"Rebuild it: {BUILD}"


class ZooError(UsageError):
    """The zoo is missing, incomplete or not what its manifest says."""


@final
@dataclasses.dataclass(frozen=True, order=True)
class Specimen:
    """One network of the zoo at one checkpoint."""

    group: str
    seed: int
    update: int


def shipped(network: str = "leaky_rnn") -> Path:
    """Return the folder of the zoo that comes with the package."""
    return PACKAGE / "data" / "zoo" / network


def built(network: NamedNetwork, plan: str) -> Path:
    """Return the folder of the user's own zoo of an architecture, trained by the plan of a digest."""
    return _own_zoos() / f"{_own_name(network)}-{plan}"


def zoo_folder(network: str, settings: Mapping[str, Any] | None = None) -> Path:
    """Return the folder of an architecture's zoo: the one that comes with the package, or the last that the user built.

    Args:
        network: file name in `networks/`, `module:Class`, or `path/to/file.py:Class`.
        settings: those that differ from the shipped zoo's, or from the class's own defaults.

    Raises:
        UnknownNetworkError: if there is no such architecture.
        ZooError: if there is no zoo of it; the message names the command that builds one.
    """
    its = shipped_settings(network)
    found = named(network, {**(its or {}), **(settings or {})})
    if its is not None and found.settings == named(network, its).settings:
        return shipped(network)
    own = [path.parent for path in _own_zoos().glob(f"{_own_name(found)}-*/{MANIFEST}")]
    if not own:
        sets = "".join(f" --network-set {name}={value}" for name, value in (settings or {}).items())
        now = ", or its file has changed since one was built" if found.source else ""
        raise ZooError(
            f"there is no zoo of {network} with these settings{now}. Build it: {BUILD} --network {network}{sets}"
        )
    return max(own, key=lambda folder: (folder / MANIFEST).stat().st_mtime_ns)


def zoo_of(
    network: str, task: str, settings: Mapping[str, Any] | None = None, view: Mapping[str, Any] | None = None
) -> "Zoo":
    """Return an architecture's zoo.

    Args:
        network: as in `zoo_folder`.
        task: file name in `tasks/`.
        settings: as in `zoo_folder`.
        view: settings that decide what is recorded and not how the network is trained, such as the layer of a Mamba.

    Raises:
        UnknownNetworkError: if there is no such architecture.
        ZooError: if there is no zoo of it, or as in `Zoo`.
    """
    return Zoo(zoo_folder(network, settings), task, view)


def looked_at(network: str, texts: Sequence[str], folder: Path | None = None) -> tuple[Path, dict[str, Any]]:
    """Return the folder of an architecture's zoo and what of its networks is recorded, from `KEY=VALUE` texts.

    Args:
        network: as in `zoo_folder`.
        texts: settings. Those that an architecture names among its `views` look at the networks of a zoo in another
            way; all others choose the zoo that was built with them.
        folder: of the zoo, if it is given; then there is nothing to choose.

    Raises:
        UnknownNetworkError: if there is no such architecture.
        SettingError: if it has no such setting, or refuses it.
        ZooError: if there is no zoo of it, or a zoo in a folder is asked to have been built otherwise.
    """
    network = network if folder is None else str(read_manifest(folder)["network"]["name"])
    settings = read_settings(network, texts, option="--metric-network-set")
    views = named(network).network.views
    view = {name: value for name, value in settings.items() if name in views}
    building = {name: value for name, value in settings.items() if name not in views}
    if folder is None:
        folder = zoo_folder(network, building)
    elif building:
        raise ZooError(
            f"{', '.join(building)} decides how networks are built, and those in {folder} are built. Give the "
            "architecture's name in place of the folder."
        )
    _network(read_manifest(folder)["network"], folder, view)  # refuses what the networks there do not have
    return folder, view


def shipped_settings(network: str) -> dict[str, Any] | None:
    """Return the settings of the zoo that comes with the package; None if none does."""
    if locations.is_place(network) or not (shipped(network) / MANIFEST).is_file():
        return None
    return _tuples(read_manifest(shipped(network))["network"]["settings"])


def _own_zoos() -> Path:
    return cache_folder() / "zoos"


def _own_name(network: NamedNetwork) -> str:
    timing = [dataclasses.asdict(TRAINING), dataclasses.asdict(TESTING)]
    digest = hashlib.sha256(json.dumps([network.key(), SCHEMA, timing], sort_keys=True).encode()).hexdigest()
    return f"{network.name}-{digest[:16]}"


def held_out_trials(task: AbstractTask, n_trials: int, seed: int, rule: str = COMPOSITE) -> Trials:
    """Return the fixed trials on which every network is tested: the first `n_trials` of `N_TEST`."""
    if not 1 <= n_trials <= N_TEST:
        raise ValueError(f"n_trials is {n_trials}; needed 1 to {N_TEST}.")
    return task.trials(N_TEST, [rule], TESTING, generator(seed, "test", rule)).part(slice(n_trials))


@final
class Zoo:
    """The networks of one architecture that were trained on one task.

    Attributes:
        folder: where manifest and weights lie.
        task_name: file name in `tasks/`.
        network: the architecture.
        task: the task.
    """

    def __init__(self, folder: Path, task: str, view: Mapping[str, Any] | None = None) -> None:
        """Read the manifest and the weights.

        Raises:
            ZooError: if either is missing or unreadable, or the weights are not those of the manifest, or the class
                has changed since.
            UnknownNetworkError: if the class is no longer there.
        """
        self.folder = folder
        self.manifest = read_manifest(folder)
        if task not in self.manifest["tasks"]:
            raise ZooError(f"the zoo in {folder} has no task '{task}'; it has {', '.join(self.manifest['tasks'])}.")
        self.task_name = task
        self.entry: Mapping[str, Any] = self.manifest["tasks"][task]
        self._view = dict(view or {})
        self.network = _network(self.manifest["network"], folder, self._view)
        self.task = make("tasks", task, AbstractTask, _tuples(self.entry["settings"]))
        self.seed: int = self.manifest["seed"]
        self.tensors = read_weights(folder / self.entry["file"], self.entry["digest"])
        self._records = {(r["group"], r["seed"]): r for r in self.entry["networks"]}

    def key(self) -> str:
        """Return what identifies the networks and their trials, wherever they lie; see `cache.Keyed`."""
        parts = [self.manifest, self.task_name, *([self._view] if self._view else [])]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    @property
    def seeds(self) -> Sequence[int]:
        """Seeds for which every group was trained."""
        return sorted({seed for _, seed in self._records})

    def checkpoints(self, group: str, seed: int) -> Sequence[int]:
        """Return the updates at which a network was kept, ascending; the last is where its training stopped."""
        return sorted(map(int, self._record(group, seed)["accuracies"]))

    def specimens(self, group: str, seed: int) -> Sequence[Specimen]:
        """Return a network at all its checkpoints."""
        return [Specimen(group, seed, update) for update in self.checkpoints(group, seed)]

    def final(self, group: str, seed: int) -> Specimen:
        """Return a network at the end of its training."""
        return self.specimens(group, seed)[-1]

    def accuracy(self, specimen: Specimen) -> float:
        """Return the share of the test trials of the composite rule in which a network chooses correctly."""
        return float(self._record(specimen.group, specimen.seed)["accuracies"][str(specimen.update)])

    def pretrained(self, group: str, seed: int) -> bool:
        """Return whether the pretraining of a network reached its target, on all that it was taught."""
        before = self._record(group, seed)["pretraining"]
        return before is not None and bool(before["reached"])

    @cached_property
    def ceiling(self) -> float:
        """Best expected accuracy on the test trials."""
        return self.trials(N_TEST).ceiling

    def trials(self, n_trials: int) -> Trials:
        """Return test trials of the composite rule."""
        return held_out_trials(self.task, n_trials, self.seed)

    def weights(self, specimen: Specimen) -> Weights:
        """Return a network's weights.

        Raises:
            ZooError: if the zoo does not hold it.
        """
        prefix = f"{specimen.group}/{specimen.seed}"
        found: dict[str, NDArray[np.float32]] = {}
        for name in self.manifest["parameters"]:
            for key in (f"{prefix}/{specimen.update}/{name}", f"{prefix}/{name}"):
                if key in self.tensors:
                    found[name] = self.tensors[key]
                    break
            else:
                raise ZooError(f"the zoo in {self.folder} lacks {name} of {specimen}. {REBUILD}")
        return found

    def _record(self, group: str, seed: int) -> Mapping[str, Any]:
        if (group, seed) not in self._records:
            raise ZooError(f"the zoo in {self.folder} has no network {group} of seed {seed}. {REBUILD}")
        return self._records[group, seed]


def read_manifest(folder: Path) -> Mapping[str, Any]:
    """Return the table of a zoo.

    Raises:
        ZooError: if it is missing, unreadable or of another schema.
    """
    path = folder / MANIFEST
    try:
        manifest: Any = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ZooError(f"no zoo in {folder}: {error.strerror or error}. {REBUILD}") from error
    except ValueError as error:
        raise ZooError(f"{path} is not JSON: {error}. {REBUILD}") from error
    if not isinstance(manifest, dict) or cast(Any, manifest).get("schema") != SCHEMA:
        raise ZooError(f"{path} is not a manifest of schema {SCHEMA}. {REBUILD}")
    missing = {"network", "parameters", "seed", "tasks", "versions"} - set(cast(dict[str, Any], manifest))
    if missing:
        raise ZooError(f"{path} lacks {', '.join(sorted(missing))}. {REBUILD}")
    return cast(dict[str, Any], manifest)


def read_weights(path: Path, digest: str) -> Mapping[str, NDArray[np.float32]]:
    """Return named weights.

    Raises:
        ZooError: if the file is missing, or not the one that the manifest was written for.
    """
    from safetensors.numpy import load as parse

    try:
        content = path.read_bytes()
    except OSError as error:
        raise ZooError(f"no weights in {path}: {error.strerror or error}. {REBUILD}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        raise ZooError(
            f"{path} has the digest {found[:16]}, its manifest says {digest[:16]}: the file is damaged or of another "
            f"zoo. {REBUILD}"
        )
    return parse(content)


def measured_accuracies(zoo: Zoo, seeds: Sequence[int] | None = None) -> Iterator[tuple[Specimen, float, float]]:
    """Yield every network of some seeds, all by default, with its accuracy by the manifest and as measured now."""
    trials = zoo.trials(N_TEST)
    for seed in zoo.seeds if seeds is None else seeds:
        for group in GROUPS:
            specimens = zoo.specimens(group, seed)
            measured = accuracies(zoo.network, stacked([zoo.weights(s) for s in specimens]), trials)
            for specimen, accuracy in zip(specimens, measured, strict=True):
                yield specimen, zoo.accuracy(specimen), float(accuracy)


def _network(described: Mapping[str, Any], folder: Path, view: Mapping[str, Any]) -> AbstractNetwork:
    found = named(described["name"], _tuples(described["settings"]) | dict(view))
    if found.source != described.get("source", ""):
        raise ZooError(
            f"the file of {found.value} has changed since the zoo in {folder} was built, so that its weights may be of "
            f"another network. Rebuild it: {BUILD} --network {found.value}"
        )
    return found.network


def _tuples(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(cast(Any, v)) if isinstance(v, list) else v for name, v in settings.items()}
