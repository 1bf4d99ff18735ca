package dev.countersign.server;

import dev.countersign.ledger.LedgerRecord;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/// Prints ledger entries for people: one line each, with the time since the first.
public final class Trace {
  private static final DateTimeFormatter CLOCK =
      DateTimeFormatter.ofPattern("HH:mm:ss.SSS", Locale.ROOT).withZone(ZoneOffset.UTC);
  private static final int LONGEST_VALUE = 100;
  private static final Set<String> JOINERS =
      Set.of(
          "approval_id",
          "audience",
          "authorization_details",
          "client_id",
          "digest",
          "lease_id",
          "policy_version",
          "scope");

  private static final Set<String> SPANS = Set.of("span_id", "trace_id");

  private final boolean colour;

  /// @param colour whether the reader's terminal shows colours
  public Trace(boolean colour) {
    this.colour = colour;
  }

  /// Everything about one call, with milliseconds since its first entry.
  public String of(String jti, List<LedgerRecord> records) {
    Instant start = records.getFirst().at();
    var text = new StringBuilder();
    text.append("trace ").append(paint("1", jti));
    if (records.stream().anyMatch(record -> !record.subject().isEmpty())) {
      text.append("  for ")
          .append(
              records.stream()
                  .map(LedgerRecord::subject)
                  .filter(subject -> !subject.isEmpty())
                  .findFirst()
                  .orElse(""));
    }
    text.append("  at ").append(start).append("\n");
    records.stream()
        .map(LedgerRecord::traceId)
        .filter(traceId -> !traceId.isEmpty())
        .distinct()
        .forEach(traceId -> text.append("  trace id ").append(paint("2", traceId)).append("\n"));
    var told = new HashSet<String>();
    for (LedgerRecord record : records) {
      String since = String.format("%+8.1f ms", micros(start, record.at()) / 1000.0);
      line(text, since, record, told);
    }
    return text.toString();
  }

  /// Entries of many calls, with the time of day.
  public String list(List<LedgerRecord> records) {
    var text = new StringBuilder();
    for (LedgerRecord record : records) {
      line(text, CLOCK.format(record.at()), record, new HashSet<>());
      if (!record.jti().isEmpty()) {
        text.append("                jti ").append(paint("2", record.jti())).append("\n");
      }
    }
    return text.toString();
  }

  private void line(StringBuilder text, String when, LedgerRecord record, Set<String> told) {
    text.append("  ")
        .append(paint("2", when))
        .append("  ")
        .append(paint("1;34", pad(record.box(), 12)))
        .append(paint(colourOf(record.event()), pad(record.event(), 20)));
    String indent = " ";
    for (Map.Entry<String, JsonNode> member : record.data().properties()) {
      boolean isNew = told.add(member.getKey() + "=" + member.getValue());
      if (SPANS.contains(member.getKey())) {
        continue; // for machines: trace --json
      }
      if (!isNew && JOINERS.contains(member.getKey())) {
        continue; // told above, and the same
      }
      text.append(indent).append(member.getKey()).append("=").append(value(member.getValue()));
      indent = " ";
    }
    text.append("\n");
  }

  private static String value(JsonNode value) {
    String text = value.isString() ? value.stringValue() : value.toString();
    if (value.isArray() && value.path(0).path("rule").isString()) {
      text =
          value
              .valueStream()
              .map(match -> match.path("rule").asString(""))
              .collect(Collectors.joining(","));
    }
    return text.length() > LONGEST_VALUE ? text.substring(0, LONGEST_VALUE) + "…" : text;
  }

  private static String colourOf(String event) {
    if (event.contains("denied") || event.contains("refused") || event.contains("failed")) {
      return "33";
    }
    return event.contains("kill") || event.contains("ended") ? "31" : "32";
  }

  private static long micros(Instant start, Instant at) {
    return Duration.between(start, at).toNanos() / 1000;
  }

  private static String pad(String text, int width) {
    return text + " ".repeat(Math.max(1, width - text.length()));
  }

  private String paint(String code, String text) {
    return colour ? "\u001B[" + code + "m" + text + "\u001B[0m" : text;
  }
}
