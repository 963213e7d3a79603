"""Whether a response says who wrote it: a labeler who reads "I am Llama" is no longer blind."""

from __future__ import annotations

import re

NAMES = (
    r"chat\s?gpt|gpt[-\s]?\d\w*|instructgpt|openai|claude|anthropic|llama|llama[-\s]?\d\w*|smollm\d?|hugging\s?face|gemini|gemma|bard|lamda|qwen|tongyi|mistral|mixtral"
    r"|ministral|deepseek|grok|copilot|bing|phi[-\s]?\d|chatglm|glm|vicuna|alpaca|falcon|olmo|tulu|zephyr|command[-\s]?r|cohere|granite|nemotron|kimi|jamba|pythia|bloom"
)
MAKERS = (
    r"openai|anthropic|meta(?:\s+ai)?|google(?:\s+deepmind)?|deepmind|hugging\s?face|mistral(?:\s+ai)?|alibaba(?:\s+cloud)?|deepseek|microsoft|xai|cohere|nvidia|ibm|ai2|moonshot\s+ai|zhipu\s+ai"
    r"|baidu|tencent|01\.ai|the\s+allen\s+institute|a\s+team\s+of\s+(?:researchers|engineers)"
)
MADE = r"(?:developed|trained|created|made|built|designed|programmed)"
MODEL = r"(?:large\s+)?(?:ai|a\.i\.|artificial\s+intelligence|language\s+model|llm|chatbot|virtual\s+assistant|digital\s+assistant)\b"

PATTERNS = [
    # English: I am Llama; my name is Claude; I am an AI; as a language model; I was trained by Google.
    rf"\b(?:i\s+am|i['’]m|my\s+name\s+is|call\s+me)\s+(?:{NAMES})\b",
    rf"\b(?:i\s+am|i['’]m)\s+(?:just\s+|only\s+)?an?\s+(?:\w+\s+)?{MODEL}",
    rf"\bas\s+an?\s+(?:\w+\s+)?{MODEL}",
    rf"\b(?:i\s+was|i\s+am|i['’]m|i\s+have\s+been|i['’]ve\s+been|model|assistant|chatbot|ai),?\s+{MADE}\s+by\s+(?:{MAKERS})\b",
    # German
    rf"\b(?:ich\s+bin|mein\s+name\s+ist|ich\s+heiße)\s+(?:{NAMES})\b",
    r"\b(?:ich\s+bin|als)\s+(?:nur\s+)?(?:eine?\s+)?(?:großes\s+)?(?:ki\b|ki-\w+|künstliche\s+intelligenz|sprachmodell|chatbot)",
    rf"\bich\s+wurde\s+von\s+(?:{MAKERS})\s+(?:entwickelt|trainiert|erstellt|geschaffen)",
    # Spanish
    rf"\b(?:soy|me\s+llamo|mi\s+nombre\s+es)\s+(?:{NAMES})\b",
    r"\b(?:soy|como)\s+(?:solo\s+)?una?\s+(?:gran\s+)?(?:ia\b|inteligencia\s+artificial|modelo\s+de\s+(?:lenguaje|ia)|asistente\s+(?:virtual|de\s+ia))",
    r"\bcomo\s+(?:modelo\s+de\s+lenguaje|inteligencia\s+artificial|asistente\s+de\s+ia)",
    rf"\b(?:fui|he\s+sido)\s+(?:desarrollad|cread|entrenad)[oa]\s+por\s+(?:{MAKERS})\b",
    # French
    rf"\b(?:je\s+suis|je\s+m['’]appelle|mon\s+nom\s+est)\s+(?:{NAMES})\b",
    r"\b(?:je\s+suis|en\s+tant\s+qu['’]\s?|en\s+tant\s+que\s+)\s*(?:une?\s+)?(?:grand\s+)?(?:ia\b|intelligence\s+artificielle|modèle\s+de\s+langage|assistant\s+(?:virtuel|ia))",
]
NAMES_ITSELF = re.compile("|".join(f"(?:{pattern})" for pattern in PATTERNS), re.IGNORECASE)


def names_itself(text: str) -> bool:
    """Whether the text says, of its own writer, a model's name or maker, or that a machine wrote it.

    English, German, Spanish and French; only where it speaks of itself ("I am ...", "as a language model"), so a text about models is not meant.
    """
    return NAMES_ITSELF.search(text) is not None
