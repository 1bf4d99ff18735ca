// A person signs in with a real browser: authorization code with PKCE, through the identity provider's own page. Prints
// the token response.
import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import * as oauth from 'oauth4webapi'
import { chromium } from 'playwright-core'

const task = JSON.parse(readFileSync(0, 'utf8'))
const insecure = { [oauth.allowInsecureRequests]: true } // plain HTTP on the loopback interface
const issuer = new URL(task.issuer)
const as = await oauth.processDiscoveryResponse(
  issuer,
  await oauth.discoveryRequest(issuer, insecure),
)
const client = { client_id: task.client }
const verifier = oauth.generateRandomCodeVerifier()
const state = oauth.generateRandomState()
const nonce = oauth.generateRandomNonce()
const start = new URL(as.authorization_endpoint)
start.search = new URLSearchParams({
  client_id: task.client,
  redirect_uri: task.callback,
  response_type: 'code',
  scope: 'openid profile email',
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  state,
  nonce,
})

// RFC 6238 with the usual parameters, as an authenticator app has it.
function totp(secret) {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)))
  const mac = createHmac('sha1', secret).update(counter).digest()
  const value = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff
  return String(value % 1_000_000).padStart(6, '0')
}

const browser = await chromium.launch({
  executablePath: task.chromium,
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
})
let back
try {
  const page = await browser.newPage()
  page.setDefaultTimeout(120_000)
  await page.route(`${task.callback}*`, (route) => route.fulfill({ body: 'signed in' }))
  await page.goto(start.href)
  await page.fill('#username', task.user)
  await page.fill('#password', task.password)
  await page.click('#kc-login')
  if (task.secret) {
    await page.fill('#otp', totp(task.secret))
    await page.click('#kc-login')
  }
  await page.waitForURL(`${task.callback}*`)
  back = new URL(page.url())
} finally {
  await browser.close()
}

const answer = await oauth.processAuthorizationCodeResponse(
  as,
  client,
  await oauth.authorizationCodeGrantRequest(
    as,
    client,
    oauth.None(),
    oauth.validateAuthResponse(as, client, back, state),
    task.callback,
    verifier,
    insecure,
  ),
  { expectedNonce: nonce, requireIdToken: true },
)
console.log(JSON.stringify(answer))
