package dev.countersign.console;

import dev.countersign.box.ScriptedBrowser;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import tools.jackson.databind.node.ObjectNode;

/// A person at the chat in a real browser; see `counterparts/js/chat.mjs`.
final class PersonInChromium implements AutoCloseable {
  private final ScriptedBrowser browser;

  PersonInChromium(String address, String user, Secret password) {
    browser =
        new ScriptedBrowser(
            "chat.mjs",
            StrictJson.object()
                .put("address", address)
                .put("user", user)
                .put("password", password.reveal()));
  }

  void signIn(String provider) {
    browser.perform(StrictJson.object().put("do", "sign-in").put("provider", provider));
  }

  void say(String text) {
    browser.perform(StrictJson.object().put("do", "say").put("text", text));
  }

  void await(String text) {
    browser.perform(StrictJson.object().put("do", "await").put("text", text));
  }

  void click(String name) {
    browser.perform(StrictJson.object().put("do", "click").put("name", name));
  }

  /// Goes to another tab; a new one opens the chat.
  void tab(String name) {
    browser.perform(StrictJson.object().put("do", "tab").put("name", name));
  }

  ObjectNode back() {
    return browser.perform(StrictJson.object().put("do", "back"));
  }

  /// Everything that can be judged about the page as it stands.
  ObjectNode look(String shot) {
    return browser.perform(StrictJson.object().put("do", "look").put("shot", shot));
  }

  @Override
  public void close() {
    browser.close();
  }
}
