package dev.countersign.ledger;

import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/// Follows one chain through an export. For one thread.
final class ChainCheck {
  private final String writer;
  private final NavigableMap<Long, Expected> expected = new TreeMap<>();
  private final Map<Long, byte[]> unseen = new HashMap<>();
  private byte[] last;
  private long seq;

  ChainCheck(String writer) {
    this.writer = writer;
    this.last = HexFormat.of().parseHex(ChainLine.genesis(writer));
  }

  /// A checkpoint saw this chain end so; what is wrong with that, if the entry was read already.
  Optional<String> expect(ChainHead head, long checkpoint) {
    if (head.seq() > seq) {
      expected.put(head.seq(), new Expected(head.hash(), checkpoint));
      return Optional.empty();
    }
    byte[] read = unseen.get(head.seq());
    unseen.keySet().removeIf(number -> number <= head.seq());
    return read == null || Arrays.equals(read, HexFormat.of().parseHex(head.hash()))
        ? Optional.empty()
        : Optional.of(other(head.seq(), checkpoint));
  }

  /// The entries up to this one were dropped, under a signed statement.
  void cut(ChainHead head) {
    if (head.seq() > seq && unseen.isEmpty()) {
      seq = head.seq();
      last = HexFormat.of().parseHex(head.hash());
      expected.headMap(seq, true).clear();
    }
  }

  /// The next entry of the chain; what is wrong with it.
  ///
  /// @param hash as the entry itself has it
  Optional<String> next(
      long number, byte[] hash, byte[] buffer, int from, int length, MessageDigest sha256) {
    if (number <= seq) {
      return Optional.of(
          writer
              + ": entry "
              + number
              + " comes after entry "
              + seq
              + ": it is there twice, was moved, or the chain was forked");
    }
    long before = seq;
    seq = number;
    if (number > before + 1) {
      last = hash;
      return Optional.of(missing(before + 1, number - 1));
    }
    sha256.update(last);
    sha256.update(buffer, from, length);
    boolean follows = Arrays.equals(sha256.digest(), hash);
    last = hash;
    if (!follows) {
      return Optional.of(writer + ": entry " + number + " was changed, or the one before it was");
    }
    return seen(number, hash);
  }

  private Optional<String> seen(long number, byte[] hash) {
    Expected wanted = expected.isEmpty() ? null : expected.remove(number);
    if (wanted == null) {
      if (expected.isEmpty()) {
        unseen.put(number, hash);
      }
      return Optional.empty();
    }
    return wanted.hash.equals(HexFormat.of().formatHex(hash))
        ? Optional.empty()
        : Optional.of(other(number, wanted.checkpoint));
  }

  /// What is wrong with the chain's end.
  Optional<String> ending() {
    if (expected.isEmpty() || expected.lastKey() <= seq) {
      return Optional.empty();
    }
    return Optional.of(
        missing(seq + 1, expected.lastKey())
            + "; checkpoint "
            + expected.lastEntry().getValue().checkpoint
            + " saw them");
  }

  private String missing(long first, long last) {
    return writer
        + ": entry "
        + first
        + (first == last ? " is" : " to " + last + " are")
        + " missing";
  }

  private String other(long number, long checkpoint) {
    return writer
        + ": entry "
        + number
        + " is not the one that checkpoint "
        + checkpoint
        + " saw: the chain was written anew, or forked";
  }

  private record Expected(String hash, long checkpoint) {}
}
