"""A machine that fails on purpose, around one running service.

    strace = Strace(service, "inject=…", …)  lets its system calls fail, wait or kill; the trace ends with the `with`
    Strace(service, …, only=path)            only calls on that file
    cpu_seconds(service)                     what it has used of the processors so far
"""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from blackbox import wait_for


def strace_obstacle():
    """Why strace cannot be used here; nothing where it can."""
    if not shutil.which("strace"):
        return "strace is not installed (scripts/packages --install test)"
    done = subprocess.run(["strace", "-f", "-e", "inject=getppid:error=EPERM", "true"], capture_output=True, text=True,
                          timeout=20, check=False)
    return f"strace cannot trace here: {done.stderr.strip()[-200:]}" if done.returncode else None


needs_strace = pytest.mark.skipif(strace_obstacle() is not None, reason=str(strace_obstacle()))


class Strace:
    """Attached to all threads of a service that is running."""

    def __init__(self, service, *expressions, only=None):
        self.output = Path(service.directory) / "strace.txt"
        paths = ["-P", str(only)] if only else []
        options = [word for expression in expressions for word in ("-e", expression)]
        self.pid = service.process.pid
        self.process = subprocess.Popen(["strace", "-f", "-o", str(self.output), "-p", str(self.pid), *paths, *options],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self._follows_every_thread, 10, "strace to attach")

    def _follows_every_thread(self):
        assert self.process.poll() is None, "strace did not attach"
        try:
            tracers = [status.read_text().split("TracerPid:\t")[1].split()[0]
                       for status in Path(f"/proc/{self.pid}/task").glob("*/status")]
        except (FileNotFoundError, ProcessLookupError):
            return False  # a thread has just ended
        return all(tracer == str(self.process.pid) for tracer in tracers)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        """The service runs on without it."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:  # strace may wait for ever for a thread that was killed while it attached
            self.process.kill()
            self.process.wait(10)

    def said(self):
        return self.output.read_text(errors="replace")


def cpu_seconds(service):
    fields = Path(f"/proc/{service.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ended_with(service, seconds=20):
    """The exit code of a service that ends by itself; negative for a signal."""
    deadline = time.monotonic() + seconds
    while service.process.poll() is None:
        assert time.monotonic() < deadline, f"the service runs on after {seconds} s"
        time.sleep(0.02)
    return service.process.returncode
