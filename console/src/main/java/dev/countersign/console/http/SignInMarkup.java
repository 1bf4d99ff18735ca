package dev.countersign.console.http;

import dev.countersign.console.Provider;
import java.util.List;

/// The first page.
final class SignInMarkup {
  private SignInMarkup() {}

  /// Sends a person on so that the provider ends its session too.
  static String signOutAt(Provider provider, String address) {
    return Layout.page(
        "Signed out here",
        "",
        """
        <div class="card narrow"><h1>You are signed out here</h1>
        <p>Your session at %s is ended next. <a href="%s">Go on</a> if nothing happens.</p></div>
        """
            .formatted(Html.text(provider.label()), Html.exact(address)));
  }

  /// Lets a person choose where to sign in.
  ///
  /// @param hasEnded whether a session has just ended from outside
  static String choose(List<Provider> providers, boolean hasEnded) {
    var body = new StringBuilder("<div class=\"card narrow\">");
    if (hasEnded) {
      body.append(
          "<p class=\"note bad\" role=\"alert\">Your session has ended. Whether a call that still"
              + " ran was done is in its trace, which you can open after signing in.</p>");
    }
    body.append(
        "<h1>Sign in</h1><p class=\"soft\">Choose where you have your account. What you call here is"
            + " decided, and where needed approved, call by call.</p><div class=\"providers\">");
    for (Provider provider : providers) {
      body.append(
          "<a class=\"button\" href=\"/sign-in/%s\">%s</a>"
              .formatted(Html.text(provider.id()), Html.text(provider.label())));
    }
    return Layout.page("Sign in", "", body.append("</div></div>").toString());
  }
}
