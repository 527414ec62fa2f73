"""The ways to choose among an image's tags, one a file; a new one is a file and a row here."""

from __future__ import annotations

from promoter.policy.kinds.alphabetical import Alphabetical
from promoter.policy.kinds.digest import Digest
from promoter.policy.kinds.newest import Newest
from promoter.policy.kinds.numeric import Numeric
from promoter.policy.kinds.regex import Regex
from promoter.policy.kinds.semver import Semver
from promoter.policy.kinds.timestamp import Timestamp

POLICIES = (Semver, Numeric, Timestamp, Newest, Alphabetical, Regex, Digest)
