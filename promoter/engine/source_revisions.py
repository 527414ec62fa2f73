"""Source revisions: which commit an image was built from, where the source is, how two stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from promoter.config.config import Config
from promoter.config.layout import Target
from promoter.domain.address import Address
from promoter.domain.dataclass import dataclass
from promoter.domain.declaration import Declaration
from promoter.domain.errors import PromoteError
from promoter.domain.evidence import SourceRange
from promoter.domain.file_versions import FileVersion
from promoter.domain.model import Tree
from promoter.domain.urls import is_loopback
from promoter.engine.facts.image_lookup import image_in_registry
from promoter.engine.run_context import RunContext
from promoter.engine.wiring import open_source
from promoter.git.repository_address import parse_address
from promoter.git.source import read_range
from promoter.planning.propose import pulled_names

# https://github.com/opencontainers/image-spec/blob/main/annotations.md
REVISION = "org.opencontainers.image.revision"
SOURCE = "org.opencontainers.image.source"


@dataclass(frozen=True, slots=True)
class Revisions:
    """What is known of the source of one app's images; labels are read where the registry may be."""

    context: RunContext
    config: Config
    target: Target
    base: Tree

    def of(self, name: str, reference: str, given: str | None, *, ask: bool) -> str | None:
        """Return the commit that an image was built from: as it is given, labelled (`ask`), tagged."""
        label = self.labels(name, reference).get(REVISION) if ask and not given else None
        return given or label or self._by_tag(reference)

    def source(self, labels: Mapping[str, str]) -> str | None:
        """Return where the source is: configured, or labelled and at the GitOps repository's host.

        A label is anybody's word: it does not send this run to hosts that it has nothing to do with,
        nor to a folder or a server of this machine.
        """
        app = self.config.apps.get(self.target.app)
        if app and app.source:
            return app.source
        named = labels.get(SOURCE)
        try:
            address = parse_address(named) if named and "://" in named else None
            elsewhere = address is None or address.local or is_loopback(address.host)
        except (PromoteError, ValueError):
            return None
        if address is None or elsewhere or address.host != self.context.wiring.address.host:
            return None
        return named

    def between(self, source: str, old: str, new: str) -> SourceRange:
        """Return how two revisions stand to each other, and the commits from one to the other."""
        address = self._address(source)
        if isinstance(address, str):
            return SourceRange(source, old, new, note=address)
        with open_source(self.context.wiring, address) as clone:
            return read_range(clone, source, old, new)

    def _address(self, source: str) -> Address | str:
        """Return where a source is, or why it is not read: folders only beside a folder."""
        try:
            address = parse_address(source)
        except PromoteError as error:
            return f"the source {source} cannot be read: {error.message}"
        if address.local and not self.context.wiring.address.local:
            return "the source is a folder, and the GitOps repository is not"
        return address

    def labels(self, name: str, reference: str) -> Mapping[str, str]:
        """Return an image's labels; empty where the registry does not answer."""
        pulled = pulled_names(self.target, self.base).get(name, name)
        found = image_in_registry(self.context, pulled, reference)
        return found.labels if found else {}

    def _by_tag(self, tag: str) -> str | None:
        app = self.config.apps.get(self.target.app)
        return app.source_tag.replace("{tag}", tag) if app and app.source_tag else None


def declared(versions: Iterable[FileVersion], name: str, reference: str) -> str | None:
    """Return the source revision that the commit which brought an image declares.

    None where it declares none, or the history cannot be read so far.
    """
    with suppress(PromoteError):
        for version in versions:
            if reference.encode() not in version.data:
                break
            declaration = Declaration.parse(version.message)
            for app in declaration.members if declaration else ():
                for image in app.images:
                    if image.name == name and reference in (str(image.tag), str(image.digest)):
                        return app.source_revision
    return None
