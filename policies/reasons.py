"""What engines say that cannot answer, and what else is stored of policies in English: said again in the reader's language."""

from __future__ import annotations

from accounts.marking import marked
from accounts.retelling import Teller
from policies import sources

SAMPLING = (
    marked("temperature is {value}: below {least} it must be 0, which takes the likeliest token"),
    marked("top_p is 0: nothing could be drawn"),
    marked("sampling does not know {unknown}; it knows {known}"),
    marked("{key} is {value}: it must be a number"),
    marked("{key} is {value}: it must be a whole number"),
    marked("{key} is {value}: it must be from {least} to {most}"),
    marked("stop is {value}: it must be texts"),
    marked("stop holds {n} texts: at most {most}"),
    marked("stop holds a text of {n} characters: it must be from 1 to {most}"),
)
FOLDERS = (
    marked("{path} is not a folder"),
    marked("{path} lies outside the model root {root}"),
    marked("{path} holds no safetensors file"),
    marked("{path} holds no config.json"),
    marked("{path} is a link that leads out of {root}"),
    marked("{path} is a link to a folder"),
    marked("{path} is neither a file nor a folder"),
    marked("{path} can run code when it is loaded: only safetensors and plain settings are read"),
    marked("{path} makes this an adapter for weights that lie elsewhere: merge it into them first"),
    marked("{path} is not JSON: {error}"),
    marked("{path} names {key}: code that comes with a model is not run"),
    marked("{path} names {key}: code is not fetched for a model"),
    marked("{path} does not say which file holds which weights"),
    marked("{path} points at {name}, which is no safetensors file of this folder"),
    marked("the chat template in {path} cannot be read: {error}"),
    marked("{path} has no chat template: the model was not made to hold a conversation"),
    marked("{path} does not load: {error}"),
    marked("{path} lacks {n} of the model's weights, {name} for one"),
    marked("recurrent layers"),
    marked("{name} has {kinds}, which this engine cannot batch: serve it behind an endpoint for the openai engine"),
)
DEVICES = (
    marked("device {name} is not known: cpu, cuda or auto"),
    marked("there is no CUDA device here"),
    marked("dtype {name} is not known: {known}"),
    marked("the model's numbers overflow in {name}"),
    marked("the model failed: {error}"),
    marked("out of memory: a prompt of {n} tokens does not fit, even alone"),
)
PROMPTS = (
    marked("an ask needs at least one message"),
    marked("the chat template refuses this conversation: {error}"),
    marked("the prompt is longer than the context: {n} tokens, {most} fit"),
    marked("the response holds a NUL character, which no text column can hold"),
    marked("the response holds half a character (a lone surrogate)"),
)
ENDPOINTS = (
    marked("an endpoint is an http or https address without a name and password in it"),
    marked("the endpoint did not answer in {n} tries: {error}"),
    marked("the endpoint refuses this prompt: {error}"),
    marked("the endpoint answers with a redirect (HTTP {status}), which is not followed"),
    marked("the endpoint refuses to work for us: {error}"),
    marked("the endpoint ended its answer for another reason than the policy's: {error}"),
    marked("its answer is longer than {most} MiB"),
    marked("its answer took longer than {seconds} s"),
    marked("its answer is no chat completion: {error}"),
    marked("its answer's content is no text"),
)
WORKERS = (
    marked("its worker died or made no progress"),
    marked("no reason was given"),
    marked("no engine answers for {name}: its responses were made elsewhere"),
    marked("{name} uses the echo engine, which exists for tests only"),
    marked("{pinned} in {source} changed since {name} was registered: {found} instead of {pin}"),
    marked("the weights"),
    marked("the chat template"),
    marked("the engine gave no answer"),
    marked("the engine broke: {error}"),
    marked("the engine answered {key}, which it was not asked"),
)
NOTES = (marked("arrived with pairs of {campaign}"),)

REASONS = Teller(
    (*SAMPLING, *FOLDERS, *DEVICES, *PROMPTS, *ENDPOINTS, *WORKERS, *sources.SAID, *NOTES),
    numbers=("n", "most"),
    records=("error", "kinds", "pinned"),
)


def told(words: str) -> str:
    """Return what is stored, or was raised where no language is known, in the reader's language; unchanged where nobody knows it."""
    return REASONS.tell(words)
