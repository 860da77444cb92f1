"""The threshold of "an article answers": as low as the questions that it was learned from allow."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from knowledge.learning import Example, best_threshold, read_article_source


def judged(
    *confidences: float, answered: bool, made: bool = False, source: str = "corpus"
) -> list[tuple[Example, float]]:
    return [(Example(source, 0, (), answered, made), one) for one in confidences]


def threshold_of(*groups: list[tuple[Example, float]]) -> float:
    pairs = [pair for group in groups for pair in group]
    return best_threshold([example for example, _ in pairs], np.array([confidence for _, confidence in pairs]))


def test_where_answers_are_told_apart_without_fault_the_threshold_is_just_above_what_is_unanswered() -> None:
    assert threshold_of(judged(0.6, 0.7, 0.8, answered=True), judged(0.25, 0.3, answered=False)) == 0.31


def test_of_thresholds_that_differ_by_less_than_chance_the_lowest_is_taken() -> None:
    yes, no = [0.9] * 8 + [0.35] * 2, [0.1] * 7 + [0.38] * 3
    # From .39 on 8 of 10 and all are right, from .2 on all and 7 of 10: .90 and .85, where a standard error of the best is .063.
    assert threshold_of(judged(*yes, answered=True), judged(*no, answered=False)) == 0.2
    # With ten times the questions it is .02, and the difference is one.
    assert threshold_of(judged(*yes * 10, answered=True), judged(*no * 10, answered=False)) == 0.39


def test_made_questions_count_only_where_a_corpus_has_no_real_ones() -> None:
    real = [judged(0.8, 0.9, answered=True), judged(0.3, answered=False)]
    assert threshold_of(*real, judged(0.7, answered=False, made=True)) == 0.31
    assert threshold_of(real[0], judged(0.7, answered=False, made=True)) == 0.71


def test_a_readme_about_the_folder_is_no_article_to_learn_from(tmp_path: Path) -> None:
    folder, questions = tmp_path / "articles", tmp_path / "questions.yml"
    folder.mkdir()
    (folder / "README.md").write_text("# How articles are written\n", encoding="utf-8")
    article = "---\nid: cards\ntitle: Cards\nslug: cards\ncategory: Billing\nexcerpt: Which.\n---\nVisa.\n"
    (folder / "cards.md").write_text(article, encoding="utf-8")
    questions.write_text("answered: {which cards: [cards]}\nunanswered: [who are you]\n", encoding="utf-8")
    source = read_article_source(folder, questions)
    assert [one.slug for one in source.articles] == ["cards"]
    assert [bool(one.answers) for one in source.questions] == [True, False]
