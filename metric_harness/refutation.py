"""Claims put to the test: on the fixed corpus, by a search, and with what refuted them in an earlier run.

The fixed corpus gives the number by which two metrics can be compared; the search, drawing data until something breaks,
gives the counterexample.
"""

from metric_harness.adapter import MetricUnderTest
from metric_harness.checks import ClaimFailedError, NotApplicableError, Recorder
from metric_harness.corpora import recorded_corpus
from metric_harness.counterexamples import replayed, saved, told
from metric_harness.errors import MetricError
from metric_harness.profiles import Profile
from metric_harness.questions import Example, Question, Streams, Trial
from metric_harness.search import search
from metric_harness.seeding import generator


def hold(question: Question, metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Streams) -> None:
    """Measure how far a metric is from what a claim says, then hold that against what the metric claims.

    An example that broke the claim in an earlier run is tried too, and stands where neither search nor corpus finds
    another; so a second run says what the first one said.

    Args:
        question: the claim and how to ask about it.
        metric: the metric.
        measure: recorder of the case.
        profile: how many examples to search.
        streams: generators of the case.

    Raises:
        ClaimFailedError: if a claim `True` is broken, or a claim `False` is broken nowhere.
        NotApplicableError: if the metric claims nothing either way.
    """
    corpus = question.on_corpus(metric, recorded_corpus(measure, streams("corpus")), measure, streams)
    deviations = [trial.deviation for trial in corpus]
    measure("worst deviation on the corpus", question.worst(deviations))
    earlier = replayed(question, metric, measure.earlier)
    broken = _searched(question, metric, measure, profile, streams)
    broken = broken or next((trial for trial in corpus if question.breaks(trial)), earlier)
    deviation = question.worst([*deviations, *([broken.deviation] if broken else [])])
    _decide(question, metric, measure, broken, deviation)


def _decide(
    question: Question, metric: MetricUnderTest, measure: Recorder, broken: Trial | None, deviation: float
) -> None:
    claimed = question.claimed(metric)
    measure.observe(question.claim, claimed=claimed, observed=broken is None, deviation=deviation)
    measure.bound = f"{question.quantity} {'above' if question.moves else 'at most'} {question.origin}"
    if claimed is None:
        held = "held" if broken is None else "did not hold"
        raise NotApplicableError(
            f"the metric does not claim '{question.claim}'; observed: it {held}, worst deviation {deviation:.3g}"
        )
    measure.set_score(float((broken is None) is claimed))
    if claimed and broken is not None:
        measure.counterexample = saved(broken)
        raise ClaimFailedError(told(question, metric, broken, measure.case_id))
    if not claimed and broken is None:
        raise ClaimFailedError(
            f"claim refuted: not always: {question.sentence}\n"
            f"  worst deviation = {deviation:.3g}, never {'within' if question.moves else 'above'} what rounding "
            f"explains\n  hint: the metric claims {question.claim}=False; claim True, or None if nothing is meant"
        )


def _searched(
    question: Question, metric: MetricUnderTest, measure: Recorder, profile: Profile, streams: Streams
) -> Trial | None:
    def judge(example: Example) -> Trial | None:
        trial = question.tried(metric, example)
        return trial if question.breaks(trial) else None

    examples = question.drawn(long=question.long or not _answers_small(metric))
    seed = int(streams("search").integers(2**32))
    # What breaks a claim that is not made is counted, not shown.
    claimed = question.claimed(metric) is True
    found = search(examples, judge, n_examples=profile.n_examples, seed=seed, shrink=claimed)
    measure("examples answered in the search", found.n_answers)
    return found.broken


def _answers_small(metric: MetricUnderTest) -> bool:
    """Return whether the metric can be asked about recordings small enough to read."""
    rng = generator(0, "refutation", "small")
    try:
        metric.distance(*rng.standard_normal((2, 3, 4, 3)))
    except MetricError:
        return False
    return True
