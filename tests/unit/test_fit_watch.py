"""What a fit says of its progress."""

from rramcirc.studies.fit.watch import Watch


def test_a_long_search_says_how_far_it_is_and_how_long_the_rest_may_take() -> None:
    said: list[str] = []
    seconds = iter([0.0, 10.0, 12.0, 16.0, 17.0])
    watch = Watch(said.append, lambda: next(seconds))
    watch.begin("search", 10)  # at 10 s
    watch.count()  # at 12 s: too early for a line
    watch.count()  # at 16 s: 2 of 10 took 6 s
    watch.count()  # at 17 s
    assert said == ["  search: 2 of at most 10 parameter sets, at most 24 s left"]
