package dev.countersign.console.http;

import dev.countersign.console.Redaction;
import dev.countersign.ledger.LedgerRecord;
import dev.countersign.ledger.TracePicture;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/// The operator's pages.
final class LedgerMarkup {
  private static final DateTimeFormatter CLOCK =
      DateTimeFormatter.ofPattern("d MMM HH:mm:ss.SSS", Locale.ENGLISH).withZone(ZoneOffset.UTC);
  private static final int LONGEST_VALUE = 120;
  private static final int MOST_MEMBERS = 6;
  static final String BAR =
      "<span class=\"soft\">Operator</span><a href=\"/ledger\">Ledger</a>"
          + "<a href=\"/operator/sessions\">End sessions</a>"
          + "<a href=\"/call\">Call a tool</a>";

  private LedgerMarkup() {}

  /// The newest entries.
  static String ledger(List<LedgerRecord> records) {
    var rows = new StringBuilder();
    for (LedgerRecord record : records) {
      rows.append(
          """
          <tr><td class="when"><time datetime="%s">%s</time></td><td>%s</td><td><span class="badge %s">%s</span></td><td>%s</td><td class="small">%s</td></tr>
          """
              .formatted(
                  record.at(),
                  CLOCK.format(record.at()),
                  Html.text(record.box()),
                  Moods.of(record.event()),
                  Html.text(record.event()),
                  trace(record.jti()),
                  summary(record)));
    }
    String table =
        records.isEmpty()
            ? "<p class=\"note\">Nothing is written yet.</p>"
            : """
            <div class="wide" tabindex="0" role="region" aria-label="Ledger entries"><table>
            <thead><tr><th scope="col">Time (UTC)</th><th scope="col">Box</th><th scope="col">Event</th><th scope="col">Trace</th><th scope="col">What</th></tr></thead>
            <tbody>%s</tbody></table></div>
            """
                .formatted(rows);
    return Layout.page(
        "Ledger",
        BAR,
        """
        <h1>Ledger</h1>
        <p class="soft">The newest entries of all boxes. <a href="/ledger/check">Check the chains</a></p>
        <form method="get" action="/trace"><label for="jti">Open a trace</label><input id="jti" name="jti" type="text" autocomplete="off" spellcheck="false" required placeholder="jti"> <button class="plain" type="submit">Open</button></form>
        %s
        """
            .formatted(table));
  }

  /// Everything of one call.
  static String trace(String jti, List<LedgerRecord> records) {
    if (records.isEmpty()) {
      return Layout.page(
          "Trace",
          BAR,
          "<h1>Trace</h1><p class=\"note\">The ledger has nothing under this id.</p>");
    }
    Instant start = records.getFirst().at();
    var list = new StringBuilder("<ol class=\"line\">");
    for (LedgerRecord record : records) {
      list.append(
          """
          <li class="%s"><div class="head"><h3>%s</h3><span class="badge %s">%s</span><span class="soft small">%s</span></div>%s</li>
          """
              .formatted(
                  Moods.of(record.event()),
                  Html.text(record.box()),
                  Moods.of(record.event()),
                  Html.text(record.event()),
                  since(start, record.at()),
                  record.data().isEmpty() ? "" : Html.value(record.data())));
    }
    String subject =
        records.stream()
            .map(LedgerRecord::subject)
            .filter(text -> !text.isEmpty())
            .findFirst()
            .orElse("unknown");
    return Layout.page(
        "Trace",
        BAR,
        """
        <h1>Trace</h1>
        <dl><dt>jti</dt><dd><code>%s</code></dd><dt>Person</dt><dd><code>%s</code></dd><dt>Began</dt><dd>%s UTC</dd><dt>Lasted</dt><dd>%s</dd></dl>
        <div class="wide picture" tabindex="0" role="region" aria-label="Picture">%s</div>
        %s</ol>
        """
            .formatted(
                Html.text(jti),
                Html.text(subject),
                CLOCK.format(start),
                took(start, records.getLast().at()),
                Html.shown(TracePicture.svg(records)),
                list));
  }

  /// What a check of the chains found.
  static String check(List<String> breaks) {
    String found =
        breaks.isEmpty()
            ? "<p class=\"note good\" role=\"status\">Every chain is whole.</p>"
            : "<ul class=\"note bad\" role=\"alert\">"
                + breaks.stream()
                    .map(sentence -> "<li>" + Html.text(sentence) + "</li>")
                    .collect(Collectors.joining())
                + "</ul>";
    return Layout.page("Chains", BAR, "<h1>The ledger's chains</h1>" + found);
  }

  private static String trace(String jti) {
    return jti.isEmpty()
        ? "<span class=\"soft\">–</span>"
        : "<a href=\"/trace/%s\"><code>%s</code></a>"
            .formatted(
                Html.text(Query.encode(jti)),
                Html.text(jti.length() > 12 ? jti.substring(0, 12) + "…" : jti));
  }

  private static String summary(LedgerRecord record) {
    return record.data().properties().stream()
        .limit(MOST_MEMBERS)
        .map(LedgerMarkup::member)
        .collect(Collectors.joining(" · "));
  }

  private static String member(Map.Entry<String, JsonNode> member) {
    JsonNode value = member.getValue();
    String text = value.isContainer() ? value.toString() : value.asString("");
    // Cut only after redaction, so that no half of a token passes for something else.
    String shown = Redaction.redact(text);
    return "<span class=\"soft\">"
        + Html.text(member.getKey())
        + "</span> "
        + Html.text(
            shown.length() > LONGEST_VALUE ? shown.substring(0, LONGEST_VALUE) + "…" : shown);
  }

  private static String since(Instant start, Instant at) {
    return "+" + took(start, at);
  }

  private static String took(Instant start, Instant at) {
    double millis = Duration.between(start, at).toNanos() / 1_000_000.0;
    return millis < 10_000
        ? String.format(Locale.ENGLISH, "%.1f ms", millis)
        : String.format(Locale.ENGLISH, "%.1f s", millis / 1000);
  }
}
