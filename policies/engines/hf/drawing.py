"""From logits to tokens: temperature, top-k, top-p, and noise that hangs on nothing but request, step and token."""

import torch
from torch import Tensor

from policies.engines import base
from policies.engines.base import Sampling

CANDIDATES = 256  # how many of the likeliest tokens are looked at before more
WIDER = 16  # how many times as many then
NOISE_AT_A_TIME = 2**18  # numbers; as many as stay in a core's cache: 15 ms for 64 rows of 49,152 tokens instead of 61 ms


def gumbel_noise(starts: Tensor, tokens: Tensor) -> Tensor:
    """Return the noise of each row's stream for these tokens, float64, as `base` defines it.

    `starts`: (rows, 1), int64. `tokens`: (rows, n) or (1, n), int64, any order: a token's noise depends on nothing but its number.
    """
    bits = _mix64(starts + tokens * base.signed64(base.GOLDEN))
    uniform = (bits >> 11).bitwise_and_(2**53 - 1).double().add_(0.5).mul_(2.0**-53)
    return uniform.log_().neg_().log_().neg_()


def _mix64(bits: Tensor) -> Tensor:
    """`base.mix64` in place. int64 wraps as 64 bits do; its right shift drags the sign along, which the masks take off."""
    bits.bitwise_xor_((bits >> 30).bitwise_and_(2**34 - 1)).mul_(base.signed64(base.MIX_1))
    bits.bitwise_xor_((bits >> 27).bitwise_and_(2**37 - 1)).mul_(base.signed64(base.MIX_2))
    return bits.bitwise_xor_((bits >> 31).bitwise_and_(2**33 - 1))


def choose(logits: Tensor, sampling: Sampling, starts: Tensor) -> Tensor:
    """Return one token a row. `logits`: (rows, vocabulary), float32; `starts`: (rows, 1), int64, where each row's noise starts."""
    if sampling.temperature == 0:
        return logits.argmax(-1)
    scaled = logits / sampling.temperature
    if sampling.top_k == 0 and sampling.top_p == 1:
        return _draw_from_all(scaled, starts)
    return _draw_from_likeliest(scaled, sampling, starts)


def _draw_from_all(scaled: Tensor, starts: Tensor) -> Tensor:
    rows, vocabulary = scaled.shape
    width = max(1, NOISE_AT_A_TIME // rows)
    every = torch.arange(vocabulary, device=scaled.device).unsqueeze(0)
    noise = [gumbel_noise(starts, every[:, start : start + width]) for start in range(0, vocabulary, width)]
    return (torch.cat(noise, dim=1) + scaled).argmax(-1)


def _draw_from_likeliest(scaled: Tensor, sampling: Sampling, starts: Tensor) -> Tensor:
    """Draw from the tokens that top-k and top-p admit, looking at the likeliest few hundred, and at more only for rows that need it.

    A row needs it where even the last token looked at is admitted. At a temperature of 0.8 and a top-p of 0.95 that is one row of the
    demo model in seventeen; to sort every row's 49,152 tokens would cost a batch as much as its step through the model.
    """
    vocabulary = scaled.shape[-1]
    width = min(vocabulary, max(CANDIDATES, 2 * sampling.top_k))
    chosen, pending = torch.zeros_like(starts[:, 0]), torch.arange(len(scaled), device=scaled.device)
    while len(pending):
        rows = scaled if len(pending) == len(scaled) else scaled[pending]
        values, tokens = rows.topk(width)
        allowed = _allowed(values, rows, sampling)
        noisy = values.masked_fill(~allowed, -torch.inf) + gumbel_noise(starts[pending], tokens)
        chosen[pending] = tokens.gather(1, noisy.argmax(-1, keepdim=True)).squeeze(1)
        pending = pending[allowed[:, -1] & (width < vocabulary)]
        width = min(vocabulary, width * WIDER)
    return chosen


def _allowed(values: Tensor, scaled: Tensor, sampling: Sampling) -> Tensor:
    """Which of the values, sorted downwards, top-k and top-p admit. What ties with the last one admitted is admitted."""
    allowed = torch.ones_like(values, dtype=torch.bool)
    if 0 < sampling.top_k < values.shape[-1]:
        allowed = values >= values[:, sampling.top_k - 1 : sampling.top_k]
    if sampling.top_p == 1:
        return allowed
    among = values.masked_fill(~allowed, -torch.inf) if sampling.top_k else scaled
    shares = (values - among.logsumexp(-1, keepdim=True)).exp().masked_fill(~allowed, 0.0)
    before = shares.double().cumsum(-1) - shares
    last = (before < sampling.top_p).sum(-1, keepdim=True) - 1
    return allowed & (values >= values.gather(1, last))
