"""`metric-harness null`: chance by closed forms, thresholds with their intervals, hostile sizes, own recordings."""

import json
from pathlib import Path

import numpy as np
import pytest

from metric_harness import cli
from metric_harness.adapter import MetricUnderTest, adapt
from metric_harness.arrays import Array
from metric_harness.chance import Chance, Sizes, chances_of_pair, chances_of_sizes, independent, permuted, shifted
from metric_harness.errors import MetricError, UsageError
from metric_harness.interfaces import Claims, metric
from metric_harness.resolution import load
from metric_harness.seeding import generator

METRICS = """
from metric_harness.interfaces import Claims, metric

@metric(kind="similarity", claims=Claims(value_range=(0.0, 1.0)))
def linear_cka(x, y):
    x, y = x - x.mean(0), y - y.mean(0)
    gram, other = x @ x.T, y @ y.T
    return (gram * other).sum() / (gram**2).sum() ** .5 / (other**2).sum() ** .5

def raises(x, y):
    raise RuntimeError("no luck today")

def gives_nan(x, y):
    return float("nan")
"""


@metric(kind="similarity", claims=Claims(value_range=(0.0, 1.0)))
def linear_cka(x: Array, y: Array) -> float:
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    gram, other = x @ x.T, y @ y.T
    return float((gram * other).sum() / np.sqrt((gram**2).sum() * (other**2).sum()))


def under_test(target: object) -> MetricUnderTest:
    return MetricUnderTest("tested", adapt(target))


def silent(n: int) -> None:
    pass


def ended(*arguments: object) -> int:
    return cli.main(["null", *map(str, arguments)])


def read(folder: Path, name: str = "linear_cka") -> dict:
    return json.loads((folder / "reports" / name / "null.json").read_text(encoding="utf-8"))


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """Return an empty working folder with a file of metrics."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "theirs.py").write_text(METRICS)
    return tmp_path


@pytest.mark.parametrize(("n_samples", "n_units"), [(100, 10), (100, 100), (20, 1000)])
def test_the_chance_of_cka_is_the_one_of_wishart_matrices(n_samples, n_units):
    # With m = n - 1 degrees of freedom, E|XᵀY|² = m p² and E|XᵀX|² = m p (m + p + 1): CKA is near p / (m + p + 1).
    sizes = Sizes(n_samples=n_samples, n_units=n_units)
    for chance in chances_of_sizes(under_test(linear_cka), sizes, n_draws=100, seed=1, tell=silent):
        assert 1 - chance.mean.value == pytest.approx(n_units / (n_samples + n_units), abs=0.01), chance.name


def test_the_chance_of_debiased_cka_is_no_similarity_whatever_the_sizes():
    for n_units in (5, 1000):
        sizes = Sizes(n_samples=50, n_units=n_units)
        drawn, *_ = chances_of_sizes(
            MetricUnderTest("d", load("debiased_cka")), sizes, n_draws=100, seed=1, tell=silent
        )
        assert drawn.mean.low < 1 < drawn.mean.high
        assert drawn.mean.high - drawn.mean.low < 0.05


def test_the_threshold_is_the_fifth_of_a_hundred_between_the_second_and_tenth_order_statistic():
    # Binomial(100, .05) is below 2.5 % up to 0 and reaches 97.5 % at 10: ranks 1 and 11 hold the quantile in 95 %.
    chance = Chance(name="independent", draws=np.arange(1.0, 101.0))
    assert (chance.threshold.value, chance.threshold.low, chance.threshold.high) == (5.0, 1.0, 11.0)
    assert chance.p(4.9) == 5 / 101
    assert chance.p(5.0) == 6 / 101
    assert chance.p(-1.0) == 1 / 101


def test_the_interval_of_the_threshold_holds_the_quantile_as_often_as_it_says():
    rng = generator(3, "coverage")
    found = [Chance(name="independent", draws=np.sort(rng.random(200))).threshold for _ in range(1000)]
    assert 0.94 < np.mean([estimate.low <= 0.05 <= estimate.high for estimate in found]) < 0.99


def test_recordings_have_the_sizes_the_variance_and_the_autocorrelation_that_were_asked():
    sizes = Sizes(n_samples=50, n_units=3, n_trials=1000, autocorrelation=0.8)
    x, y = independent(sizes, generator(1, "ar"))
    assert x.shape == y.shape == (1000, 50, 3)
    for z in (x, y):
        assert z.var() == pytest.approx(1, abs=0.05)
        assert z[:, 0].var() == pytest.approx(1, abs=0.1)
        assert (z[:, 1:] * z[:, :-1]).mean() == pytest.approx(0.8, abs=0.05)
        assert (z[:, 2:] * z[:, :-2]).mean() == pytest.approx(0.64, abs=0.05)
    assert abs((x * y).mean()) < 0.05


def test_a_permutation_reorders_trials_or_the_samples_of_the_only_one_and_a_shift_moves_all_trials_alike():
    y = np.arange(24.0).reshape(4, 6, 1)
    moved = permuted(y, generator(0, "a"))
    assert sorted(moved[:, 0, 0]) == [0, 6, 12, 18]
    assert (np.diff(moved[..., 0], axis=1) == 1).all()
    assert sorted(permuted(y[:1], generator(0, "a")).ravel()) == [0, 1, 2, 3, 4, 5]
    lags = set()
    for k in range(50):
        turned = shifted(y, generator(k, "b"))
        lag = int(turned[0, 0, 0])
        lags.add(lag)
        assert np.array_equal(turned, np.roll(y, -lag, axis=1))
    assert lags == {1, 2, 3, 4, 5}


def test_equal_seeds_give_equal_draws_and_metrics_see_the_same_recordings():
    sizes = Sizes(n_samples=30, n_units=2)
    seen: list[list[bytes]] = []

    def watching(x: Array, y: Array) -> float:
        seen[-1].append(x.tobytes() + y.tobytes())
        return float(len(seen[-1]))

    for seed in (1, 1, 2):
        seen.append([])
        chances_of_sizes(under_test(watching), sizes, n_draws=100, seed=seed, tell=silent)
    assert len(seen[0]) >= 300
    assert seen[0] == seen[1]
    assert not set(seen[0]) & set(seen[2])


def test_every_distance_is_told_to_the_bar():
    told: list[int] = []
    chances_of_sizes(under_test(linear_cka), Sizes(n_samples=5, n_units=2), n_draws=110, seed=1, tell=told.append)
    assert sum(told) == 330


def test_a_null_that_the_metric_does_not_see_or_that_has_too_few_arrangements_is_none():
    x, y = np.random.default_rng(0).standard_normal((2, 3, 40, 2))

    def spread(x: Array, y: Array) -> float:
        return float(abs(x.std() - y.std()))

    permutation, shift = chances_of_pair(under_test(spread), (x, y), n_draws=100, seed=1, tell=silent)
    assert (permutation.why_none, len(permutation.draws)) == ("6 arrangements; needed at least 20", 0)
    assert (shift.why_none, len(shift.draws)) == ("the metric does not see the change", 0)


def test_a_pair_in_step_is_beyond_every_null_and_an_unrelated_one_is_not():
    rng = np.random.default_rng(0)
    x, noise, other = rng.standard_normal((3, 1, 60, 4))
    for y, related in ((x + noise, True), (other, False)):
        distance = under_test(linear_cka).distance(x, y)
        for chance in chances_of_pair(under_test(linear_cka), (x, y), n_draws=200, seed=1, tell=silent):
            assert (chance.p(distance) <= 0.05) is related
            assert (distance < chance.threshold.value) is related


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"n_samples": 0, "n_units": 3}, "0 samples; needed at least 1"),
        ({"n_samples": 3, "n_units": -1}, "-1 units; needed at least 1"),
        ({"n_samples": 3, "n_units": 3, "n_trials": 0}, "0 trials; needed at least 1"),
        ({"n_samples": 10**5, "n_units": 10**5}, "10000000000 numbers; needed at most"),
        ({"n_samples": 3, "n_units": 3, "autocorrelation": 1.0}, "autocorrelation of 1.0; needed"),
        ({"n_samples": 3, "n_units": 3, "autocorrelation": float("nan")}, "autocorrelation of nan; needed"),
    ],
)
def test_sizes_that_no_recording_has_are_refused(sizes, message):
    with pytest.raises(UsageError, match=message):
        Sizes(**sizes)


def test_a_metric_without_an_answer_raises_and_no_number_comes_of_it():
    def breaks(x: Array, y: Array) -> float:
        raise ValueError("no")

    with pytest.raises(MetricError, match="ValueError: no"):
        chances_of_sizes(under_test(breaks), Sizes(n_samples=5, n_units=2), n_draws=100, seed=1, tell=silent)


def test_the_command_writes_a_sentence_a_table_and_a_plot_in_the_terms_of_a_similarity(here, capsys):
    assert ended("theirs.py:linear_cka", "--samples", 20, "--units", 1000, "--draws", 100) == 0
    printed = capsys.readouterr()
    report = read(here)
    drawn = report["nulls"]["independent"]
    assert report["quantity"] == "similarity"
    assert drawn["mean"]["value"] == pytest.approx(1000 / 1020, abs=0.01)
    assert drawn["threshold"]["low"] <= drawn["threshold"]["value"] <= drawn["threshold"]["high"]
    assert sum(value > drawn["threshold"]["value"] for value in drawn["draws"]) == 4
    assert printed.out.startswith("Unrelated recordings of this size have a similarity of 0.98")
    assert "a similarity up to 0.98" in printed.out
    assert "300/300" in printed.err
    markdown = (here / "reports/linear_cka/null.md").read_text(encoding="utf-8")
    assert report["sentence"] in markdown
    assert "metric-harness null theirs.py:linear_cka --samples 20 --units 1000 --draws 100" in markdown
    assert "1 trial x 20 samples x 1000 units" in markdown
    picture = (here / "reports/linear_cka/null.svg").read_text(encoding="utf-8")
    assert picture.startswith("<svg")
    assert {"independent", "permutation", "shift"} <= set(picture.replace("<", ">").split(">"))


def test_the_command_gives_the_same_twice_and_takes_settings_and_seeds(here):
    found = []
    for seed, more in ((1, ()), (1, ()), (2, ()), (1, ("--metric-set", "alpha=0.25"))):
        arguments = ("shape_metric", "--samples", 30, "--units", 3, "--draws", 100, "--seed", seed, *more)
        assert ended(*arguments) == 0
        found.append(read(here, "shape_metric")["nulls"])
    assert found[0] == found[1]
    assert found[0] != found[2]
    assert found[0] != found[3]


@pytest.mark.parametrize("as_one", [True, False])
def test_the_users_own_recordings_are_held_against_what_chance_makes_of_them(here, capsys, as_one):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((50, 4))
    y = np.hstack([x, rng.standard_normal((50, 3))])
    if as_one:
        np.savez("own.npz", x=x, y=y)
    else:
        np.save("x.npy", x[None])
        np.save("y.npy", y)
    files = ["own.npz"] if as_one else ["x.npy", "y.npy"]
    assert ended("theirs.py:linear_cka", "--recordings", *files) == 0
    report = read(here)
    assert report["observed"] == pytest.approx(linear_cka(x, y))
    assert {name: null["p"] for name, null in report["nulls"].items()} == {"permutation": 1 / 201, "shift": 1 / 201}
    assert "is beyond chance (p = 0.004975)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["cka"], "no sizes; needed --samples and --units, or --recordings"),
        (["cka", "--samples", "9"], "no sizes"),
        (["cka", "--samples", "9", "--units", "2", "--draws", "99"], "99 draws; needed at least 100"),
        (["cka", "--samples", "9", "--units", "2", "--seed", "-1"], "--seed -1; needed 0 or more"),
        (["cka", "--samples", "1", "--units", "2"], "cka tells nothing about such recordings"),
        (["ckaa", "--samples", "9", "--units", "2"], "Did you mean cka"),
        (["theirs.py:raises", "--samples", "9", "--units", "2"], "no luck today"),
        (["theirs.py:gives_nan", "--samples", "9", "--units", "2"], "the metric returned nan"),
        (["cka", "--recordings", "none.npy", "x.npy"], "cannot read none.npy"),
        (["cka", "--recordings", "theirs.py", "x.npy"], "cannot read theirs.py"),
        (["cka", "--recordings", "x.npy"], "needed two .npy files, or one .npz with x and y"),
        (["cka", "--recordings", "half.npz"], "half.npz with x; needed two"),
        (["cka", "--recordings", "x.npy", "x.npy", "--units", "3"], "leave out --units"),
        (["cka", "--recordings", "x.npy", "long.npy"], "x has 9 samples and y has 10"),
        (["cka", "--recordings", "x.npy", "nan.npy"], "y holds 1 NaN or infinite"),
    ],
)
def test_a_mistake_is_exit_4_with_a_way_out_and_leaves_no_report(here, capsys, arguments, message):
    x = np.random.default_rng(0).standard_normal((9, 3))
    np.save("x.npy", x)
    np.savez("half.npz", x=x)
    np.save("long.npy", np.vstack([x, x[:1]]))
    np.save("nan.npy", np.where(x == x[0, 0], np.nan, x))
    assert cli.main(["null", *arguments]) == 4
    assert message in capsys.readouterr().err
    assert not (here / "reports").exists()
