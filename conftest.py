"""Makes the plugin available to an uninstalled checkout."""

pytest_plugins = ["metric_harness.plugin"]
