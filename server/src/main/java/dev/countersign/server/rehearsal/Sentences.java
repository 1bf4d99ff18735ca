package dev.countersign.server.rehearsal;

import dev.countersign.protocol.StrictJson;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.node.ObjectNode;

/// What the rehearsal model understands: a handful of English sentences about refunds.
final class Sentences {
  static final String UNDERSTOOD =
      "I am a rehearsal model, no language model. I understand: \"Refund 80 dollars on R-884-2233.\","
          + " \"Find R-884-2233 and R-884-2234.\", \"List the cases.\", \"Export all customers.\""
          + " and \"I have approved it.\"";

  private static final Pattern CASE = Pattern.compile("R-[0-9]{3}-[0-9]{4}");
  private static final Pattern AMOUNT =
      Pattern.compile("(?<![0-9.-])([0-9]{1,7}(?:\\.[0-9]{2})?)(?![0-9.-])");
  private static final Pattern NAMED = Pattern.compile("call (?:the tool )?([a-z]+_[a-z_]+)");

  private Sentences() {}

  /// A tool and its arguments.
  record Wish(String tool, ObjectNode arguments) {}

  /// The calls that a person's sentence asks for, in their order; none if it is not understood.
  static List<Wish> wishes(String sentence) {
    String text = sentence.toLowerCase(Locale.ROOT);
    List<String> cases = CASE.matcher(sentence).results().map(MatchResult::group).toList();
    var wishes = new ArrayList<Wish>();
    if (text.contains("refund") && !cases.isEmpty()) {
      List<String> amounts =
          AMOUNT.matcher(sentence).results().map(found -> found.group(1)).toList();
      for (int i = 0; i < cases.size(); i++) {
        ObjectNode arguments = StrictJson.object().put("case_id", cases.get(i));
        if (!amounts.isEmpty()) {
          String amount = amounts.get(Math.min(i, amounts.size() - 1));
          arguments.put("amount_cents", new BigDecimal(amount).movePointRight(2).longValueExact());
        }
        wishes.add(new Wish("process_refund", arguments));
      }
    } else if (!cases.isEmpty()) {
      cases.forEach(
          one -> wishes.add(new Wish("find_case", StrictJson.object().put("case_id", one))));
    } else if (text.contains("list") && text.contains("case")) {
      wishes.add(new Wish("list_cases", StrictJson.object()));
    } else if (text.contains("export") && text.contains("customer")) {
      wishes.add(new Wish("export_customers", StrictJson.object()));
    } else {
      ordered(text).ifPresent(wishes::add);
    }
    return wishes;
  }

  /// The call that a text orders by the tool's name.
  static Optional<Wish> ordered(String text) {
    Matcher named = NAMED.matcher(text);
    return named.find()
        ? Optional.of(new Wish(named.group(1), StrictJson.object()))
        : Optional.empty();
  }

  /// Whether a person says that they are through with the page.
  static boolean isApproved(String sentence) {
    return sentence.toLowerCase(Locale.ROOT).matches("(?s).*\\b(approved|done)\\b.*");
  }
}
