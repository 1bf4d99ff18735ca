"""For Strands Agents.

    with acting_for(bearer) as acting, mcp_client(url, Forward()) as tools:
        agent = Agent(model=model, tools=tools.list_tools_sync())
        agent(question)
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mcp.client.streamable_http import streamable_http_client
from strands.tools.mcp import MCPClient

from .acting import Acting
from .guard import Pattern, guarded_client


class PersonsClient(MCPClient):
    """Strands' MCP client, for one person. Its connection lives in a thread of its own, so it is bound to whom it was
    opened for, and refuses to call for anybody else."""

    def __init__(self, url: str, pattern: Pattern, **options: Any) -> None:
        acting = Acting.current()
        if acting is None:
            raise RuntimeError("no person is acted for here: open the client inside acting_for(...)")
        self._acting = acting

        @asynccontextmanager
        async def transport() -> AsyncIterator[Any]:
            async with guarded_client(url, pattern, acting=acting) as http:
                async with streamable_http_client(url, http_client=http) as streams:
                    yield streams

        super().__init__(transport, **options)

    def call_tool_sync(self, *arguments: Any, **options: Any) -> Any:
        self._check()
        return super().call_tool_sync(*arguments, **options)

    async def call_tool_async(self, *arguments: Any, **options: Any) -> Any:
        self._check()
        return await super().call_tool_async(*arguments, **options)

    def _check(self) -> None:
        if Acting.current() is not self._acting:
            raise RuntimeError("this client was opened for another request")


def mcp_client(url: str, pattern: Pattern, **options: Any) -> MCPClient:
    """Strands' MCP client for the person being acted for; open a new one for each request.

    Args:
        options: those of `strands.tools.mcp.MCPClient`, without transport and credentials.
    """
    return PersonsClient(url, pattern, **options)
