"""The kinds of forges by name; `promoter.forges.kinds` knows what each of them is."""

from promoter.domain.suggest import nearest

# Name → the module whose `KIND` says all about it. The first whose host rule fits keeps a
# repository's pulls; else the default does.
FORGES = {"local": "promoter.forges.local_kind", "github": "promoter.forges.github"}
DEFAULT = "github"

_OTHERS = ("gitlab", "gitea", "forgejo", "bitbucket", "codeberg", "azure", "azure-devops", "gerrit")
_OTHER_FORGES = ("gitlab.com", "bitbucket.org", "codeberg.org", "gitea.com", "dev.azure.com")


def forge_hint(name: str) -> str:
    """Return what to write in place of a name that no forge of ours has."""
    if name.lower() in _OTHERS:
        return "Pull requests are opened on GitHub alone; other hosts take deliver: push."
    return nearest(name, list(FORGES))


def is_other_forge(host: str) -> bool:
    """Return whether a host is known to be another forge than GitHub, or is called like one."""
    return host in _OTHER_FORGES or host.startswith(("gitlab.", "bitbucket.", "gitea."))


def other_forge_hint(host: str) -> str:
    """Return what to do on a host that is known to be another forge; '' for any other host."""
    if not is_other_forge(host):
        return ""
    return (
        f"Pull requests are opened on GitHub alone, which {host} is not. With deliver: push, set "
        f"PROMOTER_TOKEN to a token of {host} that may push."
    )
