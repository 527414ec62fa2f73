"""What a user is told of a mistake: what it is, where, why, and what to do, with the nearest name."""

from __future__ import annotations

import itertools
import re
import shlex
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from promoter.cli import main
from promoter.cli.command_table import COMMANDS, WORDS
from promoter.cli.hints.other_tools import FLAGS, OF_OTHER_COMMANDS, OTHER_COMMANDS, TOOLS
from promoter.cli.hints.repository import with_repository
from promoter.cli.options import OPTIONS
from promoter.config import config
from promoter.config.document import load
from promoter.config.mistakes.examples import example_for
from promoter.config.mistakes.known_keys import _paths
from promoter.config.mistakes.not_there import no_environment
from promoter.domain.errors import UsageError
from promoter.engine.wiring import wire
from promoter.output.result import of_failure
from promoter.output.text import complaints_text
from promoter.settings import Settings
from promoter.settings.other_names import OTHER_NAMES
from promoter.system.deadline import Deadline
from tests.many_apps import base, deployment, kustomization, overlay, with_files
from tests.servers.registry import Registry
from tests.thorough import thorough_after
from tests.world import Repository, Run, aurora, promote

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from promoter.cli.parser import Parser

_SERVICES = ("orders", "billing", "search")
_ENVIRONMENTS = ("dev", "staging", "prod")


@dataclass(frozen=True)
class Company:
    """A GitOps repository of three services in three environments, and their registry."""

    folder: Path
    repo: Repository
    registry: Registry
    configuration: str

    def run(self, *arguments: str, **env: str) -> Run:
        """Run the command on the repository."""
        return promote(*arguments, "--repo", str(self.repo.path), env=env, cwd=self.folder)

    def image(self, service: str) -> str:
        """Return a service's image."""
        return self.registry.name(service)

    def configure(self, *changes: tuple[str, str]) -> None:
        """Commit promoter.yaml with some of its text replaced."""
        text = self.configuration
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        self.repo.commit("main", "promoter.yaml", text)


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    with _company(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def unchanged_company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """The company of tests in which nothing is written."""
    with _company(tmp_path_factory.mktemp("company")) as made:
        yield made


@contextmanager
def _company(tmp_path: Path) -> Iterator[Company]:
    with Registry() as registry:
        files: dict[str, str] = {}
        for service in _SERVICES:
            registry.push(service, "1.4.0", "1.5.0")
            image = registry.name(service)
            files |= base(service, image)
            for name in _ENVIRONMENTS:
                files[kustomization(service, name)] = overlay(image, "1.4.0")
        configuration = _CONFIGURATION.format(**{one: registry.name(one) for one in _SERVICES})
        repo = with_files(tmp_path / "gitops.git", files | {"promoter.yaml": configuration})
        (folder := tmp_path / "here").mkdir()
        yield Company(folder, repo, registry, configuration)


_CONFIGURATION = """\
environments:
  dev:
    path: apps/{{app}}/overlays/dev
    deliver: push
  staging:
    path: apps/{{app}}/overlays/staging
  prod:
    path: apps/{{app}}/overlays/prod
apps:
  orders:
    images: [{orders}]
  billing:
    images: [{billing}]
  search:
    images: [{search}]
"""
_ASK = ("--app", "orders", "--tag", "1.5.0")
_PROD = "apps/orders/overlays/prod/kustomization.yaml"
_HUB = "https://github.com/acme/gitops"
_APP = {"PROMOTER_GITHUB_APP_ID": "12", "PROMOTER_GITHUB_APP_PRIVATE_KEY": "x"}


@dataclass(frozen=True)
class Mistake:
    """A command line or variables with a mistake, and what the message must hold."""

    arguments: tuple[str, ...]
    code: int
    said: tuple[str, ...]
    variables: dict[str, str] = field(default_factory=dict)


_ON_THE_COMMAND_LINE = {
    "flag shortened": Mistake(
        ("--ap", "orders"), 2, ("promote has no flag '--ap'", "Did you mean --app?")
    ),
    "flag with underscore": Mistake(
        (*_ASK, "--dry_run"), 2, ("no flag '--dry_run'", "Did you mean --dry-run?")
    ),
    "flag of another tool": Mistake(
        (*_ASK, "--environment=dev"), 2, ("no flag '--environment'", "Did you mean --env dev?")
    ),
    "app misspelt": Mistake(
        ("--app", "order", "--tag", "1.5.0"), 4, ("no app 'order'", "Did you mean orders?")
    ),
    "placeholder of an app": Mistake(
        ("--app", "APP", "--tag", "1.5.0"), 4,
        ("no app 'APP'", "It is a placeholder: give the app itself. Known: "),
    ),
    "environment in full": Mistake(
        (*_ASK, "--env", "production"), 4, ("no environment 'production'", "Did you mean prod?")
    ),
    "environment in short": Mistake(
        (*_ASK, "--env", "stage"), 4, ("no environment 'stage'", "Did you mean staging?")
    ),
    "tag with a v": Mistake(
        ("--app", "orders", "--tag", "v1.5.0"), 4,
        ("has no v1.5.0 in its registry", "Did you mean 1.5.0? The registry has that."),
    ),
    "tag that was not pushed": Mistake(
        ("--app", "orders", "--tag", "1.6.0"), 4,
        ("/orders has no 1.6.0 in its registry", "It has 1.5.0, 1.4.0. Push 1.6.0 first", "--wait-for-image"),
    ),
    "image without registry": Mistake(
        ("--app", "orders", "--image", "orders=1.5.0"), 3,
        ("--image: no container of orders in prod uses the image orders", "Did you mean 127.0.0.1:"),
    ),
    "image with a colon": Mistake(
        ("--app", "orders", "--image", "ghcr.io/acme/orders:1.5.0"), 2,
        ("--image 'ghcr.io/acme/orders:1.5.0'", "Did you mean --image ghcr.io/acme/orders=1.5.0"),
    ),
    "image without tag": Mistake(
        ("--app", "orders", "--image", "orders"), 2, ("--image 'orders'", "Did you mean --image orders=TAG")
    ),
    "no tag": Mistake(("--app", "orders"), 2, ("no tag is given", "Give --tag TAG")),
    "no app": Mistake(("--tag", "1.5.0"), 2, ("no app is given", "Give --app APP")),
    "names without flags": Mistake(
        ("orders", "1.5.0"), 2,
        ("promote takes no 'orders'", "Write promote --app orders --tag 1.5.0"),
    ),
    "tag without flag": Mistake(
        ("--app", "orders", "1.5.0"), 2,
        ("takes no argument '1.5.0'", "Write promote --app orders --tag 1.5.0 --repo "),
    ),
    "command misspelt": Mistake(("pull",), 2, ("no command 'pull'", "Did you mean promote pulls --repo ")),
    "empty tag": Mistake(
        ("--app", "orders", "--tag", ""), 2, ("tag '' is empty", "Give --tag TAG", "variable")
    ),
    "image as tag": Mistake(
        ("--app", "orders", "--tag", "ghcr.io/acme/orders:1.5.0"), 2,
        ("holds '/'", "--tag 1.5.0", "--image ghcr.io/acme/orders=1.5.0"),
    ),
    "duration in words": Mistake(
        (*_ASK, "--timeout", "2 minutes"), 2, ("--timeout: '2 minutes'", "Did you mean --timeout 2m?")
    ),
    "every rule allowed": Mistake(
        (*_ASK, "--allow", "all"), 2, ("--allow: there is no rule 'all'", "Known: ", "downgrade")
    ),
    "switch with another word": Mistake(
        _ASK, 2, ("PROMOTER_DRY_RUN: must be 1, true, 0 or false, not 'yes'", "Write PROMOTER_DRY_RUN=true"),
        {"PROMOTER_DRY_RUN": "yes"},
    ),
    "unknown variable": Mistake(
        _ASK, 2, ("no variable PROMOTER_ENVIRONMENT", "Did you mean PROMOTER_ENV?"),
        {"PROMOTER_ENVIRONMENT": "dev"},
    ),
    "two environments": Mistake(
        (*_ASK, "--env", "dev", "--env", "prod"), 2,
        ("--env is given twice: 'dev' and 'prod'", "run promote once for each"),
    ),
    "two tags": Mistake(
        (*_ASK, "--tag", "1.4.0"), 2, ("--tag is given twice: '1.5.0' and '1.4.0'", "once")
    ),
    "branch that is not there": Mistake(
        (*_ASK, "--base", "master"), 4,
        ("has no branch 'master'", "Did you mean 'main', its default branch?"),
    ),
    "file that is not there": Mistake(
        (*_ASK, "--config", "nope.yaml"), 2, ("--config nope.yaml: No such file", "Check the path")
    ),
    "shard in words": Mistake(("auto", "--shard", "3of4"), 2, ("'3of4'", "Write I/N, as in 2/4")),
    "no policy": Mistake(
        ("auto",), 4, ("no policy applies", 'in promoter.yaml, e.g. policy: {semver: "*"}')
    ),
    "command twice": Mistake(
        ("promote", *_ASK), 2, ("promote is the command", "Write it once: promote --app orders")
    ),
    "app before the tag's flag": Mistake(
        ("orders", "--tag", "1.5.0"), 2, ("takes no 'orders'", "Write promote --app orders --tag 1.5.0")
    ),
    "command after a flag": Mistake(("-q", "auto"), 2, ("no argument 'auto'", "The command comes first: promote auto --quiet --repo ")),
    "app without a flag": Mistake(
        ("status", "orders"), 2, ("promote status takes no argument 'orders'", "--app orders")
    ),
    "word too many": Mistake(
        (*_ASK, "now"), 2, ("promote takes no argument 'now'", "Leave 'now' out: --tag takes one value")
    ),
    "tag of auto": Mistake(
        ("auto", "--tag", "1.5.0"), 2, ("promote auto takes no --tag", "promote --app APP --tag")
    ),
    "flag of another command": Mistake(
        ("pulls", "--tag", "1.5.0"), 2, ("promote pulls takes no --tag", "It lists all, each with its state")
    ),
    "force": Mistake((*_ASK, "--force"), 2, ("no flag '--force'", "--allow RULE", "--take-over")),
    "tag as the version": Mistake(
        ("--app", "orders", "--version", "1.5.0"), 2, ("--version says", "Did you mean --tag 1.5.0")
    ),
    "flag without a value": Mistake(
        ("--app", "--tag", "1.5.0"), 2, ("--app has no value", "as in --app aurora")
    ),
    "empty environment": Mistake(
        (*_ASK, "--env", ""), 2, ("--env is empty", "leave --env out")
    ),
    "other form of output": Mistake(
        (*_ASK, "--output", "jsn"), 2, ("--output cannot be 'jsn'", "Did you mean json?")
    ),
    "other verb": Mistake(
        ("pulls", "marge", "1"), 2, ("promote pulls has no command 'marge'", "Did you mean merge?")
    ),
    "number in words": Mistake(
        ("pulls", "merge", "one"), 2, ("'one' is not the number of a pull request", "promote pulls")
    ),
    "count in words": Mistake(
        ("history", "-n", "ten"), 2, ("--number: must be a whole number of 1 or more, not 'ten'", "as in --number 20")
    ),
    "steps of none": Mistake(
        ("rollback", "--app", "orders", "--reason", "x", "--steps", "0"), 2,
        ("--steps: must be a whole number of 1 or more, not '0'", "as in --steps 2"),
    ),
    "apps in a list": Mistake(
        ("--app", "orders,billing", "--tag", "1.5.0"), 2,
        ("--app 'orders,billing' is not a name", "Write --app orders --app billing"),
    ),
    "tag that no shell filled in": Mistake(
        ("--app", "orders", "--tag", "$TAG"), 2, ("holds '$'", "in double quotes")
    ),
    "one app and another in a path": Mistake(
        ("--app", "orders/billing", "--tag", "1.5.0"), 2,
        ("Did you mean --app billing? Both of them: --app orders --app billing",),
    ),
    "tag with its escaped line break": Mistake(
        ("--app", "orders", "--tag", "1.5.0,\\n"), 2, ("Did you mean 1.5.0?",)
    ),
    "tag with a part of a digest": Mistake(
        ("--app", "orders", "--tag", "1.5.0@sha256:aa"), 2,
        ("--image NAME=1.5.0@sha256:DIGEST, of 64 hex digits",),
    ),
    "tag in quotes": Mistake(
        ("--app", "orders", "--tag", '"1.5.0"'), 2, ("Did you mean 1.5.0?", "stands around it")
    ),
    "blanks about the equals sign": Mistake(
        ("--app", "orders", "--image", "ghcr.io/acme/orders = 1.5.0"), 2,
        ("holds a blank", "Did you mean --image ghcr.io/acme/orders=1.5.0?"),
    ),
    "quiet and loud": Mistake((*_ASK, "-q", "-v"), 2, ("both given", "Leave one of them out")),
    "hold until a day": Mistake(
        ("hold", "--app", "orders", "--reason", "x", "--until", "2099-12-01"), 2,
        ("--until: 2099-12-01 names no hour", "Write 2099-12-01T00:00:00Z"),
    ),
    "hold too long": Mistake(
        ("hold", "--app", "orders", "--reason", "x", "--until", "9999d"), 2,
        ("--until: 9999d is too long", "as in 24h or 7d"),
    ),
    "hold for no duration": Mistake(
        ("hold", "--app", "orders", "--reason", "x", "--until", "24h24h"), 2,
        ("--until: '24h24h' is not a duration", "Did you mean --until 2d?"),
    ),
    "rules after one flag": Mistake(
        (*_ASK, "--allow", "soak", "freeze"), 2, ("'freeze'", "--allow soak --allow freeze")
    ),
    "hold until a word": Mistake(
        ("hold", "--app", "orders", "--reason", "x", "--until", "tomorrow"), 2,
        ("--until: 'tomorrow' is not a time", "as in 24h or 7d"),
    ),
    "app as a group": Mistake(
        ("--group", "orders", "--tag", "1.5.0"), 4, ("no group 'orders'", "an app: --app orders")
    ),
    "tag for no image": Mistake(
        (*_ASK, "--image", "IMAGE=1.4.0"), 2,
        ("the tag 1.5.0 is for no image", "Leave out --tag, or the --image"),
    ),
    "images in a list": Mistake(
        ("--app", "orders", "--image", "a=1.5.0,b=1.5.0"), 2, ("holds ','", "Write --image a=1.5.0 --image b=1.5.0")
    ),
    "image without a tag beside a tag": Mistake(
        (*_ASK, "--image", "IMAGE"), 2, ("is none of NAME=TAG", "=1.5.0, without --tag?")
    ),
    "wait beyond the end": Mistake(
        ("--app", "orders", "--tag", "9.9.9", "--wait-for-image", "5m", "--timeout", "2s"), 4,
        ("no 9.9.9 in its registry, after waiting", "--timeout ended the wait, of 5m"),
    ),
    "hold until an hour of no zone": Mistake(
        ("hold", "--app", "orders", "--reason", "x", "--until", "2099-12-01T08:00"), 2,
        ("has no time zone", "Write 2099-12-01T08:00Z, for UTC"),
    ),
    "image of another registry": Mistake(
        ("--app", "orders", "--image", "docker.io/acme/orders=1.5.0"), 3,
        ("no container of orders in prod uses the image docker.io/acme/orders", "Did you mean 127."),
    ),
    "image twice": Mistake(
        ("--app", "orders", "--image", "IMAGE=1.5.0", "--image", "IMAGE=1.4.0"), 2,
        ("--image names 127.", "twice: 1.5.0 and 1.4.0", "Give it once."),
    ),
    "all apps": Mistake(
        ("--app", "all", "--tag", "1.5.0"), 4, ("no app 'all'", "of all: promote auto", "Known: ")
    ),
    "environment to go back to": Mistake(
        ("rollback", "--app", "orders", "--reason", "x", "--to", "prod"), 4,
        ("has not had the tag prod", "Leave --to out, for the state before"),
    ),
    "state before to go back to": Mistake(
        ("rollback", "--app", "orders", "--reason", "x", "--to", "previous"), 4,
        ("has not had the tag previous", "Leave --to out, for the state before"),
    ),
    "commit as the base": Mistake(
        (*_ASK, "--base", "0123abcd"), 4, ("has no branch '0123abcd'", "It reads as a commit")
    ),
    "flag like no other": Mistake(
        ("history", "--since", "7d"), 2, ("promote history has no flag '--since'", "--number N")
    ),
    "half a login": Mistake(
        _ASK, 2,
        ("PROMOTER_REGISTRY_HOST and PROMOTER_REGISTRY_PASSWORD are missing", "together"),
        {"PROMOTER_REGISTRY_USERNAME": "x"},
    ),
    "no number": Mistake(
        ("pulls", "merge"), 2, ("needs the number of a pull request", "are listed by promote pulls")
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", _ON_THE_COMMAND_LINE)
def test_mistake_on_the_command_line_is_told_with_what_to_do(
    unchanged_company: Company, name: str
) -> None:
    company, mistake = unchanged_company, _ON_THE_COMMAND_LINE[name]
    refs = company.repo.refs()
    arguments = [one.replace("IMAGE", company.image("orders")) for one in mistake.arguments]
    run = company.run(*arguments, **mistake.variables)
    assert_told(run, mistake.code, mistake.said)
    assert company.repo.refs() == refs


# What is written, and what the hint says to write instead.
_WORDS_AND_FLAGS = (
    ("aurora", "Write promote --app aurora --tag TAG"),
    ("aurora prod", "Write promote --app aurora --env prod --tag TAG"),
    ("aurora prod 1.5.0", "Write promote --app aurora --env prod --tag 1.5.0"),
    ("prod aurora v1.5.0 -q", "Write promote --app aurora --env prod --tag v1.5.0 --quiet"),
    ("aurora:1.5.0", "Write promote --app aurora --tag 1.5.0"),
    ("ghcr.io/acme/aurora:1.5.0 --env dev", "Write promote --app aurora --tag 1.5.0 --env dev"),
    ("app=aurora tag=1.5.0", "Write promote --app aurora --tag 1.5.0"),
    ("app aurora tag 1.5.0", "Write promote --app aurora --tag 1.5.0"),
    ("aurora --token s3cret --tag 1.5.0", "Write promote --app aurora --tag 1.5.0"),
    ("deploy aurora 1.5.0", "promote --app aurora --tag 1.5.0"),
    ("set image deployment/shop shop=1.5.0", "promote set-image 'shop=*:1.5.0'"),
    ("--repo x edit set image shop=1.5.0", "promote set-image 'shop=*:1.5.0'"),
    ("edit set image r.io:1/a/shop:1.5.0", "promote set-image 'r.io:1/a/shop=*:1.5.0'; for an app"),
    ("set image deployment/shop shop=r.io/a/shop:1.5.0", "promote --app shop --tag 1.5.0"),
    ("kubectl set image deployment/shop shop=x:1.5.0", "promote --app shop --tag 1.5.0"),
    ("helm upgrade shop --set image.tag=1.5.0 -n dev", "promote --app shop --tag 1.5.0 --env dev"),
    ("helm upgrade shop", "Promoting needs no command name: promote --app shop --tag TAG"),
    ("app sync shop", "Argo CD or Flux syncs what is on the base. To change that: promote --app"),
    ("setimage x=*:1", "promote set-image 'x=*:1'; for an app: promote --app x --tag 1"),
    ("kargo promote shop --stage prod", "promote --app shop --env prod --tag TAG"),
    ("argocd app rollback shop 3", "promote rollback --app shop --reason TEXT"),
    ("gh pr merge 3", "Write promote pulls merge 3"),
    ("flux reconcile kustomization shop", "To change that: promote --app shop --tag TAG"),
    ("image update shop --to 1.5.0", "promote --app shop --tag 1.5.0"),
    ("rollback shop -r bug", "Did you mean --reason bug?"),
    ("rollback --app shop --revision 1.4.0", "Did you mean --to 1.4.0?"),
    ("hold --app shop --reason x --until 1h30", "Did you mean --until 1h30m?"),
    ("unhold --all --reason x", "Name each app: --app A --app B"),
    ("auto --all", "It takes all: leave it out."),
    ("auto dev prod", "Write promote auto --env dev --env prod"),
    ("pulls merge 1 --auto", "as in deliver: auto-merge, with merge-method: squash"),
    ("pulls list --app", "promote status"),
    ("status -l app=web", "Did you mean --app web?"),
    ("stage promote", "Write promote --app APP --env stage --tag TAG"),
    ("rollback --app web --env dev --n 2", "Did you mean --steps 2?"),
    ("hold --app web --version 1.4.1", "A hold keeps what runs now"),
    ("auto --apply", "It writes unless --dry-run is given"),
    ("set-image x/kustomization.yaml", "It is a file: --file x/kustomization.yaml"),
    ("demo clean", "its folder may be deleted"),
    ("--app shop --image a=1,b=2", "Write --image a=1 --image b=2"),
    ("--app shop --tag 1 --allow human-commits", "commits of others: --take-over."),
    ("history -5", "Did you mean --number 5?"),
    ("status -o yaml", "Did you mean --output text or --output json?"),
    ("status --force", "It is of no use here: leave it out."),
    ("pulls ls", "Did you mean promote pulls list?"),
    ("set-image x:1 -f kustomization.yaml", "Did you mean --file kustomization.yaml?"),
    ("set-image --image x:1", "without a flag: promote set-image 'x=*:1'"),
    ("--app shop --tag==1.5.0", "Did you mean 1.5.0?"),
    ("-app shop -tag 1.5.0", "Did you mean promote --app shop --tag 1.5.0"),
    ("shop from dev to prod", "Write promote --app shop --from dev --env prod"),
    ("shop: 1.5.0 to prod", "Write promote --app shop --tag 1.5.0 --env prod"),
    ("--app shop --env prod --cluster eu", "Leave it out: --env is given."),
    ("--app shop --soak 24h", "It is a key of an environment in promoter.yaml, as in soak: 24h"),
    ("--app shop --hold", "It is a command: promote hold --app shop --reason TEXT"),
    ("--app shop --fail-fast", "A failure of one app does not stop the others"),
    ("--app shop -- --tag 1.5.0", "Leave '--' out."),
    ("--app shop --tag <tag>", "It is a placeholder: give the tag itself."),
    ("--app shop --tag [tag]", "It is a placeholder: give the tag itself."),
    ("--app <app> --tag 1.5.0", "It is a placeholder: give the name itself."),
    ("--app shop --env {env} --tag 1.5.0", "It is a placeholder: give the name itself."),
    ("--app shop --tag :1.5.0", "Did you mean 1.5.0?"),
    ("--app shop rollback --reason x", "The command comes first: promote rollback --app shop"),
    ("--app shop --tag 1 --wait-image", "Did you mean --wait-for-image 5m?"),
    ("--app shop=1.5.0", "Did you mean --app shop --tag 1.5.0"),
    ("--app shop@1.5.0 --tag x", "Did you mean --app shop --tag 1.5.0"),
    ("--env=prod --app shop --cluster x", "Leave it out: --env is given."),
    ("status --dry-run", "It only reads: leave it out."),
    ("rollback --app shop --from dev", "to run what another runs: promote --app shop --from dev"),
    ("--app shop --path x/y", "It is a key of an environment in promoter.yaml, as in path: "),
    ("approve 3", "Reviews and comments are written on the forge."),
    ("statuss", "Did you mean promote status?"),
    ("Status", "Did you mean promote status?"),
    ("login", "The token is read from the variable GITHUB_TOKEN"),
    ("--app shop --allow-downgrade", "Did you mean --allow downgrade?"),
    ("--app shop --skip-soak", "Did you mean --allow soak?"),
    ("--app shop --from dev --to prod", "Did you mean --env prod?"),
    ("--app shop --no-verify", "No hooks of git are run before a commit: leave it out."),
    ("--app shop -f values.yaml", "leave it out. To try another: --dry-run --config FILE"),
    ("image set shop=1.5.0", "promote set-image 'shop=*:1.5.0'"),
    ("app rollback shop", "promote rollback --app shop --reason TEXT"),
    ("shop status", "Did you mean promote status --app shop"),
    ("--repo x app sync shop", "promote --app shop --repo x --tag TAG"),
    ("--repo x shop 1.5.0", "Write promote --app shop --tag 1.5.0 --repo x"),
    (
        "rollback shop 3",
        "Revisions have no numbers here. For the state before: promote rollback --app shop --reason",
    ),
    ("rollback shop 0", "for another: --to TAG, as listed by promote history --app shop"),
    ("revert 12", "Did you mean promote rollback --app APP --reason TEXT"),
    ("rollback --app shop --pr 12", "which one brought it says promote history --app shop"),
    ("rollback --app shop --no-hold", "to end that: promote unhold --app shop --reason TEXT"),
    ("rollback --app shop --hold", "It holds the app by itself: leave it out."),
    ("rollback --app shop --until 2026-12-01", "--until 2026-12-01T00:00:00Z --reason TEXT"),
    ("--app shop --pr", "It is opened by itself, unless promoter.yaml has deliver: push."),
    ("--app shop --wait", "To wait for the image: --wait-for-image 5m"),
    ("--apps shop,cart --tag 1.5.0", "Did you mean --app shop --app cart?"),
    ("--app shop --version 1.5.0", "Did you mean --tag 1.5.0?"),
    ("hold list", "What is held stands under 'blocked by': promote status"),
    ("history --app shop --since 7d", "It shows the newest 20 of all"),
    ("status -q", "It prints what is asked for: leave it out."),
    ("get pods", "What runs where: promote status"),
    ("pulls --merged", "All are listed, each with its state: leave it out."),
    ("set-image --write a=b:1", "It writes unless --dry-run is given: leave it out."),
    ("set-image --check a=b:1", "To see what would change: --dry-run"),
    ("set-image a=1.5.0", "To set the tag: 'a=*:1.5.0'."),
    (
        "rollback shop prod 1.4.0 --reason x",
        "Write promote rollback --app shop --env prod --to 1.4.0 --reason x",
    ),
    ("hold shop --until 24h", "Write promote hold --app shop --until 24h --reason TEXT"),
    ("unhold prod shop", "Write promote unhold --app shop --env prod --reason TEXT"),
    ("status shop cart", "Write promote status --app shop --app cart"),
    ("history shop 5", "Write promote history --app shop --number 5"),
    ("auto dev", "Write promote auto --env dev"),
    ("undo shop 2 --reason x", "Did you mean promote rollback --app shop --reason x"),
    ("rollout undo deployment/shop", "promote rollback --app shop --reason TEXT"),
    ("upgrade shop ./chart --set image.tag=1.5.0", "promote --app shop --tag 1.5.0"),
    ("automation", "Write promote --app automation --tag TAG"),
    ("pr create", "A promotion opens it: promote --app APP --tag TAG"),
    ("--app shop --set image.tag=1.5.0", "The tag is --tag 1.5.0; the file and the field"),
    ("--app shop --head x", "templates.branch in promoter.yaml"),
    ("--app shop --no-dry-run", "Without --dry-run it is off: leave it out."),
    ("--app shop --auto-merge", "as in deliver: auto-merge"),
    ("--app shop --squash", "merge-method: squash"),
    ("--app shop -n prod", "Did you mean --env prod?"),
    ("--app shop --tag 1 -n", "Did you mean --dry-run?"),
    ("--app shop --app-version 1", "Did you mean --tag 1?"),
    ("--app shop --app-colour 1", "It has --app, --together"),
    ("-V", "Did you mean promote --version?"),
    ("status --version", "Did you mean promote --version?"),
    (
        "--cosign-key x",
        "It is a key of an environment in promoter.yaml, as in checks: {signature: ",
    ),
    ("--github-app-id 12", "It is no flag, but the variable PROMOTER_GITHUB_APP_ID."),
    ("--now 2026-12-01", "A promotion is made now"),
    ("--app shop --undo", "Did you mean promote rollback --app shop --reason TEXT"),
    ("--app shop --history", "It is a command: promote history --app shop"),
    ("--context kind", "No cluster is asked: leave it out."),
    ("--author-name x", "author: Release Bot <bot@example.com>"),
    ("hold --app shop --tag 1.5.0 --reason x", "for a tag: promote --app shop --tag 1.5.0"),
    ("auto --app shop --tag 1.5.0", "for one tag: promote --app shop --tag 1.5.0"),
    ("--app shop --to 1.4.0", "promote rollback --app shop --to 1.4.0 --reason TEXT"),
    ("--repo-url https://u:s3cret@github.com/a/b", "Did you mean --repo?"),
    ("auth 1.5.0", "Write promote --app auth --tag 1.5.0"),
    ("images 1.5.0", "Write promote --app images --tag 1.5.0"),
    ("tag shop 1.5.0", "Write promote --app shop --tag 1.5.0"),
    (
        "rollback --app shop --revision 2",
        "Revisions have no numbers here. For the state before: promote rollback --app shop --reason",
    ),
    ("status --watch", "a schedule, or the program watch, repeats it"),
    (
        "--app shop --limit 5",
        "It is --number of promote history, as in promote history --app shop",
    ),
    ("rollback --app shop --image-tag 1.4.0 --reason x", "Did you mean --to 1.4.0?"),
    ("status --limit 5", "The last changes: promote history --number 5"),
    ("--dry-run client --tag 1.5.0", "Leave out 'client': --dry-run takes no value."),
    ("--image a=1 b=1", "Write --image before each: --image a=1 --image b=1"),
    ("rollback --reason two words", "Put the text in quotes: --reason 'two words'"),
    ("auto /x/y", "Write promote auto"),
    ("--app shop --tag 1.5.0 -", "Leave '-' out: --tag takes one value."),
    ("history --reverse", "One form is shown"),
    ("demo --dir x", "in a new or empty folder: promote demo DIR"),
    ("demo --force", "in a new or empty folder: promote demo DIR"),
    ("rollbck aurora", "Did you mean promote rollback --app aurora --reason TEXT?"),
    ("dry-run --app aurora", "Write promote --app aurora --tag TAG --dry-run"),
    ("undo --app aurora", "Did you mean promote rollback --app aurora --reason TEXT"),
    ("freeze --app aurora", "Did you mean promote hold --app aurora --reason TEXT"),
    ("resume", "Did you mean promote unhold --app APP --reason TEXT"),
    ("log shop -n 3", "Did you mean promote history --app shop --number 3"),
    ("list", "What runs where: promote status"),
    ("merge 1", "Write promote pulls merge 1"),
    ("set image x:1", "Did you mean promote set-image 'x=*:1'"),
    ("\u2014app aurora", "Type it anew: --app"),
    ("--app aurora \u2013tag 1.5.0", "Type it anew: --tag"),
    ("--app aurora prod --tag 1.5.0", "Write promote --app aurora --env prod --tag 1.5.0"),
    ("--app aurora tag 1.5.0", "Write promote --app aurora --tag 1.5.0"),
    ("--app aurora tag", "Write --tag with two '-'"),
    ("--app aurora beacon --tag 1.5.0", "Write --app before each: --app aurora --app beacon"),
    ("--app aurora --tag 1.5.0 --dry-run true", "Leave out 'true': --dry-run takes no value."),
    ("--app aurora --tag 1.5.0 --dry-run false", "Leave out --dry-run: it takes no value."),
    ("--app aurora --tag 1.5.0 --dry-run=client", "Write --dry-run alone."),
    ("--app aurora --tag 1.5.0 --check=no", "Leave --check out."),
    (
        "--app aurora --tag 1.5.0 --env dev prod",
        "Run promote once for each: --env takes one value.",
    ),
    ("--app aurora --from dev prod", "Write promote --app aurora --env prod --from dev"),
    ("hold --app aurora --reason order migration", "--reason 'order migration'"),
    ("status --env dev prod", "Write --env before each: --env dev --env prod"),
    ("--app aurora --tag 1.5.0 status", "The command comes first: promote status --app aurora"),
    ("--app aurora --tag -1.5.0", "Did you mean --tag 1.5.0?"),
    ("--app aurora --tag=-1.5.0", "Did you mean 1.5.0?"),
    ("--app aurora --tag 1.5.0+build.3", "Did you mean 1.5.0-build.3?"),
    ("--app aurora --tag ${{env.TAG}}", "in a workflow's file, and not in a script"),
    (f"--app aurora --image x@{'a' * 64}", f"Did you mean --image x@sha256:{'a' * 64}"),
    ("--app aurora --image x==", "Did you mean --image x=TAG"),
    ("--app aurora --image x==1.5.0", "Did you mean --image x=1.5.0"),
    ("--app aurora --image x-*=1.5.0", "For all images of the app: --tag 1.5.0"),
    ("--app aurora --wait-for-image", "Write it as in --wait-for-image 5m"),
    ("--app aurora --allow --tag 1.5.0", "Write it as in --allow downgrade"),
    ("-app aurora", "Did you mean --app?"),
    ("-a aurora -t 1.5.0", "Did you mean promote --app aurora --tag 1.5.0"),
    ("-a aurora", "Did you mean --app aurora?"),
    ("--App aurora", "Did you mean --app?"),
    ("--application aurora", "Did you mean --app aurora?"),
    ("--images x=1", "Did you mean --image x=1?"),
    ("--kustomize-image x=1", "Did you mean --image x=1?"),
    ("--namespace prod", "Did you mean --env prod?"),
    ("--repository x", "Did you mean --repo x?"),
    ("--branch main", "Did you mean --base main?"),
    ("--json", "Write --output json"),
    ("-o json", "Did you mean --output json?"),
    ("--token s3cret", "The token is read from the variable GITHUB_TOKEN"),
    ("--password s3cret", "docker login"),
    ("--create-pr", "It is opened by itself"),
    ("--draft", "It is a key of an environment in promoter.yaml, as in draft: true"),
    ("--reviewer alice", "as in reviewers: [alice"),
    ("--pin digest", "as in pin: both"),
    ("--frobnicate", "It has --app, --together, --group"),
    ("--steps 2", "promote rollback --app APP --steps 2 --reason TEXT"),
    ("--until 24h", "promote hold --app APP --until 24h --reason TEXT"),
    ("--shard 1/2", "It is a flag of promote auto, which takes all apps"),
    ("rollback --tag 1.5.0", "Did you mean --to 1.5.0?"),
    ("unhold --until 24h", "promote hold --app APP --until 24h --reason TEXT"),
    ("history --tag 1.5.0", "It shows all tags: leave it out."),
    ("status --dry-run", "It only reads: leave it out."),
    ("pulls --app aurora", "promote status --app aurora"),
    ("pulls 1", "Did you mean promote pulls list?"),
    ("pulls approve 1", "Reviews and comments are written on the forge."),
    ("pulls reopen 1", "A promotion opens it: promote --app APP --tag TAG"),
    ("pulls --web", "Open the address that is printed"),
    ("kubectl rollout history deployment/shop", "Did you mean promote history --app shop"),
    ("rollback undo deployment/shop", "Write promote rollback --app shop --reason TEXT"),
    ("rollback --app shop --to-revision=2", "as listed by promote history --app shop"),
    ("auto --limit 5", "It takes all: leave it out."),
    ("set-image --push", "It edits files of this folder"),
    ("set-image image x/shop:1.5", "Leave 'image' out."),
    ("edit set image shop=x/cart:1.5", "promote set-image shop=x/cart:1.5; for an app:"),
    ("app set shop --kustomize-image x/shop:1.5", "promote --app shop --image x/shop=1.5"),
    ("--app shop --kustomize-image x/shop:1.5", "Did you mean --image x/shop=1.5?"),
    ("gh pr list -L 5", "Did you mean promote pulls?"),
    ("kubectl rollout pause deployment/shop", "Did you mean promote hold --app shop"),
    ("kubectl rollout restart deployment/shop", "An image's tag alone is changed here."),
    ("rollout shop 1.5.0", "promote --app shop --tag 1.5.0"),
    ("shop dev staging prod", "promote --app shop --from dev --env staging"),
    ("dev prod", "Write promote --app APP --from dev --env prod"),
    ("shop dev prod 1.5.0", "Write promote --app shop --env prod --tag 1.5.0"),
    ("promote history", "Did you mean promote history?"),
    ("renovate", "What the policies choose: promote auto"),
    ("image update", "what the policies choose: promote auto"),
    ("--app shop/prod --tag 1.5.0", "Did you mean --app shop --env prod?"),
    ("--app shop --image 2.1.0", "Did you mean --tag 2.1.0? Of one image: --image NAME=2.1.0"),
    ("pulls close 1 2", "Name one pull request at a time."),
    ("demo a b", "It takes one folder: promote demo DIR"),
    ("status --all", "It shows all: leave it out."),
    ("status --group shop", "Name each app: --app A --app B"),
    ("hold --group shop --reason x", "Name each app: --app A --app B"),
    ("status --env prod,dev", "Write --env prod --env dev"),
    ("hold --app aurora --reason x --until 24", "Write 24h for hours, 24d for days"),
    ("hold --app aurora --reason x --until 1w", "Write 7d"),
    ("--app aurora --tag refs/tags/v1.5.0", "Did you mean --tag v1.5.0?"),
    ("--app aurora --tag feature/x", "Did you mean feature-x?"),
    ("--app aurora --tag image.tag=1.5.0", "Did you mean 1.5.0?"),
    ("--app aurora --tag ^1.5", 'policy: {semver: "^1.5"}'),
    ("--app ghcr.io/acme/aurora:1.5.0 --tag x", "Did you mean --app aurora --tag 1.5.0"),
    ("--app clusters/prod/apps/aurora --tag x", "Did you mean --app aurora"),
    ("--app shop* --tag x", "Name each: --app A --app B"),
    ("status --sort-by time", "For a program to choose from: --output json"),
    ("auto --once", "It runs once: leave it out."),
    ("--app * --tag x", "a group: --group GROUP; what the policies choose of all: promote auto"),
    ("--app aurora --image x@1.5.0", "Did you mean --image x=1.5.0"),
    (f"--app aurora --image x=sha256:{'a' * 64}", f"Did you mean --image x@sha256:{'a' * 64}"),
    ("--app aurora --image x=ghcr.io/y:1.5.0", "It is the tag that follows '=': --image x=1.5.0"),
    (f"--app aurora --tag sha256:{'a' * 64}", "A digest goes with its image"),
    (
        f"--app aurora --tag 1.5.0@sha256:{'a' * 64}",
        f"A digest goes with its image: --image NAME=1.5.0@sha256:{'a' * 64}",
    ),
    ("--app aurora --image https://x/y=1.5.0", "Did you mean --image x/y=1.5.0?"),
    ("set-image nginx 1.27.4", "Did you mean nginx:1.27.4"),
    ("set-image deployment/shop x/shop=*:1.5", "Leave 'deployment/shop' out: files of a folder"),
    ("--app shop --tag 1 --allow missing-image", "the rule missing-image cannot be allowed"),
    ("set-image nginx@1.27.4", "Did you mean nginx:1.27.4"),
    ("--app aurora --tag x --forge gitlab", "Pull requests are opened on GitHub alone"),
    (f"--app aurora --tag x --repo {_HUB}/tree/main", f"Write --repo {_HUB} --base main"),
    (f"--app aurora --tag x --repo {_HUB}/pulls", f"Write --repo {_HUB}"),
    ("--app aurora --tag x --repo git@github.com/a/b", "Did you mean git@github.com:a/b?"),
    ("--app aurora --tag x --repo gh:a/b", "Did you mean --repo https://github.com/a/b?"),
    (
        "--app aurora --tag x --repo https://api.github.com/repos/a/b",
        "Did you mean --repo https://github.com/a/b?",
    ),
    ("--app aurora --tag x --repo ssh://github.com:a/b", "Did you mean git@github.com:a/b?"),
    ("--app aurora --tag x --allow signature", "checks.signature: warn lets it pass"),
    ("--app aurora --tag x --repo git://github.com/a/b", "Did you mean https://github.com/a/b?"),
    ("--app aurora --tag x --repo htps://github.com/a/b", "Did you mean https://github.com/a/b?"),
    ("demo --repo x", "promote demo DIR"),
    (
        "--app aurora --tag x --repo https://github.com/acme",
        "Write it as in --repo https://github.com/acme/gitops",
    ),
    ("set-image --app aurora --tag 1.5.0", "for an app: promote --app aurora --tag 1.5.0"),
    ("--version 1.5.0", "Did you mean --tag 1.5.0?"),
)


@pytest.mark.parametrize(("line", "hint"), _WORDS_AND_FLAGS)
def test_word_or_flag_of_another_command_or_tool_is_told_with_what_to_write(
    line: str, hint: str, tmp_path: Path
) -> None:
    words = line.split(" ")
    parsed = None if "--repo" in words else _parsed(words)
    run = parsed or promote(*words, cwd=tmp_path)
    assert_told(run, 2, (hint,))
    assert "s3cret" not in run.stderr


_QUESTIONS = ("history", "status", "list", "view", "get", "describe", "show", "log")


@pytest.mark.parametrize(
    "line",
    [
        *(
            line.format(word)
            for word in _QUESTIONS
            for line in ("{} shop", "rollout {} shop", "app {} shop", "kubectl {} deployment/shop")
        ),
        *(f"{one} {word}" for one in ("rollback", "hold", "unhold", "auto") for word in _QUESTIONS),
        *(f"pulls {word} 5" for word in ("5", "view", "show", "get")),
        *(f"{one} -L 5" for one in ("pulls", "status", "auto")),
        *(f"{one} --revision 3" for one in ("pulls", "status", "history")),
    ],
)
def test_question_is_never_answered_by_a_command_that_writes(line: str) -> None:
    with pytest.raises(UsageError) as caught:
        _parse(line.split())
    named = {words[0] for words in _commands(f"  {caught.value.hint}")}
    assert named <= {"history", "status", "pulls", "auto"}, caught.value.hint
    assert not re.search("merge|close", caught.value.hint)
    assert "PROMOTER_" not in caught.value.hint


def _parsed(words: list[str]) -> Run | None:
    """Return what the parser alone says of a line; None of one that it takes."""
    try:
        _parse(words)
    except UsageError as error:
        hint = error.hint.replace("\n", "\n  ")
        return Run(2, "", f"promote: error: {error.message}\n  {hint}\n")
    return None


def _parse(words: list[str]) -> None:
    name, rest = main._choose(words)
    _parser(name).parse_args(rest)


@cache
def _parser(name: str) -> Parser:
    return COMMANDS[name].parser(name)


_VOCABULARY = (
    *COMMANDS, *OPTIONS, *(f"--{one}" for one in (*OPTIONS, *FLAGS)), *OTHER_COMMANDS, *TOOLS,
    *(f"--{one}" for names in OTHER_NAMES.values() for one in names.split()),
    *("shop", "1.5.0", "prod", "5", "shop=1.5.0", "ghcr.io/acme/shop:1.5.0", "x y", "", "-", "-n", "-x"),
    *("--", "--=", "=", "{promote}", "deployment/shop", "--set=image.tag=1", "'", "HEAD~1", "0"),
    *("2026-12-01", "app=shop", "merge", "list"),
)  # fmt: skip


@given(st.lists(st.sampled_from(_VOCABULARY), min_size=1, max_size=6))
def test_any_words_are_answered_by_a_hint_whose_commands_are_right(words: list[str]) -> None:
    _check_hint(words)


def test_each_word_of_another_tool_is_answered_by_a_hint_whose_commands_are_right() -> None:
    flags = [["--app", "shop", f"--{name}", *value] for name in FLAGS for value in ((), ("5",))]
    for name in OF_OTHER_COMMANDS:
        command, _, flag = name.partition(" ")
        flags += [[command, "merge", "1", f"--{flag}", *one] for one in ((), ("5",)) if flag]
    words = [[*name.split(), *rest] for name in OTHER_COMMANDS for rest in ((), ("shop", "2"))]
    words += [[name, word] for name in COMMANDS for word in COMMANDS if name != "demo"]
    for line in (*flags, *words):
        _check_hint(line)


def _check_hint(words: list[str]) -> None:
    """Hold the hint about some words to what happens when its command lines are copied."""
    try:
        _parse(words)
    except SystemExit:  # --help and --version
        return
    except UsageError as error:
        assert re.match("[A-Z]|promote ", error.hint), error.hint
        for command, *arguments in _commands(f"  {error.hint}"):
            name = command if command in COMMANDS else "promote"
            parsed = _parser(name).parse_args(
                arguments if name == command else [command, *arguments]
            )
            _check_asked(name, parsed, words, error.hint)
        meant = re.fullmatch(r"Did you mean (--[^?]+)\?", error.hint)
        name = words[0] if words[0] in COMMANDS else "promote"
        if meant and " " in meant[1] and " or " not in meant[1]:
            _check_asked(name, _parser(name).parse_args(shlex.split(meant[1])), words, meant[0])


def _check_asked(name: str, parsed: Namespace, words: list[str], hint: str) -> None:
    """Hold a command line to its values: no verb or flag is an app, and a time has its hour."""
    given = {key: value for key, value in vars(parsed).items() if value}
    names = [
        *given.get("app", ()),
        *([given["env"]] if isinstance(given.get("env"), str) else given.get("env", ())),
    ]
    bare = {one for before, one in pairwise(["", *words]) if not before.startswith("-")}
    verbs = bare & {*COMMANDS, *TOOLS, "merge", "close", "list"}
    assert not {*names} & verbs, f"{words}: {hint}"
    assert not any(one.startswith("-") for one in names), f"{words}: {hint}"
    assert all(given.get(one, "1").isdecimal() for one in ("steps", "number") if name != "pulls"), (
        hint
    )
    assert given.get("steps") != "0", f"{words}: {hint}"
    assert not {"to", "steps"} <= given.keys(), f"{words}: {hint}"
    assert "~" not in given.get("to", "") + given.get("tag", ""), f"{words}: {hint}"
    assert not re.fullmatch("[0-9-]{10}", given.get("until", "")), f"{words}: {hint}"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PROMOTER_APP", "aurora,beacon", "PROMOTER_APP takes one name a line."),
        ("PROMOTER_IMAGE", "a=1,b=2", "PROMOTER_IMAGE takes one image a line."),
        ("PROMOTER_IMAGE", "a,b", "PROMOTER_IMAGE takes one image a line."),
        ("PROMOTER_ALLOW", "soak,freeze", "PROMOTER_ALLOW takes one rule a line."),
        ("PROMOTER_TAG", "1,2", "PROMOTER_TAG: tag '1,2' holds ','"),
        ("PROMOTER_DRY_RUN", "nein", "not 'nein'\n  Write PROMOTER_DRY_RUN=false"),
        ("PROMOTER_DRY_RUN", "2", "Write PROMOTER_DRY_RUN=true, or PROMOTER_DRY_RUN=false"),
        ("PROMOTER_RENDER_ALLOW", "all", "must be 'network', 'helm' or 'exec', not 'all'"),
        ("PROMOTER_IMAGE_TAG", "1", "Did you mean PROMOTER_TAG?"),
        ("PROMOTER_BRANCH", "x", "Did you mean PROMOTER_BASE?"),
        ("PROMOTER_FROBNICATE", "x", "Unset it: nothing reads it."),
        ("PROMOTER_COLOR", "never", "Set NO_COLOR=1"),
        ("PROMOTE_DRY_RUN", "1", "Did you mean PROMOTER_DRY_RUN?"),
        ("PROMOTOR_ENV", "dev", "Did you mean PROMOTER_ENV?"),
        ("PROMPTER_DRY_RUN", "1", "Did you mean PROMOTER_DRY_RUN?"),
        ("Promoters_DryRun", "1", "Did you mean PROMOTER_DRY_RUN?"),
        ("PROMOTER_CHECK", "on", "Write PROMOTER_CHECK=true"),
        ("PROMOTER_NOW", "tomorrow", "Write it as in 2026-12-01T08:00:00Z"),
        ("PROMOTER_NOW", "2026-12-01", "Write 2026-12-01T00:00:00Z, for UTC"),
        ("PROMOTER_TIMEOUT", "5 min", "Did you mean PROMOTER_TIMEOUT=5m?"),
        ("PROMOTER_RENDER_ALLOW", "network,helm", "PROMOTER_RENDER_ALLOW takes one a line."),
        ("PROMOTER_OUTPUT", "yaml", "must be text or json, or markdown for status"),
    ],
)
def test_variable_that_is_malformed_is_told_with_what_to_write(
    name: str, value: str, said: str, tmp_path: Path
) -> None:
    given = {"PROMOTER_APP": "aurora", "PROMOTER_TAG": "1"} | {name: value}
    if name == "PROMOTER_IMAGE":
        del given["PROMOTER_TAG"]
    assert_told(promote(env=given, cwd=tmp_path), 2, (said,))


def test_variable_of_a_script_that_is_given_to_a_flag_is_no_mistake(company: Company) -> None:
    assert company.run(*_ASK, "--dry-run", PROMOTE_TAG="1.5.0", PROMOTE_APP="orders").code == 0
    run = company.run(*_ASK, PROMOTE_DRY_RUN="1")
    assert_told(run, 2, ("no variable PROMOTE_DRY_RUN", "Did you mean PROMOTER_DRY_RUN?"))


def test_path_in_the_place_of_a_private_key_is_told(tmp_path: Path) -> None:
    given = _APP | {"PROMOTER_GITHUB_APP_PRIVATE_KEY": "/etc/keys/app.pem"}
    run = promote(*_ASK, "--repo", _HUB, env=given, cwd=tmp_path)
    assert_told(run, 2, ("PROMOTER_GITHUB_APP_PRIVATE_KEY holds a path", "PRIVATE_KEY_FILE to it."))


def test_sections_that_are_lists_are_told_with_their_own_entries(company: Company) -> None:
    environments = "environments: {prod: {path: 'apps/{app}/overlays/prod'}}\n"
    company.repo.commit("main", "promoter.yaml", f"{environments}apps: [orders, billing]\n")
    assert_told(company.run(*_ASK), 2, ("Write apps: {orders: {}, billing: {}}",))
    company.repo.commit("main", "promoter.yaml", "environments: [{name: prod, path: clusters}]\n")
    assert_told(company.run(*_ASK), 2, ("Write environments: {prod: {path: clusters}}",))


def test_wait_of_a_bare_number_is_warned_of(company: Company) -> None:
    said = company.run(*_ASK, "--dry-run", "--wait-for-image", "5").stderr
    assert "--wait-for-image: 5 has no unit and counts as seconds: write 5s, or 5m" in said


def test_empty_file_that_is_tried_is_warned_of(company: Company) -> None:
    (company.folder / "mine.yaml").write_text("# nothing\n")
    said = company.run(*_ASK, "--dry-run", "--config", "mine.yaml").stderr
    assert "mine.yaml is empty, and counts as if it were not there" in said


def test_value_of_the_configuration_that_is_doubtful_is_warned_of(company: Company) -> None:
    gates = "    promotes-from: dev\n    soak: 24\n    max-age: 30d\n    tags: 'v*'\n"
    company.configure((_PATH_OF_PROD, f"{_PATH_OF_PROD}{gates}"))
    said = company.run(*_ASK, "--dry-run").stderr
    soak = "10:5: environments.prod.soak: 24 has no unit and is 24 seconds: write 24h for hours"
    tags = "12:5: environments.prod.tags: 'v*' is a regular expression, and matches every tag"
    for one in (soak, f"{tags}: write '^v'"):
        assert f"promote: warning: promoter.yaml:{one}" in said
    assert "prod.max-age" not in said


def test_configuration_that_is_tried_is_warned_of_as_well(company: Company) -> None:
    text = f"{_PATH_OF_PROD}    max-age: 30\n"
    tried = company.folder / "promoter.yaml"
    tried.write_text(company.configuration.replace(_PATH_OF_PROD, text))
    said = company.run(*_ASK, "--dry-run", "--config", str(tried)).stderr
    assert "promoter.yaml:9:5: environments.prod.max-age: 30 has no unit and is 30 seconds" in said


def test_app_without_a_folder_is_told_where_it_is_listed(company: Company) -> None:
    company.configure(("apps:\n", "apps:\n  cobalt: {}\n"))
    said = "promoter.yaml:10:3: apps.cobalt: there is no folder apps/cobalt/overlays/prod"
    assert_told(company.run("--app", "cobalt", "--tag", "1"), 4, (said, "remove cobalt from apps"))


def test_file_of_a_target_that_is_not_there_is_told_at_the_target(company: Company) -> None:
    target = "    targets: [{kind: yaml-path, file: values.yaml, tag: image.tag}]\n"
    company.configure((_PATH_OF_PROD, f"{_PATH_OF_PROD}{target}"))
    said = ("promoter.yaml:9:15: there is no file apps/orders/overlays/prod/values.yaml", "Known: ")
    assert_told(company.run(*_ASK), 4, said)


def test_pull_request_that_is_closed_already_is_said_to_be(company: Company) -> None:
    assert company.run(*_ASK).code == 0
    assert company.run("pulls", "close", "1").stdout.startswith("closed pull request 1: ")
    again = company.run("pulls", "close", "1")
    assert (again.code, again.stdout.splitlines()[0]) == (
        0, "nothing to do: pull request 1 is closed already",
    )  # fmt: skip
    assert_told(company.run("pulls", "merge", "1"), 3, ("pull request 1 is closed already",))
    assert_told(company.run("pulls", "merge", "9"), 4, ("no pull request 9", "The only one is 1."))


@pytest.mark.parametrize(
    ("words", "usage"),
    [
        (["help"], "usage: promote --app APP"),
        (
            ["help", "rollback"],
            "usage: promote rollback --app APP [--env ENV] --reason TEXT [options]",
        ),
        (["demo", "help"], "usage: promote demo [DIR] [options]"),
    ],
)
def test_help_is_a_command_too(words: list[str], usage: str) -> None:
    run = promote(*words)
    assert run.code == 0
    assert run.stdout.startswith(usage)


def assert_told(run: Run, code: int, said: tuple[str, ...]) -> None:
    """Hold a run to its exit code, to what it must say, and to a way out that works when copied."""
    assert run.code == code, run.stderr
    for one in said:
        assert one in run.stderr, run.stderr
    assert re.search(r"^promote: (error|refused): ", run.stderr, re.MULTILINE)
    assert re.search(r"^  [A-Z]", run.stderr, re.MULTILINE), run.stderr
    for command in _commands(run.stderr):
        name, *rest = command if command[0] in COMMANDS else ["promote", *command]
        try:
            COMMANDS[name].parser(name).parse_args(rest)
        except UsageError as error:
            pytest.fail(f"promote {shlex.join(command)} is told, and is an error: {error}")


def _commands(text: str) -> list[list[str]]:
    """Return the commands that hints show, each as its words."""
    hints = "\n".join(line for line in text.splitlines() if line.startswith("  "))
    verbs = "|".join(WORDS)
    found = re.findall(rf"\bpromote ((?:--[a-z]|(?:{verbs})\b)[^;?,\n]*)", hints)
    lines = (one.partition(" or promote ")[0].removesuffix(".").strip() for one in found)
    return [shlex.split(one) for one in lines if not re.search("--(help|version)", one)]


_WHERE = {
    "no repository": Mistake(
        _ASK, 2, ("no --repo is given, and this folder is in no git repository", "--repo URL")
    ),
    "owner and name": Mistake(
        (*_ASK, "--repo", "acme/gitops"), 2,
        ("no folder 'acme/gitops'", f"Did you mean {_HUB}?"),
    ),
    "folder that is not there": Mistake(
        (*_ASK, "--repo", "./nowhere"), 2, ("no folder 'nowhere'", "Give a URL, or the path")
    ),
    "address without scheme": Mistake(
        (*_ASK, "--repo", "github.com/acme/gitops"), 2,
        ("no folder 'github.com/acme/gitops'", f"Did you mean {_HUB}?"),
    ),
    "plain http": Mistake(
        (*_ASK, "--repo", "http://git.example.com/acme/gitops"), 2,
        ("unencrypted", "Write https://git.example.com/acme/gitops"),
    ),
    "folder of set-image misspelt": Mistake(
        ("set-image", "web=1:2", "--dir", "nowhere/at/all"), 4, ("no folder", "See what")
    ),
    "other forge without a token": Mistake(
        (*_ASK, "--repo", "https://gitlab.com/acme/gitops"), 2,
        ("no token for gitlab.com", "Pull requests are opened on GitHub alone"),
    ),
    "no token": Mistake(
        (*_ASK, "--repo", _HUB), 2, ("no token for github.com", "Set GITHUB_TOKEN", "contents: write")
    ),
    "App id that is none": Mistake(
        (*_ASK, "--repo", _HUB), 2,
        ("PROMOTER_GITHUB_APP_ID is not an App id", "the number that GitHub shows"),
        _APP | {"PROMOTER_GITHUB_APP_ID": "no id"},
    ),
    "App key that is none": Mistake(
        (*_ASK, "--repo", _HUB), 2, ("the private key of App 12", "Give the whole .pem file"), _APP
    ),
    "half an App": Mistake(
        (*_ASK, "--repo", _HUB), 2,
        ("incomplete GitHub App credentials: PROMOTER_GITHUB_APP_PRIVATE_KEY is missing", "both"),
        {"PROMOTER_GITHUB_APP_ID": "12"},
    ),
    "folder without kustomization": Mistake(
        ("set-image", "web=1:2"), 4, ("holds no kustomization.yaml", "name it with --dir")
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", _WHERE)
def test_mistake_about_where_is_told_with_what_to_do(tmp_path: Path, name: str) -> None:
    mistake = _WHERE[name]
    run = promote(*mistake.arguments, env=mistake.variables, cwd=tmp_path)
    assert_told(run, mistake.code, mistake.said)


@pytest.mark.parametrize(
    "flags",
    [
        ("--app", "a", "--tag", "1", "--repo", "{}"),
        ("--app", "a", "--tag", "1", "--repo", "host:{}"),
        ("set-image", "web:1", "--dir", "{}"),
        ("set-image", "web:1", "--file", "{}"),
    ],
)
def test_path_that_is_longer_than_paths_may_be_is_a_mistake(
    flags: tuple[str, ...], tmp_path: Path
) -> None:
    run = promote(*(one.format("x" * 5_000) for one in flags), cwd=tmp_path)
    assert_told(run, 2, ("file name too long", "Check the path"))


def test_folder_within_a_clone_is_told_with_the_clone(company: Company, tmp_path: Path) -> None:
    clone = clone_of(company, tmp_path)
    run = promote(*_ASK, "--repo", str(clone / "apps"))
    assert_told(run, 2, ("is not a git repository", f"give --repo {clone}"))
    run = promote(*_ASK, "--repo", str(clone / "promoter.yaml"))
    assert_told(run, 2, ("is not a git repository", f"It is within a clone: give --repo {clone}"))


def test_clone_whose_remote_has_another_name_is_told_with_it(
    company: Company, tmp_path: Path
) -> None:
    clone = clone_of(company, tmp_path)
    subprocess.run(["git", "remote", "rename", "origin", "upstream"], cwd=clone, check=True)
    said = ("has no remote 'origin'", '--repo "$(git remote get-url upstream)"')
    assert_told(promote(*_ASK, cwd=clone), 2, said)


def test_tag_whose_variable_is_empty_is_told_so(company: Company) -> None:
    run = company.run("--app", "orders", PROMOTER_TAG="")
    assert_told(run, 2, ("no tag is given: PROMOTER_TAG is set, but empty",))


_PATH_OF_PROD = "    path: apps/{app}/overlays/prod\n"
_STAGING = "    path: apps/{app}/overlays/staging\n"
_PUSH = "    deliver: push\n"
_IN_THE_CONFIGURATION = {
    "missing key": (
        (_STAGING, "    pin: tag\n"), 2,
        ("promoter.yaml:5:3: environments.staging.path: is missing", "Write it as in path: "),
    ),
    "misspelt key": (
        ("environments:", "enviroments:"), 2,
        ("promoter.yaml:1:1: unknown key enviroments", "Did you mean environments?"),
    ),
    "tab": (
        (_PUSH, "\tdeliver: push\n"), 2, ("promoter.yaml:4:1: ", "a tab indents", "with spaces")
    ),
    "several at a time": (
        (_PUSH, "    deliver: pushh\n    lables: [x]\n    pin: maybe\n"), 2,
        (
            "promoter.yaml:5:5: unknown key environments.dev.lables", "Did you mean labels?",
            "promoter.yaml:4:5: environments.dev.deliver: must be 'push'",
            "promoter.yaml:6:5: environments.dev.pin: must be 'tag'",
        ),
    ),
    "folder misspelt": (
        ("apps/{app}/overlays/prod", "app/{app}/overlays/prod"), 4,
        (
            "promoter.yaml:8:5: environments.prod.path: there is no folder app/orders/overlays/prod",
            "Did you mean apps?",
        ),
    ),
    "impossible date": (
        (_PUSH, "    deliver: push\n    labels: [2026-13-01]\n"), 2,
        ("promoter.yaml:5:14: is not valid YAML: month must be in 1..12", "in quotes"),
    ),
    "tag in the list of images": (
        ("images: [", "images: ['ghcr.io/acme/x:1.5.0', "), 2,
        ("promoter.yaml:11:", "holds a tag", "Write the name alone: ghcr.io/acme/x"),
    ),
    "template without quotes": (
        ("apps/{app}/overlays/prod", "{app}"), 2,
        ("promoter.yaml:8:5: environments.prod.path: must be text", "without quotes as a mapping"),
    ),
    "path without quotes": (
        ("apps/{app}/overlays/prod", "{app}/overlays/prod"), 2, ("not valid YAML", "in quotes")
    ),
    "freeze as a switch": (
        (_PUSH, "    deliver: push\n    freeze: true\n"), 2,
        ("freeze: must be a list", "freeze: [{weekly:"),
    ),
    "hour that there is not": (
        (_PUSH, '    deliver: push\n    freeze: [{cron: "0 25 * * 1", duration: 1h}]\n'), 2,
        ("is not a cron expression: its hour must be 0 to 23", "promoter.yaml:5:"),
    ),
    "policy as a text": (
        (_PUSH, "    deliver: push\n    policy: ^1.4\n"), 2,
        ("policy: must be a mapping", 'policy: {semver: "^1.4"}'),
    ),
    "file as the folder": (
        ("apps/{app}/overlays/prod", "apps/{app}/overlays/prod/kustomization.yaml"), 2,
        ("must be the folder, and not its kustomization.yaml", "Write apps/{app}/overlays/prod"),
    ),
    "team as code owners write it": (
        (_PUSH, '    deliver: push\n    reviewers: ["@acme/platform"]\n'), 2,
        ("promoter.yaml:5:17: environments.dev.reviewers.0: ", "team:platform"),
    ),
    "group as a list": (
        ("apps:\n", "groups: {shop: [orders, billing]}\napps:\n"), 2,
        ("groups.shop: must be a mapping", "Write shop: {apps: [orders, billing]}"),
    ),
    "value misspelt": (
        (_PUSH, "    deliver: psuh\n"), 2, ("deliver: must be 'push'", "Did you mean push?")
    ),
    "folder of another environment": (
        ("apps/{app}/overlays/prod", "apps/{app}/overlays/dev"), 2,
        (
            "promoter.yaml:8:5: environments.prod.path: apps/{app}/overlays/dev is the folder of dev, "
            "too (line 3)",
            "Write apps/{app}/overlays/prod",
        ),
    ),
    "one value as a list": (
        (_PUSH, "    deliver: [push]\n"), 2,
        ("promoter.yaml:4:5: environments.dev.deliver: must be", "not a list", "Write deliver: push"),
    ),
    "list as a text": (
        (_PUSH, f"{_PUSH}    allow: downgrade, soak\n"), 2,
        ("environments.dev.allow: must be a list", "Write allow: [downgrade, soak]"),
    ),
    "duration of words": (
        (_PUSH, f"{_PUSH}    max-age: 2 weeks\n"), 2,
        ("max-age: '2 weeks' is not a duration", "Did you mean 14d?"),
    ),
    "dates in words": (
        (_PUSH, f"{_PUSH}    freeze: [{{dates: 2026-12-20 to 2027-01-02}}]\n"), 2,
        ("is not a date", "Did you mean '2026-12-20 - 2027-01-02'?"),
    ),
    "no rule": ((_PUSH, f"{_PUSH}    allow: none\n"), 2, ("Write allow: []",)),
    "nobody": (
        (_PUSH, f"{_PUSH}    freeze: false\n"), 2, ("freeze: must be a list", "Write freeze: []")
    ),
    "team as a mapping": (
        (_PUSH, f"{_PUSH}    reviewers: [team: platform]\n"), 2, ("Write team:platform",)
    ),
    "dates of another form": (
        (_PUSH, f'{_PUSH}    freeze: [{{dates: "2026/12/24"}}]\n'), 2,
        ("is not a date", "Write '2026-12-24', '2026"),
    ),
    "time zone as an offset": (
        (_PUSH, f"{_PUSH}    freeze: [{{weekly: Sat - Sun, timezone: UTC+2}}]\n"), 2,
        ("'UTC+2' is not a time zone", "Europe/Berlin, or write Etc/GMT-2"),
    ),
    "time zone with half an hour": (
        (_PUSH, f"{_PUSH}    freeze: [{{weekly: Sat - Sun, timezone: UTC+5:30}}]\n"), 2,
        ("is not a time zone", "Name a city: Europe/Berlin"),
    ),
    "check that is required": (
        (_PUSH, f"{_PUSH}    checks: {{exists: required}}\n"), 2, ("Did you mean refuse?",)
    ),
    "check that allows": (
        (_PUSH, f"{_PUSH}    checks: {{mutable: allow}}\n"), 2, ("Did you mean off?",)
    ),
    "image as an app's repository": (
        ("  orders:\n", "  shop: {repository: ghcr.io/acme/shop}\n  orders:\n"), 2,
        ("unknown key apps.shop.repository", "Did you mean images?"),
    ),
    "other forge": (
        ("apps:\n", "forge: gitlab\napps:\n"), 2, ("Pull requests are opened on GitHub alone",)
    ),
    "age of Renovate": (
        (_PUSH, f"{_PUSH}    minimumReleaseAge: 3 days\n"), 2, ("Did you mean soak?",)
    ),
    "windows of Argo CD": (
        (_PUSH, f"{_PUSH}    syncWindows: []\n"), 2, ("Did you mean freeze?",)
    ),
    "tags to ignore": (
        (_PUSH, f"{_PUSH}    ignoreTags: [latest]\n"), 2, ('policy: {semver: "*", exclude: ',)
    ),
    "strategy of the updater": (
        (_PUSH, f"{_PUSH}    policy: {{update-strategy: semver}}\n"), 2,
        ("Write it as in policy: {semver",),
    ),
    "login of a registry": (
        ("apps:\n", "registries: {ghcr.io: x}\napps:\n"), 2, ("that of docker login",)
    ),
    "message of a commit": (
        ("apps:\n", "templates: {message: x}\napps:\n"), 2, ("Did you mean commit?",)
    ),
    "week's end": (
        (_PUSH, f"{_PUSH}    freeze: [{{weekly: weekends}}]\n"), 2,
        ("is not a part of a week", "Did you mean 'Sat - Sun'?"),
    ),
    "number in words": (
        (_PUSH, f"{_PUSH}    policy: {{newest: ten}}\n"), 2,
        ("policy.newest: must be a whole number", "policy: {newest: 10}"),
    ),
    "path that another environment has": (
        (_STAGING, "    pin: tag\n"), 2, ('Write it as in path: "apps/{app}/overlays/staging"',)
    ),
    "render as a switch": (
        (_PUSH, f"{_PUSH}    render: true\n"), 2, ("'warn' or 'strict', not 'true'",)
    ),
    "none as the number": (
        (_PUSH, f"{_PUSH}    policy: {{newest: 0}}\n"), 2,
        ("newest: must be 1 or more", "policy: {newest: 10}"),
    ),
    "mapping for a text": (
        (_PUSH, f"{_PUSH}    policy: {{semver: {{range: ^1.4}}}}\n"), 2,
        ("must be text, not a mapping", "Write semver: ^1.4"),
    ),
    "address of a person": (
        (_PUSH, f"{_PUSH}    reviewers: [bob@example.com]\n"), 2,
        ("is an e-mail address", "Write the name of the user, or team:NAME"),
    ),
    "rule that nobody overrides": (
        (_PUSH, f"{_PUSH}    allow: [signature]\n"), 2, ("It cannot be overridden: set checks.signature: warn",)
    ),
    "all rules": (
        (_PUSH, f"{_PUSH}    allow: [all]\n"), 2, ("Leave allow out: then every rule",)
    ),
    "signer without an issuer": (
        (_PUSH, f"{_PUSH}    checks: {{signature: refuse, cosign-identity: x}}\n"), 2,
        ("cosign-identity needs cosign-issuer", "as in cosign-issuer: https://token."),
    ),
    "variable of a shell": (
        ("apps/{app}/overlays/prod", "${CLUSTER}/{app}"), 2,
        ("holds ${CLUSTER}, and variables are not filled in here", "Write the folder"),
    ),
    "folders of Windows": (
        ("apps/{app}/overlays/prod", "apps\\{app}\\overlays\\prod"), 2,
        ("folders are parted by '/'", "Write apps/{app}/overlays/prod"),
    ),
    "flag as a key": (("apps:\n", "timeout: 5m\napps:\n"), 2, ("It is a flag: --timeout 5m",)),
    "secret in the file": (
        ("apps:\n", "token: s3cret\napps:\n"), 2, ("no secret belongs in this file", "revoked")
    ),
    "app at the top": (
        ("apps:\n", "shop: {}\napps:\n"), 2, ("Indent it: shop stands below apps:",)
    ),
    "environment at the top": (
        ("apps:\n", "qa: {path: x}\napps:\n"), 2, ("Indent it: qa stands below environments:",)
    ),
    "one app as a list": (
        ("  orders:\n", "  - name: orders\n"), 2, ("Begin all lines of this level with '- '",)
    ),
    "rules as a text": (
        (_PUSH, f"{_PUSH}    allow: all\n"), 2, ("Leave allow out: then every rule",)
    ),
    "machine's own name": (
        (_PUSH, f"{_PUSH}    checks: {{platforms: [linux/x86_64]}}\n"), 2,
        ("'linux/x86_64' is not a platform", "Did you mean linux/amd64?"),
    ),
    "target that is named": (
        ("  orders:\n", "  shop:\n    targets: [{name: x}]\n  orders:\n"), 2,
        ("apps.shop.targets.0: must name its kind", "Write it as in targets: [{kind: "),
    ),
    "environment before that is no name": (
        (_PUSH, f"{_PUSH}    promotes-from: a b\n"), 2, ("Write it as in promotes-from: dev",)
    ),
    "images with their tags": (
        ("  orders:\n", "  shop:\n    images: {ghcr.io/acme/shop: 1.4.0}\n  orders:\n"), 2,
        ("apps.shop.images: must be a list", "Write images: [ghcr.io/acme/shop]"),
    ),
    "range of the latest": (
        (_PUSH, f"{_PUSH}    policy: {{semver: latest}}\n"), 2,
        ("is not a range of versions at 'latest'", "A tag that moves is digest: latest"),
    ),
    "target without its keys": (
        ("  orders:\n", "  shop:\n    targets: {kind: yaml-path}\n  orders:\n"), 2,
        ("apps.shop.targets: must be a list", "tag: image.tag}]"),
    ),
    "machine alone": (
        (_PUSH, f"{_PUSH}    checks: {{platforms: [aarch64]}}\n"), 2,
        ("Did you mean linux/arm64?",),
    ),
    "platform with a dash": (
        (_PUSH, f"{_PUSH}    checks: {{platforms: [linux-AMD64]}}\n"), 2,
        ("Did you mean linux/amd64?",),
    ),
    "app with a slash": (("  orders:\n", "  shop/orders:\n"), 2, ("Write shop-orders",)),
    "keys beside an environment": (
        ("environments:\n", "environments:\n  qa:\n  path: x\n"), 2,
        ("Indent what belongs to it: qa: {path: ...}",),
    ),
    "kind of a policy": (
        (_PUSH, f"{_PUSH}    policy: {{strategy: semver}}\n"), 2,
        ("unknown key environments.dev.policy.strategy", "Write it as in policy: {semver"),
    ),
    "list among keys": (
        ("  billing:\n", "  - cart\n  billing:\n"), 2, ("and no list: write cart: {}",)
    ),
    "environment with a blank": (
        ("environments:\n", "environments:\n  Prod env: {path: x}\n"), 2, ("Write prod-env",)
    ),
    "path beside its environment": (
        ("environments:\n", "environments:\n  path: x\n"), 2,
        ("Indent it: path belongs to an environment",),
    ),
    "path without a blank": (
        ("environments:\n", "environments:\n  qa: path:x/y\n"), 2,
        ("Write a blank after the ':': path: x/y",),
    ),
    "unknown default": (
        ("apps:\n", "default-environment: production\napps:\n"), 2,
        ("promoter.yaml:9:1: ", "no environment 'production'", "Did you mean prod?"),
    ),
}  # fmt: skip


# What is said of values and keys by themselves is tested with the configuration.
@pytest.mark.parametrize("name", _IN_THE_CONFIGURATION)
def test_mistake_in_the_configuration_is_told_at_its_place(
    request: pytest.FixtureRequest, name: str
) -> None:
    change, code, said = _IN_THE_CONFIGURATION[name]
    text = _CONFIGURATION.format(**{one: f"ghcr.io/acme/{one}" for one in _SERVICES})
    assert change[0] in text
    try:
        config.parse(text.replace(*change, 1).encode(), "promoter.yaml")
    except UsageError as error:
        run = Run(error.exit, "", complaints_text(of_failure(error).complaints))
    else:
        # The file alone does not show it.
        company: Company = request.getfixturevalue("company")
        company.configure(change)
        run = company.run(*_ASK)
    assert_told(run, code, said)


def test_keys_that_cannot_count_in_the_repositorys_own_file_are_warned_of(company: Company) -> None:
    company.configure(("apps:\n", "base: release\nrepository: https://github.com/a/g\napps:\n"))
    said = company.run(*_ASK, "--dry-run").stderr
    assert "promoter.yaml:9:1: base has no effect here" in said
    assert "give --base 'release'" in said
    assert "promoter.yaml:10:1: repository has no effect here" in said


def test_keys_that_do_nothing_with_the_environments_delivery_are_warned_of(
    company: Company,
) -> None:
    company.configure(
        (_PUSH, f"{_PUSH}    reviewers: [alice]\n"), (_STAGING, f"{_STAGING}    batch: true\n")
    )
    said = company.run(*_ASK, "--dry-run").stderr
    assert "promoter.yaml:5:5: environments.dev.reviewers: does nothing with deliver: push" in said
    assert "environments.staging.batch: does nothing with deliver: pull-request" in said
    own = "    environments: {dev: {deliver: pull-request}}\n"
    company.configure(
        (_PUSH, f"{_PUSH}    reviewers: [alice]\n"), ("  billing:\n", f"{own}  billing:\n")
    )
    assert "does nothing" not in company.run(*_ASK, "--dry-run").stderr


def test_empty_configuration_is_warned_of(company: Company) -> None:
    company.repo.commit("main", "promoter.yaml", "# to do\n")
    run = company.run(*_ASK, "--dry-run")
    assert "warning: promoter.yaml is empty, and counts as if it were not there" in run.stderr
    assert run.code == 0


def test_app_without_a_folder_is_told_with_those_that_there_are(company: Company) -> None:
    company.configure(("  billing:\n", "  cart: {}\n  billing:\n"))
    said = ("there is no folder apps/cart/overlays/prod", "Known: billing, orders, search.")
    assert_told(company.run("--app", "cart", "--tag", "1.5.0"), 4, said)


_KEYS = {
    "environments": ("dev",),
    "apps": ("orders",),
    "groups": ("all",),
    "environments.dev": (
        *(
            "path",
            "deliver",
            "pin",
            "render",
            "soak",
            "allow",
            "policy",
            "freeze",
            "checks",
            "tags",
        ),
        *("reviewers", "labels", "draft", "batch", "max-age", "milestone"),
    ),
    "environments.dev.checks": ("platforms", "exists", "signature", "max-age"),
    "environments.dev.policy": ("semver", "include", "newest", "numeric"),
    "apps.orders": ("images", "environments", "targets", "source"),
    "groups.all": ("apps",),
}
_VALUES: tuple[object, ...] = (
    *("all", "yes, no", "a b", "key:value", "*", "Prod", 3, 1.5, True, None, [], ["x y"], ["dev"]),
    *({}, {"name": "x"}, {"x": "y"}, [{"name": "x"}], [["x"]], "-", "https://x.io/y:1"),
)


def _with_value(place: Sequence[str], value: object) -> dict[str, object]:
    """Return the shortest configuration that has a value at a place."""
    found: object = value
    for part in reversed(place):
        found = {part: found}
    whole: dict[str, object] = {"environments": {"dev": {"path": "x/{app}"}}}
    assert isinstance(found, dict)
    for key, one in found.items():
        is_environment = key == "environments" and isinstance(one, dict) and len(place) > 2
        own = {"dev": {"path": "x/{app}"} | one["dev"]} if is_environment else one
        whole[key] = own
    return whole


@pytest.mark.parametrize("path", dict.fromkeys(_paths(config.Config)), ids=".".join)
def test_example_of_a_key_names_it(path: tuple[str, ...]) -> None:
    assert path[-1].isupper() or f"{path[-1]}:" in example_for(path)


@pytest.mark.parametrize("around", _KEYS)
def test_value_that_a_hint_proposes_is_valid_where_it_is_proposed(around: str) -> None:
    proposed = 0
    for key, value in itertools.product(_KEYS[around], _VALUES):
        place = (*around.split("."), key)
        told = _complaint(_with_value(place, value))
        if told and isinstance(value, list):
            assert not re.match(r"Write \d+:", told.hint), f"{place}: {value!r}: {told.hint}"
        found = re.fullmatch(rf"Write {re.escape(key)}: (.+)", told.hint) if told else None
        if told and found:
            proposed += 1
            again = _complaint(_with_value(place, load(found[1].encode(), "hint").value))
            said = again.message.partition(":")[0] if again else ""
            assert not said.startswith(".".join(place)), f"{place}: {value!r}: {told.hint}"
    assert proposed or around.startswith("environments.dev.")


def _complaint(value: object) -> UsageError | None:
    """Return what is said of a configuration; None where it is valid."""
    try:
        config.parse(yaml.safe_dump(value).encode(), "promoter.yaml")
    except UsageError as error:
        return error
    return None


def test_another_tag_of_the_image_that_runs_is_told(company: Company) -> None:
    said = "The same image under another tag: 1.5.0 is 1.4.0 (sha256:"
    assert said in company.run(*_ASK, "--dry-run").stdout


@pytest.mark.parametrize(
    "name",
    thorough_after(
        2,
        [
            "promotor.yaml",
            ".github/promotor.yaml",
            "promoter.json",
            "promoters.yml",
            "promoter.yaml.txt",
            "promte.yaml",
            "prompter.yml",
            "promoter-config.yaml",
        ],
    ),
)
def test_configuration_of_a_name_that_is_not_read_is_refused(company: Company, name: str) -> None:
    company.repo.commit("main", name, company.configuration)
    company.repo.git("symbolic-ref", "HEAD", "refs/heads/main")
    stream = (
        "commit refs/heads/main\ncommitter A Human <human@example.org> 1767225601 +0000\n"
        f"data 1\nx\nfrom {company.repo.git('rev-parse', 'main')}\nD promoter.yaml\n"
    )
    subprocess.run(
        ["git", "fast-import", "--quiet"], cwd=company.repo.path, check=True, input=stream.encode()
    )
    said = (f"{name}: this file is not read", f"git mv {name} promoter.yaml")
    assert_told(company.run(*_ASK), 2, said)


@pytest.mark.parametrize(
    "name", thorough_after(1, ["kustomize.yaml", "Kustomization.yaml", "kustomisation.yaml"])
)
def test_kustomization_under_another_name_is_told(company: Company, name: str) -> None:
    repo, text = company.repo, "resources: [../../base]\n"
    folder = "apps/search/overlays/qa"
    repo.commit("main", f"{folder}/{name}", text)
    company.configure(("apps/{app}/overlays/prod", "apps/{app}/overlays/qa"))
    said = (f"{folder}/{name}: kustomize does not read", "Rename it to kustomization.yaml")
    assert_told(company.run("--app", "search", "--tag", "1.5.0"), 4, said)
    flux = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
    repo.commit("main", f"{folder}/{name}", flux)
    assert "does not read" not in company.run("--app", "search", "--tag", "1.5.0").stderr


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("120000", ("is a symbolic link", "Name the folder that it leads to.")),
        ("160000", ("is a submodule: another repository", "Promote in that repository")),
    ],
)
def test_link_in_the_place_of_a_folder_is_told(
    company: Company, mode: str, said: tuple[str, ...]
) -> None:
    tip = company.repo.git("rev-parse", "main")
    what = (
        tip if mode == "160000" else company.repo.git("hash-object", "-w", "--stdin", stdin="../x")
    )
    stream = (
        "commit refs/heads/main\ncommitter A Human <human@example.org> 1767225601 +0000\ndata 1\nx\n"
        f"from {tip}\nM {mode} {what} apps/cart\n"
    )
    subprocess.run(
        ["git", "fast-import", "--quiet"], cwd=company.repo.path, check=True, input=stream.encode()
    )
    company.configure(("  billing:\n", "  cart: {}\n  billing:\n"))
    assert_told(company.run("--app", "cart", "--tag", "1.5.0"), 4, ("apps/cart", *said))


def test_apps_that_share_a_folder_say_which_images_are_their_own(company: Company) -> None:
    path = ("apps/{app}/overlays/prod", "apps/orders/overlays/prod")
    company.configure(path)
    assert company.run(*_ASK).code == 0
    company.configure(path, (f"\n    images: [{company.image('billing')}]", " {}"))
    refs = company.repo.refs()
    said = ("promoter.yaml:8:5: environments.prod.path holds no {app}", "list apps.billing.images")
    assert_told(company.run("--app", "billing", "--tag", "1.5.0"), 2, said)
    assert company.repo.refs() == refs


def test_path_that_names_one_app_for_all_is_told_where_an_image_is_not_there(
    company: Company,
) -> None:
    company.configure(("apps/{app}/overlays/prod", "apps/orders/overlays/prod"))
    said = (
        "promoter.yaml:13:14: no container of billing in prod uses the image",
        "Write apps/{app}/overlays/prod as environments.prod.path: it names orders for every app.",
    )
    assert_told(company.run("--app", "billing", "--tag", "1.5.0"), 3, said)


def test_path_above_the_folders_of_the_apps_is_told_with_the_whole_one(company: Company) -> None:
    company.configure(("apps/{app}/overlays/prod", "apps"))
    said = ("promoter.yaml:8:5: environments.prod.path: apps is above", "Write apps/{app}/")
    assert_told(company.run(*_ASK), 4, said)


def test_folder_that_an_app_misspells_is_told_at_the_app(company: Company) -> None:
    own = "    environments: {prod: {path: apps/orders/overlay/prod}}\n"
    company.configure(("  billing:\n", f"{own}  billing:\n"))
    assert_told(
        company.run(*_ASK),
        4,
        (
            "promoter.yaml:12:27: environments.prod.path: there is no folder",
            "Did you mean overlays?",
        ),
    )


@pytest.mark.parametrize("pin", ["", "    pin: both\n"])
def test_image_that_the_configuration_misnames_is_told_there(company: Company, pin: str) -> None:
    company.configure((f"[{company.image('orders')}]", "[orders]"), ("apps:\n", f"{pin}apps:\n"))
    line = 12 if pin else 11
    said = (
        f"promoter.yaml:{line}:14: no container of orders in prod uses the image orders",
        "Did you mean 127.0.0.1:",
    )
    assert_told(company.run(*_ASK), 3, said)


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (
            "resources:\n  - ../../base\nimages: [x\n", 3,
            (f"{_PROD}:3:9: not valid YAML: the [ that begins here is not closed", "Close it"),
        ),
        (
            "resources:\n  - ../../base\n", 4,
            (f"{_PROD}: it has no images", "--image NAME=TAG", "promoter.yaml"),
        ),
        (
            "images:\n- {name: a, newTag: '1'}\n- {name: b, newTag: '2'}\n", 4,
            ("cannot be meant for all: a at 1, b at 2", "--image a=TAG"),
        ),
    ],
)  # fmt: skip
def test_mistake_in_the_kustomization_is_told_there(
    company: Company, text: str, code: int, said: tuple[str, ...]
) -> None:
    company.repo.commit("main", _PROD, text)
    company.configure((f"  orders:\n    images: [{company.image('orders')}]", "  orders: {}"))
    assert_told(company.run(*_ASK), code, said)


def test_unknown_layout_is_told_with_the_lines_to_write(tmp_path: Path) -> None:
    repo = with_files(tmp_path / "other.git", {"a/b.yaml": "x: 1"})
    run = promote(*_ASK, "--repo", str(repo.path))
    assert_told(run, 4, ("none of the layouts", "Commit a promoter.yaml"))
    example = run.stderr.partition("such as:\n")[2]
    repo.commit("main", "promoter.yaml", re.sub(r"^  ", "", example, flags=re.MULTILINE))
    again = promote(*_ASK, "--repo", str(repo.path))
    assert "promoter.yaml" in again.stderr
    assert "not valid" not in again.stderr


def test_newer_tag_that_kustomize_takes_for_a_number_is_told_where_nothing_is_done(
    company: Company,
) -> None:
    text = overlay(company.image("orders"), "1.40")
    company.repo.commit("main", _PROD, re.sub(r"newTag: .*", "newTag: 1.60", text))
    run = company.run(*_ASK)
    assert run.code == 0
    assert f"warning: {_PROD}:7:13: newTag: 1.60 reads as a number" in run.stderr
    assert 'Write it in quotes: newTag: "1.60"' in run.stderr
    assert "nothing done: orders in prod already has 1.60" in run.stdout


def clone_of(company: Company, tmp_path: Path) -> Path:
    """Clone the repository and return the work tree."""
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(company.repo.path), str(clone)], check=True)
    return clone


@pytest.mark.parametrize(
    "name",
    thorough_after(
        1,
        [
            "promoter.yml",
            "deploy/promoter.yaml",
            ".github/promoter.yaml",
            "Promoter.yaml",
            ".promoter.yaml",
            "config/promoter.yml",
        ],
    ),
)
def test_misnamed_configuration_whose_rules_would_not_apply_is_an_error(
    company: Company, name: str
) -> None:
    company.repo.commit("main", name, company.configuration)
    tree = company.repo.git("ls-tree", "main").splitlines()
    left = company.repo.git(
        "mktree", stdin="\n".join(one for one in tree if not one.endswith("\tpromoter.yaml")) + "\n"
    )
    renamed = company.repo.git("commit-tree", left, "-p", "main", "-m", "Rename it")
    company.repo.git("update-ref", "refs/heads/main", renamed)
    said = (f"{name}: this file is not read", f"Rename it: git mv {name} promoter.yaml")
    assert_told(company.run(*_ASK), 2, said)
    # What has a mistake as well is not passed over for that.
    company.repo.commit("main", name, "environments: {}\nenvironments: {}\n")
    assert_told(company.run(*_ASK), 2, said)
    company.repo.commit("main", name, "scrape_configs: []\n")
    other = company.run(*_ASK, "--dry-run")
    is_warned = f"{name} is not read: the file's name is" in other.stderr
    assert (other.code, is_warned) == (0, "/" not in name)


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("120000", "promoter.yaml: is a symbolic link, and links are not followed"),
        ("160000", "promoter.yaml: is a submodule"),
        ("040000", "promoter.yaml: is a folder"),
    ],
)
def test_configuration_that_is_no_file_is_an_error(company: Company, mode: str, said: str) -> None:
    object_id = company.repo.git(
        "rev-parse", "main:apps" if mode == "040000" else "main:promoter.yaml"
    )
    if mode == "160000":
        object_id = company.repo.git("rev-parse", "main")
    stream = [
        "commit refs/heads/main", "committer A Human <human@example.org> 1767225601 +0000",
        "data 1", "x", "from refs/heads/main^0", "D promoter.yaml", f"M {mode} {object_id} promoter.yaml", "",
    ]  # fmt: skip
    company.repo.git("fast-import", "--quiet", stdin="\n".join(stream))
    assert_told(company.run(*_ASK), 2, (said, "Put a file in its place."))


def test_misnamed_and_unpushed_configurations_are_warned_of(
    company: Company, tmp_path: Path
) -> None:
    company.repo.commit("main", "promoter.yml", "environments: {}\n")
    assert company.run(*_ASK, "--dry-run").stderr == (
        "promote: warning: promoter.yml is not read: the file's name is promoter.yaml\n"
    )
    clone = clone_of(company, tmp_path)
    file = clone / "promoter.yaml"
    file.write_text(company.configuration.replace("deliver: push", "deliver: pull-request"))
    (clone / "promoter.yml").unlink()
    for where in ((), ("--repo", str(clone))):
        run = promote(*_ASK, "--env", "dev", "--dry-run", *where, cwd=clone if not where else None)
        assert run.code == 0, run.stderr
        assert (
            f"promote: warning: {file} is not what the base has, which alone counts" in run.stderr
        )
        assert "dry run: would push to main" in run.stdout


def test_image_that_the_registry_does_not_know_is_told_so(company: Company) -> None:
    name = company.registry.name("odrers")
    # As Docker's own registry answers: only the list of the tags says that the name is not known.
    body = b'{"errors": [{"code": "MANIFEST_UNKNOWN"}]}'
    company.registry.refusals.append(("odrers/manifests/", 404, body))
    company.configure((company.image("orders"), name))
    company.repo.commit("main", _PROD, overlay(name, "1.4.0"))
    text = deployment("orders", name)
    company.repo.commit("main", "apps/orders/base/deployment.yaml", text)
    assert_told(company.run(*_ASK), 4, ("registry does not know the name 127.", "Check the name."))


def test_moving_tag_that_is_not_there_is_refused_for_that_alone(company: Company) -> None:
    run = company.run("--app", "orders", "--tag", "main")
    assert_told(run, 4, ("/orders has no main in its registry",))
    assert "a tag that moves" not in run.stderr


def test_address_of_an_api_that_is_not_asked_is_warned_of(company: Company) -> None:
    said = company.run(*_ASK, "--dry-run", "--api-url", "https://ghe.example.com/api/v3").stderr
    assert said == "promote: warning: --api-url is not used: the repository is a folder\n"


def test_kustomization_that_was_not_pushed_is_warned_of_where_it_is_promoted_from(
    company: Company, tmp_path: Path
) -> None:
    clone = clone_of(company, tmp_path)
    file = clone / "apps/orders/overlays/dev/kustomization.yaml"
    ask = ("--app", "orders", "--from", "dev", "--dry-run")
    assert "is not what the base has" not in promote(*ask, cwd=clone).stderr
    file.write_text(file.read_text().replace("1.4.0", "1.5.0"))
    said = f"promote: warning: {file} is not what the base has, which alone counts"
    assert said in promote(*ask, cwd=clone).stderr


def test_dry_run_tries_a_file_in_place_of_the_base_and_a_run_that_writes_refuses_it(
    company: Company, tmp_path: Path
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(company.configuration.replace("deliver: push", "deliver: pull-request"))
    ask = (*_ASK, "--env", "dev", "--config", str(file))
    for flag, code in (("--dry-run", 0), ("--check", 10)):
        tried = company.run(*ask, flag)
        assert tried.code == code, tried.stderr
        assert f"warning: {file} is tried in place of the promoter.yaml on the base" in tried.stderr
        assert "would open a pull request" in tried.stdout
        assert f"go ahead, commit {file} to the base as promoter.yaml, and run it" in tried.stdout
        assert f"without {flag} and --config." in tried.stdout
    refs = company.repo.refs()
    written = company.run(*ask)
    assert_told(written, 2, ("may not come from --config", "Try it with --dry-run"))
    assert company.repo.refs() == refs


@pytest.mark.parametrize("name", ["promoter_env", "Promoter_Env", "PROMOTER_dry_run"])
def test_variables_in_other_letters_are_told_with_the_right_ones(name: str) -> None:
    run = promote("--app", "aurora", "--tag", "1.4.2", env={name: "1"})
    assert run.code == 2
    assert f"there is no variable {name}" in run.stderr
    assert f"Did you mean {name.upper()}?" in run.stderr


def test_variables_that_kubernetes_sets_for_a_service_of_our_name_are_not_ours(
    tmp_path: Path,
) -> None:
    env = {"PROMOTER_SERVICE_HOST": "10.0.0.1", "PROMOTER_PORT_443_TCP": "tcp://10.0.0.1:443"}
    assert promote("status", "--repo", str(aurora(tmp_path / "r.git").path), env=env).code == 0


def test_misnamed_configuration_of_the_clone_at_hand_is_named(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    (tmp_path / "promoter.yml").write_text("environments: {}\n")
    run = promote(*_ASK, cwd=tmp_path)
    said = "Rename promoter.yml to promoter.yaml, the only name that is read."
    assert_told(run, 2, ("has no promoter.yaml and none of the known layouts", said))


def test_clone_at_hand_that_lacks_its_configuration_is_told_one_that_fits(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    for name in ("base", "overlays/dev", "overlays/production"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "kustomization.yaml").write_text("images: [{name: web, newTag: v1}]\n")
    run = promote(*_ASK, cwd=tmp_path)
    fitting = (
        "If it is this one, write --repo . and commit this promoter.yaml:",
        "path: overlays/production",
    )
    assert_told(run, 2, ("Name the GitOps repository: --repo URL", *fitting))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("'ghp_0123456789abcdef'", "GITHUB_TOKEN holds quotes"),
        ("${{ secrets.GITOPS_TOKEN }}", "GITHUB_TOKEN holds a placeholder"),
        ("***", "GITHUB_TOKEN does not hold a token"),
        ("ghp_01234567\n89abcdef", "GITHUB_TOKEN does not hold a token"),
    ],
)
@pytest.mark.parametrize("transport", ["git", "api"])
def test_value_that_is_no_token_is_told_before_it_is_sent(
    transport: str, value: str, said: str
) -> None:
    run = promote(*_ASK, "--repo", _HUB, "--transport", transport, env={"GITHUB_TOKEN": value})
    assert_told(run, 2, (said, "Store the token alone in GITHUB_TOKEN."))
    assert "89abcdef" not in run.stderr


def test_line_end_after_a_token_or_a_password_is_no_part_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("PROMOTER_TOKEN", "PROMOTER_REGISTRY_PASSWORD"):
        monkeypatch.setenv(name, "s3cret-of-mine\r\n")
    monkeypatch.setenv("PROMOTER_REGISTRY_HOST", "ghcr.io")
    monkeypatch.setenv("PROMOTER_REGISTRY_USERNAME", "robot")
    settings = Settings.read({"repo": _HUB})
    token = wire(settings, Deadline(60)).token
    assert token is not None
    assert token.get_secret_value() == "s3cret-of-mine"
    assert settings.registry_password is not None
    assert settings.registry_password.get_secret_value() == "s3cret-of-mine"


def test_default_branch_that_was_renamed_is_told_with_the_branches_there_are(
    company: Company,
) -> None:
    company.repo.git("branch", "-m", "main", "trunk")
    company.repo.git("symbolic-ref", "HEAD", "refs/heads/main")
    said = ("has no default branch: its HEAD names no branch that exists", "Give --base trunk")
    assert_told(company.run(*_ASK), 4, said)
    assert_told(company.run(*_ASK, "--base", "trunc"), 4, ("no branch 'trunc'", "mean trunk?"))
    assert company.run(*_ASK, "--base", "trunk").code == 0


@pytest.mark.parametrize("name", ["pre-receive", "update"])
def test_refusal_of_a_hook_is_not_said_to_pass_the_next_time(company: Company, name: str) -> None:
    hook = company.repo.path / "hooks" / name
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'needs a ticket in its text' >&2\nexit 1\n")
    hook.chmod(0o755)
    said = ("needs a ticket in its text", "would again: do what it says", "templates.commit")
    assert_told(company.run(*_ASK), 5, said)


def test_refusal_of_a_branchs_name_by_a_ruleset_says_where_the_name_is_set(
    company: Company,
) -> None:
    hook = company.repo.path / "hooks" / "update"
    hook.parent.mkdir(exist_ok=True)
    said = (
        "error: GH013: Repository rule violations found for refs/heads/promote/prod/orders.",
        "- Cannot create ref due to creations being restricted.",
    )
    lines = "".join(f"echo '{one}' >&2\n" for one in said)
    hook.write_text(f"#!/bin/sh\n{lines}exit 1\n")
    hook.chmod(0o755)
    told = ("creations being restricted", "set templates.branch to a name that it allows")
    assert_told(company.run(*_ASK), 5, told)


def test_refusal_of_the_promotions_branch_by_its_protection_says_which_branches_to_exempt(
    company: Company,
) -> None:
    hook = company.repo.path / "hooks" / "update"
    hook.parent.mkdir(exist_ok=True)
    said = "error: GH006: Protected branch update failed for refs/heads/promote/prod/orders."
    hook.write_text(f"#!/bin/sh\necho '{said}' >&2\nexit 1\n")
    hook.chmod(0o755)
    assert_told(company.run(*_ASK), 5, ("exempt promote/** from it", "allow this account"))


def test_command_in_a_hint_names_the_repository_of_the_command_line(company: Company) -> None:
    held = company.run("hold", "--app", "orders", "--env", "dev", "--reason", "moving")
    assert held.code == 0, held.stderr
    told = company.run(*_ASK, "--env", "dev")
    assert_told(told, 3, (f"--reason TEXT --repo {company.repo.path}",))
    commands = [one for one in _commands(told.stderr) if one[0] == "unhold"]
    assert commands
    asked = company.run(*_ASK, "--env", "dev", "--output", "json")
    hints = [one["hint"] for one in asked.json["refusals"]]
    assert any(f"--reason TEXT --repo {company.repo.path}" in one for one in hints)
    assert promote(*commands[0], cwd=company.folder).code == 0
    assert company.run(*_ASK, "--env", "dev").code == 0


@pytest.mark.parametrize(
    ("hint", "said"),
    [
        ("Write promote --app a --tag 1.", "Write promote --app a --tag 1 --repo R."),
        (
            "See promote history --app a; or promote auto",
            "See promote history --app a --repo R; or promote auto",
        ),
        (
            'promote hold --app a --reason "x y" or wait',
            'promote hold --app a --reason "x y" --repo R or wait',
        ),
        ("promote --app a --dry-run shows it", "promote --app a --dry-run --repo R shows it"),
        ("promote --app a --repo S", "promote --app a --repo S"),
        ("They are listed by promote pulls", "They are listed by promote pulls --repo R"),
        ("Did you mean promote status?", "Did you mean promote status --repo R?"),
        ("A range is for promote auto, as in x", "A range is for promote auto, as in x"),
        ("promote set-image x=*:1 --dir y", "promote set-image x=*:1 --dir y"),
    ],
)
def test_repository_stands_at_the_end_of_a_hints_command(hint: str, said: str) -> None:
    assert with_repository(hint, "R") == said


def test_version_in_the_place_of_an_environment_is_told_with_its_flag() -> None:
    hint = no_environment("1.4.1", "web", ["dev", "prod"]).hint
    assert hint == "Did you mean --tag 1.4.1? Known: dev, prod."


@pytest.mark.parametrize(
    ("tag", "said"),
    thorough_after(
        5,
        [
            ("V1.5.0", "Did you mean 1.5.0?"),
            ("abc1234", "Did you mean main-abc1234?"),
            ("a" * 64, f"@sha256:{'a' * 64}"),
            ("1.4.1", "Push 1.4.1 first"),
            ("HEAD", "git rev-parse HEAD prints the commit"),
            ("1.6.O", "Did you mean 1.6.0?"),
            ("orders-1.6.0", "Did you mean 1.6.0?"),
            ("sha-abc1234", "Did you mean main-abc1234?"),
            ("1.6", "Did you mean 1.6.0?"),
            ("1.4.x", 'as in policy: {semver: "1.4.x"} in promoter.yaml'),
            ("newest", "What a policy chooses: promote auto"),
            ("1.5.0-rc1", "It has 1.5.0, "),
            ("1", "It has 1.6.0, 1.5.0"),
            ("latest", "It has 1.6.0, 1.5.0"),
            ("null", "Programs print null for a missing value: check where the tag comes from."),
            ("YOUR_TAG", "It is a placeholder: give the tag itself."),
        ],
    ),
)
def test_tag_that_is_not_there_is_told_with_the_one_that_is_meant(
    company: Company, tag: str, said: str
) -> None:
    company.registry.push("orders", "1.6.0", "1.6.1-arm", "main-abc1234", "1.4.1-rc.1")
    assert_told(company.run("--app", "orders", "--tag", tag), 4, (said,))
