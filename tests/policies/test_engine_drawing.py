"""Drawing: the noise is what its definition says, and tokens come as often as the softmax says."""

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from policies.engines import base
from policies.engines.base import Sampling
from policies.engines.hf.drawing import choose, gumbel_noise

DRAWS = 20_000
VOCABULARY = 400


def starts(seeds: range, step: int = 0) -> torch.Tensor:
    return torch.tensor([[base.signed64(base.stream_start(seed, step))] for seed in seeds])


def noise_by_definition(seed: int, step: int, token: int) -> float:
    """The noise in plain Python, as `base` puts it into words."""
    bits = base.mix64((base.stream_start(seed, step) + token * base.GOLDEN) % 2**64)
    return -math.log(-math.log(((bits >> 11) + 0.5) / 2**53))


def shares_by_definition(logits: NDArray[np.float64], sampling: Sampling) -> NDArray[np.float64]:
    """The distribution that a draw should follow, by sorting: ties do not occur here."""
    order = np.argsort(-logits)
    scaled = logits[order] / sampling.temperature
    if sampling.top_k:
        scaled[sampling.top_k :] = -np.inf
    shares = np.exp(scaled - scaled.max())
    shares /= shares.sum()
    beyond = np.cumsum(shares) - shares >= sampling.top_p
    shares[beyond] = 0
    result = np.empty_like(shares)
    result[order] = shares / shares.sum()
    return np.asarray(result)


def chi_square(counts: NDArray[np.int64], shares: NDArray[np.float64]) -> tuple[float, int]:
    """Pearson's statistic and its degrees of freedom; tokens expected fewer than five times are put together."""
    expected = shares * counts.sum()
    rare = expected < 5
    seen, wanted = np.append(counts[~rare], counts[rare].sum()), np.append(expected[~rare], expected[rare].sum())
    used = wanted > 0
    return float(((seen[used] - wanted[used]) ** 2 / wanted[used]).sum()), int(used.sum()) - 1


def test_the_noise_is_what_its_definition_says() -> None:
    tokens = [0, 1, 5, 49_151, 262_143]
    noise = gumbel_noise(starts(range(7), step=3), torch.tensor([tokens]))
    expected = [[noise_by_definition(seed, 3, token) for token in tokens] for seed in range(7)]
    assert torch.allclose(noise, torch.tensor(expected, dtype=torch.float64), rtol=1e-12, atol=1e-12)


def test_the_noise_is_gumbels_and_neighbours_have_nothing_in_common() -> None:
    every = torch.arange(1000).unsqueeze(0)
    noise = gumbel_noise(starts(range(200)), every)
    deviation = math.pi / math.sqrt(6)
    assert abs(noise.mean().item() - 0.5772157) < 4 * deviation / math.sqrt(noise.numel())
    assert noise.std().item() == pytest.approx(deviation, rel=0.01)
    for one, other in ((noise[:-1], noise[1:]), (noise[:, :-1], noise[:, 1:]), (noise, gumbel_noise(starts(range(200), step=1), every))):
        correlation = np.corrcoef(one.flatten().numpy(), other.flatten().numpy())[0, 1]
        assert abs(correlation) < 4 / math.sqrt(one.numel())


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(),
        Sampling(temperature=0.6),
        Sampling(temperature=1.7),
        Sampling(top_k=5),
        Sampling(top_p=0.8),
        Sampling(temperature=0.7, top_k=50, top_p=0.9),
        Sampling(temperature=5.0, top_p=0.99),
        Sampling(top_k=300, top_p=0.999),
        Sampling(top_p=1e-9),
    ],
)
def test_tokens_come_as_often_as_the_softmax_says(sampling: Sampling) -> None:
    logits = torch.tensor(np.random.default_rng(7).normal(scale=2.5, size=VOCABULARY), dtype=torch.float32)
    shares = shares_by_definition(logits.double().numpy(), sampling)
    drawn = choose(logits.expand(DRAWS, -1), sampling, starts(range(DRAWS)))
    counts = np.bincount(drawn.numpy(), minlength=VOCABULARY)
    assert counts[shares == 0].sum() == 0
    statistic, freedom = chi_square(counts, shares)
    assert statistic < freedom + 4 * math.sqrt(2 * freedom) + 1


def test_the_wrong_softmax_would_be_noticed() -> None:
    logits = torch.tensor(np.random.default_rng(7).normal(scale=2.5, size=VOCABULARY), dtype=torch.float32)
    drawn = choose(logits.expand(DRAWS, -1), Sampling(temperature=0.95), starts(range(DRAWS)))
    statistic, freedom = chi_square(np.bincount(drawn.numpy(), minlength=VOCABULARY), shares_by_definition(logits.double().numpy(), Sampling()))
    assert statistic > freedom + 4 * math.sqrt(2 * freedom) + 1


def test_a_wide_nucleus_is_found_beyond_the_likeliest() -> None:
    logits = torch.linspace(0, -0.5, 5000)
    drawn = choose(logits.expand(4000, -1), Sampling(top_p=0.9), starts(range(4000)))
    assert 4000 < int(drawn.max()) < 5000 * 0.95


def test_tokens_that_tie_with_the_last_one_are_admitted() -> None:
    logits = torch.tensor([3.0, 2.0, 2.0, 2.0, 1.0])
    for sampling in (Sampling(top_k=2), Sampling(top_p=0.5)):
        assert set(choose(logits.expand(500, -1), sampling, starts(range(500))).tolist()) == {0, 1, 2, 3}


def test_a_temperature_of_zero_takes_the_likeliest() -> None:
    logits = torch.tensor([[0.0, 5.0, 1.0], [7.0, 5.0, 7.0]])
    assert choose(logits, Sampling(temperature=0, top_k=1, top_p=0.5), starts(range(2))).tolist() == [1, 0]


def test_a_draw_does_not_hang_on_its_batch() -> None:
    logits = torch.randn(64, 5000, generator=torch.Generator().manual_seed(1))
    for sampling in (Sampling(), Sampling(top_p=0.95), Sampling(top_k=20)):
        together = choose(logits, sampling, starts(range(64)))
        alone = [int(choose(logits[row : row + 1], sampling, starts(range(row, row + 1)))) for row in range(64)]
        assert together.tolist() == alone
