"""The reference study at its own size: which networks it has, and a share of them that stands for all.

64 configurations (architecture, activation, units, learning rate, batch) of eleven groups each, one network per
configuration and group, as in arXiv 2410.24070. Every network is trained as a stack of its own: at these sizes a stack
of several gains little, and what a kill costs, what a slice holds and what runs beside what is then one network.
"""

import dataclasses
import itertools
import zlib
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TypeAlias, final

from metric_harness.curriculum import GROUPS, MASTER
from metric_harness.errors import UsageError
from metric_harness.seeding import DEFAULT_SEED, generator
from metric_harness.training import Schedule
from metric_harness.zoo_building import Job, Plan
from metric_harness.zoo_recordings import TASK

Part: TypeAlias = "Mapping[Configuration, tuple[str, ...]]"
"""Groups of which a part of the sweep has networks, by configuration."""


@final
@dataclasses.dataclass(frozen=True, order=True)
class Configuration:
    """One way to set up the networks of all groups.

    Attributes:
        network: file name in `networks/`.
        activation: of its units.
        n_units: units.
        learning_rate: of Adam at the first update.
        n_trials: fresh trials at every update.
    """

    network: str
    activation: str
    n_units: int
    learning_rate: float
    n_trials: int

    @property
    def name(self) -> str:
        """Its name in folders, tables and messages."""
        rate = f"{self.learning_rate:g}"
        return f"{self.network}-{self.activation}-units{self.n_units}-rate{rate}-batch{self.n_trials}"

    @property
    def cell(self) -> tuple[str, int, int]:
        """What its cost depends on: architecture, units, batch."""
        return self.network, self.n_units, self.n_trials


STUDY: Sequence[Configuration] = tuple(
    itertools.starmap(
        Configuration,
        itertools.product(
            ("leaky_rnn", "leaky_gru"),
            ("leaky_relu", "relu", "softplus", "tanh"),
            (128, 256),
            (0.01, 0.001),
            (64, 128),
        ),
    )
)
"""The 64 configurations of the study."""


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Sweep:
    """Everything that decides what a sweep will find, beside the metrics.

    Attributes:
        configurations: of the networks.
        schedule: how they are trained, but for rate and batch, which are the configuration's. A network gets at most
            1280 updates: 82 000 or 164 000 fresh trials, where the study had 10 000 sequences, 32 of them different.
        n_recorded: held-out trials of the composite task on which they are recorded; the study's number.
        n_components: principal components of a network's states that are kept; the study's number.
        seed: root seed.
    """

    configurations: Sequence[Configuration] = STUDY
    schedule: Schedule = dataclasses.field(
        default_factory=lambda: Schedule(checkpoints=(0, 1280), earliest_stop=80, evaluated_every=40)
    )
    n_recorded: int = 200
    n_components: int = 20
    seed: int = DEFAULT_SEED

    def job(self, configuration: Configuration) -> Job:
        """Return the training of one seed of all groups in one configuration."""
        schedule = dataclasses.replace(
            self.schedule, n_trials=configuration.n_trials, learning_rate=configuration.learning_rate
        )
        plan = Plan(
            network=configuration.network,
            settings={"activation": configuration.activation, "n_units": configuration.n_units},
            n_seeds={TASK: 1},
            seeds_per_job=1,
            schedule=schedule,
            seed=self.seed,
        )
        # Every configuration has initial weights and trials of its own: they count as independent observations.
        return Job(plan, TASK, (zlib.crc32(configuration.name.encode()),))

    def shortened(self, n_updates: int) -> "Sweep":
        """Return the sweep with fewer updates for every network: it tells what training costs, and trains next to none.

        Raises:
            UsageError: if there are no updates, or more than the sweep has.
        """
        most = self.schedule.checkpoints[-1]
        if not 1 <= n_updates <= most:
            raise UsageError(f"--updates is {n_updates}; needed 1 to {most}.")
        every = min(self.schedule.evaluated_every, n_updates)
        last = n_updates - n_updates % every
        schedule = dataclasses.replace(self.schedule, checkpoints=(0, last), evaluated_every=every)
        return dataclasses.replace(self, schedule=schedule)

    @property
    def whole(self) -> Part:
        """All networks."""
        return {configuration: tuple(GROUPS) for configuration in self.configurations}

    def part(self, share: Fraction) -> Part:
        """Return the networks of a share of the sweep.

        Its unit is a network beside the master of its configuration, with the training of both: the least that holds a
        number of the final table. Whole configurations would be 1.28 of 64, all cheap or all dear. Units are drawn in
        turn from every cell of cost (architecture, units, batch), in a random order that a seed decides, until they
        have the share of all trainings that is asked for, as nearly as whole units come to it.

        Raises:
            UsageError: if the share is not above 0 and at most 1.
        """
        if not 0 < share <= 1:
            raise UsageError(f"--slice is {share}; needed a share above 0 and at most 1, such as 1/50.")
        if share == 1:
            return self.whole
        wanted = float(share) * n_trainings(self.whole)
        found: dict[Configuration, set[str]] = {}
        for configuration, group in self._units():
            more = {**found, configuration: {MASTER, group} | found.get(configuration, set[str]())}
            if found and abs(n_trainings(more) - wanted) > abs(n_trainings(found) - wanted):
                break
            found = more
        return {c: tuple(name for name in GROUPS if name in groups) for c, groups in found.items()}

    def _units(self) -> list[tuple[Configuration, str]]:
        rng = generator(self.seed, "sweep", "slice")
        others = [name for name in GROUPS if name != MASTER]
        cells = sorted({configuration.cell for configuration in self.configurations})
        drawn: list[list[tuple[Configuration, str]]] = []
        for cell in cells:
            units = [(c, group) for c in self.configurations if c.cell == cell for group in others]
            drawn.append([units[k] for k in rng.permutation(len(units))])
        order: list[int] = rng.permutation(len(cells)).tolist()
        longest = max(map(len, drawn))
        return [drawn[k][turn] for turn in range(longest) for k in order if turn < len(drawn[k])]


def subsets(groups: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the sets of subtasks that networks of some groups are taught first, each once."""
    return [subset for subset in dict.fromkeys(GROUPS[name].pretraining for name in groups) if subset]


def learning(groups: Sequence[str]) -> list[str]:
    """Return those of some groups that are trained on the composite task."""
    return [name for name in groups if GROUPS[name].free != "nothing"]


def n_trainings(part: Mapping[Configuration, Sequence[str] | set[str]]) -> int:
    """Return the networks that a part trains, those that are only taught subtasks included."""
    return sum(len(subsets(list(groups))) + len(learning(list(groups))) for groups in part.values())
