"""A PostgreSQL server for the black-box tests: the one that ROAMGUARD_TEST_POSTGRES names, or one of their own."""

import itertools
import os
import re
import subprocess
import uuid

from blackbox import ROOT

SCRIPT = ROOT / "scripts" / "postgres-for-tests"


class Postgres:
    """databases = Postgres(); url = databases.make(); …; databases.stop()"""

    def __init__(self):
        self.url = os.environ.get("ROAMGUARD_TEST_POSTGRES")
        self.folder = None
        self.made = []
        self._names = itertools.count(1)
        if not self.url:
            said = subprocess.run([str(SCRIPT), "start"], capture_output=True, text=True, timeout=120, check=True)
            self.folder, self.url = said.stdout.split()[-2:]

    def make(self):
        """The URL of a new, empty database."""
        name = f"rg_contract_{uuid.uuid4().hex[:8]}_{next(self._names)}"
        self.run(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
        self.made.append(name)
        return re.sub(r"(://[^/?]+)(/[^?]*)?", rf"\1/{name}", self.url, count=1)

    def run(self, statement, url=None):
        """One statement by psql; what it printed."""
        done = subprocess.run(["psql", "--no-psqlrc", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1",
                               "--command", statement, url or self.url], capture_output=True, text=True, timeout=60,
                              check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def stop(self):
        for name in self.made:
            self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        if self.folder:
            subprocess.run([str(SCRIPT), "stop", self.folder], timeout=120, check=True)
