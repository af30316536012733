"""Any metric as one object: what it takes, what it claims, what it answers, and what it costs.

How `needs` is decided, first hit wins: a `needs` attribute (set by the class, the object or the `@metric` decorator);
a first parameter whose name starts with "traj"; otherwise activations. `--metric-set needs=trajectories` overrides
these for functions and plain objects. `kind` is decided likewise: the attribute, then the name of the method
(`distance` or `similarity`), then distance.
"""

import dataclasses
import inspect
import math
import numbers
import os
import re
import time
import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast, final

import numpy as np

from metric_harness import arrays
from metric_harness.arrays import Array, Trajectories
from metric_harness.asking import Meter, Question, Route, asks_for_pairs, divisible, from_pairs
from metric_harness.blocks import Recordings, too_large
from metric_harness.errors import CaseTimeoutError, MetricError, SettingError
from metric_harness.interfaces import AbstractMetric, Claims, ComparesOperators, Kind, Needs
from metric_harness.recipes import Recipe, asked_afresh
from metric_harness.records import Plain, plain
from metric_harness.threads import at_once


@final
class FunctionMetric(AbstractMetric):
    """A plain function, or an object's `distance` or `similarity` method, as a metric."""

    def __init__(self, call: Callable[..., Any], *, needs: Needs, kind: Kind, claims: Claims, family: str = "") -> None:
        # The class variables of the interface differ from function to function here.
        vars(self).update(needs=needs, claims=claims, family=family)
        self.call = call
        self.kind = kind

    def distance(self, x: Array, y: Array) -> float:
        """Return the function's value, or what it lacks to a perfect similarity."""
        process = os.getpid()
        value = _number(self.call(x, y))
        _leave_if_forked(process)  # before the next of many pairs, where it would fork again
        return value if self.kind == "distance" else self.largest - value

    def named_value(self, distance: float) -> float:
        """Return what the function itself gave."""
        return distance if self.kind == "distance" else self.largest - distance

    @property
    def largest(self) -> float:
        """The value of a perfect similarity."""
        return self.claims.value_range[1] if self.claims.value_range else 1.0


def adapt(target: object) -> AbstractMetric:
    """Return a function, an object or an `AbstractMetric` as an `AbstractMetric`.

    Raises:
        SettingError: if the target is none of these, or declares an unknown `needs` or `kind`.
    """
    if isinstance(target, AbstractMetric):
        return target
    method = next((m for m in ("distance", "similarity") if callable(getattr(target, m, None))), None)
    call = getattr(target, method) if method else target
    if not callable(call):
        raise SettingError(
            f"a {type(target).__name__} is no metric; needed a function f(x, y) -> float, an object with "
            "distance(x, y) or similarity(x, y), or a subclass of AbstractMetric."
        )
    kind = getattr(target, "kind", method or "distance")
    needs = getattr(target, "needs", None) or _inferred_needs(call)
    claims = getattr(target, "claims", None) or Claims()
    if needs not in ("activations", "trajectories"):
        raise SettingError(f"needs is {needs!r}; needed 'activations' or 'trajectories'.")
    if kind not in ("distance", "similarity"):
        raise SettingError(f"kind is {kind!r}; needed 'distance' or 'similarity'.")
    if not isinstance(claims, Claims):
        raise SettingError(f"claims is a {type(claims).__name__}; needed metric_harness.interfaces.Claims.")
    return FunctionMetric(call, needs=needs, kind=kind, claims=claims, family=getattr(target, "family", ""))


def _inferred_needs(call: Callable[..., Any]) -> Needs:
    try:
        first = next(iter(inspect.signature(call).parameters.values()), None)
    except (TypeError, ValueError):  # builtins and extension functions carry no signature
        return "activations"
    if first is None:
        raise SettingError(f"{getattr(call, '__name__', call)} takes no argument; needed f(x, y).")
    return "trajectories" if first.name.startswith("traj") else "activations"


def _number(value: object) -> float:
    """Return a metric's answer as a float, or say why it is none."""
    if hasattr(value, "item") and np.ndim(cast(Any, value)) == 0:
        value = cast(Any, value).item()
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        shape = f" of shape {np.shape(cast(Any, value))}" if hasattr(value, "shape") else ""
        raise MetricError(
            f"the metric returned a {type(value).__name__}{shape}; needed one finite real number. "
            "Reduce the result to a float before returning it."
        )
    if not math.isfinite(value):
        raise MetricError(
            f"the metric returned {float(value)}; needed one finite real number. "
            "Raise an error that names the cause instead."
        )
    return float(value)


@final
class MetricUnderTest:
    """A metric behind the door of the harness.

    Every recording passes as trajectories (trials, time, units). The door checks it, flattens it for a
    metric that needs activations, and hands over a fresh copy, so that no metric can alter what the
    next one sees. Answers are checked too, and calls and seconds counted.

    Attributes:
        name: what reports call the metric.
        bare: the metric without the door.
        recipe: how a process of its own can make the metric again.
        meter: calls and seconds so far, shared with the same metric at other settings.
        route: the way of a question about many pairs to its answers; None asks the metric, here and now.
    """

    def __init__(
        self,
        name: str,
        bare: AbstractMetric,
        recipe: Recipe | None = None,
        meter: Meter | None = None,
        route: Route | None = None,
    ) -> None:
        self.name = name
        self.bare = bare
        self.recipe = recipe
        self.meter = meter or Meter()
        self.route = route

    @property
    def claims(self) -> Claims:
        """What the metric says of itself."""
        return self.bare.claims

    @property
    def floor(self) -> float:
        """The metric's numerical floor."""
        return self.bare.claims.numerical_floor

    @property
    def distance_range(self) -> tuple[float, float] | None:
        """The claimed range of the distances: for a similarity s of [low, high], that of high - s."""
        limits = self.claims.value_range
        if limits is not None and isinstance(self.bare, FunctionMetric) and self.bare.kind == "similarity":
            return 0.0, limits[1] - limits[0]
        return limits

    @property
    def largest_similarity(self) -> float | None:
        """The value from which the distances are counted down, for a similarity; None for a distance."""
        bare = self.bare
        return bare.largest if isinstance(bare, FunctionMetric) and bare.kind == "similarity" else None

    @property
    def sees_time(self) -> bool:
        """Whether the metric may tell dynamics from a cloud of states: by claim, or by need where it claims nothing."""
        claimed = self.claims.time_order
        return claimed is True or (claimed is None and self.bare.needs == "trajectories")

    @property
    def settings(self) -> dict[str, Plain]:
        """The fields of a dataclass metric; empty for others."""
        return settings_of(self.bare)

    def prepared(self, x: Trajectories) -> Array:
        """Return checked trajectories as the fresh array that the metric asked for."""
        checked = arrays.trajectories(x)
        return np.array(arrays.flattened(checked) if self.bare.needs == "activations" else checked)

    def distance(self, x: Trajectories, y: Trajectories) -> float:
        """Return the distance of two recordings.

        Raises:
            InvalidInputError: if a recording is not valid trajectories.
            MetricError: if the metric raised, or its answer is not one finite real number.
        """
        first, second = self.prepared(x), self.prepared(y)
        return _number(self._timed(lambda: self.bare.distance(first, second), 1))

    def answer(self, x: Array, y: Array) -> float:
        """Return the distance of two arrays handed over as they are, past the door, warnings unheard.

        Raises:
            MetricError: as in `distance`; an exception of the metric's own is the cause.
        """
        return _number(self._timed(lambda: self.bare.distance(x, y), 1, warned="ignore"))

    def pair_distances(self, xs: Sequence[Trajectories], pairs: Sequence[tuple[int, int]]) -> Array:
        """Return the distances of chosen pairs, shape (len(pairs),).

        Of recordings that are too large together, a metric whose pairs do not hang on each other is asked block by
        block, and one that estimates operators gets a sequence that makes each copy when it is looked at.
        """
        if not self._in_parts(xs):
            return self._pair_distances([self.prepared(x) for x in xs], pairs)
        recordings = Recordings(xs, flat=self.bare.needs == "activations")
        if isinstance(self.bare, ComparesOperators):
            return self._pair_distances(recordings, pairs)
        values = np.empty(len(pairs))
        for block in recordings.blocks(pairs):
            some = [pairs[place] for place in block]
            values[block] = self._pair_distances(recordings.of(some), some)
        return values

    def distances(self, xs: Sequence[Trajectories]) -> Array:
        """Return all pairwise distances, shape (len(xs), len(xs))."""
        if self._in_parts(xs) and asks_for_pairs(self.bare):
            return from_pairs(self.bare, self.pair_distances, xs)
        ready = [self.prepared(x) for x in xs]
        n_pairs = len(xs) * (len(xs) + 1) // 2 if self.claims.symmetric is True else len(xs) ** 2
        return _checked(self.asked(Question(self.bare, "distances", ready, (), n_pairs)), (len(xs), len(xs)))

    def operator_distances(self, operators: Sequence[Array], pairs: Sequence[tuple[int, int]]) -> Array:
        """Return the distances between operators, for a metric that compares them.

        Raises:
            MetricError: if the metric does not compare operators, or as in `distance`.
        """
        bare = self.bare
        if not isinstance(bare, ComparesOperators):
            raise MetricError(f"{self.name} has no operator_distances; ask `isinstance(bare, ComparesOperators)`.")
        ready = [np.array(operator) for operator in operators]
        question = Question(self.bare, "operator_distances", ready, pairs, len(pairs))
        return _checked(self.asked(question), (len(pairs),))

    def in_threads(self, xs: Sequence[Trajectories], pairs: Sequence[tuple[int, int]]) -> Array:
        """Return the distances of chosen pairs as two threads find them at once, shape (2, len(pairs)).

        One thread asks for the pairs one by one from the first to the last, the other from the last to the first.
        """
        ready = [self.prepared(x) for x in xs]

        def ask(order: Sequence[tuple[int, int]]) -> list[float]:
            return [_number(self.bare.distance(ready[i], ready[j])) for i, j in order]

        forward, backward = self._timed(lambda: at_once([lambda: ask(pairs), lambda: ask(pairs[::-1])]), 2 * len(pairs))
        return np.array([forward, backward[::-1]])

    def in_fresh_process(self, xs: Sequence[Trajectories], pairs: Sequence[tuple[int, int]]) -> Array:
        """Return the distances of chosen pairs as another Python process computes them.

        Raises:
            MetricError: if the metric cannot be made again there, or fails there.
        """
        if self.recipe is None:
            raise MetricError(f"{self.name} has no recipe; needed a metric resolved from a --metric value.")
        return _checked(asked_afresh(self.recipe, [arrays.trajectories(x) for x in xs], pairs), (len(pairs),))

    def as_published(self, experiment: str) -> "MetricUnderTest":
        """Return the metric with the reference study's settings for one of its experiments."""
        return self.behaving_as(self.bare.as_published(experiment))

    def neighbors(self) -> "dict[str, MetricUnderTest]":
        """Return the metric at the settings next door, keyed by what differs."""
        own = self.settings
        found: dict[str, MetricUnderTest] = {}
        for bare in self.bare.neighbors():
            changed = {k: v for k, v in settings_of(bare).items() if v != own.get(k)}
            label = ", ".join(f"{k}={v}" for k, v in changed.items())
            found[label] = self.behaving_as(bare)
        return found

    def behaving_as(self, bare: AbstractMetric) -> "MetricUnderTest":
        """Return the metric at other settings, counted and routed as this one is."""
        return MetricUnderTest(self.name, bare, meter=self.meter, route=self.route)

    def _in_parts(self, xs: Sequence[Trajectories]) -> bool:
        """Return whether recordings are handed over a few at a time, which takes a metric that allows it."""
        question = Question(self.bare, "pair_distances", (), (), 0)
        return too_large(xs) and (divisible(question) or isinstance(self.bare, ComparesOperators))

    def _pair_distances(self, ready: Sequence[Array], pairs: Sequence[tuple[int, int]]) -> Array:
        question = Question(self.bare, "pair_distances", ready, pairs, len(pairs))
        return _checked(self.asked(question), (len(pairs),))

    def asked(self, question: Question) -> Any:
        """Put a question by the metric's route, and return the answer unchecked."""

        def here() -> Any:
            return self._timed(question.answered, question.n_distances)

        return here() if self.route is None else self.route(question, self.meter, here)

    def _timed(self, call: Callable[[], Any], n_calls: int, *, warned: Literal["default", "ignore"] = "default") -> Any:
        start, process = time.perf_counter(), os.getpid()
        try:
            # A repository that turns warnings into errors must get the same verdict as any other.
            with warnings.catch_warnings():
                warnings.simplefilter(warned)
                return call()
        except (CaseTimeoutError, MetricError, KeyboardInterrupt):
            raise
        except BaseException as error:  # SystemExit too, and what test runners raise to skip a test
            raise MetricError(f"the metric raised {_described(error, self.bare)}") from error
        finally:
            _leave_if_forked(process)
            self.meter.n_calls += n_calls
            self.meter.seconds += time.perf_counter() - start


def _leave_if_forked(process: int) -> None:
    """End this process if it is a child that the metric forked and let return; one is enough to go on with the run."""
    if os.getpid() != process:
        os._exit(0)


def _checked(values: Any, shape: tuple[int, ...]) -> Array:
    if np.shape(values) != shape:
        raise MetricError(f"the metric returned shape {np.shape(values)}; needed {shape}.")
    array = np.asarray(values, dtype=np.float64)
    if not np.isfinite(array).all():
        n_bad = int(array.size - np.isfinite(array).sum())
        raise MetricError(
            f"the metric returned {n_bad} NaN or infinite of {array.size} distances; needed finite numbers. "
            "Raise an error that names the cause instead."
        )
    return array


def without_addresses(text: str) -> str:
    """Return a text without the memory addresses of objects, which differ from run to run."""
    return re.sub(r" at 0x[0-9a-fA-F]+", "", text)


def _described(error: BaseException, bare: AbstractMetric) -> str:
    """Return an exception's type, text and the line of the metric's own file that led to it."""
    target = bare.call if isinstance(bare, FunctionMetric) else type(bare)
    try:
        own = inspect.getsourcefile(inspect.unwrap(cast(Any, target)))
    except TypeError:
        own = None
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if frame.filename == own] or frames
    where = f" (at {Path(inside[-1].filename).name}:{inside[-1].lineno}, in {inside[-1].name})"
    return f"{type(error).__name__}: {without_addresses(str(error))}{where}"


def settings_of(bare: AbstractMetric) -> dict[str, Plain]:
    """Return a metric's settings as plain JSON types."""
    if isinstance(bare, FunctionMetric):
        return call_settings(bare.call)
    if dataclasses.is_dataclass(bare):
        return cast(dict[str, Plain], plain(bare))
    return {}


def call_settings(call: Callable[..., Any]) -> dict[str, Plain]:
    """Return the defaults of a function's optional parameters that JSON can hold."""
    keywords: Mapping[str, Any] = getattr(call, "keywords", {})
    try:
        parameters = inspect.signature(call).parameters
    except (TypeError, ValueError):
        return {}
    found = {name: keywords.get(name, p.default) for name, p in parameters.items() if p.default is not p.empty}
    return {name: value for name, value in found.items() if isinstance(value, bool | int | float | str)}
