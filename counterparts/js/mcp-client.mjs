// Lists and calls tools with one of the clients that agents use, and prints what came of it as JSON.
// node mcp-client.mjs CLIENT URL TOKEN TOOL ARGUMENTS

const [, , kind, url, token, tool, json] = process.argv;
const headers = { Authorization: `Bearer ${token}` };
const args = JSON.parse(json);
const info = { name: 'counterpart', version: '1' };
const clients = {
  // The TypeScript SDK of the older revisions.
  v1: async () => {
    const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
    const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/sdk/client/streamableHttp.js');
    const client = new Client(info, { capabilities: {} });
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
    return client;
  },
  // The TypeScript SDK of 2026-07-28; it opens the page by itself, so to say.
  v2: async () => {
    const { Client, StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client');
    const options = { capabilities: { elicitation: { url: {} } }, versionNegotiation: { mode: 'auto' } };
    const client = new Client(info, options);
    client.setRequestHandler('elicitation/create', async () => ({ action: 'accept' }));
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
    return client;
  },
  ai: async () => {
    const { createMCPClient } = await import('@ai-sdk/mcp');
    const client = await createMCPClient({ transport: { type: 'http', url, headers } });
    const tools = await client.tools();
    return {
      listTools: async () => ({ tools: Object.keys(tools).map((name) => ({ name })) }),
      callTool: ({ name, arguments: a }) => tools[name].execute(a, { toolCallId: '1', messages: [] }),
      close: () => client.close(),
    };
  },
};
const client = await clients[kind]();
const { tools } = await client.listTools();
const result = await client.callTool({ name: tool, arguments: args });
console.log(JSON.stringify({ tools: tools.map((one) => one.name), result }));
await client.close();
process.exit(0);
