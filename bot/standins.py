"""Leaves out what Rasa imports whether it is used or not: half the memory of the assistant, and most of its start.

Rasa imports TensorFlow with its own neural components, every messenger's SDK with its channels, and every database's with
its stores. The packages named here are not imported. Those that Rasa cannot do without at import find a stand-in, whose
names can be subclassed and named in annotations, and nothing more: a use that matters ends in `LeftOut`, which says so.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import types
from typing import Any, Collection

TENSORFLOW = frozenset({"keras", "tensorboard", "tensorflow", "tensorflow_addons", "tensorflow_hub", "tensorflow_text"})
"""Never used: a pipeline with DIET or TED needs plain `rasa`."""

UNSERVED = frozenset(
    {
        # Messengers: the assistant has one channel of its own.
        "aiogram", "cachecontrol", "fbmessenger", "google", "mattermostwrapper", "prompt_toolkit", "questionary",
        "rocketchat_API", "slack_sdk", "socketio", "twilio", "webexteamssdk",
        # Stores and brokers that bot/serve.py refuses.
        "aio_pika", "aiormq", "boto3", "botocore", "confluent_kafka", "pymongo",
        # Command lines, training, tests, reminders and telemetry.
        "apscheduler", "dask", "matplotlib", "rasa.cli", "rasa.telemetry", "sentry_sdk", "sklearn", "spacy.cli",
        "structlog_sentry",
    }
)  # fmt: skip
"""Not used by a running assistant, only by other parts of Rasa."""

OPTIONAL = frozenset({"h5py", "rich"})
"""Used where they are installed, and done without where not, by packages that a running assistant imports."""


class LeftOut(RuntimeError):
    """Something was used that this process left out."""


class _StandIn(type):
    """A class that has every attribute, and as a decorator leaves the function as it was."""

    def __getattr__(cls, name: str) -> Any:
        return _attribute_of(cls, name)

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and isinstance(args[0], types.FunctionType) and not kwargs:
            return args[0]
        if _within(cls.__module__, UNSERVED):
            raise LeftOut(f"{cls.__module__} is left out of the running assistant (bot/standins.py).")
        return super().__call__()


class _EmptyModule(types.ModuleType):
    """A module in which every name is a stand-in."""

    def __getattr__(self, name: str) -> Any:
        return _attribute_of(self, name)


def _within(module: str, packages: Collection[str]) -> bool:
    """Tells whether a module is one of the packages, or inside one."""
    return module in packages or any(module[:place] in packages for place, letter in enumerate(module) if letter == ".")


def _attribute_of(owner: Any, name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    home = owner.__name__ if isinstance(owner, types.ModuleType) else owner.__module__
    made = _StandIn(name, (), {"__module__": home})
    setattr(owner, name, made)
    return made


class _Leaver(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the left-out packages before Python would find the installed ones."""

    def __init__(self, replaced: Collection[str], absent: Collection[str]) -> None:
        self._replaced = replaced
        self._absent = absent

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """Answers for the packages and all their submodules."""
        if _within(fullname, self._absent):
            raise ModuleNotFoundError(f"{fullname} is left out (bot/standins.py)", name=fullname)
        if _within(fullname, self._replaced):
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        """Makes the empty module."""
        return _EmptyModule(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """There is nothing to run."""


def leave_out(replaced: Collection[str], absent: Collection[str] = ()) -> None:
    """Puts stand-ins in place of packages; call it before the first import of Rasa. What is imported already stays."""
    sys.meta_path.insert(0, _Leaver({name for name in replaced if name not in sys.modules}, absent))
