package dev.countersign.server.config;

import dev.countersign.box.IssuerKeys;
import dev.countersign.box.KeyFiles;
import dev.countersign.config.ConfigSection;
import dev.countersign.protocol.JwtRules;
import dev.countersign.protocol.http.RemoteKeySet;
import dev.countersign.sts.Anchor;
import dev.countersign.sts.AnchorPreset;
import dev.countersign.sts.Introspection;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Reads one trust anchor of the `sts` section: what its preset fixes, and what the section says
/// otherwise.
final class AnchorSection {
  private static final Duration LEEWAY = Duration.ofSeconds(30);

  private final ConfigSection section;
  private final AnchorPreset preset;
  private final Map<String, String> parameters = new HashMap<>();

  private AnchorSection(ConfigSection section, AnchorPreset preset) {
    this.section = section;
    this.preset = preset;
    for (String parameter : preset.shape().parameters()) {
      section.optionalText(parameter).ifPresent(value -> parameters.put(parameter, value));
    }
  }

  static Optional<Anchor> read(String name, ConfigSection section) {
    String chosen = section.optionalText("preset").orElse("oidc");
    Optional<AnchorPreset> preset =
        Arrays.stream(AnchorPreset.values()).filter(p -> word(p).equals(chosen)).findFirst();
    if (preset.isEmpty()) {
      section.problem(
          "preset",
          "must be one of "
              + Arrays.stream(AnchorPreset.values())
                  .map(AnchorSection::word)
                  .collect(Collectors.joining(", ")));
      return Optional.empty();
    }
    return new AnchorSection(section, preset.get()).read(name);
  }

  private static String word(AnchorPreset preset) {
    return preset.name().toLowerCase(Locale.ROOT);
  }

  private Optional<Anchor> read(String name) {
    String issuer =
        section.optionalText("issuer").orElseGet(() -> preset.issuer(Map.copyOf(parameters)));
    if (issuer.isEmpty()) {
      section.problem("issuer", "missing; name it" + orParameters());
    }
    List<String> audiences = section.texts("audiences");
    if (audiences.isEmpty()) {
      section.problem("audiences", "missing; name the exact `aud` values of your API");
    }
    String problem =
        issuer.isEmpty() ? "" : preset.problem(parameters, issuer, Set.copyOf(audiences));
    if (!problem.isEmpty()) {
      section.problem("issuer", problem);
    }
    String tokenType =
        section.optionalText("token-type").orElse("urn:" + name + ":token-type:user-jwt");
    Optional<Introspection> introspection =
        section.optionalSection("introspection").flatMap(ask -> introspection(ask, issuer));
    boolean wellFormed = !issuer.isEmpty() && !audiences.isEmpty() && problem.isEmpty();
    Optional<IssuerKeys> keys = wellFormed ? keys(issuer) : Optional.empty();
    Optional<JwtRules> form = wellFormed ? form(issuer, audiences) : Optional.empty();
    Anchor.Demands demands = demands();
    Optional<Anchor.Claims> claims = claims();
    List.of("jwks", "discovery", "keys", "key-hosts", "internal-hosts", "tls-authorities")
        .forEach(section::has); // known also where something else is wrong
    List.of("outage-limit", "audiences-beside", "types", "algorithms", "leeway", "max-age")
        .forEach(section::has);
    section.done();
    return keys.flatMap(where ->
        form.flatMap(rules ->
            claims.flatMap(read ->
                Sections.checked(
                    section,
                    "issuer",
                    () ->
                        new Anchor(
                            name,
                            tokenType,
                            rules,
                            demands,
                            read,
                            where,
                            introspection.orElse(null))))));
  }

  private String orParameters() {
    List<String> names = preset.shape().parameters();
    return names.isEmpty() ? "" : ", or what makes it up: " + String.join(", ", names);
  }

  private Optional<JwtRules> form(String issuer, List<String> audiences) {
    Set<String> beside = new HashSet<>(preset.companions(issuer));
    beside.addAll(section.texts("audiences-beside"));
    Set<String> types = texts("types", preset.shape().types());
    Set<String> algorithms = texts("algorithms", preset.shape().algorithms());
    Duration leeway = section.duration("leeway", LEEWAY);
    Duration maxAge = section.duration("max-age", Duration.ZERO);
    return Sections.checked(
        section,
        "algorithms",
        () ->
            new JwtRules(issuer, Set.copyOf(audiences), beside, types, algorithms, leeway, maxAge));
  }

  private Anchor.Demands demands() {
    var equal = new TreeMap<>(preset.equal(parameters));
    equal.putAll(map("equal"));
    return new Anchor.Demands(
        equal,
        texts("present", preset.shape().present()),
        Set.copyOf(section.texts("authorized-parties")),
        section.flag("id-tokens", preset.acceptsIdTokens()));
  }

  private Optional<Anchor.Claims> claims() {
    AnchorPreset.Shape shape = preset.shape();
    String subject = section.optionalText("subject").orElse(shape.subject());
    List<String> mail = section.has("mail") ? section.texts("mail") : shape.mail();
    List<String> phone = section.has("phone") ? section.texts("phone") : shape.phone();
    Map<String, String> attributes = map("attributes");
    return Sections.checked(
        section, "subject", () -> new Anchor.Claims(subject, mail, phone, attributes));
  }

  private Optional<IssuerKeys> keys(String issuer) {
    Set<String> internal = Set.copyOf(section.texts("internal-hosts"));
    @Nullable Path authorities = section.optionalPath("tls-authorities").orElse(null);
    Duration outageLimit = section.duration("outage-limit", RemoteKeySet.OUTAGE_LIMIT);
    return place(issuer)
        .flatMap(place ->
            Sections.checked(
                section,
                "internal-hosts",
                () -> new IssuerKeys(place, internal, authorities, outageLimit)));
  }

  private Optional<IssuerKeys.Place> place(String issuer) {
    Set<String> hosts = new HashSet<>(preset.keyHosts());
    hosts.addAll(section.texts("key-hosts"));
    Optional<URI> jwks = section.optionalUri("jwks");
    Optional<URI> document = section.optionalUri("discovery");
    Optional<String> pinned = section.optionalText("keys");
    if ((jwks.isPresent() ? 1 : 0) + (document.isPresent() ? 1 : 0) + (pinned.isPresent() ? 1 : 0)
        > 1) {
      section.problem("jwks", "name one of jwks, discovery and keys");
    }
    if (pinned.isPresent() && pinned.get().equals("none")) {
      return Optional.of(new IssuerKeys.Place.None());
    }
    if (pinned.isPresent()) {
      Path file = section.folder().resolve(pinned.get()).normalize();
      return Sections.checked(
          section, "keys", () -> new IssuerKeys.Place.Pinned(KeyFiles.publicKeys(file)));
    }
    if (jwks.isPresent()) {
      return Optional.of(new IssuerKeys.Place.At(jwks.get()));
    }
    if (document.isEmpty() && !preset.hasDiscovery()) {
      section.problem("jwks", "missing; name the trust domain's bundle, or its file under keys");
      return Optional.empty();
    }
    String usual = section.has("issuer") ? "" : preset.discovery(parameters);
    return Sections.checked(
        section,
        "keys",
        () ->
            document
                .<IssuerKeys.Place>map(at -> new IssuerKeys.Place.Discovered(at, hosts))
                .orElseGet(() ->
                    usual.isEmpty()
                        ? IssuerKeys.Place.Discovered.of(issuer, hosts)
                        : new IssuerKeys.Place.Discovered(URI.create(usual), hosts)));
  }

  private Optional<Introspection> introspection(ConfigSection ask, String issuer) {
    String usual = preset.shape().introspection();
    Optional<URI> named = ask.optionalUri("endpoint");
    String clientId = ask.text("client-id");
    var secret = ask.secret("client-secret");
    String tokens = ask.optionalText("tokens").orElse("opaque");
    if (!List.of("opaque", "every").contains(tokens)) {
      ask.problem("tokens", "must be opaque or every");
    }
    if (named.isEmpty() && usual.isEmpty()) {
      ask.problem("endpoint", "missing; name the issuer's introspection endpoint");
    }
    ask.done();
    URI endpoint = named.orElseGet(() -> URI.create(issuer + usual));
    return Optional.of(
        new Introspection(
            endpoint,
            clientId,
            secret,
            tokens.equals("every") ? Introspection.Scope.EVERY : Introspection.Scope.OPAQUE));
  }

  private Set<String> texts(String key, Set<String> usual) {
    return section.has(key) ? Set.copyOf(section.texts(key)) : usual;
  }

  private Map<String, String> map(String key) {
    var texts = new TreeMap<String, String>();
    section
        .optionalSection(key)
        .ifPresent(map -> map.keys().forEach(name -> texts.put(name, map.text(name))));
    return texts;
  }
}
