"""Where arrays are worked on: NumPy's on the processor, or torch's tensors, which may lie on a GPU.

Code that is written once for both asks `namespace` for the functions of the arrays it was given. For NumPy's that is
NumPy itself, so that nothing changes on the processor; for tensors it is `Tensors`, which has those of NumPy's
functions that differ in torch, under NumPy's names and with its arguments. What both kinds do alike, such as products,
indexing, sums and `reshape`, needs no function. torch is imported when a device other than the processor is asked for.
"""

import dataclasses
import importlib
import re
from collections.abc import Sequence
from typing import Any, final

import numpy as np

from metric_harness.errors import SettingError

CPU = "cpu"
"""NumPy on the processor."""
TORCH_ON_CPU = "torch-cpu"
"""torch on the processor: slower than NumPy here, and what tests compare it with where there is no GPU."""


def namespace(x: Any) -> Any:
    """Return the functions for arrays of the kind of x, and on its device."""
    return np if isinstance(x, (np.ndarray, np.generic)) else Tensors(str(x.device))


def on_device(device: str) -> Any:
    """Return the functions for arrays on a device.

    Args:
        device: "cpu", "torch-cpu", or "cuda", which may name one of several GPUs, such as "cuda:1".

    Raises:
        SettingError: if it is none of these, or not there.
    """
    if device == CPU:
        return np
    if device != TORCH_ON_CPU and not re.fullmatch(r"cuda(:\d+)?", device):
        raise SettingError(f"device is {device!r}; needed 'cpu', 'cuda', 'cuda:1' and so on, or 'torch-cpu'.")
    try:
        torch = importlib.import_module("torch")
    except ImportError as error:
        raise SettingError(
            f"device is {device!r}, but torch cannot be imported: {error}; needed torch. Install it, or set device=cpu."
        ) from error
    if device == TORCH_ON_CPU:
        return Tensors("cpu")
    n_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if int(device.partition(":")[2] or 0) >= n_gpus:
        raise SettingError(
            f"device is {device!r}, but torch {torch.__version__} sees {n_gpus} GPUs; needed one of that number, "
            "counted from 0. Set device=cpu, or install a torch that was built for this machine's GPU and driver."
        )
    return Tensors(device)


def on_host(x: Any) -> Any:
    """Return an array as NumPy's own, copied from its device if need be."""
    return x.cpu().numpy() if hasattr(x, "cpu") else x


@final
@dataclasses.dataclass(frozen=True)
class Tensors:
    """NumPy's functions for torch's tensors on one device, as far as `metric_harness.summits` needs them.

    Each takes what NumPy's function of its name takes, and returns tensors.

    Attributes:
        device: where tensors are made, as torch names it.
    """

    device: str

    def __getattr__(self, name: str) -> Any:
        """Return what torch has under NumPy's name: sqrt, where, arange and the types."""
        return getattr(_torch(), name)

    def asarray(self, x: Any, dtype: Any = None) -> Any:
        """Return x as a tensor on the device; a copy of what may not be written to, as no tensor keeps that promise."""
        shared = isinstance(x, np.ndarray) and not x.flags.writeable
        return _torch().as_tensor(x.copy() if shared else x, dtype=dtype, device=self.device)

    def arange(self, stop: int) -> Any:
        """Return 0, 1, … below the stop."""
        return _torch().arange(stop, device=self.device)

    def zeros(self, shape: Any, dtype: Any) -> Any:
        """Return zeros, or False."""
        return _torch().zeros(shape, dtype=self._dtype(dtype), device=self.device)

    def ones(self, shape: Any, dtype: Any) -> Any:
        """Return ones, or True."""
        return _torch().ones(shape, dtype=self._dtype(dtype), device=self.device)

    def empty(self, shape: Any, dtype: Any) -> Any:
        """Return a tensor of undefined entries."""
        return _torch().empty(shape, dtype=self._dtype(dtype), device=self.device)

    def eye(self, n: int, dtype: Any) -> Any:
        """Return the identity."""
        return _torch().eye(n, dtype=dtype, device=self.device)

    def copy(self, x: Any) -> Any:
        """Return a copy."""
        return x.clone()

    def ascontiguousarray(self, x: Any) -> Any:
        """Return x laid out row by row."""
        return x.contiguous()

    def broadcast_to(self, x: Any, shape: Sequence[int]) -> Any:
        """Return a view of x, repeated to the shape."""
        return x.expand(*shape)

    def concatenate(self, xs: Sequence[Any], axis: int = 0) -> Any:
        """Join tensors along an axis."""
        return _torch().cat(tuple(xs), dim=axis)

    def argsort(self, x: Any, axis: int, kind: str) -> Any:
        """Return the order that sorts along an axis."""
        return _torch().argsort(x, dim=axis, stable=kind == "stable")

    def flatnonzero(self, x: Any) -> Any:
        """Return the places of what is not zero; the processor waits for their number."""
        return _torch().nonzero(x.reshape(-1))[:, 0]

    def maximum(self, x: Any, y: Any) -> Any:
        """Return the larger entries; one of x and y may be a number."""
        return _torch().maximum(*self._both(x, y))

    def minimum(self, x: Any, y: Any) -> Any:
        """Return the smaller entries; one of x and y may be a number."""
        return _torch().minimum(*self._both(x, y))

    def pad(self, x: Any, widths: Sequence[Sequence[int]]) -> Any:
        """Return x with zeros before and after, so many along each axis."""
        # torch counts axes from the last.
        return _torch().nn.functional.pad(x, [int(width) for axis in reversed(widths) for width in axis])

    def _dtype(self, dtype: Any) -> Any:
        return {bool: _torch().bool, int: _torch().int64, float: _torch().float64}.get(dtype, dtype)

    def _both(self, x: Any, y: Any) -> list[Any]:
        tensor = y if isinstance(x, (int, float)) else x
        return [tensor.new_full((), z) if isinstance(z, (int, float)) else z for z in (x, y)]


def _torch() -> Any:
    return importlib.import_module("torch")
