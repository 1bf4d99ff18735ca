"""For LangChain with `langchain-mcp-adapters`.

    client = MultiServerMCPClient({"refunds": connection(url, Exchange(sts, templates))})
    async with acting_for(bearer):
        agent = create_agent(model, await client.get_tools())
        await agent.ainvoke({"messages": [...]})
"""

from __future__ import annotations

from typing import Any

import httpx
from langchain_mcp_adapters.sessions import StreamableHttpConnection

from .guard import Pattern, guarded_client


def connection(url: str, pattern: Pattern) -> StreamableHttpConnection:
    """A server for `MultiServerMCPClient`, whose every message carries the token of the person being acted for."""

    def client(
        headers: dict[str, Any] | None = None,
        timeout: httpx.Timeout | None = None,
        auth: httpx.Auth | None = None,
    ) -> httpx.AsyncClient:
        return guarded_client(url, pattern, headers=headers, timeout=timeout)

    return {"transport": "streamable_http", "url": url, "httpx_client_factory": client}
