"""The study's protocols, asked of metrics whose answers are known beforehand."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest

from metric_harness import published, replication
from metric_harness.arrays import Array, Trajectories
from metric_harness.checks import Recorder
from metric_harness.errors import MetricError
from metric_harness.seeding import generator
from metric_harness.simulation import N_STEPS, simulate
from metric_harness.systems.lorenz import Lorenz
from metric_harness.transforms import attach_all, normalize_range

PROTOCOLS = {
    "regimes": replication.regimes,
    "noise": replication.noise,
    "mixing": replication.mixing,
    "composition": replication.composition,
}
R_OF_MOTIFS = (0.5, 5.0, 10.0, 15.0, 30.0, 40.0, 50.0)
ROUND = [(i, (i + shift) % 7) for shift in range(1, 7) for i in range(7)]
"""All ordered pairs of seven motifs, every motif first once in each run of seven."""


def rng(*path: str | int) -> np.random.Generator:
    return generator(47, "test_replication", *path)


class Stub:
    """A metric that remembers what it was asked and answers by the place of the recordings."""

    def __init__(self, answer=lambda i, j: 1.0):
        self.answer = answer
        self.asked: list[tuple[Sequence[Trajectories], Sequence[tuple[int, int]]]] = []

    def __call__(self, xs: Sequence[Trajectories], pairs: Sequence[tuple[int, int]]) -> Array:
        self.asked.append((xs, pairs))
        return np.array([self.answer(i, j) for i, j in pairs], dtype=float)


def by_euler(r: float, stream: np.random.Generator, n_trials: int = 3) -> Trajectories:
    return normalize_range(simulate(Lorenz(r), stream.random((n_trials, 3)), method="euler"))


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_protocol_measures_every_published_quantity(name):
    found = PROTOCOLS[name](Stub(), rng(name), n_trials=2)
    assert set(found) == set(published.published_quantities(name))


@pytest.mark.parametrize("name", PROTOCOLS)
def test_no_protocol_asks_for_a_self_pair_or_the_same_pair_twice(name):
    stub = Stub()
    PROTOCOLS[name](stub, rng(name), n_trials=2)
    for xs, pairs in stub.asked:
        assert all(i != j and not np.array_equal(xs[i], xs[j]) for i, j in pairs)
        assert len({frozenset(pair) for pair in pairs}) == len(pairs)
        assert {x.shape for x in xs} == {(2, N_STEPS, 3)}


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_constant_metric_gets_its_constant_without_error_everywhere(name):
    found = PROTOCOLS[name](Stub(lambda i, j: 0.25), rng(name), n_trials=2)
    for quantity, result in found.items():
        assert result.value == pytest.approx(0.5 if "AUC" in quantity else 0.25), quantity
        assert result.standard_error == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_protocol_repeats_itself_from_an_equal_generator_only(name):
    first, again, other = Stub(), Stub(), Stub()
    PROTOCOLS[name](first, rng("a"), n_trials=2)
    PROTOCOLS[name](again, rng("a"), n_trials=2)
    PROTOCOLS[name](other, rng("b"), n_trials=2)
    np.testing.assert_array_equal(first.asked[0][0], again.asked[0][0])
    assert np.abs(np.array(first.asked[0][0]) - other.asked[0][0]).max() > 0.01


def test_the_studys_settings_are_those_of_its_code():
    assert dict(replication.SIGMAS) == {"HEAD": (0.004, 0.002, 0.001), "September": (0.01, 0.005, 0.0025)}
    assert replication.WEIGHTS == (1.0, 0.5, 0.25)
    assert replication.N_TRIALS == 200


def test_regimes_are_euler_paths_from_points_of_their_own():
    stub, stream = Stub(), rng("own")
    replication.regimes(stub, rng("own"), n_trials=3)
    expected = [by_euler(r, stream) for r in (0.25, 0.5, 0.75, 5.0, 10.0, 15.0, 30.0, 40.0, 50.0)]
    np.testing.assert_array_equal(stub.asked[0][0], expected)


def test_regime_contrasts_of_a_ladder_are_what_the_hand_computes():
    found = replication.regimes(Stub(lambda i, j: j - i), rng(), n_trials=2)
    expected = {
        # Each regime has steps 1, 2, 1. All 36 pairs sum to 120, so the 27 across have 108.
        "mean within regimes": (4 / 3, 9),
        "mean across regimes": (4.0, 27),
        # Across: 1 twice, 2 four times, the rest above. Each of six 1s wins 25 + 2/2 of 27, each of three 2s 21 + 4/2.
        "AUC of within against across": (25 / 27, 36),
        "mean of one attractor to two stable": (3.0, 9),
        "mean of one attractor to two unstable": (6.0, 9),
        "mean of two stable to two unstable": (3.0, 9),
    }
    assert {name: (result.value, result.n_pairs) for name, result in found.items()} == {
        name: (pytest.approx(value), n) for name, (value, n) in expected.items()
    }


def test_the_standard_error_of_a_mean_over_regimes_leaves_out_one_system_at_a_time():
    # Distance 9 between systems 0 and 1, else 0. Within: 9 of 9 pairs = 1; without 0 or 1 a mean of 0 over 7 pairs,
    # without 2 or any other 9/7. Seven 9/7 and two 0 average to 1: SS = 7 (2/7)² + 2 = 18/7, times 8/9.
    found = replication.regimes(Stub(lambda i, j: 9.0 * ((i, j) == (0, 1))), rng(), n_trials=2)
    assert found["mean within regimes"].value == 1.0
    assert found["mean within regimes"].standard_error == pytest.approx(math.sqrt(8 / 9 * 18 / 7))
    assert found["mean across regimes"].standard_error == 0.0


def noise_with(values: Sequence[float]) -> replication.Replicated:
    stub = Stub(lambda i, j: values[i // 2])
    return replication.noise(stub, rng("noise"), n_trials=2, n_pairs=len(values))["noise 0.004 (HEAD)"]


def test_the_jackknife_of_independent_values_is_the_usual_standard_error():
    # Mean 3, variance (4 + 1 + 9) / 2 = 7.
    found = noise_with([1, 2, 6])
    assert (found.value, found.n_pairs) == (3.0, 3)
    assert found.standard_error == pytest.approx(math.sqrt(7 / 3))


def test_pairs_of_one_motif_are_left_out_together():
    # The first and the eighth pair are motif 0's. Without it the mean is 0, without another 8/7; these seven average
    # to 48/49, SS = (48² + 6 · 8²) / 49².
    found = noise_with([8, 0, 0, 0, 0, 0, 0, 0])
    assert found.value == 1.0
    assert found.standard_error == pytest.approx(math.sqrt(6 / 7 * 2688 / 2401))


def test_a_pair_of_motifs_is_left_out_with_either():
    # Seven pairs in a ring, one of distance 7. Without either of its motifs the mean is 0, without another 7/5; the
    # seven average to 1, SS = 2 + 5 · .4² = 2.8.
    stub = Stub(lambda i, j: 7.0 * (i == 0))
    found = replication.mixing(stub, rng("ring"), n_trials=2, n_pairs=7)["weight 1"]
    assert found.value == 1.0
    assert found.standard_error == pytest.approx(math.sqrt(6 / 7 * 2.8))


def test_a_single_recording_has_no_standard_error_and_an_estimate_without_interval():
    found = noise_with([0.3])
    assert math.isnan(found.standard_error)
    estimate = found.estimate()
    assert (estimate.value, estimate.low, estimate.high) == (0.3, 0.3, 0.3)


@pytest.mark.parametrize(
    ("value", "error", "limits", "expected"),
    [
        (2.0, 0.5, (0.0, math.inf), (1.02, 2.98)),
        (0.5, 0.5, (0.0, math.inf), (0.0, 1.48)),
        (0.9, 0.1, (0.0, 1.0), (0.704, 1.0)),
    ],
)
def test_an_estimate_is_1_96_errors_wide_within_its_limits(value, error, limits, expected):
    estimate = replication.Replicated(value, error, 9, limits).estimate()
    assert (estimate.low, estimate.high) == pytest.approx(expected)


def test_the_interval_of_an_auc_ends_at_one():
    found = replication.regimes(Stub(lambda i, j: j - i + rng(i, j).random()), rng(), n_trials=2)
    assert found["AUC of within against across"].limits == (0.0, 1.0)
    assert found["mean across regimes"].limits == (0.0, math.inf)


def test_noisy_copies_are_two_of_one_motif_at_each_level_of_both_versions():
    stub, stream = Stub(), rng("copies")
    replication.noise(stub, rng("copies"), n_trials=3, n_pairs=42)
    clean = [by_euler(r, stream) for r in R_OF_MOTIFS]
    assert len(stub.asked) == 6
    for (copies, pairs), sigma in zip(stub.asked, (0.004, 0.002, 0.001, 0.01, 0.005, 0.0025), strict=True):
        assert pairs == [(2 * k, 2 * k + 1) for k in range(42)]
        for k, (i, _) in enumerate(ROUND):
            shrunk = math.sqrt(1 - sigma**2) * clean[i]
            for copy in copies[2 * k : 2 * k + 2]:
                # The standard error of a standard deviation of 1800 numbers is 1.7 %.
                assert (copy - shrunk).std() == pytest.approx(sigma, rel=0.09)
            assert (copies[2 * k] - copies[2 * k + 1]).std() == pytest.approx(math.sqrt(2) * sigma, rel=0.09)


def test_a_mixture_is_another_noisy_copy_plus_the_second_motifs_clean_motion():
    stub, stream = Stub(), rng("mixtures")
    replication.mixing(stub, rng("mixtures"), n_trials=3)
    clean = [by_euler(r, stream) for r in R_OF_MOTIFS]
    settings = zip(stub.asked, (0.004, 0.002, 0.001), (1.0, 0.5, 0.25), strict=True)
    assert len(set(ROUND)) == 42
    for (recordings, pairs), sigma, weight in settings:
        assert pairs == [(2 * k, 2 * k + 1) for k in range(42)]
        for k, (i, j) in enumerate(ROUND):
            motion = weight * (clean[j] - clean[j][:, :1])
            residue = recordings[2 * k + 1] - recordings[2 * k] - motion
            assert residue.std() == pytest.approx(math.sqrt(2) * sigma, rel=0.09)
            assert (recordings[2 * k] - math.sqrt(1 - sigma**2) * clean[i]).std() == pytest.approx(sigma, rel=0.09)


@pytest.mark.parametrize("protocol", [replication.noise, replication.mixing])
@pytest.mark.parametrize("n_pairs", [0, 43])
def test_more_pairs_than_the_study_has_are_refused(protocol, n_pairs):
    with pytest.raises(ValueError, match=f"{n_pairs} pairs asked for; needed 1 to 42"):
        protocol(Stub(), rng(), n_trials=2, n_pairs=n_pairs)


ORDERS = list(itertools.permutations(range(5), 3))


def kind_of(i: int, j: int) -> tuple[int, int]:
    """Return how many motifs two composites share, anywhere and in place."""
    a, b = ORDERS[i], ORDERS[j]
    return len(set(a) & set(b)), sum(p == q for p, q in zip(a, b, strict=True))


def test_all_1770_pairs_of_composites_are_counted_by_what_they_share():
    found = replication.composition(Stub(lambda i, j: 10 * kind_of(i, j)[0] + kind_of(i, j)[1]), rng(), n_trials=2)
    assert {name: result.n_pairs for name, result in found.items()} == {
        # Ten sets of three motifs: 15 pairs of sets share one, 30 share two, with 36 pairs of orders; each set has 15.
        "1 shared": 15 * 36,
        "2 shared": 30 * 36,
        "3 shared": 10 * 15,
        # Two in place: 3 places to differ in, 20 pairs elsewhere, 3 pairs of what is left. In each place 5 · 66 pairs
        # agree: 990 in all, of which these hold 360.
        "2 in place": 180,
        "1 in place": 630,
        "0 in place": 1770 - 180 - 630,
    }
    # Of the 15 pairs of orders of one set, 9 are transpositions, which leave one motif in place.
    assert found["3 shared"].value == pytest.approx(30 + 9 / 15)


@pytest.mark.parametrize("most", [1, 5, 40])
def test_a_sample_of_each_kind_stands_for_its_share(most):
    answer = {kind: 1 + k**2 for k, kind in enumerate([(1, 0), (1, 1), (2, 0), (2, 1), (2, 2), (3, 0), (3, 1)])}
    stub = Stub(lambda i, j: answer[kind_of(i, j)])
    everything = replication.composition(Stub(lambda i, j: answer[kind_of(i, j)]), rng(), n_trials=2)
    sample = replication.composition(stub, rng(), n_trials=2, pairs_per_kind=most)
    pairs = stub.asked[0][1]
    assert len(pairs) == 7 * most
    assert {kind: [kind_of(i, j) for i, j in pairs].count(kind) for kind in answer} == dict.fromkeys(answer, most)
    for name, result in sample.items():
        assert result.value == pytest.approx(everything[name].value), name


def test_composites_are_attached_from_the_five_motifs_in_all_orders():
    stub = Stub()
    replication.composition(stub, rng("composites"), n_trials=2)
    motifs = replication.composition_motifs(2, rng("composites"))
    expected = [attach_all([motifs[k] for k in order]) for order in ORDERS]
    np.testing.assert_array_equal(stub.asked[0][0], expected)


def test_the_fifth_motif_joins_lines_and_curves_with_those_of_the_last_trials():
    straight, curve, near, far, joined = replication.composition_motifs(4, rng("five"))
    np.testing.assert_array_equal(joined, attach_all([straight, curve, straight[::-1], curve[::-1]]))
    stream = rng("five")
    np.testing.assert_array_equal(straight, replication.line_motif(4, stream))
    for motif, r in zip((curve, near, far), (0.5, 5.0, 15.0), strict=True):
        np.testing.assert_array_equal(motif, by_euler(r, stream, 4))


def unnormalized_motion(lines: Trajectories, *path: str | int) -> Trajectories:
    """Return lines less their starts, before normalization, whose range the known starts give away."""
    start = rng(*path).random((len(lines), 1, 3))
    a, b = start[:, 0].argmax(axis=1), start[:, 0].argmin(axis=1)
    k = np.arange(len(lines))
    span = (start[k, 0, a] - start[k, 0, b]) / (lines[k, 0, a] - lines[k, 0, b])
    return (lines - lines[:, :1]) * span[:, None, None]


@pytest.mark.parametrize("rule", ["meant", "published"])
def test_lines_are_straight_and_accelerate_step_by_step(rule):
    lines = replication.line_motif(5, rng("straight"), line=rule)
    assert lines.shape == (5, N_STEPS, 3)
    np.testing.assert_allclose([lines.min(axis=(1, 2)), lines.max(axis=(1, 2))], [[0] * 5, [1] * 5])
    steps = np.diff(lines, axis=1)
    # Step i is i v: the last, number 198, gives v.
    v = steps[:, -1:] / 198
    np.testing.assert_allclose(steps, np.arange(N_STEPS - 1)[:, None] * v, atol=1e-12)


def test_every_meant_line_has_a_direction_of_its_own_and_the_same_length():
    moved = unnormalized_motion(replication.line_motif(200, rng("meant"), line="meant"), "meant")[:, -1]
    # 0 + 1 + … + 198 = 19701 steps of 1e-4.
    np.testing.assert_allclose(np.linalg.norm(moved, axis=1), 1.9701, rtol=1e-9)
    directions = moved / 1.9701
    # A coordinate of a random direction has mean 0 and mean square 1/3; 5 standard errors over 200.
    assert np.abs(directions.mean(axis=0)).max() < 5 / math.sqrt(3 * 200)
    np.testing.assert_allclose((directions**2).mean(axis=0), 1 / 3, atol=5 * math.sqrt(4 / 45 / 200))


def test_published_lines_shrink_until_17_of_200_move_by_more_than_a_thousandth():
    moved = unnormalized_motion(replication.line_motif(200, rng("shrunk"), line="published"), "shrunk")[:, -1]
    lengths = np.linalg.norm(moved, axis=1)
    # The eighteenth line, number 17, moves by exactly 1e-3.
    assert (lengths > 1e-3 * (1 + 1e-6)).sum() == 17
    assert lengths[0] == pytest.approx(1.9701)
    assert lengths[17] == pytest.approx(1e-3)
    np.testing.assert_allclose(lengths[1:25] / lengths[:24], (1e-3 / 1.9701) ** (1 / 17), rtol=1e-6)
    np.testing.assert_allclose(moved[:18] / lengths[:18, None], np.tile(moved[0] / lengths[0], (18, 1)), atol=1e-9)


def test_published_lines_are_the_default():
    expected = replication.line_motif(5, rng("default"), line="published")
    np.testing.assert_array_equal(replication.line_motif(5, rng("default")), expected)
    assert np.abs(replication.line_motif(5, rng("default"), line="meant") - expected)[1:].max() > 0.1


def test_what_is_recorded_bears_the_prefix_and_an_interval():
    measure = Recorder()
    replication.record(measure, lambda: {"mean within regimes": replication.Replicated(2.0, 0.5, 9)})
    assert measure.measurements == {
        "published mean within regimes": 2.0,
        "published mean within regimes interval": pytest.approx([1.02, 2.98]),
    }


def test_a_metric_that_cannot_answer_leaves_its_reason():
    def refuses() -> dict[str, replication.Replicated]:
        raise MetricError("the rank is too high")

    measure = Recorder()
    replication.record(measure, refuses)
    assert measure.measurements == {"published protocol: error": "the rank is too high"}
