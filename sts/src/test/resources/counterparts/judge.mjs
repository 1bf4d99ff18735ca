// An OpenID-certified client library and a second JOSE implementation judge our metadata, our answer to an exchange and
// the token in it. Reads its task from standard input and prints what it found; any disagreement is an exception.
import { readFileSync } from 'node:fs'
import * as jose from 'jose'
import * as oauth from 'oauth4webapi'

const task = JSON.parse(readFileSync(0, 'utf8'))
const insecure = { [oauth.allowInsecureRequests]: true } // plain HTTP on the loopback interface

const issuer = new URL(task.issuer)
const discover = async (algorithm) =>
  oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, { algorithm, ...insecure }),
  )
const as = await discover('oauth2')
const op = await discover('oidc')

const key = await crypto.subtle.importKey(
  'jwk',
  { ...task.key, alg: undefined, key_ops: ['sign'] },
  { name: 'ECDSA', namedCurve: 'P-256' },
  false,
  ['sign'],
)
const client = { client_id: task.client }
const parameters = new URLSearchParams(task.parameters)
const response = await oauth.genericTokenEndpointRequest(
  as,
  client,
  oauth.PrivateKeyJwt({ key, kid: task.key.kid }),
  'urn:ietf:params:oauth:grant-type:token-exchange',
  parameters,
  insecure,
)
const headers = Object.fromEntries(response.headers)
const answer = await oauth.processGenericTokenEndpointResponse(as, client, response)

const claims = await oauth.validateJwtAccessToken(
  as,
  new Request('https://resource.example/', {
    headers: { authorization: `Bearer ${answer.access_token}` },
  }),
  task.audience,
  insecure,
)
const verified = await jose.jwtVerify(
  answer.access_token,
  jose.createRemoteJWKSet(new URL(as.jwks_uri)),
  { issuer: task.issuer, audience: task.audience, typ: 'at+jwt' },
)

// What must fail, must fail with the RFC's own code.
let refusal = ''
try {
  parameters.set('subject_token', parameters.get('subject_token').slice(0, -4) + 'AAAA')
  await oauth.processGenericTokenEndpointResponse(
    as,
    client,
    await oauth.genericTokenEndpointRequest(
      as,
      client,
      oauth.PrivateKeyJwt({ key, kid: task.key.kid }),
      'urn:ietf:params:oauth:grant-type:token-exchange',
      parameters,
      insecure,
    ),
  )
} catch (error) {
  refusal = `${error.status} ${error.error}`
}

console.log(
  JSON.stringify({
    as,
    op,
    answer,
    claims,
    header: verified.protectedHeader,
    cache: headers['cache-control'],
    refusal,
  }),
)
