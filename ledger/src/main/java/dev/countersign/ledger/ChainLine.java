package dev.countersign.ledger;

import dev.countersign.protocol.Digest;
import dev.countersign.protocol.StrictJson;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import tools.jackson.databind.node.ObjectNode;

/// An entry in the one form that is stored, hashed and exported: a line of JSON that ends with its
/// own hash. The hash is SHA-256 over the 32 bytes of the entry before and the line up to
/// `,"hash":"`, so that a chain can be checked with nothing but SHA-256.
///
/// @param person what stands for the person: a random name, whose meaning can be forgotten
/// @param data what is not personal
/// @param sealed what is, under the person's own key, in base64; empty where there is no person
/// @param hash in hex
public record ChainLine(
    String writer,
    long seq,
    Instant at,
    String box,
    String event,
    String jti,
    String person,
    ObjectNode data,
    String sealed,
    String hash) {
  /// Where the hashed part of a line ends.
  public static final String HASH = ",\"hash\":\"";

  private static final int HASH_BYTES = 32;

  /// The entry with the hash that it must have after the one before it.
  public ChainLine after(String previous) {
    return new ChainLine(
        writer, seq, at, box, event, jti, person, data, sealed, hashAfter(previous));
  }

  /// The hash that this entry must have after the one before it.
  public String hashAfter(String previous) {
    return hash(previous, body().getBytes(StandardCharsets.UTF_8));
  }

  /// The hash of a line after the one before it.
  ///
  /// @param body the line up to [#HASH]
  public static String hash(String previous, byte[] body) {
    byte[] both = Arrays.copyOf(HexFormat.of().parseHex(previous), HASH_BYTES + body.length);
    System.arraycopy(body, 0, both, HASH_BYTES, body.length);
    return HexFormat.of().formatHex(Digest.raw(both));
  }

  /// What stands before the first entry of a writer.
  public static String genesis(String writer) {
    return HexFormat.of().formatHex(Digest.raw(writer.getBytes(StandardCharsets.UTF_8)));
  }

  /// What is not personal, in its canonical form.
  public String dataText() {
    return StrictJson.canonical(data);
  }

  /// The whole line, without a line break.
  public String text() {
    return body() + HASH + hash + "\"}";
  }

  // Writer and number come first, so that a reader finds them without parsing.
  private String body() {
    return "{\"writer\":\""
        + writer
        + "\",\"seq\":"
        + seq
        + ",\"at\":\""
        + at
        + "\",\"box\":\""
        + box
        + "\",\"event\":\""
        + event
        + "\",\"jti\":"
        + StrictJson.canonical(StrictJson.text(jti))
        + ",\"person\":\""
        + person
        + "\",\"data\":"
        + dataText()
        + ",\"sealed\":\""
        + sealed
        + "\"";
  }
}
