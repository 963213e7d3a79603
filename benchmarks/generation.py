"""How fast responses are made: a plain `generate` loop, the bare engine, and the whole product, with one model in one run.

`python -m benchmarks.generation` takes a few minutes on two cores. Tokens are those that were drawn, end tokens included, and the time is
all that it takes from messages to texts: chat template, reading the prompts, drawing, decoding. The model is loaded and warm.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from policies.engines.base import Answer, Ask, Sampling
from policies.engines.convert import demo_model
from policies.engines.hf import HFEngine

PROMPTS = Path(__file__).resolve().parent.parent / "policies" / "data" / "demo_prompts.jsonl"


@dataclass(frozen=True)
class Speed:
    """What one way of asking did. `seconds` is wall time."""

    name: str
    responses: int
    tokens: int
    seconds: float

    @property
    def tokens_a_second(self) -> float:
        return self.tokens / self.seconds


def machine() -> dict[str, Any]:
    """Return what the figures hang on: processor, cores, memory, and who else is at work."""
    info = Path("/proc/cpuinfo")
    models = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")] if info.exists() else []
    return {
        "processor": models[0] if models else platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "load": [round(load, 2) for load in os.getloadavg()],
    }


def make_asks(count: int, sampling: Sampling) -> list[Ask]:
    """Return that many asks: the bundled prompts, over and over, each time under another seed."""
    with PROMPTS.open(encoding="utf-8") as lines:
        conversations = [json.loads(line)["messages"] for line in lines]
    return [Ask(number, messages, sampling, seed=number) for number, messages in enumerate(islice(cycle(conversations), count))]


def plain_loop(engine: HFEngine, asks: Sequence[Ask]) -> Speed:
    """Ask one prompt after the other with transformers' own `generate`, as a script would."""
    tokens = 0
    started = time.monotonic()
    for ask in asks:
        prompt = engine.tokenizer.apply_chat_template(ask.conversation(), add_generation_prompt=True, return_dict=True, return_tensors="pt").to(engine.device)
        sampling = {"temperature": ask.sampling.temperature, "top_p": ask.sampling.top_p, "top_k": ask.sampling.top_k}
        said = engine.model.generate(**prompt, do_sample=True, max_new_tokens=ask.sampling.max_new_tokens, **sampling)[0, prompt["input_ids"].shape[1] :]
        engine.tokenizer.decode(said, skip_special_tokens=True)
        tokens += len(said)
    return Speed("plain generate loop", len(asks), tokens, time.monotonic() - started)


def bare_engine(engine: HFEngine, asks: Sequence[Ask]) -> Speed:
    """Ask them all of the engine, without a database or a queue."""
    started = time.monotonic()
    answers = [answer for answer in engine.answer(asks, lambda: None) if isinstance(answer, Answer)]
    return Speed("bare engine", len(answers), sum(len(answer.token_ids) for answer in answers), time.monotonic() - started)


def whole_product(folder: Path, options: argparse.Namespace, rows: int) -> Speed:
    """Ask as many of the product: rows, a message, a worker, responses stored. In a process of its own, on servers of its own."""
    chosen = {"MODEL_ROOTS": f"bench={folder.parent}", "GENERATION_BATCH": str(rows), "GENERATION_DTYPE": options.dtype, "GENERATION_DEVICE": options.device}
    argv = [sys.executable, "-m", "benchmarks.product", "--model", str(folder), "--prompts", str(options.prompts), "--new-tokens", str(options.new_tokens)]
    done = subprocess.run(argv, env={**os.environ, **chosen}, cwd=PROMPTS.parents[2], stdout=subprocess.PIPE, text=True, check=True)
    return Speed("whole product", **json.loads(done.stdout.splitlines()[-1]))


def report(speeds: Iterable[Speed]) -> str:
    """Return the table: each way of asking, and how many times the first one's tokens a second it reaches."""
    rows = list(speeds)
    lines = [f"{'':24}{'responses':>10}{'tokens':>10}{'seconds':>10}{'tokens/s':>10}{'times':>8}"]
    for row in rows:
        times = row.tokens_a_second / rows[0].tokens_a_second
        lines.append(f"{row.name:24}{row.responses:>10,}{row.tokens:>10,}{row.seconds:>10.1f}{row.tokens_a_second:>10.1f}{times:>8.1f}")
    return "\n".join(lines)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.generation", description="Measure tokens a second: plain generate loop, bare engine, whole product."
    )
    parser.add_argument("--prompts", type=int, default=256, help="how many the engine and the product are asked (default: %(default)s)")
    parser.add_argument("--plain", type=int, default=32, help="how many the plain loop is asked (default: %(default)s)")
    parser.add_argument("--new-tokens", type=int, default=64, help="the most tokens a response may have (default: %(default)s)")
    parser.add_argument("--rows", type=int, help="how many asks at most go through the model together (default: the engine's own)")
    parser.add_argument("--dtype", default="bfloat16", help="bfloat16, float16 or float32 (default: %(default)s)")
    parser.add_argument("--device", default="auto", help="cpu, cuda or auto (default: %(default)s)")
    parser.add_argument("--model", type=Path, metavar="DIR", help="a folder of safetensors (default: the demo model)")
    parser.add_argument("--var", type=Path, default=Path("var"), metavar="DIR", help="where the demo model lies or is made (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    folder = (options.model or demo_model(options.var, lambda line: print(line, file=sys.stderr, flush=True))).absolute()
    engine = HFEngine(folder, dtype=options.dtype, device=options.device, rows=options.rows)
    about = {"machine": machine(), "engine": engine.facts(), "model": {"folder": str(folder), "rows": engine.rows}}
    for name, facts in about.items():
        print(f"{name}: {json.dumps(facts)}", flush=True)
    sampling = Sampling(temperature=0.8, top_p=0.95, max_new_tokens=options.new_tokens)
    warm = make_asks(2, Sampling(max_new_tokens=4))
    plain_loop(engine, warm)
    bare_engine(engine, warm)
    speeds = [plain_loop(engine, make_asks(options.plain, sampling)), bare_engine(engine, make_asks(options.prompts, sampling))]
    rows = engine.rows
    del engine  # the product's worker holds the model once more
    speeds.append(whole_product(folder, options, rows))
    print(report(speeds))
    if options.json:
        figures = [asdict(speed) | {"tokens_a_second": speed.tokens_a_second} for speed in speeds]
        options.json.write_text(json.dumps(about | {"load_after": os.getloadavg(), "speeds": figures}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
