"""Which of two tags is newer, as far as their texts say it; and what they do not say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promoter.policy.order import UNKNOWN, Comparison, Order, compare_tags

OPPOSITE = {Order.NEWER: Order.OLDER, Order.OLDER: Order.NEWER, Order.SAME: Order.SAME, None: None}

NEWER = """
1.4.1            1.4.2
1.4.9            1.4.10
1.9.0            1.10.0
9.0.0            10.0.0
v1.4.2           1.4.3
V1.4.2           v1.5.0
v7               v8
1.4              1.5
1.4.0            1.4.0.1
1.4.0.9          1.4.0.10
1.2.3.4.5        1.2.3.4.6
2024.01.15       2024.02.01
2026.01.09       2026.1.10
24.04            24.10
24.04.1          24.10
1.4.0-f3a9c21    1.5.0-1b2c3d4
1.4-f3a9c21      1.5-1b2c3d4
1.4.0_f3a9c21    1.4.1_1b2c3d4
1.4.0.f3a9c21    1.4.1.1b2c3d4
1.4.0-alpine     1.4.1-alpine
1.4.0-alpine     1.4.1-debian
1.4.0-alpine     1.4.1
2026.01.09-3f2c1ab  2026.01.10-1b2c3d4
1.4.0-alpha      1.4.0-beta
1.4.0-beta       1.4.0-rc
1.4.0-alpha.9    1.4.0-rc.1
1.4.0-rc.1       1.4.0
1.4.0-rc.2       1.4.0-rc.10
1.4.0-rc2        1.4.0-rc10
1.4.0-RC1        1.4.0-rc.2
1.4.0rc1         1.4.0rc2
1.4.0rc1         1.4.0
1.4.0.dev5       1.4.0.dev10
1.4.0.rc1        1.4.0
1.4.0-SNAPSHOT   1.4.0
1.4.0-dev        1.4.0
1.4.0-pre.1      1.4.0-pre.2
1.4.0-preview.1  1.4.0-preview.2
1.4.0-preview.9  1.4.0
1.4.0-rc         1.4.0-rc.1
1.4.0-rc.1       1.4.0-rc.1.1
1.4.0-rc.1.f3a9c21  1.4.0-rc.2.1b2c3d4
1.4.0-rc.1-alpine   1.4.0-rc.2-alpine
1.4.0-rc.1-alpine   1.4.0-rc.2-debian
1.4.0-rc.1-alpine   1.4.0-alpine
1.4.0-dev5-g1a2b3c4 1.4.0-dev9-g0a2b3c4
1.4.0-1          1.4.0-2
1.4.0-2          1.4.0-10
1.4.0-1.9        1.4.0-1.10
1.4.0-1-amd64    1.4.0-2-amd64
v1.4.2               v1.4.2-3-g1a2b3c4
v1.4.2-9-g9a2b3c4    v1.4.2-10-g0a2b3c4
1.4.2-9-gfffffff     v1.4.2-10-g0000000
v1.4.2-rc.1-3-g1a2b3c4  v1.4.2
v1.4.2-rc.1          v1.4.2-rc.1-3-g1a2b3c4
v1.4.2-rc.1-9-g1a2b3c4  v1.4.2-rc.2
v1.4.2-rc.1          v1.4.2-3-g1a2b3c4
v1.4.2-3-g1a2b3c4    v1.4.3
v1.4.2-3-g1a2b3c4-amd64  v1.4.2-4-g0a2b3c4-amd64
v1.4.2-3-g1a2b3c4-dirty  v1.4.2-4-g0a2b3c4
"""

# The likely order, which a creation time or a source commit may contradict.
LIKELY_NEWER = """
1.4              1.4.2
v1               v1.4.2
1.4-alpine       1.4.2-alpine
24.04            24.04.1
1.5.0            2026.1.0
1.1234567        1.7654321
20260101.1       20260102.1
1.4.0-20260101   1.4.0-20260102
1.4.0-1234567    1.4.0-7654321
1.4.0-dev.3f2c1ab       1.4.0
1.4.0-SNAPSHOT-3f2c1ab  1.4.0
1.4.0-dev.20260101.abc  1.4.0-dev.20260102.aaa
1.4.0-dev.9      1.4.0-rc.1
1.4.0-rc.1       1.4.0-snapshot
00011-f7cd737    00020-1b2c3d4
9-f7cd737        10-1b2c3d4
20251118-00143-6592ffc8  20251119-00002-1b2c3d4e
"""

SAME = """
1.4.0            1.4.0
main             main
v1.4.2           1.4.2
1.2              v1.2.0
1.4.0            1.4.0.0
2026.01.09       2026.1.9
1.4.0-rc.1       v1.4.0-RC.1
1.4.0-rc1        1.4.0-rc.01
1.4.0-alpine     v1.4.0-alpine
v1.4.2           v1.4.2-0-g1a2b3c4
1.4-f3a9c21      1.4.0-f3a9c21
"""

UNSAID = """
1.4.0-f3a9c21    1.4.0-1b2c3d4
1.4.0-1234567    1.4.0-f3a9c21
1.4.0_f3a9c21    1.4.0_1b2c3d4
1.4.0.f3a9c21    1.4.0.1b2c3d4
1.4.0.1234567    1.4.0.f3a9c21
1.4.0            1.4.0.1234567
1.4.0-g1a2b3c4   1.4.0-g0a2b3c4
1.4-f3a9c21      1.4-1b2c3d4
1.4-f3a9c21      1.4.2
1.4.1234567      1.4.f3a9c21
1.4.0            1.4.0-f3a9c21
1.4.0            1.4.0-1234567
1.4.0            1.4.0-alpine
1.4.0-alpine     1.4.0-debian
1.4.0-alpine3.19 1.4.0-alpine3.20
1.4.0-debian-12-r3  1.4.0-debian-12-r4
1.4.0-amd64      1.4.0-arm64
1.4.0-rc.1       1.4.0-alpine
1.4.0            1.4.0-1
1.4.0-rc.1       1.4.0-1
1.4.0-1          1.4.0-a
1.4.0-2026-01-01 1.4.0-2026-01-02
1.4.0-20260101-abc  1.4.0-20260102-aaa
v0.0.0-20260101120000-abcdef123456  v0.0.0-20260102120000-0bcdef123456
1.4.0-3-1a2b3c4  1.4.0-10-0a2b3c4
1.4.0-dev.3f2c1ab   1.4.0-dev.1b2c3d4
1.4.0-dev-3f2c1ab   1.4.0-dev.3
1.4.0-rc.1.f3a9c21  1.4.0-rc.1.1b2c3d4
1.4.0-rc.1       1.4.0-rc.1.f3a9c21
1.4.0-rc1a2b3c   1.4.0
1.4.0-prerelease 1.4.0
1.4.0-devel      1.4.0
1.4.0-feature-x  1.4.0
1.4.0-pr.12      1.4.0-pr.13
1.4.0-nightly.1  1.4.0-nightly.2
1.4.0-hotfix     1.4.0
1.4.0-post1      1.4.0
2026.01.09-3f2c1ab  2026.01.09-1b2c3d4
v1.4.2-3-g1a2b3c4   v1.4.2-3-g0a2b3c4
v1.4.2-3-g1a2b3c4   v1.4.2-3-g1a2b3c4-dirty
v1.4.2-3-g1a2b3c4   v1.4.2-4
abc1234          def5678
1925429          1925430
41               42
41               42-1b2c3d4
41-f7cd737       41-1b2c3d4
20260101-abc     20260102-aaa
1.4.2            main
latest           1.4.2
main-1           main-2
release-1.4.0    release-1.5.0
sha256:aaaa      sha256:bbbb
1.4.0-           1.4.0
1.               1.2
"""


def rows(table: str) -> list[tuple[str, str]]:
    """Return the pairs of a table."""
    return [(old, new) for old, new in map(str.split, table.strip().splitlines())]


def check(old: str, new: str, wanted: Comparison) -> None:
    """Check what two tags say, in both directions."""
    assert compare_tags(old, new) == wanted
    assert compare_tags(new, old) == Comparison(OPPOSITE[wanted.order], wanted.certain)


@pytest.mark.parametrize(("old", "new"), rows(NEWER))
def test_tags_that_say_which_is_newer(old: str, new: str) -> None:
    check(old, new, Comparison(Order.NEWER, certain=True))


@pytest.mark.parametrize(("old", "new"), rows(LIKELY_NEWER))
def test_tags_that_only_make_it_likely_which_is_newer(old: str, new: str) -> None:
    check(old, new, Comparison(Order.NEWER, certain=False))


@pytest.mark.parametrize(("old", "new"), rows(SAME))
def test_tags_that_say_the_same(old: str, new: str) -> None:
    check(old, new, Comparison(Order.SAME, certain=True))


@pytest.mark.parametrize(("old", "new"), rows(UNSAID))
def test_tags_that_do_not_say_which_is_newer(old: str, new: str) -> None:
    check(old, new, UNKNOWN)


_TAGS = st.from_regex(
    r"v?[0-9]{1,8}(\.[0-9]{1,8}){0,4}([-._](rc|alpha|dev|[0-9a-f]{1,8}|alpine|g?[0-9a-f]{7})){0,3}",
    fullmatch=True,
)


@pytest.mark.provisioned
@given(_TAGS | st.text(max_size=30), _TAGS | st.text(max_size=30))
def test_turning_the_question_round_turns_the_answer_round(one: str, other: str) -> None:
    check(one, other, compare_tags(one, other))
