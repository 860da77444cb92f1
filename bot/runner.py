"""Runs a trained pipeline node after node: for a chain of a dozen steps a task scheduler costs more than it orders."""

from __future__ import annotations

import dataclasses
from graphlib import TopologicalSorter
from typing import Any, Dict, List, Optional, Text, Tuple, Type, TypeVar

from rasa.engine.exceptions import GraphRunError
from rasa.engine.graph import ExecutionContext, GraphNode, GraphNodeHook, GraphSchema, SchemaNode
from rasa.engine.runner.interface import GraphRunner
from rasa.engine.storage.storage import ModelStorage

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
        self._plans: Dict[Tuple[Text, ...], List[Tuple[Text, List[Text]]]] = {}

    @classmethod
    def create(
        cls,
        graph_schema: GraphSchema,
        model_storage: ModelStorage,
        execution_context: ExecutionContext,
        hooks: Optional[List[GraphNodeHook]] = None,
    ) -> SequentialGraphRunner:
        """Instantiates the nodes."""
        nodes = {
            name: GraphNode.from_schema_node(name, _served(node), model_storage, execution_context, hooks)
            for name, node in graph_schema.nodes.items()
        }
        return cls(graph_schema, nodes)

    def run(self, inputs: Optional[Dict[Text, Any]] = None, targets: Optional[List[Text]] = None) -> Dict[Text, Any]:
        """Returns the output of each target.

        Raises:
            GraphRunError: An input has the name of a node.
        """
        wanted = tuple(targets or self._graph_schema.target_names)
        results: Dict[Text, Tuple[Text, Any]] = {}
        for name, value in (inputs or {}).items():
            if name in self._instantiated_nodes:
                raise GraphRunError(f"The input '{name}' has the name of a node.")
            results[name] = (name, value)
        for name, needed in self._plan(wanted):
            results[name] = self._instantiated_nodes[name](*(results.get(other, other) for other in needed))
        return {name: results[name][1] for name in wanted}

    def components(self, kind: Type[Component]) -> List[Component]:
        """Returns the components of one class that were loaded."""
        loaded = (node._component for node in self._instantiated_nodes.values())
        return [component for component in loaded if isinstance(component, kind)]

    def _plan(self, targets: Tuple[Text, ...]) -> List[Tuple[Text, List[Text]]]:
        known = self._plans.get(targets)
        if known is not None:
            return known
        schema = self._graph_schema.minimal_graph_schema(list(targets))
        needs = {name: list(node.needs.values()) for name, node in schema.nodes.items()}
        order = TopologicalSorter(needs).static_order()
        plan = self._plans[targets] = [(name, needs[name]) for name in order if name in needs]
        return plan


def _served(node: SchemaNode) -> SchemaNode:
    """Returns the node with what serves in place of what was trained, where that is faster and decides the same."""
    return dataclasses.replace(node, uses=SERVED.get(node.uses, node.uses))
