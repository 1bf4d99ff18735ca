package dev.countersign.sts.http;

import static dev.countersign.sts.stepup.Words.html;

/// The frame of all pages for people who approve: plain HTML and CSS, light and dark, for keyboard,
/// screen reader and small screens.
final class PageFrame {
  private static final String PAGE =
      """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <meta name="robots" content="noindex">
      <link rel="icon" href="data:,">
      <title>%s · Countersign</title>
      <style>
      :root { --back: #f4f5f7; --card: #ffffff; --text: #1b1f24; --soft: #57606a; --line: #d0d7de;
        --act: #0b5cad; --on-act: #ffffff; --bad: #a40e26; --good: #116329; --focus: #0b5cad; }
      @media (prefers-color-scheme: dark) {
        :root { --back: #0d1117; --card: #161b22; --text: #e6edf3; --soft: #9aa4af; --line: #3d444d;
          --act: #58a6ff; --on-act: #04152b; --bad: #ff8080; --good: #5bd07a; --focus: #9ecbff; } }
      * { box-sizing: border-box; }
      body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem;
        background: var(--back); color: var(--text);
        font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
      main { width: 100%%; max-width: 30rem; padding: 1.75rem; background: var(--card);
        border: 1px solid var(--line); border-radius: 1rem; }
      .brand { margin: 0 0 1rem; color: var(--soft); font-size: .875rem; letter-spacing: .02em; }
      h1 { margin: 0 0 .75rem; font-size: 1.125rem; font-weight: 600; overflow-wrap: anywhere; }
      .amount { margin: 0; font-size: 2.25rem; font-weight: 700; line-height: 1.15;
        overflow-wrap: anywhere; }
      .sentence { margin: .25rem 0 1rem; overflow-wrap: anywhere; }
      dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .25rem 1rem; margin: 0 0 1.25rem;
        padding: 1rem 0 0; border-top: 1px solid var(--line); font-size: .9375rem; }
      dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
      label { display: block; font-weight: 600; }
      .hint { margin: 0 0 .5rem; color: var(--soft); font-size: .875rem; }
      input:not([type=hidden]) { width: 100%%; padding: .625rem .75rem; border: 1px solid var(--soft);
        border-radius: .5rem; background: var(--back); color: var(--text);
        font: inherit; }
      input.digits { font: 600 1.5rem/1.3 ui-monospace, monospace; letter-spacing: .3em; }
      button { width: 100%%; min-height: 2.75rem; margin-top: .75rem; padding: .5rem 1rem;
        border: 1px solid var(--line); border-radius: .5rem; background: transparent;
        color: var(--text); font: inherit; font-weight: 600; cursor: pointer;
        overflow-wrap: anywhere; }
      button + .hint { margin-top: .375rem; }
      button.act { border-color: var(--act); background: var(--act); color: var(--on-act); }
      button.bad { border-color: var(--bad); color: var(--bad); }
      .choices form + form { margin-top: .75rem; }
      .or { margin: 1.25rem 0 .25rem; color: var(--soft); font-size: .875rem; }
      input[name=number] { width: 6.5rem; }
      a.act { display: block; min-height: 2.75rem; margin-top: .75rem; padding: .625rem 1rem;
        border-radius: .5rem; background: var(--act); color: var(--on-act); font-weight: 600;
        text-align: center; text-decoration: none; }
      .keys { list-style: none; margin: 0 0 1.25rem; padding: 0; }
      .keys li { padding: .75rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
      .foot { margin: 1.25rem 0 0; padding-top: 1rem; border-top: 1px solid var(--line);
        color: var(--soft); font-size: .875rem; }
      .foot a { color: var(--act); }
      .pair { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem; }
      :focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
      .note { margin: 0 0 1rem; padding: .75rem 1rem; border-left: .25rem solid var(--soft);
        background: var(--back); border-radius: .25rem; }
      .note.good { border-color: var(--good); } .note.bad { border-color: var(--bad); }
      .pair + .hint { margin: .5rem 0 0; }
      @media (max-width: 24rem) { .pair { grid-template-columns: 1fr; gap: 0; } }
      </style>
      </head>
      <body>
      <main>
      <p class="brand">Countersign</p>
      %s
      </main>
      %s</body>
      </html>
      """;

  private static final String SCRIPT = "<script src=\"/approve/passkey.js\" defer></script>\n";

  private PageFrame() {}

  /// A page.
  ///
  /// @param content HTML
  /// @param usesPasskeys whether the page needs the script that talks to authenticators
  static String page(String title, String content, boolean usesPasskeys) {
    return PAGE.formatted(html(title), content, usesPasskeys ? SCRIPT : "");
  }

  /// A page that says one thing.
  static String message(String title, String text) {
    return page(
        title,
        "<h1>" + html(title) + "</h1>\n<p class=\"note\" role=\"alert\">" + html(text) + "</p>",
        false);
  }

  /// The token that ties a form to its browser.
  static String csrf(String token) {
    return "<input type=\"hidden\" name=\"csrf\" value=\"" + html(token) + "\">\n";
  }
}
