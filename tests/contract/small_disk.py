"""A disk that can be filled.

    disk = SmallDisk(folder, megabytes)    a file system of its own, in memory, mounted on the folder
    disk.fill() / make_room()              to the last byte / what filled it goes
    disk.discard()                         the folder goes with it
"""

import errno
import os
import subprocess
from pathlib import Path

import pytest


class SmallDisk:
    """A file system of some megabytes in memory."""

    def __init__(self, folder, megabytes):
        self.folder = Path(folder)
        self.ballast = self.folder / "ballast"
        if os.geteuid() != 0:
            pytest.skip("only root may mount a small file system")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0777", "roamguard-test",
                               self.folder], capture_output=True, text=True, timeout=10, check=False)
        if done.returncode:
            pytest.skip(f"no small file system can be mounted here: {done.stderr.strip()}")

    def fill(self):
        with open(self.ballast, "ab", buffering=0) as file:
            try:
                while file.write(bytes(4096)):
                    pass
            except OSError as full:
                assert full.errno == errno.ENOSPC

    def make_room(self):
        self.ballast.unlink()

    def discard(self):
        subprocess.run(["umount", "-l", self.folder], timeout=10, check=True)
        self.folder.rmdir()
