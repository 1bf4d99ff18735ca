package dev.countersign.ledger;

import dev.countersign.protocol.Digest;
import dev.countersign.protocol.StrictJson;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import tools.jackson.databind.node.ObjectNode;

/// An entry as it stands in the ledger.
///
/// @param writer the running box that wrote it: its name and a random id of the run
/// @param seq its place in that writer's chain, from 1
/// @param at when it was written, by the box's clock, in microseconds
/// @param event the wire name of the event
/// @param hash SHA-256 over the previous entry's hash and this entry's canonical form, in hex
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

  /// The next record of a chain.
  ///
  /// @param previous the hash of the record before, or [#genesis]
  public static LedgerRecord next(
      String writer, long seq, Instant now, String box, LedgerEntry entry, String previous) {
    Instant at = now.truncatedTo(ChronoUnit.MICROS);
    String event = entry.event().wireName();
    var record =
        new LedgerRecord(
            writer, seq, at, box, event, entry.jti(), entry.subject(), entry.data(), "");
    return new LedgerRecord(
        writer,
        seq,
        at,
        box,
        event,
        entry.jti(),
        entry.subject(),
        entry.data(),
        record.hashAfter(previous));
  }

  /// What stands before the first entry of a writer.
  public static String genesis(String writer) {
    return hex(writer.getBytes(StandardCharsets.UTF_8));
  }

  /// The hash that this record must have after the one before it.
  public String hashAfter(String previous) {
    var form = StrictJson.object();
    form.put("writer", writer).put("seq", seq).put("at", at.toString()).put("box", box);
    form.put("event", event).put("jti", jti).put("subject", subject).set("data", data);
    var bytes = new ByteArrayOutputStream();
    bytes.writeBytes(HexFormat.of().parseHex(previous));
    bytes.writeBytes(StrictJson.canonical(form).getBytes(StandardCharsets.UTF_8));
    return hex(bytes.toByteArray());
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(Digest.raw(bytes));
  }
}
