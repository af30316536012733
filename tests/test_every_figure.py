"""Plots as a page gets them: colored by the page, the same twice, on the scales that their numbers ask for."""

import dataclasses
import re

import matplotlib as mpl
import numpy as np
import pytest

from metric_harness.curve_figures import curve_figure, round_numbers
from metric_harness.drawing import Figure
from metric_harness.evidence import RANGE_SHARE, Curve, Matrix
from metric_harness.matrix_figures import matrix_figure
from metric_harness.profile_figures import profile_figure, profiles_figure
from metric_harness.records import Comparison, SuiteInfo
from metric_harness.trade_off import Point, apart, trade_off_figure

COST = Curve(quantity="seconds", x="number of samples", grid=[500, 1000, 2000, 4000], values=[0.1, 0.2, 0.4, 0.8])
NOISE = Curve(
    quantity="AUC",
    x="noise level",
    grid=[0.001, 0.01, 0.1, 1.0],
    values=[1.0, 1.0, None, 0.5],
    intervals=[(0.9, 1.0), (0.9, 1.0), (0.8, 1.0), (0.3, 0.7)],
    breakdown=0.4,
)
GROUPS = Curve(quantity="accuracy", x="group", grid=["a", "b"], values=[0.1, 0.9], intervals=[(0.0, 0.2), (0.8, 1.0)])
MATRIX = Matrix(quantity="d", labels=["near", "far", "beside"], rows=[[None, 9, 1], [9, None, 9], [1, 9, None]])
PROFILE = [
    Curve(
        quantity=RANGE_SHARE,
        x="nuisance",
        grid=["rotation", "scale"],
        values=[-0.0, 2.5],
        intervals=[(-0.1, 0.1), (2.0, 3.0)],
    ),
    Curve(quantity=RANGE_SHARE, x="signal", grid=["speed", "motif"], values=[0.7, None]),
]
COMPARED = Comparison(
    schema_version="1.4",
    suite=SuiteInfo(version="1", profile="smoke", n_cases=1),
    seed=1,
    complete=False,
    metrics=["one", "none", "two"],
    digests={},
    pass_rates={},
    cases=[],
    published=[],
    profiles={"one": {"rotation": 0.0, "speed": 0.5}, "two": {"rotation": 1.7}},
    profiled={"nuisance": ["rotation"], "signal": ["speed"]},
)
POINTS = [Point(label=f"metric {k}", cost=10.0**k, score=0.8, low=None, high=None) for k in range(8)]


def drawn(name: str) -> list[Figure]:
    return [
        curve_figure([COST], name),
        curve_figure([NOISE, NOISE], name),
        curve_figure([GROUPS], name),
        matrix_figure(MATRIX, name),
        profile_figure(PROFILE, name),
        profiles_figure(COMPARED, name),
        trade_off_figure(POINTS, name),
    ]


def texts(figure: Figure) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", figure.svg)


def test_a_plot_is_the_same_twice_whatever_the_users_own_style(monkeypatch):
    once = drawn("a")
    monkeypatch.setitem(mpl.rcParams, "lines.linewidth", 9.0)
    assert drawn("a") == once
    assert mpl.rcParams["lines.linewidth"] == 9.0


def test_identifiers_begin_with_the_name_and_colors_are_the_pages():
    for figure in drawn("case-7"):
        assert figure.svg.startswith("<svg")
        assert all(found.startswith("case-7-") for found in re.findall(r' id="([^"]*)"', figure.svg))
        assert "var(--ink)" in figure.svg
        assert not re.search("#0[1-4]0[1-4]0[1-6]|<style|<image", figure.svg)


def test_a_cost_is_read_off_logarithmic_axes_with_plain_numbers():
    shown = texts(curve_figure([COST], "a"))
    assert {"500", "1000", "2000", "4000", "number of samples", "seconds"} <= set(shown)
    assert not [text for text in shown if "$" in text]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.42, 0.64, [0.42, 0.64]),
        (0.1, 0.8, [0.1, 0.2, 0.5]),
        (1.0, 1000.0, [1, 10, 100, 1000]),
        (1e-12, 1.0, [1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 1e-2, 1]),
    ],
)
def test_ticks_are_round_numbers_and_not_too_many(low, high, expected):
    assert round_numbers(low, high) == pytest.approx(expected)


def test_a_breakdown_is_marked_and_told_in_words():
    figure = curve_figure([NOISE], "a")
    assert "breakdown 0.4" in texts(figure)
    assert figure.words == "AUC by noise level: 1 at 0.001, 1 at 0.01, 0.5 at 1, breaking down at 0.4"


def test_several_curves_have_a_legend_and_labels_name_their_places():
    assert texts(curve_figure([NOISE, NOISE], "a")).count("AUC") == 3
    assert {"a", "b"} <= set(texts(curve_figure([GROUPS], "a")))


def test_a_matrix_is_put_in_the_order_of_its_tree():
    figure = matrix_figure(MATRIX, "a")
    order = figure.words.partition("in the order ")[2].split(", ")
    assert abs(order.index("near") - order.index("beside")) == 1
    assert set(MATRIX.labels) <= set(texts(figure))


@pytest.mark.parametrize(
    "rows", [[[None, None, 1], [None, None, 1], [1, 1, None]], [[0, -1, 1], [-1, 0, 1], [1, 1, 0]]]
)
def test_a_matrix_without_a_tree_keeps_its_order(rows):
    assert "order near, far, beside" in matrix_figure(Matrix(quantity="d", labels=MATRIX.labels, rows=rows), "a").words


def test_every_metric_is_named_beside_the_trade_off():
    assert {point.label for point in POINTS} <= set(texts(trade_off_figure(POINTS, "a")))


@pytest.mark.parametrize("heights", [[0.9, 0.5, 0.1], [0.99] * 10, [0.01] * 10, [0.7, *[0.69] * 4, 0.2, 0.0], [0.5]])
def test_names_beside_points_are_apart_and_inside(heights):
    placed = np.array(apart(heights, 0.1))
    assert (-np.diff(placed) >= 0.1 - 1e-12).all()
    assert (placed >= 0.05 - 1e-12).all()
    assert (placed <= 0.95 + 1e-12).all()


def test_names_that_have_room_stay_beside_their_points():
    assert apart([0.9, 0.5, 0.1], 0.1) == [0.9, 0.5, 0.1]


def test_a_profile_has_a_bar_and_a_number_for_each_change_and_far_bars_are_cut():
    figure = profile_figure(PROFILE, "a")
    assert {"rotation", "scale", "speed", "motif", "0.00", "2.50", "0.70"} <= set(texts(figure))
    assert "-0.00" not in texts(figure)
    assert figure.words == "share of its range: rotation 0.00; scale 2.50; speed 0.70"
    assert "2" not in texts(figure)


def test_a_matrix_of_profiles_has_a_column_for_each_metric_that_has_one():
    figure = profiles_figure(COMPARED, "a")
    assert {"one", "two", "rotation", "speed"} <= set(texts(figure))
    assert "none" not in texts(figure)
    assert figure.words == "share of its range of one, two, by nuisance: rotation; signal: speed"


def test_what_a_metric_refuses_is_hatched_and_no_shade():
    assert "<pattern" in profiles_figure(COMPARED, "a").svg


def test_costs_within_a_decade_are_written_as_plain_numbers():
    near = [dataclasses.replace(point, cost=2.0 + k) for k, point in enumerate(POINTS)]
    written = texts(trade_off_figure(near, "a"))
    assert {"2", "3"} <= set(written)
    assert not [text for text in written if "$" in text]
