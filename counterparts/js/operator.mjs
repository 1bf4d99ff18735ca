// An operator at the console, in Chromium. The first argument is a JSON object: chromium, entrance (the
// console's address with the operator's key of this run), shots (a folder for screenshots, or null).
// Each line of the standard input is a task, and each is answered with one line:
//   {"do":"open"}                          enters and goes to the page of sessions
//   {"do":"end","person":P,"client":C,"reason":R,"name":N,"key":FILE,"button":B,"shot":NAME}
//                                          fills the form in, presses the button, waits for the result
//   {"do":"follow"}                        follows the result's link into the ledger
// The answer of "end" has the result, what was sent (URLs and bodies), and what is wrong with the page.
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
const page = await browser.newPage();
page.setDefaultTimeout(40_000);
const problems = [];
const sent = [];
page.on('pageerror', (error) => problems.push(String(error)));
page.on('request', (request) => sent.push(`${request.method()} ${request.url()} ${request.postData() ?? ''}`));

const LOOKS = [
  { name: 'dark-phone', colorScheme: 'dark', width: 375, height: 812 },
  { name: 'light-wide', colorScheme: 'light', width: 1200, height: 860 },
];

// Dark and narrow, light and wide: pictures, and what is wrong with each.
async function judge(shot) {
  const findings = [];
  for (const look of LOOKS) {
    await page.emulateMedia({ colorScheme: look.colorScheme });
    await page.setViewportSize({ width: look.width, height: look.height });
    if (setting.shots && shot) {
      await page.screenshot({ path: `${setting.shots}/${shot}-${look.name}.png`, fullPage: true });
    }
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (wider > 0) findings.push(`${look.name}: the page is ${wider} pixels too wide`);
    // The page lets no script in from elsewhere; the debugger is let in by the browser itself.
    const client = await page.context().newCDPSession(page);
    await client.send('Runtime.evaluate', { expression: axe });
    const { result } = await client.send('Runtime.evaluate', {
      expression: "axe.run(document, { resultTypes: ['violations'] }).then((r) => JSON.stringify(r.violations.filter((v) => ['serious', 'critical'].includes(v.impact)).map((v) => v.id + ': ' + v.nodes.map((n) => n.target.join(' ')).join(', '))))",
      awaitPromise: true,
      returnByValue: true,
    });
    findings.push(...JSON.parse(result.value).map((one) => `${look.name}: ${one}`));
    await client.detach();
  }
  return findings;
}

async function perform(task) {
  switch (task.do) {
    case 'open':
      await page.goto(setting.entrance);
      await page.getByRole('link', { name: 'End sessions' }).click();
      await page.getByLabel('Your key').waitFor();
      return { text: await page.locator('body').innerText() };
    case 'end': {
      sent.length = 0;
      await page.getByLabel('Person').fill(task.person);
      await page.getByLabel('Client').fill(task.client);
      await page.getByLabel('Reason').fill(task.reason);
      await page.getByLabel('Operator', { exact: true }).fill(task.name);
      await page.getByLabel('Your key').setInputFiles(task.key);
      await page.evaluate(() => { document.getElementById('result').hidden = true; });
      await page.getByRole('button', { name: task.button }).click();
      await page.locator('#result:not([hidden])').waitFor();
      const result = await page.locator('#result').innerText();
      return { result, sent: [...sent], findings: await judge(task.shot), problems };
    }
    case 'follow':
      await page.getByRole('link', { name: 'Follow it in the ledger' }).click();
      await page.getByRole('heading', { name: 'Trace' }).waitFor();
      return { text: await page.locator('body').innerText() };
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
  console.log(page.url() + '\n' + (await page.locator('body').innerText({ timeout: 5000 }).catch(() => '')));
  process.exitCode = 1;
} finally {
  await browser.close();
  process.exit();
}
