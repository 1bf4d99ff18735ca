// One call's life at a Vault, with node-vault as it comes: log in, look around, mint, look up, renew, revoke; and what is
// refused. Tells each step as one line of JSON; after `minted` it waits for a line, so that the login can be tried meanwhile.
// Variables: VAULT_ADDR, VAULT_ROLE, VAULT_JWT
'use strict';
const readline = require('node:readline');
const nodeVault = require('node-vault');

const tell = (step, value) => process.stdout.write(JSON.stringify({ step, ...value }) + '\n');
const statusOf = (failure) => (failure.response ? failure.response.statusCode : 0);

async function refused(step, attempt) {
  try {
    await attempt();
    tell(step, { status: 200 });
  } catch (failure) {
    tell(step, { status: statusOf(failure), error: failure.message });
  }
}

async function main() {
  const { VAULT_ADDR: endpoint, VAULT_ROLE: role, VAULT_JWT: jwt } = process.env;
  const vault = nodeVault({ endpoint, token: '' });
  await refused('bad-login', () => vault.jwtLogin({ role, jwt: 'not.a.token' }));
  const login = await vault.jwtLogin({ role, jwt });
  vault.token = login.auth.client_token;
  tell('login', { lease_duration: login.auth.lease_duration });
  const self = await vault.tokenLookupSelf();
  tell('lookup-self', { ttl: self.data.ttl });
  const again = await vault.tokenRenewSelf({ increment: 600 });
  tell('renew-self', { lease_duration: again.auth.lease_duration });

  const minted = await vault.read(`database/creds/${role}`);
  tell('minted', { lease_id: minted.lease_id, ...minted.data });
  await new Promise((resolve) => readline.createInterface({ input: process.stdin }).once('line', resolve));

  const lease = { lease_id: minted.lease_id };
  const found = await vault.write('sys/leases/lookup', lease);
  tell('lookup', { id: found.data.id, ttl: found.data.ttl });
  const renewed = await vault.renew({ ...lease, increment: 400 });
  tell('renew', { lease_id: renewed.lease_id, lease_duration: renewed.lease_duration });
  await vault.revoke({ ...lease, sync: true });
  tell('revoke', {});
  await refused('lookup-revoked', () => vault.write('sys/leases/lookup', lease));
  await refused('mount-list', () => vault.mounts());
  await vault.tokenRevokeSelf();
  tell('revoke-self', {});
  await refused('after-end', () => vault.tokenLookupSelf());
}

main().then(
  () => process.exit(0),
  (failure) => {
    tell('failed', { status: statusOf(failure), error: String(failure && failure.stack) });
    process.exit(1);
  },
);
