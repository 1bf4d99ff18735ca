// A person at the chat, in Chromium. The first argument is a JSON object: chromium, address, user,
// password, shots (a folder for screenshots, or null). Each line of the standard input is a task, and
// each is answered with one line of what the page shows:
//   {"do":"sign-in","provider":NAME}    chooses the provider and signs in
//   {"do":"say","text":TEXT}            types a message and sends it with Enter
//   {"do":"await","text":TEXT}          waits until the page shows a text
//   {"do":"click","name":NAME}          presses the button or link of that name
//   {"do":"look","shot":NAME}           everything to be judged: text, axe, sizes, errors, origins
//   {"do":"choose","name":NAME}         chooses a radio button
//   {"do":"back"}                       goes back in the browser's history
//   {"do":"open-approval","provider":NAME}  opens the approval page and signs in there
//   {"do":"approve","code":CODE}        types the code there and approves
import { createInterface } from 'node:readline';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const setting = JSON.parse(process.argv[2]);
const browser = await chromium.launch({
  executablePath: setting.chromium,
  args: ['--no-sandbox', '--disable-gpu'],
});
const context = await browser.newContext();
const page = await context.newPage();
page.setDefaultTimeout(40_000);
let approval;
const problems = [];
const origins = new Set();
let bytes = 0;
page.on('pageerror', (error) => problems.push(String(error)));
page.on('console', (line) => line.type() === 'error' && problems.push(line.text()));
page.on('dialog', (dialog) => { problems.push('a dialog: ' + dialog.message()); dialog.dismiss(); });
page.on('request', (request) => origins.add(new URL(request.url()).origin));
page.on('response', async (response) => {
  const length = (await response.body().catch(() => Buffer.alloc(0))).length;
  bytes += length;
});

async function shoot(name) {
  if (!setting.shots) return;
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    for (const [size, width, height] of [['wide', 1200, 860], ['phone', 375, 812]]) {
      await page.setViewportSize({ width, height });
      await page.screenshot({ path: `${setting.shots}/${name}-${colorScheme}-${size}.png`, fullPage: size === 'phone' });
    }
  }
  await page.setViewportSize({ width: 1200, height: 860 });
}

async function look(task) {
  await shoot(task.shot);
  const findings = [];
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    for (const width of [1200, 375]) {
      await page.setViewportSize({ width, height: 860 });
      // The page lets no script in from elsewhere; the debugger is let in by the browser itself.
      const client = await context.newCDPSession(page);
      await client.send('Runtime.evaluate', { expression: axe });
      const { result } = await client.send('Runtime.evaluate', {
        expression: "axe.run(document, { resultTypes: ['violations'] }).then((r) => JSON.stringify(r.violations.filter((v) => ['serious', 'critical'].includes(v.impact)).map((v) => v.id + ': ' + v.nodes.map((n) => n.target.join(' ')).join(', '))))",
        awaitPromise: true,
        returnByValue: true,
      });
      findings.push(...JSON.parse(result.value).map((one) => `${colorScheme} ${width}: ${one}`));
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (wider > 0) findings.push(`${width}: the page is ${wider} pixels too wide`);
    }
  }
  const paint = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? -1);
  return { text: await page.locator('body').innerText(), findings, problems, origins: [...origins], bytes, paint: Math.round(paint) };
}

async function perform(task) {
  switch (task.do) {
    case 'sign-in':
      await page.goto(setting.address + '/');
      await page.getByRole('link', { name: task.provider }).click();
      await page.locator('input[name="username"]').fill(setting.user);
      await page.locator('input[name="password"]').fill(setting.password);
      await page.locator('button[type="submit"]').first().click();
      await page.locator('#message').waitFor();
      bytes = 0; origins.clear(); problems.length = 0;
      await page.reload();
      await page.locator('#message').waitFor();
      return { title: await page.title() };
    case 'say':
      await page.locator('#send:enabled').waitFor();
      await page.locator('#message').fill(task.text);
      await page.locator('#message').press('Enter');
      return {};
    case 'await':
      await page.getByText(task.text, { exact: false }).last().waitFor();
      return {};
    case 'click': {
      const found = page.getByRole('button', { name: task.name }).or(page.getByRole('link', { name: task.name }));
      await found.last().click();
      return {};
    }
    case 'open-approval': {
      [approval] = await Promise.all([
        context.waitForEvent('page'),
        page.getByRole('link', { name: 'Approve or refuse' }).last().click(),
      ]);
      await approval.waitForLoadState();
      const entry = approval.getByRole('link', { name: task.provider });
      if (await entry.count()) await entry.first().click();
      if (await approval.locator('input[name="username"]').count()) {
        await approval.locator('input[name="username"]').fill(setting.user);
        await approval.locator('input[name="password"]').fill(setting.password);
        await approval.locator('button[type="submit"]').first().click();
      }
      await approval.locator('input[name="code"]').waitFor({ timeout: 40_000 });
      if (setting.shots) await approval.screenshot({ path: `${setting.shots}/chain-approval.png`, fullPage: true });
      return { text: await approval.locator('body').innerText(), opener: await approval.evaluate(() => window.opener === null) };
    }
    case 'approve': {
      await approval.locator('input[name="code"]').fill(task.code);
      await approval.getByRole('button', { name: 'Approve', exact: true }).click();
      await approval.waitForLoadState();
      const text = await approval.locator('body').innerText();
      await approval.close();
      await page.bringToFront();
      return { text };
    }
    case 'choose':
      await Promise.all([
        page.waitForResponse((answer) => answer.url().endsWith('/chat/pattern') && answer.status() === 200),
        page.getByRole('radio', { name: task.name }).check(),
      ]);
      return {};
    case 'back':
      await page.goBack();
      return { text: await page.locator('body').innerText() };
    case 'look':
      return await look(task);
    default:
      throw new Error('unknown task ' + task.do);
  }
}

try {
  for await (const line of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await perform(JSON.parse(line))));
  }
} catch (error) {
  console.log('failed: ' + error);
  for (const open of context.pages()) {
    console.log(open.url() + '\n' + (await open.locator('body').innerText({ timeout: 5000 }).catch(() => '')));
  }
  process.exitCode = 1;
} finally {
  await browser.close();
  process.exit();
}
