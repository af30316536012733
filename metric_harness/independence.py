"""What named measures give for recordings that have nothing to do with each other."""

import math


def independent_cka(n_samples: int, n_units_x: int, n_units_y: int) -> float:
    """Return linear CKA of independent Gaussian recordings, √(p q / ((n + p) (n + q))); p / (n + p) for equal units.

    Centered Gram matrices of n samples are Wishart matrices of n - 1 dimensions: E ⟨K, L⟩ = p q (n - 1) and E |K|² =
    p (n - 1) (n + p). Their ratio is CKA to the order 1/n, and exact as p and q grow. Murphy et al. (2024), arXiv
    2405.01012, report the bias; debiased CKA is 0 on average whatever the sizes.

    Args:
        n_samples: n, 2 or more.
        n_units_x: p.
        n_units_y: q.
    """
    return math.sqrt(n_units_x * n_units_y / ((n_samples + n_units_x) * (n_samples + n_units_y)))
