package dev.countersign.server;

import dev.countersign.ledger.LedgerRecord;
import dev.countersign.policy.Decision;
import dev.countersign.policy.Evaluation;
import dev.countersign.policy.Match;
import dev.countersign.policy.Outcome;
import dev.countersign.policy.Policy;
import dev.countersign.policy.Recorded;
import dev.countersign.policy.SmallestChange;
import java.util.List;
import java.util.Map;

/// Writes down for an operator why a request was decided as it was.
final class Explanation {
  private Explanation() {}

  static String of(LedgerRecord entry, Recorded recorded, Policy policy) {
    var text = new StringBuilder();
    text.append(recorded.outcome().code()).append("  ").append(entry.jti()).append('\n');
    line(text, "at", recorded.request().now().toString());
    line(text, "subject", recorded.request().subject());
    line(text, "client", recorded.request().client());
    line(text, "actor", recorded.request().actor());
    line(text, "policy", recorded.policyVersion());
    line(text, "request", recorded.request().details().canonical());
    line(text, "reason", recorded.reason());
    if (policy.readsRedacted(recorded.request().details())) {
      line(
          text,
          "note",
          "as it was written down: the rules read what `redact` keeps from the ledger");
      matches(text, recorded.matches());
      history(text, recorded.before(), recorded.totals());
      return text.toString();
    }
    Evaluation again = policy.evaluate(recorded.request(), recorded.past());
    Decision decision = again.decision();
    if (decision.outcome() != recorded.outcome()) {
      line(text, "note", "the rules alone come to " + decision.outcome().code());
    }
    matches(text, decision.matches());
    history(text, again.before(), again.totals());
    changes(text, policy, recorded, decision.outcome());
    return text.toString();
  }

  private static void matches(StringBuilder text, List<Match> matches) {
    text.append("rules that matched\n");
    for (Match match : matches) {
      text.append("  ").append(match.outcome().code()).append("  ").append(match.rule());
      text.append(match.element() < 0 ? "" : "  element " + match.element());
      text.append("  ").append(match.reason()).append('\n');
      match
          .values()
          .forEach((path, value) ->
              text.append("      ").append(path).append(" = ").append(value).append('\n'));
    }
  }

  private static void history(
      StringBuilder text, Map<String, Object> before, Map<String, Object> totals) {
    if (before.isEmpty()) {
      return;
    }
    text.append("history\n");
    before.forEach((name, value) -> {
      text.append("  ").append(name).append(" = ").append(value);
      Object total = totals.get(name);
      text.append(total == null ? "" : ", with this request " + total).append('\n');
    });
  }

  private static void changes(
      StringBuilder text, Policy policy, Recorded recorded, Outcome outcome) {
    List<SmallestChange.Change> changes =
        SmallestChange.of(policy, recorded.request(), recorded.past());
    if (!changes.isEmpty()) {
      text.append("what would pass, the smallest change first\n");
      for (SmallestChange.Change change : changes) {
        text.append("  ").append(change.path()).append(": ").append(change.from());
        text.append(" -> ").append(change.to());
        text.append("  (").append(change.outcome().code()).append(")\n");
      }
    } else if (outcome != Outcome.PERMIT) {
      text.append("no single change would pass\n");
    }
  }

  private static void line(StringBuilder text, String name, String value) {
    text.append("  ")
        .append(name)
        .append(" ".repeat(10 - name.length()))
        .append(value)
        .append('\n');
  }
}
