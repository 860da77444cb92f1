"""Learns from data when a search may say that an article answers, and writes `knowledge/confidence_model.py`.

    python -m knowledge.learning --corpus DIR --corpus DIR --articles knowledge/articles --questions FILE [--write]

Questions without an answer are rare in public data, so they are also made: a question that has an answer is asked of the same
corpus without the articles that answer it. A model learned from these alone judges TechQA's real unanswerable questions nearly
as well as one that has seen such; the report prints both. The real ones of every corpus are judged by models that have not seen
them (5 folds over the questions), and each corpus also by a model learned from the others.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from core.clock import SystemClock
from core.embedding import Encoder, OnnxEncoder
from core.errors import BatonError, ConfigurationError
from knowledge.article_files import parse_article
from knowledge.articles import Article, Viewer
from knowledge.beir import Question, article_id, read_documents, read_questions
from knowledge.ranking import Shape, shape
from knowledge.retriever import Mode
from knowledge.seed import article_files
from knowledge.terms import question_terms
from knowledge.workbench import search_over

NAMES = tuple(one.name for one in fields(Shape))
WORDS_ALONE = ("coverage", "lead")
"""What judges while there is no vector index. The title's share, which helps with meaning, misjudges long questions without it."""
FOLDS = 5
TARGET = Path(__file__).with_name("confidence_model.py")


@dataclass(frozen=True)
class Source:
    """A corpus with questions whose answers are known."""

    name: str
    articles: list[Article]
    questions: list[Question]


@dataclass(frozen=True)
class Example:
    """One search, judged: whether the corpus held an answer. `made` when its answers were taken away for it."""

    source: str
    fold: int
    values: tuple[float, ...]
    answered: bool
    made: bool


def read_beir_source(folder: Path) -> Source:
    """Read a corpus in the BEIR layout."""
    articles = [one for one in read_documents(folder, now=SystemClock().now()) if isinstance(one, Article)]
    return Source(folder.name, articles, [one for one in read_questions(folder) if isinstance(one, Question)])


def read_article_source(folder: Path, questions: Path) -> Source:
    """Read a folder of articles and a file of questions (`answered`: slugs by question; `unanswered`: a list)."""
    now = SystemClock().now()
    files = article_files(folder)
    articles = [parse_article(one.read_text(encoding="utf-8"), file=one.name, now=now) for one in files]
    ids = {one.slug: one.id for one in articles}
    asked = yaml.safe_load(questions.read_text(encoding="utf-8"))
    unknown = {slug for slugs in asked["answered"].values() for slug in slugs} - set(ids)
    if unknown:
        raise ConfigurationError(f"{questions} names articles that are not in {folder}: {', '.join(sorted(unknown))}.")
    found = [Question(text, text, {ids[slug]: 1.0 for slug in slugs}) for text, slugs in asked["answered"].items()]
    return Source(folder.name, articles, found + [Question(text, text, {}) for text in asked["unanswered"]])


async def examples_of(source: Source, encoder: Encoder) -> dict[Mode, list[Example]]:
    """Ask every question of its corpus, and those with an answer also of the corpus without it; with meaning and without."""
    examples: dict[Mode, list[Example]] = {"hybrid": [], "words": []}
    async with search_over(source.articles, encoder) as retriever:
        for number, question in enumerate(source.questions):
            terms = question_terms(question.text)
            answers = {article_id(one) for one in question.answers}
            for mode, known in examples.items():
                for without in [set(), answers] if answers else [set()]:
                    found = await retriever.find(question.text, terms, Viewer.ANONYMOUS, mode=mode, without=without)
                    if found.ranked:
                        values = astuple(shape(found.ranked, found.statistics, semantic=found.semantic))
                        answered = bool(answers) and not without
                        known.append(Example(source.name, number % FOLDS, values, answered, bool(without)))
    return examples


def learn(examples: Sequence[Example], names: Sequence[str]) -> dict[str, float]:
    """Fit a logistic model in which every source, and in it either answer, weighs the same."""
    from sklearn.linear_model import LogisticRegression

    values, answered = _matrix(examples, names), np.array([one.answered for one in examples])
    middle, spread = values.mean(axis=0), values.std(axis=0)
    sizes: dict[tuple[str, bool], int] = {}
    for one in examples:
        sizes[one.source, one.answered] = sizes.get((one.source, one.answered), 0) + 1
    weights = np.array([1.0 / sizes[one.source, one.answered] for one in examples])
    model = LogisticRegression(C=1.0, max_iter=1_000)
    model.fit((values - middle) / spread, answered, sample_weight=weights * len(examples) / weights.sum())
    slopes = model.coef_[0] / spread
    learned = dict(zip(names, (float(one) for one in slopes), strict=True))
    return {"intercept": float(model.intercept_[0] - slopes @ middle)} | learned


def confidences(model: dict[str, float], examples: Sequence[Example]) -> npt.NDArray[np.float64]:
    """Return what a model makes of each example."""
    names = [name for name in model if name != "intercept"]
    total = model["intercept"] + _matrix(examples, names) @ np.array([model[name] for name in names])
    return np.asarray(1.0 / (1.0 + np.exp(-total)), dtype=np.float64)


def held_out(examples: Sequence[Example], names: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return each example's confidence from a model that has seen no example of its question."""
    judged = np.empty(len(examples))
    for fold in range(FOLDS):
        chosen = [number for number, one in enumerate(examples) if one.fold == fold]
        model = learn([one for one in examples if one.fold != fold], names)
        judged[chosen] = confidences(model, [examples[number] for number in chosen])
    return judged


def auroc(answered: npt.NDArray[np.bool_], confidence: npt.NDArray[np.float64]) -> float | None:
    """Return how often an answered question has more confidence than an unanswered one; ties count half."""
    yes, no = confidence[answered], confidence[~answered]
    if not len(yes) or not len(no):
        return None
    return float(np.mean((yes[:, None] > no[None, :]) + 0.5 * (yes[:, None] == no[None, :])))


def best_threshold(examples: Sequence[Example], confidence: npt.NDArray[np.float64]) -> float:
    """Return the lowest threshold about as accurate as the best, averaged over the sources and in each over both answers.

    About as accurate is within one standard error of the best (Breiman et al., "Classification and Regression Trees", 1984). Of those
    the lowest is taken because after a wrong passage the customer is asked whether it helped and offered a person, while a right one
    that was held back is lost. A source's made questions count only where it has no real unanswered ones: they are harder than what
    customers ask.
    """
    real = {one.source for one in examples if not one.answered and not one.made}
    counted = np.array([not one.made or one.source not in real for one in examples])
    answered, sources = np.array([one.answered for one in examples]), np.array([one.source for one in examples])
    kinds = [(sources == source) & (answered == kind) & counted for source in set(sources) for kind in (True, False)]
    sizes = np.array([np.sum(kind) for kind in kinds])

    def shares_right(threshold: float) -> npt.NDArray[np.float64]:
        said = confidence >= threshold
        return np.array([np.mean(said[kind] == answered[kind]) for kind in kinds])

    steps = [round(0.01 * step, 2) for step in range(20, 81)]
    best = max((shares_right(one) for one in steps), key=np.mean)
    enough = np.mean(best) - np.sqrt(np.sum(best * (1 - best) / sizes)) / len(kinds)
    return next(one for one in steps if np.mean(shares_right(one)) >= enough)


def report(title: str, examples: Sequence[Example], names: Sequence[str]) -> tuple[dict[str, float], float]:
    """Print how well models with these features judge what they have not seen; return the model of all, and a threshold."""
    judged = held_out(examples, names)
    threshold = best_threshold(examples, judged)
    print(f"\n{title}: {len(examples)} searches, threshold {threshold}")
    print(f"  {'corpus':24}{'AUROC':>8}{'others':>8}{'made':>8}{'answered, said so':>20}{'unanswered, said so':>22}")
    for source in sorted({one.source for one in examples}):
        real = np.array([one.source == source and not one.made for one in examples])
        own = [one for one, chosen in zip(examples, real, strict=True) if chosen]
        answered = np.array([one.answered for one in own])
        others = learn([one for one in examples if one.source != source], names)
        made = learn([one for one in examples if one.made or one.answered], names)
        said = judged[real] >= threshold
        figures = [
            auroc(answered, judged[real]),
            auroc(answered, confidences(others, own)),
            auroc(answered, confidences(made, own)),
        ]
        print(
            f"  {source:24}{''.join(_figure(one, 8) for one in figures)}"
            f"{_share(said, answered, 20)}{_share(~said, ~answered, 22)}"
        )
    return learn(examples, names), threshold


def write_model(with_meaning: dict[str, float], words_alone: dict[str, float], threshold: float, target: Path) -> None:
    """Write the constants that `knowledge.confidence` uses."""

    def literal(model: dict[str, float]) -> str:
        return "{" + ", ".join(f'"{name}": {value:.3f}' for name, value in model.items()) + "}"

    target.write_text(
        '"""What `python -m knowledge.learning` learned. Made by it; do not edit."""\n\n'
        "from __future__ import annotations\n\n"
        f"THRESHOLD = {threshold}\n"
        f"WITH_MEANING = {literal(with_meaning)}\n"
        f"WORDS_ALONE = {literal(words_alone)}\n",
        encoding="utf-8",
    )


def _matrix(examples: Sequence[Example], names: Sequence[str]) -> npt.NDArray[np.float64]:
    columns = [NAMES.index(name) for name in names]
    return np.array([[one.values[column] for column in columns] for one in examples])


def _figure(value: float | None, width: int) -> str:
    return f"{'-' if value is None else f'{value:.3f}':>{width}}"


def _share(right: npt.NDArray[np.bool_], among: npt.NDArray[np.bool_], width: int) -> str:
    return f"{f'{int(right[among].sum())} of {int(among.sum())}':>{width}}"


async def run(arguments: argparse.Namespace) -> None:
    """Learn from the named corpora and print, and write where that was asked for."""
    encoder = OnnxEncoder(arguments.encoder, threads=2)
    sources = [read_beir_source(folder) for folder in arguments.corpus]
    if arguments.articles is not None:
        sources.append(read_article_source(arguments.articles, arguments.questions))
    examples: dict[Mode, list[Example]] = {"hybrid": [], "words": []}
    for source in sources:
        print(
            f"searching {source.name}: {len(source.articles)} articles, {len(source.questions)} questions", flush=True
        )
        for mode, found in (await examples_of(source, encoder)).items():
            examples[mode] += found
    model, threshold = report("with meaning", examples["hybrid"], NAMES)
    words_alone, own = report("words alone", examples["words"], WORDS_ALONE)
    # One threshold for both: the words' model is shifted so that its own falls on it.
    words_alone["intercept"] += float(np.log(threshold / (1 - threshold)) - np.log(own / (1 - own)))
    print(f"\n{model}\n{words_alone}")
    if arguments.write:
        await asyncio.to_thread(write_model, model, words_alone, threshold, TARGET)
        print(f"wrote {TARGET}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 on success, 2 with a sentence on an error."""
    parser = argparse.ArgumentParser(prog="python -m knowledge.learning", description="Learn when an article answers.")
    parser.add_argument("--corpus", type=Path, action="append", default=[], metavar="DIR", help="a BEIR folder")
    parser.add_argument("--articles", type=Path, metavar="DIR", help="a folder of Markdown articles")
    parser.add_argument("--questions", type=Path, metavar="FILE", help="questions about them, YAML")
    parser.add_argument("--encoder", type=Path, default=Path("var/models/encoder"), metavar="DIR")
    parser.add_argument("--write", action="store_true", help="replace knowledge/confidence_model.py")
    chosen: Any = parser.parse_args(arguments)
    try:
        asyncio.run(run(chosen))
    except BatonError as error:
        print(error.message, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
