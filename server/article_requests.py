"""What the desk's page of articles sends: which of the list, a new article, a draft, what is to be published, restored or shown."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from core.errors import Invalid
from core.text import mended
from knowledge.articles import Audience, Visibility
from knowledge.editing import Fields
from knowledge.editors_list import Narrowed, Place
from knowledge.versions import LONGEST_ID
from server.api import LARGEST_INTEGER

LONGEST_WORDS = 200
_Number = Field(ge=1, le=LARGEST_INTEGER)
_Revision = Field(ge=0, le=LARGEST_INTEGER)


class ArticlesQuery(BaseModel):
    """Which articles. `after` goes on where a page ended: the `next` that came with it. Categories are counted over all articles."""

    q: str = Field("", max_length=LONGEST_WORDS)
    category: str | None = Field(None, max_length=200)
    """Empty for articles without one."""
    status: Literal["", "draft", "published", "changed"] = ""
    audience: Literal["", "everyone", "customers", "staff"] = ""
    limit: int = Field(50, ge=1, le=200)
    after: str = Field("", max_length=400)
    categories: bool = True

    @property
    def narrowed(self) -> Narrowed:
        """What the list is narrowed by."""
        return Narrowed(self.q, self.category, self.status, self.audience)


class WordsQuery(BaseModel):
    """What has been typed of an article's title."""

    q: str = Field("", max_length=LONGEST_WORDS)


class VersionsQuery(BaseModel):
    """Which versions. `before` goes on where a page ended."""

    limit: int = Field(100, ge=1, le=200)
    before: int | None = Field(None, ge=1, le=LARGEST_INTEGER)


class RevisionQuery(BaseModel):
    """The draft's revision that the editor saw."""

    revision: int = _Revision


class DeletionQuery(RevisionQuery):
    """The version that the editor saw, and the draft's revision, 0 for no draft."""

    based_on: int = _Number


class FieldsBody(BaseModel):
    """What an editor writes of an article. How long each may be is told with the field by whoever keeps it."""

    model_config = ConfigDict(extra="forbid")

    slug: str
    title: str
    content: str
    category: str
    audience: Audience
    visibility: Visibility
    excerpt: str = ""
    subcategory: str = ""
    tags: list[str] = Field(default_factory=list)
    related: list[str] = Field(default_factory=list)
    author: str = ""

    @property
    def fields(self) -> Fields:
        """The same for `knowledge.editing`."""
        written = self.model_dump(exclude={"id", "tags", "related"})
        return Fields(**written, tags=tuple(self.tags), related=tuple(self.related))


class NewArticleBody(FieldsBody):
    """A new article; without an id one is made from its slug."""

    id: str | None = Field(None, min_length=1, max_length=LONGEST_ID)


class DraftBody(BaseModel):
    """A draft as it is to be kept: the version it was begun on, and the revision that the editor saw, 0 when there was none."""

    model_config = ConfigDict(extra="forbid")

    fields: FieldsBody
    based_on: int = _Number
    revision: int = _Revision


class PublishBody(BaseModel):
    """What the editor saw: the version, and the draft's revision, 0 for no draft."""

    model_config = ConfigDict(extra="forbid")

    based_on: int = _Number
    revision: int = _Revision


class UnpublishBody(BaseModel):
    """The version that the editor saw."""

    model_config = ConfigDict(extra="forbid")

    based_on: int = _Number


class RestoreBody(BaseModel):
    """The version whose words are to be the next, and the one that the editor saw."""

    model_config = ConfigDict(extra="forbid")

    number: int = _Number
    based_on: int = _Number


class PreviewBody(BaseModel):
    """An article's text that is to be shown as the help centre would."""

    model_config = ConfigDict(extra="forbid")

    content: str


def place_after(text: str) -> Place | None:
    """Read where a page ended, None for the first page.

    Raises:
        Invalid: we have not written it.
    """
    if not text:
        return None
    try:
        moment, article_id = json.loads(base64.b64decode(text, altchars=b"-_", validate=True))
        # Further from our years than a time zone goes, a moment has no other zone.
        place = datetime.fromisoformat(moment).astimezone(UTC), str(mended(article_id))
    except (binascii.Error, ValueError, TypeError, OverflowError) as error:
        raise Invalid("after: go on with the `next` of the page before.", field="after") from error
    if after_place(place) != text:
        raise Invalid("after: go on with the `next` of the page before.", field="after")
    return place


def after_place(place: Place) -> str:
    """Write where a page ended; `place_after` reads it."""
    return base64.b64encode(
        json.dumps([place[0].astimezone(UTC).isoformat(), place[1]]).encode(), altchars=b"-_"
    ).decode()
