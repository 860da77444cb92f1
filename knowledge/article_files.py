"""An article's written form: Markdown with front matter, read with errors that name file, line and reason."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast, get_args

import yaml

from core.text import mended
from knowledge.articles import MOST_COUNTED, MOST_WORDS, SLUG, Article, Audience, BrokenArticle, Status, Visibility

MARK = "---"
"""The line before front matter, and the line behind it."""
_LONGEST_NUMBER = 64
"""Bits of a whole number in front matter: one of ten thousand digits cannot even be shown."""


@dataclass
class FrontMatter:
    """The fields of a file and the line each stands on, so that a complaint can point at it."""

    file: str
    values: dict[str, Any]
    lines: Mapping[str, int]
    used: set[str] = field(default_factory=set)

    def broken(self, name: str, reason: str) -> BrokenArticle:
        """Say that a field is wrong, with its line."""
        return BrokenArticle(self.file, self.lines.get(name, 1), reason)

    def text(self, name: str, default: str | None = None, *, limit: int = 2_000) -> str:
        """Take a field that is text; without a default it must be there."""
        value = self._take(name, default)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or (default is None and not value.strip()):
            raise self.broken(name, f"{name} must be text.")
        if len(value) > limit:
            raise self.broken(name, f"{name} is longer than {limit} characters.")
        return value.strip()

    def one_of(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        """Take a field that is one of a few words."""
        value = self._take(name, default)
        if value not in allowed:
            raise self.broken(name, f"{name} is {value!r}; it must be one of {', '.join(allowed)}.")
        return str(value)

    def words(self, name: str) -> tuple[str, ...]:
        """Take a field that is a list of words."""
        value = self._take(name, [])
        if not isinstance(value, list) or not all(isinstance(one, (str, int, float)) for one in value):
            raise self.broken(name, f"{name} must be a list of words, such as [billing, invoices].")
        if len(value) > MOST_WORDS:
            raise self.broken(name, f"{name} has {len(value):,} words; {MOST_WORDS} are the most.")
        return tuple(str(one).strip() for one in value)

    def count(self, name: str) -> int:
        """Take a field that is a whole number of 0 or more."""
        value = self._take(name, 0)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_COUNTED:
            raise self.broken(name, f"{name} must be a whole number from 0 to {MOST_COUNTED}.")
        return value

    def moment(self, name: str, default: datetime | None) -> datetime | None:
        """Take a field that is a date, with or without a time."""
        value = self._take(name, default)
        if value is None:
            return None
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError as error:
                raise self.broken(name, f"{name} must be a date such as 2026-10-05.") from error
        if isinstance(value, datetime):
            moment = value if value.tzinfo else value.replace(tzinfo=UTC)
            try:
                moment.astimezone(UTC)  # which is how it is kept
            except OverflowError as error:
                raise self.broken(name, f"{name} must be a date such as 2026-10-05; {value} is none in UTC.") from error
            return moment
        if isinstance(value, date):
            return datetime(value.year, value.month, value.day, tzinfo=UTC)
        raise self.broken(name, f"{name} must be a date such as 2026-10-05.")

    def _take(self, name: str, default: Any) -> Any:
        self.used.add(name)
        value = self.values.get(name)
        if value is None:
            if default is None and name not in ("reviewed",):
                raise BrokenArticle(self.file, 1, f"{name} is missing.")
            return default
        return value


def parse_article(text: str, *, file: str, now: datetime) -> Article:
    """Read one Markdown file with front matter.

    Args:
        text: the file's whole text.
        file: its name, for errors.
        now: what `created` and `updated` are when the file does not say.

    Raises:
        BrokenArticle: something in it is missing or wrong; the message names file, line and reason.
    """
    front, body, body_line = split_front_matter(text, file)
    article = build_article(front, body, body_line, now=now)
    unknown = sorted(set(front.values) - front.used)
    if unknown:
        raise front.broken(unknown[0], f"{unknown[0]} is no field of an article.")
    return article


def build_article(front: FrontMatter, body: str, body_line: int, *, now: datetime) -> Article:
    """Make the article of a file's front matter and text, which begins on `body_line`; fields that it has no use for stay unread.

    Raises:
        BrokenArticle: something is missing or wrong.
    """
    slug = front.text("slug", Path(front.file).stem, limit=200)
    if not SLUG.fullmatch(slug):
        raise front.broken("slug", f"slug is {slug!r}; use small letters, digits and single hyphens.")
    created = front.moment("created", now)
    article = Article(
        id=front.text("id", slug, limit=64),
        slug=slug,
        title=front.text("title", limit=300),
        content=body.strip() + "\n",
        excerpt=front.text("excerpt", ""),
        category=front.text("category", "", limit=200),
        subcategory=front.text("subcategory", "", limit=200),
        tags=front.words("tags"),
        audience=cast("Audience", front.one_of("audience", get_args(Audience), "customer")),
        visibility=cast("Visibility", front.one_of("visibility", get_args(Visibility), "public")),
        related=front.words("related"),
        author=front.text("author", "", limit=200),
        created=created or now,
        updated=front.moment("updated", created) or now,
        reviewed=front.moment("reviewed", None),
        helpful=front.count("helpful"),
        not_helpful=front.count("not_helpful"),
        views=front.count("views"),
        status=cast("Status", front.one_of("status", get_args(Status), "published")),
    )
    if not body.strip():
        raise BrokenArticle(front.file, body_line, "the article has no text.")
    if any("\x00" in str(value) for value in article.written.values()):
        line = body_line + body[: max(body.find("\x00"), 0)].count("\n")
        raise BrokenArticle(front.file, line, "there is a NUL character in the file.")
    return article


def write_article(article: Article) -> str:
    """Write `article` as Markdown with front matter; `parse_article` reads it back the same."""
    fields = asdict(article)
    content = fields.pop("content")
    for name in ("created", "updated", "reviewed"):
        fields[name] = None if fields[name] is None else fields[name].astimezone(UTC)
    fields["tags"], fields["related"] = list(article.tags), list(article.related)
    front = yaml.safe_dump(
        {name: value for name, value in fields.items() if value is not None},
        sort_keys=False,
        allow_unicode=True,
        width=10_000,
    )
    return f"---\n{front}---\n\n{content}"


def _refuse_aliases_and_tags(front_matter: str) -> None:
    """Let no alias through, since nine lines of them can say a thousand million things, nor a tag that makes something else of a word."""
    for event in yaml.parse(front_matter, yaml.SafeLoader):
        problem = None
        if isinstance(event, yaml.AliasEvent):
            problem = f"*{event.anchor} stands for something; write that out"
        elif isinstance(event, yaml.NodeEvent) and getattr(event, "tag", None) is not None:
            problem = "a word with ! before it is a tag; write the value without"
        if problem is not None:
            mark = event.start_mark if isinstance(event.start_mark, yaml.Mark) else None
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark)


def _holds_endless_number(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds_endless_number(one) for one in (*value, *value.values()))
    if isinstance(value, list | tuple):
        return any(_holds_endless_number(one) for one in value)
    return isinstance(value, int) and value.bit_length() > _LONGEST_NUMBER


def first_line(text: str) -> str:
    """Return the first line that is not blank, without the blanks and marks of byte order around it."""
    return text.lstrip("\ufeff\n\r\t ").partition("\n")[0].strip()


def _line_of_error(front_matter: str) -> int:
    """Return the line, from 0, of the first value that is no value of its kind, such as 30 February; 0 where it is none of them."""
    with contextlib.suppress(yaml.YAMLError, ValueError):  # the latter: "\\U00110000" is no character
        node = yaml.compose(front_matter, Loader=yaml.SafeLoader)
        for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
            try:
                yaml.constructor.SafeConstructor().construct_document(value)
            except ValueError:
                return int(key.start_mark.line)
    return 0


def split_front_matter(text: str, file: str) -> tuple[FrontMatter, str, int]:
    """Return a file's front matter, its text, and the line that the text begins on.

    Raises:
        BrokenArticle: there is no front matter, it is no YAML, or it is YAML that nobody writes by hand.
    """
    lines = text.lstrip("\ufeff").splitlines()
    if first_line(text) != MARK:
        raise BrokenArticle(file, 1, "the file must begin with front matter between two lines of ---.")
    marks = (number for number, line in enumerate(lines) if line.strip() == MARK)
    begin = next(marks)
    end = next(marks, None)
    if end is None:
        raise BrokenArticle(file, begin + 1, "the front matter is not closed by a line of ---.")
    above = begin + 2
    try:
        front_matter = "\n".join(lines[begin + 1 : end])
        _refuse_aliases_and_tags(front_matter)
        node = yaml.compose(front_matter, Loader=yaml.SafeLoader)
        values = mended(yaml.safe_load(front_matter))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + above if mark else 1
        raise BrokenArticle(file, line, f"the front matter is not YAML: {error.problem or error.context}.") from error
    except RecursionError as error:
        raise BrokenArticle(file, 1, "the front matter is nested too deeply.") from error
    except (yaml.YAMLError, ValueError) as error:
        raise BrokenArticle(
            file, _line_of_error(front_matter) + above, f"the front matter cannot be read: {error}."
        ) from error
    if not isinstance(values, dict) or not isinstance(node, yaml.MappingNode):
        raise BrokenArticle(file, above, "the front matter must be a list of `name: value`.")
    where: dict[str, int] = {}
    for key, _ in node.value:
        line = key.start_mark.line + above
        if where.setdefault(str(key.value), line) != line:
            # YAML takes the last: which of two was meant, nobody knows, and one may say who may read.
            raise BrokenArticle(file, line, f"{key.value} is there a second time.")
    for name, value in values.items():
        if _holds_endless_number({name: value}):
            shown = name if isinstance(name, str) else "a name"
            raise BrokenArticle(file, where.get(shown, above), f"{shown} holds a number that is too long.")
    front = FrontMatter(file, {str(name): value for name, value in values.items()}, where)
    return front, "\n".join(lines[end + 1 :]), end + 2
