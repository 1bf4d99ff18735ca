package dev.countersign.sts.http;

import static dev.countersign.sts.stepup.Words.html;

import dev.countersign.sts.stepup.Passkeys;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// The pages around an approval: the door, and the person's passkeys.
final class SignInMarkup {
  private static final DateTimeFormatter DAY =
      DateTimeFormatter.ofPattern("d MMMM yyyy", Locale.ENGLISH).withZone(ZoneOffset.UTC);

  private static final String REGISTER =
      """
      <form method="post" action="/approve/passkeys" data-passkey="create" data-options="%s"
        autocomplete="off">
      %s<label for="label">Name of the new passkey</label>
      <p class="hint" id="label-hint">So that you know it again, such as “work laptop”.</p>
      <input id="label" name="label" type="text" maxlength="40" required aria-describedby="label-hint">
      <input type="hidden" name="response" value="">
      <button class="act" type="submit" name="action" value="passkey">Add a passkey</button>
      <p class="hint" data-passkey-problem role="alert"></p>
      <noscript><p class="hint">Passkeys need JavaScript in this browser.</p></noscript>
      </form>
      """;

  private static final String KEY =
      """
      <li><strong>%s</strong><br><span class="hint">added %s, %s</span>
      <form method="post" action="/approve/passkeys">%s
      <input type="hidden" name="credential" value="%s">
      <button type="submit" name="action" value="remove" aria-label="Remove the passkey %s">Remove</button>
      </form></li>
      """;

  private SignInMarkup() {}

  /// The door: it says nothing about what is behind it.
  ///
  /// @param providers label by anchor
  static String door(Map<String, String> providers, String target) {
    var links = new StringBuilder();
    providers.forEach((anchor, label) ->
        links.append(
            "<a class=\"act\" href=\"/approve/sign-in/%s?to=%s\">Sign in with %s</a>\n"
                .formatted(html(anchor), html(target), html(label))));
    return PageFrame.page(
        "Sign in to go on",
        "<h1>Sign in to go on</h1>\n"
            + "<p class=\"hint\">A request is shown to the person it is for, and to nobody else."
            + " Sign in where you always do.</p>\n"
            + links,
        false);
  }

  /// Asks for a fresh authentication before passkeys change.
  ///
  /// @param saysWhen whether the provider says when the person authenticated
  static String signInAgain(String anchor, boolean saysWhen) {
    return PageFrame.page(
        "Sign in again",
        "<h1>Sign in again</h1>\n<p class=\"hint\">"
            + (saysWhen
                ? "Passkeys can be changed for five minutes after you signed in."
                : "Your identity provider did not say when you signed in. If signing in again does"
                    + " not help, tell whoever runs this service: the claim auth_time is missing.")
            + "</p>\n<a class=\"act\" href=\"/approve/sign-in/"
            + html(anchor)
            + "?to=passkeys&amp;again=true\">Sign in again</a>\n",
        false);
  }

  /// A person's passkeys.
  ///
  /// @param options what the authenticator is asked, as JSON
  /// @param note what was done or went wrong, or empty
  static String passkeys(
      String person, List<Passkeys.Passkey> keys, String options, String csrf, String note) {
    var list = new StringBuilder();
    for (Passkeys.Passkey key : keys) {
      list.append(
          KEY.formatted(
              html(key.label()),
              html(DAY.format(key.createdAt())),
              key.lastUsedAt() == null
                  ? "not used yet"
                  : "last used " + html(DAY.format(key.lastUsedAt())),
              PageFrame.csrf(csrf),
              html(key.credentialId()),
              html(key.label())));
    }
    return PageFrame.page(
        "Your passkeys",
        "<h1>Your passkeys</h1>\n"
            + "<p class=\"hint\">With a passkey you approve a request with your finger, face or PIN."
            + " It signs exactly the request that you see.</p>\n"
            + (note.isEmpty() ? "" : "<p class=\"note\" role=\"status\">" + html(note) + "</p>\n")
            + (keys.isEmpty() ? "" : "<ul class=\"keys\">\n" + list + "</ul>\n")
            + REGISTER.formatted(html(options), PageFrame.csrf(csrf))
            + "<p class=\"foot\">Signed in as "
            + html(person)
            + ".</p>\n",
        true);
  }
}
