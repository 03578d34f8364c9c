"""The API over HTTP: lets requests in, has them answered, and lets the quirks have their way with both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from ._account import Account, Token
from ._answers import Answers
from ._calls import Call, Endpoint, RefusedError
from ._clock import Meter
from ._examples import documented_answer
from ._groups import ENDPOINTS, MISSPELT
from ._mishaps import Gone, befallen, target_of
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
        answers = Answers(quirks, quirks.contract.call(name).missing if name in ENDPOINTS else ())
        try:
            return await befallen(request, quirks, answers, lambda: self._act(name, request, quirks, answers))
        except ClientDisconnect:  # In the middle of the form that holds the parameters, where it holds them.
            return Gone()

    async def _act(self, name: str, request: Request, quirks: Active, answers: Answers) -> Response:
        endpoint = ENDPOINTS.get(name)
        if (
            endpoint is None
            or not _is_spelt(request, name, quirks)
            or request.path_params["call"].endswith(".json") is endpoint.page
        ):
            # Not documented. JSON, as all other answers: a caller can tell a misspelt call from a proxy's page.
            return answers.failure("There is no such call", 404)
        facts = quirks.contract.call(name)
        if request.method != facts.method:
            return answers.failure("Method not allowed", 405, {"allow": facts.method})
        params = await _params(request, quirks)
        with self._account.lock:
            if self._meter is not None and not self._meter.takes_one():
                return answers.failure("Too many requests", 429, {"retry-after": "1"})
            token = self._account.tokens.get(params.pop("api_token", ""))
            if token is None or not token.valid:
                status = int(quirks.fact("failure.token"))
                return answers.failure("Unauthorized: the api_token is missing, unknown or expired", status)
            try:
                _check_cache(params, request, quirks)
                return answers.success(_handled(name, endpoint, self._call(request, params, token, quirks)))
            except RefusedError as refused:
                status = int(quirks.fact(refused.status_fact)) if refused.status is None else refused.status
                return answers.failure(str(refused), status)

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


async def _params(request: Request, quirks: Active) -> dict[str, str]:
    """Return what a call is given: in its query, or else, all but the token, in the form that its body is."""
    query = dict(request.query_params)
    if request.method == "GET" or quirks.fact("parameters.query") == "query":
        return query
    form = parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True)
    return {**dict(form), **{name: value for name, value in query.items() if name == "api_token"}}


def _is_spelt(request: Request, name: str, quirks: Active) -> bool:
    """Say whether a call is spelt as it must be; the documentation's spelling is taken too."""
    spelt = request.path_params["call"].removesuffix(".json")
    return spelt != name or name != "webhook.delete" or quirks.fact("webhook.delete.spelling") == spelt


def _check_cache(params: dict[str, str], request: Request, quirks: Active) -> None:
    """Take out the wish to bypass a cache, which reads may carry; there is none."""
    if params.pop("cache", None) and request.method == "GET" and quirks.fact("parameters.cache") == "refused":
        raise RefusedError("There is no parameter cache")


def _handled(name: str, endpoint: Endpoint, call: Call) -> dict[str, Any] | str | None:
    if not call.token.allows(name):
        raise call.not_allowed(name)
    facts = call.quirks.contract.call(name)
    if any(not call.params.get(needed) for needed in facts.needless):
        return {}
    if facts.ignored:
        call = replace(call, params={name: value for name, value in call.params.items() if name not in facts.ignored})
    return endpoint.handle(call)
