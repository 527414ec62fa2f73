"""The composed nodes of a YAML text: walked without following aliases, flattened, and compared.

An alias is composed to the very node of its anchor, so that a few lines can stand for a tree without
end. Everything here descends into a node once, where its anchor stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Path = tuple[str | int, ...]


def children(node: Node) -> Iterator[Node]:
    """Yield a collection's own nodes, keys included."""
    if isinstance(node, MappingNode):
        for key, value in node.value:
            yield key
            yield value
    elif isinstance(node, SequenceNode):
        yield from node.value


def aliased(nodes: Iterable[Node]) -> set[int]:
    """Return the id of each node that an alias stands for."""
    found: set[int] = set()
    known: set[int] = set()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        (found if id(node) in known else known).add(id(node))
        if id(node) not in found:
            waiting += children(node)
    return found


def flatten(nodes: Iterable[Node]) -> dict[Path, str]:
    """Return every scalar's raw text, empty collection and alias by its path.

    A scalar comes with the kind that it is read as, an alias as the path of its anchor.
    """
    found: dict[Path, str] = {}
    first: dict[int, Path] = {}
    waiting: list[tuple[Path, Node]] = [((index,), node) for index, node in enumerate(nodes)]
    waiting.reverse()
    while waiting:
        path, node = waiting.pop()
        anchor = first.setdefault(id(node), path)
        if anchor != path:
            found[path] = f"alias:{anchor}"
        elif isinstance(node, ScalarNode):
            found[path] = f"{str(node.tag).rpartition(':')[2]}:{node.value}"
        elif not node.value:
            found[path] = "[]" if isinstance(node, SequenceNode) else "{}"
        else:
            waiting += reversed(list(_below(path, node)))
    return found


def proved(
    before: Mapping[Path, str], after: Mapping[Path, str], changes: Mapping[Path, str | None]
) -> bool:
    """Return whether two flattened trees differ in exactly the intended paths (None: gone)."""
    wanted = dict(before)
    for path, text in changes.items():
        if text is None:
            wanted.pop(path, None)
        else:
            wanted[path] = text
    return wanted == dict(after)


def last_index(node: Node) -> int:
    """Return where a node's content ends, which for block collections is before comments."""
    end, waiting = 0, [node]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        flow = getattr(one, "flow_style", True)
        start = one.start_mark.index
        # What starts before its parent is an alias, and stands elsewhere.
        inner = [] if flow else [c for c in children(one) if c.start_mark.index >= start]
        waiting += inner
        end = end if inner else max(end, int(one.end_mark.index))
    return end


def _below(path: Path, node: Node) -> Iterator[tuple[Path, Node]]:
    if isinstance(node, SequenceNode):
        yield from (((*path, index), child) for index, child in enumerate(node.value))
        return
    seen: Counter[str] = Counter()
    for key, value in node.value:
        name = key.value if isinstance(key, ScalarNode) else "?"
        # A key may stand twice outside of what is edited: number it, so that none is lost.
        seen[name] += 1
        yield (*path, name if seen[name] == 1 else f"{name}#{seen[name]}"), value
