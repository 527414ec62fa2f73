"""A small GitHub: its API and its git, over real bare repositories, with faults on demand.

Git computes everything about commits; the rules and the bodies of answers are GitHub's own.
"""

from __future__ import annotations

import threading
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from tests.servers import description
from tests.servers.github import merging, pull_shapes, pulls
from tests.servers.github.errors import SECONDARY
from tests.servers.github.faults import Fault, Limit, Seen
from tests.servers.github.handler import Handler
from tests.servers.github.protection import HOOK, Protection
from tests.servers.github.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.servers.github.apps import App
    from tests.servers.github.store import Commit
    from tests.servers.github.tokens import Token


class GitHub:
    """One server with one repository, `owner/name`, and its tokens: name → may it write."""

    def __init__(self, root: Path, owner: str = "aurora-cloud", name: str = "gitops") -> None:
        self.root, self.owner, self.name = root, owner, name
        self.identity, self.node_id = 1_234_567, "R_kgDOABLWhw"
        self.repository = root / owner / f"{name}.git"
        self.store = Store(self.repository)
        self.tokens: dict[str, bool | Token] = {"good-token": True, "read-token": False}
        self.pulls: list[dict[str, Any]] = []
        self.untold = 0
        """How many GraphQL answers fail to tell the rules of branches."""
        self.unlisted = 0
        """How many answers with a list of pulls do not show the newest pull yet."""
        self.was_behind = False
        """Whether the answer that is made is one of these."""
        self.comments: dict[int, list[str]] = {}
        self.commented = 0
        self.seen: list[Seen] = []
        self.faults: list[Fault] = []
        self.has_graphql = True
        self.meanwhile: list[tuple[str, str, Callable[[], object]]] = []
        self.violations: list[str] = []
        self.redirect: str | None = None
        self.limit, self.graphql_limit = Limit(), Limit("graphql")
        self.app: App | None = None
        # The repository: what its settings say, who works on it, which rules its branches have.
        self.old_names: set[str] = set()
        self.archived = self.private = False
        self.allow_auto_merge = self.delete_branch_on_merge = False
        self.creates_labels = self.has_drafts = True
        self.merge_methods = {"merge", "squash", "rebase"}
        self.labels: dict[str, str] = {"bug": "d73a4a"}
        self.milestones: list[str] = []
        self.collaborators = {"alice", "bob", "bot"}
        self.teams = {"platform"}
        self.protection: dict[str, Protection] = {}
        self.passed: set[str] = set()
        self.queue: list[int] = []
        # How many answers say "not computed yet" for each new state of a pull.
        self.undecided = 1
        # The commits that the server signed, and the keys of those that people sign by SSH.
        self.verified: set[str] = set()
        self.allowed_signers: Path | None = None
        self.tips: dict[str, str] = {}
        self.lock = threading.RLock()
        self._server = ThreadingHTTPServer(
            ("127.0.0.1", 0), type("Bound", (Handler,), {"github": self})
        )
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.store.close()
        if kind is None and self.violations:
            raise AssertionError("\n".join(["against GitHub's description:", *self.violations]))

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def full_name(self) -> str:
        """The repository's name with its owner's."""
        return f"{self.owner}/{self.name}"

    @property
    def url(self) -> str:
        """The repository's clone URL."""
        return f"{self.html_url}.git"

    @property
    def html_url(self) -> str:
        """The repository's page."""
        return f"{self.origin}/{self.full_name}"

    @property
    def api_url(self) -> str:
        """The API's base URL, as an Enterprise Server has it."""
        return f"{self.origin}/api/v3"

    @property
    def repository_url(self) -> str:
        """The repository's API URL."""
        return f"{self.api_url}/repos/{self.full_name}"

    def fail(self, method: str, pattern: str, **how: Any) -> None:
        """Let the next matching requests fail; without a status the connection is dropped."""
        self.faults.append(Fault(method, pattern, **how))

    def just_before(self, method: str, pattern: str, act: Callable[[], object]) -> None:
        """Let a person act when the next matching request arrives, before it is answered."""
        self.meanwhile.append((method, pattern, act))

    def slow_down(self, method: str, pattern: str, *, seconds: int = 1, **how: Any) -> None:
        """Let the next matching requests run into a secondary limit."""
        body = {"message": SECONDARY, "documentation_url": "https://docs.github.com/rest/overview"}
        headers = {"Retry-After": str(seconds)}
        self.fail(method, pattern, **{"status": 403, "headers": headers, "body": body, **how})

    def rest(self) -> list[Seen]:
        """The REST requests so far."""
        return [one for one in self.seen if one.api and not one.graphql]

    def graphql(self) -> list[Seen]:
        """The GraphQL requests so far."""
        return [one for one in self.seen if one.graphql]

    def open_pulls(self) -> list[dict[str, Any]]:
        """The open pulls, as the API shows them."""
        with self.lock:
            self.look()
            return [pull_shapes.simple(self, one) for one in self.pulls if one["state"] == "open"]

    def listed_pulls(self) -> list[dict[str, Any]]:
        """The pulls as a list shows them, which may be behind what there is."""
        if not (self.unlisted and self.pulls):
            return list(self.pulls)
        self.was_behind = True
        return self.pulls[:-1]

    def merge(self, number: int) -> None:
        """Merge a pull, as a person does."""
        with self.lock:
            self.look()
            merging.merge(self, self.pulls[number - 1], "merge", "alice", {})

    def close(self, number: int) -> None:
        """Close a pull, as a person does."""
        self.pulls[number - 1]["state"] = "closed"

    def pull_from_fork(self, branch: str, fork: str | None = "stranger/gitops") -> dict[str, Any]:
        """Open a pull from a branch of a fork, as anybody can; None: the fork is deleted since."""
        tree, parents = self.store.text("rev-parse", "main^{tree}"), (str(self.head("main")),)
        tip = self.store.commit(tree, parents, "Hello", ("Stranger", "stranger@example.org"))
        text = {"title": "A stranger's", "body": "a stranger's text"}
        pull = pulls.new(self, (branch, tip), "main", text)
        self.pulls.append(pull | {"repository": fork, "user": "stranger"})
        return self.pulls[-1]

    def approve(self, number: int, by: str = "alice", state: str = "APPROVED") -> None:
        """Review a pull, as a person does; one that was armed is merged when nothing is missing."""
        with self.lock:
            self.look()
            pull = self.pulls[number - 1]
            review = {"user": by, "state": state, "body": "", "commit_id": pull["sha"]}
            pull["reviews"].append(review)
            pull["reviewers"] = [one for one in pull["reviewers"] if one != by]
            merging.settle(self)

    def succeed(self, check: str) -> None:
        """Let a status check succeed everywhere."""
        with self.lock:
            self.look()
            self.passed.add(check)
            merging.settle(self)

    def protect(self, branch: str, **rules: Any) -> None:
        """Protect the branches of a name or pattern, for the API and for pushes."""
        self.protection[branch] = Protection(**rules)
        hook = self.repository / "hooks" / "update"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(HOOK)
        hook.chmod(0o755)

    def head(self, branch: str) -> str | None:
        """Return a branch's commit."""
        return self.store.ref(f"refs/heads/{branch}")

    def look(self) -> None:
        """Take note of where the branches are: heads move, and pulls without one are closed."""
        self.tips = self.store.refs() if self.repository.exists() else {}
        for pull in self.pulls:
            if pull["state"] != "open" or pull["repository"] != self.full_name:
                continue
            now = self.tips.get(f"refs/heads/{pull['head']}")
            base = self.tips.get(f"refs/heads/{pull['base']}")
            if now is None or base is None:
                pull |= {"state": "closed", "auto_merge": None}
            elif (now, base) != pull.get("looked"):
                before, pull["sha"], pull["looked"] = pull["sha"], now, (now, base)
                if not self.store.is_ancestor(now, base):
                    continue
                pull |= {"state": "closed", "auto_merge": None}
                if now == before:
                    merging.done(pull, now, "bot")

    def show(self, pull: dict[str, Any]) -> dict[str, Any]:
        """Return a pull as GitHub lists it; an open one's head is wherever its branch is."""
        with self.lock:
            self.look()
            return pull_shapes.simple(self, pull)

    def signed(
        self, tree: str, parents: tuple[str, ...], message: str, by: str, *, email: str = ""
    ) -> str:
        """Write a commit that the server signs, and that is therefore verified."""
        address = email or f"{by}@users.noreply.github.com"
        commit = self.store.commit(tree, parents, message, (by, address))
        self.verified.add(commit)
        return commit

    def verification(self, commit: Commit) -> dict[str, Any]:
        """Return whether a commit's signature is known to be its author's."""
        reason = "unsigned" if commit.signature is None else "unknown_key"
        if commit.sha in self.verified or (
            commit.signature
            and self.allowed_signers
            and self.store.asks(
                "-c", f"gpg.ssh.allowedSignersFile={self.allowed_signers}",
                "verify-commit", commit.sha,
            )
        ):  # fmt: skip
            reason = "valid"
        return {
            "verified": reason == "valid",
            "reason": reason,
            "signature": commit.signature,
            "payload": commit.payload if commit.signature else None,
            "verified_at": "2026-01-01T00:00:00Z" if reason == "valid" else None,
        }

    def check(self, *exchange: Any) -> None:
        """Hold an exchange to GitHub's own description, where the environment names one."""
        self.violations += description.violations(*exchange)
