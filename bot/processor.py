"""Rasa's message processor with Baton's graph runner and way of calling actions."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Optional, Text, Tuple, Union

from rasa.core.actions.action import Action
from rasa.core.policies.policy import PolicyPrediction
from rasa.core.processor import MessageProcessor
from rasa.engine.loader import load_predict_graph_runner
from rasa.engine.runner.interface import GraphRunner
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.storage import ModelMetadata
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.common import TempDirectoryPath, get_temp_dir_name

from bot.remote_action import ServiceAction
from bot.runner import SequentialGraphRunner
from bot.tracker import Conversation


class Processor(MessageProcessor):
    """Takes a message through the pipeline, the policies and the actions."""

    @staticmethod
    def _load_model(model_path: Union[Text, Path]) -> Tuple[Text, ModelMetadata, GraphRunner]:
        with TempDirectoryPath(get_temp_dir_name()) as folder:
            metadata, runner = load_predict_graph_runner(
                Path(folder), Path(model_path), LocalModelStorage, SequentialGraphRunner
            )
        return Path(model_path).name, metadata, runner

    async def get_tracker(self, conversation_id: Text) -> DialogueStateTracker:
        """Returns the conversation so far, an empty one if it is new."""
        return Conversation.of(await super().get_tracker(conversation_id))

    def predict_next_with_tracker_if_should(self, tracker: DialogueStateTracker) -> Tuple[Action, PolicyPrediction]:
        """Returns the next action and why it is the next."""
        action, prediction = super().predict_next_with_tracker_if_should(tracker)
        return ServiceAction.instead_of(action), prediction

    def _check_for_unseen_features(self, parse_data: Dict[Text, Any]) -> None:
        """Does nothing. For a warning that training gives already, Rasa builds an empty domain with every message."""

    def _get_action(self, action_name: Text) -> Optional[Action]:
        return ServiceAction.instead_of(super()._get_action(action_name))
