"""A search for counterexamples by Hypothesis.

The search is explicit about everything that could make two metrics, or two machines, see other examples: it is seeded
by the run, has no database and no deadline, and draws from a provider that knows nothing of the user's modules.
Hypothesis' own provider mixes in constants that it finds in their source.
"""

import contextlib
import dataclasses
from collections.abc import Callable, Generator
from typing import Any, Generic, TypeVar, final

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Flaky, Unsatisfiable
from hypothesis.internal.conjecture import providers
from hypothesis.strategies import SearchStrategy

from metric_harness.errors import MetricError

Example = TypeVar("Example")
Broken = TypeVar("Broken")
BACKEND = "metric_harness"
SLOW_OR_REFUSING = (HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.data_too_large)
"""Health checks that do not apply: how slow a metric is, and what it refuses, is not the strategy's fault."""


@final
class UninformedProvider(providers.HypothesisProvider):
    """Hypothesis' own provider without the constants that it collects from modules."""

    def _maybe_draw_constant(self, *_: Any, **__: Any) -> None:
        return None


providers.AVAILABLE_PROVIDERS[BACKEND] = f"{__name__}.{UninformedProvider.__name__}"


@contextlib.contextmanager
def _standing_in() -> Generator[None]:
    """Let the uninformed provider go under the name of Hypothesis' own."""
    own = providers.AVAILABLE_PROVIDERS["hypothesis"]
    providers.AVAILABLE_PROVIDERS["hypothesis"] = providers.AVAILABLE_PROVIDERS[BACKEND]
    try:
        yield
    finally:
        providers.AVAILABLE_PROVIDERS["hypothesis"] = own


class _FalsifiedError(AssertionError):
    pass


@final
@dataclasses.dataclass(frozen=True)
class Searched(Generic[Broken]):
    """The smallest break that a search found, or none, and how many examples the metric answered."""

    broken: Broken | None
    n_answers: int


def search(
    examples: SearchStrategy[Example],
    judge: Callable[[Example], Broken | None],
    *,
    n_examples: int,
    seed: int,
    shrink: bool = True,
    targeted: bool = False,
) -> Searched[Broken]:
    """Look for an example that breaks a law, and shrink it.

    Args:
        examples: strategy to draw from.
        judge: returns how an example breaks the law, or None; raises `MetricError` where the metric refuses it, which
            counts as no example.
        n_examples: examples to try.
        seed: of the search; equal seeds draw equal examples.
        shrink: whether a break is made as small as it gets; the first one found will do otherwise.
        targeted: whether the judge calls `hypothesis.target`, and examples are varied towards larger values.
    """
    breaks: list[Broken] = []
    n_answers = 0

    @hypothesis.seed(seed)
    @settings(
        max_examples=n_examples,
        backend="hypothesis" if targeted else BACKEND,
        database=None,
        deadline=None,
        phases=(Phase.generate, *[Phase.target] * targeted, *[Phase.shrink] * shrink),
        suppress_health_check=SLOW_OR_REFUSING,
        report_multiple_bugs=False,
        print_blob=False,
    )
    @given(examples)
    def attempt(example: Example) -> None:
        nonlocal n_answers
        try:
            broken = judge(example)
        except MetricError:
            hypothesis.reject()
        n_answers += 1
        if broken is not None:
            breaks.append(broken)
            raise _FalsifiedError

    try:
        # Only under its own name does Hypothesis climb towards what a judge calls a target.
        with _standing_in() if targeted else contextlib.nullcontext():
            attempt()
    except (_FalsifiedError, Flaky):
        # The smallest example is replayed last. A metric that breaks a law now and not again has broken it, too.
        pass
    except Unsatisfiable:
        pass  # the metric refused every example; the count of answers says so
    return Searched(breaks[-1] if breaks else None, n_answers)
