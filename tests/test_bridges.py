"""The metrics that wrap published packages agree with independent implementations, and say what they lack.

A test that needs a package is skipped where it is not installed; to run all: pip install -e ".[test,field]".
"""

import dataclasses
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from metric_harness import catalogue, cli, optional, resolution
from metric_harness.arrays import Array, flattened
from metric_harness.errors import DegenerateInputError, MetricUnavailableError, SettingError
from metric_harness.exemptions import tomllib
from metric_harness.interfaces import AbstractMetric
from metric_harness.seeding import generator
from metric_harness.transforms import random_orthogonal

ROOT = Path(__file__).parents[1]
BRIDGES = [name for name in catalogue.implementations("metrics") if catalogue.distribution("metrics", name)]
MODULES = {
    "dsa_metric": "DSA",
    "himalaya_ridge": "himalaya.ridge",
    "hyperalignment_procrustes": "hyperalignment.procrustes",
    "repsim_cca": "repsim",
    "repsim_cka": "repsim",
    "rsatoolbox_rsa": "rsatoolbox.data",
    "torch_cka": "torch_cka",
}


def noise(name: str, *shape: int) -> Array:
    return generator(31, "test_bridges", name).standard_normal(shape)


def made(name: str, **settings: object) -> AbstractMetric:
    if lacks := resolution.missing(name):
        pytest.skip(f"{name}{lacks}")
    return catalogue.make("metrics", name, AbstractMetric, settings)


def native(name: str, **settings: object) -> AbstractMetric:
    return catalogue.make("metrics", name, AbstractMetric, settings)


@pytest.fixture
def pair() -> tuple[Array, Array]:
    """Activations, 60 samples of 5 and 4 units that share a part, far from centered."""
    x = noise("x", 60, 5)
    return 2 + x, x @ noise("mixing", 5, 4) + noise("y", 60, 4)


@pytest.fixture
def recordings() -> tuple[Array, Array]:
    """Trajectories, 6 trials x 40 times x 4 units, of two noise-driven linear systems."""
    found = []
    for name in ("first", "second"):
        states, operator = [noise(f"{name} start", 6, 4)], 0.95 * random_orthogonal(4, generator(31, name))
        for step in noise(f"{name} steps", 39, 6, 4):
            states.append(states[-1] @ operator.T + 0.3 * step)
        found.append(np.stack(states, axis=1))
    return found[0], found[1]


def gram(x: Array) -> Array:
    centered = x - x.mean(axis=0)
    return centered @ centered.T


def test_repsims_linear_cka_is_the_cosine_of_ours(pair):
    assert 1 - made("repsim_cka").distance(*pair) == pytest.approx(
        np.cos(native("cka").distance(*pair) * np.pi / 2), abs=1e-10
    )


def test_repsims_song_estimate_is_an_unbiased_numerator_over_biased_norms(pair):
    # What makes it differ from our debiased CKA, whose norms are unbiased too.
    n, grams = len(pair[0]), [gram(x) for x in pair]
    bare = [k - np.diag(np.diag(k)) for k in grams]
    sums = [k.sum(axis=0) for k in bare]
    unbiased = np.sum(bare[0] * bare[1]) + sums[0].sum() * sums[1].sum() / ((n - 1) * (n - 2))
    unbiased = (unbiased - 2 * sums[0] @ sums[1] / (n - 2)) / (n * (n - 3))
    biased = np.prod([np.linalg.norm(k) / (n - 1) for k in grams])
    assert 1 - made("repsim_cka", estimator="song").distance(*pair) == pytest.approx(unbiased / biased, abs=1e-10)


@pytest.mark.parametrize(("summary", "power"), [("yanai", 2), ("pillai", 1)])
def test_repsims_summaries_are_means_of_canonical_correlations(pair, summary, power):
    bases = [np.linalg.qr(x - x.mean(axis=0))[0] for x in pair]
    correlations = np.linalg.svd(bases[0].T @ bases[1], compute_uv=False)
    expected = 1 - np.mean(correlations**power)
    assert made("repsim_cca", summary_type=summary).distance(*pair) == pytest.approx(expected, abs=1e-10)


def test_repsims_cca_leaves_silent_units_out_and_refuses_dependent_ones(pair):
    x, y = pair
    metric = made("repsim_cca")
    assert metric.distance(x, np.c_[y, np.ones(len(y))]) == pytest.approx(metric.distance(x, y), abs=1e-12)
    with pytest.raises(DegenerateInputError, match="5 units that vary and span 4 dimensions over 60 samples"):
        metric.distance(x, np.c_[y, y[:, 0] + y[:, 1]])


def test_torch_cka_is_our_debiased_cka_in_single_precision(pair):
    ours = native("debiased_cka").distance(*pair)
    # The package centers nothing, and rounding grows with the mean; docs/published_faults.md has the figures.
    assert made("torch_cka").distance(*pair) == pytest.approx(ours, abs=1e-5)
    centered = [x - x.mean(axis=0) for x in pair]
    assert made("torch_cka").distance(*centered) == pytest.approx(ours, abs=1e-6)


def test_torch_cka_refuses_what_single_precision_cannot_tell_from_constant(pair):
    with pytest.raises(DegenerateInputError, match="HSIC that is not positive"):
        made("torch_cka").distance(pair[0] + 1e6, pair[1])


def test_torch_cka_prints_nothing_and_puts_the_packages_progress_bar_back(pair, capfd):
    metric = made("torch_cka")
    module = sys.modules["torch_cka.cka"]
    before = vars(module)["tqdm"]
    metric.distance(*pair)
    assert vars(module)["tqdm"] is before
    assert capfd.readouterr() == ("", "")


def test_hyperalignments_procrustes_is_ours_whichever_recording_is_wider(pair):
    x, y = pair
    expected = native("procrustes").distance(x, y)
    assert made("hyperalignment_procrustes").distance(x, y) == pytest.approx(expected, abs=1e-9)
    assert made("hyperalignment_procrustes").distance(y, x) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("dissimilarity", ["correlation", "euclidean"])
def test_rsatoolboxs_spearman_is_our_rsa(recordings, dissimilarity):
    # Squared distances are in the order of distances.
    found = made("rsatoolbox_rsa", method="spearman", dissimilarity=dissimilarity).distance(*recordings)
    assert found == pytest.approx(native("rsa", dissimilarity=dissimilarity).distance(*recordings), abs=1e-6)


def test_rsatoolboxs_whitened_cosine_is_linear_cka_of_the_average_trial(recordings):
    angle = native("cka").distance(*(x.mean(axis=0) for x in recordings))
    found = made("rsatoolbox_rsa", method="cosine_cov").distance(*recordings)
    assert 1 - found == pytest.approx(np.cos(angle * np.pi / 2), abs=1e-10)


@pytest.mark.parametrize("method", ["cosine", "corr", "spearman", "rho-a", "tau-a", "cosine_cov", "corr_cov"])
def test_every_comparator_of_rsatoolbox_is_a_symmetric_distance(recordings, method):
    x, y = recordings
    metric = made("rsatoolbox_rsa", method=method)
    assert metric.distance(x, x) <= metric.claims.numerical_floor
    assert metric.distance(x, y) == pytest.approx(metric.distance(y, x), abs=1e-12)
    assert 0.01 < metric.distance(x, y) <= 2


def test_rsatoolbox_refuses_what_its_package_answers_with_zero():
    corners = np.eye(4)[None]
    with pytest.raises(DegenerateInputError, match="equally dissimilar"):
        made("rsatoolbox_rsa", method="corr").distance(corners, corners)
    flat = np.ones((2, 4, 3))
    flat[:, 1:] += noise("flat", 2, 3, 3)
    with pytest.raises(DegenerateInputError, match="1 of 4 patterns are constant"):
        made("rsatoolbox_rsa", dissimilarity="correlation").distance(flat, flat)


def test_himalayas_ridge_is_the_closed_form_on_held_out_runs(pair):
    x, y = pair
    errors = []
    for held_out in np.array_split(np.arange(60), 3):
        rest = np.setdiff1d(np.arange(60), held_out)
        a, b = x[rest] - x[rest].mean(axis=0), y[rest] - y[rest].mean(axis=0)
        weights = np.linalg.solve(a.T @ a + 0.7 * np.eye(5), a.T @ b)
        errors.append(y[held_out] - y[rest].mean(axis=0) - (x[held_out] - x[rest].mean(axis=0)) @ weights)
    expected = np.sum(np.concatenate(errors) ** 2) / np.sum((y - y.mean(axis=0)) ** 2)
    metric = made("himalaya_ridge", n_folds=3, n_alphas=1, smallest_alpha=0.7, largest_alpha=0.7)
    assert metric.distance(x, y) == pytest.approx(expected, rel=1e-9)


def test_the_official_spectral_distance_is_the_best_assignment_of_our_operators_eigenvalues(recordings):
    settings = {"n_delays": 3, "delay_interval": 1, "rank": 6}
    dsa = native("dsa", **settings)
    first, second = (np.linalg.eigvals(dsa.operator(x)) for x in recordings)
    cost = np.abs(first[:, None] - second[None, :]) ** 2
    expected = cost[linear_sum_assignment(cost)].mean()
    assert made("dsa_metric", **settings).distance(*recordings) == pytest.approx(expected, abs=1e-6)


def test_the_official_angle_is_no_smaller_than_our_minimum(recordings):
    settings = {"n_delays": 3, "delay_interval": 1, "rank": 4}
    official = made("dsa_metric", score_method="angular", iters=100, lr=0.05, **settings)
    found = official.distance(*recordings)
    assert found >= native("dsa", **settings).distance(*recordings) - 1e-3
    assert found == official.distance(*recordings)


def test_the_official_dsa_is_the_study_s_when_asked_for_it():
    published = made("dsa_metric").as_published("regimes")
    assert dataclasses.asdict(published) == {
        "n_delays": 33,
        "delay_interval": 6,
        "rank": 20,
        "score_method": "angular",
        "iters": 1000,
        "lr": 1e-2,
        "seed": 0,
    }


@pytest.mark.parametrize("estimator", ["gretton", "song", "lange"])
@pytest.mark.parametrize("kernel", ["linear", "rbf", "rbf_mean", "rbf_dualmed"])
def test_repsims_cka_keeps_its_claims_on_a_small_recording(pair, kernel, estimator):
    x, y = pair
    metric = made("repsim_cka", kernel_type=kernel, estimator=estimator)
    floor, base = metric.claims.numerical_floor, metric.distance(x, y)
    changed = {
        "rotation": (x, y @ random_orthogonal(4, generator(31, "rotation"))),
        "order of units": (x[:, ::-1], y),
        "scale": (x, 37 * y),
        "shift": (x, np.add(y, [5.0, -3.0, 1.0, 0.0])),
        "order of samples": (x[::-1], y[::-1]),
        "exchange": (y, x),
    }
    assert {k: v for k, (a, b) in changed.items() if abs((v := metric.distance(a, b)) - base) > floor} == {}
    assert abs(metric.distance(x, y * [1, 10, 0.1, 3]) - base) > 100 * floor
    assert (metric.distance(x, x.copy()) <= floor) == metric.claims.identity
    assert metric.distance(x, y) == base


SETTINGS = [
    ("dsa_metric", "score_method", "euclidean"),
    ("dsa_metric", "rank", 0),
    ("dsa_metric", "seed", -1),
    ("dsa_metric", "lr", 0.0),
    ("himalaya_ridge", "n_folds", 1),
    ("himalaya_ridge", "n_alphas", 0),
    ("himalaya_ridge", "largest_alpha", 1e-4),
    ("repsim_cca", "summary_type", "mean"),
    ("repsim_cka", "kernel_type", "cosine"),
    ("repsim_cka", "estimator", "biased"),
    ("rsatoolbox_rsa", "method", "bures_metric"),
    ("rsatoolbox_rsa", "dissimilarity", "crossnobis"),
    ("rsatoolbox_rsa", "n_conditions", 2),
]


@pytest.mark.parametrize(("name", "setting", "value"), SETTINGS)
def test_a_setting_that_is_none_is_refused_with_what_there_is(name, setting, value):
    with pytest.raises(SettingError, match="needed"):
        native(name, **{setting: value})


SHORT = [
    ("dsa_metric", (2, 70, 4), "needed at least rank=15 of both"),
    ("himalaya_ridge", (49, 3), "has 49|have 49 samples; needed 50"),
    ("repsim_cka", (3, 2), "3 samples; needed 4"),
    ("rsatoolbox_rsa", (5, 2, 3), "2 times; needed at least 3"),
    ("torch_cka", (3, 2), "3 samples; needed 4"),
]


@pytest.mark.parametrize(("name", "shape", "message"), SHORT)
def test_too_little_data_is_refused_with_what_is_needed(name, shape, message):
    with pytest.raises(DegenerateInputError, match=message):
        made(name).distance(noise("short", *shape), noise("too short", *shape))


def test_every_bridge_is_known_here():
    assert set(MODULES) == set(BRIDGES)


@pytest.mark.parametrize("name", BRIDGES)
def test_a_missing_package_is_named_with_the_extra_that_has_it(monkeypatch, name):
    monkeypatch.setitem(sys.modules, MODULES[name], None)
    extra = catalogue.distribution("metrics", name)
    with pytest.raises(MetricUnavailableError, match=rf"metric '{name}' needs the package {extra}") as caught:
        resolution.load(name)
    assert str(caught.value).endswith(f'pip install "metric-harness[{extra}]"')


def test_another_package_of_the_same_import_name_is_not_taken_for_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "repsim", sys)
    with pytest.raises(MetricUnavailableError, match="it has no cka, repsim_kernels: it is another package"):
        resolution.load("repsim_cka")


def test_a_package_that_breaks_while_it_loads_is_unavailable_too(monkeypatch, tmp_path):
    (tmp_path / "broken_package.py").write_text("import numpy\nnumpy.no_such_name\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MetricUnavailableError, match=r"does not load: AttributeError: .*no_such_name"):
        optional.imported("broken_package", "broken")


def test_the_lists_of_metrics_say_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr(optional, "installed", lambda distribution: distribution != "himalaya")
    assert cli.main(["metrics"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert lines["himalaya_ridge"].endswith('built in, needs himalaya: pip install "metric-harness[himalaya]"')
    assert lines["torch_cka"].endswith("built in")
    assert lines["cka"].endswith("built in")
    with pytest.raises(resolution.UnknownMetricError, match=r"Did you mean himalaya_ridge.*to install.*himalaya_ridge"):
        resolution.load("himalaya_rigde")


def test_installed_asks_for_the_distribution_not_the_module():
    assert optional.installed("numpy")
    assert not optional.installed("no-such-distribution")


def test_every_bridge_has_an_extra_of_its_packages_name_and_field_has_them_all():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    packages = sorted({catalogue.distribution("metrics", name) for name in BRIDGES})
    assert all(extras[package][0].startswith(f"{package}>=") for package in packages)
    assert extras["field"] == [f"metric-harness[{','.join(packages)}]"]


def test_nothing_is_imported_before_the_metric_is_made():
    script = f"""
        import sys
        from metric_harness import catalogue
        from metric_harness.interfaces import AbstractMetric
        for name in {BRIDGES}:
            catalogue.load("metrics", name, AbstractMetric)
        heavy = {{"torch", "DSA", "sklearn", *{[module.partition(".")[0] for module in MODULES.values()]}}}
        print(sorted(heavy & set(sys.modules)))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", BRIDGES)
def test_a_bridge_keeps_the_shape_of_what_it_is_given(name):
    metric = made(name)
    x = flattened(noise("shape", 6, 90, 3)) if metric.needs == "activations" else noise("shape", 6, 90, 3)
    before = x.copy()
    metric.distance(x[:120] if name == "repsim_cka" else x, x[:120] if name == "repsim_cka" else x)
    np.testing.assert_array_equal(x, before)
