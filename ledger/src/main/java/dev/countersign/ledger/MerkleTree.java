package dev.countersign.ledger;

import dev.countersign.protocol.Digest;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;

/// A Merkle tree as Certificate Transparency has it: leaves and nodes are hashed apart, and the
/// left half of every node is the largest power of two.
///
/// @spec https://www.rfc-editor.org/rfc/rfc9162#section-2.1.1 RFC 9162 §2.1.1
public final class MerkleTree {
  private static final int LEAF = 0;
  private static final int NODE = 1;

  private MerkleTree() {}

  /// The root over these texts, in hex.
  public static String root(List<String> leaves) {
    return HexFormat.of().formatHex(hash(leaves));
  }

  private static byte[] hash(List<String> leaves) {
    int count = leaves.size();
    if (count == 0) {
      return Digest.raw(new byte[0]);
    }
    if (count == 1) {
      return hash(LEAF, leaves.getFirst().getBytes(StandardCharsets.UTF_8), new byte[0]);
    }
    int left = Integer.highestOneBit(count - 1);
    return hash(NODE, hash(leaves.subList(0, left)), hash(leaves.subList(left, count)));
  }

  private static byte[] hash(int kind, byte[] first, byte[] second) {
    var bytes = new ByteArrayOutputStream();
    bytes.write(kind);
    bytes.writeBytes(first);
    bytes.writeBytes(second);
    return Digest.raw(bytes.toByteArray());
  }
}
