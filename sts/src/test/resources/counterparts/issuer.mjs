// A foreign identity provider: oidc-provider, an OpenID-certified implementation. Prints a token of each form that it
// issues and then serves until its standard input ends.
import { createServer } from 'node:http'
import * as jose from 'jose'
import Provider from 'oidc-provider'

const server = createServer()
await new Promise((ready) => server.listen(0, '127.0.0.1', ready))
const issuer = `http://127.0.0.1:${server.address().port}`

const key = async (alg) => {
  const pair = await jose.generateKeyPair(alg, { extractable: true })
  return { ...(await jose.exportJWK(pair.privateKey)), alg, use: 'sig', kid: `key-${alg}` }
}
const provider = new Provider(issuer, {
  jwks: { keys: [await key('RS256'), await key('ES256'), await key('Ed25519')] },
  clients: [
    { client_id: 'console', client_secret: 'a secret of the console', redirect_uris: ['https://console.example/cb'] },
    {
      client_id: 'sts',
      client_secret: 'a secret: of the sts',
      redirect_uris: [],
      response_types: [],
      grant_types: [],
    },
  ],
  features: {
    devInteractions: { enabled: false },
    introspection: { enabled: true, allowedPolicy: () => true },
    resourceIndicators: { enabled: true },
  },
  extraTokenClaims: () => ({ refund_limit: 5000, email: 'lena@fabrikam.example', email_verified: true }),
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
})
server.on('request', provider.callback())

const client = await provider.Client.find('console')
const grant = new provider.Grant({ accountId: 'lena', clientId: 'console' })
grant.addResourceScope('urn:refunds', 'refunds')
const grantId = await grant.save()

const token = async (alg, audience) => {
  const one = new provider.AccessToken({ accountId: 'lena', client, grantId, gty: 'authorization_code' })
  one.scope = 'refunds'
  one.resourceServer = new provider.ResourceServer(audience, {
    scope: 'refunds',
    accessTokenFormat: alg ? 'jwt' : 'opaque',
    accessTokenTTL: 300,
    ...(alg && { jwt: { sign: { alg } } }),
  })
  return one.save()
}
const opaque = await token('', 'urn:refunds')
console.log(
  JSON.stringify({
    issuer,
    rs256: await token('RS256', 'urn:refunds'),
    es256: await token('ES256', 'urn:refunds'),
    ed25519: await token('Ed25519', 'urn:refunds'),
    other: await token('RS256', 'urn:another-api'),
    opaque,
  }),
)

// The line `revoke` revokes the opaque token; the end of the input ends the program.
process.stdin.on('data', async (text) => {
  if (text.toString().includes('revoke')) {
    await (await provider.AccessToken.find(opaque)).destroy()
    console.log('{"revoked":true}')
  }
})
process.stdin.on('end', () => process.exit(0))
