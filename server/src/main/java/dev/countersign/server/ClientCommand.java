package dev.countersign.server;

import dev.countersign.box.KeyFiles;
import dev.countersign.box.Logs;
import dev.countersign.config.ConfigException;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.Anchor;
import dev.countersign.sts.clients.CertificateName;
import dev.countersign.sts.clients.Client;
import dev.countersign.sts.clients.ClientOptions;
import dev.countersign.sts.clients.HashedSecret;
import dev.countersign.sts.clients.Registration;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.ObjectNode;

/// `countersign client`: the token service's clients that are not in the configuration.
@Command(
    name = "client",
    mixinStandardHelpOptions = true,
    description = "Registers, changes and removes clients of the token service.",
    footer = {
      "",
      "Every replica sees a change within a second. Clients of countersign.yaml are changed there."
    })
final class ClientCommand implements Runnable {
  private static final int SECRET_CHARACTERS = 43; // more than 256 bits

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    spec.commandLine().usage(System.out);
  }

  /// How a client proves itself.
  static final class Proof {
    @Option(
        names = "--keys",
        paramLabel = "<file>",
        description = "its public keys: a JWK or a JWK Set (private_key_jwt)")
    private @Nullable Path keys;

    @Option(
        names = "--new-key",
        paramLabel = "<file>",
        description = "makes a private key in this file, for the client; keeps the public half")
    private @Nullable Path newKey;

    @Option(
        names = "--jwks",
        paramLabel = "<uri>",
        description = "the address at which it publishes its keys (private_key_jwt)")
    private @Nullable URI jwks;

    @Option(names = "--secret", description = "makes a secret and prints it, once")
    private boolean secret;

    @Option(
        names = "--certificate",
        paramLabel = "<kind>=<name>",
        description =
            "a certificate of sts.client-certificates; kind is subject-dn, san-dns, san-uri, san-ip"
                + " or san-email")
    private @Nullable String certificate;

    @Option(
        names = "--certificate-keys",
        paramLabel = "<file>",
        description = "a self-signed certificate with one of these public keys")
    private @Nullable Path certificateKeys;

    @Option(
        names = "--spiffe",
        paramLabel = "<id>",
        description = "a JWT-SVID with this SPIFFE ID; needs --bundle")
    private @Nullable String spiffe;
  }

  /// What a client may ask for.
  static final class Rights {
    @Option(names = "--label", paramLabel = "<text>", description = "its name for people")
    private @Nullable String label;

    @Option(names = "--anchor", paramLabel = "<name>", description = "people of this trust anchor")
    private List<String> anchors = List.of();

    @Option(names = "--type", paramLabel = "<type>", description = "authorization details type")
    private List<String> types = List.of();

    @Option(names = "--scope", paramLabel = "<scope>", description = "scope")
    private List<String> scopes = List.of();

    @Option(names = "--audience", paramLabel = "<uri>", description = "resource")
    private List<String> audiences = List.of();

    @Option(
        names = "--token-lifetime",
        paramLabel = "<time>",
        converter = ShortDuration.class,
        description = "longest life of its tokens; default: 60s")
    private Duration tokenLifetime = Duration.ofSeconds(60);

    @Option(
        names = "--actor-anchor",
        paramLabel = "<name>",
        description = "actor tokens of this trust anchor")
    private List<String> actorAnchors = List.of();

    @Option(names = "--actor-required", description = "each exchange must name an actor")
    private boolean actorRequired;

    @Option(
        names = "--chain",
        paramLabel = "<client>",
        description = "may exchange tokens of this client for narrower ones")
    private List<String> chains = List.of();

    @Option(
        names = "--polls",
        description = "gets step-up as insufficient_user_authentication and polls")
    private boolean polls;

    @Option(names = "--dpop", description = "each request must carry a DPoP proof")
    private boolean dpop;

    @Option(names = "--certificate-bound", description = "tokens are bound to its certificate")
    private boolean certificateBound;

    @Option(
        names = "--submits-codes",
        description = "may pass on one-time codes that a person gave it, as older clients do")
    private boolean submitsCodes;

    @Option(
        names = "--introspects",
        paramLabel = "<uri>",
        description = "may introspect tokens for this resource")
    private List<String> introspects = List.of();

    private Registration registration(String id) {
      return Registration.of(
          label == null ? id : label,
          anchors,
          types,
          scopes,
          audiences,
          tokenLifetime,
          new ClientOptions(
              Set.copyOf(actorAnchors),
              actorRequired,
              Set.copyOf(chains),
              polls,
              dpop,
              certificateBound,
              Set.copyOf(introspects),
              submitsCodes));
    }
  }

  @Command(name = "add", mixinStandardHelpOptions = true, description = "Registers a client.")
  int add(
      @Mixin ConfigOption config,
      @Parameters(paramLabel = "<id>", description = "its client_id") String id,
      @ArgGroup(multiplicity = "1", heading = "How it proves itself%n") Proof proof,
      @Option(
              names = "--bundle",
              paramLabel = "<uri>",
              description = "the SPIFFE trust domain's JWK Set")
          @Nullable URI bundle,
      @ArgGroup(exclusive = false, heading = "What it may ask for%n") @Nullable Rights rights) {
    Logs.configure(Logs.Format.HUMAN);
    Rights asked = rights == null ? new Rights() : rights;
    try (var state = TokenServiceState.open(config)) {
      requireAnchors(state, asked);
      if (state.installation().sts().clients().stream().map(Client::id).anyMatch(id::equals)) {
        throw problem(id + " is a client of countersign.yaml; change it there");
      }
      Given given = given(asked.registration(id), proof, bundle, now());
      if (!added(state, id, given)) {
        throw problem(id + " is registered already; see client show, client rotate, client remove");
      }
      state.note(LedgerEvent.CLIENT_CHANGED, "added", id);
      System.out.println(id + " is registered: " + given.registration.method());
      tell(given);
    }
    return 0;
  }

  @Command(
      name = "rotate",
      mixinStandardHelpOptions = true,
      description = "Gives a client new credentials; the old ones stay good for a while.")
  int rotate(
      @Mixin ConfigOption config,
      @Parameters(paramLabel = "<id>", description = "its client_id") String id,
      @ArgGroup(multiplicity = "1", heading = "How it proves itself from now on%n") Proof proof,
      @Option(
              names = "--bundle",
              paramLabel = "<uri>",
              description = "the SPIFFE trust domain's JWK Set")
          @Nullable URI bundle,
      @Option(
              names = "--keep",
              paramLabel = "<time>",
              converter = ShortDuration.class,
              defaultValue = "24h",
              description = "how long the old ones stay good; default: ${DEFAULT-VALUE}")
          Duration keep) {
    Logs.configure(Logs.Format.HUMAN);
    try (var state = TokenServiceState.open(config)) {
      Instant end = now().plus(keep);
      var printed = new java.util.concurrent.atomic.AtomicReference<Given>();
      var overlaps = new java.util.concurrent.atomic.AtomicBoolean();
      boolean found =
          state
              .clients()
              .change(
                  id,
                  known -> {
                    Given given = given(known, proof, bundle, end);
                    printed.set(given);
                    overlaps.set(given.registration.keepsOlder(known));
                    return given.registration;
                  });
      if (!found) {
        throw problem(id + " is not registered by command; see client list");
      }
      state.note(LedgerEvent.CLIENT_CHANGED, "rotated", id);
      System.out.println(
          id
              + " has new credentials; the old ones are "
              + (overlaps.get()
                  ? "good until " + end
                  : "of another kind and refused within a second"));
      tell(printed.get());
    }
    return 0;
  }

  @Command(
      name = "list",
      mixinStandardHelpOptions = true,
      description = "Lists all clients, those of the configuration too.")
  int list(@Mixin ConfigOption config) {
    Logs.configure(Logs.Format.HUMAN);
    try (var state = TokenServiceState.open(config)) {
      for (Client client : state.installation().sts().clients()) {
        System.out.printf(
            "%-24s %-28s countersign.yaml%n", client.id(), client.credentials().method());
      }
      state
          .clients()
          .all()
          .forEach((id, registration) ->
              System.out.printf(
                  "%-24s %-28s %s%n", id, registration.method(), registration.label()));
    }
    return 0;
  }

  @Command(
      name = "show",
      mixinStandardHelpOptions = true,
      description = "Shows a registered client; secrets are slow hashes.")
  int show(
      @Mixin ConfigOption config,
      @Parameters(paramLabel = "<id>", description = "its client_id") String id) {
    Logs.configure(Logs.Format.HUMAN);
    try (var state = TokenServiceState.open(config)) {
      Registration registration = state.clients().all().get(id);
      if (registration == null) {
        throw problem(id + " is not registered by command; see client list");
      }
      System.out.println(registration.write());
    }
    return 0;
  }

  @Command(name = "remove", mixinStandardHelpOptions = true, description = "Removes a client.")
  int remove(
      @Mixin ConfigOption config,
      @Parameters(paramLabel = "<id>", description = "its client_id") String id) {
    Logs.configure(Logs.Format.HUMAN);
    try (var state = TokenServiceState.open(config)) {
      if (!state.clients().remove(id)) {
        throw problem(id + " is not registered by command; see client list");
      }
      state.note(LedgerEvent.CLIENT_CHANGED, "removed", id);
      System.out.println(id + " is removed; every replica refuses it within a second");
    }
    return 0;
  }

  private static boolean added(TokenServiceState state, String id, Given given) {
    try {
      return state.clients().add(id, given.registration);
    } catch (IllegalArgumentException wrong) {
      throw new ConfigException(String.valueOf(wrong.getMessage()).lines().toList());
    }
  }

  private static void requireAnchors(TokenServiceState state, Rights rights) {
    Set<String> known =
        state.installation().sts().anchors().stream().map(Anchor::name).collect(Collectors.toSet());
    if (!known.containsAll(rights.anchors) || !known.containsAll(rights.actorAnchors)) {
      throw problem("a trust anchor must be one of " + String.join(", ", known));
    }
  }

  private static Given given(
      Registration registration, Proof proof, @Nullable URI bundle, Instant olderEnd) {
    try {
      if (proof.secret) {
        var secret = new Secret(Ids.base62(SECRET_CHARACTERS));
        return new Given(registration.withSecret(HashedSecret.of(secret), olderEnd, now()), secret);
      }
      if (proof.newKey != null) {
        ObjectNode key = StrictJson.parseObject(KeyFiles.loadOrCreate(proof.newKey).toJSONString());
        return new Given(registration.withKeys("private_key_jwt", key, olderEnd), null);
      }
      if (proof.keys != null) {
        return new Given(
            registration.withKeys("private_key_jwt", read(proof.keys), olderEnd), null);
      }
      if (proof.jwks != null) {
        return new Given(registration.withKeysAt(proof.jwks, olderEnd), null);
      }
      if (proof.certificateKeys != null) {
        return new Given(
            registration.withKeys(
                "self_signed_tls_client_auth", read(proof.certificateKeys), olderEnd),
            null);
      }
      if (proof.certificate != null) {
        return new Given(registration.withCertificate(name(proof.certificate)), null);
      }
      if (proof.spiffe == null || bundle == null) {
        throw problem("--spiffe and --bundle belong together");
      }
      return new Given(registration.withSvid(proof.spiffe, bundle), null);
    } catch (IllegalArgumentException wrong) {
      throw problem(String.valueOf(wrong.getMessage()));
    }
  }

  private static CertificateName name(String text) {
    int equals = text.indexOf('=');
    if (equals < 1) {
      throw new IllegalArgumentException(
          "--certificate must be kind=name, such as san-dns=a.example");
    }
    return new CertificateName(
        Registration.kind(text.substring(0, equals)), text.substring(equals + 1));
  }

  private static ObjectNode read(Path file) {
    try {
      return StrictJson.parseObject(Files.readAllBytes(file));
    } catch (IOException unreadable) {
      throw new IllegalArgumentException(file + ": cannot be read", unreadable);
    } catch (MalformedJsonException malformed) {
      throw new IllegalArgumentException(file + ": is neither a JWK nor a JWK Set", malformed);
    }
  }

  private static void tell(Given given) {
    if (given.secret != null) {
      System.out.println(
          "Its secret, which is kept nowhere and not shown again: " + given.secret.reveal());
    }
  }

  private static Instant now() {
    return InstantSource.system().instant();
  }

  private static ConfigException problem(String text) {
    return new ConfigException(List.of(text));
  }

  /// New credentials, and the secret that is to be told.
  private record Given(Registration registration, @Nullable Secret secret) {}
}
