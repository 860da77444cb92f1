"""What the components that learn have in common: made untrained, they keep in the model what they learn, and are read from there."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Any, Dict, Generic, Optional, Text, TypeVar

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.exceptions import InvalidConfigException

Learned = TypeVar("Learned")


class KeptComponent(Generic[Learned], GraphComponent):
    """A graph component with something learned that travels in the model archive.

    A component says what it is before any training (`untrained`), how it is read from its folder of the model (`read`) and how it is
    written there (`write`); its `train` ends with `keep`.
    """

    def __init__(
        self,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        learned: Optional[Learned] = None,
    ) -> None:
        """Keeps what the graph hands over, and what was learned."""
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._learned = learned

    @classmethod
    def untrained(cls, config: Dict[Text, Any]) -> Optional[Learned]:
        """Returns what the component starts its training with; None for nothing."""
        return None

    @classmethod
    @abstractmethod
    def read(cls, directory: Path, config: Dict[Text, Any]) -> Optional[Learned]:
        """Returns what `write` has put into a folder.

        Raises:
            OSError, ValueError, KeyError, TypeError: it is not there, or not in that form.
        """

    @abstractmethod
    def write(self, directory: Path) -> None:
        """Puts what was learned into a folder."""

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> KeptComponent[Learned]:
        """Makes the untrained component."""
        return cls(config, model_storage, resource, cls.untrained(config))

    @classmethod
    def load(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> KeptComponent[Learned]:
        """Makes the component with what it learned.

        Raises:
            InvalidConfigException: the model does not hold it, or not in the form that this version reads.
        """
        try:
            with model_storage.read_from(resource) as directory:
                learned = cls.read(directory, config)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InvalidConfigException(
                f"What {cls.__name__} learned cannot be read from the model ({error!r}). Train again: baton train."
            ) from error
        return cls(config, model_storage, resource, learned)

    def keep(self) -> Resource:
        """Writes what was learned into the model, and returns where."""
        with self._model_storage.write_to(self._resource) as directory:
            self.write(directory)
        return self._resource
