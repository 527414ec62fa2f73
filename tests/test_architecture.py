"""The structure holds: what decides and edits reaches nothing outside, and no import goes in circles."""

from __future__ import annotations

import ast
import re
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
# What the plan, the edits, the policies and the texts are made of.
PURE = (
    "promoter.domain",
    "promoter.planning",
    "promoter.gates",
    "promoter.config",
    "promoter.edits",
    "promoter.graph",
    "promoter.policy",
    "promoter.pull_request",
    "promoter.output.envelope",
    "promoter.output.result",
    "promoter.output.text",
    "promoter.output.terminal_page",
)
OUTSIDE = frozenset(
    {
        "git", "github", "requests", "urllib3", "tenacity", "os", "socket", "subprocess", "time",
        "tempfile", "threading", "concurrent", "secrets", "random", "pydantic_settings",
    }
)  # fmt: skip


# Each package imports from those before it, and from its own line as long as that is no circle.
LAYERS = (
    ("domain",),
    ("system",),
    ("edits", "graph", "policy", "config"),
    ("gates", "planning", "pull_request", "output"),
    ("git", "forges", "registry", "render", "settings"),
    ("engine",),
    ("demo",),
    ("cli", "__main__"),
)


def modules() -> dict[str, Path]:
    """Return the product's modules by name."""
    found = {}
    for path in (ROOT / "promoter").rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


MODULES = modules()


@cache
def tree(name: str) -> ast.Module:
    """Return a module as its syntax."""
    return ast.parse(MODULES[name].read_text(encoding="utf-8"))


@cache
def imports(name: str, *, types: bool = False) -> frozenset[str]:
    """Return what a module imports when it runs, at its top or later; `types`: for types, too."""
    return frozenset(_imports(tree(name), types=types))


def _imports(node: ast.AST, *, types: bool) -> Iterator[str]:
    """Yield what a piece of code imports."""
    for child in ast.iter_child_nodes(node):
        is_for_types = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
        if is_for_types and not types:
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.module:
            for alias in child.names:
                whole = f"{child.module}.{alias.name}"
                yield whole if whole in MODULES else child.module
        elif not isinstance(child, ast.expr):
            yield from _imports(child, types=types)


@pytest.mark.parametrize("package", PURE)
def test_what_decides_reaches_nothing_outside(package: str) -> None:
    waiting = [name for name in MODULES if name == package or name.startswith(f"{package}.")]
    assert waiting
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        outside = {one for one in imports(name) if one.partition(".")[0] in OUTSIDE}
        assert not outside, f"{name} imports {sorted(outside)}"
        waiting += [one for one in imports(name) if one in MODULES]


def package_of(name: str) -> str:
    """Return the package, or the module at the top, that a module belongs to."""
    return name.split(".")[1]


def test_packages_import_from_the_layers_below_alone_even_types() -> None:
    level = {name: number for number, layer in enumerate(LAYERS) for name in layer}
    upward = {
        (name, one)
        for name in MODULES
        if name != "promoter"
        for one in imports(name, types=True) & MODULES.keys()
        if one != "promoter" and level[package_of(one)] > level[package_of(name)]
    }
    assert not upward


def test_packages_do_not_import_each_other_in_circles() -> None:
    graph: dict[str, set[str]] = {}
    for name in MODULES.keys() - {"promoter"}:
        found = {package_of(one) for one in imports(name) & MODULES.keys() if one != "promoter"}
        graph.setdefault(package_of(name), set()).update(found - {package_of(name)})
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_imports_do_not_go_in_circles() -> None:
    graph = {name: {one for one in imports(name) if one in MODULES} - {name} for name in MODULES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


# In these, two files of a package know each other's types.
_TIED = ("cli", "domain", "forges", "git")


def test_imports_for_types_go_in_circles_in_few_packages() -> None:
    graph = {
        name: (imports(name, types=True) & MODULES.keys()) - {name}
        for name in MODULES.keys() - {"promoter"}
        if package_of(name) not in _TIED
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_json_is_read_in_one_place_for_others_may_nest_it_as_deep_as_they_like() -> None:
    readers = {
        name
        for name, path in MODULES.items()
        if re.search(r"\bjson\.loads?\(|JSONDecoder", path.read_text(encoding="utf-8"))
    }
    assert readers == {"promoter.domain.json"}


def test_the_process_environment_is_read_where_it_is_said() -> None:
    readers = {
        name
        for name, path in MODULES.items()
        if "environ" in path.read_text(encoding="utf-8")
        for node in ast.walk(tree(name))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "environb"}
    }
    assert readers <= {
        "promoter.settings",
        "promoter.system.environment",
    }


def test_files_and_functions_stay_small() -> None:
    long = []
    for name, path in MODULES.items():
        text = path.read_text(encoding="utf-8")
        lines = text.count("\n")
        long += [f"{name}: {lines} lines"] if lines > 300 else []
        for node in ast.walk(tree(name)):
            if isinstance(node, ast.FunctionDef):
                size = (node.end_lineno or 0) - node.lineno + 1
                long += [f"{name}.{node.name}: {size} lines"] if size > 50 else []
    assert not long


def test_a_class_has_a_name_of_its_own() -> None:
    modules_of: dict[str, list[str]] = {}
    for name in MODULES:
        for node in tree(name).body:
            if isinstance(node, ast.ClassDef):
                modules_of.setdefault(node.name, []).append(name)
    assert not {one: names for one, names in modules_of.items() if len(names) > 1}


def test_dataclasses_are_those_that_are_quickly_made() -> None:
    slow = [
        name
        for name in MODULES.keys() - {"promoter.domain.dataclass"}
        if re.search(
            r"from dataclasses import .*\bdataclass\b",
            MODULES[name].read_text(encoding="utf-8"),
        )
    ]
    assert not slow, f"import dataclass from promoter.domain.dataclass in {sorted(slow)}"


def test_pygithub_is_imported_in_the_two_places_that_need_it() -> None:
    importers = {
        name for name in MODULES if any(one.partition(".")[0] == "github" for one in imports(name))
    }
    assert importers == {"promoter.forges.github.api.rest", "promoter.forges.github.api.app"}
