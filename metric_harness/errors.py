"""Every exception of the package: what was got, what was needed, what to do next."""


class MetricHarnessError(Exception):
    """Base of all exceptions raised by this package."""


class UsageError(MetricHarnessError):
    """An option, a file or a setting is wrong; told before the first case runs (exit status 4)."""


class UnknownMetricError(UsageError):
    """`--metric` names nothing that can be found; the message lists the nearest names."""


class UnknownCaseError(UsageError):
    """A case id is not in the suite; the message lists the nearest ids."""


class MetricUnavailableError(UsageError):
    """A metric was found but cannot be loaded; the message names what is missing."""


class UnknownNetworkError(UsageError):
    """A `--network` value names no architecture, or one that does not load."""


class SettingError(UsageError):
    """A `--metric-set` pair does not fit the metric's settings."""


class ExemptionError(UsageError):
    """The file after `--metric-exempt` is unreadable, or exempts what it must not."""


class ScorecardError(UsageError):
    """A scorecard file is missing, unreadable or of an unknown schema."""


class BaselineError(UsageError):
    """A scorecard cannot be the baseline of this run."""


class InvalidInputError(MetricHarnessError, ValueError):
    """Data that no metric may turn into a number."""


class ShapeError(InvalidInputError):
    """An array has the wrong number of axes, an empty axis, or sizes that do not match its partner's."""


class NonFiniteError(InvalidInputError):
    """An array holds NaN or infinite entries, or is not numeric."""


class DegenerateInputError(InvalidInputError):
    """The data cannot determine the quantity asked for, such as a constant array or too few windows."""


class NotConvergedError(MetricHarnessError):
    """An iterative computation stopped before reaching its tolerance."""


class UnfitZooError(MetricHarnessError, ValueError):
    """The chosen architecture's networks cannot serve a case: too few, trained too briefly, or at rest."""


class MetricError(MetricHarnessError):
    """The metric under test raised, or returned something that is not one finite real number."""


class SchedulerError(MetricHarnessError):
    """A Dask scheduler or its workers did not answer; says nothing of the metric, and is not taken for its refusal."""


class CaseTimeoutError(BaseException):
    """A case exceeded `--metric-timeout`.

    Derives from `BaseException` so that a metric's own `except Exception` cannot swallow it.
    """
