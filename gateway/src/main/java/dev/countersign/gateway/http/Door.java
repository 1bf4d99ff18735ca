package dev.countersign.gateway.http;

import dev.countersign.box.Http;
import dev.countersign.gateway.BearerCheck;
import dev.countersign.gateway.Bearers;
import dev.countersign.gateway.Caller;
import dev.countersign.gateway.GatewayConfig;
import dev.countersign.gateway.Possession;
import dev.countersign.gateway.Refusals;
import dev.countersign.protocol.DpopProofs;
import dev.countersign.protocol.OAuthError;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.WireException;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// What every request passes before anything of it is read: where it comes from, and whose it is.
/// One door for all that the gateway serves. Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc6750#section-3 RFC 6750 §3
/// @spec https://www.rfc-editor.org/rfc/rfc9449#section-7 RFC 9449 §7
public final class Door {
  static final String METADATA = "/.well-known/oauth-protected-resource";

  private static final String DPOP = "DPoP";
  private static final Pattern BOUND =
      Pattern.compile("dpop +([A-Za-z0-9._~+/-]+=*)", Pattern.CASE_INSENSITIVE);

  private final GatewayConfig config;
  private final Set<String> hosts;
  private final Set<String> scopes = new TreeSet<>();
  private final Bearers bearers;
  private final Possession possession;
  private final Refusals refusals;

  public Door(GatewayConfig config, Bearers bearers, Possession possession, Refusals refusals) {
    this.config = config;
    this.hosts = config.hosts();
    config.anchors().forEach(anchor -> scopes.addAll(anchor.scopes()));
    this.bearers = bearers;
    this.possession = possession;
    this.refusals = refusals;
  }

  /// Puts a refusal in an endpoint's own words.
  @FunctionalInterface
  interface Wording {
    /// RFC 6750's members.
    Wording OAUTH =
        (_, code, description) ->
            StrictJson.object().put("error", code).put("error_description", description);

    /// Says it.
    ///
    /// @param isMissing whether there was no token at all
    /// @param code of OAuth
    ObjectNode body(boolean isMissing, String code, String description);
  }

  /// The scopes that a token needs.
  Set<String> scopes() {
    return scopes;
  }

  /// A browser page that was led here by a rebound name shows a foreign `Host` or `Origin`. True if
  /// it was, and the refusal is sent.
  boolean crossesBorder(ServerRequest request, ServerResponse response) {
    List<String> origins = request.headers().values(HeaderNames.ORIGIN);
    boolean ownOrigin =
        origins.isEmpty()
            || (origins.size() == 1
                && (origins.getFirst().equals(config.base().toString())
                    || config.border().origins().contains(origins.getFirst())));
    List<String> named = request.headers().values(HeaderNames.HOST);
    boolean ownHost =
        named.size() <= 1
            && hosts.contains(String.valueOf(request.authority()).toLowerCase(Locale.ROOT));
    if (ownOrigin && ownHost) {
      return false;
    }
    String what = ownOrigin ? "`Host`" : "`Origin`";
    refused("", what + " is not served here");
    Http.json(
        response, 403, Wording.OAUTH.body(false, "invalid_request", what + " is not served here"));
    return true;
  }

  /// Who asks; empty if that is not proven, and the refusal is sent.
  Optional<Caller> caller(ServerRequest request, ServerResponse response, Wording wording) {
    Optional<Presented> shown;
    try {
      if (request.query().contains("access_token")) {
        throw new WireException(
            OAuthError.INVALID_REQUEST, "a token belongs in the header, not in the query");
      }
      shown = presented(request, response);
    } catch (WireException malformed) {
      if (isAboutProof(malformed.error())) {
        refuseProof(response, malformed, wording);
        return Optional.empty();
      }
      refused("", malformed.description());
      response.header("WWW-Authenticate", challengeText(OAuthError.INVALID_REQUEST, scopes));
      String code = malformed.error().code();
      Http.json(response, 400, wording.body(false, code, malformed.description()));
      return Optional.empty();
    }
    if (shown.isEmpty()) {
      refused("", "no bearer");
      challenge(response, null, scopes, wording);
      return Optional.empty();
    }
    Optional<DpopProofs.Check.Proven> proof = shown.get().proof();
    return switch (bearers.check(
        shown.get().token(), proof.map(DpopProofs.Check.Proven::thumbprint))) {
      case BearerCheck.Accepted(Caller caller) -> {
        if (proof.isEmpty() || possession.isFirstUse(proof.get())) {
          yield Optional.of(caller);
        }
        refuseProof(
            response,
            new WireException(OAuthError.INVALID_DPOP_PROOF, "the DPoP proof was used before"),
            wording);
        yield Optional.empty();
      }
      case BearerCheck.Rejected(String reason) -> {
        refused("", "bearer: " + reason);
        challenge(response, OAuthError.INVALID_TOKEN, scopes, wording);
        yield Optional.empty();
      }
      case BearerCheck.TooNarrow(String subject, Set<String> needed) -> {
        refused(subject, "bearer: a scope is missing");
        challenge(response, OAuthError.INSUFFICIENT_SCOPE, needed, wording);
        yield Optional.empty();
      }
      case BearerCheck.Unavailable(String reason) -> throw new UnavailableException(reason, null);
    };
  }

  /// A token as it was sent.
  ///
  /// @param proof that its sender holds a key
  private record Presented(Secret token, Optional<DpopProofs.Check.Proven> proof) {}

  private Optional<Presented> presented(ServerRequest request, ServerResponse response) {
    Optional<String> proof = Http.header(request, DPOP);
    if (proof.isPresent()) {
      response.header("DPoP-Nonce", possession.nonce());
    }
    Optional<Secret> bound =
        Http.header(request, "Authorization")
            .map(BOUND::matcher)
            .filter(Matcher::matches)
            .map(match -> new Secret(match.group(1)));
    if (bound.isPresent() != proof.isPresent()) {
      throw new WireException(
          OAuthError.INVALID_DPOP_PROOF, "a DPoP proof and the scheme DPoP belong together");
    }
    if (bound.isEmpty()) {
      Optional<Secret> bearer = Http.bearer(request);
      if (bearer.isPresent() && config.border().dpopRequired()) {
        throw new WireException(
            OAuthError.INVALID_DPOP_PROOF, "only tokens with a DPoP proof are taken here");
      }
      return bearer.map(token -> new Presented(token, Optional.empty()));
    }
    String method = request.prologue().method().text();
    return Optional.of(
        new Presented(
            bound.get(),
            Optional.of(
                possession.proven(proof.get(), method, request.path().path(), bound.get()))));
  }

  private static boolean isAboutProof(OAuthError error) {
    return error == OAuthError.INVALID_DPOP_PROOF || error == OAuthError.USE_DPOP_NONCE;
  }

  private void refuseProof(ServerResponse response, WireException refused, Wording wording) {
    refused("", refused.description());
    response.headers().set(HeaderNames.create("DPoP-Nonce"), possession.nonce());
    String code = refused.error().code();
    response.header("WWW-Authenticate", dpopChallenge() + ", error=\"" + code + "\"");
    Http.json(
        response,
        OAuthError.INVALID_TOKEN.httpStatus(),
        wording.body(false, code, refused.description()));
  }

  private String dpopChallenge() {
    return "DPoP resource_metadata=\""
        + config.base()
        + METADATA
        + "/mcp\", algs=\""
        + String.join(" ", DpopProofs.ALGORITHMS)
        + '"';
  }

  /// Says that the token is not, or no longer, accepted.
  void signIn(ServerResponse response, Wording wording) {
    challenge(response, OAuthError.INVALID_TOKEN, scopes, wording);
  }

  /// Adds the challenge to an answer in other words.
  void challenge(ServerResponse response) {
    response.header("WWW-Authenticate", challengeText(OAuthError.INVALID_TOKEN, scopes));
  }

  void refused(String subject, String reason) {
    refusals.record(subject, reason);
  }

  private void challenge(
      ServerResponse response, @Nullable OAuthError error, Set<String> needed, Wording wording) {
    response.header("WWW-Authenticate", challengeText(error, needed));
    OAuthError told = error == null ? OAuthError.INVALID_TOKEN : error;
    String description =
        error == OAuthError.INSUFFICIENT_SCOPE
            ? "the token lacks a scope"
            : "sign in with an authorization server of this resource";
    Http.json(response, told.httpStatus(), wording.body(error == null, told.code(), description));
  }

  private String challengeText(@Nullable OAuthError error, Set<String> needed) {
    var text = new StringBuilder("Bearer resource_metadata=\"");
    text.append(config.base()).append(METADATA).append("/mcp\"");
    if (!needed.isEmpty()) {
      text.append(", scope=\"").append(String.join(" ", new TreeSet<>(needed))).append('"');
    }
    if (error != null) {
      text.append(", error=\"").append(error.code()).append('"');
    }
    return text.toString();
  }
}
