"""
A web app that uploads videos by their URL: one client for all requests, opened and closed with the app.

    CINCOPA_API_TOKEN=… uvicorn --app-dir examples webapp:app

    POST   /videos              {"url": "https://…"} starts an upload and answers its status_id at once
    GET    /videos/{status_id}  says how far it is
    DELETE /videos/{status_id}  aborts it

Within the app nobody waits for an upload, so none ends with it: it belongs to whoever has its status_id. An app for
strangers checks whose status_id it is asked about, and which URLs it has Cincopa fetch.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from json import JSONDecodeError
from typing import TypedDict

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from cincopa_async import CincopaClient, CincopaError, NotFoundError, UploadStatus


class State(TypedDict):
    """What every request finds in `request.state`."""

    cincopa: CincopaClient


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[State]:
    """Keep one client open as long as the app runs."""
    async with CincopaClient() as cincopa:
        yield {"cincopa": cincopa}


async def start(request: Request) -> JSONResponse:
    """
    Start an upload.

    If the server cancels this while the request to Cincopa is in flight, the upload is aborted: nobody got its id.
    """
    try:
        job = await request.state.cincopa.start_upload((await request.json())["url"])
    except (JSONDecodeError, LookupError, TypeError, ValueError):
        return JSONResponse({"error": "the body must be JSON with the http(s) URL of a video as `url`"}, 400)
    return JSONResponse({"status_id": job.status_id}, 202)


async def show(request: Request) -> JSONResponse:
    """Say how far an upload is: one poll."""
    job = request.state.cincopa.resume_upload(request.path_params["status_id"])
    return as_json(await job.refresh())


async def abort(request: Request) -> JSONResponse:
    """Abort an upload, and say how it ended: it may have completed just before."""
    job = request.state.cincopa.resume_upload(request.path_params["status_id"])
    return as_json(await job.abort())


def as_json(status: UploadStatus) -> JSONResponse:
    """Answer what a browser is to know of an upload."""
    return JSONResponse(
        {"state": status.state.value, "fraction": status.fraction, "rid": status.rid, "reason": status.reason}
    )


async def not_found(_: Request, __: Exception) -> JSONResponse:
    """Answer for an upload that Cincopa does not know."""
    return JSONResponse({"error": "there is no such upload"}, 404)


async def bad_gateway(_: Request, error: Exception) -> JSONResponse:
    """Answer for Cincopa; the text of its errors holds no URL and no token."""
    return JSONResponse({"error": str(error)}, 502)


app = Starlette(
    lifespan=lifespan,
    routes=[
        Route("/videos", start, methods=["POST"]),
        Route("/videos/{status_id}", show, methods=["GET"]),
        Route("/videos/{status_id}", abort, methods=["DELETE"]),
    ],
    exception_handlers={NotFoundError: not_found, CincopaError: bad_gateway},
)
