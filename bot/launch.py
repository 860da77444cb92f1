"""Runs Rasa's command without TensorFlow, which the pipeline never uses: half the memory and half the start.

`python -m bot.launch run ...` takes the arguments of `rasa run ...`, and so for every other command. Rasa imports
TensorFlow with its own neural components, whether a pipeline names them or not. Here those imports find stand-ins
that can be subclassed and named in annotations, and nothing more; a pipeline with DIET, TED or another component
that needs the real thing must be started with `rasa` itself.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Sequence
from typing import Any

ABSENT = frozenset({"keras", "tensorboard", "tensorflow", "tensorflow_addons", "tensorflow_hub", "tensorflow_text"})


class _StandIn(type):
    """A class that has every attribute, and as a decorator leaves the function as it was."""

    def __getattr__(cls, name: str) -> Any:
        return _attribute_of(cls, name)

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and isinstance(args[0], types.FunctionType) and not kwargs:
            return args[0]
        return super().__call__()


class _EmptyModule(types.ModuleType):
    """A module in which every name is a stand-in."""

    def __getattr__(self, name: str) -> Any:
        return _attribute_of(self, name)


def _attribute_of(owner: Any, name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    made = _StandIn(name, (), {})
    setattr(owner, name, made)
    return made


class _AbsentPackages(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the absent packages before Python would find the installed ones."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """Answers for the absent packages and all their submodules."""
        if fullname.partition(".")[0] in ABSENT:
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        """Makes the empty module."""
        return _EmptyModule(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """There is nothing to run."""


def leave_out_tensorflow() -> None:
    """Puts the stand-ins in place; call it before the first import of Rasa."""
    if "tensorflow" not in sys.modules:
        sys.meta_path.insert(0, _AbsentPackages())


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs Rasa's command line."""
    leave_out_tensorflow()
    from rasa.__main__ import main as rasa_command

    if arguments is not None:
        sys.argv = ["rasa", *arguments]
    rasa_command()


if __name__ == "__main__":
    main()
