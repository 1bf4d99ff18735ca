package dev.countersign.console.http;

import dev.countersign.ledger.LedgerRecord;
import dev.countersign.ledger.TracePicture;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// The trace of a call for the person whose call it was: in words, protocol one click away.
final class StoryMarkup {
  private static final Map<String, String> WORDS =
      Map.ofEntries(
          Map.entry("exchange-permitted", "Policy allowed exactly this request."),
          Map.entry("exchange-step-up", "Policy asked for your approval first."),
          Map.entry("exchange-denied", "Policy refused this request."),
          Map.entry("exchange-killed", "Policy refused it and ended your sessions."),
          Map.entry("exchange-refused", "The token service did not accept the request."),
          Map.entry("exchange-repeated", "The same request again: it got the same answer."),
          Map.entry("approval-sent", "You were asked to approve."),
          Map.entry("approval-given", "You approved."),
          Map.entry("approval-denied", "You refused."),
          Map.entry("approval-failed", "An answer was wrong."),
          Map.entry("approval-refused", "An answer was not accepted."),
          Map.entry("approval-misused", "The approval was tried for something else, and refused."),
          Map.entry("token-revoked", "The token for this call was taken back."),
          Map.entry("lease-renewed", "The database login was given more time."),
          Map.entry("call-forwarded", "The call went on to the server behind the gateway."),
          Map.entry("event-accepted", "The news that your sessions end was taken on."),
          Map.entry("event-delivered", "The news that your sessions end was passed on."),
          Map.entry("event-received", "The kill switch got the news."),
          Map.entry("kill-step", "One more place ended your sessions."),
          Map.entry("kill-finished", "Your sessions have ended everywhere."),
          Map.entry("approval-withdrawn", "The approval was withdrawn."),
          Map.entry("lease-minted", "A database login appeared that can do only this."),
          Map.entry("lease-refused", "No database login was made."),
          Map.entry("lease-revoked", "The database login is gone."),
          Map.entry("statement-run", "The statement ran under that login."),
          Map.entry("call-finished", "The agent got its answer."),
          Map.entry("call-refused", "The gateway refused the call."),
          Map.entry("sessions-ended", "All your sessions were ended."));

  private StoryMarkup() {}

  /// The page: the picture that `countersign trace --html` draws, and the same in words.
  static String page(String jti, List<LedgerRecord> records) {
    var list = new StringBuilder("<ol class=\"line\">");
    Instant start = records.isEmpty() ? Instant.EPOCH : records.getFirst().at();
    for (LedgerRecord record : records) {
      list.append(
          """
          <li class="%s"><div class="head"><h3>%s</h3><span class="soft small">%s · %s</span></div>
          <details><summary>Details</summary><p class="small"><code>%s</code></p>%s</details></li>
          """
              .formatted(
                  Moods.of(record.event()),
                  Html.text(WORDS.getOrDefault(record.event(), record.event())),
                  Html.text(Boxes.name(record.box())),
                  after(start, record.at()),
                  Html.text(record.event()),
                  record.data().isEmpty() ? "" : Html.value(record.data())));
    }
    String story =
        records.isEmpty()
            ? "<p class=\"note\">Nothing is written under this id yet.</p>"
            : picture(records) + list.append("</ol>");
    return Layout.page(
        "What happened",
        "<a href=\"/chat\">Back to the chat</a>",
        "<h1>What happened</h1><p class=\"soft\">Call <code>"
            + Html.text(jti)
            + "</code>, as every box wrote it down.</p>"
            + story);
  }

  private static String picture(List<LedgerRecord> records) {
    return "<div class=\"wide picture\" tabindex=\"0\" role=\"region\" aria-label=\"Picture\">"
        + Html.shown(TracePicture.svg(records))
        + "</div>";
  }

  private static String after(Instant start, Instant at) {
    double millis = Duration.between(start, at).toNanos() / 1_000_000.0;
    return millis < 10_000
        ? String.format(Locale.ENGLISH, "after %.0f ms", millis)
        : String.format(Locale.ENGLISH, "after %.1f s", millis / 1000);
  }
}
