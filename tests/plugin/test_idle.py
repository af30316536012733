"""Without `--metric` the plugin is silent and light."""

import subprocess
import sys

import pytest

HEAVY = ("numpy", "torch", "hypothesis", "scipy", "pandas", "matplotlib", "jinja2")


def test_output_without_metric_is_as_without_the_plugin(repository):
    repository.makepyfile(test_own="def test_own(): pass")
    with_plugin = repository.runpytest_subprocess("-v")
    without = repository.runpytest_subprocess("-v", "-p", "no:metric_harness.plugin")

    def telling(result: pytest.RunResult) -> list[str]:
        return [line for line in result.stdout.lines if "plugins:" not in line and " in " not in line]

    assert with_plugin.ret == without.ret == 0
    assert telling(with_plugin) == telling(without)


def test_the_idle_plugin_imports_nothing_heavy(repository):
    code = (
        "import sys, pytest\n"
        "rc = pytest.main(['--collect-only', '-q', '-p', 'no:hypothesispytest', '-p', 'metric_harness.plugin'])\n"
        f"print('LOADED', sorted(set(sys.modules) & set({HEAVY!r})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=repository.path)
    assert "LOADED []" in done.stdout


def test_the_package_root_imports_nothing(repository):
    code = "import sys; before = set(sys.modules); import metric_harness; print(sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['metric_harness']"


def test_the_list_of_cases_needs_no_metric(run):
    result = run("--metric-list")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["suite *", "contract.value *required*"])
