"""The ways to choose among an image's tags; a new one is a class and a row here."""

from __future__ import annotations

from promoter.policy.kinds.semver import SemverPolicy
from promoter.policy.kinds.simple import (
    AlphabeticalPolicy,
    DigestPolicy,
    NewestPolicy,
    NumericPolicy,
    RegexPolicy,
)
from promoter.policy.kinds.timestamp import TimestampPolicy

POLICIES = (
    SemverPolicy,
    NumericPolicy,
    TimestampPolicy,
    NewestPolicy,
    AlphabeticalPolicy,
    RegexPolicy,
    DigestPolicy,
)
