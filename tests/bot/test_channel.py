"""The contract of the channel: who may call, what is refused, what comes back, and that no failure is silent."""

import asyncio
import base64
from pathlib import Path

import numpy as np
import pytest
import yaml
from aiohttp import web
from rasa.shared.core.events import UserUttered
from rasa.shared.exceptions import InvalidConfigException
from rasa.utils.endpoints import EndpointConfig
from served import PROJECT

from bot.channel import BatonChannel
from bot.encoder import SentenceEncoder
from bot.turn import Turn

REFUSED = [
    [],
    {},
    {"conversation": "c.1"},
    {"conversation": "c.1", "text": "hi", "payload": "/greet"},
    {"conversation": "c.1", "text": "hi", "sender": "x"},
    {"conversation": "", "text": "hi"},
    {"conversation": "a b", "text": "hi"},
    {"conversation": 3, "text": "hi"},
    {"conversation": "c.1", "text": "  "},
    {"conversation": "c.1", "text": None},
    {"conversation": "c.1", "text": "x" * 8001},
    {"conversation": "c.1", "text": "/greet"},
    {"conversation": "c.1", "text": " \n/greet"},
    {"conversation": "c.1", "payload": "greet"},
    {"conversation": "c.1", "payload": "/unheard_of"},
    {"conversation": "c.1", "payload": "/greet{not json}"},
    {"conversation": "c.1", "payload": '/greet{"a":' + "[" * 1900 + "}"},
    {"conversation": "c.1", "payload": "/greet", "vector": {"encoder": "x", "values": "AAAAAA=="}},
    {"conversation": "c.1", "text": "hi", "vector": [0.5]},
    {"conversation": "c.1", "text": "hi", "vector": {"encoder": "x", "values": "not base64"}},
    {"conversation": "c.1", "text": "hi", "vector": {"encoder": "x", "values": "AAAA"}},
    {"conversation": "c.1", "text": "hi", "vector": {"encoder": "x", "values": "AADAfw=="}},
    {"conversation": "c.1", "text": "hi", "vector": {"encoder": "x", "values": "AACAPwAAgD8="}},
]


@pytest.fixture(scope="module")
def encoder(encoder_dir):
    files = ((encoder_dir / name).read_bytes() for name in ("model.onnx", "tokenizer.json"))
    return SentenceEncoder(*files, max_tokens=128, cache_size=8, threads=1)


@pytest.mark.parametrize("token", ["", "wrong", "a-token-for-test", "a-token-for-tests2"])
def test_without_the_token_a_turn_is_refused(served, token):
    answer = served.turn({"conversation": "c.1", "text": "hi"}, token=token)
    assert answer.status == 401
    assert answer.body["error"]["code"] == "unauthorised"


@pytest.mark.parametrize("body", REFUSED)
def test_a_turn_against_the_contract_is_refused_with_a_reason(served, body):
    answer = served.turn(body)
    assert answer.status == 400
    assert answer.body["error"]["code"] == "bad_request"
    assert answer.body["error"]["message"]


def test_a_body_that_is_not_json_is_refused(served):
    assert served.turn(raw="{").status == 400


def test_a_turn_returns_the_reply_whole_and_what_was_understood(served):
    answer = served.turn({"conversation": "c.2", "text": "hello good morning"})
    assert answer.status == 200
    assert answer.body["replies"] == [
        {
            "text": "Hello.\n\nHow can I help?",
            "buttons": [{"title": "Talk to a person", "payload": "/talk_to_person"}],
        }
    ]
    understanding = answer.body["understanding"]
    assert understanding["intent"] == "greet"
    assert 0 < understanding["confidence"] <= 1
    assert len(understanding["ranking"]) == 3
    assert understanding["entities"] == []


def test_what_several_clauses_ask_for_is_told_with_the_turn():
    matters = [
        {"name": "invoices", "confidence": 0.812345, "text": "my invoice"},
        {"name": "talk_to_person", "confidence": 0.9, "text": "a person"},
    ]
    said = UserUttered("my invoice and a person", {"name": "talk_to_person"}, parse_data={"intents": matters})
    assert Turn(said, []).understanding()["intents"] == [
        {"name": "invoices", "confidence": 0.8123, "text": "my invoice"},
        {"name": "talk_to_person", "confidence": 0.9, "text": "a person"},
    ]
    assert Turn(UserUttered("hello", {"name": "greet"}), []).understanding()["intents"] == []


def _vector(encoder, text, *, of):
    values = encoder.encode_one(of).astype("<f4").tobytes()
    return {"text": text, "vector": {"encoder": encoder.fingerprint, "values": base64.b64encode(values).decode()}}


def test_a_vector_of_the_same_encoder_stands_for_the_text(served, encoder):
    """One of another text shows that it is used, one of another encoder or of a text too long to be read whole that it is not."""
    text = "hello good morning"
    borrowed = _vector(encoder, text, of="could i download my invoice please")
    foreign = {**borrowed, "vector": {**borrowed["vector"], "encoder": "another"}}
    story = _vector(encoder, text + " and hello" * 100, of="could i download my invoice please")
    own = _vector(encoder, text, of=text)
    intents = []
    for number, body in enumerate((borrowed, foreign, story, own)):
        answer = served.turn({"conversation": f"c.vector{number}", **body})
        intents.append(answer.body["understanding"]["intent"])
    assert intents[0] == "invoices"
    assert "invoices" not in intents[1:]
    assert intents[1] == intents[3] == "greet"


def test_a_vector_of_this_encoder_has_its_size(served, encoder):
    one = base64.b64encode(np.ones(1, dtype="<f4").tobytes()).decode()
    answers = [
        served.turn({"conversation": "c.size", "text": "hello", "vector": {"encoder": name, "values": one}})
        for name in (encoder.fingerprint, "another")
    ]
    assert [answer.status for answer in answers] == [400, 200]
    assert "384 numbers" in answers[0].body["error"]["message"]


def test_a_payload_is_taken_as_its_intent(served):
    answer = served.turn({"conversation": "c.3", "payload": "/talk_to_person"})
    assert answer.status == 200
    assert answer.body["understanding"]["intent"] == "talk_to_person"
    assert answer.body["replies"] == [{"text": "One moment."}]


def test_an_action_server_that_is_down_is_a_failure_and_not_silence(served):
    text = "where is INV-2041 for our business plan"
    answer = served.turn({"conversation": "c.4", "text": text})
    assert answer.status == 502
    assert answer.body["error"]["code"] == "action_failed"
    assert answer.body["actions"] == ["action_answer_question"]
    assert answer.body["understanding"]["entities"] == [
        {"entity": "invoice", "value": "INV-2041", "text": "INV-2041", "start": 9, "end": 17},
        {"entity": "plan", "value": "business", "text": "business plan", "start": 26, "end": 39},
    ]


def test_a_failed_turn_does_not_taint_the_next(served):
    failed = served.turn({"conversation": "c.5", "text": "download my invoice"})
    following = served.turn({"conversation": "c.5", "text": "hello"})
    assert (failed.status, following.status) == (502, 200)


@pytest.fixture
def ask_with_action(served, agent, monkeypatch):
    """Asks a question that an action answers, with `handler` as the action server."""

    def ask(handler):
        url = served.serve_actions(handler)
        monkeypatch.setattr(agent.processor, "action_endpoint", EndpointConfig(url=url))
        return served.turn({"conversation": "c.6", "text": "download my invoice as pdf"})

    return ask


@pytest.mark.parametrize("status", [400, 500])
def test_an_action_that_refuses_or_breaks_is_a_failure(ask_with_action, status):
    async def refuse(request):
        return web.json_response({"action_name": "action_answer_question", "error": "no"}, status=status)

    answer = ask_with_action(refuse)
    assert answer.status == 502
    assert "action_answer_question" in answer.body["actions"]


def test_what_an_action_says_comes_back(ask_with_action):
    responses = [{"text": "See here.", "custom": {"type": "answer", "article_id": "fh-1"}}]

    async def say(request):
        return web.json_response({"events": [], "responses": responses})

    answer = ask_with_action(say)
    assert answer.status == 200
    assert answer.body["replies"] == responses


def test_a_turn_that_takes_too_long_is_given_up(ask_with_action, served, monkeypatch):
    async def never(request):
        await asyncio.Event().wait()

    monkeypatch.setattr(served.channel, "_turn_seconds", 0.2)
    answer = ask_with_action(never)
    assert answer.status == 504
    assert answer.body["error"]["code"] == "turn_timed_out"


def test_a_store_that_cannot_be_read_after_the_turn_is_a_failure_in_the_one_envelope(served, agent, monkeypatch):
    class Away:
        async def retrieve(self, conversation):
            raise ConnectionError("the store is away")

    monkeypatch.setattr(agent, "tracker_store", Away())  # the processor keeps its own
    answer = served.turn({"conversation": "c.7", "text": "hello"})
    assert (answer.status, answer.body["error"]["code"]) == (500, "turn_failed")


def test_ready_names_the_model_and_its_encoder(served, encoder):
    answer = served.ready()
    expected = {"ready": True, "model": "tiny.tar.gz", "encoder": encoder.fingerprint}
    assert (answer.status, answer.body) == (200, expected)


def test_without_a_model_nothing_is_ready(served, monkeypatch):
    monkeypatch.setattr(served.app.ctx, "agent", None)
    ready, turn = served.ready(), served.turn({"conversation": "c.1", "text": "hi"})
    assert (ready.status, ready.body) == (503, {"ready": False})
    assert turn.status == 503


@pytest.mark.parametrize("credentials", [None, {}, {"token": ""}, {"token": "${BATON_BOT_TOKEN}"}])
def test_a_channel_without_a_token_does_not_start(credentials):
    with pytest.raises(InvalidConfigException, match="BATON_BOT_TOKEN"):
        BatonChannel.from_credentials(credentials)


def test_the_shipped_credentials_open_this_channel_only():
    credentials = yaml.safe_load((PROJECT / "bot" / "credentials.yml").read_text(encoding="utf-8"))
    assert list(credentials) == ["bot.channel.BatonChannel"]


@pytest.mark.parametrize("file", ["bot/credentials.yml", "endpoints.yml"])
def test_no_variable_is_quoted_since_rasa_would_not_expand_it(file):
    lines = Path(PROJECT / file).read_text(encoding="utf-8").splitlines()
    assert not [line for line in lines if "${" in line and '"' in line]
