"""The engine that asks an OpenAI-compatible endpoint: vLLM, SGLang, TGI, or whatever else the operator's settings name."""

import json
import platform
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import Any, Self

import httpx

from policies.engines.base import Answer, Ask, EngineError, FinishReason, Heartbeat, Refused, answered

CONNECT_SECONDS = 10.0
BEAT_SECONDS = 5.0
TRIES = 4
LONGEST_PAUSE = 30.0  # seconds, whatever Retry-After says
MOST_BYTES = 16 * 1024**2
MOST_REASON = 300  # characters of an endpoint's own words
TRY_AGAIN = frozenset({408, 409, 425, 429})
NOT_THIS_PROMPT = frozenset({400, 413, 422})  # the prompt is at fault: too long, say
FINISH_REASONS: dict[str, FinishReason] = {"stop": "stop", "eos_token": "stop", "stop_sequence": "stop", "length": "length"}


class _Busy(Exception):
    """The endpoint may answer later. `pause`: after how many seconds, where it said so."""

    def __init__(self, reason: str, pause: float | None = None) -> None:
        super().__init__(reason)
        self.pause = pause


class OpenAIEngine:
    """One model behind one endpoint. `base_url` ends before `/chat/completions`, as in `http://gpu-1:8000/v1`.

    Nothing but the endpoint is dialled: redirects are not followed, and proxies and credentials of the environment are not used.
    Every request ends within `seconds`, however slowly its answer drips, so a beat while some are under way does not hide
    a dead one; 429 and 5xx are tried four times in all, with pauses. The endpoint draws the tokens: the request's seed is sent, but
    whether it makes the response repeatable is the endpoint's affair.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        api_key: str = "",
        *,
        seconds: float = 300.0,
        at_once: int = 16,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        url = httpx.URL(base_url)
        if url.scheme not in ("http", "https") or not url.host or url.userinfo:
            raise EngineError("an endpoint is an http or https address without a name and password in it")
        self.url, self.model, self.seconds, self.at_once = str(url).rstrip("/"), model, seconds, at_once
        self._key, self._pause = api_key, pause
        self._client = httpx.Client(
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
            timeout=httpx.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds)),
            limits=httpx.Limits(max_connections=at_once),
            follow_redirects=False,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def facts(self) -> dict[str, Any]:
        return {
            "engine": "openai",
            "weights_sha256": "",  # the endpoint does not say
            "template_sha256": "",
            "endpoint": self.url,
            "model": self.model,
            "python": platform.python_version(),
            "httpx": httpx.__version__,
            "device": "remote",
            "dtype": "",
        }

    def answer(self, asks: Sequence[Ask], on_step: Heartbeat) -> Iterator[Answer | Refused]:
        """Yield each answer as it arrives; what has not been sent when the caller stops, or when the endpoint refuses us, is not sent."""
        pool = ThreadPoolExecutor(max_workers=self.at_once)
        try:
            pending = {pool.submit(self._answer, ask) for ask in asks}
            while pending:
                done, pending = wait(pending, timeout=BEAT_SECONDS, return_when=FIRST_COMPLETED)
                on_step()
                for future in done:
                    yield future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _answer(self, ask: Ask) -> Answer | Refused:
        for attempt in range(TRIES):
            try:
                return self._once(ask)
            except _Busy as busy:
                last = busy
                if attempt + 1 < TRIES:
                    self._pause(min(LONGEST_PAUSE, busy.pause if busy.pause is not None else 2.0**attempt))
        return Refused(ask.key, f"the endpoint did not answer in {TRIES} tries: {last}", final=False)

    def _once(self, ask: Ask) -> Answer | Refused:
        try:
            status, headers, body = self._post(_payload(ask, self.model))
        except httpx.HTTPError as error:
            raise _Busy(f"{type(error).__name__}: {error}") from error
        if status == 200:
            return _read(ask.key, body)
        words = self._words(body)
        if status in TRY_AGAIN or status >= 500:
            raise _Busy(f"HTTP {status} {words}".strip(), _seconds(headers.get("Retry-After")))
        if status in NOT_THIS_PROMPT:
            return Refused(ask.key, f"the endpoint refuses this prompt: HTTP {status} {words}".strip(), final=True)
        if 300 <= status < 400:
            raise EngineError(f"the endpoint answers with a redirect (HTTP {status}), which is not followed")
        raise EngineError(f"the endpoint refuses to work for us: HTTP {status} {words}".strip())

    def _post(self, payload: dict[str, Any]) -> tuple[int, httpx.Headers, bytes]:
        """Send, and read within the time and size allowed: httpx's own limit holds for each piece, not for the whole."""
        ends, body = time.monotonic() + self.seconds, bytearray()
        with self._client.stream("POST", f"{self.url}/chat/completions", json=payload) as response:
            for piece in response.iter_bytes():
                body += piece
                if len(body) > MOST_BYTES:
                    raise _Busy(f"its answer is longer than {MOST_BYTES // 1024**2} MiB")
                if time.monotonic() > ends:
                    raise _Busy(f"its answer took longer than {self.seconds:g} s")
            return response.status_code, response.headers, bytes(body)

    def _words(self, body: bytes) -> str:
        """The endpoint's own words on what went wrong, short, and without the key if it repeats that."""
        text = body.decode(errors="replace")
        try:
            content = json.loads(text)
            inner = content.get("error", content) if isinstance(content, dict) else content
            text = str(inner.get("message", text) if isinstance(inner, dict) else inner)
        except (ValueError, RecursionError):
            pass
        text = text.replace(self._key, "[key]") if self._key else text
        return " ".join(text.replace("\0", " ").split())[:MOST_REASON]


def _payload(ask: Ask, model: str) -> dict[str, Any]:
    sampling = ask.sampling
    payload: dict[str, Any] = {
        "model": model,
        "messages": ask.conversation(),
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_new_tokens,
        "seed": ask.seed,
        "n": 1,
        "stream": False,
    }
    if sampling.top_k:  # not in OpenAI's own dialect, so it is sent only when asked for
        payload["top_k"] = sampling.top_k
    if sampling.stop:
        payload["stop"] = list(sampling.stop)
    return payload


def _read(key: Hashable, body: bytes) -> Answer | Refused:
    """Return what a chat completion says. One that says it wrongly is worth another try: a proxy may have cut it."""
    try:
        content = json.loads(body)
        first = content["choices"][0]
        text, reason = first["message"]["content"] or "", first["finish_reason"]
        token_ids = [int(token) for token in first.get("token_ids") or []]
        prompt_tokens = int((content.get("usage") or {}).get("prompt_tokens") or 0)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise _Busy(f"its answer is no chat completion: {type(error).__name__}: {error}") from error
    if not isinstance(text, str):
        raise _Busy("its answer's content is no text")
    if reason not in FINISH_REASONS:
        return Refused(key, f"the endpoint ended its answer for another reason than the policy's: {reason}", final=True)
    return answered(key=key, text=text, token_ids=token_ids, finish_reason=FINISH_REASONS[reason], prompt_tokens=prompt_tokens)


def _seconds(retry_after: str | None) -> float | None:
    """Seconds of a Retry-After header; a date, or nonsense, says nothing."""
    return float(retry_after) if retry_after is not None and retry_after.isdecimal() else None
