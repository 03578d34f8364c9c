"""The API over HTTP: lets requests in, has them answered, and lets the quirks have their way with both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ._account import Account, Token
from ._answers import Answers
from ._calls import Call, Endpoint, NotAllowedError, RefusedError
from ._clock import Meter
from ._examples import documented_answer
from ._groups import ENDPOINTS, MISSPELT
from ._mishaps import befallen, target_of
from ._pulls import Puller
from ._quirks import Active, Quirks
from ._sync import Syncs


class Api:
    """Answers ``/v2/{group}.{verb}.json``, and the page ``/v2/upload.iframe``."""

    def __init__(self, account: Account, puller: Puller, syncs: Syncs, quirks: Quirks, meter: Meter | None) -> None:
        self._account = account
        self._puller = puller
        self._syncs = syncs
        self._quirks = quirks
        self._meter = meter

    async def answer(self, request: Request) -> Response:
        """Answer one request."""
        name = request.path_params["call"].removesuffix(".json")
        self._account.counts.request_came(name)
        name = MISSPELT.get(name, name)
        documented = documented_answer(request.method, target_of(request))
        if documented is not None:
            return Response(documented, media_type="application/json")
        quirks = self._quirks.of(name)
        answers = Answers(quirks)
        return await befallen(request, quirks, answers, lambda: self._act(name, request, quirks, answers))

    async def _act(self, name: str, request: Request, quirks: Active, answers: Answers) -> Response:
        endpoint = ENDPOINTS.get(name)
        if endpoint is None or request.path_params["call"].endswith(".json") is endpoint.page:
            # Not documented. JSON, as all other answers: a caller can tell a misspelt call from a proxy's page.
            return answers.failure("There is no such call", 404)
        if request.method != endpoint.method:
            return answers.failure("Method not allowed", 405, {"allow": endpoint.method})
        with self._account.lock:
            if self._meter is not None and not self._meter.takes_one():
                return answers.failure("Too many requests", 429, {"retry-after": "1"})
            params = dict(request.query_params)
            token = self._account.tokens.get(params.pop("api_token", ""))
            if token is None or not token.valid:
                return answers.failure("Unauthorized: the api_token is missing, unknown or expired", 403)
            params.pop("cache", None)  # Reads may carry it, to bypass a cache; there is none.
            try:
                return answers.success(_handled(name, endpoint, self._call(request, params, token, quirks)))
            except RefusedError as refused:
                return answers.failure(str(refused), quirks.get(refused.status_quirk, "status", refused.status))

    def _call(self, request: Request, params: Mapping[str, str], token: Token, quirks: Active) -> Call:
        return Call(
            params=params,
            token=token,
            account=self._account,
            puller=self._puller,
            syncs=self._syncs,
            quirks=quirks,
            origin=f"{request.url.scheme}://{request.url.netloc}",
            caller=request.client.host if request.client else "",
        )


def _handled(name: str, endpoint: Endpoint, call: Call) -> dict[str, Any] | str:
    if not call.token.allows(name):
        raise NotAllowedError(f"The permissions of the api_token do not allow {name}")
    return endpoint.handle(call)
