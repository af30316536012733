"""How much data a run uses."""

import dataclasses
from typing import final


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Profile:
    """The sizes that every case reads; equal for all metrics."""

    name: str
    n_trials: int
    """Trials per recording in the validity cases."""
    n_worlds: int
    """Independent draws of every data set; intervals are taken over these."""
    n_examples: int
    """Examples that each search for a counterexample tries."""
    n_permutations: int
    """Draws of each permutation null; the smallest possible p is 1 / (n_permutations + 1)."""
    replication_trials: int
    """Trials per recording when the reference study's protocol is repeated; its own number is 200."""
    replication_pairs_per_kind: int | None
    """Most pairs of composites compared of each kind; the study compares all, all 1770."""
    replication_pairs: int
    """Ordered motif pairs drawn from the study's 42."""
    zoo_seeds: int
    """Seeds of the zoo whose networks are compared at the end of their training."""
    zoo_histories: int
    """Seeds whose networks are followed through it."""
    zoo_lesions: int
    """Seeds whose networks are lesioned."""
    zoo_trials: int
    """Test trials on which networks are recorded."""


PROFILES = {
    "smoke": Profile(
        name="smoke",
        n_trials=20,
        n_worlds=3,
        n_examples=20,
        n_permutations=499,
        replication_trials=20,
        replication_pairs_per_kind=4,
        replication_pairs=7,
        zoo_seeds=6,
        zoo_histories=8,
        zoo_lesions=10,
        zoo_trials=10,
    ),
    "standard": Profile(
        name="standard",
        n_trials=50,
        n_worlds=4,
        n_examples=60,
        n_permutations=999,
        replication_trials=200,
        replication_pairs_per_kind=12,
        replication_pairs=42,
        zoo_seeds=20,
        zoo_histories=8,
        zoo_lesions=20,
        zoo_trials=20,
    ),
    "paper": Profile(
        name="paper",
        n_trials=200,
        n_worlds=10,
        n_examples=300,
        n_permutations=9999,
        replication_trials=200,
        replication_pairs_per_kind=None,
        replication_pairs=42,
        zoo_seeds=20,
        zoo_histories=20,
        zoo_lesions=20,
        zoo_trials=100,
    ),
}
"""`smoke` shows in seconds that everything runs, `standard` decides, `paper` has the published sizes."""
