// A person at the approval page, in Chromium with a virtual authenticator. The first argument is a
// JSON object: chromium, issuer, shots (a folder for screenshots, or null). Each line of the standard
// input is a task, and each is answered with one line of what the page said:
//   {"do":"register"}                             signs in and adds a passkey
//   {"do":"approve","approval":ID,"number":NN}    approves by keyboard alone, with the passkey
//   {"do":"look","approval":ID,"shot":NAME}       signs in if need be and judges the page: axe, width, what
//                                                 the keyboard reaches, what a screen reader is told
//   {"do":"mfa","approval":ID,"user":..,"password":..,"secret":..}   approves by signing in again at Keycloak,
//                                                 with the password and a one-time code of the app
//   {"do":"type","code":TEXT}                     types a code on the page that is open, and presses Enter
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const setting = JSON.parse(process.argv[2]);
const browser = await chromium.launch({
  executablePath: setting.chromium,
  args: ['--no-sandbox', '--disable-gpu'],
});
const page = await (await browser.newContext()).newPage();
const problems = [];
page.on('pageerror', (error) => problems.push(String(error)));
page.on('console', (line) => line.type() === 'error' && problems.push(line.text()));

const client = await page.context().newCDPSession(page);
await client.send('WebAuthn.enable');
await client.send('WebAuthn.addVirtualAuthenticator', {
  options: {
    protocol: 'ctap2',
    transport: 'internal',
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
  },
});

async function shoot(name) {
  if (!setting.shots) return;
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    for (const [size, width, height] of [['wide', 1100, 900], ['phone', 375, 812]]) {
      await page.setViewportSize({ width, height });
      await page.screenshot({ path: `${setting.shots}/${name}-${colorScheme}-${size}.png`, fullPage: true });
    }
  }
}

async function register() {
  const said = {};
  await page.goto(setting.issuer + '/approve/passkeys');
  said.door = await page.locator('h1').innerText();
  await shoot('door');
  await page.getByRole('link', { name: 'Sign in with Okta' }).click();
  await page.getByLabel('Name of the new passkey').fill('work laptop');
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  said.added = await page.getByRole('status').innerText();
  await shoot('passkeys');
  return said;
}

async function approve(task) {
  const said = {};
  await page.goto(setting.issuer + '/approve/' + task.approval);
  said.title = await page.title();
  said.focus = await page.evaluate(() => document.activeElement.id);
  await shoot('approve-' + said.focus);
  if (task.number) await page.keyboard.type(task.number);
  // Tab leads on until the button has the focus; Enter presses it.
  const focused = () => page.evaluate(() => document.activeElement.innerText);
  for (let i = 0; i < 12 && (await focused()) !== 'Approve with a passkey'; i++) {
    await page.keyboard.press('Tab');
  }
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  said.answer = await page.locator('h1').innerText();
  said.note = await page.locator('.note').first().innerText();
  await shoot('answer-' + said.focus);
  return said;
}

// The page allows no script of others; the debugger's is not held against that.
async function violations() {
  await client.send('Runtime.evaluate', { expression: axe });
  const { result } = await client.send('Runtime.evaluate', {
    expression:
      "axe.run(document).then((r) => JSON.stringify(r.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.target.join(' ')).join(', '))))",
    awaitPromise: true,
    returnByValue: true,
  });
  return JSON.parse(result.value);
}

async function judge(shot) {
  const said = { axe: [] };
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width: 320, height: 640 });
    said.axe.push(...(await violations()));
    said.tooWide ||= await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
  }
  await shoot(shot);
  said.title = await page.title();
  said.heading = await page.locator('h1').innerText();
  said.landmarks = await page.getByRole('main').count();
  said.told = await page.getByRole('alert').or(page.getByRole('status')).allInnerTexts();
  said.focus = await page.evaluate(() => document.activeElement.id);
  said.describes = await page.evaluate(() =>
    (document.activeElement.getAttribute('aria-describedby') ?? '')
      .split(' ')
      .filter(Boolean)
      .map((id) => document.getElementById(id)?.innerText ?? 'MISSING'));
  // Where the keyboard goes, from where the page puts it, until it leaves the page.
  said.tabs = [];
  for (let i = 0; i < 20; i++) {
    const name = await page.evaluate(() => {
      const at = document.activeElement;
      return at === document.body ? '' : at.labels?.[0]?.innerText || at.innerText;
    });
    if (said.tabs.includes(name) || (!name && i > 0)) break;
    if (name) said.tabs.push(name);
    await page.keyboard.press('Tab');
  }
  return said;
}

async function look(task) {
  await page.goto(setting.issuer + '/approve/' + task.approval);
  const door = page.getByRole('link', { name: 'Sign in with Okta' });
  if (await door.count()) await door.click();
  return judge(task.shot);
}

async function type(task) {
  await page.getByLabel(/^Code from/).fill(task.code);
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  return judge(task.shot);
}

// RFC 6238 with the usual parameters, as an authenticator app has it.
function totp(secret) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const mac = createHmac('sha1', secret).update(counter).digest();
  const value = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff;
  return String(value % 1_000_000).padStart(6, '0');
}

async function keycloak(task) {
  const there = setting.issuer + '/approve/' + task.approval;
  page.setDefaultTimeout(60_000);
  // It knows the person when it asks again.
  if (await page.locator('#username').isVisible()) await page.fill('#username', task.user);
  await page.fill('#password', task.password);
  await page.click('#kc-login');
  await page.locator('#otp').waitFor();
  // A code is good once: where it was used a moment ago, the next one comes within half a minute.
  for (let tries = 0; page.url() !== there && tries < 40; tries++) {
    if (await page.locator('#otp').isVisible()) {
      await page.fill('#otp', totp(task.secret));
      await Promise.all([page.waitForEvent('load'), page.click('#kc-login')]);
    }
    if (page.url() !== there) await page.waitForTimeout(2_000);
  }
}

async function mfa(task) {
  const said = {};
  await page.goto(setting.issuer + '/approve/' + task.approval);
  await page.getByRole('link', { name: 'Sign in with Keycloak' }).click();
  await page.locator('#password').waitFor();
  await keycloak(task);
  said.title = await page.locator('h1').innerText();
  await page.getByLabel('Number in your chat').fill(task.number);
  await page.getByRole('button', { name: 'Approve by signing in again' }).click();
  await page.locator('#password').waitFor();
  await keycloak(task);
  said.answer = await page.locator('h1').innerText();
  return said;
}

const tasks = { register, approve, look, type, mfa };
try {
  for await (const line of createInterface({ input: process.stdin })) {
    const task = JSON.parse(line);
    const said = await tasks[task.do](task);
    console.log(JSON.stringify({ ...said, problems: problems.splice(0) }));
  }
} finally {
  await browser.close();
}
