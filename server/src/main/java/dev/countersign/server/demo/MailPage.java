package dev.countersign.server.demo;

import java.util.List;

/// The page that shows the mails that came, newest first.
final class MailPage {
  private static final String HEAD =
      """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>Mails (development only)</title>
      <style>
        :root { color-scheme: light dark; }
        body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
        article { border: 1px solid #8886; border-radius: .6rem; padding: .8rem 1.2rem; margin: 1rem 0; }
        h2 { font-size: 1.05rem; margin: 0 0 .2rem; }
        p.to { margin: 0 0 .6rem; opacity: .75; }
        pre { white-space: pre-wrap; font-family: ui-monospace, monospace; margin: 0; }
        .tag { font-size: .8rem; border: 1px solid currentColor; border-radius: 1rem; padding: .1rem .6rem; }
      </style>
      </head>
      <body>
      <h1>Mails <span class="tag">development only</span></h1>
      """;

  private MailPage() {}

  static String html(List<Mailbox.Mail> mails) {
    var page = new StringBuilder(HEAD);
    if (mails.isEmpty()) {
      page.append("<p>No mail has come yet. Reload this page after a step-up.</p>\n");
    }
    for (Mailbox.Mail mail : mails.reversed()) {
      page.append("<article><h2>").append(escaped(mail.subject())).append("</h2>");
      page.append("<p class=\"to\">to ").append(escaped(mail.to())).append("</p>");
      page.append("<pre>").append(escaped(mail.text())).append("</pre></article>\n");
    }
    return page.append("</body></html>\n").toString();
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
