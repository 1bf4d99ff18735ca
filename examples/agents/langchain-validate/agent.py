"""A refunds agent with LangChain, in Pattern B: the agent exchanges by itself (gateway.mode validate).

Variables: COUNTERSIGN_BEARER (the person's token), MCP_URL, STS_ISSUER, CLIENT_ID, CLIENT_KEY (a file with a private JWK),
TEMPLATES (a file of pins); OPENAI_BASE_URL, OPENAI_API_KEY, MODEL for any OpenAI-compatible endpoint; or
MODEL=anthropic:<name> or ollama:<name> with LangChain's package for it. A question a line.
"""

import asyncio
import os
import sys
from pathlib import Path

from countersign_agent import ClientKey, Exchange, Sts, Templates, acting_for, in_words
from countersign_agent.langchain import connection
from langchain.agents import create_agent
from langchain.chat_models import init_chat_model
from langchain_mcp_adapters.client import MultiServerMCPClient

PROMPT = "You refund customers through tools."


def show(page, message):
    print(f"Please approve: {message} {page}", flush=True)


async def main():
    # Out of the environment, so that nothing started from here inherits it.
    person = acting_for(os.environ.pop("COUNTERSIGN_BEARER"))
    url = os.environ.get("MCP_URL", "http://127.0.0.1:9403/mcp")
    proof = ClientKey.read(os.environ.get("CLIENT_ID", "agent"), os.environ["CLIENT_KEY"])
    sts = Sts(os.environ.get("STS_ISSUER", "http://127.0.0.1:9401"), url, proof)
    templates = Templates.read(os.environ.get("TEMPLATES", Path(__file__).with_name("templates.json")))
    client = MultiServerMCPClient({"refunds": connection(url, Exchange(sts, templates, on_approval=show))})
    name = os.environ.get("MODEL", "rehearsal")
    model = init_chat_model(name if ":" in name else "openai:" + name, timeout=60, max_retries=1)
    try:
        async with person:
            agent = create_agent(model, await client.get_tools(), system_prompt=PROMPT)
            messages = []
            while question := await asyncio.to_thread(sys.stdin.readline):
                try:
                    answer = await agent.ainvoke({"messages": [*messages, ("user", question.strip())]})
                    messages = answer["messages"]
                    print(messages[-1].text, flush=True)
                except Exception as failed:
                    person.check()
                    print(in_words(failed), flush=True)
                person.check()
    except Exception as failed:
        print(in_words(failed), flush=True)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt as stopped:
        print(in_words(stopped), flush=True)
