package dev.countersign.sts.http;

import static dev.countersign.sts.stepup.Words.html;

import dev.countersign.sts.stepup.Approval;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.stream.Collectors;

/// The approval page: plain HTML and CSS, no script, the amount first, every value escaped.
final class ApprovalMarkup {
  private static final DateTimeFormatter CLOCK =
      DateTimeFormatter.ofPattern("HH:mm 'UTC'", Locale.ENGLISH).withZone(ZoneOffset.UTC);
  private static final DateTimeFormatter DAY =
      DateTimeFormatter.ofPattern("d MMMM yyyy, HH:mm 'UTC'", Locale.ENGLISH)
          .withZone(ZoneOffset.UTC);

  private static final String PAGE =
      """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <meta name="robots" content="noindex">
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
      h1 { margin: 0 0 .75rem; font-size: 1.125rem; font-weight: 600; }
      .amount { margin: 0; font-size: 2.25rem; font-weight: 700; line-height: 1.15;
        overflow-wrap: anywhere; }
      .sentence { margin: .25rem 0 1rem; overflow-wrap: anywhere; }
      dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: 0 0 1.25rem;
        padding: 1rem 0 0; border-top: 1px solid var(--line); font-size: .9375rem; }
      dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
      label { display: block; font-weight: 600; }
      .hint { margin: 0 0 .5rem; color: var(--soft); font-size: .875rem; }
      input[name=code] { width: 100%%; padding: .625rem .75rem; border: 1px solid var(--soft);
        border-radius: .5rem; background: var(--back); color: var(--text);
        font: 600 1.5rem/1.3 ui-monospace, monospace; letter-spacing: .35em; }
      button { width: 100%%; min-height: 2.75rem; margin-top: .75rem; padding: .5rem 1rem;
        border: 1px solid var(--line); border-radius: .5rem; background: transparent;
        color: var(--text); font: inherit; font-weight: 600; cursor: pointer; }
      button.act { border-color: var(--act); background: var(--act); color: var(--on-act); }
      button.bad { border-color: var(--bad); color: var(--bad); }
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
      </body>
      </html>
      """;

  private static final String FACTS =
      """
      <dl>
      <dt>Asked by</dt><dd>%s</dd>
      <dt>For</dt><dd>%s</dd>
      <dt>Asked at</dt><dd>%s</dd>
      %s</dl>
      """;

  private static final String FORM =
      """
      <form method="post" action="/approve/%s" autocomplete="off">
      <input type="hidden" name="csrf" value="%s">
      <label for="code">Code from the mail</label>
      <p class="hint" id="hint">Six digits, sent to %s. They approve exactly this request, once.</p>
      <input id="code" name="code" type="text" inputmode="numeric" autocomplete="one-time-code"
        pattern="[0-9 ]{6,8}" maxlength="8" required aria-describedby="hint"%s autofocus>
      <button class="act" type="submit" name="action" value="approve">Approve</button>
      <div class="pair">
      <button type="submit" name="action" value="deny" formnovalidate>Deny</button>
      <button class="bad" type="submit" name="action" value="suspicious"
        formnovalidate aria-describedby="suspicious-hint">This is suspicious</button>
      </div>
      <p class="hint" id="suspicious-hint">“This is suspicious” denies the request and signs you out
      everywhere.</p>
      </form>
      """;

  private ApprovalMarkup() {}

  /// The page of an approval that waits for an answer.
  ///
  /// @param note what went wrong with the last try, or empty
  static String pending(Approval approval, String csrf, Instant now, String note) {
    String problem =
        note.isEmpty()
            ? ""
            : "<p class=\"note bad\" role=\"alert\" id=\"problem\">" + html(note) + "</p>\n";
    String invalid = note.isEmpty() ? "" : " aria-invalid=\"true\"";
    return page(
        "Approve this request?",
        "<h1>Approve this request?</h1>\n"
            + request(approval, timeLeft(approval, now))
            + problem
            + FORM.formatted(html(approval.id()), html(csrf), html(approval.sentTo()), invalid));
  }

  /// The page of an approval that waits no more.
  static String settled(Approval approval, Approval.State state) {
    String mood =
        switch (state) {
          case APPROVED, USED -> "good";
          case PENDING, CANCELLED, EXPIRED -> "";
          case DENIED, SUSPICIOUS, FAILED -> "bad";
        };
    return page(
        title(state),
        "<h1>"
            + html(title(state))
            + "</h1>\n<p class=\"note "
            + mood
            + "\" role=\"status\">"
            + html(explanation(state))
            + "</p>\n"
            + request(approval, ""));
  }

  /// A page without an approval: nothing of it may be told.
  static String message(String title, String text) {
    return page(
        title,
        "<h1>" + html(title) + "</h1>\n<p class=\"note\" role=\"alert\">" + html(text) + "</p>");
  }

  private static String page(String title, String content) {
    return PAGE.formatted(html(title), content);
  }

  private static String request(Approval approval, String timeLeft) {
    String lines =
        approval.lines().stream().map(ApprovalMarkup::line).collect(Collectors.joining("\n"));
    return lines
        + "\n"
        + FACTS.formatted(
            html(approval.agent()),
            html(approval.sentTo()),
            html(DAY.format(approval.createdAt())),
            timeLeft);
  }

  private static String line(Approval.Line line) {
    String amount =
        line.amount() == null ? "" : "<p class=\"amount\">" + html(line.amount()) + "</p>\n";
    return amount + "<p class=\"sentence\">" + html(line.sentence()) + "</p>";
  }

  private static String timeLeft(Approval approval, Instant now) {
    long minutes = Duration.between(now, approval.expiresAt()).plusSeconds(30).toMinutes();
    String left =
        switch ((int) Math.max(0, minutes)) {
          case 0 -> "less than a minute left";
          case 1 -> "one minute left";
          default -> minutes + " minutes left";
        };
    return "<dt>Open until</dt><dd>%s, %s</dd>\n"
        .formatted(html(CLOCK.format(approval.expiresAt())), left);
  }

  private static String title(Approval.State state) {
    return switch (state) {
      case PENDING -> "Waiting for you";
      case APPROVED -> "Approved";
      case USED -> "Approved and done";
      case DENIED -> "Denied";
      case SUSPICIOUS -> "Reported as suspicious";
      case FAILED -> "Too many wrong codes";
      case CANCELLED -> "Cancelled";
      case EXPIRED -> "Expired";
    };
  }

  private static String explanation(Approval.State state) {
    return switch (state) {
      case PENDING -> "The code is still on its way. Please open this page again in a moment.";
      case APPROVED -> "The agent may do this once, now. You can close this page.";
      case USED -> "This approval was used. It cannot be used again. You can close this page.";
      case DENIED -> "The agent may not do this. You can close this page.";
      case SUSPICIOUS ->
          "The request was denied, and you are being signed out everywhere. Please sign in again.";
      case FAILED -> "The request was denied because no code was right.";
      case CANCELLED -> "Your sessions were ended, so this request is void.";
      case EXPIRED -> "Nobody answered in time, so the agent may not do this.";
    };
  }
}
