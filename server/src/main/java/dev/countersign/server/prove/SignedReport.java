package dev.countersign.server.prove;

import com.nimbusds.jose.jwk.ECKey;
import dev.countersign.box.KeyFiles;
import dev.countersign.protocol.Digest;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.SignedStatement;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.VerificationKeys;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// A report with its signature: `{"report":{…},"signature":"<JWS over the report's
/// digest>","keys":[…]}`. The digest is that of the report as we write it, so that white space in
/// the file means nothing and every member counts.
public final class SignedReport {
  private static final String TYPE = "countersign-proof";

  private SignedReport() {}

  /// Signs a report.
  public static ObjectNode sign(Report report, ECKey key) {
    ObjectNode content = report.json();
    ObjectNode claims = StrictJson.object().put("digest", digest(content));
    claims.put("run", report.run()).put("verdict", report.verdict().wireName());
    ObjectNode file = StrictJson.object();
    file.set("report", content);
    file.put("signature", new JwtSigner(key).sign(TYPE, claims));
    file.set("keys", KeyFiles.publicSet(List.of(key)).path("keys"));
    return file;
  }

  /// What the ledger and the signature call a report.
  public static String digest(ObjectNode report) {
    return Digest.sha256(StrictJson.write(report));
  }

  /// Reads a report whose signature is good.
  ///
  /// @throws MalformedJsonException saying what is wrong with it
  public static Report verified(ObjectNode file, VerificationKeys keys) {
    if (!(file.path("report") instanceof ObjectNode content)) {
      throw new MalformedJsonException("`report` is missing: this is no report of prove");
    }
    ObjectNode claims = SignedStatement.verified(file.path("signature").asString(""), TYPE, keys);
    if (!digest(content).equals(claims.path("digest").asString(""))) {
      throw new MalformedJsonException("the report is not the one that was signed");
    }
    Report report = Report.of(content);
    // What stands there must follow from the attacks, whoever signed it.
    if (!StrictJson.write(report.json()).equals(StrictJson.write(content))) {
      throw new MalformedJsonException("the report's results do not follow from its attacks");
    }
    return report;
  }
}
