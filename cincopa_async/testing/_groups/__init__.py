"""The groups of calls, a file each."""

from __future__ import annotations

from collections.abc import Mapping

from cincopa_async.testing._calls import Endpoint

from . import asset, gallery, general, live, portal, upload, upload_from_url, webhook

ENDPOINTS: Mapping[str, Endpoint] = {
    **general.ENDPOINTS,
    **asset.ENDPOINTS,
    **upload_from_url.ENDPOINTS,
    **gallery.ENDPOINTS,
    **upload.ENDPOINTS,
    **portal.ENDPOINTS,
    **webhook.ENDPOINTS,
    **live.ENDPOINTS,
}
MISSPELT: Mapping[str, str] = {"webhhook.delete": "webhook.delete"}
"""Calls as the documentation spells them, and what they must be."""
