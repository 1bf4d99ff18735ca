// The operator's page of sessions. The key stays here: it is read from the chosen file when something
// is sent, signs one assertion that is good once and for a minute, and is forgotten.

const $ = (id) => document.getElementById(id);
const form = $('end');
const meta = (name) => document.querySelector(`meta[name="${name}"]`).content;

function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

const encoded = (value) => base64url(new TextEncoder().encode(JSON.stringify(value)));

async function readKey(file) {
  try {
    const jwk = JSON.parse(await file.text());
    const { kty, crv, x, y, d } = jwk;
    const key = await crypto.subtle.importKey(
      'jwk', { kty, crv, x, y, d }, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
    return { key, kid: jwk.kid };
  } catch {
    throw new Error('This file holds no private key of an operator (a JWK, EC P-256).');
  }
}

async function assertion(name, file) {
  const { key, kid } = await readKey(file);
  const now = Math.floor(Date.now() / 1000);
  const head = encoded({ typ: 'client-authentication+jwt', alg: 'ES256', kid });
  const claims = encoded({
    iss: name,
    sub: name,
    aud: meta('audience'),
    jti: base64url(crypto.getRandomValues(new Uint8Array(20))),
    iat: now,
    exp: now + 60,
  });
  const signed = new TextEncoder().encode(`${head}.${claims}`);
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key, signed);
  return `${head}.${claims}.${base64url(new Uint8Array(signature))}`;
}

function tell(mood, text, txn) {
  const result = $('result');
  result.className = 'note ' + mood;
  result.textContent = text;
  if (txn) {
    const link = document.createElement('a');
    link.href = '/trace/' + encodeURIComponent(txn);
    link.textContent = 'Follow it in the ledger';
    result.append(' ', link);
  }
  result.hidden = false;
}

async function send(act) {
  const person = $('person').value.trim();
  const client = $('client').value.trim();
  if (!person && !client) throw new Error('Name a person, a client, or both.');
  const body = { reason: $('reason').value.trim() };
  if (person) body.sub = person;
  if (client) body.client_id = client;
  const answer = await fetch('/operator/sessions/' + act, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      'X-Csrf': meta('csrf'),
      'X-Countersign-Presenter': await assertion($('name').value.trim(), $('key').files[0]),
    },
    body: JSON.stringify(body),
  });
  const said = await answer.json();
  if (answer.status !== 201) {
    throw new Error('Nothing was done: ' + (said.error_description || 'status ' + answer.status) + '.');
  }
  const whom = [client, person || 'everybody'].filter(Boolean).join(' for ');
  tell(
    'good',
    act === 'kills' ? `Tokens of ${whom} are refused from now on.` : `${whom} may come in again.`,
    said.txn);
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const buttons = form.querySelectorAll('button');
  buttons.forEach((button) => { button.disabled = true; });
  try {
    await send(event.submitter?.value === 'openings' ? 'openings' : 'kills');
  } catch (failed) {
    tell('bad', failed instanceof TypeError ? 'The console does not answer; look into the ledger before you try again.' : failed.message);
  } finally {
    buttons.forEach((button) => { button.disabled = false; });
  }
});
