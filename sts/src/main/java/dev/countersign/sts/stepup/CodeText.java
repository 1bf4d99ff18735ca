package dev.countersign.sts.stepup;

import dev.countersign.protocol.Secret;
import java.net.URI;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;

/// The words of a code that travels as a text message: the amount first, and never cut in a way
/// that hides it.
public final class CodeText {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("HH:mm 'UTC'", Locale.ENGLISH).withZone(ZoneOffset.UTC);
  private static final int LONGEST_SENTENCE = 160;
  private static final int MOST_LINES = 3;

  private CodeText() {}

  /// The whole message.
  public static String of(Approval approval, URI page, Secret code) {
    List<Approval.Line> lines = approval.lines();
    var text = new StringBuilder();
    lines.stream().limit(MOST_LINES).forEach(line -> text.append(line(line)).append(". "));
    if (lines.size() > MOST_LINES) {
      text.append("And ")
          .append(lines.size() - MOST_LINES)
          .append(" more: read them on the page before you approve. ");
    }
    if (approval.lines().stream().anyMatch(line -> Words.isMixed(line.sentence()))) {
      text.append(Words.MIXED).append(' ');
    }
    return text.append("Asked by ")
        .append(approval.agent())
        .append(" at ")
        .append(TIME.format(approval.createdAt()))
        .append(", number ")
        .append(approval.number())
        .append(" in your chat. Code ")
        .append(code.reveal())
        .append(", until ")
        .append(TIME.format(approval.expiresAt()))
        .append(", only on ")
        .append(page)
        .append(" and never in a chat.")
        .toString();
  }

  private static String line(Approval.Line line) {
    String sentence = line.sentence();
    String whole =
        sentence.codePointCount(0, sentence.length()) <= LONGEST_SENTENCE
            ? sentence
            : sentence.substring(0, sentence.offsetByCodePoints(0, LONGEST_SENTENCE))
                + "… (the rest is on the page)";
    return line.amount() == null || whole.contains(line.amount())
        ? whole
        : line.amount() + ": " + whole;
  }
}
