"""A program that takes its secrets from the environment, and tells no more of them than how long they are."""

from __future__ import annotations

import os

for name in ("DATABASE_URL", "SESSION_SECRET", "MAIL_PASSWORD", "FEATURE_GIFT_CARDS"):
    print(f"{name}: {len(os.environ[name])} characters")
