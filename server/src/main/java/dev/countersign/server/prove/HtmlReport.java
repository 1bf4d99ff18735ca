package dev.countersign.server.prove;

import java.time.Duration;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import tools.jackson.databind.node.ObjectNode;

/// A report as one page for people that needs nothing else: readable in light and dark, on a phone
/// and on paper, and without seeing colours.
public final class HtmlReport {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("d MMMM uuuu, HH:mm:ss 'UTC'", Locale.ENGLISH)
          .withZone(ZoneOffset.UTC);
  private static final int SHOWN_EVIDENCE = 3;

  private HtmlReport() {}

  /// The page of a report.
  ///
  /// @param signed the report's file, whose digest and key the page names
  public static String of(Report report, ObjectNode signed) {
    var page = new StringBuilder(8192);
    page.append(
        HtmlStyle.HEAD.replace("{title}", "Proof of " + shown(report.installation().sts())));
    page.append("<main>\n");
    verdict(page, report);
    facts(page, report, signed);
    overview(page, report);
    report.properties().forEach(property -> section(page, property));
    howToVerify(page, report);
    return page.append("</main>\n</body>\n</html>\n").toString();
  }

  private static void verdict(StringBuilder page, Report report) {
    Result verdict = report.verdict();
    long held = report.count(Result.HELD);
    page.append("<header class=\"")
        .append(verdict.wireName())
        .append("\">\n<p class=\"kicker\">Countersign · proof of security properties</p>\n<h1>")
        .append(
            switch (verdict) {
              case HELD -> "Every property that was played holds.";
              case BROKEN -> "A property is broken.";
              case UNTRIED -> "Nothing went through, but not all was tried.";
            })
        .append("</h1>\n<p class=\"lead\">")
        .append(attacks(report))
        .append(" attacks and controls were played on the running installation. ")
        .append(held)
        .append(" of ")
        .append(report.properties().size())
        .append(" properties held.</p>\n</header>\n");
  }

  private static long attacks(Report report) {
    return report.properties().stream().mapToLong(one -> one.trials().size()).sum();
  }

  private static void facts(StringBuilder page, Report report, ObjectNode signed) {
    Report.Installation where = report.installation();
    page.append("<dl class=\"facts\">\n");
    fact(page, "Token service", where.sts());
    fact(page, "Broker", where.broker());
    fact(page, "Gateway", where.gateway());
    fact(page, "Played", TIME.format(report.began()));
    fact(page, "Took", seconds(Duration.between(report.began(), report.ended())));
    fact(page, "Version", where.program());
    fact(page, "Policy", where.policy());
    fact(page, "Configuration (SHA-256)", where.configuration());
    fact(page, "Run", report.run());
    fact(page, "Report (SHA-256)", SignedReport.digest(report.json()));
    fact(page, "Signed with key", signed.path("keys").path(0).path("kid").asString(""));
    page.append("</dl>\n");
  }

  private static void fact(StringBuilder page, String name, String value) {
    if (!value.isEmpty()) {
      page.append("<div><dt>")
          .append(name)
          .append("</dt><dd>")
          .append(shown(value))
          .append("</dd></div>\n");
    }
  }

  private static void overview(StringBuilder page, Report report) {
    page.append(
        """
        <h2 id="overview">What was claimed, and what happened</h2>
        <div class="scroll" role="region" aria-labelledby="overview" tabindex="0">
        <table class="overview">
        <thead><tr><th scope="col">Result</th><th scope="col">Property</th>\
        <th scope="col">Refused by</th><th scope="col">Attacks</th></tr></thead>
        <tbody>
        """);
    for (Report.Proved property : report.properties()) {
      page.append("<tr><td>")
          .append(badge(property.result()))
          .append("</td><th scope=\"row\"><a href=\"#")
          .append(shown(property.name()))
          .append("\">")
          .append(shown(property.claim()))
          .append("</a></th><td>")
          .append(shown(String.join(", ", boxes(property))))
          .append("</td><td class=\"number\">")
          .append(property.trials().size())
          .append("</td></tr>\n");
    }
    page.append("</tbody>\n</table>\n</div>\n");
  }

  private static Set<String> boxes(Report.Proved property) {
    return property.trials().stream()
        .map(Trial::box)
        .filter(box -> !box.isEmpty())
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static void section(StringBuilder page, Report.Proved property) {
    String open = property.result() == Result.HELD ? "" : " open";
    page.append("<section id=\"")
        .append(shown(property.name()))
        .append("\" aria-labelledby=\"h-")
        .append(shown(property.name()))
        .append("\">\n<h2 id=\"h-")
        .append(shown(property.name()))
        .append("\">")
        .append(badge(property.result()))
        .append(" ")
        .append(shown(property.claim()))
        .append("</h2>\n<p class=\"threat\">Attacker: ")
        .append(shown(property.threat()))
        .append(". <code>")
        .append(shown(property.name()))
        .append("</code></p>\n<details")
        .append(open)
        .append("><summary>")
        .append(property.trials().size())
        .append(" attacks and controls</summary>\n<ul class=\"trials\">\n");
    property.trials().forEach(trial -> trial(page, trial));
    page.append("</ul>\n</details>\n</section>\n");
  }

  private static void trial(StringBuilder page, Trial trial) {
    page.append("<li class=\"")
        .append(trial.result().wireName())
        .append("\"><p class=\"tried\">")
        .append(badge(trial.result()))
        .append(" ");
    if (!trial.attack().isEmpty()) {
      page.append("<code>").append(shown(trial.attack())).append("</code> ");
    }
    if (trial.kind() == Trial.Kind.CONTROL) {
      page.append("<span class=\"control\">Control, must go through:</span> ");
    }
    page.append(shown(trial.tried())).append("</p>\n<dl>");
    pair(page, trial.kind() == Trial.Kind.CONTROL ? "Answers" : "Must refuse", trial.box());
    pair(page, "Expected", trial.expected());
    pair(page, trial.result() == Result.UNTRIED ? "Why not" : "Seen", trial.saw());
    if (!trial.evidence().isEmpty()) {
      pair(page, "Ledger", evidence(trial.evidence()));
    }
    page.append("</dl></li>\n");
  }

  private static void pair(StringBuilder page, String name, String value) {
    if (!value.isEmpty()) {
      page.append("<div><dt>")
          .append(name)
          .append("</dt><dd>")
          .append(shown(value))
          .append("</dd></div>");
    }
  }

  private static String evidence(List<Trial.Evidence> records) {
    String shown =
        records.stream()
            .limit(SHOWN_EVIDENCE)
            .map(one -> one.event() + " " + one.record())
            .collect(Collectors.joining("; "));
    return records.size() > SHOWN_EVIDENCE
        ? shown + "; and " + (records.size() - SHOWN_EVIDENCE) + " more"
        : shown;
  }

  private static void howToVerify(StringBuilder page, Report report) {
    page.append(
        """
        <footer>
        <h2>Check this report yourself</h2>
        <p>This page shows a signed JSON report; the page itself is not signed. Make it again from the
        report, without any access to the installation:</p>
        <pre>countersign prove verify report.json --key proof.jwks.json --html report.html</pre>
        <p>The ledger has the report's digest under the run's id:</p>
        <pre>countersign trace %s</pre>
        </footer>
        """
            .formatted(shown(report.run())));
  }

  private static String badge(Result result) {
    return switch (result) {
      case HELD -> "<span class=\"badge held\">✓ holds</span>";
      case BROKEN -> "<span class=\"badge broken\">✗ broken</span>";
      case UNTRIED -> "<span class=\"badge untried\">– not tried</span>";
    };
  }

  private static String seconds(Duration took) {
    return String.format(Locale.ROOT, "%.1f s", took.toMillis() / 1000.0);
  }

  private static String shown(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
