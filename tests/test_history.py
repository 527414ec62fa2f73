"""The history of a file and of a source: exact, or said to be unknown."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest

from promoter.domain.file_versions import FileVersion
from promoter.domain.pull_number import pull_number
from promoter.git.clone import Clone
from promoter.git.history import file_versions
from promoter.git.program import Git
from promoter.git.source import read_range
from promoter.system.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FILE = PurePosixPath("k.yaml")
_START = 1_700_000_000


class Story:
    """Commits written as a stream, one an hour, each on the one before unless told otherwise."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        self.git = Git(directory, Deadline(60))
        self.git("init", "--quiet", "--bare", "--template=", str(directory))
        self.git("symbolic-ref", "HEAD", "refs/heads/main")
        for key in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
            self.git("config", key, "true")
        self._stream: list[str] = []
        self.count = 0

    def commit(
        self, file: str = "other", text: str | None = "", *, title: str = "", onto: str = "",
        merge: str = "", branch: str = "main", time: int = 0,
    ) -> str:  # fmt: skip
        """Add a commit to a branch and return its mark; a text of None deletes the file."""
        self.count += 1
        message = title or f"Commit {self.count}"
        parts = [f"commit refs/heads/{branch}", f"mark :{self.count}"]
        parts += [f"committer A <a@b.c> {time or _START + 3600 * self.count} +0000"]
        parts += [f"data {len(message.encode())}\n{message}"]
        parts += [f"from {onto}"] if onto else []
        parts += [f"merge {merge}"] if merge else []
        text = text if text is None or text else str(self.count)
        parts += (
            [f"D {file}"]
            if text is None
            else [f"M 100644 inline {file}", f"data {len(text)}\n{text}"]
        )
        self._stream.append("\n".join([*parts, ""]))
        return f":{self.count}"

    def put(self, file: str, text: str) -> None:
        """Have the last commit write one file more."""
        self._stream[-1] += f"M 100644 inline {file}\ndata {len(text)}\n{text}\n"

    def done(self, *marks: str) -> list[str]:
        """Write the commits and return those of some marks."""
        marked = self.git.directory / "marks"
        stream = "\n".join([*self._stream, "done", ""]).encode()
        self.git("fast-import", "--quiet", "--done", f"--export-marks={marked}", stdin=stream)
        known = dict(line.split() for line in marked.read_text().splitlines())
        return [known[one] for one in marks]

    def clone(self) -> Clone:
        """Return an empty clone of it."""
        return Clone(self.git.directory.as_uri(), Deadline(60))


@pytest.fixture
def story(tmp_path: Path) -> Story:
    """No commits yet."""
    return Story(tmp_path / "story.git")


def versions(story: Story, now: int = 2 * _START) -> list[FileVersion]:
    """Return the versions of the file on main."""
    (tip,) = story.done(f":{story.count}")
    with story.clone() as clone:
        clone.remote_refs()
        clone.fetch(tip)
        return list(file_versions(clone, tip, [FILE], now=now)[FILE])


def since(found: Iterable[FileVersion], text: bytes) -> FileVersion:
    """Return the version from which on a text has been there."""
    kept = []
    for one in found:
        if text not in one.data:
            break
        kept.append(one)
    return kept[-1]


def test_a_value_is_found_behind_many_edits_that_left_it(story: Story) -> None:
    story.commit("k.yaml", "v1")
    mark = story.commit("k.yaml", "v2")
    for number in range(40):
        story.commit("k.yaml", f"v2 # {number}")
    found = since(versions(story), b"v2")
    assert (found.commit, found.first) == (story.done(mark)[0], False)


def test_a_busy_repository_is_read_as_far_back_as_the_file_goes(story: Story) -> None:
    mark = story.commit("k.yaml", "v1")
    for _ in range(300):
        story.commit()
    found = versions(story)
    assert [(one.commit, one.first) for one in found] == [(story.done(mark)[0], False)]


def test_a_file_that_was_gone_counts_from_when_it_came_back(story: Story) -> None:
    story.commit("k.yaml", "v1")
    story.commit("k.yaml", None)
    mark = story.commit("k.yaml", "v1")
    found = versions(story)
    assert [one.data for one in found] == [b"v1", b"", b"v1"]
    assert since(found, b"v1").commit == story.done(mark)[0]


def test_a_merge_counts_from_when_it_was_merged_and_says_what_it_brought(story: Story) -> None:
    base = story.commit("k.yaml", "v1")
    side = story.commit("k.yaml", "v2", title="Ours\n\nPromoter-App: a", onto=base, branch="side")
    story.commit(onto=base)
    mark = story.commit("k.yaml", "v2", merge=side)
    found = versions(story)
    assert (found[0].commit, found[0].data) == (story.done(mark)[0], b"v2")
    assert found[0].message.rstrip().endswith("Promoter-App: a")
    assert len(found) == 2


def test_no_commit_is_older_than_what_it_stands_on_and_a_date_to_come_proves_nothing(
    story: Story,
) -> None:
    now = _START + 100 * 3600
    story.commit("k.yaml", "v1")
    story.commit(time=now + 1)
    story.commit("k.yaml", "v2", time=1)
    story.commit("k.yaml", "v3", time=now + 1)
    story.commit("k.yaml", "v4")
    times = [(one.time, one.depth) for one in versions(story, now)]
    hour = _START + 3600
    assert times == [(_START + 5 * 3600, 0), (now + 1, 1), (hour, 2), (hour, 4)]


def test_no_message_is_taken_for_another_commit(story: Story) -> None:
    forged = "\x01" + "a" * 40 + " 1\nx\x02\n:100644 100644 " + "b" * 40
    story.commit("k.yaml", "v1", title=forged)
    assert [one.data for one in versions(story)] == [b"v1"]


def relation(story: Story, old: str, new: str) -> tuple[str, int, int]:
    """Return how two commits stand, how many come and how many go."""
    first, last = story.done(old, new)
    with story.clone() as clone:
        found = read_range(clone, "source", first, last)
    come, gone = len(found.commits) + found.more, len(found.removed) + found.removed_more
    return found.relation, come, gone


def test_a_side_branch_that_forked_long_ago_brings_its_own_commits_alone(story: Story) -> None:
    fork = [story.commit() for _ in range(100)][-1]
    main = [story.commit() for _ in range(900)][-1]
    side = story.commit(onto=fork, branch="side")
    for _ in range(9):
        side = story.commit(branch="side")
    new = story.commit(merge=side, onto=main)
    assert relation(story, main, new) == ("ahead", 11, 0)


def test_more_commits_than_are_brought_at_first_are_counted_all(story: Story) -> None:
    marks = [story.commit() for _ in range(1_000)]
    assert relation(story, marks[0], marks[-1]) == ("ahead", 999, 0)
    assert relation(story, marks[-1], marks[10]) == ("behind", 0, 989)


def test_two_annotated_tags_of_one_commit_are_the_same_commit(story: Story) -> None:
    (at,) = story.done(story.commit())
    for tag in ("v1", "v2"):
        story.git("-c", "user.name=a", "-c", "user.email=a@b", "tag", "-a", "-m", tag, tag, at)
    with story.clone() as clone:
        assert read_range(clone, "source", "v1", "v2").relation == "identical"


def test_diverged_commits_are_told_from_both_sides(story: Story) -> None:
    fork = story.commit()
    old = story.commit(onto=fork, branch="old")
    new = story.commit(onto=fork, branch="new")
    new = story.commit(branch="new")
    assert relation(story, old, new) == ("diverged", 2, 1)


def test_titles_are_those_of_people_and_of_merged_pulls(story: Story) -> None:
    old = story.commit()
    story.commit(title="fix: a line\u2028separator")
    new = story.commit(title="Merge pull request #7 from o/b\n\nfeat: the pull's own title\n")
    first, last = story.done(old, new)
    with story.clone() as clone:
        found = read_range(clone, "source", first, last)
    titles = [one.title for one in found.commits]
    assert titles == ["feat: the pull's own title (#7)", "fix: a line\u2028separator"]


_FOOTER = "BREAKING CHANGE: the header\n X-Key is required\nRefs: #12"


def test_commits_of_a_merged_pull_stand_behind_its_merge_and_all_breaking_ones_are_known(
    story: Story,
) -> None:
    old = story.commit()
    side = story.commit(onto=old, branch="side", title=f"try\n\n{_FOOTER}\n")
    side = story.commit(branch="side", title="wip")
    hand = story.commit(onto=old, branch="hand", title="fix: by hand")
    story.commit(merge=side, onto=old, title="Merge pull request #7 from o/side\n\nfeat: baskets\n")
    new = story.commit(merge=hand, title="Merge branch 'hand'")
    first, last = story.done(old, new)
    with story.clone() as clone:
        found = read_range(clone, "source", first, last)
    shown = {one.title: (one.merged, one.breaking) for one in found.commits}
    assert shown == {
        "try": (True, "the header X-Key is required"),
        "wip": (True, ""),
        "fix: by hand": (False, ""),
        "feat: baskets (#7)": (False, ""),
        "Merge branch 'hand'": (False, ""),
    }
    assert all(one.time and one.time > _START for one in found.commits)


@pytest.mark.parametrize(
    ("title", "pull"),
    [
        ("Promote a to prod (#12)\n\nText (#3)", 12),
        ("Merge pull request #13 from o/b\n\nPromote a", 13),
        ("Promote a, as #14 asks", None),
    ],
)
def test_a_version_knows_the_pull_request_that_brought_it(
    story: Story, title: str, pull: int | None
) -> None:
    story.commit("k.yaml", "v1", title=title)
    assert [one.pull for one in versions(story)] == [pull]


@pytest.mark.parametrize("asked", ["nothing-of-that-name", "0123abc"])
def test_a_revision_that_is_not_there_is_named(story: Story, asked: str) -> None:
    (old,) = story.done(story.commit())
    with story.clone() as clone:
        found = read_range(clone, "source", old, asked)
    assert (found.relation, found.note) == ("unknown", f"the source has no commit or tag {asked}")


@pytest.mark.parametrize(
    ("message", "number"),
    [
        ("Merge pull request #12 from o/b\n\nThe pull's title", 12),
        ("The pull's title (#12)\n\n* one", 12),
        ("Merge pull 12: The pull's title\n", 12),
        ("Merged PR 12: The pull's title", 12),
        ("Merged in b (pull request #12)\n\nThe pull's title", 12),
        ("Merge branch 'b' into 'main'\n\nThe title\n\nSee merge request group/gitops!12", 12),
        ("Fix #12", None),
        ("Promote aurora to prod: 1.4.2", None),
    ],
)
def test_a_commit_names_its_pull_request_as_its_forge_writes_it(
    message: str, number: int | None
) -> None:
    assert pull_number(message) == number


def test_a_commit_is_asked_a_single_time_what_it_removed_however_many_files_it_made(
    story: Story, caplog: pytest.LogCaptureFixture
) -> None:
    files = [f"apps/{name}/k.yaml" for name in ("a", "b", "c")]
    story.commit()
    story.commit(files[0], "v1")
    for file in files[1:]:
        story.put(file, "v1")
    (tip,) = story.done(f":{story.count}")
    caplog.set_level("DEBUG", "promoter")
    with story.clone() as clone:
        clone.remote_refs()
        paths = [PurePosixPath(file) for file in files]
        found = file_versions(clone, tip, paths, now=2 * _START)
        assert [[one.data for one in found[path]] for path in paths] == [[b"v1"]] * 3
    assert sum("diff-tree" in one.getMessage() for one in caplog.records) == 1
