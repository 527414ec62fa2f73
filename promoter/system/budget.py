"""The time of a run, and how much of it each part may take.

A run ends after `RUN` seconds, or after those of `--timeout`; a wait for an image comes on top of
`RUN`. Git and the forge may take all of it, as nothing can be written without them. Whatever else
is asked has a share, so that a server that does not answer leaves time for what follows.

It adds up for `promote`: 2 s for the forge's first answer, 9 s for a registry that is silent (three
answers of 3 s, and then it is not asked again), 30 s for each of two builds, 10 s for the text of
the pull request: of 120 s, 39 are left to write. Further builds, a wait for an image and cosign
leave a part of what they find.

It adds up for `promote auto`: registries are asked until a quarter of the time is left, nothing is
rendered in the last third where names tell enough, and the texts of pull requests take a quarter of
the whole, and each of them no more than half of what is left. That leaves an eighth to write.
"""

from __future__ import annotations

from promoter.domain.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """The most that one thing may take: so many seconds, and a part of what is left of the run."""

    seconds: float
    part: float = 1.0

    def of(self, left: float) -> float:
        """Return the seconds that it may take where so many are left."""
        return min(self.seconds, self.part * left)


RUN = 120.0
"""The seconds of a run that is given no `--timeout`."""

# The forge.
CONNECTION = Share(3.0)
"""The connection that is begun before the settings are read."""
FIRST_ANSWER = Share(2.0)
"""The forge's first answer, where it may spare git a connection."""
FORGE_ANSWER = Share(15.0)
"""One answer of the forge: GitHub gives up a request of its own after ten seconds."""
FORGE_REPEATS = Share(30.0)
"""All attempts at what a pull request gets beside its text; then it is a warning."""
FORGE_READS = Share(5.0)
"""All attempts at one read, unless the forge says itself how long to wait."""
FORGE_SETTLING = Share(8.0)
"""Until everybody sees what was just written."""
APP_SETTLING = Share(15.0)
"""Until a token that was just made for an App is known everywhere."""

# Git.
MOVED_ANSWER = Share(5.0)
"""Asking where a repository has moved to."""
SOURCE = Share(10.0)
"""All that is read of a source repository."""
HISTORY = Share(60.0)
"""Each fetch of older commits, where the history itself is asked for."""
HISTORY_OF_TEXTS = Share(5.0)
"""Each fetch of older commits, for the text of a pull request."""
MIRROR = Share(30.0)
"""Keeping what was fetched for the next run."""
RACE_PAUSE = Share(25.0, 1 / 4)
"""The wait after a race that another run has won."""

# Registries.
REGISTRY_ANSWER = Share(3.0)
"""One answer of a registry, where a run is about given apps."""
REGISTRY_ANSWER_OF_MANY = Share(15.0)
"""One answer of a registry, where a run is about all apps: a list of tags takes longer."""
TAGS = Share(float("inf"), 1 / 2)
"""The list of an image's tags."""
CREDENTIALS = Share(10.0)
"""The programs that have a registry's login."""
MATCHING = Share(10.0)
"""The patterns of one app over all of its tags."""

# Checks of one promotion.
IMAGE_WAIT = Share(float("inf"), 3 / 4)
"""The wait for an image that is being pushed."""
COSIGN = Share(60.0, 3 / 4)
"""One image's signature."""
RENDER = Share(30.0, 1 / 2)
"""One build of a kustomization."""
EVIDENCE = Share(10.0, 1 / 2)
"""What the text of one pull request tells beside the edits."""

# Parts of the whole run.
EVIDENCE_OF_ALL = 1 / 4
"""The texts of all pull requests."""
KEPT_BY_AUTO = 1 / 4
"""What is left when registries have had their time, in `promote auto`."""
KEPT_BY_STATUS = 1 / 5
"""The same, in `promote status`."""
KEPT_WITHOUT_RENDER = 1 / 3
"""What is left when a run over all apps renders no more, where names tell enough."""
KEPT_BY_HISTORY = 1 / 10
"""What is left when no older commits are fetched any more, where the history is asked for."""
KEPT_BY_TEXTS = 1 / 2
"""The same, for the text of a pull request."""
