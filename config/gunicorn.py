"""How the web process is served. Workers are processes, since the work is Python; threads keep slow clients from holding one up."""

from __future__ import annotations

import os

from config import env

bind = os.environ.get("BIND", f"127.0.0.1:{env.number('PORT', default=8000, least=1)}")
workers = env.number("WEB_WORKERS", default=max(2, min(8, os.cpu_count() or 2)), least=1)
worker_class = "gthread"
threads = env.number("WEB_THREADS", default=4, least=1)
keepalive = 75
timeout = 60
graceful_timeout = 10
preload_app = True
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 - heartbeat files of the workers, never data
