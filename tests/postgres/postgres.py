"""PostgreSQL as the tests break it: servers of their own, a standby, a wire that can be cut.

    with Cluster() as cluster:             a new server on a free port of 127.0.0.1; the newest PostgreSQL installed
    cluster.start() / stop("fast") / kill()      begin; end politely; SIGKILL to every process of it
    cluster.discard()                      kills it and removes its folder, as the end of `with` does
    cluster.freeze() / thaw()              SIGSTOP and SIGCONT to every process of it
    cluster.database()                     makes an empty database; its name
    cluster.url(database)                  as the service takes it; with `port=` another way to it, with `also=` a
                                           second server, of which whichever takes writes is used
    cluster.sql("SELECT …", database)      the rows as lists of texts
    cluster.backends(database) / terminate_all(database)
    standby = cluster.standby()            a running copy without which nothing is confirmed any more
    standby.promote()

    wire = Wire(cluster.port)              a forwarder: wire.port leads to that port
    wire.to(port) / cut() / freeze() / thaw()    to another server; as if unplugged; silent, with all connections open

A server confirms a commit only when it is on disk (fsync=on), as in production. PostgreSQL refuses to run as root: then
its processes belong to the user `postgres`.
"""

import os
import pwd
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
from pathlib import Path

from blackbox import free_port, wait_for

SUPERUSER = "roamguard"
OWNER = "postgres"


def programs():
    """The folder of the newest server's programs, or None where none is installed."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    found = [folder for folder in versions if (folder / "initdb").exists() and (folder / "postgres").exists()]
    elsewhere = shutil.which("initdb")
    return found[0] if found else Path(elsewhere).resolve().parent if elsewhere else None


def obstacle():
    """Why no server can run here, or None."""
    if programs() is None:
        return "no PostgreSQL server is installed"
    if os.geteuid() == 0 and not any(entry.pw_name == OWNER for entry in pwd.getpwall()):
        return f"as root a server needs the user {OWNER}"
    return None


def as_owner():
    """How a process is made the owner's: options of subprocess."""
    if os.geteuid() != 0:
        return {}
    owner = pwd.getpwnam(OWNER)
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


def children_of(pid):
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def signal_to(pids, how):
    for pid in pids:
        try:
            os.kill(pid, how)
        except ProcessLookupError:
            pass


def runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def owned_folder(within=None):
    """A new folder that the server may use. Not one of pytest's: those are closed to other users, again and again."""
    folder = Path(tempfile.mkdtemp(prefix="roamguard-faults-", dir=within))
    if os.geteuid() == 0:
        owner = pwd.getpwnam(OWNER)
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    return folder


class Cluster:
    def __init__(self, *initdb, settings=(), folder=None):
        self.folder = folder or owned_folder()
        self.data = self.folder / "data"
        self.port = free_port()
        self.settings = ["fsync=on", "full_page_writes=on", "synchronous_commit=on", "listen_addresses=127.0.0.1",
                         "max_connections=100", "shared_buffers=32MB", "log_min_messages=warning", *settings]
        self.process = None
        self._databases = 0
        if folder is None:
            self._run("initdb", "-D", self.data, "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--locale=C",
                      "--no-instructions", "--no-sync", *initdb)

    def _run(self, program, *arguments):
        done = subprocess.run([programs() / program, *map(str, arguments)], cwd="/", capture_output=True, text=True,
                              timeout=60, check=False, stdin=subprocess.DEVNULL, **as_owner())
        assert done.returncode == 0, f"{program}: {done.stderr[-2000:]}"
        return done.stdout

    # ---- the processes

    def __enter__(self):
        try:
            return self if self.process else self.start()
        except BaseException:
            self.discard()
            raise

    def __exit__(self, *failure):
        self.discard()

    def start(self, seconds=60):
        settings = [*self.settings, f"port={self.port}", f"unix_socket_directories={self.folder}"]
        options = [word for setting in settings for word in ("-c", setting)]
        with open(self.folder / "log.txt", "ab") as log:
            self.process = subprocess.Popen([programs() / "postgres", "-D", self.data, *options], cwd="/",
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                            start_new_session=True, **as_owner())
        wait_for(self._answers_or_ended, seconds, "the database server")
        return self

    def _answers_or_ended(self):
        assert self.process.poll() is None, f"the database server ended:\n{self.log()[-2000:]}"
        return self.answers()

    def answers(self):
        try:
            return self._psql("SELECT 1", "postgres", seconds=5).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def ended(self):
        """Whether the server ended by itself."""
        return self.process is not None and self.process.poll() is not None

    def stop(self, how="fast", seconds=30):
        """`fast` closes every connection and ends cleanly; `immediate` ends without a checkpoint."""
        process, self.process = self.process, None
        process.send_signal({"fast": signal.SIGINT, "immediate": signal.SIGQUIT}[how])
        process.wait(seconds)

    def processes(self):
        return [self.process.pid, *children_of(self.process.pid)]

    def kill(self):
        """As when the machine goes: every process of the server at once."""
        if self.process is None:
            return
        process, self.process = self.process, None
        pids = [process.pid, *children_of(process.pid)]
        signal_to(pids, signal.SIGKILL)
        process.wait(10)
        # The children were the server's, so nobody waits for them here: they must be gone before it starts again.
        wait_for(lambda: not any(map(runs, pids)), 10, "the server's end")

    def discard(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def freeze(self):
        signal_to(self.processes(), signal.SIGSTOP)

    def thaw(self):
        signal_to(self.processes(), signal.SIGCONT)

    def log(self):
        return (self.folder / "log.txt").read_text(errors="replace")

    # ---- what is in it

    def _psql(self, statement, database, seconds=30):
        return subprocess.run(["psql", "-XAtq", "-F", "\x1f", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p",
                               str(self.port), "-U", SUPERUSER, "-d", database, "-c", statement], capture_output=True,
                              text=True, timeout=seconds, check=False, stdin=subprocess.DEVNULL,
                              env={**os.environ, "PGCONNECT_TIMEOUT": "5"})

    def sql(self, statement, database="postgres"):
        done = self._psql(statement, database)
        assert done.returncode == 0, done.stderr
        return [line.split("\x1f") for line in done.stdout.splitlines()]

    def number(self, statement, database="postgres"):
        return int(self.sql(statement, database)[0][0])

    def database(self, *options):
        """An empty database; its name."""
        self._databases += 1
        name = f"test{self._databases}"
        self.sql(" ".join([f"CREATE DATABASE {name}", *options]))
        return name

    def url(self, database, port=None, also=None):
        hosts = [f"127.0.0.1:{port or self.port}"] + ([f"127.0.0.1:{also.port}"] if also else [])
        return f"postgresql://{SUPERUSER}@{','.join(hosts)}/{database}" + (
            "?target_session_attrs=read-write" if also else "")

    def backends(self, database):
        return self.number("SELECT count(*) FROM pg_stat_activity WHERE backend_type='client backend' AND "
                           f"datname='{database}'")

    def terminate_all(self, database):
        """Ends every connection to that database; how many there were."""
        return len(self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                            f"backend_type='client backend' AND datname='{database}'"))

    # ---- a second one

    def standby(self):
        """A running copy without which this server confirms no commit any more."""
        folder = owned_folder()
        source = f"host=127.0.0.1 port={self.port} user={SUPERUSER} application_name=standby"
        self._run("pg_basebackup", "-D", folder / "data", "-R", "-X", "stream", "-c", "fast", "--no-sync", "-d", source)
        copy = Cluster(folder=folder).__enter__()
        self.sql("ALTER SYSTEM SET synchronous_standby_names='standby'")
        self.sql("SELECT pg_reload_conf()")
        state = "SELECT sync_state FROM pg_stat_replication"
        wait_for(lambda: ["sync"] in self.sql(state), 30, "the standby to follow")
        return copy

    def promote(self):
        assert self.sql("SELECT pg_promote(true,30)") == [["t"]], self.log()[-2000:]


class Wire:
    """A port of 127.0.0.1 that leads to another one, one thread a connection."""

    def __init__(self, port):
        self._port = port
        self._lock = threading.Lock()
        self._connections = set()
        self._moving = threading.Event()
        self._moving.set()
        self._cut = False
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, name="wire", daemon=True).start()

    def to(self, port):
        """New connections lead there, from now on; those that were, are closed."""
        self.cut()
        with self._lock:
            self._port, self._cut = port, False

    def cut(self):
        """Resets all connections and refuses new ones."""
        with self._lock:
            self._cut = True
            ended, self._connections = self._connections, set()
        for connection in ended:
            reset(connection)

    def freeze(self):
        """Nothing passes any more, yet nothing is closed; new connections open and stay silent."""
        self._moving.clear()

    def thaw(self):
        self._moving.set()

    def close(self):
        self._listener.close()
        self.thaw()
        self.cut()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), name="wire connection", daemon=True).start()

    def _serve(self, client):
        with self._lock:
            self._connections.add(client)
        server = None
        try:
            self._moving.wait()
            if self._cut:
                return
            server = socket.create_connection(("127.0.0.1", self._port), timeout=5)
            with self._lock:
                if self._cut:
                    return
                self._connections.add(server)
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._carry(client, server)
        except (OSError, ValueError):
            pass
        finally:
            for end in (client, server):
                if end is not None:
                    with self._lock:
                        self._connections.discard(end)
                    reset(end)

    def _carry(self, client, server):
        other = {client: server, server: client}
        while True:
            for end in select.select([client, server], [], [], 1)[0]:
                self._moving.wait()
                data = end.recv(65536)
                if not data:
                    return
                other[end].sendall(data)


def reset(connection):
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads it
    except OSError:
        pass
    connection.close()
