"""How much fits on a device, and what it sounds like when it did not."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from policies.engines.base import EngineError

CPU_CACHE_BYTES = 2 * 1024**3
SIGNS_OF_NO_MEMORY = ("can't allocate memory", "CUBLAS_STATUS_ALLOC_FAILED", "CUDA out of memory")


class OutOfMemory(Exception):
    """The device has no room for this batch."""


@contextmanager
def device_errors() -> Iterator[None]:
    """Tell memory that ran out from a model that does not work."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if isinstance(error, MemoryError | torch.OutOfMemoryError) or any(sign in str(error) for sign in SIGNS_OF_NO_MEMORY):
            raise OutOfMemory from error
        raise EngineError(f"the model failed: {error}") from error


def free(device: torch.device) -> None:
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()


def for_cache(device: torch.device) -> int:
    """Bytes. On a GPU half of what the weights left free: rows that join are copied, and need their room twice."""
    return int(torch.cuda.mem_get_info(device)[0]) // 2 if device.type == "cuda" else CPU_CACHE_BYTES


def bytes_a_cell(config: Any, dtype: torch.dtype) -> int:
    """What one row's keys and values of one column take, in bytes, over all layers."""
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return int(2 * config.num_hidden_layers * heads * width * dtype.itemsize)
