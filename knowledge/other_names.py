"""What customers call things and what the articles call them: words that the content team keeps in a file beside the articles.

A question that uses such a word is searched for twice, as it was asked and with the articles' words, and the better of the two counts.
So `card` may be a task to who asks how to restore one, and stays a payment card to who says that theirs was declined.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import yaml

from knowledge.articles import BrokenArticle
from knowledge.results import SearchOutcome
from knowledge.spelling import Correction
from knowledge.terms import question_terms

FILE = "other-names.yml"
MOST = 1_000
"""Names in a file: all of them are one pattern, which every question is held against."""
LONGEST = 60
"""Characters of a name."""


class Reading(NamedTuple):
    """A question in the articles' words, and which words these are."""

    question: str
    replaced: tuple[Correction, ...]


class OtherNames:
    """Other names of things, with what the articles call them; both in the singular, an English plural is understood."""

    def __init__(self, names: Mapping[str, str] | None = None) -> None:
        given = names or {}
        self._names = {name.casefold(): used for name, used in given.items()}
        # Folding makes `strasse` of `straße`: a name is looked for both ways. The longest first: `support ticket` before `ticket`.
        longest = "|".join(re.escape(name) for name in sorted({*given, *self._names}, key=len, reverse=True))
        self._pattern = re.compile(rf"(?<!\w)({longest})(s?)(?!\w)", re.IGNORECASE) if longest else None

    def __len__(self) -> int:
        return len(self._names)

    def reading(self, question: str) -> Reading | None:
        """Return a question in the articles' words; None where it holds no other name."""
        if self._pattern is None:
            return None
        replaced: dict[str, Correction] = {}

        def used(match: re.Match[str]) -> str:
            word = self._used_for(match[1]) + match[2].lower()
            replaced.setdefault(match[0].casefold(), Correction(match[0], word))
            return word

        text = self._pattern.sub(used, question)
        return Reading(text, tuple(replaced.values())) if replaced else None

    def _used_for(self, written: str) -> str:
        """Return what a name as somebody wrote it stands for. A pattern takes more letters for one than folding does: `ı` for `i`."""
        used = self._names.get(written.casefold())
        if used is not None:
            return used
        return next(to for name, to in self._names.items() if re.fullmatch(re.escape(name), written, re.IGNORECASE))


def better_of(asked: SearchOutcome, reading: Reading, read: SearchOutcome) -> SearchOutcome:
    """Choose between what was found for a question as it was asked and for a reading of it.

    A word keeps the sense that it was typed in unless an article answers the other: of two readings that nothing answers the customer's own
    is shown. So is it where the article that answers the other does not hold the articles' word for it ("payment issue" is about no task),
    and where both are answered by the same one. Else how well the first article of each matches decides. Neither the confidence nor
    the score before it is made relative chooses as well; docs/knowledge.md has figures.
    """
    best, other = (one.results[0].score if one.results else 0.0 for one in (asked, read))
    if best >= other or (asked.results and not _answers_in_its_words(asked, reading, read)):
        return asked
    return replace(read, corrections=(*reading.replaced, *read.corrections))


def _answers_in_its_words(asked: SearchOutcome, reading: Reading, read: SearchOutcome) -> bool:
    """Tell whether a reading is answered by an article that tells of what it names, and that the question itself did not find."""
    if not read.answered or (asked.answered and asked.results[0].article_id == read.results[0].article_id):
        return False
    return read.results[0].held.issuperset(*(question_terms(one.used) for one in reading.replaced))


def read_other_names(folder: Path) -> OtherNames:
    """Read the file of other names in a folder of articles; none where there is no such file.

    Raises:
        BrokenArticle: it is no list of `other name: what the articles say`; the message names file, line and reason.
    """
    try:
        text = (folder / FILE).read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except FileNotFoundError:
        return OtherNames()
    except (OSError, UnicodeDecodeError) as error:
        raise BrokenArticle(FILE, 1, f"the file cannot be read: {error}.") from error
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        raise BrokenArticle(FILE, mark.line + 1 if mark else 1, "the file is not YAML.") from error
    if node is None:
        return OtherNames()
    if not isinstance(node, yaml.MappingNode):
        raise BrokenArticle(FILE, node.start_mark.line + 1, "write each name as `other name: what the articles say`.")
    return OtherNames(_names_of(node))


def _names_of(node: yaml.MappingNode) -> dict[str, str]:
    if len(node.value) > MOST:
        raise BrokenArticle(FILE, 1, f"there are more than {MOST:,} names.")
    names: dict[str, str] = {}
    folded: set[str] = set()
    for key, value in node.value:
        line = key.start_mark.line + 1
        pair = [one.value.strip() if isinstance(one, yaml.ScalarNode) else "" for one in (key, value)]
        if not all(0 < len(one) <= LONGEST for one in pair):
            raise BrokenArticle(FILE, line, f"a name and what it stands for are text of up to {LONGEST} characters.")
        if pair[0].casefold() in folded:
            raise BrokenArticle(FILE, line, f"{pair[0]} is named a second time.")
        folded.add(pair[0].casefold())
        names[pair[0]] = pair[1]
    return names
