"""The assistant's command: `run` serves it (bot/serve.py), every other word is Rasa's own, both without TensorFlow.

A pipeline with DIET, TED or another component that needs TensorFlow must be trained and started with `rasa` itself.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence

from bot.standins import OPTIONAL, TENSORFLOW, UNSERVED, leave_out


def leave_out_tensorflow() -> None:
    """Puts stand-ins in TensorFlow's place; call it before the first import of Rasa."""
    leave_out(TENSORFLOW)


def leave_entities_out_of_conversations() -> None:
    """Has `test core` judge intents and actions. No entity has a say in the dialogue, and entities have tests of their own."""
    import rasa.core.test

    rasa.core.test._clean_entity_results = lambda _text, _found: []  # type: ignore[assignment]


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["run"]:
        gc.disable()  # Nearly all that a start allocates stays; bot/serve.py enables it again.
        leave_out(TENSORFLOW | UNSERVED, OPTIONAL)
        from bot.serve import main as serve

        serve(given[1:])
        return
    leave_out_tensorflow()
    if given[:2] == ["test", "core"]:
        leave_entities_out_of_conversations()
    from rasa.__main__ import main as rasa_command

    sys.argv = ["rasa", *given]
    rasa_command()


if __name__ == "__main__":
    main()
