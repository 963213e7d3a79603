"""The engine that runs a model here: safetensors with transformers, in batches, with noise that belongs to each request.

The only package that imports torch and transformers.
"""

from policies.engines.hf.engine import HFEngine

__all__ = ["HFEngine"]
