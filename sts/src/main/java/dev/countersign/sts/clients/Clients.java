package dev.countersign.sts.clients;

import static dev.countersign.protocol.OAuthError.INVALID_REQUEST;

import dev.countersign.protocol.CompactJws;
import dev.countersign.protocol.JwtCheck;
import dev.countersign.protocol.JwtRules;
import dev.countersign.protocol.JwtVerifier;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.SpiffeId;
import dev.countersign.protocol.TokenTypes;
import dev.countersign.protocol.VerificationKeys;
import dev.countersign.protocol.VerifiedJwt;
import dev.countersign.protocol.WireException;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The registered clients and how they prove themselves. The configuration's clients come first; a
/// command cannot replace one.
///
/// Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc6749#section-2.3 RFC 6749 §2.3
public final class Clients {
  private static final Duration LEEWAY = Duration.ofSeconds(30);
  private static final Duration SVID_MAX_AGE = Duration.ofHours(1);
  private static final int MOST_VERIFIERS = 10_000;

  private final Map<String, Client> configured = new LinkedHashMap<>();
  private final String issuer;
  private final ClientStore store;
  private final SecretCheck secrets;
  private final ClientCertificates certificates;
  private final Function<URI, KeySource> remote;
  private final InstantSource clock;
  private final PresenterAssertion.Verifier nobody;
  private final JwtVerifier noWorkload;
  private final Map<String, Ready> verifiers = new ConcurrentHashMap<>();

  Clients(
      String issuer,
      List<Client> configured,
      ClientStore store,
      SecretCheck secrets,
      ClientCertificates certificates,
      Function<URI, KeySource> remote,
      InstantSource clock) {
    this.issuer = issuer;
    configured.forEach(client -> this.configured.put(client.id(), client));
    this.store = store;
    this.secrets = secrets;
    this.certificates = certificates;
    this.remote = remote;
    this.clock = clock;
    this.nobody =
        new PresenterAssertion.Verifier(
            "", Set.of(issuer), _ -> VerificationKeys.of(List.of()), clock);
    this.noWorkload = svids("none", issuer, _ -> VerificationKeys.of(List.of()), clock);
  }

  /// Puts the registry together.
  ///
  /// @param issuer the audience of client assertions
  /// @param remote where keys behind an address come from
  public static Clients of(
      String issuer,
      List<Client> configured,
      ClientStore store,
      GuessLimit guesses,
      ClientAuthorities authorities,
      Function<URI, KeySource> remote,
      InstantSource clock) {
    return new Clients(
        issuer,
        configured,
        store,
        new SecretCheck(guesses, HashedSecret::matches),
        new ClientCertificates(authorities.certificates(), authorities.revoked()),
        remote,
        clock);
  }

  /// A client by its id.
  public Optional<Client> find(String id) {
    Client known = configured.get(id);
    return known != null ? Optional.of(known) : store.find(id);
  }

  /// Authenticates the client of a request.
  ///
  /// @param proofs gets the assertion, which counts only if this is its first use
  /// @throws WireException if it proves itself in two ways
  public ClientCheck authenticate(Presented presented, Proofs proofs) {
    boolean byAssertion =
        presented.form().containsKey("client_assertion")
            || presented.form().containsKey("client_assertion_type");
    boolean byPost = presented.form().containsKey("client_secret");
    boolean byBasic = presented.basic().isPresent();
    if ((byAssertion ? 1 : 0) + (byPost ? 1 : 0) + (byBasic ? 1 : 0) > 1) {
      throw new WireException(
          INVALID_REQUEST, "a client authenticates in one way per request, not in two");
    }
    if (byAssertion) {
      return byAssertion(presented, proofs);
    }
    if (byBasic) {
      Presented.Basic basic = presented.basic().orElseThrow();
      return bySecret(presented, basic.id(), basic.secret());
    }
    String id = presented.form().getOrDefault("client_id", "");
    return byPost
        ? bySecret(presented, id, new Secret(presented.form().getOrDefault("client_secret", "")))
        : byCertificate(presented, id);
  }

  private ClientCheck byAssertion(Presented presented, Proofs proofs) {
    String type = presented.form().getOrDefault("client_assertion_type", "");
    String text = presented.form().getOrDefault("client_assertion", "");
    if (text.isEmpty() || type.isEmpty()) {
      return new ClientCheck.Unknown(
          "the client must authenticate with client_assertion and client_assertion_type");
    }
    CompactJws assertion;
    try {
      assertion = CompactJws.parse(text);
    } catch (MalformedJsonException malformed) {
      return new ClientCheck.Unknown("client_assertion: " + malformed.getMessage());
    }
    return switch (type) {
      case TokenTypes.JWT_CLIENT_ASSERTION -> byKey(presented, assertion, proofs);
      case TokenTypes.SPIFFE_CLIENT_ASSERTION -> bySvid(presented, assertion, proofs);
      default -> new ClientCheck.Unknown("client_assertion_type is not one that is accepted here");
    };
  }

  private ClientCheck byKey(Presented presented, CompactJws assertion, Proofs proofs) {
    Optional<Client> client = find(assertion.unverifiedIssuer());
    if (client.isEmpty() || !signsAssertions(client.get().credentials())) {
      nobody.verify(assertion); // costs what a wrong signature of a known client does
      return new ClientCheck.Unknown("client_assertion names no client known here");
    }
    return switch (ready(client.get()).assertions().verify(assertion)) {
      case PresenterAssertion.Check.Good(String name, String id, Instant forgetAt) -> {
        proofs.add(new Proofs.Use(name, id, forgetAt));
        yield named(presented, client.get());
      }
      case PresenterAssertion.Check.Bad(String reason) ->
          new ClientCheck.Unknown("client_" + reason);
    };
  }

  private static boolean signsAssertions(Credentials credentials) {
    return credentials instanceof Credentials.Keys || credentials instanceof Credentials.KeysAt;
  }

  /// @spec https://datatracker.ietf.org/doc/draft-ietf-oauth-spiffe-client-auth/ §3.1
  private ClientCheck bySvid(Presented presented, CompactJws assertion, Proofs proofs) {
    String id = assertion.unverifiedSubject();
    Optional<Client> client = presented.parameter("client_id").flatMap(this::find);
    if (client.isEmpty()) {
      client = find(id);
    }
    if (client.isEmpty()
        || !(client.get().credentials() instanceof Credentials.Svid svid)
        || !svid.id().equals(id)) {
      noWorkload.verify(assertion); // as above
      return new ClientCheck.Unknown("client_assertion names no SPIFFE ID that is registered here");
    }
    return switch (ready(client.get()).svids().verify(assertion)) {
      // A JWT-SVID need not have a `jti`, and a workload may use one until it expires. Its bearer
      // nature is limited by its one audience and its life.
      case JwtCheck.Verified(VerifiedJwt jwt) -> {
        jwt.id().ifPresent(jti -> proofs.add(new Proofs.Use(id, jti, jwt.expiresAt())));
        yield named(presented, client.get());
      }
      case JwtCheck.Rejected(String reason) ->
          new ClientCheck.Unknown("client_assertion: " + reason);
      case JwtCheck.Unavailable(String reason) ->
          new ClientCheck.Unknown("client_assertion: " + reason);
    };
  }

  private ClientCheck bySecret(Presented presented, String id, Secret secret) {
    Optional<Client> client = find(id);
    List<Credentials.DatedSecret> known =
        client
            .map(Client::credentials)
            .map(way -> way instanceof Credentials.Secrets(var own) ? own : null)
            .orElse(List.of());
    boolean isRight = secrets.isRight(id, known, secret, presented.source(), clock.instant());
    return isRight
        ? named(presented, client.orElseThrow())
        : new ClientCheck.Unknown("the client or its secret is not known here");
  }

  private ClientCheck byCertificate(Presented presented, String id) {
    if (presented.certificates().isEmpty()) {
      return new ClientCheck.Unknown(
          "the client must authenticate: with client_assertion, its secret or its certificate");
    }
    Optional<Client> client = find(id);
    Instant now = clock.instant();
    // The costly part comes first and for everybody, so that time tells neither clients nor names.
    boolean isVouchedFor = certificates.areVouchedFor(presented.certificates(), now);
    boolean isProven =
        client.isPresent()
            && switch (client.get().credentials()) {
              case Credentials.Certificate(CertificateName name) ->
                  isVouchedFor && ClientCertificates.isNamed(presented.certificates(), name);
              case Credentials.SelfSigned(var keys) ->
                  ClientCertificates.isRegistered(presented.certificates(), keys, now);
              case Credentials.Keys _,
                  Credentials.KeysAt _,
                  Credentials.Secrets _,
                  Credentials.Svid _ ->
                  false;
            };
    return isProven
        ? new ClientCheck.Known(client.orElseThrow())
        : new ClientCheck.Unknown("the certificate is not that of the client that client_id names");
  }

  private static ClientCheck named(Presented presented, Client client) {
    String claimed = presented.form().get("client_id");
    return claimed == null || claimed.equals(client.id())
        ? new ClientCheck.Known(client)
        : new ClientCheck.Unknown("client_id is not the client that authenticated");
  }

  /// The verifiers of a client as it is registered now; making them costs more than using them.
  @SuppressWarnings("ReferenceEquality") // a client that was registered anew is another object
  private Ready ready(Client client) {
    Ready known = verifiers.get(client.id());
    if (known != null && known.client == client) {
      return known;
    }
    if (verifiers.size() >= MOST_VERIFIERS) {
      verifiers.clear();
    }
    Ready fresh = new Ready(client, issuer, remote, clock);
    verifiers.put(client.id(), fresh);
    return fresh;
  }

  private static JwtVerifier svids(
      String trustDomain, String issuer, KeySource keys, InstantSource clock) {
    return new JwtVerifier(
        new JwtRules(
            trustDomain,
            Set.of(issuer),
            JwtRules.SVID_TYPES,
            JwtRules.SVID_ALGORITHMS,
            LEEWAY,
            SVID_MAX_AGE),
        keys,
        clock);
  }

  private static final class Ready {
    private final Client client;
    private final PresenterAssertion.Verifier assertions;
    private final JwtVerifier svids;

    Ready(Client client, String issuer, Function<URI, KeySource> remote, InstantSource clock) {
      this.client = client;
      KeySource keys =
          switch (client.credentials()) {
            case Credentials.Keys(var own) -> own;
            case Credentials.KeysAt(URI address, var before) ->
                published(remote.apply(address), before);
            case Credentials.Svid(String _, URI bundle) -> remote.apply(bundle);
            case Credentials.SelfSigned _, Credentials.Secrets _, Credentials.Certificate _ ->
                throw new IllegalStateException("this client signs nothing");
          };
      this.assertions = new PresenterAssertion.Verifier(client.id(), Set.of(issuer), keys, clock);
      this.svids = Clients.svids(svidDomain(client.credentials()), issuer, keys, clock);
    }

    /// What a client publishes, and until their end the keys that it replaces.
    private static KeySource published(KeySource now, @Nullable KeySource before) {
      if (before == null) {
        return now;
      }
      return kid -> {
        VerificationKeys older = before.keys(kid);
        return older.has(kid) ? older : now.keys(kid);
      };
    }

    // Only a client that proves itself by one has its SVIDs verified.
    private static String svidDomain(Credentials credentials) {
      return credentials instanceof Credentials.Svid svid
          ? SpiffeId.parse(svid.id()).orElseThrow().trustDomain()
          : "none";
    }

    PresenterAssertion.Verifier assertions() {
      return assertions;
    }

    JwtVerifier svids() {
      return svids;
    }
  }

  /// How a client's authentication ended.
  public sealed interface ClientCheck {
    /// The client proved itself, if its proofs are fresh.
    record Known(Client client) implements ClientCheck {}

    /// Nobody is proven.
    record Unknown(String reason) implements ClientCheck {}
  }
}
