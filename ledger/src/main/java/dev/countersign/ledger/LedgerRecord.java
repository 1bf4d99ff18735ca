package dev.countersign.ledger;

import dev.countersign.protocol.Digest;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// An entry as somebody reads it who may: with the person and everything personal, unless they were
/// forgotten.
///
/// @param writer the running box that wrote it: its name and a random id of the run
/// @param seq its place in that writer's chain, from 1
/// @param at when it was written, by the box's clock, in microseconds
/// @param event the wire name of the event
/// @param subject the person, or the random name of one who was forgotten
/// @param hash SHA-256 over the previous entry's hash and this entry's line, in hex
public record LedgerRecord(
    String writer,
    long seq,
    Instant at,
    String box,
    String event,
    String jti,
    String subject,
    ObjectNode data,
    String hash) {
  /// The member of [#data] that says that the person was forgotten.
  public static final String FORGOTTEN = "forgotten";

  /// The line that an entry becomes.
  ///
  /// @param person whose it is; null where there is nobody
  /// @param previous the hash of the line before, or [ChainLine#genesis]
  public static ChainLine line(
      String writer,
      long seq,
      Instant now,
      String box,
      LedgerEntry entry,
      @Nullable Person person,
      String previous) {
    ObjectNode data = person == null ? entry.data() : PersonalData.impersonal(entry.data());
    String sealed = person == null ? "" : person.seal(PersonalData.personal(entry.data()));
    return new ChainLine(
            writer,
            seq,
            now.truncatedTo(ChronoUnit.MICROS),
            box,
            entry.event().wireName(),
            entry.jti(),
            person == null ? "" : person.id(),
            data,
            sealed,
            "")
        .after(previous);
  }

  /// An entry as somebody reads it who has the keys.
  ///
  /// @param person whose it is; empty where there is nobody, or they were forgotten
  public static LedgerRecord opened(ChainLine line, Optional<Person> person) {
    ObjectNode data = line.data().deepCopy();
    Optional<ObjectNode> personal = person.flatMap(known -> known.open(line.sealed()));
    personal.ifPresent(data::setAll);
    if (personal.isPresent()) {
      data.remove(data.has("matches") ? "rules" : "");
    } else if (!line.sealed().isEmpty()) {
      data.put(FORGOTTEN, true);
    }
    return new LedgerRecord(
        line.writer(),
        line.seq(),
        line.at(),
        line.box(),
        line.event(),
        line.jti(),
        person.map(Person::subject).orElse(line.person()),
        data,
        line.hash());
  }

  /// A name for this record that fits into a report: writer and number.
  public String id() {
    return writer + "#" + seq;
  }

  /// The trace that this entry belongs to in OpenTelemetry's words: the caller's, or one that
  /// follows from the `jti`.
  public String traceId() {
    String known = data.path("trace_id").asString("");
    return known.isEmpty()
        ? HexFormat.of().formatHex(Digest.raw(jti.getBytes(StandardCharsets.UTF_8)), 0, 16)
        : known;
  }
}
