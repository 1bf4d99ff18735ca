package dev.countersign.sts.clients;

import com.nimbusds.jose.jwk.JWK;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.VerificationKeys;
import java.net.URI;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// A client as a command registers it: one JSON document, whose members are the keys of a client in
/// `countersign.yaml`.
///
/// ```
/// {"label": "Refund agent", "anchors": ["okta"], "types": ["urn:smt:agent:refund"],
///  "scopes": ["refund:write"], "audiences": ["https://mcp.example/mcp"], "token-lifetime": 60,
///  "auth": "private_key_jwt", "keys": [{"jwk": {...}, "expires-at": 1767225600}]}
/// ```
public final class Registration {
  /// The most secrets that are valid at once: the one in use and its replacement.
  static final int MOST_SECRETS = 2;

  private final ObjectNode json;

  private Registration(ObjectNode json) {
    this.json = json;
  }

  /// Reads a document.
  ///
  /// @throws IllegalArgumentException saying which member is wrong
  public static Registration parse(String text) {
    try {
      return new Registration(StrictJson.parseObject(text));
    } catch (MalformedJsonException malformed) {
      throw new IllegalArgumentException("the registration: " + malformed.getMessage(), malformed);
    }
  }

  /// A document of its parts, without credentials.
  public static Registration of(
      String label,
      List<String> anchors,
      List<String> types,
      List<String> scopes,
      List<String> audiences,
      Duration tokenLifetime,
      ClientOptions options) {
    ObjectNode json =
        StrictJson.object().put("label", label).put("token-lifetime", tokenLifetime.toSeconds());
    put(json, "anchors", anchors);
    put(json, "types", types);
    put(json, "scopes", scopes);
    put(json, "audiences", audiences);
    put(json, "actor-anchors", options.actorAnchors());
    put(json, "chains", options.chains());
    put(json, "introspects", options.introspects());
    json.put("actor-required", options.actorRequired());
    json.put("step-up", options.standardStepUp() ? "standard" : "verify");
    json.put("dpop", options.dpopRequired());
    json.put("certificate-bound", options.certificateBound());
    json.put("submits-codes", options.submitsCodes());
    return new Registration(json);
  }

  private static void put(ObjectNode json, String name, Iterable<String> values) {
    ArrayNode array = json.putArray(name);
    values.forEach(array::add);
  }

  /// The same client with one more secret; older ones end, and those that ended are forgotten.
  ///
  /// @param olderEnd until when older secrets are accepted
  /// @throws IllegalArgumentException if too many would be valid at once
  public Registration withSecret(HashedSecret secret, Instant olderEnd, Instant now) {
    ObjectNode copy = json.deepCopy().put("auth", "client_secret");
    ArrayNode secrets = endOthers(copy, "secrets", olderEnd);
    secrets.removeIf(entry -> entry.path("expires-at").asLong() <= now.getEpochSecond());
    if (secrets.size() >= MOST_SECRETS) {
      throw new IllegalArgumentException(
          "the client has two valid secrets; wait until the older one ends, or end both with --keep"
              + " 0s");
    }
    secrets.addObject().put("hash", secret.text());
    return new Registration(copy);
  }

  /// The same client with more keys; older ones end.
  ///
  /// @param method `private_key_jwt` or `self_signed_tls_client_auth`
  /// @param keys a JWK or a JWK Set; only its public halves are taken
  /// @param olderEnd until when older keys are accepted
  public Registration withKeys(String method, ObjectNode keys, Instant olderEnd) {
    ObjectNode copy = json.deepCopy().put("auth", method);
    copy.remove("jwks-uri");
    ArrayNode list = endOthers(copy, "keys", olderEnd);
    var added = new ArrayList<JsonNode>();
    if (keys.path("keys").isArray()) {
      keys.path("keys").forEach(added::add);
    } else {
      added.add(keys);
    }
    if (added.isEmpty()) {
      throw new IllegalArgumentException("the key file holds no key");
    }
    for (JsonNode key : added) {
      list.addObject().set("jwk", open(key));
    }
    return new Registration(copy);
  }

  /// The same client with the keys that it publishes; older ones end.
  ///
  /// @param address where its JWK Set is
  /// @param olderEnd until when older keys are accepted
  public Registration withKeysAt(URI address, Instant olderEnd) {
    ObjectNode copy =
        json.deepCopy().put("auth", "private_key_jwt").put("jwks-uri", address.toString());
    if (copy.has("keys")) {
      endOthers(copy, "keys", olderEnd);
    }
    return new Registration(copy);
  }

  /// Whether what an older registration of the client proved stays good for a while: only
  /// credentials of one kind overlap, and addresses of keys only with keys before them.
  public boolean keepsOlder(Registration older) {
    boolean isList = json.has("secrets") && method().equals("client_secret");
    boolean isKeys =
        json.has("keys")
            && !older.json.has("jwks-uri")
            && Set.of("private_key_jwt", "self_signed_tls_client_auth").contains(method());
    return method().equals(older.method()) && (isList || isKeys);
  }

  private static JsonNode open(JsonNode jwk) {
    try {
      return StrictJson.parse(JWK.parse(StrictJson.write(jwk)).toPublicJWK().toJSONString());
    } catch (ParseException | NullPointerException malformed) {
      throw new IllegalArgumentException("the key file holds something that is no public key");
    }
  }

  /// The same client, proven by a certificate of a configured authority.
  public Registration withCertificate(CertificateName name) {
    ObjectNode copy = json.deepCopy().put("auth", "tls_client_auth");
    copy.putObject("certificate").put("kind", name.kind().word()).put("name", name.value());
    return new Registration(copy);
  }

  /// The same client, proven by a JWT-SVID.
  ///
  /// @param bundle where the trust domain's JWK Set is
  public Registration withSvid(String id, URI bundle) {
    ObjectNode copy = json.deepCopy().put("auth", "spiffe_jwt");
    copy.putObject("spiffe").put("id", id).put("bundle", bundle.toString());
    return new Registration(copy);
  }

  private static ArrayNode endOthers(ObjectNode copy, String name, Instant end) {
    if (!copy.path(name).isArray()) {
      return copy.putArray(name);
    }
    ArrayNode list = (ArrayNode) copy.path(name);
    for (JsonNode entry : list) {
      JsonNode known = entry.path("expires-at");
      long at = end.getEpochSecond();
      ((ObjectNode) entry)
          .put("expires-at", known.isNumber() ? Math.min(known.longValue(), at) : at);
    }
    return list;
  }

  /// This document as text.
  public String write() {
    return StrictJson.write(json);
  }

  /// How the client proves itself, for people.
  public String method() {
    return json.path("auth").asString("nothing");
  }

  /// What the client is called, for people.
  public String label() {
    return json.path("label").asString("");
  }

  /// The client that this document describes.
  ///
  /// @throws IllegalArgumentException naming what is wrong
  public Client client(String id, InstantSource clock) {
    return new Client(
        id,
        credentials(clock),
        Set.copyOf(texts("anchors")),
        Set.copyOf(texts("types")),
        Set.copyOf(texts("scopes")),
        texts("audiences"),
        Duration.ofSeconds(json.path("token-lifetime").asLong(60)),
        label(),
        new ClientOptions(
            Set.copyOf(texts("actor-anchors")),
            json.path("actor-required").asBoolean(false),
            Set.copyOf(texts("chains")),
            json.path("step-up").asString("verify").equals("standard"),
            json.path("dpop").asBoolean(false),
            json.path("certificate-bound").asBoolean(false),
            Set.copyOf(texts("introspects")),
            json.path("submits-codes").asBoolean(false)));
  }

  private Credentials credentials(InstantSource clock) {
    return switch (method()) {
      case "private_key_jwt" ->
          json.has("jwks-uri")
              ? new Credentials.KeysAt(
                  URI.create(json.path("jwks-uri").asString("")),
                  json.path("keys").isEmpty() ? null : keys(clock))
              : new Credentials.Keys(keys(clock));
      case "self_signed_tls_client_auth" -> new Credentials.SelfSigned(keys(clock));
      case "client_secret" -> new Credentials.Secrets(secrets());
      case "tls_client_auth" ->
          new Credentials.Certificate(
              new CertificateName(
                  kind(json.path("certificate").path("kind").asString("")),
                  json.path("certificate").path("name").asString("")));
      case "spiffe_jwt" ->
          new Credentials.Svid(
              json.path("spiffe").path("id").asString(""),
              URI.create(json.path("spiffe").path("bundle").asString("")));
      default -> throw new IllegalArgumentException("auth is not a way to authenticate");
    };
  }

  /// A kind of certificate name by its word.
  ///
  /// @throws IllegalArgumentException for any other word
  public static CertificateName.Kind kind(String word) {
    for (CertificateName.Kind kind : CertificateName.Kind.values()) {
      if (kind.word().equals(word.toLowerCase(Locale.ROOT))) {
        return kind;
      }
    }
    throw new IllegalArgumentException(
        "a certificate is named by subject-dn, san-dns, san-uri, san-ip or san-email");
  }

  private DatedKeys keys(InstantSource clock) {
    var entries = new ArrayList<DatedKeys.Entry>();
    for (JsonNode entry : json.path("keys")) {
      ObjectNode set = StrictJson.object();
      set.putArray("keys").add(entry.path("jwk"));
      VerificationKeys keys = VerificationKeys.parse(set);
      if (keys.size() == 0) {
        throw new IllegalArgumentException("a key is of a kind that is not accepted");
      }
      entries.add(new DatedKeys.Entry(keys, end(entry)));
    }
    if (entries.isEmpty()) {
      throw new IllegalArgumentException("the client has no key");
    }
    return new DatedKeys(entries, clock);
  }

  private List<Credentials.DatedSecret> secrets() {
    var secrets = new ArrayList<Credentials.DatedSecret>();
    for (JsonNode entry : json.path("secrets")) {
      secrets.add(
          new Credentials.DatedSecret(
              new HashedSecret(entry.path("hash").asString("")), end(entry)));
    }
    return secrets;
  }

  private static @Nullable Instant end(JsonNode entry) {
    JsonNode at = entry.path("expires-at");
    return at.isNumber() ? Instant.ofEpochSecond(at.longValue()) : null;
  }

  private List<String> texts(String name) {
    var texts = new LinkedHashSet<String>();
    json.path(name).forEach(text -> texts.add(text.stringValue()));
    return List.copyOf(texts);
  }
}
