// The chat's page: shows what the console tells, and sends what the person says. Everything that
// comes from elsewhere becomes text nodes; nothing here makes markup out of a string.

const $ = (id) => document.getElementById(id);
const csrf = document.querySelector('meta[name="csrf"]').content;
const conversation = document.querySelector('meta[name="conversation"]').content;
const log = $('log');
const message = $('message');
const cards = new Map();
const answers = new Map();
const shown = new Set();
let running = false;
let over = false;

const WORDS = {
  asked: 'being decided',
  decided: 'allowed, running',
  waiting: 'waiting for you',
  done: 'done',
  refused: 'refused',
  failed: 'failed',
  cancelled: 'stopped',
};
const MOODS = { asked: '', decided: '', waiting: 'warn', done: 'good', refused: 'bad', failed: 'warn', cancelled: 'warn' };
// Characters that turn the direction of text or hide: shown as a mark, since they can make one
// thing look like another.
const HIDING = /(?![\n\t])[\p{Cf}\p{Cc}\u115f\u1160\u2028\u2029\u3164\uffa0]/gu;

function plain(text) {
  return String(text).replace(HIDING, '\ufffd');
}

function el(name, options = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(options)) {
    if (key === 'class') made.className = value;
    else if (key === 'on') for (const [type, listener] of Object.entries(value)) made.addEventListener(type, listener);
    else made.setAttribute(key, value);
  }
  made.append(...children.map((child) => (child instanceof Node ? child : document.createTextNode(plain(child)))));
  return made;
}

async function send(path, body) {
  const answer = await fetch(path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'X-Csrf': csrf, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
    body: body === undefined ? undefined : JSON.stringify(body),
    credentials: 'same-origin',
  });
  const data = await answer.json().catch(() => ({}));
  return { status: answer.status, data };
}

// Keeps the end in sight for whoever was there; on a phone the page scrolls, elsewhere the log.
function follow(change, always = false) {
  const composer = $('composer');
  const atEnd = always || (log.scrollHeight - log.scrollTop - log.clientHeight < 80 &&
    composer.getBoundingClientRect().bottom < window.innerHeight + 80);
  change();
  if (!atEnd) return;
  log.scrollTop = log.scrollHeight;
  if (composer.getBoundingClientRect().bottom > window.innerHeight) composer.scrollIntoView({ block: 'end' });
}

function problem(text) {
  $('problem').textContent = plain(text);
  $('problem').hidden = !text;
}

// Values: objects as lists of terms, lists of flat objects as tables.
function value(data) {
  if (data === null || data === undefined) return el('span', { class: 'soft' }, '–');
  if (Array.isArray(data)) {
    if (data.length === 0) return el('span', { class: 'soft' }, 'none');
    const flat = data.every((row) => row && typeof row === 'object' && !Array.isArray(row) &&
      Object.values(row).every((cell) => cell === null || typeof cell !== 'object'));
    return flat ? table(data) : el('ul', {}, ...data.slice(0, 100).map((one) => el('li', {}, value(one))));
  }
  if (typeof data === 'object') {
    const list = el('dl');
    for (const [key, one] of Object.entries(data)) list.append(el('dt', {}, key), el('dd', {}, value(one)));
    return list;
  }
  return el('span', { class: 'value' }, data);
}

function table(rows) {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const body = rows.slice(0, 100).map((row) => el('tr', {}, ...columns.map((column) => el('td', {}, row[column] ?? '–'))));
  const made = el('table', {},
    el('thead', {}, el('tr', {}, ...columns.map((column) => el('th', { scope: 'col' }, column)))),
    el('tbody', {}, ...body));
  const wide = el('div', { class: 'wide', tabindex: '0', role: 'region', 'aria-label': 'Result' }, made);
  if (rows.length > 100) wide.append(el('p', { class: 'soft' }, `and ${rows.length - 100} more`));
  return wide;
}

function person(data) {
  if (shown.has(data.id)) return;
  shown.add(data.id);
  $('hello').hidden = true;
  follow(() => log.append(el('article', { class: 'said mine' }, el('h2', { class: 'off' }, 'You'), el('p', {}, data.text))), true);
}

function bubble(id) {
  let made = answers.get(id);
  if (!made) {
    made = el('p');
    answers.set(id, made);
    log.append(el('article', { class: 'said' }, el('h2', { class: 'off' }, 'Agent'), made));
  }
  return made;
}

function delta(data) {
  follow(() => bubble(data.id).append(document.createTextNode(plain(data.text))));
}

function said(data) {
  follow(() => { bubble(data.id).textContent = plain(data.text); });
}

function title(card) {
  return card.title && card.title !== card.tool ? `${card.title}` : card.tool;
}

function card(data) {
  const known = cards.get(data.id);
  const made = el('article', { class: `card ${MOODS[data.state]}`, id: `card-${data.id}`, 'data-state': data.state, tabindex: '-1' });
  made.append(el('div', { class: 'head' },
    el('h3', {}, title(data)),
    el('span', { class: `badge ${MOODS[data.state]}` }, WORDS[data.state] ?? data.state),
    ...(data.state === 'refused' && data.box ? [el('span', { class: 'by' }, `by: ${data.box}`)] : [])));
  if (Object.keys(data.arguments ?? {}).length) {
    made.append(el('p', { class: 'args' }, Object.entries(data.arguments).map(([key, one]) => `${key}: ${typeof one === 'object' ? JSON.stringify(one) : one}`).join(' · ')));
  }
  if (data.state === 'waiting') made.append(approval(data));
  // The rules' own words first; the boxes' sentence is for whoever looks further.
  for (const reason of data.reasons ?? []) made.append(el('p', {}, reason));
  if (data.text) made.append(el('p', data.reasons?.length ? { class: 'soft small' } : {}, data.text));
  if (data.repeated) made.append(el('p', { class: 'soft' }, 'This was done before; nothing was done twice.'));
  if (data.result) made.append(value(data.result));
  if (data.login) made.append(login(data.login));
  made.append(foot(data));
  follow(() => {
    if (known) known.replaceWith(made);
    else log.append(made);
  });
  cards.set(data.id, made);
  made.data = data;
  aside();
  busy();
}

function approval(data) {
  const box = el('div', { class: 'ask' });
  box.append(el('p', {}, 'You must approve this yourself. The code belongs on the approval page only; neither the agent nor this page can see it.'));
  if (data.approval?.number) box.append(el('p', {}, 'Number ', el('strong', { class: 'number' }, data.approval.number), ': the approval page must show the same.'));
  const actions = el('div', { class: 'actions' });
  if (data.approval?.url) {
    actions.append(el('a', {
      class: 'button', href: data.approval.url, target: 'approval', rel: 'noopener noreferrer',
      on: { click: (event) => openSmall(event, data.approval.url) },
    }, 'Approve or refuse'));
  }
  actions.append(el('button', { type: 'button', class: 'plain', on: { click: () => again(data.id) } }, 'I have answered'));
  box.append(actions, el('p', { class: 'soft small' }, el('span', { class: 'left', 'data-until': data.approval?.expires ?? '' }, '')));
  return box;
}

// A small window of the approval page. It has no way back to this page, and this page none to it.
function openSmall(event, url) {
  event.preventDefault();
  window.open(url, '_blank', 'popup,noopener,noreferrer,width=520,height=760');
}

function again(id) {
  send(`/chat/cards/${encodeURIComponent(id)}/again`, {}).catch(() => {});
}

// The login that was made for this one call: there now, or how long it was.
function login(data) {
  const named = data.user ? [' ', el('code', {}, data.user)] : [];
  if (!data.until) return el('p', { class: 'login live' }, 'Database login', ...named, ' exists now, for this call only');
  const ms = new Date(data.until) - new Date(data.from);
  return el('p', { class: 'login small' }, 'Database login', ...named, ' made for this call, and gone',
    ...(ms >= 0 ? [` after ${ms < 2000 ? `${ms} ms` : `${Math.round(ms / 1000)} s`}`] : []));
}

function foot(data) {
  const parts = [];
  if (data.ended && data.at) {
    const ms = new Date(data.ended) - new Date(data.at);
    parts.push(ms < 2000 ? `${ms} ms` : `${Math.round(ms / 1000)} s`);
  }
  const line = el('p', { class: 'soft small foot' }, parts.join(' · '));
  if (data.jti) {
    if (parts.length) line.append(' · ');
    line.append(el('a', { href: `/chat/traces/${encodeURIComponent(data.jti)}`, target: '_blank', rel: 'noopener' }, `trace ${data.jti.slice(0, 8)}`));
  }
  return line;
}

function aside() {
  const all = [...cards.values()].map((made) => made.data);
  const open = all.filter((data) => data.state === 'waiting');
  $('open').replaceChildren(...(open.length
    ? open.map((data) => el('li', {}, el('a', { href: `#card-${data.id}`, on: { click: () => cards.get(data.id).focus() } }, title(data)), ' ',
        el('span', { class: 'left soft', 'data-until': data.approval?.expires ?? '' }, '')))
    : [el('li', { class: 'soft' }, 'Nothing.')]));
  const live = all.filter((data) => data.login && !data.login.until);
  $('logins').replaceChildren(...(live.length
    ? live.map((data) => el('li', { class: 'login live' }, el('code', {}, data.login.user ?? ''), ` for ${title(data)}`))
    : [el('li', { class: 'soft' }, 'None.')]));
  $('calls').replaceChildren(...(all.length
    ? all.slice(-8).reverse().map((data) => el('li', {},
        el('span', { class: `dot ${MOODS[data.state]}`, 'aria-hidden': 'true' }, '●'), ` ${title(data)}: ${WORDS[data.state]} `,
        ...(data.jti ? [el('a', { class: 'id', href: `/chat/traces/${encodeURIComponent(data.jti)}`, target: '_blank', rel: 'noopener', 'aria-label': `trace of ${title(data)} ${data.jti.slice(0, 8)}` }, data.jti.slice(0, 8))] : [])))
    : [el('li', { class: 'soft' }, 'None yet.')]));
  tick();
}

function tick() {
  for (const left of document.querySelectorAll('.left')) {
    const ms = new Date(left.dataset.until) - Date.now();
    if (Number.isNaN(ms)) continue;
    const hours = Math.floor(ms / 3_600_000);
    const text = hours > 0 ? `more than ${hours} h left` : ms > 0 ? `${Math.floor(ms / 60000)}:${String(Math.floor(ms / 1000) % 60).padStart(2, '0')} left` : 'time is up';
    if (left.textContent !== text) left.textContent = text;
  }
}

function busy() {
  $('busy').hidden = !running || over;
  $('busy').textContent = [...cards.values()].some((made) => made.data.state === 'waiting')
    ? 'The agent waits for your approval.' : 'The agent is working…';
}

function turn(data) {
  running = data.state === 'running';
  $('send').disabled = running || over;
  $('stop').hidden = !running;
  busy();
  log.setAttribute('aria-busy', String(running));
  problem(data.problem ?? '');
}

function session(data) {
  if (over) return;
  over = true;
  for (const made of cards.values()) {
    if (['asked', 'decided', 'waiting'].includes(made.data.state)) {
      card({ ...made.data, approval: undefined, state: 'cancelled', text: 'Your session ended during this call. Whether it was done is in its trace.' });
    }
  }
  $('send').disabled = true;
  message.disabled = true;
  busy();
  $('stop').hidden = true;
  const again = el('p', {}, el('a', { class: 'button', href: '/' }, 'Sign in again'));
  follow(() => log.append(el('article', { class: 'card bad', id: 'ended', role: 'alert' }, el('h3', {}, 'You are signed out'), el('p', {}, data.reason), again)));
  stream?.close();
}

async function tools() {
  const { status, data } = await send('/chat/tools');
  if (status !== 200) {
    $('tools').replaceChildren(el('li', {}, data.error_description ?? 'The gateway does not answer.'));
    return;
  }
  $('tools').replaceChildren(...data.tools.map((tool) =>
    el('li', {}, el('details', {},
      el('summary', {}, tool.title, tool.writes ? el('span', { class: 'badge warn' }, 'changes data') : el('span', { class: 'soft small' }, ' reads')),
      el('p', { class: 'soft small' }, tool.description),
      ...(tool.takes.length ? [el('ul', { class: 'small' }, ...tool.takes.map((one) => el('li', {}, el('code', {}, one.name), one.within ? `: ${one.within}` : '')))] : [])))));
}

function id() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, '0')).join('');
}

// One id for one message: if the answer was lost, the same id is sent again and counts once.
async function say(text) {
  const body = { id: id(), text };
  for (let attempt = 0; attempt < 4; attempt++) {
    try {
      const { status, data } = await send('/chat/messages', body);
      if (status === 202) {
        message.value = '';
        return;
      }
      if (status === 401) location.assign('/');
      problem(data.error_description ?? 'The message was not taken.');
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** attempt));
    }
  }
  problem('The console does not answer. Your message is still here; send it again.');
}

$('composer').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = message.value.trim();
  if (text && !running && !over) say(text);
});
message.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    $('composer').requestSubmit();
  }
});
$('pattern').addEventListener('change', async (event) => {
  const { status, data } = await send('/chat/pattern', { pattern: event.target.value });
  if (status !== 200) problem(data.error_description ?? 'The pattern was not changed.');
});
$('stop').addEventListener('click', () => send('/chat/cancel', {}));
// Whoever comes back from the approval page does not wait for the next look.
window.addEventListener('focus', () => {
  for (const made of cards.values()) if (made.data.state === 'waiting') again(made.data.id);
});
setInterval(tick, 1000);

const handlers = { person, delta, said, card, turn, session };
let stream;
let last = 0;

function listen() {
  stream?.close();
  if (over) return;
  stream = new EventSource(`/chat/events?of=${encodeURIComponent(conversation)}&after=${last}`);
  for (const [kind, handler] of Object.entries(handlers)) {
    stream.addEventListener(kind, (event) => {
      last = Math.max(last, Number(event.lastEventId));
      handler(JSON.parse(event.data));
    });
  }
  stream.onopen = () => { $('link').textContent = ''; };
  stream.onerror = () => {
    if (over) return;
    if (stream.readyState === EventSource.CLOSED) session({ reason: 'This session has ended, or you signed in anew in another tab.' });
    else $('link').textContent = 'Connection lost, trying again…';
  };
}

// A browser opens only a few connections to one server: tabs that nobody sees hold none, and catch
// up when they are seen.
document.addEventListener('visibilitychange', () => {
  if (document.hidden) stream?.close();
  else listen();
});
listen();
// A page that the browser kept while it was away may be out of date.
window.addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });
tools();
message.focus();
