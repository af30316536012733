"""A network of selective state-space blocks, Mamba."""

import dataclasses
import itertools
import math
from collections.abc import Mapping
from typing import Any, ClassVar, cast, final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from metric_harness.arrays import Array
from metric_harness.errors import SettingError
from metric_harness.interfaces import AbstractNetwork, Parameters

EPSILON = 1e-5
"""Added to a mean square before its root is taken."""
RATES = (1e-3, 0.1)
"""Smallest and largest time step Δ that a channel begins with, drawn evenly on a logarithmic scale."""
AT_ONCE = 16
"""Networks whose scan runs as one on a processor. A step of 16 networks with 16 trials each is 262 kB for each of its
five arrays, which fit a core's second cache: an update takes 15.6 ms per network, with 8 at once 17.8, with 4 at once
21.2."""


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Mamba(AbstractNetwork):
    """An embedding, residual blocks x + block(x), and a readout of their normalized output.

    With norm(x) = w x / √(mean(x²) + 1e-5), a block is, channel by channel,

        u, z = norm(x) W_in           s = silu(b + Σ_j w_j u_{t-j}), j < n_taps
        δ, B, C = s W_selection       Δ = softplus(δ W_Δ + b_Δ)
        h_t = exp(-Δ a) h_{t-1} + Δ s B        y = C h_t + D s        block(x) = (y silu(z)) W_out

    and the outputs are norm(x) W_head + b_head after the last block; h_0 = 0, and inputs before the first are zero.

    State: for each layer the last n_taps - 1 u, oldest first, and h, (channels, n_states) flattened; at the end the
        last block's output, which the readout reads. Recorded: h of one `layer`.
    Frozen: only the embedding is trained, as in the study; blocks and readout stay.
    Parameters: embedding_weights (inputs, width), embedding_bias; of each layer, norm, in_weights, taps (channels,
        n_taps), taps_bias, selection_weights, rate_weights, rate_bias, decays (channels, n_states) = log a, skip,
        out_weights; norm, head_weights, head_bias. Linear maps and taps are drawn uniformly within ±1/√(inputs), as
        torch does; rate_weights within ±1/√(their inputs), rate_bias so that Δ lies within `RATES`; a = 1 .. n_states,
        norms and skips are 1.
    Source: Gu, Dao 2023, arXiv 2312.00752, as `mambapy` 1.2.0 (MIT) computes it, which tests hold the blocks to. It
        is written anew because a stack of networks trains as one: `torch.func.vmap` refuses mambapy's scan, an
        `autograd.Function` without `setup_context`. The study (arXiv 2410.24070) stepped with a buffer of 7 earlier
        inputs instead of 3, so that its convolution saw them four steps late; here, stepping and the whole sequence
        agree.

    Attributes:
        width: of the residual stream; the study's are 8 and 16.
        n_layers: blocks; the study's are 1 and 2.
        n_states: of each channel; a block has 2 · width channels.
        n_taps: of the convolution.
        layer: whose h is recorded, from 0; the study's is the first.
    """

    width: int = 8
    n_layers: int = 2
    n_states: int = 16
    n_taps: int = 4
    layer: int = 0

    trained_when_frozen: ClassVar[tuple[str, ...]] = ("embedding_weights", "embedding_bias")
    views: ClassVar[tuple[str, ...]] = ("layer",)

    def __post_init__(self) -> None:
        sizes = {name: getattr(self, name) for name in ("width", "n_layers", "n_states", "n_taps")}
        if min(sizes.values()) < 1:
            raise SettingError(f"sizes are {sizes}; needed at least 1 of each.")
        if not 0 <= self.layer < self.n_layers:
            raise SettingError(f"layer is {self.layer}; needed 0 to {self.n_layers - 1}, there are {self.n_layers}.")

    @property
    def n_channels(self) -> int:
        """Channels of a block."""
        return 2 * self.width

    @property
    def n_ranks(self) -> int:
        """Rank of the map that makes time steps: a sixteenth of the width, rounded up."""
        return math.ceil(self.width / 16)

    @property
    def n_units(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride] - no setting of its own
        """Units of the carried state."""
        return self.n_layers * sum(self._sizes) + self.width

    @property
    def _sizes(self) -> tuple[int, int]:
        """Units of a layer's buffer, and of its h."""
        return self.n_channels * (self.n_taps - 1), self.n_channels * self.n_states

    def initial_parameters(self, n_inputs: int, n_outputs: int, rng: np.random.Generator) -> Mapping[str, Array]:
        """Draw one network; see `AbstractNetwork`."""

        def uniform(n_from: int, *shape: int) -> Array:
            return rng.uniform(-1, 1, shape) / math.sqrt(n_from)

        width, n, ranks = self.width, self.n_channels, self.n_ranks
        drawn = {
            "embedding_weights": uniform(n_inputs, n_inputs, width),
            "embedding_bias": uniform(n_inputs, width),
        }
        for layer in range(self.n_layers):
            steps = np.exp(rng.uniform(math.log(RATES[0]), math.log(RATES[1]), n))
            part = {
                "norm": np.ones(width),
                "in_weights": uniform(width, width, 2 * n),
                "taps": uniform(self.n_taps, n, self.n_taps),
                "taps_bias": uniform(self.n_taps, n),
                "selection_weights": uniform(n, n, ranks + 2 * self.n_states),
                "rate_weights": uniform(ranks, ranks, n),
                # The inverse of softplus.
                "rate_bias": steps + np.log(-np.expm1(-steps)),
                "decays": np.log(np.tile(np.arange(1.0, self.n_states + 1), (n, 1))),
                "skip": np.ones(n),
                "out_weights": uniform(n, n, width),
            }
            drawn |= {f"layer{layer}_{name}": values for name, values in part.items()}
        return drawn | {
            "norm": np.ones(width),
            "head_weights": uniform(width, width, n_outputs),
            "head_bias": uniform(width, n_outputs),
        }

    def step(self, parameters: Parameters, state: Tensor, inputs: Tensor) -> Tensor:
        """Advance a stack of networks by one time step; see `AbstractNetwork`."""
        k, n_trials, _ = inputs.shape
        *layers, _ = _parts(state, [*self._sizes * self.n_layers, self.width], -1)
        # Features come before trials, as in `outputs`.
        x = _embedded(parameters, inputs.transpose(1, 2))
        after: list[Tensor] = []
        for layer in range(self.n_layers):
            part = _layer(parameters, layer)
            buffer, h = layers[2 * layer : 2 * layer + 2]
            inner, gate = _entering(part, x)
            earlier = buffer.view(k, n_trials, self.n_taps - 1, self.n_channels).permute(0, 3, 2, 1)
            window = torch.cat([earlier, inner[:, :, None]], dim=2)
            seen = functional.silu(torch.einsum("kcjb,kcj->kcb", window, part["taps"]) + part["taps_bias"][..., None])
            rates, enter, leave = self._selected(part, seen)
            decays = torch.exp(rates[:, :, None] * -part["decays"].exp()[..., None])
            before = h.view(k, n_trials, self.n_channels, self.n_states).permute(0, 2, 3, 1)
            h = decays * before + (rates * seen)[:, :, None] * enter[:, None]
            x = x + _leaving(part, (h * leave[:, None]).sum(dim=2), seen, gate)
            after += [window[:, :, 1:].permute(0, 3, 2, 1).flatten(2), h.permute(0, 3, 1, 2).flatten(2)]
        return torch.cat([*after, x.transpose(1, 2)], dim=-1)

    def readout(self, parameters: Parameters, states: Tensor) -> Tensor:
        """Return the outputs of a stack of networks; see `AbstractNetwork`."""
        k, n_times, n_trials, _ = states.shape
        x = states[..., -self.width :].reshape(k, -1, self.width).transpose(1, 2)
        return _head(parameters, x).transpose(1, 2).reshape(k, n_times, n_trials, -1)

    def states(self, parameters: Parameters, inputs: Tensor) -> Tensor:
        """Run a stack of networks; see `AbstractNetwork`. Whole sequences take half the time of steps."""
        if torch.is_grad_enabled():
            return super().states(parameters, inputs)
        k, n_times, n_trials, _ = inputs.shape

        def by_network(values: Tensor) -> Tensor:
            """Return values (networks, features, time · trials) as (networks, time, trials, features)."""
            return values.view(k, -1, n_times, n_trials).permute(0, 2, 3, 1)

        x = _embedded(parameters, inputs.reshape(k, n_times * n_trials, -1).transpose(1, 2))
        found: list[Tensor] = []
        for layer in range(self.n_layers):
            entered = self._entered(_layer(parameters, layer), x, n_trials)
            # The buffer after a step ends with that step's input.
            buffer = [entered.padded[..., j * n_trials :][..., : n_times * n_trials] for j in range(1, self.n_taps)]
            found += [by_network(inner) for inner in buffer]
            h = entered.decays.new_zeros(n_times + 1, *entered.decays.shape)
            rates, driven, enter, leave = entered.rows
            x = x + entered.left(_scanned(rates, driven, enter, leave, entered.decays, h))
            found.append(h[1:].view(n_times, *h.shape[1:3], k, n_trials).permute(3, 0, 4, 2, 1).flatten(3))
        return torch.cat([*found, by_network(x)], dim=-1)

    def outputs(self, parameters: Parameters, inputs: Tensor) -> Tensor:
        """Return the outputs of a stack of networks for whole sequences; see `AbstractNetwork`."""
        # A GPU has nothing to gain from parts: it waits for the next step, not for memory.
        n_parts = math.ceil(len(inputs) / AT_ONCE) if inputs.device.type == "cpu" else 1
        ends = [len(inputs) * part // n_parts for part in range(n_parts + 1)]
        parts = [slice(*pair) for pair in itertools.pairwise(ends)]
        return torch.cat([self._outputs({n: p[part] for n, p in parameters.items()}, inputs[part]) for part in parts])

    def recorded(self, states: Tensor) -> Tensor:
        """Return h of the chosen layer; see `AbstractNetwork`."""
        buffered, kept = self._sizes
        first = self.layer * (buffered + kept) + buffered
        return states[..., first : first + kept]

    def _outputs(self, parameters: Parameters, inputs: Tensor) -> Tensor:
        # Features first, then time and trials as one long axis: whatever belongs to a channel is then one number for a
        # long row, which takes a tenth of the time of long rows of short vectors.
        k, n_times, n_trials, _ = inputs.shape
        x = _embedded(parameters, inputs.reshape(k, n_times * n_trials, -1).transpose(1, 2))
        for layer in range(self.n_layers):
            entered = self._entered(_layer(parameters, layer), x, n_trials)
            found = cast(Tensor, cast(Any, _Scan).apply(*entered.rows, entered.decays, torch.is_grad_enabled()))
            x = x + entered.left(found)
        return _head(parameters, x).transpose(1, 2).reshape(k, n_times, n_trials, -1)

    def _entered(self, part: Parameters, x: Tensor, n_trials: int) -> "_Entered":
        """Return what a block makes of x, (networks, features, time · trials), before its recurrence."""
        n_steps = x.shape[-1]
        inner, gate = _entering(part, x)
        padded = functional.pad(inner, ((self.n_taps - 1) * n_trials, 0))
        seen = part["taps_bias"][..., None].expand_as(inner)
        for j in range(self.n_taps):
            now = padded[..., j * n_trials :][..., :n_steps]
            seen = torch.addcmul(seen, part["taps"][..., j, None], now)
        seen = functional.silu(seen)
        rates, enter, leave = self._selected(part, seen)
        return _Entered(
            part=part,
            padded=padded,
            gate=gate,
            seen=seen,
            rows=tuple(_by_time(values, n_steps // n_trials) for values in (rates, rates * seen, enter, leave)),
            # A row of decays for each network, and the same for all of its trials.
            decays=-part["decays"].exp().permute(2, 1, 0).repeat_interleave(n_trials, dim=2),
        )

    def _selected(self, part: Parameters, seen: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return Δ, B and C, each of shape (networks, channels or states, ...)."""
        sizes = [self.n_ranks, self.n_states, self.n_states]
        ranks, enter, leave = _parts(torch.bmm(part["selection_weights"].transpose(1, 2), seen), sizes, 1)
        rates = torch.baddbmm(part["rate_bias"][..., None], part["rate_weights"].transpose(1, 2), ranks)
        return functional.softplus(rates), enter, leave


@final
@dataclasses.dataclass(frozen=True, eq=False)
class _Entered:
    """What a block has before its recurrence, in the shapes of `_scanned`; `padded` begins with inputs of zero."""

    part: Parameters
    padded: Tensor
    gate: Tensor
    seen: Tensor
    rows: tuple[Tensor, ...]
    decays: Tensor

    def left(self, found: Tensor) -> Tensor:
        """Return the output of the block, of what its recurrence gave."""
        k, n_channels, _ = self.seen.shape
        by_channel = found.view(len(found), n_channels, k, -1).permute(2, 1, 0, 3).flatten(2)
        return _leaving(self.part, by_channel, self.seen, self.gate)


def _layer(parameters: Parameters, layer: int) -> dict[str, Tensor]:
    prefix = f"layer{layer}_"
    return {name.removeprefix(prefix): p for name, p in parameters.items() if name.startswith(prefix)}


def _parts(values: Tensor, sizes: list[int], axis: int) -> tuple[Tensor, ...]:
    return cast(Any, values).split(sizes, dim=axis)


def _normalized(x: Tensor, weights: Tensor) -> Tensor:
    return x * torch.rsqrt(x.square().mean(dim=1, keepdim=True) + EPSILON) * weights[..., None]


def _embedded(parameters: Parameters, inputs: Tensor) -> Tensor:
    bias, weights = parameters["embedding_bias"], parameters["embedding_weights"]
    return torch.baddbmm(bias[..., None], weights.transpose(1, 2), inputs)


def _entering(part: Parameters, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return u and z of a block."""
    inner, gate = torch.bmm(part["in_weights"].transpose(1, 2), _normalized(x, part["norm"])).chunk(2, dim=1)
    return inner, gate


def _leaving(part: Parameters, found: Tensor, seen: Tensor, gate: Tensor) -> Tensor:
    """Return the output of a block, of C h."""
    y = torch.addcmul(found, part["skip"][..., None], seen) * functional.silu(gate)
    return torch.bmm(part["out_weights"].transpose(1, 2), y)


def _head(parameters: Parameters, x: Tensor) -> Tensor:
    bias, weights = parameters["head_bias"], parameters["head_weights"]
    return torch.baddbmm(bias[..., None], weights.transpose(1, 2), _normalized(x, parameters["norm"]))


def _by_time(values: Tensor, n_times: int) -> Tensor:
    """Return values (networks, features, time · trials) as (time, features, networks · trials)."""
    k, n_features, _ = values.shape
    return values.view(k, n_features, n_times, -1).permute(2, 1, 0, 3).reshape(n_times, n_features, -1)


def _scanned(rates: Tensor, driven: Tensor, enter: Tensor, leave: Tensor, decays: Tensor, states: Tensor) -> Tensor:
    """Return y_t = Σ_n C_t h_t of h_t = exp(Δ_t a) h_{t-1} + v_t B_t, where rates are Δ, and driven v.

    Shapes: Δ and v (time, channels, rows), B and C (time, states, rows), a (states, channels, rows); h_t (states,
    channels, rows), so that the sum over states, the largest, runs over the first axis. The h_t take turns in `states`,
    which begins with h_0 and keeps all of them if it has a place for each.
    """
    found = torch.empty_like(driven)
    kept, product = torch.empty_like(decays), torch.empty_like(decays)
    for t in range(len(rates)):
        before, after = states[t % len(states)], states[(t + 1) % len(states)]
        torch.mul(rates[t], decays, out=kept).exp_()
        torch.mul(driven[t], enter[t, :, None], out=product)
        torch.addcmul(product, kept, before, out=after)
        torch.mul(after, leave[t, :, None], out=product)
        torch.sum(product, dim=0, out=found[t])
    return found


class _Scan(torch.autograd.Function):
    """`_scanned` with its backward pass written out.

    Autograd would keep five arrays of the size of h. Here h is kept, and the rest made anew in a few small buffers
    that stay in the cache. With ȳ the gradient of y, that of h_t is g_t = ȳ_t C_t + exp(Δ_{t+1} a) g_{t+1}.
    """

    @staticmethod
    def forward(
        ctx: Any,
        rates: Tensor,
        driven: Tensor,
        enter: Tensor,
        leave: Tensor,
        decays: Tensor,
        differentiable: bool,  # noqa: FBT001 - autograd passes by position
    ) -> Tensor:
        # Where nothing is differentiated, two states take turns.
        states = decays.new_zeros(len(rates) + 1 if differentiable else 2, *decays.shape)
        found = _scanned(rates, driven, enter, leave, decays, states)
        if differentiable:
            ctx.save_for_backward(states, rates, driven, enter, leave, decays)
        return found

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        states, rates, driven, enter, leave, decays = ctx.saved_tensors
        direct = gradients[0].contiguous()
        to_rates, to_driven, to_enter, to_leave = map(torch.empty_like, (rates, driven, enter, leave))
        to_decays, later = torch.zeros_like(decays), torch.zeros_like(decays)
        total, kept, product = (torch.empty_like(decays) for _ in range(3))
        for t in range(len(rates) - 1, -1, -1):
            torch.addcmul(later, direct[t], leave[t, :, None], out=total)
            torch.sum(torch.mul(states[t + 1], direct[t], out=product), dim=1, out=to_leave[t])
            torch.sum(torch.mul(total, enter[t, :, None], out=product), dim=0, out=to_driven[t])
            torch.sum(torch.mul(total, driven[t], out=product), dim=1, out=to_enter[t])
            torch.mul(rates[t], decays, out=kept).exp_()
            torch.mul(total, kept, out=later)
            # What reaches the exponent Δ_t a.
            torch.mul(later, states[t], out=total)
            torch.sum(torch.mul(total, decays, out=product), dim=0, out=to_rates[t])
            to_decays.addcmul_(total, rates[t])
        return to_rates, to_driven, to_enter, to_leave, to_decays, None
