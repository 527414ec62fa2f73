"""What an error says to commit where neither promoter.yaml nor a known layout has what is asked for."""

from __future__ import annotations

from promoter.config import FILE
from promoter.config.config import Config, parse
from promoter.config.likely_places import is_generic, same_environment
from promoter.config.suggested_configuration import folders_with_images, suggested_configuration
from promoter.domain.model import Tree
from promoter.domain.suggest import closest

_EXAMPLE = """\
environments:
  dev:
    path: apps/{app}/overlays/dev
  prod:
    path: apps/{app}/overlays/prod"""
# So many folders are named.
_NAMED = 3


def configuration_hint(
    config: Config, tree: Tree, app: str | None, asked: str | None, known: list[str]
) -> str:
    """Return what to commit, for an app or for any, and for the environment that is asked for.

    `known` are the apps of a layout that is known. Where one of these may be meant, or nothing else
    is called like the app, it is ''.
    """
    is_known = not all(map(is_generic, known))
    if is_known and (app is None or closest(app, known)):
        return ""
    text = suggested_configuration(tree, app, asked, only_named=is_known)
    if not text:
        return "" if is_known else _template(tree, app, asked)
    verb = "add this to" if config.place_of(()) is not None else "commit this"
    begun = f"By the repository's folders, {verb} {FILE}"
    names = parse(text.encode(), FILE.name).environments
    meant = [one for one in names if asked and same_environment(one, asked)]
    if meant and asked not in names:
        begun += f", and write --env {meant[0]} in place of {asked}"
    if is_known:
        begun += f" (it replaces the layout of {', '.join(known[:_NAMED])})"
    if app in config.apps:
        text = text.partition("\napps:")[0]
    return f"{begun}:\n{text}"


def _template(tree: Tree, app: str | None, asked: str | None) -> str:
    """Return the template of a configuration, and where images are set that are not the app's."""
    folders = folders_with_images(tree)[:_NAMED]
    said = ""
    if app and folders:
        named = f"{app} in {asked}" if asked else app
        said = f"Nothing that sets an image is called like {named}. "
        said += f"Images are set in {', '.join(folders)}. "
    return f"{said}Commit a {FILE} that says where they are, such as:\n{_EXAMPLE}"
