"""GitHub's API as one request asks it: REST, by PyGithub where it only reads, and GraphQL."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from urllib3 import Retry

from promoter.domain.json import parse_json
from promoter.forges.github.api import graphql_answers
from promoter.forges.github.api.failures import (
    FAILURES,
    GitHubError,
    RedirectedError,
    error_body,
    github_error,
    is_of_graphql,
)
from promoter.forges.github.api.http import GitHubHttp, graphql_request, rest_request
from promoter.system.http import Answer

if TYPE_CHECKING:
    from github.Requester import Requester
    from pydantic import SecretStr

    from promoter.forges.github.first_look.first_query import FirstQuery

_LOG = logging.getLogger(__name__)

# What could not be sent is sent again.
_UNSENT = Retry(5, backoff_factor=0.2, allowed_methods={"GET"})


class Api:
    """An API with a token, or None; each request raises what is in `FAILURES`."""

    def __init__(
        self, url: str, token: SecretStr | None, http: GitHubHttp, first: FirstQuery | None = None
    ) -> None:
        self._url, self._token, self._http, self._first = url, token, http, first
        self.may_read_teams = True
        """Whether documents may name teams, as far as an answer has shown it."""
        self._lacks_graphql: Exception | None = None
        """What was answered where there is no GraphQL."""

    @property
    def counts(self) -> Counter[str]:
        """How many requests were sent, by method."""
        return self._http.counts

    def close(self) -> None:
        """End the connections."""
        self._http.close()

    def rest(self, method: str, path: str, **how: Any) -> Any:  # noqa: ANN401 - JSON of any shape
        """Return the JSON that a path answers.

        The answer is read as it came: PyGithub's objects would ask again for each key it lacks.
        """
        sent = self._read if method == "GET" else self._written
        status, headers, text = sent(method, path, **how)
        if 300 <= status < 400:
            raise RedirectedError(urljoin(f"{self._url}/", str(headers.get("location", ""))))
        if status >= 400:
            raise GitHubError(status, error_body(text), headers)
        return parse_json(text) if text else None

    @cached_property
    def _requester(self) -> Requester:
        """What PyGithub asks with, which is imported for REST alone."""
        from promoter.forges.github.api.rest import connect

        return connect(self._url, self._token, self._http)

    def _read(self, method: str, path: str, **how: Any) -> tuple[int, Mapping[str, Any], str]:  # noqa: ANN401 - PyGithub's
        """Return what is answered to a read, which PyGithub repeats as GitHub wants it."""
        from promoter.forges.github.api.rest import own_errors

        with own_errors():
            return self._requester.requestJson(method, path, **how)

    def _written(
        self,
        method: str,
        path: str,
        input: object = None,  # noqa: A002 - PyGithub's word
    ) -> tuple[int, Mapping[str, Any], str]:
        """Return what is answered to a write, which is sent one time, and without PyGithub."""
        request = rest_request(method, f"{self._url}{path}", self._token, input)
        answer = self._http.send(request, _UNSENT)
        return answer.status, answer.headers, answer.text

    def graphql(self, document: str, variables: dict[str, Any]) -> dict[str, Any]:
        """Return the data that a GraphQL document answers."""
        if self._lacks_graphql is not None:
            raise self._lacks_graphql
        try:
            answer = self._asked_by_graphql(document, variables)
            self.may_read_teams = graphql_answers.may_read_teams(answer)
            return graphql_answers.data_of(answer, self._url)
        except FAILURES as error:
            # What is done without GraphQL then costs more requests.
            name = graphql_answers.operation(document)
            _LOG.debug(github_error(f"GraphQL did not answer {name}", error).message)
            if getattr(error, "status", None) == 404 and not is_of_graphql(error):
                self._lacks_graphql = error
            raise

    def _asked_by_graphql(self, document: str, variables: dict[str, Any]) -> Answer:
        """Return the answer to a document, which may be on its way already."""
        request = graphql_request(self._url, self._token, document, variables)
        if self._first is not None and self._first.is_for(request):
            return self._first.answer()
        return self._http.send(request, _UNSENT)
