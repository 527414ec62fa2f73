"""A small GitHub: its pulls API and its git, over real bare repositories, with faults on demand."""

from tests.servers.github.apps import App
from tests.servers.github.errors import RejectedError
from tests.servers.github.faults import Fault, Limit, Seen
from tests.servers.github.protection import Protection
from tests.servers.github.server import GitHub
from tests.servers.github.tokens import Token

__all__ = ["App", "Fault", "GitHub", "Limit", "Protection", "RejectedError", "Seen", "Token"]
