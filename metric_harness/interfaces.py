"""The interfaces; read this file first.

A metric is a function `f(x, y) -> float`, an object with `distance(x, y)` or `similarity(x, y)`, or a subclass of
`AbstractMetric`. What it asserts of itself is a `Claims` record. Systems, tasks, networks and report formats have one
abstract class each; implementations live one per file in the folder named after it, the file name the public name.
"""

import abc
import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeAlias, TypeVar, final, runtime_checkable

import numpy as np

from metric_harness.arrays import Array
from metric_harness.records import Comparison, Scorecard
from metric_harness.trials import RULES, Timing, Trials

if TYPE_CHECKING:
    from torch import Tensor

Needs: TypeAlias = Literal["activations", "trajectories"]
Kind: TypeAlias = Literal["distance", "similarity"]
Function = TypeVar("Function", bound=Callable[..., float])

DEFAULT_FLOOR = 1e-6
"""Numerical floor of a metric that declares none: what careful single-precision arithmetic reaches."""


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Claims:
    """What a metric says of itself: `True` must hold, `False` must be violated, `None` is only measured.

    "Invariant" means that applying the change to one of the two inputs moves the distance by no more
    than the numerical floor, the example's conditioning taken into account.
    """

    symmetric: bool | None = None
    """d(x, y) = d(y, x)."""
    identity: bool | None = None
    """d(x, x) is at most the numerical floor."""
    triangle: bool | None = None
    """d(x, z) ≤ d(x, y) + d(y, z)."""
    deterministic: bool | None = None
    """Equal inputs give the equal number. `False` excuses a metric that samples; `None` does not."""
    unit_permutation: bool | None = None
    """Invariant to reordering units."""
    orthogonal: bool | None = None
    """Invariant to rotating and reflecting the space of units."""
    isotropic_scaling: bool | None = None
    """Invariant to multiplying all units by one positive number."""
    unit_scaling: bool | None = None
    """Invariant to multiplying each unit by its own positive number."""
    translation: bool | None = None
    """Invariant to adding a constant to each unit."""
    linear: bool | None = None
    """Invariant to every invertible linear map of the units."""
    trial_permutation: bool | None = None
    """Invariant to reordering the trials (or samples) of both inputs together."""
    conjugacy: bool | None = None
    """Two systems whose dynamics differ by an orthogonal change of coordinates are at distance zero."""
    unpaired_trials: bool | None = None
    """Meaningful when the trials of x and y do not correspond one to one."""
    unequal_units: bool | None = None
    """Accepts x and y with different numbers of units."""
    unequal_trials: bool | None = None
    """Accepts x and y with different numbers of trials (or samples)."""
    time_order: bool | None = None
    """Moved by shuffling time: sees the dynamics, not only the cloud of states."""
    value_range: tuple[float, float] | None = None
    """Smallest and largest possible value; `math.inf` where there is none."""
    numerical_floor: float = DEFAULT_FLOOR
    """The smallest distance that can honestly be told from zero on well-scaled float64 input."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.numerical_floor) and self.numerical_floor >= 0):
            raise ValueError(f"numerical_floor is {self.numerical_floor}; needed a finite number, 0 or more.")
        if self.value_range is not None and not self.value_range[0] < self.value_range[1]:
            raise ValueError(f"value_range is {self.value_range}; needed (smallest, largest).")


class AbstractMetric(abc.ABC):
    """A distance between two recordings, with its claims and settings.

    A concrete metric is a final frozen dataclass: its fields are its settings, reachable from the
    command line through `--metric-set KEY=VALUE`. It implements `distance`, and overrides
    `pair_distances` where a batch is cheaper than a loop.
    """

    needs: ClassVar[Needs]
    """`activations`: inputs are (samples, units). `trajectories`: inputs are (trials, time, units)."""
    claims: ClassVar[Claims]
    """What must, must not, or may hold."""
    family: ClassVar[str] = ""
    """The field's name of the measure that this metric computes, one of `metric_harness.families.FAMILIES`: it is then
    held to that measure's definition and closed forms. Empty where it computes a measure of its own."""
    budget: ClassVar[str] = ""
    """Name of the setting, a whole number, by which an iteration goes on for longer; empty if nothing is iterated."""
    separable: ClassVar[bool] = False
    """Whether overridden methods for pairs give each, to the last bit, the number that it gets alone, so that a cluster
    may divide a batch, and so may whoever has more recordings than memory. The default loop always does."""

    @abc.abstractmethod
    def distance(self, x: Array, y: Array) -> float:
        """Return one finite number, 0 for identical inputs, growing with dissimilarity.

        Args:
            x: first recording, of the shape that `needs` names.
            y: second recording, likewise.

        Raises:
            InvalidInputError: if the inputs cannot be compared; never return a number for them.
            NotConvergedError: if an iterative computation did not reach its tolerance.
        """

    def pair_distances(self, xs: Sequence[Array], pairs: Sequence[tuple[int, int]]) -> Array:
        """Return the distances of the chosen pairs, shape (len(pairs),); override to batch them.

        Args:
            xs: recordings.
            pairs: index pairs into `xs`.
        """
        return np.array([self.distance(xs[i], xs[j]) for i, j in pairs], dtype=np.float64)

    def distances(self, xs: Sequence[Array]) -> Array:
        """Return all pairwise distances, shape (len(xs), len(xs)).

        A metric that claims symmetry is asked for each unordered pair once.
        """
        n = len(xs)
        symmetric = self.claims.symmetric is True
        pairs = [(i, j) for i in range(n) for j in range(n) if i <= j or not symmetric]
        matrix = np.zeros((n, n))
        rows, columns = np.array(pairs, dtype=int).reshape(-1, 2).T
        matrix[rows, columns] = values = self.pair_distances(xs, pairs)
        if symmetric:
            matrix[columns, rows] = values
        return matrix

    def named_value(self, distance: float) -> float:
        """Return the number that the field means by the name of the `family`, from a distance; default: the distance.

        Override where the distance is another function of it, as an angle is of CKA.
        """
        return distance

    def as_published(self, experiment: str) -> "AbstractMetric":
        """Return this metric with the settings that the reference study used in `experiment`.

        The default is the metric itself; override where the study's settings differ from yours.
        """
        del experiment
        return self

    def neighbors(self) -> "Sequence[AbstractMetric]":
        """Return the metric at the settings next door, for the table that shows fragile verdicts."""
        return ()


@runtime_checkable
class ComparesOperators(Protocol):
    """A dynamical metric whose distance is one between linear operators that it estimates first.

    Its `pair_distances` may get recordings that are copied when their index is looked up; it looks once at each.
    """

    def operator_distances(self, operators: Sequence[Array], pairs: Sequence[tuple[int, int]]) -> Array:
        """Return the distances between square matrices of equal size, shape (len(pairs),)."""
        ...


def metric(
    *,
    claims: Claims | None = None,
    needs: Needs | None = None,
    kind: Kind | None = None,
    family: str | None = None,
    budget: str | None = None,
) -> Callable[[Function], Function]:
    """Attach claims, needed input, direction, family and budget to a plain function, which stays callable as is.

    Args:
        claims: what the function asserts of itself; default: nothing.
        needs: `"activations"` or `"trajectories"`; default: inferred (see `metric_harness.adapter`).
        kind: `"distance"` (0 when identical) or `"similarity"` (1 when identical); default: distance.
        family: the measure whose number the function returns, see `AbstractMetric.family`; default: none.
        budget: name of the parameter by which an iteration goes on for longer; its default is a whole number.
    """

    def decorate(function: Function) -> Function:
        given = {"claims": claims, "needs": needs, "kind": kind, "family": family, "budget": budget}
        for name, value in given.items():
            if value is not None:
                setattr(function, name, value)
        return function

    return decorate


class AbstractSystem(abc.ABC):
    """A dynamical system whose qualitative behavior is known.

    A concrete system is a final frozen dataclass; its fields are its parameters.
    """

    n_units: ClassVar[int]
    """Dimension of the state."""

    @abc.abstractmethod
    def vector_field(self, state: Array) -> Array:
        """Return dx/dt at each state; shape (..., n_units) in and out."""

    def initial_states(self, n_trials: int, rng: np.random.Generator) -> Array:
        """Draw initial states uniformly in the unit cube, shape (n_trials, n_units)."""
        return rng.random((n_trials, self.n_units))

    def fixed_points(self) -> Array:
        """Return the known real fixed points, shape (n_points, n_units); none by default."""
        return np.empty((0, self.n_units))


class AbstractTask(abc.ABC):
    """A cognitive task in four forms, one of which is composed of what the others teach; see `metric_harness.trials`.

    A concrete task is a final frozen dataclass; its fields are its parameters.
    """

    n_stimuli: ClassVar[int]
    """Stimulus channels."""
    n_outputs: ClassVar[int]
    """Outputs, the first of which is fixation."""

    @property
    def n_inputs(self) -> int:
        """Input channels: fixation cue, stimuli, one per rule."""
        return 1 + self.n_stimuli + len(RULES)

    @abc.abstractmethod
    def trials(self, n_trials: int, rules: Sequence[str], timing: Timing, rng: np.random.Generator) -> Trials:
        """Draw trials, each of one of the rules; equal generators give equal stimuli whatever the rules.

        Args:
            n_trials: trials to draw.
            rules: names from `trials.RULES`, drawn with equal probability.
            timing: possible durations.
            rng: source of everything that varies between trials.

        Raises:
            ValueError: if there is no rule, or an unknown one.
        """


class AbstractNetwork(abc.ABC):
    """An architecture of networks, which run as a stack: every parameter has a leading axis of networks.

    A concrete architecture is a final frozen dataclass; its fields are its hyper-parameters, each with a default. It
    says how parameters are drawn, what one time step does to the carried state, and how outputs are read from that.
    What else there is has a default; override it where your network is faster, begins elsewhere, or carries more than
    what is to be compared.

    All computation is torch's, on arrays (networks, time, trials, units), which `recording` turns into trajectories.
    Networks of a stack, and trials of a batch, must not meet; a step depends on the state, the inputs and the
    parameters alone, and changes none of them.

    Example::

        from dataclasses import dataclass
        from typing import final

        import torch

        from metric_harness.interfaces import AbstractNetwork


        @final
        @dataclass(frozen=True)
        class Vanilla(AbstractNetwork):
            # h_t = tanh(x_t W_in + h_{t-1} W_rec), read out by h_t W_out; h_0 = 0.
            n_units: int = 32
            trained_when_frozen = ("input_weights",)

            def initial_parameters(self, n_inputs, n_outputs, rng):
                shapes = {"input": (n_inputs, self.n_units), "recurrent": (self.n_units, self.n_units)}
                shapes["readout"] = (self.n_units, n_outputs)
                return {f"{part}_weights": rng.standard_normal(s) / s[0] ** 0.5 for part, s in shapes.items()}

            def step(self, parameters, state, inputs):
                return torch.tanh(inputs @ parameters["input_weights"] + state @ parameters["recurrent_weights"])

            def readout(self, parameters, states):
                return states @ parameters["readout_weights"][:, None]
    """

    n_units: int
    """Units of the state that is carried from one time step to the next; a field, or a property of other fields."""
    trained_when_frozen: ClassVar[tuple[str, ...]]
    """Parameters that a frozen network still trains: those through which inputs enter."""
    views: ClassVar[tuple[str, ...]] = ()
    """Fields that decide what is recorded and not what is trained, such as a layer."""

    @abc.abstractmethod
    def initial_parameters(self, n_inputs: int, n_outputs: int, rng: np.random.Generator) -> Mapping[str, Array]:
        """Draw the parameters of one network: the same names for any number of inputs and outputs.

        Args:
            n_inputs: input channels.
            n_outputs: outputs, of which the largest is the network's choice.
            rng: source of all that is drawn.
        """

    @abc.abstractmethod
    def step(self, parameters: "Parameters", state: "Tensor", inputs: "Tensor") -> "Tensor":
        """Return the next state, shape (networks, trials, units).

        Args:
            parameters: of all networks, stacked.
            state: shape (networks, trials, units).
            inputs: shape (networks, trials, inputs).
        """

    @abc.abstractmethod
    def readout(self, parameters: "Parameters", states: "Tensor") -> "Tensor":
        """Return the outputs, shape (networks, time, trials, outputs), of states (networks, time, trials, units)."""

    def initial_state(self, parameters: "Parameters", n_trials: int) -> "Tensor":
        """Return the state before the first time step, shape (networks, trials, units); default: zero.

        Args:
            parameters: of all networks, stacked.
            n_trials: trials of each network.
        """
        some = next(iter(parameters.values()))
        return some.new_zeros(len(some), n_trials, self.n_units)

    def states(self, parameters: "Parameters", inputs: "Tensor") -> "Tensor":
        """Run from the initial state and return all states, shape (networks, time, trials, units).

        The default steps through time, and autograd passes through it. An override must return the same.

        Args:
            parameters: of all networks, stacked.
            inputs: shape (networks, time, trials, inputs).
        """
        # Torch is imported only where networks run; this module is imported everywhere.
        import torch

        state = self.initial_state(parameters, inputs.shape[2])
        found: list[Tensor] = []
        for now in inputs.unbind(dim=1):
            state = self.step(parameters, state, now)
            found.append(state)
        return torch.stack(found, dim=1)

    def outputs(self, parameters: "Parameters", inputs: "Tensor") -> "Tensor":
        """Return the outputs for inputs, shape (networks, time, trials, outputs); it is what training differentiates.

        The default reads them from `states`; override it where the states are much wider than what outputs need.

        Args:
            parameters: of all networks, stacked.
            inputs: shape (networks, time, trials, inputs).
        """
        return self.readout(parameters, self.states(parameters, inputs))

    def recorded(self, states: "Tensor") -> "Tensor":
        """Return the part of states that metrics compare, shape (..., n_recorded), of shape (..., units); default: all.

        Override it where a state carries what is no activity of the network, such as a buffer of earlier inputs.
        """
        return states


class AbstractReportFormat(abc.ABC):
    """A way to write a scorecard or a comparison as text."""

    suffix: ClassVar[str]
    """File ending without the dot, such as `json`."""

    @abc.abstractmethod
    def render(self, card: Scorecard) -> str:
        """Return one metric's scorecard as text."""

    @abc.abstractmethod
    def render_comparison(self, comparison: Comparison) -> str:
        """Return the comparison of several scorecards as text."""

    def render_architecture(self, cards: Sequence[Scorecard]) -> str | None:
        """Return what metrics say of an architecture as text; None where the format has no such page.

        Of the cards of a run those are shown that measured `architecture.recurrent_change`, at least one.
        """
        del cards
        return None


Parameters: TypeAlias = "Mapping[str, Tensor]"
"""Named parameters of a stack of networks, each with a leading axis of networks."""
Settings: TypeAlias = Mapping[str, Any]
