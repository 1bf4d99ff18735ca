package dev.countersign.ledger;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;

/// One call as a picture: a lane for each party, time from top to bottom, an arrow wherever the
/// story goes on in another lane. The command line and the pages of the console show the same one.
public final class TracePicture {
  private static final List<String> LANES =
      List.of("person", "agent", "gateway", "STS", "broker", "PostgreSQL", "signals", "IdP");
  private static final int LANE = 150;
  private static final int LEFT = 90;
  private static final int TOP = 100;
  private static final int ROW = 46;

  private TracePicture() {}

  /// A page that needs nothing else.
  ///
  /// @param records of one `jti` in the order of time; at least one
  public static String html(String jti, List<LedgerRecord> records) {
    String title = "trace " + escape(jti);
    LedgerRecord first = records.getFirst();
    return """
    <!doctype html><html lang='en'><meta charset='utf-8'><title>%s</title><style>
    body{font:14px system-ui,sans-serif;margin:1.5rem;color:#1b2330;background:#fff}
    svg{max-width:1400px;width:100%%}text{font:12px system-ui,sans-serif;fill:#1b2330}
    text.lane{font-weight:600;text-anchor:middle;font-size:14px}text.what{text-anchor:middle}
    line.lane{stroke:#d5dae2;stroke-width:2}text.time{fill:#697586}
    path.way{stroke:#7d8aa0;stroke-width:1.5;stroke-dasharray:4 3;fill:none}
    circle.done{fill:#1a7f4b}circle.refused{fill:#c77700}circle.killed{fill:#c0262d}
    text.what{paint-order:stroke;stroke:#fff;stroke-width:4px}
    </style><h1>%s</h1><p>%s, OpenTelemetry trace %s</p>%s</html>
    """
        .formatted(title, title, first.at(), escape(first.traceId()), svg(records));
  }

  /// The picture alone, for a page that has styles for its classes.
  ///
  /// @param records of one `jti` in the order of time; at least one
  public static String svg(List<LedgerRecord> records) {
    int width = LEFT + LANES.size() * LANE;
    int height = TOP + records.size() * ROW + 30;
    var svg = new StringBuilder();
    svg.append(
        ("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %d' role='img'"
                + " aria-label='Which box did what, and when'>")
            .formatted(width, height));
    for (int i = 0; i < LANES.size(); i++) {
      int x = x(i);
      svg.append("<text class='lane' x='%d' y='70'>%s</text>".formatted(x, LANES.get(i)));
      svg.append(
          "<line class='lane' x1='%d' y1='82' x2='%d' y2='%d'/>".formatted(x, x, height - 10));
    }
    Instant start = records.getFirst().at();
    int before = 1;
    for (int i = 0; i < records.size(); i++) {
      LedgerRecord record = records.get(i);
      int lane = lane(record);
      int y = TOP + i * ROW;
      if (lane != before) {
        svg.append(
            "<path class='way' d='M%d %d L%d %d'/>"
                .formatted(x(before), i == 0 ? y : y - ROW, x(lane), y));
      }
      svg.append(step(record, Duration.between(start, record.at()), x(lane), y));
      before = lane;
    }
    return svg.append("</svg>").toString();
  }

  private static String step(LedgerRecord record, Duration after, int x, int y) {
    return String.format(
            Locale.ROOT,
            "<text class='time' x='6' y='%d'>%.1f ms</text>",
            y + 4,
            after.toNanos() / 1_000_000.0)
        + "<circle class='%s' cx='%d' cy='%d' r='6'><title>%s</title></circle>"
            .formatted(kind(record), x, y, escape(record.id() + " " + record.data()))
        + "<text class='what' x='%d' y='%d'>%s</text>".formatted(x, y + 20, escape(label(record)));
  }

  private static int x(int lane) {
    return LEFT + lane * LANE + LANE / 2;
  }

  private static int lane(LedgerRecord record) {
    String event = record.event();
    if (event.equals("approval-given") || event.equals("approval-denied")) {
      return 0;
    }
    if (event.equals("statement-run")) {
      return 5;
    }
    if (event.equals("kill-step") && !record.data().path("handler").asString("").equals("sts")) {
      return record.data().path("handler").asString("").equals("broker") ? 4 : 7;
    }
    return switch (record.box()) {
      case "gateway" -> 2;
      case "sts" -> 3;
      case "broker" -> 4;
      default -> 6;
    };
  }

  private static String label(LedgerRecord record) {
    String more = record.data().path("user").asString(record.data().path("handler").asString(""));
    return record.event() + (more.isEmpty() ? "" : " " + more);
  }

  private static String kind(LedgerRecord record) {
    if (record.event().matches(".*(kill|sessions-ended).*")) {
      return "killed";
    }
    return record.event().matches(".*(denied|refused|failed|misused).*") ? "refused" : "done";
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("'", "&#39;");
  }
}
