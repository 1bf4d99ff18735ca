package dev.countersign.ledger;

import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.VerificationKeys;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import tools.jackson.databind.node.ObjectNode;

/// Checks an export with nothing but the export: every chain by its hashes, then the checkpoints'
/// signatures and sequence, and that the chains are those that the checkpoints saw. For one export,
/// one thread.
///
/// It finds entries that were changed, removed, put in another order or cut off, chains that were
/// removed, and a ledger that goes on in two ways. A ledger that was cut off together with its
/// checkpoints, or rewritten by who has the key, is found by an anchor outside: see
/// [Result#anchored].
public final class ExportCheck {
  private static final byte[] WRITER = bytes("{\"writer\":\"");
  private static final byte[] SEQ = bytes("\",\"seq\":");
  private static final byte[] HASH = bytes(ChainLine.HASH);
  private static final byte[] END = bytes("\"}");
  private static final int HEX = 64;
  private static final int TAIL = HASH.length + HEX + END.length;
  private static final int LONGEST_WRITER = 100;
  private static final int LONGEST_NUMBER = 18;

  private final Function<ObjectNode, VerificationKeys> trust;
  private final MessageDigest sha256 = sha256();
  private final Map<String, ChainCheck> chains = new LinkedHashMap<>();
  private final TreeMap<Long, Checkpoint> checkpoints = new TreeMap<>();
  private final List<String> breaks = new ArrayList<>();
  private Optional<VerificationKeys> keys = Optional.empty();
  private long records;
  private long lines;

  /// @param trust the keys that may sign checkpoints, given the export's first line
  public ExportCheck(Function<ObjectNode, VerificationKeys> trust) {
    this.trust = trust;
  }

  /// The first line of an export.
  ///
  /// @param keySet the public keys that sign checkpoints, as a JWK Set
  public static String header(ObjectNode keySet) {
    ObjectNode header = StrictJson.object().put("ledger", 1);
    header.set("keys", keySet.path("keys"));
    return StrictJson.write(header);
  }

  /// Reads a whole export and tells everything that is wrong with it, in the order it is found.
  public Result check(InputStream export) throws IOException {
    byte[] buffer = new byte[1 << 16];
    int from = 0;
    int to = 0;
    for (int count = export.read(buffer, to, buffer.length - to);
        count >= 0;
        count = export.read(buffer, to, buffer.length - to)) {
      int searched = to;
      to += count;
      for (int i = searched; i < to; i++) {
        if (buffer[i] == '\n') {
          line(buffer, from, i);
          from = i + 1;
        }
      }
      if (from == 0 && to == buffer.length) {
        buffer = Arrays.copyOf(buffer, buffer.length * 2);
      } else {
        System.arraycopy(buffer, from, buffer, 0, to - from);
        to -= from;
        from = 0;
      }
    }
    if (to > from) {
      line(buffer, from, to);
    }
    return finish();
  }

  /// Reads one line, without its line break.
  public void line(String line) {
    byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
    line(bytes, 0, bytes.length);
  }

  /// Tells everything that is wrong, after the last line.
  public Result finish() {
    if (keys.isEmpty()) {
      breaks.addFirst("the first line is not that of an export of the ledger");
    }
    checkSequence();
    chains.values().forEach(chain -> chain.ending().ifPresent(breaks::add));
    return new Result(records, chains.size(), List.copyOf(checkpoints.values()), breaks);
  }

  private void line(byte[] buffer, int from, int to) {
    lines++;
    if (starts(buffer, from, to, WRITER)) {
      records++;
      entry(buffer, from, to);
    } else if (to > from) {
      try {
        statement(StrictJson.parseObject(Arrays.copyOfRange(buffer, from, to)));
      } catch (MalformedJsonException malformed) {
        breaks.add("line " + lines + ": " + malformed.getMessage());
      }
    }
  }

  private void statement(ObjectNode json) {
    if (json.has("ledger") && lines == 1) {
      keys = Optional.of(trust.apply(json));
      return;
    }
    Checkpoint checkpoint =
        Checkpoint.verified(
            json.path("checkpoint").asString(""),
            ChainHead.of(json.path("heads")),
            keys.orElseThrow(() -> new MalformedJsonException("no key is known for it")));
    Checkpoint other = checkpoints.putIfAbsent(checkpoint.number(), checkpoint);
    if (other != null) {
      breaks.add(
          "checkpoint "
              + checkpoint.number()
              + " is there twice"
              + (other.digest().equals(checkpoint.digest())
                  ? ""
                  : ", each time with other content: the ledger was forked"));
      return;
    }
    for (ChainHead head : checkpoint.heads()) {
      ChainCheck chain = chains.computeIfAbsent(head.writer(), ChainCheck::new);
      if (checkpoint.kind() == Checkpoint.Kind.CUT) {
        chain.cut(head);
      } else {
        chain.expect(head, checkpoint.number()).ifPresent(breaks::add);
      }
    }
  }

  private void entry(byte[] buffer, int from, int to) {
    int nameFrom = from + WRITER.length;
    int nameTo = nameFrom;
    while (nameTo < to && nameTo < nameFrom + LONGEST_WRITER && buffer[nameTo] != '"') {
      nameTo++;
    }
    int bodyTo = to - TAIL;
    int digit = nameTo + SEQ.length;
    if (!starts(buffer, nameTo, to, SEQ)
        || digit >= bodyTo
        || !starts(buffer, bodyTo, to, HASH)
        || !starts(buffer, to - END.length, to, END)) {
      breaks.add("line " + lines + " is no whole entry");
      return;
    }
    long seq = 0;
    for (int end = digit + LONGEST_NUMBER; digit < end && isDigit(buffer[digit]); digit++) {
      seq = seq * 10 + (buffer[digit] - '0');
    }
    String writer = new String(buffer, nameFrom, nameTo - nameFrom, StandardCharsets.US_ASCII);
    byte[] hash;
    try {
      String hex = new String(buffer, bodyTo + HASH.length, HEX, StandardCharsets.US_ASCII);
      hash = HexFormat.of().parseHex(hex);
    } catch (IllegalArgumentException notHex) {
      breaks.add("line " + lines + " has a hash that is none");
      return;
    }
    chains
        .computeIfAbsent(writer, ChainCheck::new)
        .next(seq, hash, buffer, from, bodyTo - from, sha256)
        .ifPresent(breaks::add);
  }

  private void checkSequence() {
    long expected = 1;
    String before = "";
    for (Checkpoint checkpoint : checkpoints.values()) {
      if (checkpoint.number() != expected) {
        breaks.add(
            "checkpoint "
                + expected
                + (checkpoint.number() == expected + 1
                    ? " is missing"
                    : " to " + (checkpoint.number() - 1) + " are missing"));
      } else if (!checkpoint.before().equals(before)) {
        breaks.add(
            "checkpoint "
                + expected
                + " does not follow from the one before it: the ledger was forked");
      }
      before = checkpoint.digest();
      expected = checkpoint.number() + 1;
    }
  }

  private static boolean isDigit(byte letter) {
    return letter >= '0' && letter <= '9';
  }

  private static boolean starts(byte[] buffer, int from, int to, byte[] text) {
    return from >= 0
        && to - from >= text.length
        && Arrays.equals(buffer, from, from + text.length, text, 0, text.length);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every Java platform has SHA-256", impossible);
    }
  }

  /// What a check found.
  ///
  /// @param records how many entries were read
  /// @param breaks one sentence each, the first broken record first; empty if all is whole
  public record Result(
      long records, int chains, List<Checkpoint> checkpoints, List<String> breaks) {
    public Result {
      checkpoints = List.copyOf(checkpoints);
      breaks = List.copyOf(breaks);
    }

    /// The same, with what an anchor outside objects: each of its statements must be among the
    /// export's checkpoints.
    ///
    /// @param statements what was anchored
    public Result anchored(List<String> statements) {
      var all = new ArrayList<>(breaks);
      var known = new HashSet<>(checkpoints.stream().map(Checkpoint::statement).toList());
      for (String statement : statements) {
        if (!known.contains(statement)) {
          all.add(
              "an anchored checkpoint is not in the export: the ledger was cut off before it, or"
                  + " forked");
        }
      }
      return new Result(records, chains, checkpoints, all);
    }
  }
}
