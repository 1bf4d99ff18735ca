// A person at the chat, in Chromium. The first argument is a JSON object: chromium, address, user,
// password, shots (a folder for screenshots, or null). Each line of the standard input is a task, and
// each is answered with one line of what the page shows:
//   {"do":"sign-in","provider":NAME}    chooses the provider and signs in; "keyboard":true by keyboard
//   {"do":"say","text":TEXT}            types a message and sends it with Enter
//   {"do":"await","text":TEXT}          waits until the page shows a text
//   {"do":"click","name":NAME}          presses the button or link of that name
//   {"do":"look","shot":NAME}           everything to be judged: text, axe, sizes, errors, origins
//   {"do":"shoot","shot":NAME}          a picture only
//   {"do":"read"}                       the page's text and address
//   {"do":"choose","name":NAME}         chooses a radio button
//   {"do":"back"}                       goes back in the browser's history
//   {"do":"tab","name":NAME}            goes to another tab; a new one opens the chat
//   {"do":"walk","to":NAME,"key":KEY}   by keyboard: Tab until that has the focus, then a key
//   {"do":"type","text":TEXT}           by keyboard: types where the focus is
//   {"do":"trace"}                      opens the trace of the latest call in a tab, judges it, closes it
//   {"do":"open-approval","provider":NAME}  opens the approval page in its window and signs in there;
//                                       with "phone":true on another device; with "keyboard":true the
//                                       focus is on its link already, and Enter opens it
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
const tabs = new Map();
let approval;
const problems = [];
const origins = new Set();
const bodies = [];
let requests = 0;

async function tab() {
  const made = await context.newPage();
  made.setDefaultTimeout(40_000);
  made.on('pageerror', (error) => problems.push(String(error)));
  made.on('console', (line) => line.type() === 'error' && problems.push(line.text()));
  made.on('dialog', (dialog) => { problems.push('a dialog: ' + dialog.message()); dialog.dismiss(); });
  made.on('request', (request) => { requests++; origins.add(new URL(request.url()).origin); });
  // The stream of events never ends.
  made.on('response', (response) => {
    if (!response.url().includes('/chat/events')) bodies.push(response.body().catch(() => Buffer.alloc(0)));
  });
  return made;
}

let page = await tab();
tabs.set('first', page);

const LOOKS = [
  { colorScheme: 'light', size: 'wide', width: 1200, height: 860 },
  { colorScheme: 'dark', size: 'phone', width: 375, height: 812 },
];

async function show(of, look) {
  await of.emulateMedia({ colorScheme: look.colorScheme });
  await of.setViewportSize({ width: look.width, height: look.height });
}

// Light and wide, dark and narrow: pictures, and what is wrong with each.
async function judge(of, shot) {
  const findings = [];
  for (const look of LOOKS) {
    await show(of, look);
    if (setting.shots && shot) {
      await of.screenshot({ path: `${setting.shots}/${shot}-${look.colorScheme}-${look.size}.png`, fullPage: look.size === 'phone' });
    }
    const wider = await of.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (wider > 0) findings.push(`${look.size}: the page is ${wider} pixels too wide`);
    // The page lets no script in from elsewhere; the debugger is let in by the browser itself.
    const client = await of.context().newCDPSession(of);
    await client.send('Runtime.evaluate', { expression: axe });
    findings.push(...(await violations(client)).map((one) => `${look.colorScheme} ${look.size}: ${one}`));
    await client.detach();
  }
  await show(of, LOOKS[0]);
  return findings;
}

async function violations(client) {
  const { result } = await client.send('Runtime.evaluate', {
    expression: "axe.run(document, { resultTypes: ['violations'] }).then((r) => JSON.stringify(r.violations.filter((v) => ['serious', 'critical'].includes(v.impact)).map((v) => v.id + ': ' + v.nodes.map((n) => n.target.join(' ')).join(', '))))",
    awaitPromise: true,
    returnByValue: true,
  });
  return JSON.parse(result.value);
}

async function look(task) {
  const findings = await judge(page, task.shot);
  const bytes = (await Promise.all(bodies)).reduce((sum, body) => sum + body.length, 0);
  return { text: await page.locator('body').innerText(), findings, problems, origins: [...origins], bytes, requests, links: await page.evaluate(() => [...document.links].map((link) => link.href)) };
}

// What a screen reader says of the element that has the focus.
function focused() {
  return page.evaluate(() => {
    const at = document.activeElement;
    if (at === document.body) return '';
    return at.getAttribute('aria-label') || at.labels?.[0]?.innerText || at.innerText || at.getAttribute('placeholder') || '';
  });
}

async function signInAt(of, provider) {
  const entry = of.getByRole('link', { name: provider });
  if (await entry.count()) await entry.first().click();
  if (await of.locator('input[name="username"]').count()) {
    await of.locator('input[name="username"]').fill(setting.user);
    await of.locator('input[name="password"]').fill(setting.password);
    await of.locator('button[type="submit"]').first().click();
  }
}

async function walk(to) {
  for (let i = 0; i < 60 && !(await focused()).includes(to); i++) await page.keyboard.press('Tab');
  const at = await focused();
  if (!at.includes(to)) throw new Error(`Tab does not lead to ${to}`);
  return at;
}

async function signInByKeyboard(provider) {
  await walk(provider);
  await page.keyboard.press('Enter');
  await page.locator('input[name="username"]').waitFor();
  await page.keyboard.type(setting.user);
  await page.keyboard.press('Tab');
  await page.keyboard.type(setting.password);
  await page.keyboard.press('Enter');
}

async function openApproval(task) {
  const link = page.getByRole('link', { name: 'Approve or refuse' }).last();
  if (task.phone) {
    const phone = await browser.newContext({ viewport: { width: 375, height: 812 }, isMobile: true, hasTouch: true, colorScheme: 'dark' });
    approval = await phone.newPage();
    await approval.goto(await link.getAttribute('href'));
  } else {
    [approval] = await Promise.all([
      context.waitForEvent('page'),
      task.keyboard ? page.keyboard.press('Enter') : link.click(),
    ]);
  }
  await approval.waitForLoadState();
  await signInAt(approval, task.provider);
  await approval.locator('input[name="code"]').waitFor({ timeout: 40_000 });
  const wider = await approval.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  if (setting.shots) {
    await approval.screenshot({ path: `${setting.shots}/chain-approval${task.phone ? '-phone' : ''}.png`, fullPage: true });
  }
  return {
    text: await approval.locator('body').innerText(),
    opener: await approval.evaluate(() => window.opener === null),
    wider,
  };
}

async function perform(task) {
  switch (task.do) {
    case 'sign-in':
      await page.goto(setting.address + '/');
      if (task.keyboard) await signInByKeyboard(task.provider);
      else {
        await page.getByRole('link', { name: task.provider }).click();
        await page.locator('input[name="username"]').fill(setting.user);
        await page.locator('input[name="password"]').fill(setting.password);
        await page.locator('button[type="submit"]').first().click();
      }
      await page.locator('#message').waitFor();
      bodies.length = 0; requests = 0; origins.clear(); problems.length = 0;
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
    case 'open-approval':
      return await openApproval(task);
    case 'approve': {
      if (task.keyboard) {
        await approval.locator('input[name="code"]').focus();
        await approval.keyboard.type(task.code);
        for (let i = 0; i < 12 && (await approval.evaluate(() => document.activeElement.innerText)) !== 'Approve'; i++) {
          await approval.keyboard.press('Tab');
        }
        await Promise.all([approval.waitForNavigation(), approval.keyboard.press('Enter')]);
      } else {
        await approval.locator('input[name="code"]').fill(task.code);
        await approval.getByRole('button', { name: 'Approve', exact: true }).click();
      }
      await approval.waitForLoadState();
      const text = await approval.locator('body').innerText();
      await approval.close();
      await page.bringToFront();
      // Whoever comes back to a window gives it the focus; a browser without a screen does not tell.
      await page.evaluate(() => window.dispatchEvent(new Event('focus')));
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
    case 'shoot':
      if (setting.shots) await page.screenshot({ path: `${setting.shots}/${task.shot}.png` });
      return {};
    case 'read':
      return { text: await page.locator('body').innerText(), address: page.url(), problems };
    case 'tab':
      if (!tabs.has(task.name)) {
        tabs.set(task.name, await tab());
        await tabs.get(task.name).goto(setting.address + '/chat');
      }
      page = tabs.get(task.name);
      await page.bringToFront();
      return {};
    case 'walk': {
      const focus = await walk(task.to);
      if (task.key) await page.keyboard.press(task.key);
      return { focus };
    }
    case 'type':
      await page.keyboard.type(task.text);
      return {};
    case 'trace': {
      const [opened] = await Promise.all([
        context.waitForEvent('page'),
        page.locator('.card .foot a').last().click(),
      ]);
      await opened.locator('.picture svg').waitFor();
      const findings = await judge(opened, task.shot);
      const svg = await opened.locator('.picture').innerHTML();
      const text = await opened.locator('body').innerText();
      await opened.close();
      return { findings, svg, text };
    }
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
