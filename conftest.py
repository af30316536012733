"""Makes the plugin available to an uninstalled checkout; an installed one brings it through its entry point.

The name is set only where it is needed: pytest refuses `pytest_plugins` in a conftest outside the rootdir, which this
one is when somebody else's repository runs the suite of an editable installation.
"""

from importlib.metadata import entry_points

if "metric_harness.plugin" not in entry_points(group="pytest11").names:
    pytest_plugins = ["metric_harness.plugin"]
