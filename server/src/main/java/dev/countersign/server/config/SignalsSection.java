package dev.countersign.server.config;

import com.nimbusds.jose.jwk.JWK;
import dev.countersign.config.ConfigSection;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.http.RemoteKeySet;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.signals.EventTypes;
import dev.countersign.signals.transmit.OldForm;
import dev.countersign.signals.transmit.TransmitterConfig;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/// Reads the `transmitter` section; see [ReceiverSection] for the other half. They never see each
/// other's secrets.
final class SignalsSection {
  private static final String STS = "sts";
  private static final String RECEIVER = "receiver";

  private SignalsSection() {}

  /// The transmitter's address, which is the issuer of its tokens.
  static URI transmitterAddress(ConfigSection transmitter) {
    return Sections.address(transmitter, Sections.listener(transmitter, true));
  }

  static Optional<TransmitterConfig> transmitter(
      ConfigSection transmitter, ConfigSection receiver, Keys keys, URI stsIssuer) {
    var listener = Sections.listener(transmitter, true);
    URI address = Sections.address(transmitter, listener);
    String algorithm = receiver.optionalText("algorithm").orElse("ES256");
    Duration longestPoll =
        transmitter.duration("longest-poll", TransmitterConfig.DEFAULT_LONGEST_POLL);
    var workloads = new TreeMap<String, KeySource>();
    workloads.put(STS, keys.of(STS));
    workloads.put(RECEIVER, keys.of(RECEIVER));
    Set<String> certified =
        transmitter
            .optionalSection("certificates")
            .map(section -> Set.copyOf(section.keys()))
            .orElse(Set.of());
    var sources = new ArrayList<TransmitterConfig.Source>();
    sources.add(
        new TransmitterConfig.Source(
            STS,
            Set.of(STS),
            Set.of(EventTypes.SESSION_REVOKED, EventTypes.RISK_LEVEL_CHANGE),
            stsIssuer.toString()));
    transmitter
        .named("sources")
        .forEach((id, section) -> {
          List<String> who = section.texts("workloads");
          who.stream()
              .filter(name -> !certified.contains(name))
              .forEach(name ->
                  Sections.checked(transmitter, "sources", () -> keys.of(name))
                      .ifPresent(known -> workloads.put(name, known)));
          source(transmitter, id, section, who, stsIssuer).ifPresent(sources::add);
        });
    var receivers = new ArrayList<TransmitterConfig.Receiver>();
    receivers.add(
        new TransmitterConfig.Receiver(RECEIVER, ReceiverSection.audience(receiver), algorithm));
    transmitter
        .named("receivers")
        .forEach((name, section) -> {
          Optional<String> proof = section.optionalText("proof");
          if (!proof.filter("access-token"::equals).isPresent()) {
            proof.ifPresent(_ -> section.problem("proof", "must be access-token, or missing"));
            Sections.checked(transmitter, "receivers", () -> keys.of(name))
                .ifPresent(known -> workloads.put(name, known));
          }
          receiver(transmitter, name, section, keys).ifPresent(receivers::add);
        });
    var authorizations = new ArrayList<TransmitterConfig.Authorization>();
    authorizations.add(
        new TransmitterConfig.Authorization(
            stsIssuer.toString(),
            new RemoteKeySet(
                URI.create(stsIssuer + "/oauth2/jwks"), new WireClient(), InstantSource.system())));
    Optional<Map<String, String>> certificates = certificates(transmitter);
    Optional<TransmitterConfig.Keeping> keeping = keeping(transmitter, keys);
    transmitter
        .named("authorization-servers")
        .forEach(
            (_, section) -> authorization(transmitter, section).ifPresent(authorizations::add));
    Optional<TransmitterConfig.Push> push =
        transmitter
            .optionalSection("push")
            .map(section -> push(transmitter, section))
            .orElseGet(() -> Optional.of(TransmitterConfig.Push.USUAL));
    if (certificates.isEmpty() || keeping.isEmpty()) {
      return Optional.empty();
    }
    return push.flatMap(known ->
        Sections.checked(
            transmitter,
            "",
            () ->
                new TransmitterConfig(
                    listener,
                    address,
                    sources,
                    receivers,
                    workloads,
                    longestPoll,
                    known,
                    authorizations,
                    certificates.get(),
                    keeping.get())));
  }

  private static Optional<TransmitterConfig.Source> source(
      ConfigSection transmitter,
      String id,
      ConfigSection section,
      List<String> workloads,
      URI stsIssuer) {
    List<String> anchors = section.texts("anchors");
    Set<String> types = eventTypes(section, "event-types");
    int perMinute = (int) section.integer("per-minute", TransmitterConfig.Source.USUAL_PER_MINUTE);
    Optional<String> oldForm = section.optionalText("old-form-anchor");
    Optional<String> shownAt = section.optionalText("shown-at");
    section.done();
    return Sections.checked(
        transmitter,
        "sources",
        () ->
            new TransmitterConfig.Source(
                id,
                Set.copyOf(workloads),
                types,
                stsIssuer.toString(),
                Set.copyOf(anchors),
                perMinute,
                oldForm.map(OldForm::new),
                shownAt));
  }

  /// By workload, the thumbprint of the certificate in its PEM file.
  private static Optional<Map<String, String>> certificates(ConfigSection transmitter) {
    Optional<ConfigSection> section = transmitter.optionalSection("certificates");
    if (section.isEmpty()) {
      return Optional.of(Map.of());
    }
    return Sections.checked(
        transmitter,
        "certificates",
        () -> {
          var thumbprints = new TreeMap<String, String>();
          for (String workload : section.get().keys()) {
            thumbprints.put(workload, ClientKeys.thumbprint(section.get().path(workload)));
          }
          return thumbprints;
        });
  }

  private static Optional<TransmitterConfig.Keeping> keeping(ConfigSection transmitter, Keys keys) {
    Optional<Secret> sealKey = transmitter.optionalSecret("seal-key");
    var usual = TransmitterConfig.Keeping.usual(new Secret(""));
    int most = (int) transmitter.integer("most-waiting", usual.mostWaiting());
    Duration settled = transmitter.duration("keep-settled", usual.settled());
    return Sections.checked(
        transmitter,
        "",
        () ->
            new TransmitterConfig.Keeping(sealKey.orElseGet(keys::transmitterSeal), most, settled));
  }

  /// Types of events by their short names or URIs; `session-revoked` where nothing is said.
  static Set<String> eventTypes(ConfigSection section, String key) {
    var types = new TreeSet<String>();
    for (String name : section.texts(key)) {
      EventTypes.named(name)
          .ifPresentOrElse(
              types::add,
              () ->
                  section.problem(
                      key, "names a type that is not known; write for example session-revoked"));
    }
    return types.isEmpty() ? Set.of(EventTypes.SESSION_REVOKED) : Set.copyOf(types);
  }

  private static Optional<TransmitterConfig.Receiver> receiver(
      ConfigSection transmitter, String name, ConfigSection section, Keys keys) {
    String audience = section.text("audience");
    String algorithm = section.optionalText("algorithm").orElse("RS256");
    boolean hasOwnKey = section.flag("own-key", false);
    section.done();
    return Sections.checked(
        transmitter,
        "receivers",
        () ->
            new TransmitterConfig.Receiver(
                name,
                audience,
                algorithm,
                hasOwnKey ? Optional.of(ownKey(keys, name, algorithm)) : Optional.empty()));
  }

  /// Made at the first start, in the folder of keys.
  private static JWK ownKey(Keys keys, String receiver, String algorithm) {
    String name = "transmitter-signing-for-" + receiver;
    return algorithm.equals("RS256") ? keys.ownRsa(name) : keys.own(name);
  }

  private static Optional<TransmitterConfig.Authorization> authorization(
      ConfigSection transmitter, ConfigSection section) {
    String issuer = section.text("issuer");
    URI jwks = section.uri("jwks");
    section.done();
    return Sections.checked(
        transmitter,
        "authorization-servers",
        () ->
            new TransmitterConfig.Authorization(
                issuer, new RemoteKeySet(jwks, new WireClient(), InstantSource.system())));
  }

  private static Optional<TransmitterConfig.Push> push(
      ConfigSection transmitter, ConfigSection section) {
    List<String> hosts = section.texts("internal-hosts");
    Optional<Path> authorities = section.optionalPath("certificate-authorities");
    Duration giveUpAfter =
        section.duration("give-up-after", TransmitterConfig.Push.USUAL.giveUpAfter());
    section.done();
    return Sections.checked(
        transmitter,
        "push",
        () -> new TransmitterConfig.Push(Set.copyOf(hosts), authorities, giveUpAfter));
  }
}
