"""A seed and a path below it name one stream, whatever else was drawn before."""

import itertools
import math

import numpy as np
import pytest
import torch

from metric_harness.seeding import DEFAULT_SEED, generator, seeded_torch

CRC32_CHECK = 0xCBF43926
"""CRC-32 of the text 123456789, the check value that every description of the algorithm prints."""


def first_word(seed: int, *path: str | int) -> int:
    return int(generator(seed, *path).bit_generator.random_raw())


def test_a_bare_seed_is_numpys_own_stream():
    ours = generator(12).bit_generator.random_raw(5)
    np.testing.assert_array_equal(ours, np.random.default_rng(12).bit_generator.random_raw(5))


def test_words_enter_as_one_and_their_crc32_and_counters_as_zero_and_themselves():
    expected = np.random.PCG64(np.random.SeedSequence(7, spawn_key=(1, CRC32_CHECK, 0, 3))).random_raw(4)
    np.testing.assert_array_equal(generator(7, "123456789", 3).bit_generator.random_raw(4), expected)


def test_the_stream_of_one_path_is_what_it_was_when_first_published():
    # NumPy keeps SeedSequence and PCG64's raw words stable; a change here would change every scorecard.
    assert DEFAULT_SEED == 20241024
    assert generator(7, "noise.floor", "world", 3).bit_generator.random_raw(2).tolist() == [
        6181459775926747164,
        1728134097638768867,
    ]


def test_equal_paths_give_equal_streams():
    np.testing.assert_array_equal(generator(1, "case", "draw", 2).random(9), generator(1, "case", "draw", 2).random(9))


PATHS: list[tuple[int, tuple[str | int, ...]]] = [
    (1, ()),
    (2, ()),
    (1, ("a",)),
    (1, ("b",)),
    (2, ("a",)),
    (1, ("a", "b")),
    (1, ("b", "a")),
    (1, ("ab",)),
    (1, ("a", 0)),
    (1, ("a", 1)),
    (1, ("a", 0, 0)),
    (1, ("a", "0")),
    (1, (0,)),
    (1, ("",)),
    (1, ("é",)),
]


def test_unequal_seeds_and_paths_give_unequal_streams():
    words = [first_word(seed, *path) for seed, path in PATHS]
    repeated = [pair for pair in itertools.combinations(range(len(words)), 2) if words[pair[0]] == words[pair[1]]]
    assert not repeated


def test_streams_of_neighboring_counters_are_uncorrelated():
    draws = np.array([generator(DEFAULT_SEED, "world", k).standard_normal(2000) for k in range(20)])
    off_diagonal = np.corrcoef(draws)[np.triu_indices(20, 1)]
    # 190 correlations with standard error 1/√2000 = .022: beyond 5 of them with probability 1e-4.
    assert np.abs(off_diagonal).max() < 5 / math.sqrt(2000)


def test_streams_do_not_depend_on_the_order_of_their_creation_or_use():
    forward = {k: generator(3, "trial", k).random(4).tolist() for k in range(5)}
    backward = {k: generator(3, "trial", k).random(4).tolist() for k in reversed(range(5))}
    assert forward == backward
    interleaved = [generator(3, "trial", k) for k in range(5)]
    turns = [[rng.random() for rng in interleaved] for _ in range(4)]
    assert [list(column) for column in zip(*turns, strict=True)] == [forward[k] for k in range(5)]


def test_the_global_generator_is_neither_read_nor_moved():
    before = np.random.get_state()[1].tolist()  # noqa: NPY002 - the global generator is the point here
    drawn = generator(5, "x").random()
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
    np.random.random(3)  # noqa: NPY002
    assert generator(5, "x").random() == drawn


@pytest.mark.parametrize(("seed", "path"), [(-1, ()), (-1, ("a",)), (1, (-1,)), (1, ("a", -3)), (1, (2**32,))])
def test_seeds_and_counters_out_of_range_are_refused(seed, path):
    with pytest.raises(ValueError, match=r"non-negative|no counter of a seed path"):
        generator(seed, *path)


def test_torchs_generator_is_seeded_inside_and_what_it_was_outside():
    before = torch.get_rng_state()
    draws = []
    for seed in (3, 3, 4):
        with seeded_torch(seed):
            draws.append(torch.rand(2).tolist())
    assert draws[0] == draws[1] != draws[2]
    assert torch.equal(torch.get_rng_state(), before)


def test_torchs_generator_is_put_back_after_an_error():
    before = torch.get_rng_state()
    with pytest.raises(RuntimeError), seeded_torch(3):
        torch.rand(1) @ torch.rand(2)
    assert torch.equal(torch.get_rng_state(), before)
