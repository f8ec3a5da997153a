"""Mistakes are collected with their place and told at once, by line, each once."""

from __future__ import annotations

from rramcirc.basics.mistakes import Mistakes, key_lines, some_of


def test_mistakes_are_listed_by_line_with_the_place_of_their_key() -> None:
    mistakes = Mistakes(key_lines("rows = 1\n[design]\nname = 1\n[analysis]\n"), stop=".")
    mistakes.add("is no text.", "design", "name")
    mistakes.add("is too few", "rows")
    mistakes.add("is missing", "analysis", "stop")
    assert len(mistakes) == 3
    assert str(mistakes.error(f"a.toml has {mistakes.counted}")).splitlines() == [
        "a.toml has 3 mistakes:",
        "  line 1, rows: is too few.",
        "  line 3, design.name: is no text.",
        "  line 4, analysis.stop: is missing.",
    ]


def test_a_mistake_that_is_found_twice_is_told_once() -> None:
    mistakes = Mistakes()
    assert not mistakes
    for _ in range(2):
        mistakes.add("ea is negative")
    assert str(mistakes.sentence("card a")) == "card a: ea is negative."
    mistakes.add("nu is\nnegative")
    assert str(mistakes.sentence("card a")) == "card a: 2 mistakes:\n  ea is negative\n  nu is\n  negative"


def test_values_that_are_not_from_the_file_are_told_as_set() -> None:
    mistakes = Mistakes({("rows",): 0})
    mistakes.add("is too few", "rows")
    assert str(mistakes.error("a")) == "a:\n  --set, rows: is too few"


def test_more_texts_than_are_shown_are_counted() -> None:
    assert some_of(["a", "b"], 2) == "a; b"
    assert some_of(["a", "b", "c", "d"], 2) == "a; b; and 2 more"
