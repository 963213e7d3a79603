"""Engines: tokens in, tokens out. Nothing here knows Django, a database or a page."""

import os

# Both are read once, when torch and transformers are first imported, so they stand where every engine passes. A value from the
# environment wins.

# GNU OpenMP, which torch's CPU kernels run on, lets a thread that waits for the others spin, and the core it spins on is then missing
# to whoever it waits for: beside one busy process on two cores a batch of 32 fell from 570 to 80 tokens/s. After this many turns a
# thread sleeps instead: 180 to 260 tokens/s beside the same process, and nothing lost on an idle machine.
os.environ.setdefault("GOMP_SPINCOUNT", "2000")
# What is loaded lies on this machine: nothing is looked for, or fetched, elsewhere.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
