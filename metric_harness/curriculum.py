"""The groups of networks that differ in what they learn, in which order, and with which weights free.

After the reference study (arXiv 2410.24070), which has ten of them and configured the eleventh. Departures: networks of
one seed begin with one draw of weights, so that groups can be compared seed by seed; the master, which the
others are compared with, begins with a draw of its own, so that none of them is close to it from birth.
"""

import dataclasses
import itertools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias, final

from metric_harness.trials import SUBTASKS

Free: TypeAlias = Literal["nothing", "frozen", "all"]


@final
@dataclasses.dataclass(frozen=True)
class Group:
    """One group.

    Attributes:
        name: its name in the zoo.
        pretraining: rules that it is taught together first, all weights free.
        free: what learns the composite rule afterwards: `nothing`, what `frozen` networks train, or `all` weights.
    """

    name: str
    pretraining: tuple[str, ...]
    free: Free

    @property
    def n_shared(self) -> int:
        """Subtasks of the composite task that the group was pretrained on."""
        return len(self.pretraining)


MASTER = "master"
"""The group that learns the composite task from nothing; the others are compared with it."""
_SUBSETS = tuple(subset for n in (1, 2, 3) for subset in itertools.combinations(SUBTASKS, n))
GROUPS: Mapping[str, Group] = MappingProxyType(
    {
        group.name: group
        for group in (
            Group("untrained", (), "nothing"),
            Group(MASTER, (), "all"),
            Group("master_frozen", (), "frozen"),
            *(Group(f"pretrain_{'_'.join(subset)}_frozen", subset, "frozen") for subset in _SUBSETS[:-1]),
            Group("pretrain_frozen", SUBTASKS, "frozen"),
            Group("pretrain_unfrozen", SUBTASKS, "all"),
        )
    }
)
"""The eleven groups, in the order in which reports list them."""
