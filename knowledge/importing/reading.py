"""Finds out what a folder or file holds, and reads it one article after the other, whatever its size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from core.errors import ConfigurationError
from core.text import mended
from knowledge.articles import BrokenArticle
from knowledge.beir import read_document
from knowledge.importing.files import LARGEST, markdown_id, read_html, read_markdown
from knowledge.importing.found import VENDORS, Format, Found, Read, imported_id, incoming, source_of
from knowledge.importing.json_stream import BrokenJsonError, Element, stream
from knowledge.importing.vendors import KEPT, Directory, read_article, source_id_of, vendor_of

_SUFFIXES: dict[str, Format] = {".md": "markdown", ".markdown": "markdown", ".html": "html", ".htm": "html"}
_LISTS = ("", "articles", "data", "results", "solution_articles")
"""Where the articles of an export are: a list at the top or under one of these keys."""


@dataclass(frozen=True)
class Input:
    """One file and what it was found to be."""

    path: Path
    name: str
    format: Format
    source: str
    articles: int
    """About how many articles are in it; for progress."""


@dataclass
class Inputs:
    """All that is to be read, and what was passed over."""

    files: list[Input] = field(default_factory=list)
    broken: list[BrokenArticle] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    directory: Directory = field(default_factory=Directory)

    @property
    def articles(self) -> int:
        """About how many articles there are."""
        return sum(one.articles for one in self.files)


def look_at(path: Path, *, format: Format | None = None, source: str | None = None) -> Inputs:
    """Look through a folder or a file and tell what is in it. JSON is read through once, for names and numbers.

    Args:
        path: what is to be imported.
        format: what it is to be taken for; None finds out by content. In a folder other kinds of file are passed over then.
        source: the source's name; None makes one of the format and, but for the vendors, the folder's name.

    Raises:
        ConfigurationError: there is nothing at `path`.
    """
    try:
        there = path.exists()
    except OSError as error:
        raise ConfigurationError(f"{str(path)[:200]} cannot be imported: {error.strerror}.") from error
    if not there:
        raise ConfigurationError(f"There is no file or folder {path} to import.")
    inputs = Inputs()
    whole = path.is_file()
    folder = path.parent if whole else path
    corpus = folder / "corpus.jsonl"
    if whole:
        paths = [path]
    elif corpus.is_file() and format in (None, "beir"):
        paths = [corpus]
    else:
        paths = sorted(one for one in folder.rglob("*") if not one.is_dir() and not _hidden(one, folder))
    for one in paths:
        name = mended(one.relative_to(folder).as_posix())
        kind = _kind(one, format, whole) if whole or _is_of(folder, one) else None
        if kind is None:
            inputs.skipped.append(name)
        elif kind == "json":
            _look_at_json(inputs, one, name, format, source)
        else:
            named = source or source_of(kind, mended(folder.absolute().name))
            inputs.files.append(Input(one, name, kind, named, _lines(one) if kind == "beir" else 1))
    return inputs


def read(inputs: Inputs, *, now: datetime) -> Iterator[Read]:
    """Give every article of `inputs`, or what is wrong with it, in the order of the files."""
    links = inputs.directory.links
    links.id_of_file = _ids_by_name(inputs)
    for one in inputs.files:
        if one.format == "markdown":
            yield read_markdown(
                one.path, one.name, source=one.source, now=now, lead=links.of_file(one.name, one.source)
            )
        elif one.format == "html":
            yield read_html(one.path, one.name, source=one.source, now=now, lead=links.of_file(one.name, one.source))
        elif one.format == "beir":
            yield from _read_corpus(one, now)
        else:
            yield from _read_export(one, inputs.directory, now)


def _ids_by_name(inputs: Inputs) -> Callable[[str], str | None]:
    """Return what tells the id of the article that a file becomes. It looks into the file, for it may name an id, but once."""
    files = {one.name: one for one in inputs.files if one.format in ("markdown", "html")}

    @cache
    def looked_up(name: str) -> str | None:
        one = files[name]
        return markdown_id(one.path, name, one.source) if one.format == "markdown" else imported_id(one.source, name)

    return lambda name: looked_up(name) if name in files else None


def _is_of(folder: Path, path: Path) -> bool:
    """Whether `path` is a file of the folder: a link that leads out of it would publish what nobody meant to, such as a password file."""
    return path.is_file() and path.resolve().is_relative_to(folder.resolve())


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") or part == "node_modules" for part in path.relative_to(folder).parts)


def _kind(path: Path, format: Format | None, whole: bool) -> Any:
    """Return the kind of a file: a format, `json` for one that has yet to be looked into, None for one to pass over."""
    suffix = path.suffix.lower()
    if format is not None and whole:
        return "json" if format in VENDORS else format
    kind: str | None = _SUFFIXES.get(suffix)
    if kind is None and suffix == ".json":
        kind = "json"
    elif kind is None and (suffix == ".jsonl" or whole):
        kind = _by_content(path)
        if suffix == ".jsonl" and not whole and path.name != "corpus.jsonl":
            kind = None
    if format is None or kind == format or (kind == "json" and format in VENDORS):
        return kind
    return None


def _by_content(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            start = file.read(4096)
    except OSError:
        return "markdown"
    text = start.decode("utf-8", "ignore").removeprefix("\ufeff").lstrip()
    if text[:1] in "{[" and text:
        return "beir" if '"_id"' in text and '"text"' in text and text[:1] == "{" else "json"
    if text[:1] == "<":
        return "html"
    return None if b"\x00" in start else "markdown"


def _lines(path: Path) -> int:
    try:
        with path.open("rb") as file:
            return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b"")) or 1
    except OSError:
        return 1


def _look_at_json(inputs: Inputs, path: Path, name: str, format: Format | None, source: str | None) -> None:
    vendor: Format | None = None
    count, named = 0, 0
    try:
        for element in stream(path):
            kind = element.key or path.stem
            is_list = element.listed and element.key in _LISTS
            if not is_list and not (element.listed and kind in KEPT):
                continue
            try:
                value = element.value()
            except BrokenJsonError:
                count += is_list
                continue
            if not isinstance(value, dict):
                continue
            if is_list and value.get("type") == "collection":
                kind = "collections"
            if kind in KEPT:
                inputs.directory.add(kind, value)
                named += 1
            elif is_list:
                vendor, count = vendor or vendor_of(value), count + 1
                _note_id(inputs, format or vendor, value, source)
    except BrokenJsonError as error:
        if vendor is None and format is None and not named:
            inputs.broken.append(BrokenArticle(name, error.line, error.reason))
            return
    except (OSError, UnicodeDecodeError) as error:
        reason = "the file is not UTF-8." if isinstance(error, UnicodeDecodeError) else f"{error.strerror}."
        inputs.broken.append(BrokenArticle(name, 1, reason))
        return
    vendor = format or vendor
    if vendor is not None and count:
        inputs.files.append(Input(path, name, vendor, source or vendor, count))
    elif not named:
        inputs.skipped.append(name)


def _note_id(inputs: Inputs, vendor: Format | None, value: dict[str, Any], source: str | None) -> None:
    """Note that an article is in the import, for the links that lead to it."""
    source_id = None if vendor is None else source_id_of(vendor, value)
    if vendor is not None and source_id is not None:
        inputs.directory.links.ids.add(imported_id(source or vendor, source_id))


def _read_corpus(one: Input, now: datetime) -> Iterator[Read]:
    try:
        with one.path.open("rb") as lines:
            for number, raw in enumerate(_lines_of(lines), start=1):
                if not raw.strip():
                    continue
                if len(raw) > LARGEST:
                    yield BrokenArticle(one.name, number, f"the line is longer than {LARGEST // 1024**2} MiB.")
                    continue
                try:
                    text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
                except UnicodeDecodeError:
                    yield BrokenArticle(one.name, number, "the line is not UTF-8.")
                    continue
                read = read_document(text, number, now)
                if isinstance(read, BrokenArticle):
                    yield BrokenArticle(one.name, number, read.reason)
                else:
                    yield Found(one.name, number, incoming(one.source, read.id, read, slug_is_own=True))
    except OSError as error:
        yield BrokenArticle(one.name, 1, f"the file cannot be read: {error.strerror}.")


def _lines_of(file: BinaryIO) -> Iterator[bytes]:
    """Give a file's lines; of one that is longer than an article may be, that much and a byte more."""
    while line := file.readline(LARGEST + 1):
        rest = line
        while len(rest) > LARGEST and not rest.endswith(b"\n"):
            rest = file.readline(LARGEST + 1)
        yield line


def _read_export(one: Input, directory: Directory, now: datetime) -> Iterator[Read]:
    try:
        for element in stream(one.path):
            if element.listed and element.key in _LISTS and (element.key or one.path.stem) not in KEPT:
                read = _read_element(element, one, directory, now)
                if read is not None:
                    yield read
    except BrokenJsonError as error:
        yield BrokenArticle(one.name, error.line, f"{error.reason} What follows was not read.")
    except (OSError, UnicodeDecodeError):
        yield BrokenArticle(one.name, 1, "the file cannot be read any further: it is not UTF-8, or has gone.")


def _read_element(element: Element, one: Input, directory: Directory, now: datetime) -> Read | None:
    try:
        value = element.value()
    except BrokenJsonError as error:
        return BrokenArticle(one.name, error.line, error.reason)
    if isinstance(value, dict) and value.get("type") == "collection":
        return None
    return read_article(
        one.format, value, file=one.name, line=element.line, source=one.source, directory=directory, now=now
    )
