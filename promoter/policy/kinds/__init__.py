"""The ways to choose among an image's tags; a new one is a class and a row here."""

from __future__ import annotations

from promoter.policy.kinds.semver import Semver
from promoter.policy.kinds.simple import Alphabetical, Digest, Newest, Numeric, Regex
from promoter.policy.kinds.timestamp import Timestamp

POLICIES = (Semver, Numeric, Timestamp, Newest, Alphabetical, Regex, Digest)
