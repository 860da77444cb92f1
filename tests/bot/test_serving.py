"""What differs from Rasa's own server: fewer packages, a plain runner, kept connections, a prepared check."""

import asyncio
import contextlib
import dataclasses
import json
import subprocess
import sys
import tarfile

import aiohttp
import numpy as np
import pytest
from aiohttp import web
from jsonschema import ValidationError
from rasa.core.actions.action import ActionListen, RemoteAction
from rasa.core.utils import AvailableEndpoints
from rasa.engine.exceptions import GraphComponentException, GraphRunError
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.nlu.featurizers.sparse_featurizer.regex_featurizer import RegexFeaturizer
from rasa.nlu.tokenizers.whitespace_tokenizer import WhitespaceTokenizer
from rasa.shared.exceptions import InvalidConfigException, RasaException
from rasa.utils.endpoints import ClientResponseError, EndpointConfig
from served import PROJECT, free_port

from bot.classifier import Decision, regression
from bot.connection import Caller, _Connection
from bot.remote_action import ActionEndpoint, ServiceAction
from bot.runner import SequentialGraphRunner, Untokenized, _reads_no_tokens, _served, _Step


def test_the_sequential_runner_gives_what_rasas_gives(agent, monkeypatch):
    sequential = agent.processor.graph_runner
    assert isinstance(sequential, SequentialGraphRunner)
    parsed = asyncio.run(agent.parse_message("where are my invoices"))
    rasas = DaskGraphRunner.__new__(DaskGraphRunner)
    vars(rasas).update(vars(sequential), _execution_context=None)
    monkeypatch.setattr(agent.processor, "graph_runner", rasas)
    assert asyncio.run(agent.parse_message("where are my invoices")) == parsed


def test_tokens_are_made_where_a_component_asks_for_them(agent):
    nodes = agent.processor.graph_runner._instantiated_nodes
    served = {node._component_class for node in nodes.values()}
    assert Untokenized in served
    assert WhitespaceTokenizer not in served
    schema = agent.processor.model_metadata.predict_schema
    tokenizer = next(node for node in schema.nodes.values() if node.uses is WhitespaceTokenizer)
    assert all(map(_reads_no_tokens, schema.nodes.values()))
    assert not _reads_no_tokens(dataclasses.replace(tokenizer, uses=RegexFeaturizer))
    assert _served(tokenizer, without_tokens=False).uses is WhitespaceTokenizer


@pytest.mark.parametrize("error", [ValueError("x"), InvalidConfigException("x")])
def test_a_component_that_fails_fails_as_in_rasas_runner(agent, monkeypatch, error):
    def fail(*_args, **_more):
        raise error

    node = next(node for node in agent.processor.graph_runner._instantiated_nodes.values() if node._eager)
    monkeypatch.setattr(node, "_fn", fail)
    given = dict.fromkeys(node._inputs.values())
    with pytest.raises((RasaException, GraphComponentException)) as rasas:
        node(*given.items())
    with pytest.raises((RasaException, GraphComponentException)) as ours:
        _Step(node._node_name, node).run(given)
    assert (type(ours.value), str(ours.value)) == (type(rasas.value), str(rasas.value))
    if node._inputs:
        with pytest.raises(GraphRunError, match="lacks its input"):
            _Step(node._node_name, node).run({})


def test_an_input_with_the_name_of_a_node_is_refused(agent):
    runner = agent.processor.graph_runner
    name = next(iter(runner._instantiated_nodes))
    with pytest.raises(GraphRunError):
        runner.run(inputs={name: 1})


@pytest.mark.parametrize("count", [2, 4])
def test_the_plain_numbers_decide_as_scikit_learn_does(count):
    random = np.random.default_rng(3)
    vectors = random.normal(size=(80, 6))
    names = [f"intent {number % count}" for number in range(80)]
    trained = regression(30.0).fit(vectors, names)
    decision = Decision.of(trained)
    assert decision.names == list(trained.classes_)
    for vector in vectors[:5]:
        assert np.allclose(decision.probabilities(vector), trained.predict_proba(vector[None, :])[0])


@pytest.mark.parametrize(
    "answer",
    [
        {"events": [], "responses": [{"text": "x"}]},
        {"events": [{"event": "slot", "timestamp": None, "name": "failed_turns", "value": 1.0}], "responses": []},
        {"events": [{"event": "no such event"}], "responses": []},
        {"events": [], "responses": "none"},
        {"events": {}, "responses": []},
    ],
)
def test_an_actions_answer_is_accepted_or_refused_as_rasa_would(answer):
    def judged(action):
        try:
            return action._validate_action_result(answer)
        except ValidationError:
            return False

    assert judged(ServiceAction("action_x", None)) == judged(RemoteAction("action_x", None))


def test_only_remote_actions_are_replaced():
    listen = ActionListen()
    assert ServiceAction.instead_of(listen) is listen
    replaced = ServiceAction.instead_of(RemoteAction("action_x", None))
    assert isinstance(replaced, ServiceAction)
    assert replaced.name() == "action_x"


def endpoint_at(port, **more):
    return ActionEndpoint.of(
        EndpointConfig(f"http://127.0.0.1:{port}/act", headers={"Authorization": "Bearer x"}, **more)
    )


async def served_by(handler, then):
    """Runs `then` with the port of a server whose every request goes to `handler`."""
    app = web.Application()
    app.router.add_post("/act", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port, shutdown_timeout=0).start()
    try:
        return await then(port)
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("plain", [True, False])
def test_an_action_is_called_as_rasa_calls_it(plain):
    calls = []

    async def act(request):
        calls.append((request.transport, await request.json(), request.headers["Authorization"], request.content_type))
        answers = {
            "refuse": lambda: web.json_response({"error": "no"}, status=400),
            "words": lambda: web.Response(text="no JSON"),
            "close": lambda: web.json_response({"n": "last"}, headers={"Connection": "close"}),
        }
        return answers.get(calls[-1][1]["n"], lambda: web.json_response({"n": "\ud83d" + "x" * 300_000}))()

    async def ask(port):
        endpoint = endpoint_at(port, **({} if plain else {"params": {"other": "way"}}))
        said = []
        for n in ("one", "words", "refuse", "close", "two", "\ud83d"):
            try:
                answer = await endpoint.request(json={"n": n}, method="post", timeout=60, compress=False)
            except ClientResponseError as error:
                answer = (error.status, json.loads(error.text))
            said.append(answer)
        await endpoint.close()
        return said

    one = {"n": "\ud83d" + "x" * 300_000}
    assert asyncio.run(served_by(act, ask)) == [one, None, (400, {"error": "no"}), {"n": "last"}, one, one]
    assert {call[2:] for call in calls} == {("Bearer x", "application/json")}
    assert [call[1]["n"] for call in calls] == ["one", "words", "refuse", "close", "two", "\ud83d"]
    if plain:
        assert len({id(call[0]) for call in calls}) == 2, "one connection until the server closed it"


def test_a_late_action_is_given_up_and_its_answer_taken_for_no_other():
    async def act(request):
        n = (await request.json())["n"]
        if n == "late":
            await asyncio.Event().wait()
        return web.json_response({"n": n})

    async def ask(port):
        endpoint = endpoint_at(port)
        with pytest.raises(asyncio.TimeoutError):
            await endpoint.request(json={"n": "late"}, timeout=0.01)
        several = await asyncio.gather(*(endpoint.request(json={"n": n}, timeout=60) for n in range(5)))
        await endpoint.close()
        return [answer["n"] for answer in several]

    assert asyncio.run(served_by(act, ask)) == [0, 1, 2, 3, 4]


def test_a_service_that_is_away_or_speaks_no_http_is_a_connection_error():
    async def ask():
        async def greet(reader, writer):
            await reader.readexactly(10)
            writer.write(b"220 mail.example.org\r\n")

        mail = await asyncio.start_server(greet, "127.0.0.1", 0)
        for port in (free_port(), mail.sockets[0].getsockname()[1]):
            with pytest.raises(aiohttp.ClientConnectionError):
                await endpoint_at(port).request(json={}, timeout=60)
        mail.close()

    asyncio.run(ask())


async def answered(raw, seconds=60):
    """Posts to a server that answers with these bytes, whatever it hears."""

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.writelines(raw)
        with contextlib.suppress(ConnectionError):
            await reader.read()  # until the other side hangs up
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    caller = Caller(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", {})
    try:
        return await caller.post(b"{}", seconds)
    finally:
        caller.close()
        server.close()


def test_what_comes_before_the_answer_is_not_the_answer():
    hints = b"HTTP/1.1 103 Early Hints\r\nContent-Type: application/json\r\n\r\n"
    said = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi"
    answer = asyncio.run(answered([b"HTTP/1.1 100 Continue\r\n\r\n", hints, said]))
    assert answer == (200, "OK", False, b"hi")


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 99000000\r\n\r\n", *[b"x" * 1_000_000] * 9], "longer than"),
        ([b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"], "not HTTP"),
    ],
)
def test_an_answer_without_end_or_in_another_protocol_is_a_connection_error(raw, words):
    with pytest.raises(aiohttp.ClientConnectionError, match=words):
        asyncio.run(answered(raw))


def test_connecting_takes_its_time_from_that_of_the_answer(monkeypatch):
    given = []

    class Connection:
        is_open = False

        async def ask(self, _request, seconds):
            given.append(seconds)

    async def post():
        loop, caller = asyncio.get_running_loop(), Caller("http://127.0.0.1/", {})

        async def connect(seconds):
            given.append(seconds)
            later = loop.time() + 7
            monkeypatch.setattr(loop, "time", lambda: later)
            return Connection()

        monkeypatch.setattr(caller, "_connect", connect)
        await caller.post(b"{}", 10)

    asyncio.run(post())
    assert given[0] == 10
    assert 2.9 < given[1] <= 3


def test_a_connection_that_is_closed_before_it_is_used_is_no_wait_for_the_answer():
    async def ask():
        made = _Connection(asyncio.get_running_loop())
        server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
        await asyncio.get_running_loop().create_connection(lambda: made, *server.sockets[0].getsockname())
        made.close()
        with pytest.raises(aiohttp.ClientConnectionError):
            await made.ask(b"POST / HTTP/1.1", 60)
        server.close()

    asyncio.run(ask())


def test_an_address_with_a_password_is_called_rasas_way():
    assert not ActionEndpoint.of(EndpointConfig("http://me:secret@127.0.0.1/act"))._is_plain


def test_a_header_cannot_bring_another():
    with pytest.raises(ValueError, match="line break"):
        Caller("http://127.0.0.1/", {"Authorization": "Bearer x\r\nX: y"})


def test_a_store_that_is_left_out_is_refused_in_words():
    from bot.serve import load_agent

    endpoints = AvailableEndpoints(tracker_store=EndpointConfig(type="mongod"))
    with pytest.raises(InvalidConfigException, match="not in mongod"):
        asyncio.run(load_agent(PROJECT / "none.tar.gz", endpoints))


def test_what_is_left_out_says_so_when_it_is_used():
    script = (
        "from bot.standins import LeftOut, OPTIONAL, TENSORFLOW, UNSERVED, leave_out\n"
        "leave_out(TENSORFLOW | UNSERVED, OPTIONAL)\n"
        "import bot.serve, sys\n"
        "from pymongo import MongoClient\n"
        "loaded = {name for name, module in sys.modules.items() if getattr(module, '__file__', None)}\n"
        "assert not {'sklearn', 'matplotlib', 'dask', 'pymongo', 'rich'} & loaded\n"
        "try:\n"
        "    MongoClient('mongodb://x')\n"
        "except LeftOut as error:\n"
        "    print(error)\n"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "pymongo is left out" in done.stdout


def test_conversation_tests_judge_intents_and_no_entities():
    from rasa.core import test as conversations
    from rasa.shared.core.events import UserUttered
    from rasa.shared.core.trackers import DialogueStateTracker

    from bot.launch import leave_entities_out_of_conversations

    def judged(intent):
        said = UserUttered("a word from Lisbon", {"name": "greet"})
        found = {
            "intent": {"name": intent},
            "entities": [{"entity": "city", "value": "Lisbon", "start": 12, "end": 18}],
        }
        tracker = DialogueStateTracker("c", [])
        return conversations._collect_user_uttered_predictions(said, found, tracker, False)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conversations, "_clean_entity_results", conversations._clean_entity_results)
        assert judged("greet").check_prediction_target_mismatch()
        leave_entities_out_of_conversations()
        assert not judged("greet").check_prediction_target_mismatch()
        assert judged("thanks").check_prediction_target_mismatch()


def test_a_model_that_cannot_be_loaded_is_refused_with_what_to_do(tmp_path):
    from bot.serve import ModelUnusableError, load_agent

    archive = tmp_path / "old.tar.gz"
    with tarfile.open(archive, "w:gz") as file:
        file.addfile(tarfile.TarInfo("metadata.json"))
    endpoints = AvailableEndpoints.read_endpoints(None)
    with pytest.raises(ModelUnusableError, match=r"old\.tar\.gz cannot be loaded.* Run baton train\. \(\w+"):
        asyncio.run(load_agent(archive, endpoints))
