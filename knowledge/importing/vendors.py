"""Articles in the JSON of other help centres: Zendesk Guide, Intercom and Freshdesk, as their APIs list them.

- Zendesk: `{"articles": […], "sections": […], "categories": […], "users": […], "user_segments": […]}`, what is beside the
  articles being optional (side-loads, or files of their own in the same folder).
- Intercom: `{"type": "list", "data": [{"type": "article", …}]}`; collections in the same form.
- Freshdesk: a list of solution articles; their `hierarchy` names category and folder.

An article that only some may see there becomes one for known customers or for staff, never a public one, and so does one of
Freshdesk's that leaves open who may: its API tells that of folders alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from knowledge.articles import MOST_COUNTED, Article, BrokenArticle, Status, Visibility
from knowledge.importing.found import Fields, Format, Found, Read, imported_id, incoming, slug_of
from knowledge.importing.html_to_markdown import NestedTooDeeplyError, to_markdown
from knowledge.importing.links import Lead, Links
from knowledge.intake import Incoming


@dataclass
class Directory:
    """What articles point to by id: sections, categories, collections, folders, people, user segments, and each other."""

    entries: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    links: Links = field(default_factory=Links)

    def add(self, kind: str, entry: Mapping[str, Any]) -> None:
        """Keep an entry under its kind, such as `sections`, and id."""
        self.entries[kind, str(entry.get("id"))] = entry

    def find(self, kind: str, entry_id: Any) -> Mapping[str, Any]:
        """Return an entry, an empty one if it is not there."""
        return {} if entry_id is None else self.entries.get((kind, str(entry_id)), {})

    def name(self, kind: str, entry_id: Any) -> str:
        """Return an entry's name, nothing if it is not there."""
        name = self.find(kind, entry_id).get("name")
        return name.strip()[:200] if isinstance(name, str) else ""


KEPT = ("sections", "categories", "users", "user_segments", "collections", "folders", "agents", "admins")
"""The lists beside the articles that a directory is made of."""


def vendor_of(value: Any) -> Format | None:
    """Tell whose article an object is by the fields that only this vendor's have; None for anything else."""
    if not isinstance(value, dict):
        return None
    names = value.keys()
    if value.get("type") == "article" or {"workspace_id", "state"} <= names:
        return "intercom"
    if "folder_id" in names or "description_text" in names or {"description", "seo_data"} <= names:
        return "freshdesk"
    if (
        "section_id" in names
        or {"body", "draft"} <= names
        or {"body", "label_names"} <= names
        or {"body", "html_url"} <= names
    ):
        return "zendesk"
    return None


def source_id_of(vendor: Format, value: Mapping[str, Any]) -> str | None:
    """Return the id that an article of an export has there; None for one that has none."""
    try:
        return (_zendesk_id if vendor == "zendesk" else Fields.id)(Fields("", 0, value))
    except BrokenArticle:
        return None


def read_article(
    vendor: Format, value: Any, *, file: str, line: int, source: str, directory: Directory, now: datetime
) -> Read:
    """Read one article of an export; what is wrong with it comes back with file and line."""
    if not isinstance(value, dict):
        return BrokenArticle(file, line, "this is no article: an object is expected.")
    other = vendor_of(value)
    if other not in (None, vendor):
        # Read as another vendor's, a draft would be published and what some may read be shown to all.
        return BrokenArticle(
            file, line, f"this is an article of {other.title()} and not of {vendor.title()}, as which the file is read."
        )
    try:
        return Found(file, line, _READERS[vendor](Fields(file, line, value), source, directory, now))
    except NestedTooDeeplyError as error:
        return BrokenArticle(file, line, str(error))
    except BrokenArticle as error:
        return error


def _zendesk(fields: Fields, source: str, directory: Directory, now: datetime) -> Incoming:
    values = fields.values
    source_id = _zendesk_id(fields)
    own = fields.text("html_url"), fields.text("url")
    section = directory.find("sections", values.get("section_id"))
    category = directory.name("categories", section.get("category_id"))
    name = directory.name("sections", values.get("section_id"))
    total, votes = values.get("vote_sum"), fields.count("vote_count")
    up = total if isinstance(total, int) and abs(total) <= MOST_COUNTED else 0
    votes = max(votes, abs(up))
    return _incoming(
        fields, source, source_id, now,
        html=fields.text("body"), base=own[0], lead=directory.links.of_export("zendesk", source, fields.file, own),
        category=category or name, subcategory=name if category else "",
        tags=fields.words("label_names"), author=directory.name("users", values.get("author_id")),
        visibility=_zendesk_visibility(fields, directory),
        helpful=(votes + up) // 2, not_helpful=(votes - up) // 2,
        status="draft" if fields.flag("draft") else "published",
    )  # fmt: skip


def _zendesk_id(fields: Fields) -> str:
    """Return the article's id there; a translation has the language too, for it is an article of its own."""
    locale, original = fields.values.get("locale"), fields.values.get("source_locale")
    return fields.id() if not original or locale == original else f"{fields.id()}:{locale}"


def _zendesk_visibility(fields: Fields, directory: Directory) -> Visibility:
    segments = [fields.values.get("user_segment_id"), *fields.list("user_segment_ids")]
    segments = [one for one in segments if one is not None]
    if not segments:
        return "public"
    found = [directory.find("user_segments", one) for one in segments]
    # Only the built-in segment of everybody who is signed in has nobody left out.
    everybody = all(one.get("user_type") == "signed_in_users" and one.get("built_in") is True for one in found)
    return "authenticated" if everybody else "internal"


def _intercom(fields: Fields, source: str, directory: Directory, now: datetime) -> Incoming:
    values, url = fields.values, fields.text("url")
    path: list[str] = []
    parent, seen = values.get("parent_id"), set()
    while parent is not None and str(parent) not in seen:
        seen.add(str(parent))
        entry = directory.find("collections", parent) or directory.find("sections", parent)
        name = entry.get("name")
        path.insert(0, name.strip()[:200] if isinstance(name, str) else "")
        parent = entry.get("parent_id")
    path = [name for name in path if name]
    figures = values.get("statistics")
    statistics = Fields(fields.file, fields.line, figures if isinstance(figures, dict) else {})
    reactions = statistics.count("reactions")
    return _incoming(
        fields, source, fields.id(), now,
        html=fields.text("body"), base=url, lead=directory.links.of_export("intercom", source, fields.file, [url]),
        excerpt=fields.text("description", limit=2_000),
        category=path[0] if path else "", subcategory=path[-1] if len(path) > 1 else "",
        tags=(), author=directory.name("admins", values.get("author_id")), visibility="public",
        helpful=round(reactions * statistics.count("happy_reaction_percentage") / 100),
        not_helpful=round(reactions * statistics.count("sad_reaction_percentage") / 100),
        views=statistics.count("views"),
        status="published" if values.get("state") == "published" else "draft",
    )  # fmt: skip


def _freshdesk(fields: Fields, source: str, directory: Directory, now: datetime) -> Incoming:
    values = fields.values
    hierarchy = [one for one in fields.list("hierarchy") if isinstance(one, dict) and isinstance(one.get("data"), dict)]
    named = [(one.get("type"), one["data"].get("name")) for one in hierarchy]
    categories = [str(name)[:200] for kind, name in named if kind == "category" and name]
    folders = [str(name)[:200] for kind, name in named if kind == "folder" and name]
    category = next(iter(categories), "") or fields.text("category_name", limit=200)
    folder = (folders or [""])[-1] or fields.text("folder_name", limit=200)
    category = category or directory.name("categories", values.get("category_id"))
    folder = folder or directory.name("folders", values.get("folder_id"))
    about = values.get("seo_data")
    seo = Fields(fields.file, fields.line, about if isinstance(about, dict) else {})
    seen_by = values.get("folder_visibility") or directory.find("folders", values.get("folder_id")).get("visibility")
    visibility: Visibility = "public" if seen_by == 1 else "authenticated" if seen_by == 2 else "internal"
    status = values.get("status")
    if status not in (1, 2):
        raise fields.broken(f"status is {status!r}; it must be 1 (draft) or 2 (published).")
    return _incoming(
        fields, source, fields.id(), now,
        html=fields.text("description", "description_text"), base="",
        lead=directory.links.of_export("freshdesk", source, fields.file, ()),
        excerpt=seo.text("meta_description", limit=2_000),
        category=category or folder, subcategory=folder if category else "",
        tags=fields.words("tags"), author=directory.name("agents", values.get("agent_id")), visibility=visibility,
        level_is_told=seen_by is not None,
        helpful=fields.count("thumbs_up"), not_helpful=fields.count("thumbs_down"), views=fields.count("hits"),
        status="draft" if status == 1 else "published",
    )  # fmt: skip


def _incoming(
    fields: Fields,
    source: str,
    source_id: str,
    now: datetime,
    *,
    html: str,
    base: str,
    lead: Lead,
    category: str,
    subcategory: str,
    tags: tuple[str, ...],
    author: str,
    visibility: Visibility,
    helpful: int,
    not_helpful: int,
    status: Status,
    excerpt: str = "",
    views: int = 0,
    level_is_told: bool = True,
) -> Incoming:
    title = " ".join(fields.text("title", "name", limit=300).split())
    if not title:
        raise fields.broken(f"the article {source_id} has no title.")
    content = to_markdown(html, base=base, lead=lead)
    if not content and status == "published":
        raise fields.broken(f"the article {source_id} has no text.")
    created = fields.moment("created_at", now)
    article = Article(
        id=imported_id(source, source_id),
        slug=slug_of(title, source_id),
        title=title,
        content=(content or title) + "\n",
        excerpt=excerpt,
        category=category,
        subcategory=subcategory,
        tags=tags,
        visibility=visibility,
        author=author,
        created=created,
        updated=fields.moment("edited_at" if fields.values.get("edited_at") else "updated_at", created),
        helpful=helpful,
        not_helpful=not_helpful,
        views=views,
        status=status,
    )
    return incoming(source, source_id, article, level_is_told=level_is_told)


_READERS: dict[str, Callable[[Fields, str, Directory, datetime], Incoming]] = {
    "zendesk": _zendesk,
    "intercom": _intercom,
    "freshdesk": _freshdesk,
}
