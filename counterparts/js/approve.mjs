// A person at the approval page, in Chromium with a virtual authenticator. The first argument is a
// JSON object: chromium, issuer, shots (a folder for screenshots, or null). Each line of the standard
// input is a task, and each is answered with one line of what the page said:
//   {"do":"register"}                             signs in and adds a passkey
//   {"do":"approve","approval":ID,"number":NN}    approves by keyboard alone, with the passkey
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

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

try {
  for await (const line of createInterface({ input: process.stdin })) {
    const task = JSON.parse(line);
    const said = task.do === 'register' ? await register() : await approve(task);
    console.log(JSON.stringify({ ...said, problems: problems.splice(0) }));
  }
} finally {
  await browser.close();
}
