package dev.countersign.idp.http;

import dev.countersign.idp.Person;
import java.util.List;
import java.util.stream.Collectors;

/// The pages that a person sees. They work without scripts, with a keyboard and a screen reader.
final class Pages {
  private static final String STYLE =
      """
      :root{color-scheme:light dark;--ink:#1c2230;--soft:#5b6475;--line:#d6dbe4;--paper:#fff;--ground:#eef1f6;--bad:#a31621}
      @media (prefers-color-scheme:dark){:root{--ink:#e9edf5;--soft:#a8b1c2;--line:#3a4354;--paper:#1b212c;--ground:#11151c;--bad:#ff9aa2}}
      *{box-sizing:border-box}
      body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--ground);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
      main{width:100%;max-width:26rem;background:var(--paper);border:1px solid var(--line);border-radius:.75rem;overflow:hidden;box-shadow:0 1px 2px #0001,0 12px 32px #0001}
      .band{background:repeating-linear-gradient(135deg,#ffd54a 0 .9rem,#f7c61f .9rem 1.8rem);color:#3a2c00;font-weight:600;font-size:.85rem;padding:.45rem 1.75rem}
      .body{padding:1.5rem 1.75rem 1.75rem}
      .mark{display:flex;gap:.6rem;align-items:center;color:var(--soft);font-size:.9rem}
      .mark i{width:1.1rem;height:1.1rem;border-radius:.3rem;background:ACCENT;display:inline-block}
      h1{font-size:1.4rem;line-height:1.25;margin:.75rem 0 .25rem}
      p{margin:.25rem 0 1rem;color:var(--soft)}
      label{display:block;font-weight:600;margin:1rem 0 .3rem}
      input{width:100%;font:inherit;color:inherit;background:transparent;padding:.6rem .7rem;border:1px solid #7d8798;border-radius:.45rem}
      input:focus-visible,button:focus-visible,a:focus-visible{outline:3px solid #4c9ffe;outline-offset:2px}
      button{width:100%;margin-top:1.5rem;font:inherit;font-weight:600;color:#fff;background:ACCENT;border:0;border-radius:.45rem;padding:.7rem;cursor:pointer}
      .error{border-left:.25rem solid var(--bad);padding:.35rem .75rem;color:var(--bad);margin:1rem 0 0}
      code{font-size:.9em;overflow-wrap:anywhere}
      h2{font-size:1rem;margin:1.25rem 0 .25rem}
      ul{padding-left:1.1rem;margin:.25rem 0}
      a{color:inherit}
      """;

  private final Brand brand;

  Pages(Brand brand) {
    this.brand = brand;
  }

  /// The sign-in form.
  ///
  /// @param form its id, which goes back in a hidden field
  /// @param error empty on the first showing
  String signIn(String action, String form, String client, String username, String error) {
    boolean knowsName = !username.isEmpty();
    return page(
        "Sign in",
        """
        <h1>Sign in</h1>
        <p>to continue to %s</p>
        %s
        <form method="post" action="%s" autocomplete="on">
        <input type="hidden" name="flow" value="%s">
        <label for="username">%s</label>
        <input id="username" name="username" type="text" autocomplete="username" autocapitalize="none" spellcheck="false" required value="%s"%s%s>
        <label for="password">Password</label>
        <input id="password" name="password" type="password" autocomplete="current-password" required%s>
        <button type="submit">Sign in</button>
        </form>
        """
            .formatted(
                escape(client),
                error.isEmpty()
                    ? ""
                    : "<p class=\"error\" id=\"error\" role=\"alert\">" + escape(error) + "</p>",
                escape(action),
                escape(form),
                escape(brand.usernameLabel()),
                escape(username),
                knowsName ? "" : " autofocus",
                error.isEmpty() ? "" : " aria-describedby=\"error\"",
                knowsName ? " autofocus" : ""));
  }

  /// The second factor. The phone is as invented as the people are.
  String secondFactor(String action, String form, String client) {
    return page(
        "Second factor",
        """
        <h1>Is it you?</h1>
        <p>%s asks for a second factor. A real provider would ask your phone now.</p>
        <form method="post" action="%s">
        <input type="hidden" name="flow" value="%s">
        <button type="submit" name="second" value="yes" autofocus>It is me</button>
        </form>
        """
            .formatted(escape(client), escape(action), escape(form)));
  }

  /// A refusal that cannot go back to the client.
  String refusal(String code, String text) {
    return page(
        "Sign-in is not possible",
        """
        <h1>Sign-in is not possible</h1>
        <p>%s</p>
        <p><code>%s</code></p>
        """
            .formatted(escape(text), escape(code)));
  }

  String signedOut() {
    return page("Signed out", "<h1>You are signed out</h1><p>You can close this window.</p>");
  }

  /// What this server is, for whoever opens its address.
  String home(List<Person> people, List<String> documents) {
    return page(
        "Development identity provider",
        """
        <h1>Development identity provider</h1>
        <p>Signs in invented people and keeps everything in memory.</p>
        <h2>People</h2><ul>%s</ul>
        <h2>Documents</h2><ul>%s</ul>
        """
            .formatted(
                people.stream()
                    .map(person ->
                        "<li>%s, <code>%s</code></li>"
                            .formatted(escape(person.displayName()), escape(person.username())))
                    .collect(Collectors.joining()),
                documents.stream()
                    .map(path ->
                        "<li><a href=\"%1$s\"><code>%1$s</code></a></li>".formatted(escape(path)))
                    .collect(Collectors.joining())));
  }

  private String page(String title, String body) {
    return """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>%s · %s</title>
    <style>%s</style>
    </head>
    <body>
    <main>
    <div class="band">Development only · invented people</div>
    <div class="body">
    <div class="mark"><i aria-hidden="true"></i><span>%s · %s</span></div>
    %s
    </div>
    </main>
    </body>
    </html>
    """
        .formatted(
            escape(title),
            escape(brand.name()),
            STYLE.replace("ACCENT", brand.accent()),
            escape(brand.organisation()),
            escape(brand.name()),
            body);
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }
}
