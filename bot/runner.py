"""Runs a trained pipeline node after node: for a chain of a dozen steps a task scheduler costs more than it orders."""

from __future__ import annotations

import dataclasses
from graphlib import TopologicalSorter
from typing import Any, Dict, List, NamedTuple, Optional, Text, Tuple, Type, TypeVar

from rasa.engine.exceptions import GraphComponentException, GraphRunError
from rasa.engine.graph import ExecutionContext, GraphNode, GraphNodeHook, GraphSchema, SchemaNode
from rasa.engine.runner.interface import GraphRunner
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.nlu.classifiers.regex_message_handler import RegexMessageHandler
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.nlu.featurizers.featurizer import Featurizer
from rasa.nlu.tokenizers.whitespace_tokenizer import WhitespaceTokenizer
from rasa.shared.exceptions import RasaException
from rasa.shared.nlu.training_data.message import Message

from bot.rules import SERVED

Component = TypeVar("Component")


class SequentialGraphRunner(GraphRunner):
    """Runs each node once, after those that it needs, in an order that is found once for each set of targets.

    It does what Rasa's `DaskGraphRunner` does, without building a graph and its scheduler's state anew for every message.
    """

    def __init__(self, graph_schema: GraphSchema, nodes: Dict[Text, GraphNode]) -> None:
        """Keeps the schema and its instantiated nodes."""
        self._graph_schema = graph_schema
        self._instantiated_nodes = nodes
        self._plans: Dict[Tuple[Text, ...], List[_Step]] = {}

    @classmethod
    def create(
        cls,
        graph_schema: GraphSchema,
        model_storage: ModelStorage,
        execution_context: ExecutionContext,
        hooks: Optional[List[GraphNodeHook]] = None,
    ) -> SequentialGraphRunner:
        """Instantiates the nodes."""
        ours = all(map(_reads_no_tokens, graph_schema.nodes.values()))
        nodes = {
            name: GraphNode.from_schema_node(name, _served(node, ours), model_storage, execution_context, hooks)
            for name, node in graph_schema.nodes.items()
        }
        return cls(graph_schema, nodes)

    def run(self, inputs: Optional[Dict[Text, Any]] = None, targets: Optional[List[Text]] = None) -> Dict[Text, Any]:
        """Returns the output of each target.

        Raises:
            GraphRunError: An input has the name of a node.
        """
        wanted = tuple(targets or self._graph_schema.target_names)
        results: Dict[Text, Any] = {}
        for name, value in (inputs or {}).items():
            if name in self._instantiated_nodes:
                raise GraphRunError(f"The input '{name}' has the name of a node.")
            results[name] = value
        for step in self._plan(wanted):
            results[step.name] = step.run(results)
        return {name: results[name] for name in wanted}

    def components(self, kind: Type[Component]) -> List[Component]:
        """Returns the components of one class that were loaded."""
        loaded = (node._component for node in self._instantiated_nodes.values())
        return [component for component in loaded if isinstance(component, kind)]

    def _plan(self, targets: Tuple[Text, ...]) -> List[_Step]:
        known = self._plans.get(targets)
        if known is not None:
            return known
        schema = self._graph_schema.minimal_graph_schema(list(targets))
        needs = {name: list(node.needs.values()) for name, node in schema.nodes.items()}
        order = TopologicalSorter(needs).static_order()
        plan = [_Step(name, self._instantiated_nodes[name]) for name in order if name in needs]
        self._plans[targets] = plan
        return plan


class _Step(NamedTuple):
    """A node in its place in the order."""

    name: Text
    node: GraphNode

    def run(self, results: Dict[Text, Any]) -> Any:
        """Returns the node's output, as `GraphNode.__call__` makes it of the results before.

        Raises:
            RasaException: What the component raised, or `GraphComponentException` for any other error of it.
        """
        node = self.node
        if node._hooks or not node._eager:
            return node(*((name, results[name]) for name in node._inputs.values() if name in results))[1]
        try:
            given = {parameter: results[name] for parameter, name in node._inputs.items()}
        except KeyError as missing:
            raise GraphRunError(f"Node '{self.name}' lacks its input {missing}.") from missing
        try:
            return node._fn(node._component, **given)
        except RasaException:
            raise
        except Exception as error:
            raise GraphComponentException(f"Error running graph component for node {self.name}.") from error


class Untokenized(WhitespaceTokenizer):
    """Leaves messages as they are, where no component asks for Rasa's tokens."""

    def process(self, messages: List[Message]) -> List[Message]:
        """Returns the messages."""
        return messages


def _reads_no_tokens(node: SchemaNode) -> bool:
    """Tells whether a component is known to do without tokens: this package's own do, and of Rasa's those that read no text."""
    reads_text = issubclass(node.uses, (Featurizer, IntentClassifier, EntityExtractorMixin))
    return not reads_text or node.uses is RegexMessageHandler or node.uses.__module__.startswith("bot.")


def _served(node: SchemaNode, without_tokens: bool) -> SchemaNode:
    """Returns the node with what serves in place of what was trained, where that is faster and decides the same."""
    if node.uses is WhitespaceTokenizer and without_tokens:
        return dataclasses.replace(node, uses=Untokenized)
    return dataclasses.replace(node, uses=SERVED.get(node.uses, node.uses))
