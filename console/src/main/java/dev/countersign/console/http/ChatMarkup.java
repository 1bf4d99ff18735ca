package dev.countersign.console.http;

import dev.countersign.console.Pattern;
import dev.countersign.console.Provider;
import dev.countersign.console.Session;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// The page of the chat: what stands before anything is said. The script fills in the rest.
final class ChatMarkup {
  private static final Map<Pattern, String> WORDS =
      Map.of(
          Pattern.TE, "A: the gateway exchanges your token (<code>te</code>)",
          Pattern.VALIDATE,
              "B: the agent exchanges it, the gateway checks (<code>validate</code>)");

  private ChatMarkup() {}

  /// @param patterns those that the person may choose from
  /// @param providers those at which the person may sign in instead
  static String page(Session session, Set<Pattern> patterns, List<Provider> providers) {
    return """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="robots" content="noindex">
    <meta name="csrf" content="%s">
    <meta name="conversation" content="%s">
    <title>Chat · Countersign</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="%s">
    <script type="module" src="%s"></script>
    </head>
    <body>
    <a class="skip" href="#message">Skip to the message</a>
    <header>
    <strong>Countersign</strong>
    <span class="who"><b>%s</b> <span class="soft">signed in at %s</span></span>
    <span class="soft" id="link" role="status"></span>
    <form method="post" action="/sign-out"><input type="hidden" name="csrf" value="%s"><button class="plain" type="submit">Sign out</button></form>
    </header>
    <main>
    <section class="talk" aria-label="Conversation">
    <h1 class="off">Chat with the agent</h1>
    <div id="log" role="log" aria-live="polite" aria-relevant="additions" tabindex="0" aria-label="Messages and calls">
    <p class="hello" id="hello">Ask the agent for something, such as “Show me case R-884-2233”. Each call it makes appears here, with who decided about it.</p>
    </div>
    <p id="busy" class="soft small" role="status" hidden>The agent is working…</p>
    <p id="problem" role="alert" hidden></p>
    <form id="composer">
    <label class="off" for="message">Your message</label>
    <textarea id="message" name="message" rows="2" maxlength="8000" placeholder="Message" autocomplete="off" required></textarea>
    <button type="submit" id="send">Send</button>
    <button type="button" id="stop" class="plain" hidden>Stop</button>
    </form>
    <noscript><p class="hello">The chat needs scripts. <a href="/call">Call tools by form instead.</a></p></noscript>
    </section>
    <aside aria-label="What is going on">
    <section><h2>Waiting for you</h2><ul id="open"><li class="soft">Nothing.</li></ul></section>
    <section><h2>Database logins now</h2><ul id="logins"><li class="soft">None.</li></ul></section>
    <section><h2>The agent may at most</h2><ul id="tools"><li class="soft">Loading…</li></ul><p class="soft small">Each call is decided by itself, for you, with its amount.</p></section>
    <section><h2 id="pattern-title">Pattern</h2>%s</section>
    <section><h2>Last calls</h2><ul id="calls"><li class="soft">None yet.</li></ul></section>
    %s
    <p class="small"><a href="/call">Call a tool by form</a></p>
    </aside>
    </main>
    </body>
    </html>
    """
        .formatted(
            Html.text(session.csrf().reveal()),
            Html.text(session.chat().conversation().mark()),
            Assets.STYLE.path(),
            Assets.SCRIPT.path(),
            Html.text(session.person()),
            Html.text(session.provider().label()),
            Html.text(session.csrf().reveal()),
            choice(session, patterns),
            others(session, providers));
  }

  private static String others(Session session, List<Provider> providers) {
    String links =
        providers.stream()
            .filter(provider -> !provider.equals(session.provider()))
            .map(provider ->
                "<li><a href=\"/sign-in/%s\">%s</a></li>"
                    .formatted(Html.text(provider.id()), Html.text(provider.label())))
            .collect(Collectors.joining());
    return links.isEmpty()
        ? ""
        : "<section><h2>Sign in elsewhere instead</h2><ul>" + links + "</ul></section>";
  }

  private static String choice(Session session, Set<Pattern> patterns) {
    var html =
        new StringBuilder(
            "<div id=\"pattern\" role=\"radiogroup\" aria-labelledby=\"pattern-title\">");
    for (Pattern pattern : Pattern.values()) {
      if (patterns.contains(pattern)) {
        html.append(
            "<label><input type=\"radio\" name=\"pattern\" value=\"%s\"%s><span>%s</span></label>"
                .formatted(
                    pattern.wireName(),
                    pattern == session.pattern() ? " checked" : "",
                    WORDS.get(pattern)));
      }
    }
    return html.append("</div>").toString();
  }
}
