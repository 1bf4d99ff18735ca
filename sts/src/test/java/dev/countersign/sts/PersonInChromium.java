package dev.countersign.sts;

import dev.countersign.box.ScriptedBrowser;
import dev.countersign.protocol.StrictJson;
import tools.jackson.databind.node.ObjectNode;

/// A person with a passkey in a real browser; see `counterparts/js/approve.mjs`.
final class PersonInChromium implements AutoCloseable {
  private final ScriptedBrowser browser;

  PersonInChromium(String issuer) {
    browser = new ScriptedBrowser("approve.mjs", StrictJson.object().put("issuer", issuer));
  }

  /// Signs in and adds a passkey.
  ObjectNode register() {
    return browser.perform(StrictJson.object().put("do", "register"));
  }

  /// Approves with the passkey, by keyboard alone.
  ObjectNode approve(String approval, String number) {
    return browser.perform(
        StrictJson.object().put("do", "approve").put("approval", approval).put("number", number));
  }

  /// Opens the page, signing in if need be, and judges it.
  ObjectNode look(String approval, String shot) {
    return browser.perform(
        StrictJson.object().put("do", "look").put("approval", approval).put("shot", shot));
  }

  /// Approves by signing in again at Keycloak, with a password and a code of an authenticator app.
  ObjectNode approveAtKeycloak(
      String approval, String number, String user, String password, String secret) {
    return browser.perform(
        StrictJson.object()
            .put("do", "mfa")
            .put("approval", approval)
            .put("number", number)
            .put("user", user)
            .put("password", password)
            .put("secret", secret));
  }

  /// Types a code on the page that is open, presses Enter and judges what comes.
  ObjectNode type(String code, String shot) {
    return browser.perform(
        StrictJson.object().put("do", "type").put("code", code).put("shot", shot));
  }

  @Override
  public void close() {
    browser.close();
  }
}
