// A decision point of another maker: the Cedar engine behind the Access Evaluation API of AuthZEN 1.0.
import { createServer } from 'node:http';
import cedar from '@cedar-policy/cedar-wasm/nodejs';

const staticPolicies = `
  permit (principal is user, action == Action::"process_refund", resource)
  when {
    context.client_id == "gateway" &&
    resource.operationDetails.instructedAmount.amount <= principal.refund_limit
  };
  forbid (principal, action, resource)
  when { resource.operationDetails.instructedAmount.amount == 666 };
  permit (principal, action, resource)
  when { resource.operationDetails.instructedAmount.amount > principal.no_such_attribute };
`;

function evaluate({ subject, action, resource, context }) {
  const principal = { type: subject.type, id: subject.id };
  const act = { type: 'Action', id: action.name };
  const thing = { type: 'resource', id: resource.id }; // a type of ours is a URN, which Cedar does not take
  const answer = cedar.isAuthorized({
    principal,
    action: act,
    resource: thing,
    context,
    policies: { staticPolicies },
    entities: [
      { uid: principal, attrs: subject.properties ?? {}, parents: [] },
      { uid: thing, attrs: { ...resource.properties, type: resource.type }, parents: [] },
    ],
  });
  if (answer.type !== 'success') {
    throw new Error(JSON.stringify(answer.errors));
  }
  return { decision: answer.response.decision === 'allow', context: answer.response.diagnostics };
}

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const say = (status, body) => {
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    if (request.url === '/.well-known/authzen-configuration') {
      say(200, { policy_decision_point: 'http://' + request.headers.host });
    } else if (request.url !== '/access/v1/evaluation') {
      say(404, {});
    } else if (request.headers.authorization !== 'Bearer outside-token') {
      say(401, {});
    } else {
      try {
        say(200, evaluate(JSON.parse(Buffer.concat(chunks).toString('utf8'))));
      } catch (failed) {
        say(400, { error: String(failed) });
      }
    }
  });
});
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));
