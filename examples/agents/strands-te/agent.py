"""A refunds agent with Strands, in Pattern A: the MCP server exchanges the person's token (gateway.mode te).

Variables: COUNTERSIGN_BEARER (the person's token), MCP_URL; OPENAI_BASE_URL, OPENAI_API_KEY, MODEL for any
OpenAI-compatible endpoint, Ollama's included; or MODEL=anthropic:<name> with ANTHROPIC_API_KEY. A question a line.
"""

import os
import signal
import sys

from countersign_agent import Forward, acting_for, in_words
from countersign_agent.strands import mcp_client
from strands import Agent

PROMPT = "You refund customers through tools. If a tool says that a person must approve, tell them where, and stop."


def model():
    name = os.environ.get("MODEL", "rehearsal")
    if name.startswith("anthropic:"):
        from strands.models.anthropic import AnthropicModel

        return AnthropicModel(model_id=name.removeprefix("anthropic:"), max_tokens=1000)
    from strands.models.openai import OpenAIModel

    return OpenAIModel(model_id=name, client_args={"max_retries": 1, "timeout": 60})


def main():
    # Out of the environment, so that nothing started from here inherits it.
    person = acting_for(os.environ.pop("COUNTERSIGN_BEARER"))

    def stop(*_):
        person.cancel()  # else Strands waits for the call that runs
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, stop)
    url = os.environ.get("MCP_URL", "http://127.0.0.1:9403/mcp")
    try:
        with person, mcp_client(url, Forward()) as tools:
            agent = Agent(model(), tools=tools.list_tools_sync(), system_prompt=PROMPT, callback_handler=None)
            for question in sys.stdin:
                try:
                    print(agent(question.strip()), flush=True)
                except Exception as failed:
                    person.check()
                    print(in_words(failed), flush=True)
                person.check()
    except (Exception, KeyboardInterrupt) as failed:
        print(in_words(failed), flush=True)


if __name__ == "__main__":
    main()
