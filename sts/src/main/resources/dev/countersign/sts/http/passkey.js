// Talks to the person's authenticator for forms that carry `data-passkey`: `create` or `get`.
// The answer travels in the form itself, so that the page does what it says and nothing else.
'use strict';

const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

function options(form) {
  const asked = JSON.parse(form.dataset.options);
  asked.challenge = bytes(asked.challenge);
  if (asked.user) asked.user.id = bytes(asked.user.id);
  for (const list of [asked.allowCredentials, asked.excludeCredentials]) {
    for (const credential of list ?? []) credential.id = bytes(credential.id);
  }
  return { publicKey: asked };
}

function written(credential) {
  const { response } = credential;
  const answer = { clientDataJSON: text(response.clientDataJSON) };
  if (response.attestationObject) {
    answer.attestationObject = text(response.attestationObject);
    answer.transports = response.getTransports ? response.getTransports() : [];
  } else {
    answer.authenticatorData = text(response.authenticatorData);
    answer.signature = text(response.signature);
    if (response.userHandle) answer.userHandle = text(response.userHandle);
  }
  return JSON.stringify({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: answer,
  });
}

for (const form of document.querySelectorAll('form[data-passkey]')) {
  form.addEventListener('submit', async (event) => {
    if (event.submitter?.value !== 'passkey') return;
    event.preventDefault();
    const problem = form.querySelector('[data-passkey-problem]');
    problem.textContent = '';
    try {
      const credential = await navigator.credentials[form.dataset.passkey](options(form));
      form.elements.response.value = written(credential);
      const action = document.createElement('input');
      action.type = 'hidden';
      action.name = 'action';
      action.value = 'passkey';
      form.append(action);
      form.submit();
    } catch (failed) {
      problem.textContent =
        failed.name === 'NotAllowedError'
          ? 'The passkey was not used: it was cancelled or took too long. Please try again.'
          : failed.name === 'InvalidStateError'
            ? 'This device has a passkey for this page already.'
            : 'The passkey could not be used in this browser (' + failed.name + ').';
    }
  });
}
