"""OCI image names, tags and digests as parsed types: nothing unparsed goes further.

The grammar is that of distribution/reference and the OCI distribution specification.
"""

from __future__ import annotations

import re
from dataclasses import field
from typing import Self

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import UsageError
from promoter.domain.placeholders import masked
from promoter.domain.redaction import shown
from promoter.domain.suggest import placeholder_hint

_DOMAIN_PART = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_DOMAIN_PART}(?:\.{_DOMAIN_PART})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_PATH_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_NAME = re.compile(
    rf"(?:(?P<domain>{_DOMAIN})/)?(?P<path>{_PATH_PART}(?:/{_PATH_PART})*)", re.ASCII
)
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(
    r"(?P<algorithm>[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*):(?P<hex>[0-9a-fA-F]{32,})",
    re.ASCII,
)
_RANGE = re.compile(r"v?[0-9]+(?:[.][0-9]+)?(?:[.][xX])+", re.ASCII)
# As a shell or Helm sets a tag: `image.tag=1.4.2`.
_ASSIGNED = re.compile(r"(?:[\w.-]*tag|version)=(\w[\w.-]{0,127})", re.ASCII | re.IGNORECASE)
# What a shell, a file or a list leaves around a value; line breaks also as they are escaped.
_AROUND = re.compile(r"""^[\s"',;]+|(?:\\[nrt]|[\s"',;])+$""", re.ASCII)
_SIGN = re.compile(r"[:@]")
_BARE_HEX = re.compile(r"[a-f0-9]{64}")
_REGISTERED = {"sha256": 64, "sha512": 128}
_PATH_LIMIT = 255
# What is meant by a longer text is not guessed: it is no tag with a digest and quotes.
_GUESSED = 400


class Tag(str):
    """A tag of the OCI grammar: a word character, then up to 127 of `[A-Za-z0-9_.-]`."""

    __slots__ = ()

    @classmethod
    def is_one(cls, text: str) -> bool:
        """Return whether a text is a tag."""
        return _TAG.fullmatch(text) is not None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the tag, or raise `UsageError` saying which rule it breaks."""
        if _TAG.fullmatch(text):
            return cls(text)
        if not text.strip():
            reason = "is empty"
        elif len(text) > 128:
            reason = f"has {len(text)} characters, and 128 is the most"
        elif text[0] in ".-":
            reason = f"begins with {text[0]!r}"
        else:
            bad = next(c for c in text if not re.fullmatch(r"[\w.-]", c, re.ASCII))
            reason = "holds a blank" if bad in " \t" else f"holds {ascii(bad)}"
        meant = _meant(text) if len(text) <= _GUESSED else _of_a_shell(text)
        raise UsageError(f"tag {shown(text)} {reason}", placeholder_hint(text, "tag") or meant)


def hint_for_absent(reference: str) -> str:
    """Return what to do about a tag or digest that a registry does not have."""
    if is_digest(reference):
        return "Check it: crane digest IMAGE:TAG prints the digest of a tag."
    if _RANGE.fullmatch(reference):
        return _range_hint(reference)
    if reference == "HEAD":
        return "HEAD is a word of git: git rev-parse HEAD prints the commit."
    if reference.lower() in ("newest", "semver"):
        return "What a policy chooses: promote auto"
    return f"Push {reference} first, or wait for its push with --wait-for-image 5m"


def _range_hint(text: str) -> str:
    return f'A range is for promote auto, as in policy: {{semver: "{text}"}} in promoter.yaml.'


def _meant(text: str) -> str:
    """Return what to write in place of a text that is no tag."""
    plain = _AROUND.sub("", text)
    if plain != text and _TAG.fullmatch(plain):
        return f"Did you mean {plain}? Leave out what stands around it."
    tag, _, digest = text.rpartition("@")
    if _DIGEST.fullmatch(digest) or digest.startswith("sha256:"):
        given = f"={tag}@" if _TAG.fullmatch(tag) else "@"
        whole = digest if _DIGEST.fullmatch(digest) else "sha256:DIGEST, of 64 hex digits"
        return f"A digest goes with its image: --image NAME{given}{whole}"
    if text.startswith("refs/"):
        return (
            f"Did you mean --tag {text.rpartition('/')[2]}? In Actions, GITHUB_REF_NAME has that."
        )
    several = re.split(r"[\s,;]+", plain)
    if len(several) > 1 and all(map(_TAG.fullmatch, several)):
        return "One tag is promoted at a time: run promote once for each."
    if (text[:1] in "^~<>=" and not _TAG.fullmatch(text.lstrip("="))) or "*" in text:
        return _range_hint(text)
    for sign in ("/", "+"):
        if sign in text and _TAG.fullmatch(text.replace(sign, "-")):
            return f"Did you mean {text.replace(sign, '-')}? A tag holds no {sign!r}."
    bare = _ASSIGNED.sub(r"\1", text).lstrip("-.=:")
    if _TAG.fullmatch(bare):
        return f"Did you mean {bare}?"
    if "{{" in text:
        return "Nothing has filled it in: GitHub does so in a workflow's file, and not in a script."
    return _of_a_shell(text)


def _of_a_shell(text: str) -> str:
    """Return what to write in place of a text that a shell has left as it was."""
    if "$" in text:
        return "Nothing has filled in its variable. A shell does so in double quotes, not in single ones."
    return "A tag is 1 to 128 of letters, digits, '_', '.' and '-', and begins with none of '.-'."


class Digest(str):
    """A content digest, `algorithm:hex`; sha256 and sha512 have their exact length, lower case."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the digest, or raise `UsageError` saying which rule it breaks."""
        match = _DIGEST.fullmatch(text)
        if match is None:
            reason = "is not a digest"
        elif match["algorithm"] not in _REGISTERED:
            reason = f"has the algorithm {match['algorithm']!r}, which is not a registered one"
        elif len(match["hex"]) != _REGISTERED[match["algorithm"]]:
            want = _REGISTERED[match["algorithm"]]
            reason = f"has {len(match['hex'])} hex digits where {match['algorithm']} has {want}"
        elif match["hex"] != match["hex"].lower():
            reason = "is not in lower case"
        else:
            return cls(text)
        raise UsageError(
            f"{'' if match is None else 'digest '}{shown(text)} {reason}",
            "A digest is 'sha256:' and 64 lower-case hex digits (or 'sha512:' and 128).",
        )


def is_digest(text: str) -> bool:
    """Return whether a text has the form of a digest, of whatever algorithm."""
    return _DIGEST.fullmatch(text) is not None


class Name(str):
    """An image name without tag and digest, as written: `[domain/]path`."""

    __slots__ = ()

    @classmethod
    def is_one(cls, text: str) -> bool:
        """Return whether a text is an image name."""
        try:
            cls.parse(text)
        except UsageError:
            return False
        return True

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the name, or raise `UsageError` saying which rule it breaks."""
        domain, path = _split_domain(text)
        match = _NAME.fullmatch(text)
        if match is None or (domain and not re.fullmatch(_DOMAIN, domain, re.ASCII)):
            lower = text.lower()
            reason = "is not an image name"
            if text != lower and _NAME.fullmatch(lower):
                reason = "holds upper-case letters outside the registry's host"
                raise UsageError(f"image name {shown(text)} {reason}", f"Did you mean {lower}?")
        elif len(path) > _PATH_LIMIT:
            reason = f"has a path of {len(path)} characters, and {_PATH_LIMIT} is the most"
        elif _BARE_HEX.fullmatch(text):
            reason = "is 64 hex digits, which reads as an image id"
        else:
            return cls(text)
        raise UsageError(
            f"image name {shown(text)} {reason}",
            "A name is [registry.host[:port]/]path in lower case, as in ghcr.io/owner/app.",
        )

    @property
    def registry(self) -> str:
        """The host that serves the image; Docker Hub's where the name carries none."""
        return _split_domain(self)[0] or "docker.io"

    @property
    def repository(self) -> str:
        """The path at the registry; Docker Hub's official images live under `library/`."""
        domain, path = _split_domain(self)
        hub = domain in ("", "docker.io", "index.docker.io")
        return f"library/{path}" if hub and "/" not in path else path


def may_be_one(name: str, other: str) -> bool:
    """Return whether two names may be of one image: one path ends with the other, as at a mirror."""
    if not (Name.is_one(name) and Name.is_one(other)):
        return True
    paths = sorted((f"/{_split_domain(one)[1]}" for one in (name, other)), key=len)
    return paths[1].endswith(paths[0])


@dataclass(frozen=True, slots=True)
class Ref:
    """A tag, a digest, or both; false where there is neither."""

    tag: str | None = None
    digest: str | None = None
    known_as: str | None = field(default=None, compare=False)
    """The tag that the digest was looked up for, where it is written alone."""

    @property
    def tag_or_digest(self) -> str | None:
        """What people know it by: the tag, else the digest."""
        return self.tag or self.digest

    @property
    def digest_or_tag(self) -> str | None:
        """What a registry is asked for: the digest, else the tag."""
        return self.digest or self.tag

    def is_same(self, other: Ref) -> bool | None:
        """Return whether two are one image: by digests where both have one, else by tags, else None."""
        for mine, theirs in ((self.digest, other.digest), (self.tag, other.tag)):
            if mine and theirs:
                return mine == theirs
        return None

    def __bool__(self) -> bool:
        """Return whether there is a tag or a digest."""
        return self.tag is not None or self.digest is not None

    def __str__(self) -> str:
        """Return `TAG`, `TAG@DIGEST` or `@DIGEST`; '' for neither."""
        return (self.tag or "") + (f"@{self.digest}" if self.digest else "")


def split(text: str) -> tuple[str, str | None, str | None]:
    """Return the name, tag and digest of an image string, unparsed, as container runtimes split it.

    A placeholder such as `${TAG:-1.0}` is one piece of what it is in.
    """
    whole = masked(text)
    rest, at, _ = whole.partition("@")
    digest = text[len(rest) + 1 :] if at else None
    head, colon, tag = rest.rpartition(":")
    if not colon or "/" in tag:
        return text[: len(rest)], None, digest
    return text[: len(head)], text[len(head) + 1 : len(rest)], digest


def split_tag(text: str) -> tuple[str, str | None]:
    """Return the tag and the digest of `TAG` or `TAG@DIGEST`, unparsed."""
    tag, at, _ = masked(text).partition("@")
    return text[: len(tag)], text[len(tag) + 1 :] if at else None


def kustomize_split(text: str) -> tuple[str, str | None, str | None]:
    """Return the name, tag and digest as kustomize splits them: at a `:` or `@` past the first `/`."""
    sign = _SIGN.search(text, max(text.find("/"), 0))
    if sign is None:
        return text, None, None
    name, rest = text[: sign.start()], text[sign.end() :]
    if sign[0] == "@":
        return name, None, rest
    tag, at, digest = rest.partition("@")
    return name, tag, digest if at else None


def join(name: str, tag: str | None, digest: str | None) -> str:
    """Return `name[:tag][@digest]`."""
    return name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")


def _split_domain(text: str) -> tuple[str, str]:
    """Return the registry's host ('' for Docker Hub) and the path."""
    head, slash, rest = text.partition("/")
    if slash and ("." in head or ":" in head or head == "localhost" or head != head.lower()):
        return head, rest
    return "", text
