// Opens the chat again and again and measures what Lighthouse looks at. The standard input is a JSON
// object: chromium, address, user, password, provider, rounds. The answer is one JSON object.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const setting = JSON.parse(readFileSync(0, 'utf8'));
const browser = await chromium.launch({
  executablePath: setting.chromium,
  args: ['--no-sandbox', '--disable-gpu'],
});
const context = await browser.newContext();
const result = { cold: [], warm: [], largest: [], tools: [], shift: 0, bytes: 0, requests: 0 };
const errors = [];
const foreign = new Set();

async function signIn() {
  const page = await context.newPage();
  await page.goto(setting.address + '/');
  await page.getByRole('link', { name: setting.provider }).click();
  await page.locator('input[name="username"]').fill(setting.user);
  await page.locator('input[name="password"]').fill(setting.password);
  await page.locator('button[type="submit"]').first().click();
  await page.locator('#message').waitFor();
  await page.close();
}

// What the page has seen of itself by the time it is at rest.
function seen() {
  return new Promise((resolve) => {
    let largest = 0;
    let shift = 0;
    new PerformanceObserver((list) => { largest = Math.max(largest, ...list.getEntries().map((one) => one.startTime)); })
      .observe({ type: 'largest-contentful-paint', buffered: true });
    new PerformanceObserver((list) => list.getEntries().forEach((one) => { if (!one.hadRecentInput) shift += one.value; }))
      .observe({ type: 'layout-shift', buffered: true });
    setTimeout(() => resolve({
      paint: performance.getEntriesByName('first-contentful-paint')[0].startTime,
      tools: performance.getEntriesByType('resource').find((one) => one.name.includes('/chat/tools'))?.responseEnd ?? 0,
      largest,
      shift,
    }), 500);
  });
}

async function open(isCold) {
  const page = await context.newPage();
  const client = await context.newCDPSession(page);
  await client.send('Network.enable');
  await client.send('Network.setCacheDisabled', { cacheDisabled: isCold });
  const bodies = [];
  let requests = 0;
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (line) => line.type() === 'error' && errors.push(line.text()));
  page.on('request', (request) => {
    requests++;
    if (new URL(request.url()).origin !== setting.address) foreign.add(request.url());
  });
  page.on('response', (response) => {
    if (!response.url().includes('/chat/events')) bodies.push(response.body().catch(() => Buffer.alloc(0)));
  });
  await page.goto(setting.address + '/chat');
  await page.locator('#tools details').first().waitFor();
  const { paint, tools, largest, shift } = await page.evaluate(seen);
  (isCold ? result.cold : result.warm).push(paint);
  if (isCold) {
    result.largest.push(largest);
    result.tools.push(tools);
    result.bytes = Math.max(result.bytes, (await Promise.all(bodies)).reduce((sum, body) => sum + body.length, 0));
    result.requests = Math.max(result.requests, requests);
  }
  result.shift = Math.max(result.shift, shift);
  return { page, client };
}

// Small targets (WCAG 2.2, 2.5.8), and what a page must say about itself.
function marks() {
  const small = [...document.querySelectorAll('a, button, summary, input, textarea')].filter((one) => {
    const box = one.getBoundingClientRect();
    const inText = one.tagName === 'A' && getComputedStyle(one).display === 'inline';
    const labelled = one.closest('label')?.getBoundingClientRect();
    return box.width > 1 && !inText && !one.classList.contains('skip') && (labelled ?? box).height < 24;
  });
  const missing = [
    document.documentElement.lang,
    document.title,
    document.querySelector('meta[name="viewport"]'),
    document.querySelector('meta[name="color-scheme"]'),
    document.querySelector('main'),
    document.querySelector('h1'),
    document.doctype,
    document.characterSet === 'UTF-8',
  ].filter((mark) => !mark);
  return { small: small.length, missing: missing.length };
}

try {
  await signIn();
  for (let round = 0; round < setting.rounds; round++) {
    await (await open(true)).page.close();
    await (await open(false)).page.close();
  }
  const { page, client } = await open(false);
  // The page lets no script in from elsewhere; the debugger is let in by the browser itself.
  await client.send('Runtime.evaluate', { expression: axe });
  const { result: found } = await client.send('Runtime.evaluate', {
    expression: "axe.run(document).then((r) => r.violations.length)",
    awaitPromise: true,
    returnByValue: true,
  });
  const { small, missing } = await page.evaluate(marks);
  result['requests to other origins'] = foreign.size;
  result['errors on the console'] = errors.length;
  result['findings of axe of any weight'] = found.value;
  result['targets under 24 pixels'] = small;
  result['marks that a page must have, missing'] = missing;
  console.log(JSON.stringify(result));
} catch (error) {
  console.log(String(error));
  process.exitCode = 1;
} finally {
  await browser.close();
}
