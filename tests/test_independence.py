"""The chance value of CKA, against simulation and by hand, and that of its debiased form."""

import numpy as np
import pytest

from metric_harness.families import debiased_linear_cka, linear_cka
from metric_harness.independence import independent_cka
from metric_harness.seeding import generator


def test_by_hand():
    assert independent_cka(100, 100, 100) == pytest.approx(0.5)
    assert independent_cka(100, 5000, 5000) == pytest.approx(50 / 51)
    assert independent_cka(6, 2, 3) == pytest.approx(np.sqrt(6 / (8 * 9)))


@pytest.mark.parametrize(("n_samples", "p", "q"), [(40, 20, 20), (40, 400, 400), (30, 1500, 1500), (40, 10, 200)])
def test_independent_recordings_have_the_expected_cka_and_no_debiased_one(n_samples, p, q):
    rng = generator(7, "independence", n_samples, p, q)
    pairs = [(rng.standard_normal((1, n_samples, p)), rng.standard_normal((1, n_samples, q))) for _ in range(30)]
    biased, debiased = (np.array([measure(*pair) for pair in pairs]) for measure in (linear_cka, debiased_linear_cka))
    # Four standard errors, and what the ratio of expectations leaves out.
    assert abs(biased.mean() - independent_cka(n_samples, p, q)) < 4 * biased.std() / np.sqrt(30) + 0.1 / n_samples
    assert abs(debiased.mean()) < 4 * debiased.std() / np.sqrt(30)
