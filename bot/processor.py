"""Rasa's message processor with Baton's graph runner and way of calling actions."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any, Dict, List, Optional, Text, Tuple, Union

from rasa.core.actions.action import Action
from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.core.policies.policy import PolicyPrediction
from rasa.core.processor import MessageProcessor
from rasa.engine.loader import load_predict_graph_runner
from rasa.engine.runner.interface import GraphRunner
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.storage import ModelMetadata
from rasa.plugin import plugin_manager
from rasa.shared.core.events import UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import TEXT
from rasa.utils.common import TempDirectoryPath, get_temp_dir_name

from bot.encoder import SentenceEncoderFeaturizer
from bot.given import KnownEncoder
from bot.remote_action import ServiceAction
from bot.runner import SequentialGraphRunner
from bot.signals import SIGNALS, with_repetition
from bot.tracker import Conversation

EARLIER_MESSAGES = 10


class Processor(MessageProcessor):
    """Takes a message through the pipeline, the policies and the actions."""

    _anonymises: Optional[bool] = None

    @staticmethod
    def _load_model(model_path: Union[Text, Path]) -> Tuple[Text, ModelMetadata, GraphRunner]:
        with TempDirectoryPath(get_temp_dir_name()) as folder:
            metadata, runner = load_predict_graph_runner(
                Path(folder), Path(model_path), LocalModelStorage, SequentialGraphRunner
            )
        return Path(model_path).name, metadata, runner

    @property
    def encoder(self) -> Optional[KnownEncoder]:
        """The encoder that reads messages; None for a pipeline that has none or several."""
        runner = self.graph_runner
        found = runner.components(SentenceEncoderFeaturizer) if isinstance(runner, SequentialGraphRunner) else []
        return found[0].known if len(found) == 1 else None

    async def get_tracker(self, conversation_id: Text) -> DialogueStateTracker:
        """Returns the conversation so far, an empty one if it is new."""
        return Conversation.of(await super().get_tracker(conversation_id))

    async def parse_message(
        self, message: UserMessage, tracker: Optional[DialogueStateTracker] = None, only_output_properties: bool = True
    ) -> Dict[Text, Any]:
        """Returns what a message says, and whether its conversation makes more of it: NLU components see no tracker."""
        parsed = await super().parse_message(message, tracker, only_output_properties)
        if tracker is not None and SIGNALS in parsed:
            parsed[SIGNALS] = with_repetition(parsed[SIGNALS], parsed.get(TEXT) or "", _said_before(tracker))
        return parsed

    async def run_anonymization_pipeline(self, tracker: DialogueStateTracker) -> None:
        """Does nothing unless a plugin anonymises; which plugins there are is settled when the assistant starts."""
        if self._anonymises is None:
            self._anonymises = plugin_manager().hook.get_anonymization_pipeline() is not None
        if self._anonymises:
            await super().run_anonymization_pipeline(tracker)

    async def _update_tracker_session(
        self,
        tracker: DialogueStateTracker,
        output_channel: OutputChannel,
        metadata: Optional[Dict[Text, Any]] = None,
    ) -> None:
        """Begins a session where there is none; Rasa goes through all events to see that one runs, which may never expire."""
        if tracker.latest_action_name is None or self.domain.session_config.are_sessions_enabled():
            await super()._update_tracker_session(tracker, output_channel, metadata)

    @staticmethod
    def _log_slots(tracker: DialogueStateTracker) -> None:
        """Does nothing. Rasa writes out all slots for a debug log that is off."""

    def predict_next_with_tracker_if_should(self, tracker: DialogueStateTracker) -> Tuple[Action, PolicyPrediction]:
        """Returns the next action and why it is the next."""
        action, prediction = super().predict_next_with_tracker_if_should(tracker)
        return ServiceAction.instead_of(action), prediction

    def _check_for_unseen_features(self, parse_data: Dict[Text, Any]) -> None:
        """Does nothing. For a warning that training gives already, Rasa builds an empty domain with every message."""

    def _get_action(self, action_name: Text) -> Optional[Action]:
        return ServiceAction.instead_of(super()._get_action(action_name))


def _said_before(tracker: DialogueStateTracker) -> List[Text]:
    """Returns the customer's latest messages, those of buttons left out."""
    said = (event.text or "" for event in reversed(tracker.events) if type(event) is UserUttered)
    return [text for text in itertools.islice(said, EARLIER_MESSAGES) if not text.startswith("/")]
