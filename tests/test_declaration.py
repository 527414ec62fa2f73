"""What a commit declares is read again as it was written, for one app and for several."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from promoter.domain.declaration import AppDeclaration, Declaration, HoldChange
from promoter.domain.image import Digest, Tag
from promoter.domain.model import ImageRequest

_NAMES = st.sampled_from(["api", "web", "a-b", "x1", "worker"])
_WORDS = st.text("aZ0:/@.,=#(){} -", min_size=1).map(lambda text: " ".join(text.split()) or "x")
_TAGS = st.sampled_from([Tag("1.4.2"), Tag("v2"), Tag("_a.b-c")])
_DIGESTS = st.sampled_from([Digest(f"sha256:{sign * 64}") for sign in "0f"])
_COMMITS = st.sampled_from([sign * 40 for sign in "0f"])
_SECONDS = st.integers(0, 4_000_000_000)
_NUMBERS = st.integers(1, 999_999_999)


def _maybe(given: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.none() | given


_IMAGES = st.one_of(
    st.builds(ImageRequest, _NAMES, _TAGS),
    st.builds(ImageRequest, _NAMES, st.none(), _DIGESTS),
    st.builds(ImageRequest, _NAMES, _TAGS, _DIGESTS),
)
_HOLDS = st.one_of(
    st.builds(HoldChange, _WORDS, st.just(True)),
    st.builds(
        HoldChange,
        _WORDS,
        since=_maybe(_SECONDS),
        until=_maybe(_SECONDS),
        undoes=_maybe(_COMMITS),
        undone_pull=_maybe(_NUMBERS),
    ),
)
_APPS = st.builds(
    AppDeclaration,
    _NAMES,
    st.just("prod"),
    st.lists(_IMAGES, min_size=1, max_size=3).map(tuple),
    actor=_maybe(_WORDS),
    run=_maybe(_WORDS),
    source_revision=_maybe(_COMMITS),
    allow=st.lists(st.sampled_from(["downgrade", "soak", "dead-edit"]), unique=True).map(tuple),
    hold=_maybe(_HOLDS),
    clock=_maybe(_SECONDS),
)


@given(_APPS, _maybe(_NUMBERS), _maybe(_WORDS), _WORDS)
def test_what_is_declared_for_one_app_is_read_again(
    app: AppDeclaration, pull: int | None, before: str | None, gates: str
) -> None:
    declared = replace(app.alone, previous_pull=pull, supersedes=before)
    assert Declaration.parse(declared.message("Title\n\nText", gates)) == declared
    assert AppDeclaration.among(declared.message("Title"), app.app, "prod") == app


@given(
    st.lists(_APPS, min_size=1, max_size=4, unique_by=lambda one: one.app),
    _NAMES,
    _maybe(_NUMBERS),
    _maybe(_WORDS),
)
def test_what_is_declared_for_several_apps_is_read_again_for_all_and_for_each(
    apps: list[AppDeclaration], name: str, pull: int | None, before: str | None
) -> None:
    declared = Declaration(name, tuple(apps), pull, before, is_together=True)
    message = declared.message("Title", "edit passed")
    assert Declaration.parse(message) == declared
    assert [AppDeclaration.among(message, one.app, "prod") for one in apps] == apps
    # A commit that pushes several apps at once declares each, and has no name for all.
    lines = [line for one in apps for line in one.trailers()]
    batch = Declaration.parse("\n".join(["Title", "", *lines, ""]))
    assert batch == Declaration(apps[0].app, tuple(apps))
