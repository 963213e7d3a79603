"""The embedded PostgreSQL and Redis: real servers, real processes, real kills."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from config import embedded
from config.embedded.postgres import SOCKET, Postgres
from config.embedded.redis import Redis
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parent.parent.parent
USER = """
import sys
from pathlib import Path
from config import embedded

var, *servers = sys.argv[1:]
for server in servers:
    print(getattr(embedded, f"ensure_{server}")(Path(var)), flush=True)
for line in sys.stdin:
    embedded.tend()
    print("tended", flush=True)
"""
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends a server with its keeper on Linux only")


class User:
    """A process that uses servers under `var` until it is told to leave."""

    def __init__(self, var: Path, *servers: str, prefix: tuple[str, ...] = ()) -> None:
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-c", USER, str(var), *servers],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self.urls = [self.read() for _ in servers]

    def read(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def tend(self) -> None:
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        assert self.read() == "tended"

    def leave(self) -> None:
        self.process.communicate(timeout=20)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=20)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder with a short name. At the end nothing runs in it any more, however the test ended."""
    place = Path(tempfile.mkdtemp(prefix="tb-"))
    yield place
    kill_all(place)
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def var(place: Path) -> Path:
    """The folder of servers that were never started."""
    return place / "var"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Path]:
    """A cluster that was used and stopped, to copy: making one takes a second."""
    place = Path(tempfile.mkdtemp(prefix="tb-"))
    User(place / "var", "postgres").leave()
    yield place / "var" / "postgres"
    shutil.rmtree(place)


@pytest.fixture
def used_var(var: Path, cluster: Path) -> Path:
    """The folder of servers that ran before. (Where root made the copy, root owns it: it is given to another user again.)"""
    shutil.copytree(cluster, var / "postgres")
    return var


def processes_of(place: Path) -> list[psutil.Process]:
    """Return every process that was started for this folder or works in it."""
    return [process for process in psutil.process_iter() if mentions(process, str(place))]


def kill_all(place: Path) -> None:
    for process in processes_of(place):
        with suppress(psutil.NoSuchProcess):
            process.kill()


def mentions(process: psutil.Process, place: str) -> bool:
    try:
        return process.pid != os.getpid() and (process.cwd().startswith(place) or any(place in word for word in process.cmdline()))
    except psutil.Error:
        return False


def ask(url: str, question: str) -> str:
    with psycopg.connect(url, autocommit=True) as connection:
        answer = connection.execute(question.encode())
        row = answer.fetchone() if answer.description else None
        return str(row[0]) if row else ""


def answers(url: str) -> bool:
    try:
        return ask(url, "SELECT 1") == "1"
    except psycopg.OperationalError:
        return False


def postmaster(var: Path) -> psutil.Process:
    return psutil.Process(int((Postgres(var).data / "postmaster.pid").read_text().split()[0]))


def keepers(var: Path) -> list[psutil.Process]:
    return [process for process in processes_of(var) if any(word.endswith("keeper.py") for word in process.cmdline())]


def test_it_works(var: Path) -> None:
    user = User(var, "postgres", "redis")
    url, redis_url = user.urls
    assert ask(url, "SHOW server_encoding") == "UTF8"
    assert ask(url, "SHOW data_checksums") == "on"
    assert ask(url, "SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = current_database()") == "bC.UTF-8"
    assert ask(url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == "False"
    assert redis_url == f"unix://{var}/run/redis/redis.sock?db=0"
    with redis.from_url(redis_url) as client:
        assert client.info("server")["redis_version"] == "8.2.3"
        assert client.config_get("append*")["appendfsync"] == "everysec"
        assert [module[b"path"] for module in client.module_list()] == [b""]  # the one that is built in; the file beside the program is not loaded
    user.leave()
    assert user.process.returncode == 0
    assert processes_of(var) == []


def test_the_second_joins_and_the_last_one_out_stops_it_even_if_killed(used_var: Path) -> None:
    first, second = User(used_var, "postgres"), User(used_var, "postgres")
    assert first.urls == second.urls
    first.leave()
    assert answers(second.urls[0])
    second.kill()
    assert eventually(lambda: processes_of(used_var) == [])


def test_many_may_start_at_once(var: Path) -> None:
    processes = [subprocess.Popen([sys.executable, "-c", USER, str(var), "postgres", "redis"], stdin=subprocess.DEVNULL, cwd=ROOT) for _ in range(4)]
    assert [process.wait(60) for process in processes] == [0, 0, 0, 0]
    assert eventually(lambda: processes_of(var) == [])


def test_a_killed_server_comes_back_with_its_data_in_the_same_place(used_var: Path) -> None:
    user = User(used_var, "postgres", "redis")
    url, redis_url = user.urls
    ask(url, "CREATE TABLE kept AS SELECT 7 AS number")
    with redis.from_url(redis_url) as client:
        client.set("kept", "seven")
        pid = client.info("server")["process_id"]
    postmaster(used_var).kill()
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: Redis(used_var).serves())
    assert eventually(lambda: answers(url))
    assert ask(url, "SELECT number FROM kept") == "7"
    with redis.from_url(redis_url, decode_responses=True) as client:
        assert client.get("kept") == "seven"
    user.leave()
    assert processes_of(used_var) == []


def test_a_server_that_dies_the_moment_it_serves_is_started_again(var: Path) -> None:
    user = User(var, "redis")
    with redis.from_url(user.urls[0]) as client:
        first = psutil.Process(client.info("server")["process_id"])
    first.kill()  # before the keeper, which looks every 50 ms, has read that it serves
    assert eventually(lambda: not first.is_running() and Redis(var).serves(), seconds=20)
    user.leave()


@on_linux
def test_a_killed_keeper_takes_its_server_along_and_tending_starts_both_again(used_var: Path) -> None:
    user = User(used_var, "postgres")
    (keeper,) = keepers(used_var)
    keeper.kill()
    assert eventually(lambda: not answers(user.urls[0]))
    user.tend()
    assert answers(user.urls[0])
    user.leave()
    assert processes_of(used_var) == []


def test_all_killed_at_once_is_recovered_by_the_next(used_var: Path) -> None:
    user = User(used_var, "postgres", "redis")
    ask(user.urls[0], "CREATE TABLE kept AS SELECT 7 AS number")
    kill_all(used_var)  # the user is one of them; nobody may bury the others, as in a container
    user.kill()
    again = User(used_var, "postgres", "redis")
    assert ask(again.urls[0], "SELECT number FROM kept") == "7"
    again.leave()
    assert processes_of(used_var) == []


def test_a_pid_file_that_names_a_stranger_is_no_obstacle(used_var: Path) -> None:
    pid_file = Postgres(used_var).data / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{used_var}/postgres/data\n1700000000\n5432\n{used_var}\n\n  123456 99\nready   \n")
    user = User(used_var, "postgres")
    assert answers(user.urls[0])
    user.leave()


def test_durability_cannot_be_switched_off_in_a_file_and_a_dropped_database_is_made_again(used_var: Path) -> None:
    with (Postgres(used_var).data / "postgresql.conf").open("a") as settings:
        settings.write("fsync = off\nfull_page_writes = off\nsynchronous_commit = off\n")
    user = User(used_var, "postgres")
    assert [ask(user.urls[0], f"SHOW {name}") for name in ("fsync", "full_page_writes", "synchronous_commit")] == ["on", "on", "on"]
    ask(Postgres(used_var).url("postgres", "postgres"), "DROP DATABASE tiebreak")
    assert answers(User(used_var, "postgres").urls[0])
    user.leave()


def test_a_path_too_long_for_a_socket_gets_a_private_folder_elsewhere(place: Path, cluster: Path) -> None:
    var = place / ("long " * 30) / "var"
    shutil.copytree(cluster, var / "postgres")
    user = User(var, "postgres", "redis")
    assert [answers(user.urls[0]), Redis(var).serves()] == [True, True]
    folder = Redis(var).socket.parent
    assert place not in folder.parents
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    user.leave()
    again = User(var, "redis")
    assert again.urls == user.urls[1:]
    again.leave()
    assert processes_of(place) == []
    folder.rmdir()
    Path((var / "run" / "postgres.elsewhere").read_text()).rmdir()


def test_nobody_else_can_connect(used_var: Path) -> None:
    user = User(used_var, "postgres", "redis")
    sockets = [used_var / "run" / "postgres" / SOCKET, Redis(used_var).socket]
    for path in sockets:
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert not path.stat().st_mode & 0o077
        assert not os.geteuid() or path.stat().st_uid == os.getuid()
    for path in (used_var / "postgres" / "password", used_var / "log" / "postgres.log"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(user.urls[0].replace("tiebreak:", "tiebreak:wrong"))
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(f"postgresql://postgres@/postgres?host={used_var}/run/postgres")
    for process in processes_of(used_var):
        assert [connection for connection in process.net_connections() if connection.status == psutil.CONN_LISTEN and connection.family != socket.AF_UNIX] == []
    user.leave()


@as_root
def test_another_user_cannot_reach_the_sockets_nor_the_data(used_var: Path, place: Path) -> None:
    place.chmod(0o755)
    user = User(used_var, "postgres", "redis")
    server = postmaster(used_var)
    assert server.uids().real == server.uids().effective != 0
    assert capabilities(server) == 0  # the path is open, so none is needed
    for uid in (65534, 1):
        for path in (used_var / "run" / "postgres" / SOCKET, Redis(used_var).socket):
            assert run_as(uid, partial(socket.socket(socket.AF_UNIX).connect, str(path))) == "PermissionError"
        assert run_as(uid, partial(os.listdir, used_var / "postgres" / "data")) == "PermissionError"
    user.leave()


@as_root
@pytest.mark.parametrize(
    ("prefix", "capability"),
    [((), 1 << 2), (("setpriv", "--bounding-set=-all,+chown,+dac_override,+fowner,+setuid,+setgid,+setpcap,+kill,+setfcap"), 1 << 1)],
    ids=["as root: may read and search", "as root in a container: may pass file checks"],
)
def test_below_a_closed_folder_nothing_is_opened(place: Path, used_var: Path, prefix: tuple[str, ...], capability: int) -> None:
    if prefix and not shutil.which(prefix[0]):
        pytest.skip("needs setpriv")
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    user = User(used_var, "postgres", prefix=prefix)
    assert answers(user.urls[0])
    assert capabilities(postmaster(used_var)) == capability
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    user.leave()
    assert processes_of(place) == []


def capabilities(process: psutil.Process) -> int:
    """Return the effective ones, as Linux numbers them."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("CapEff:")[1].split()[0], 16)


def run_as(uid: int, action: Callable[[], object]) -> str:
    """Return the name of what the action raises when that user does it."""
    reader, writer = os.pipe()
    if not (child := os.fork()):
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            action()
        except BaseException as error:
            os.write(writer, type(error).__name__.encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with open(reader) as words:
        return words.read()


def test_data_of_another_version_is_refused_and_left_alone(used_var: Path) -> None:
    version = Postgres(used_var).data / "PG_VERSION"
    version.write_text("16\n")
    with pytest.raises(embedded.EmbeddedError, match="made by PostgreSQL 16, and this release brings 18"):
        embedded.ensure_postgres(used_var)
    version.write_text("18\n")
    User(used_var, "postgres").leave()


def test_a_creation_that_was_broken_off_starts_over(var: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", USER, str(var), "postgres"], stdin=subprocess.DEVNULL, cwd=ROOT)
    assert eventually(lambda: any(var.glob(".postgres-*/data/global")))
    process.kill()
    process.wait()
    user = User(var, "postgres")  # while the initdb of the first takes its files away
    assert answers(user.urls[0])
    assert list(var.glob(".postgres-*")) == []
    user.leave()


def test_a_server_that_cannot_start_says_why(used_var: Path) -> None:
    with (Postgres(used_var).data / "postgresql.conf").open("a") as settings:
        settings.write("nonsense = 1\n")
    with pytest.raises(embedded.EmbeddedError, match=r'(?s)PostgreSQL did not start\. .*"nonsense".*The whole log: .*postgres\.log'):
        embedded.ensure_postgres(used_var)
    assert eventually(lambda: processes_of(used_var) == [])


def test_a_place_that_cannot_be_written_is_one_message(place: Path) -> None:
    (place / "file").touch()
    with pytest.raises(embedded.EmbeddedError, match=r"cannot be used: Not a directory: .*VAR_DIR= chooses another"):
        embedded.ensure_redis(place / "file" / "var")


def test_a_password_that_does_not_fit_is_one_message(used_var: Path) -> None:
    (used_var / "postgres" / "password").write_text("other")
    with pytest.raises(embedded.EmbeddedError, match="refuses the password"):
        embedded.ensure_postgres(used_var)
    assert eventually(lambda: processes_of(used_var) == [])


@as_root
def test_a_full_disk_is_one_message_and_more_room_is_all_it_takes(place: Path, var: Path) -> None:
    var.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", var], check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount")
    try:
        with pytest.raises(embedded.EmbeddedError, match=r"The disk is full: \d+ MB are left at .*Nothing was lost"):
            embedded.ensure_postgres(var)
        subprocess.run(["mount", "-o", "remount,size=200m", var], check=True)
        user = User(var, "postgres")
        assert answers(user.urls[0])
        user.leave()
    finally:
        subprocess.run(["umount", "--lazy", var], check=True)


def test_a_step_that_takes_long_says_that_it_is_alive(capsys: pytest.CaptureFixture[str]) -> None:
    patience = embedded.folders.Patience("Creating the PostgreSQL cluster")
    patience.wait()
    assert capsys.readouterr().err == ""
    patience.started -= 2
    patience.wait()
    assert capsys.readouterr().err == "Creating the PostgreSQL cluster (2 s)\n"
    patience.wait()
    assert capsys.readouterr().err == ""
    patience.started -= 600
    with pytest.raises(embedded.EmbeddedError, match="given up after 602 s"):
        patience.wait()
