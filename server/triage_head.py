"""The head of triage as this installation has it: learned from files and from people's corrections, kept in the home."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from core.database import Database
from core.embedding import OnnxEncoder
from core.errors import ConfigurationError, Invalid
from server.settings import ROOT, Settings
from tickets.classifier import Classifier
from tickets.corrections import Corrected, corrected_examples, corrections_by_category, merged
from tickets.examples import Example, read_folder
from tickets.learning import learn
from tickets.triage import rule_shares
from tickets.vocabulary import CATEGORIES

LABELLED = ROOT / "data" / "tickets"


def open_head(settings: Settings) -> Classifier | None:
    """Load the head, or return None where none was trained. Blocks.

    Raises:
        ConfigurationError: it cannot be read, or does not go with the encoder.
    """
    if not settings.triage_head.is_file():
        return None
    return Classifier.load(settings.triage_head, OnnxEncoder(settings.encoder))


def train_head(settings: Settings, people: list[Example], folder: Path | None = None) -> Classifier:
    """Learn from the labelled files and what people corrected, and keep the head for the next start.

    Raises:
        ConfigurationError: an example is not right, named with file and line, or there are too few.
    """
    folder = folder or LABELLED
    examples = merged(read_folder(folder, CATEGORIES), [one for one in people if one.category in CATEGORIES])
    encoder = OnnxEncoder(settings.encoder, threads=2)
    try:
        head = learn([one.text for one in examples], [one.category for one in examples], encoder, shares_of=rule_shares)
    except Invalid as error:
        raise ConfigurationError(f"{folder}: {error.message}") from error
    head.save(settings.triage_head)
    return head


async def corrections_in(settings: Settings) -> tuple[list[Example], list[Corrected], str | None]:
    """Read what people corrected, and how often. The last is why it could not be read, if so.

    Training must work before the first start, when there is no database.
    """
    if not _exists(settings.database):
        return [], [], None
    database = Database.open(settings.database)
    try:
        async with database.read() as reader:
            return await corrected_examples(reader), await corrections_by_category(reader), None
    except (SQLAlchemyError, OSError) as error:
        return [], [], str(error).splitlines()[0]
    finally:
        await database.close()


def _exists(url: str) -> bool:
    parsed = sa.make_url(url)
    return parsed.get_backend_name() != "sqlite" or Path(parsed.database or "").is_file()
