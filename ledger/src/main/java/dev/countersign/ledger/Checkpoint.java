package dev.countersign.ledger;

import dev.countersign.protocol.Digest;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.SignedStatement;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.VerificationKeys;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// A signed statement of how far the chains had come: the Merkle root over the checkpoint before
/// and the head of every chain that went on since. As each root covers the one before, a root
/// covers all chains.
///
/// @param number from 1, without a gap
/// @param before the digest of the statement before; empty for the first
/// @param kind what the heads are
/// @param heads the chains' ends, or, for [Kind#CUT], the last entries that were dropped
/// @param statement a JWS over all of this, with the root instead of the heads
public record Checkpoint(
    long number, Instant at, String before, Kind kind, List<ChainHead> heads, String statement) {
  private static final String TYPE = "countersign-checkpoint";

  public Checkpoint {
    heads = List.copyOf(heads);
  }

  /// Signs one.
  ///
  /// @param previous the checkpoint before; null for the first
  public static Checkpoint sign(
      @Nullable Checkpoint previous,
      Instant now,
      Kind kind,
      List<ChainHead> heads,
      JwtSigner signer) {
    long number = previous == null ? 1 : previous.number + 1;
    String before = previous == null ? "" : previous.digest();
    Instant at = now.truncatedTo(ChronoUnit.MICROS);
    ObjectNode claims = StrictJson.object().put("number", number).put("at", at.toString());
    claims.put("before", before).put("kind", kind.code()).put("chains", heads.size());
    claims.put("root", root(before, kind, heads));
    return new Checkpoint(number, at, before, kind, heads, signer.sign(TYPE, claims));
  }

  /// Reads one whose signature is good and whose root is that of its heads.
  ///
  /// @throws MalformedJsonException saying what is wrong with it
  public static Checkpoint verified(
      String statement, List<ChainHead> heads, VerificationKeys keys) {
    ObjectNode claims = SignedStatement.verified(statement, TYPE, keys);
    String before = claims.path("before").asString("");
    Kind kind = claims.path("kind").asString("").equals(Kind.CUT.code()) ? Kind.CUT : Kind.HEADS;
    if (!root(before, kind, heads).equals(claims.path("root").asString(""))) {
      throw new MalformedJsonException("its heads are not those that were signed");
    }
    return new Checkpoint(
        claims.path("number").asLong(0),
        Instant.parse(claims.path("at").asString("")),
        before,
        kind,
        heads,
        statement);
  }

  /// What the next checkpoint calls this one.
  public String digest() {
    return Digest.sha256(statement);
  }

  /// Its line in an export.
  public String line() {
    ObjectNode line = StrictJson.object().put("checkpoint", statement);
    line.set("heads", ChainHead.json(heads));
    return StrictJson.write(line);
  }

  private static String root(String before, Kind kind, List<ChainHead> heads) {
    var leaves = new ArrayList<String>(heads.size() + 1);
    leaves.add(kind.code() + "\n" + before);
    heads.forEach(head -> leaves.add(head.leaf()));
    return MerkleTree.root(leaves);
  }

  /// What a checkpoint says of its heads.
  public enum Kind {
    /// The chains had come this far.
    HEADS,
    /// The chains' entries up to these were dropped, so each goes on after its head.
    CUT;

    String code() {
      return this == CUT ? "cut" : "heads";
    }
  }
}
