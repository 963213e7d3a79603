"""Engines: tokens in, tokens out. Nothing here knows Django, a database or a page."""

import os

# Both are read once, when torch and transformers are first imported, so they stand where every engine passes. A value from the
# environment wins.

# GNU OpenMP, which torch's CPU kernels run on, lets a thread that waits for the others spin, and the core it spins on is then missing
# to whoever it waits for. On two cores, the demo model at 32 rows: alone 570 tokens/s spinning, 460 sleeping; beside one busy process 80
# spinning, 360 sleeping. A laptop is never alone, so threads sleep; OMP_WAIT_POLICY=ACTIVE is for a machine that does nothing else.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# What is loaded lies on this machine: nothing is looked for, or fetched, elsewhere.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
