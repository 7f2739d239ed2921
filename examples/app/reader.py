"""A program that reads its secrets from files, and tells no more of them than how long they are.

    python reader.py FILE...

It knows nothing of leafseal: the files are there before it starts.
"""

from __future__ import annotations

import sys
from pathlib import Path

for name in sys.argv[1:]:
    path = Path(name)
    print(f"{path.name}: {len(path.read_bytes())} bytes")
