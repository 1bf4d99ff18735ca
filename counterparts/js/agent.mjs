// An agent with a framework as it comes and the TypeScript wrapper: a question a line, an answer as one line.
// Variables: FRAMEWORK (langchain, strands, ai), WRAPPER (its index.ts), PATTERN (te, validate), and those of the example agents.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const { actingFor, clientKey, exchange, forward, guardedFetch, inWords, Sts, Templates } = await import(
  pathToFileURL(process.env.WRAPPER).href
);
const { MCP_URL: url, STS_ISSUER: issuer, OPENAI_BASE_URL: baseURL, OPENAI_API_KEY: apiKey, MODEL: modelName } = process.env;
const bearer = process.env.COUNTERSIGN_BEARER;
delete process.env.COUNTERSIGN_BEARER;

function onApproval(page, message) {
  console.log(`Please approve: ${message} ${page}`);
}

function pattern() {
  if (process.env.PATTERN === "te") return forward({ onApproval });
  const sts = new Sts({ issuer, resource: url, proof: clientKey(process.env.CLIENT_ID, process.env.CLIENT_KEY) });
  return exchange(sts, Templates.read(process.env.TEMPLATES), { onApproval });
}

const transport = () => new StreamableHTTPClientTransport(new URL(url), { fetch: guardedFetch(url, pattern()) });

/** Each makes a function that answers one question. */
const frameworks = {
  async langchain() {
    const { createAgent } = await import("langchain");
    const { ChatOpenAI } = await import("@langchain/openai");
    const { loadMcpTools } = await import("@langchain/mcp-adapters");
    const { Client } = await import("@modelcontextprotocol/sdk/client/index.js");
    const client = new Client({ name: "agent", version: "1" });
    await client.connect(transport());
    const tools = await loadMcpTools("refunds", client);
    const model = new ChatOpenAI({ model: modelName, apiKey, configuration: { baseURL }, maxRetries: 1 });
    const agent = createAgent({ model, tools });
    let messages = [];
    return async (question) => {
      const answer = await agent.invoke({ messages: [...messages, { role: "user", content: question }] });
      messages = answer.messages;
      return String(messages.at(-1).content);
    };
  },
  async strands() {
    const { Agent, McpClient } = await import("@strands-agents/sdk");
    const { OpenAIModel } = await import("@strands-agents/sdk/models/openai");
    const model = new OpenAIModel({ api: "chat", modelId: modelName, apiKey, clientConfig: { baseURL, maxRetries: 1 } });
    const agent = new Agent({ model, tools: [new McpClient({ transport: transport() })], printer: false });
    return async (question) => String(await agent.invoke(question));
  },
  async ai() {
    const { generateText, stepCountIs } = await import("ai");
    const { createMCPClient } = await import("@ai-sdk/mcp");
    const { createOpenAICompatible } = await import("@ai-sdk/openai-compatible");
    const tools = await (await createMCPClient({ transport: transport() })).tools();
    const model = createOpenAICompatible({ name: "rehearsal", baseURL, apiKey })(modelName);
    const messages = [];
    return async (question) => {
      messages.push({ role: "user", content: question });
      const answer = await generateText({ model, tools, messages, stopWhen: stepCountIs(8), maxRetries: 1 });
      messages.push(...answer.response.messages);
      return answer.text;
    };
  },
};

try {
  await actingFor(bearer, async (acting) => {
    process.on("SIGINT", () => acting.cancel());
    const ask = await frameworks[process.env.FRAMEWORK]();
    for await (const question of createInterface({ input: process.stdin })) {
      try {
        console.log((await ask(question)).replaceAll("\n", " "));
      } catch (failed) {
        console.log(inWords(failed));
      }
      acting.check();
    }
  });
} catch (failed) {
  console.log(inWords(failed));
}
process.exit();
