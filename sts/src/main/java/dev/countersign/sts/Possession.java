package dev.countersign.sts;

import dev.countersign.protocol.DpopProofs;
import dev.countersign.protocol.JsonText;
import dev.countersign.protocol.OAuthError;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.WireException;
import dev.countersign.sts.clients.Client;
import dev.countersign.sts.clients.ClientCertificates;
import dev.countersign.sts.clients.Presented;
import dev.countersign.sts.clients.Proofs;
import java.net.URI;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// To which key a token is bound, if to any: the key of a DPoP proof, or the client's certificate.
///
/// Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc9449#section-5 RFC 9449 §5
/// @spec https://www.rfc-editor.org/rfc/rfc8705#section-3 RFC 8705 §3
public final class Possession {
  private static final String REPLAYS = "dpop ";

  private final DpopProofs dpop;
  private final URI issuer;

  /// @param issuer our address as callers know it: proofs name it
  public Possession(DpopProofs dpop, URI issuer) {
    this.dpop = dpop;
    this.issuer = issuer;
  }

  /// The binding of a token that this request may get, or null for a bearer token.
  ///
  /// @param proofs gets the DPoP proof, which counts only if this is its first use
  /// @throws WireException if a proof is needed and there is none, or it is bad
  @Nullable Binding of(Presented presented, Client client, Proofs proofs) {
    if (presented.proof().isPresent()) {
      return new Binding.Key(
          proven(presented.proof().get(), "POST", "/oauth2/token", null, proofs));
    }
    if (client.options().dpopRequired()) {
      throw new WireException(
          OAuthError.INVALID_DPOP_PROOF, "this client must send a DPoP proof with each request");
    }
    return client.options().certificateBound()
        ? new Binding.Certificate(
            ClientCertificates.thumbprint(presented.certificates().getFirst()))
        : null;
  }

  /// Whether a request proves the key that a presented token is bound to: by its DPoP proof, or by
  /// the certificate of its handshake. A binding of another kind counts as not proven.
  ///
  /// @param cnf the token's claim, or a missing node
  static boolean proves(JsonNode cnf, Asked asked) {
    if (cnf.isMissingNode()) {
      return true;
    }
    if (!cnf.isObject() || cnf.size() != 1) {
      return false;
    }
    String named = StrictJson.write(cnf);
    var certificates = asked.presented().certificates();
    return (asked.binding() != null && asked.binding().cnf().equals(named))
        || (!certificates.isEmpty()
            && new Binding.Certificate(ClientCertificates.thumbprint(certificates.getFirst()))
                .cnf()
                .equals(named));
  }

  /// The thumbprint of the key that made a proof.
  ///
  /// @param path where the request went
  /// @param token the token that came with the proof, or null
  /// @throws WireException if the proof is bad or lacks our nonce
  String proven(String proof, String method, String path, @Nullable Secret token, Proofs proofs) {
    return switch (dpop.check(proof, method, issuer.resolve(path), token)) {
      case DpopProofs.Check.Proven(String thumbprint, String id, var forgetAt) -> {
        proofs.add(new Proofs.Use(REPLAYS + thumbprint, id, forgetAt));
        yield thumbprint;
      }
      case DpopProofs.Check.NonceNeeded() ->
          throw new WireException(
              OAuthError.USE_DPOP_NONCE, "the DPoP proof must carry the nonce of this answer");
      case DpopProofs.Check.Bad(String reason) ->
          throw new WireException(OAuthError.INVALID_DPOP_PROOF, "the DPoP proof: " + reason);
    };
  }

  /// Whether a use is that of a DPoP proof.
  static boolean isDpop(Proofs.Use use) {
    return use.issuer().startsWith(REPLAYS);
  }

  /// The nonce for the next proof.
  public String nonce() {
    return dpop.nonce();
  }

  /// The key that a token's holder must prove.
  public sealed interface Binding {
    String thumbprint();

    /// `cnf.jkt`.
    record Key(String thumbprint) implements Binding {}

    /// `cnf.x5t#S256`.
    record Certificate(String thumbprint) implements Binding {}

    /// The claim `cnf`.
    default String cnf() {
      return switch (this) {
        case Key(String jkt) -> new JsonText().put("jkt", jkt).end();
        case Certificate(String x5t) -> new JsonText().put("x5t#S256", x5t).end();
      };
    }

    /// `token_type` of a token with this binding, or of a bearer token.
    static String tokenType(@Nullable Binding binding) {
      return binding instanceof Key ? "DPoP" : "Bearer";
    }
  }
}
