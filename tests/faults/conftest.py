import sys
from pathlib import Path

for folder in ("postgres", "contract"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / folder))

from fixtures import service, start  # noqa: E402,F401  (the path comes first)
