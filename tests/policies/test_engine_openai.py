"""The openai engine against a stand-in endpoint on loopback: what it sends, what it takes, and what it does about trouble."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from policies.engines.base import Answer, Ask, EngineError, Refused, Sampling
from policies.engines.openai import OpenAIEngine

KEY = "sk-very-secret"


@dataclass(frozen=True)
class Reply:
    """What the stand-in answers. `drip`: seconds between the pieces of its body."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    drip: float = 0.0
    cut: bool = False


@dataclass
class StandIn:
    """An endpoint that answers as told, the last reply for ever, and remembers what it was asked."""

    url: str
    replies: list[Reply] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def next_reply(self) -> Reply:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


def said(text: str | None = "Hello.", finish_reason: str | None = "stop", **more: Any) -> Reply:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish_reason, **more}
    return Reply(body={"object": "chat.completion", "choices": [choice], "usage": {"prompt_tokens": 12}})


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        stand_in: StandIn = self.server.stand_in  # type: ignore[attr-defined]
        content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        stand_in.asked.append(content)
        stand_in.headers.append(dict(self.headers))
        stand_in.paths.append(self.path)
        self.send(stand_in.next_reply())

    def send(self, reply: Reply) -> None:
        body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        for name, value in {"Content-Length": str(len(body) + (10 if reply.cut else 0)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        for start in range(0, len(body), 16) if reply.drip else [0]:
            time.sleep(reply.drip)
            self.wfile.write(body[start : start + 16] if reply.drip else body)
        self.close_connection = reply.cut

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that hangs up is part of the tests
    server.stand_in = StandIn(f"http://127.0.0.1:{server.server_port}/v1")  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server.stand_in  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()


def ask(key: int = 1, **sampling: Any) -> Ask:
    return Ask(key, [{"role": "user", "content": "Hi"}], Sampling(**sampling), seed=4711)


def answer_to(
    stand_in: StandIn, *replies: Reply, asked: Ask | None = None, pause: Callable[[float], None] = lambda _: None, **settings: Any
) -> Answer | Refused:
    stand_in.replies = list(replies)
    with OpenAIEngine(stand_in.url, "tiny", KEY, pause=pause, **settings) as engine:
        (outcome,) = engine.answer([asked or ask()], lambda: None)
    return outcome


def test_it_works(stand_in: StandIn) -> None:
    assert answer_to(stand_in, said("Grüezi 🙂", token_ids=[5, 6])) == Answer(1, "Grüezi 🙂", [5, 6], "stop", 12)
    assert stand_in.paths == ["/v1/chat/completions"]
    assert stand_in.headers[0]["Authorization"] == f"Bearer {KEY}"


def test_all_that_decides_the_response_is_sent(stand_in: StandIn) -> None:
    sampling = Sampling(temperature=0.7, top_p=0.9, top_k=40, max_new_tokens=64, stop=("\n\n",))
    asked = Ask(1, [{"role": "user", "content": "Hi"}], sampling, seed=2**63 - 1, system_prompt="Be brief.")
    answer_to(stand_in, said(), asked=asked)
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    expected = {"model": "tiny", "messages": messages, "temperature": 0.7, "top_p": 0.9, "top_k": 40, "max_tokens": 64, "stop": ["\n\n"], "seed": 2**63 - 1}
    assert stand_in.asked == [expected | {"n": 1, "stream": False}]


def test_what_only_some_endpoints_know_is_sent_only_when_asked_for(stand_in: StandIn) -> None:
    answer_to(stand_in, said())
    assert not {"top_k", "stop"} & set(stand_in.asked[0])


@pytest.mark.parametrize(("reason", "expected"), [("stop", "stop"), ("eos_token", "stop"), ("stop_sequence", "stop"), ("length", "length")])
def test_how_it_ended_is_put_into_our_words(stand_in: StandIn, reason: str, expected: str) -> None:
    answer = answer_to(stand_in, said(None, reason))
    assert isinstance(answer, Answer)
    assert (answer.text, answer.token_ids, answer.finish_reason) == ("", [], expected)


@pytest.mark.parametrize("reason", ["content_filter", "tool_calls", None])
def test_what_the_policy_did_not_end_is_refused(stand_in: StandIn, reason: str | None) -> None:
    refused = answer_to(stand_in, said("Half a", reason))
    assert refused == Refused(1, f"the endpoint ended its answer for another reason than the policy's: {reason}", final=True)


def test_a_busy_endpoint_is_asked_again_after_the_pause_it_names(stand_in: StandIn) -> None:
    pauses: list[float] = []
    replies = [Reply(429, {}, {"Retry-After": "7"}), Reply(503, {}, {"Retry-After": "9999"}), Reply(500, {}), said()]
    assert isinstance(answer_to(stand_in, *replies, pause=pauses.append), Answer)
    assert pauses == [7, 30, 4]


def test_an_endpoint_that_stays_busy_is_given_up_for_now(stand_in: StandIn) -> None:
    refused = answer_to(stand_in, Reply(503, {"error": {"message": "loading"}}))
    assert refused == Refused(1, "the endpoint did not answer in 4 tries: HTTP 503 loading", final=False)
    assert len(stand_in.asked) == 4


def test_a_dead_endpoint_is_given_up_for_now(stand_in: StandIn) -> None:
    with OpenAIEngine("http://127.0.0.1:9/v1", "tiny", pause=lambda _: None) as engine:
        (refused,) = engine.answer([ask()], lambda: None)
    assert isinstance(refused, Refused)
    assert not refused.final
    assert "ConnectError" in refused.reason


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": {"message": f"Too long for {KEY}\n at once"}}, "Too long for [key] at once"),
        ({"message": "too long"}, "too long"),
        ({"error": "too long"}, "too long"),
        (b"plain\0 words", "plain words"),
        (b"x" * 1000, "x" * 300),
    ],
)
def test_a_prompt_that_the_endpoint_refuses_is_refused_in_its_words(stand_in: StandIn, body: Any, words: str) -> None:
    assert answer_to(stand_in, Reply(400, body)) == Refused(1, f"the endpoint refuses this prompt: HTTP 400 {words}", final=True)
    assert len(stand_in.asked) == 1


@pytest.mark.parametrize("status", [401, 403, 404])
def test_an_endpoint_that_refuses_us_stops_the_engine(stand_in: StandIn, status: int) -> None:
    with pytest.raises(EngineError, match=f"refuses to work for us: HTTP {status} no such key: .key."):
        answer_to(stand_in, Reply(status, {"error": {"message": f"no such key: {KEY}"}}))


def test_a_redirect_is_not_followed(stand_in: StandIn) -> None:
    with pytest.raises(EngineError, match="redirect"):
        answer_to(stand_in, Reply(307, {}, {"Location": f"{stand_in.url}/elsewhere"}), said())
    assert stand_in.paths == ["/v1/chat/completions"]


def test_the_environment_sends_nothing_elsewhere(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert isinstance(answer_to(stand_in, said()), Answer)


@pytest.mark.parametrize("drip", [0.05, 5.0])
def test_an_answer_that_drips_is_given_up(stand_in: StandIn, drip: float) -> None:
    body = said("x" * 4000).body
    started = time.monotonic()
    refused = answer_to(stand_in, Reply(200, body, drip=drip), seconds=0.3)
    assert isinstance(refused, Refused)
    assert not refused.final
    assert time.monotonic() - started < 4


def test_an_endless_answer_is_given_up(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policies.engines.openai.MOST_BYTES", 2**20)
    refused = answer_to(stand_in, Reply(200, b"x" * 2**21))
    assert isinstance(refused, Refused)
    assert "longer than 1 MiB" in refused.reason


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", {}, {"choices": []}, {"choices": [{"message": {}}]}, said(5).body, b"[" * 100_000])  # type: ignore[arg-type]
def test_an_answer_that_is_none_is_asked_for_again(stand_in: StandIn, body: Any) -> None:
    assert isinstance(answer_to(stand_in, Reply(200, body), said()), Answer)
    assert len(stand_in.asked) == 2


def test_an_answer_cut_on_its_way_is_asked_for_again(stand_in: StandIn) -> None:
    assert isinstance(answer_to(stand_in, Reply(200, said().body, cut=True), said()), Answer)


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"])
def test_an_answer_that_cannot_be_stored_is_refused(stand_in: StandIn, text: str) -> None:
    refused = answer_to(stand_in, said(text))
    assert isinstance(refused, Refused)
    assert refused.final


def test_many_are_asked_at_once_and_told_as_they_come(stand_in: StandIn) -> None:
    stand_in.replies = [Reply(200, said().body, drip=0.02)]
    beats: list[int] = []
    with OpenAIEngine(stand_in.url, "tiny", at_once=8) as engine:
        started = time.monotonic()
        keys = [outcome.key for outcome in engine.answer([ask(key) for key in range(24)], lambda: beats.append(1))]
    assert len(keys) == 24
    assert set(keys) == set(range(24))
    assert beats
    assert time.monotonic() - started < 24 * 0.02 * 10 / 2


def test_what_was_not_sent_is_not_sent_when_the_caller_stops(stand_in: StandIn) -> None:
    stand_in.replies = [Reply(200, said().body, drip=0.01)]
    with OpenAIEngine(stand_in.url, "tiny", at_once=2) as engine:
        outcomes = engine.answer([ask(key) for key in range(50)], lambda: None)
        next(outcomes)
        outcomes.close()  # type: ignore[attr-defined]
    assert len(stand_in.asked) < 10


@pytest.mark.parametrize("url", ["ftp://host/v1", "host/v1", "http://", "http://user:word@host/v1", "file:///etc/passwd"])
def test_an_address_that_is_no_endpoint_is_refused(url: str) -> None:
    with pytest.raises(EngineError, match="an endpoint is"):
        OpenAIEngine(url, "tiny")


def test_the_facts_do_not_hold_the_key(stand_in: StandIn) -> None:
    with OpenAIEngine(stand_in.url, "tiny", KEY) as engine:
        assert KEY not in json.dumps(engine.facts())
        assert engine.facts()["model"] == "tiny"
