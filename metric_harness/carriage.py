"""A metric as it travels to a cluster, where nobody has its file."""

import importlib
from typing import Any, cast

from metric_harness.adapter import without_addresses
from metric_harness.errors import SchedulerError
from metric_harness.interfaces import AbstractMetric
from metric_harness.sources import local_modules


def carried(bare: AbstractMetric) -> bytes:
    """Return a metric as a pickle that carries its own repository's code by value, for processes that lack it.

    What a worker imported an hour ago may be older than the file; what travels with the question is not.

    Raises:
        SchedulerError: if it does not pickle.
    """
    carrier = cast(Any, importlib.import_module("cloudpickle"))
    own = local_modules()
    for module in own:
        carrier.register_pickle_by_value(module)
    try:
        return carrier.dumps(bare)
    except Exception as error:
        reason = without_addresses(f"{type(error).__name__}: {error}")
        raise SchedulerError(
            f"the metric cannot be sent to a scheduler ({reason}); needed one that cloudpickle can take along. Leave "
            "--metric-scheduler out, or keep open files, locks and the like out of the metric and its module."
        ) from error
    finally:
        for module in own:
            carrier.unregister_pickle_by_value(module)
