"""Fills the wording of `domain.yml`: what a customer wrote is put into it as it is, whatever signs stand in it."""

from __future__ import annotations

import re
from typing import Any, Dict, Optional, Text

from rasa.core.nlg import TemplatedNaturalLanguageGenerator

FILLED = ("text", "image", "custom", "buttons", "attachment", "quick_replies")
_PLACE = re.compile(r"\{\{|\}\}|\{([^\n{}]+)\}")


class Wording(TemplatedNaturalLanguageGenerator):
    """Rasa's own gives up, and says `{subject}`, where a value holds `0[`: that is how it looks for places that it left."""

    def _fill_response(
        self, response: Dict[Text, Any], filled_slots: Optional[Dict[Text, Any]] = None, **kwargs: Any
    ) -> Dict[Text, Any]:
        values = self._response_variables(filled_slots or {}, kwargs)
        return {key: filled(part, values) if key in FILLED else part for key, part in response.items()}


def filled(part: Any, values: Dict[Text, Any]) -> Any:
    """Returns the texts in `part` with each `{name}` replaced by its value; doubled braces become single, an unknown name stays."""
    if isinstance(part, dict):
        return {key: filled(one, values) for key, one in part.items()}
    if isinstance(part, list):
        return [filled(one, values) for one in part]
    if not isinstance(part, str):
        return part

    def put(place: re.Match[str]) -> str:
        name = place.group(1)
        if name is None:
            return place.group()[0]
        return str(values[name]) if name in values else place.group()

    return _PLACE.sub(put, part)
