// Passes requests on to an MCP server with a bearer of ours, for programs that cannot send one.
// node bearer-proxy.mjs TARGET TOKEN     prints the port it listens on
import http from 'node:http';

const target = new URL(process.argv[2]);
const token = process.argv[3];

const proxy = http.createServer((request, response) => {
  const own = request.headers.host === `127.0.0.1:${proxy.address().port}`;
  const host = own ? target.host : request.headers.host;
  const headers = { ...request.headers, host, authorization: `Bearer ${token}` };
  if (request.headers.origin === `http://127.0.0.1:${proxy.address().port}`) {
    headers.origin = target.origin;
  }
  const options = { host: target.hostname, port: target.port, path: request.url, method: request.method, headers };
  const onward = http.request(options, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', () => response.destroy());
  response.on('close', () => onward.destroy());
  request.pipe(onward);
});
proxy.listen(0, '127.0.0.1', () => console.log(proxy.address().port));
