"""Which branches there are, as far as a run asks: few questions, whose answers stay small.

A repository may have thousands of stale branches. So what matters is asked for by name, and a list
is only read where GraphQL is missing or very many are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from promoter.forges.github.api.client import Client
from promoter.forges.github.api.queries import branch_field, repository_query
from promoter.forges.github.first_look.overview import BRANCHES, Overview
from promoter.forges.github.git_data.refs import Refs

# So many branches are asked for by name in one query, and so many in all before they are listed.
_AT_ONCE, _BY_NAME = 100, 300


class KnownBranches:
    """The branches of one look at the base, and those that were asked for since."""

    def __init__(self, client: Client, refs: Refs, seen: Overview | None = None) -> None:
        self._client, self._refs = client, refs
        self._has_graphql = seen is not None
        self._tips: dict[str, str | None] = dict(seen.named) if seen else {}
        self._together = seen.together if seen else None
        self._lists: dict[str, Mapping[str, str]] = {}
        """All branches that begin so, by what they begin with."""
        if seen is not None and seen.tips is not None:
            self._lists[BRANCHES] = seen.tips

    def __iter__(self) -> Iterator[str]:
        """Yield the branches of promotions and holds that are known to be there."""
        yield from (name for name, tip in self._tips.items() if tip is not None)
        yield from self._lists.get(BRANCHES, ())

    def keep(self, tips: Mapping[str, str | None]) -> None:
        """Keep what was said of branches elsewhere; None for one that is not there."""
        self._tips |= tips

    def tips(self, names: Iterable[str]) -> dict[str, str]:
        """Return the commits of those branches that are there."""
        names = tuple(dict.fromkeys(names))
        unknown = [name for name in names if not self._is_known(name)]
        if unknown:
            self._ask(unknown)
        return {name: tip for name in names if (tip := self._tip(name)) is not None}

    def together(self, beginnings: Iterable[str]) -> set[str]:
        """Return the branches of several apps together that begin so: they have a `+` in the name."""
        beginnings = tuple(beginnings)
        names: set[str] = set(self._together or ())
        if self._together is None:
            for one in beginnings:
                names.update(self._list(BRANCHES if one.startswith(BRANCHES) else one))
        return {name for name in names if "+" in name and name.startswith(beginnings)}

    def _is_known(self, name: str) -> bool:
        return name in self._tips or (name.startswith(BRANCHES) and BRANCHES in self._lists)

    def _tip(self, name: str) -> str | None:
        return self._tips[name] if name in self._tips else self._lists[BRANCHES].get(name)

    def _ask(self, names: Sequence[str]) -> None:
        if self._has_graphql:
            # Names of the user's own begin with nothing by which they could be listed.
            few = [n for n in names if len(names) <= _BY_NAME or not n.startswith(BRANCHES)]
            found = self._client.attempt("look for branches", lambda: self._by_name(few))
            self._tips |= found or {}
        for name in names:
            if not self._is_known(name) and name.startswith(BRANCHES):
                self._list(BRANCHES)
            elif not self._is_known(name):
                self._tips[name] = self._refs.tip(name)

    def _by_name(self, names: Sequence[str]) -> dict[str, str | None]:
        """Return the commits of branches by their names, some in each query."""
        found: dict[str, str | None] = {}
        for start in range(0, len(names), _AT_ONCE):
            some = names[start : start + _AT_ONCE]
            fields = [branch_field(f"b{n}", name, "target { oid }") for n, name in enumerate(some)]
            shown = self._client.query(repository_query("Tips", fields))
            for n, name in enumerate(some):
                ref = shown[f"b{n}"]
                found[name] = str(ref["target"]["oid"]) if ref else None
        return found

    def _list(self, beginning: str) -> Mapping[str, str]:
        """Return all branches that begin so, with their commits."""
        if beginning not in self._lists:
            self._lists[beginning] = self._refs.matching(beginning)
        return self._lists[beginning]
