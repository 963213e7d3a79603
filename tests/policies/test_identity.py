"""Whether a response says who wrote it, in four languages; and texts about models that do not speak of themselves."""

from __future__ import annotations

import pytest

from policies.identity import names_itself


@pytest.mark.parametrize(
    "text",
    [
        "I am ChatGPT, how can I help?",
        "Hello! I'm Claude.",
        "I’m SmolLM2, trained by Hugging Face.",
        "My name is Llama 3 and I like to help.",
        "As an AI language model, I cannot taste soup.",
        "as a large language model developed by OpenAI I must decline",
        "I'm just an AI assistant, so take this with care.",
        "I am a helpful AI assistant.",
        "I was trained by Google to answer.",
        "I am\na large\nlanguage model.",
        "Ich bin ein KI-Sprachmodell und kann das nicht.",
        "Als KI kann ich nicht schmecken.",
        "Ich bin ChatGPT.",
        "Ich wurde von OpenAI entwickelt.",
        "Como modelo de lenguaje, no puedo opinar.",
        "Soy una inteligencia artificial.",
        "Soy Gemini, encantado.",
        "En tant que modèle de langage, je ne peux pas.",
        "Je suis une IA.",
    ],
)
def test_a_text_that_names_its_writer(text: str) -> None:
    assert names_itself(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "GPT-4 was developed by OpenAI.",
        "The llama is an animal of the Andes.",
        "Claude Monet painted water lilies.",
        "A language model predicts the next word.",
        "I am a gardener, and I write about aid for roses.",
        "As an aid to memory, write it down.",
        "As a model, she travelled a lot.",
        "I am Claudette.",
        "Als Kind war ich in Kiel.",
        "Soy una persona mayor y como una manzana.",
        "Je suis une iguane.",
    ],
)
def test_a_text_that_does_not(text: str) -> None:
    assert not names_itself(text)


def test_a_long_text_takes_no_time() -> None:
    assert not names_itself("I am " * 13_000)
    assert not names_itself(" " * 65_536)
