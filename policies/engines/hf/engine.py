"""The loop: a batch that goes on token by token, that those who end leave and those who wait join."""

import logging
import platform
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from jinja2 import TemplateError
from torch import Tensor
from torch.nn.functional import pad
from transformers.cache_utils import Cache

from policies.engines import base
from policies.engines.base import Answer, Ask, EngineError, FinishReason, Heartbeat, Refused, Sampling
from policies.engines.hf import loading, memory
from policies.engines.hf.columns import Batch, Columns, Row, alike
from policies.engines.hf.drawing import choose
from policies.engines.safety import check_model_folder, hash_template, hash_weights, read_template

log = logging.getLogger(__name__)

TOKENS_AT_A_TIME = 4096  # prompts are read in pieces of so many tokens, so that the heart beats in between
ROWS = {"cpu": 64, "cuda": 256}


class HFEngine:
    """A model from a folder of safetensors, on one device.

    `dtype`: `bfloat16`, `float16` or `float32`. Only in float32 does a response not depend on the batch it rode in: of 60 responses of
    the demo model at 48, 7 and 1 rows all 60 were equal, in bfloat16 13 were, since the rounding of a sum depends on how the batch
    splits it. `device`: `cpu`, `cuda` or `auto`.
    `rows`: how many asks at most go through the model together; `cache_bytes`: how much memory their keys and values may take.
    `root`: the model root that the folder must stay under. Raises `UnsafeModel` for a folder that could run code, `EngineError` for
    one that does not load.
    """

    def __init__(
        self,
        folder: Path,
        *,
        dtype: str = "bfloat16",
        device: str = "auto",
        rows: int | None = None,
        cache_bytes: int | None = None,
        root: Path | None = None,
    ) -> None:
        check_model_folder(folder, root=root)
        self.template = read_template(folder)
        self._hashes = {"weights_sha256": hash_weights(folder), "template_sha256": hash_template(folder)}
        self.dtype, self.device = dtype, loading.find_device(device)
        self.tokenizer, self.model = loading.load(folder, dtype, self.device)
        config = self.model.config.get_text_config()
        loading.check_layers(self.model, config)
        self.context = int(config.max_position_embeddings)
        self.ends = loading.end_tokens(self.model, self.tokenizer, self.template)
        self.rows = rows or ROWS[self.device.type]
        self.cells = (cache_bytes or memory.for_cache(self.device)) // memory.bytes_a_cell(config, loading.DTYPES[dtype])

    def facts(self) -> dict[str, Any]:
        return {
            "engine": "hf",
            **self._hashes,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "device": torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else f"cpu {platform.machine()}",
            "threads": torch.get_num_threads(),
            "dtype": self.dtype,
            "context": self.context,
            "end_tokens": sorted(self.ends),
        }

    def answer(self, asks: Sequence[Ask], on_step: Heartbeat) -> Iterator[Answer | Refused]:
        """Yield each answer as it ends. The longest go first, so that too little memory shows at once."""
        rows: list[Row] = []
        for ask in asks:
            row = self._row(ask)
            on_step()
            if isinstance(row, Refused):
                yield row
            else:
                rows.append(row)
        rows.sort(key=lambda row: len(row.prompt) + row.limit, reverse=True)
        yield from self._run(rows, on_step)

    def _row(self, ask: Ask) -> Row | Refused:
        try:
            text = self.tokenizer.apply_chat_template(ask.conversation(), chat_template=self.template, add_generation_prompt=True, tokenize=False)
        except (TemplateError, TypeError, KeyError) as error:
            return Refused(ask.key, f"the chat template refuses this conversation: {error}", final=True)
        prompt = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        room = self.context - len(prompt)
        if room < 1:
            return Refused(ask.key, f"the prompt is longer than the context: {len(prompt):,} tokens, {self.context - 1:,} fit", final=True)
        named = self.tokenizer.get_added_vocab()
        ends = self.ends | {named[stop] for stop in ask.sampling.stop if stop in named}
        return Row(ask, prompt, min(ask.sampling.max_new_tokens, room), ends)

    def _run(self, rows: list[Row], on_step: Heartbeat) -> Iterator[Answer | Refused]:
        """Answer every row; when memory runs out, go on with half as many at a time. A row that does not fit alone is refused."""
        most = self.rows
        while rows:
            in_flight = yield from self._run_with(rows, most, on_step)
            rows = [row for row in rows if not row.is_told]
            if rows:
                log.warning("out of memory with %s asks in the batch", in_flight)
                memory.free(self.device)
                if most == 1:
                    yield _too_large(rows.pop(0))
                most = max(1, in_flight // 2)

    def _run_with(self, rows: list[Row], most: int, on_step: Heartbeat) -> Generator[Answer | Refused, None, int]:
        """Answer the rows, at most so many at a time. Return 0, or how many were in flight when memory ran out: the first of those untold."""
        for row in rows:
            row.start_over()
        waiting, batch = deque(rows), None
        while waiting or batch:
            try:
                batch = self._go_on(batch, waiting, most, on_step)
            except memory.OutOfMemory:
                return sum(not row.is_told for row in rows) - len(waiting)
            on_step()
            yield from self._tell(batch)
        return 0

    def _go_on(self, batch: Batch | None, waiting: deque[Row], most: int, on_step: Heartbeat) -> Batch | None:
        """Draw a token for each row; or, where a quarter has ended, let others take their place. None: nobody is left."""
        if batch and not batch.is_due():
            self._step(batch)
            return batch
        if batch:
            with memory.device_errors():
                batch.drop_ended()
        running = batch if batch and batch.rows else None
        joining = self._admit(running.rows if running else [], waiting, most)
        if not joining:
            return running
        joined = self._read(joining, on_step)
        if running:
            with memory.device_errors():
                running.join(joined)
        return running or joined

    def _admit(self, running: list[Row], waiting: deque[Row], most: int) -> list[Row]:
        """Take from those who wait as many as rows and memory allow, and at least one where nobody runs."""
        rows = list(running)
        while waiting and (not rows or len(rows) < most and _cells([*rows, waiting[0]]) <= self.cells):
            rows.append(waiting.popleft())
        return rows[len(running) :]

    def _read(self, rows: list[Row], on_step: Heartbeat) -> Batch:
        """Put the prompts into a cache and draw each row's first token."""
        batch, *others = [self._read_together(group, on_step) for group in alike(rows)]
        with memory.device_errors():
            for other in others:
                batch.join(other)
        return batch

    @torch.inference_mode()
    def _read_together(self, rows: list[Row], on_step: Heartbeat) -> Batch:
        """Read prompts padded on the left to one length, piece by piece."""
        width = max(len(row.prompt) for row in rows)
        ids = torch.zeros((len(rows), width), dtype=torch.long)
        mask = torch.zeros_like(ids)
        for number, row in enumerate(rows):
            ids[number, width - len(row.prompt) :] = torch.tensor(row.prompt)
            mask[number, width - len(row.prompt) :] = 1
        batch = Batch(rows, Cache(layer_class_to_replicate=Columns), mask.to(self.device))
        positions = (mask.cumsum(1) - 1).clamp(min=0)
        piece = max(1, TOKENS_AT_A_TIME // len(rows))
        for start in range(0, width, piece):
            end = min(width, start + piece)
            logits = self._forward(ids[:, start:end], batch.mask[:, :end], positions[:, start:end], batch.cache)
            on_step()
        self._draw(rows, logits)
        return batch

    @torch.inference_mode()
    def _step(self, batch: Batch) -> None:
        """Put each row's last token into the cache and draw the next. Rows that have ended come along; nothing is drawn for them."""
        last = torch.tensor([row.drawn[-1:] for row in batch.rows])
        positions = torch.tensor([[row.size - 1] for row in batch.rows])
        batch.mask = pad(batch.mask, (0, 1), value=1)
        self._draw(batch.rows, self._forward(last, batch.mask, positions, batch.cache))

    def _forward(self, ids: Tensor, mask: Tensor, positions: Tensor, cache: Any) -> Tensor:
        """Return the logits of the last column, (rows, vocabulary), float32."""
        with memory.device_errors():
            out = self.model(
                input_ids=ids.to(self.device),
                attention_mask=mask,
                position_ids=positions.to(self.device),
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            )
            logits: Tensor = out.logits[:, -1].float()
        return logits

    def _draw(self, rows: list[Row], logits: Tensor) -> None:
        """Draw a token for each row that has not ended; rows that share a sampling are drawn together."""
        if not bool(logits.amax(-1).isfinite().all()):
            raise EngineError(f"the model's numbers overflow in {self.dtype}")
        together: dict[Sampling, list[int]] = {}
        for number, row in enumerate(rows):
            if row.ended is None:
                together.setdefault(row.ask.sampling, []).append(number)
        for sampling, numbers in together.items():
            starts = [[base.signed64(base.stream_start(rows[number].ask.seed, len(rows[number].drawn)))] for number in numbers]
            with memory.device_errors():
                drawn_from = logits if len(numbers) == len(rows) else logits[torch.tensor(numbers, device=logits.device)]
                tokens = choose(drawn_from, sampling, torch.tensor(starts, device=logits.device)).tolist()
            for number, token in zip(numbers, tokens, strict=True):
                self._take(rows[number], token)

    def _take(self, row: Row, token: int) -> None:
        row.drawn.append(token)
        if token in row.ends or self._is_stopped(row):
            row.ended = "stop"
        elif len(row.drawn) == row.limit:
            row.ended = "length"

    def _is_stopped(self, row: Row) -> bool:
        stops = row.ask.sampling.stop
        if not stops:
            return False
        # A token is at least a byte, but for the few that only complete a character: a stop text that ends here begins in this tail.
        tail = self._decode(row.drawn[-max(len(stop.encode()) for stop in stops) - 4 :])
        return any(stop in tail for stop in stops) and _first(stops, self._decode(row.drawn)) is not None

    def _tell(self, batch: Batch | None) -> Iterator[Answer | Refused]:
        for row in batch.rows if batch else []:
            if row.ended and not row.is_told:
                row.is_told = True
                yield self._answer(row, row.ended)

    def _answer(self, row: Row, reason: FinishReason) -> Answer | Refused:
        text = self._decode(row.drawn[:-1] if row.drawn[-1] in row.ends else row.drawn)
        text = text[: _first(row.ask.sampling.stop, text)]
        return base.answered(key=row.ask.key, text=text, token_ids=row.drawn, finish_reason=reason, prompt_tokens=len(row.prompt))

    def _decode(self, tokens: list[int]) -> str:
        return str(self.tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False))


def _first(stops: Sequence[str], text: str) -> int | None:
    """Where the first of the stop texts begins, if any is there."""
    return min((at for stop in stops if (at := text.find(stop)) >= 0), default=None)


def _cells(rows: list[Row]) -> int:
    """Rows times columns that the cache comes to when all of these run to their end side by side."""
    return len(rows) * (max(row.size for row in rows) + max(row.limit - len(row.drawn) for row in rows))


def _too_large(row: Row) -> Refused:
    row.is_told = True
    return Refused(row.ask.key, f"out of memory: a prompt of {len(row.prompt):,} tokens does not fit, even alone", final=True)
