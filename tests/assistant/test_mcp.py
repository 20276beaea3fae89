"""The MCP server through the SDK's own client, over standard input and output and over HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

from assistant.mcp_server import make_server
from config.errors import InputError
from config.settings import Settings
from dashboard.access.accounts import Accounts
from serving.store import Store

PROJECT = Path(__file__).parents[2]
TOOLS = {"ask", "list_tables", "describe_table", "query", "top", "search"}
# Starts the server on the test's file as `lakesong mcp` does on a lake.
STDIO = """
import sys
from pathlib import Path
from assistant.mcp_server import make_server
from config.settings import Settings
from serving.store import Store
store = Store(Path(sys.argv[1]))
make_server(Settings(_env_file=None), lambda user: store, user_id="demo").run("stdio")
"""


def told(result: Any) -> Any:
    """What a tool gave, as plain data."""
    if result.structured_content is not None:
        return result.structured_content.get("result", result.structured_content)
    return json.loads(result.content[0].text)


async def _with_client(transport: Any, act: Callable[[Client], Awaitable[Any]]) -> Any:
    async with Client(transport) as client:
        return await act(client)


def test_over_stdio_every_tool_answers(made_file, own_reading):
    expected = own_reading.execute("SELECT count(*) FROM counted WHERE year(played_date) = 2025").fetchone()[0]
    expected_top = own_reading.execute(
        "SELECT artist_name FROM counted GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
    ).fetchone()[0]
    started = StdioServerParameters(
        command=sys.executable, args=["-c", STDIO, str(made_file)], env={**os.environ, "PYTHONPATH": str(PROJECT)}
    )

    async def act(client: Client) -> dict[str, Any]:
        listed = await client.list_tools()
        assert {tool.name for tool in listed.tools} == TOOLS
        assert all(tool.annotations.read_only_hint for tool in listed.tools)
        return {
            "ask": told(await client.call_tool("ask", {"question": "How many songs did I play in 2025?"})),
            "follow": told(
                await client.call_tool(
                    "ask", {"question": "and in 2025?", "asked_before": ["How many songs did I play in 2026?"]}
                )
            ),
            "tables": told(await client.call_tool("list_tables", {})),
            "columns": told(await client.call_tool("describe_table", {"name": "artist_stats"})),
            "query": told(
                await client.call_tool(
                    "query",
                    {"sql": "SELECT count(*) AS n FROM kept_plays WHERE is_counted AND year(played_date) = 2025"},
                )
            ),
            "refused": await client.call_tool("query", {"sql": "SELECT * FROM read_csv('/etc/passwd')"}),
            "top": told(await client.call_tool("top", {"kind": "artist", "count": 3})),
            "search": told(await client.call_tool("search", {"text": "thimbles"})),
        }

    found = asyncio.run(_with_client(stdio_client(started), act))
    assert found["ask"]["value"] == found["follow"]["value"] == expected
    assert found["query"]["rows"] == [{"n": expected}]
    assert found["refused"].is_error and "refused" in found["refused"].content[0].text
    assert found["top"]["rows"][0]["name"] == expected_top
    assert len(found["top"]["rows"]) == 3
    assert found["search"][0]["name"] == "Overgrown Thimbles"
    assert "kept_plays" in {table["name"] for table in found["tables"]}
    assert "play_count" in {column["name"] for column in found["columns"]["columns"]}


class Served:
    """The server on a free port, with two listeners: one has a file, the other none."""

    def __init__(self, store: Store, tokens: Accounts) -> None:
        def open_store(user_id: str) -> Store:
            if user_id != "demo":
                raise InputError(f"There is no listener {user_id}.")
            return store

        server = make_server(
            Settings(_env_file=None), open_store, verify=tokens.user_of_token, url="http://127.0.0.1:8765"
        )
        app = server.streamable_http_app(stateless_http=True, host="127.0.0.1")
        self.server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None))
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        while not self.server.started:
            self.thread.join(0.02)
        self.url = f"http://127.0.0.1:{self.server.servers[0].sockets[0].getsockname()[1]}/mcp"

    def call(self, token: str, tool: str, **values: Any) -> Any:
        async def act() -> Any:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            async with (
                httpx2.AsyncClient(headers=headers) as http,
                Client(streamable_http_client(self.url, http_client=http)) as client,
            ):
                return await client.call_tool(tool, values)

        return asyncio.run(act())


@pytest.fixture
def tokens(tmp_path: Path) -> Accounts:
    return Accounts(tmp_path)


@pytest.fixture
def served(made_store: Store, tokens: Accounts) -> Iterator[Served]:
    running = Served(made_store, tokens)
    yield running
    running.server.should_exit = True
    running.thread.join(10)


def test_over_http_a_token_opens_the_file_of_its_own_listener_alone(served, tokens, own_reading):
    mine, other = tokens.make_token("demo", "mcp"), tokens.make_token("somebody else", "mcp")
    found = told(served.call(mine, "ask", question="How many plays do I have in all?"))
    assert found["value"] == own_reading.execute("SELECT count(*) FROM counted").fetchone()[0]
    refused = served.call(other, "ask", question="How many plays do I have in all?")
    assert refused.is_error and "no listener somebody else" in refused.content[0].text


@pytest.mark.parametrize("token", ["", "wrong", "x" * 5000])
def test_over_http_nothing_is_told_without_a_right_token(served, tokens, token):
    tokens.make_token("demo", "mcp")
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    headers = {"Accept": "application/json, text/event-stream"} | (
        {"Authorization": f"Bearer {token}"} if token else {}
    )
    reply = httpx2.post(served.url, json=body, headers=headers)
    assert reply.status_code == 401
    assert "ask" not in reply.text


def test_another_host_in_the_address_is_refused(served, tokens):
    headers = {
        "Authorization": f"Bearer {tokens.make_token('demo', 'mcp')}",
        "Host": "evil.example",
        "Accept": "application/json, text/event-stream",
    }
    reply = httpx2.post(served.url, json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, headers=headers)
    assert reply.status_code in (403, 421)


def test_a_server_is_for_one_listener_or_for_tokens_never_both(tokens):
    with pytest.raises(ValueError, match="either"):
        make_server(Settings(_env_file=None), lambda user: None, user_id="demo", verify=tokens.user_of_token)
