"""The bill of materials of an installed promoter: CycloneDX 1.6 on stdout, and a check of licences.

Exits 1 where a dependency's licence is none of those that are accepted. Run it with the interpreter
that has promoter installed, and nothing else.
"""

from __future__ import annotations

import json
import re
import sys
from importlib import metadata

ACCEPTED = re.compile(r"MIT|BSD|Apache|PSF|Python-2\.0|MPL|ISC|LGPL|Unlicense|CNRI", re.IGNORECASE)


def licence(package: metadata.PackageMetadata) -> str:
    """Return what a package says of its licence, in one line."""
    named = package.get("License-Expression") or ""
    classifiers = [
        one for one in package.get_all("Classifier") or [] if one.startswith("License ::")
    ]
    last = [one.rpartition(" :: ")[2] for one in classifiers]
    return named or ", ".join(last) or (package.get("License") or "").partition("\n")[0][:80]


# `name[extra,extra]>=1; condition`, as requirements are written.
REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(?:\[(?P<extras>[^]]*)\])?")
EXTRA = re.compile(r"""extra\s*==\s*['"](?P<extra>[^'"]+)""")


def normal(name: str) -> str:
    """Return a distribution's name as it is compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def needed(text: str, known: dict[str, metadata.Distribution], found: set[str]) -> None:
    """Add what a requirement names, and all that it needs here, to what was found."""
    requirement = REQUIREMENT.match(text)
    name = normal(requirement["name"]) if requirement else ""
    if requirement is None or name not in known:
        return
    extras = {one.strip() for one in (requirement["extras"] or "").split(",")}
    if name in found and extras == {""}:
        return
    found.add(name)
    for one in known[name].requires or []:
        condition = EXTRA.search(one)
        if condition is None or condition["extra"] in extras:
            needed(one, known, found)


def main() -> int:
    """Print the bill and return the exit code."""
    every = metadata.distributions()
    known = {normal(one.metadata["Name"]): one for one in every}
    found: set[str] = set()
    needed("promoter", known, found)
    components, refused = [], []
    for name in sorted(found - {"promoter"}):
        said = licence(known[name].metadata)
        version = known[name].version
        if not ACCEPTED.search(said):
            refused.append(f"{name} {version}: {said or 'no licence is named'}")
        components.append(
            {
                "type": "library",
                "name": name,
                "version": version,
                "purl": f"pkg:pypi/{name}@{version}",
                "licenses": [{"license": {"name": said}}],
            }
        )
    own = known["promoter"]
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {"type": "application", "name": "promoter", "version": own.version}
        },
        "components": components,
    }
    json.dump(bill, sys.stdout, indent=1)
    sys.stdout.write("\n")
    for line in refused:
        sys.stderr.write(f"not accepted: {line}\n")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
