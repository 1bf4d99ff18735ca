package dev.countersign.server;

import dev.countersign.box.IssuerKeys;
import dev.countersign.box.Logs;
import dev.countersign.config.ConfigException;
import dev.countersign.protocol.CompactJws;
import dev.countersign.protocol.JwtCheck;
import dev.countersign.protocol.JwtVerifier;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.OAuthError;
import dev.countersign.protocol.SpiffeId;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.VerificationKeys;
import dev.countersign.protocol.http.Wire;
import dev.countersign.server.config.Installation;
import dev.countersign.sts.Anchor;
import dev.countersign.sts.diagnosis.Code;
import dev.countersign.sts.diagnosis.CodesPage;
import dev.countersign.sts.diagnosis.Errors;
import dev.countersign.sts.diagnosis.Expected;
import dev.countersign.sts.diagnosis.Finding;
import dev.countersign.sts.diagnosis.IssuerDoctor;
import dev.countersign.sts.diagnosis.TokenDoctor;
import java.io.Console;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `countersign doctor`: what is wrong with a token, a trust anchor or an error, and the one fix.
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    description = "Says what is wrong with a token, a trust anchor or an error, and the one fix.",
    footer = {"", "Exit code 0: nothing is wrong. 1: something is. 2: the configuration is."})
final class DoctorCommand implements Runnable {
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final int LARGEST = 64 * 1024;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    spec.commandLine().usage(System.out);
  }

  @Command(
      name = "token",
      mixinStandardHelpOptions = true,
      description =
          "Examines a token that is pasted or comes by standard input. It is neither logged nor"
              + " printed.")
  int token(
      @Mixin ConfigOption config,
      @Option(
              names = "--anchor",
              paramLabel = "<name>",
              description = "the trust anchor it is for; default: the one with its issuer")
          @Nullable String name) {
    Logs.configure(Logs.Format.HUMAN);
    Installation installation = Installation.read(config.file(), config.variables());
    String token = read();
    Optional<Anchor> anchor =
        name == null
            ? byIssuer(installation.sts().anchors(), token)
            : Optional.of(anchor(installation, name));
    InstantSource clock = InstantSource.system();
    System.out.println(
        anchor
            .map(known -> "As the trust anchor `" + known.name() + "` sees it:")
            .orElse("No trust anchor has its issuer (name one with --anchor). The token alone:"));
    var findings =
        new ArrayList<>(
            new TokenDoctor(anchor.map(Expected::of).orElse(null), clock.instant()).examine(token));
    anchor.flatMap(known -> verified(known, token, clock, findings)).ifPresent(findings::add);
    return report(findings, "Nothing is wrong with it.");
  }

  @Command(
      name = "idp",
      mixinStandardHelpOptions = true,
      description = "Compares a trust anchor with what its issuer publishes.")
  int idp(
      @Mixin ConfigOption config,
      @Parameters(index = "0", paramLabel = "<anchor>", description = "its name under sts.anchors")
          String name) {
    Logs.configure(Logs.Format.HUMAN);
    Anchor anchor = anchor(Installation.read(config.file(), config.variables()), name);
    Wire wire = anchor.keys().wire();
    var doctor = IssuerDoctor.of(anchor);
    String agrees = "The anchor `" + name + "` agrees with what its issuer publishes.";
    return switch (anchor.keys().place()) {
      case IssuerKeys.Place.Pinned(VerificationKeys keys) ->
          report(
              doctor.examine(),
              "The anchor `"
                  + name
                  + "` has "
                  + keys.size()
                  + " pinned keys; what its issuer publishes is not asked for.");
      case IssuerKeys.Place.None() ->
          report(
              doctor.examine(),
              "The anchor `"
                  + name
                  + "` has no keys: its issuer is asked about each token, and about nothing else.");
      case IssuerKeys.Place.At(URI keys) when SpiffeId.isTrustDomain(anchor.issuer()) ->
          report(doctor.examineKeys(keys.toString(), fetch(wire, keys.toString())), agrees);
      case IssuerKeys.Place.At(URI keys) -> {
        Optional<IssuerDoctor.Published> document = fetch(wire, doctor.discovery());
        var findings = new ArrayList<>(doctor.examine(document));
        findings.addAll(doctor.examineKeys(keys.toString(), fetch(wire, keys.toString())));
        yield report(
            findings,
            doctor.isEnoughWithout(document)
                ? "The anchor `"
                    + name
                    + "` has the keys of its issuer, which publishes no discovery document and needs"
                    + " none, since the anchor names its jwks."
                : agrees);
      }
      case IssuerKeys.Place.Discovered(URI at, Set<String> _) -> {
        Optional<IssuerDoctor.Published> document = fetch(wire, at.toString());
        var findings = new ArrayList<>(doctor.examine(document));
        String keys = document.map(IssuerDoctor::keysOf).orElse("");
        if (!keys.isEmpty()) {
          findings.addAll(doctor.examineKeys(keys, fetch(wire, keys)));
        }
        yield report(findings, agrees);
      }
    };
  }

  @Command(
      name = "error",
      mixinStandardHelpOptions = true,
      description = "Explains an error text or code of ours, Entra, Okta, Verify or Vault.")
  int error(
      @Parameters(
              index = "0",
              arity = "1..*",
              paramLabel = "<text>",
              description = "such as AADSTS700022")
          List<String> words) {
    List<Code> codes = Errors.in(String.join(" ", words));
    if (codes.isEmpty()) {
      System.out.println("No code is known for this. Does `countersign trace` have its jti?");
      return 1;
    }
    codes.forEach(code -> System.out.println(CodesPage.explain(code)));
    return 0;
  }

  private static Optional<Anchor> byIssuer(List<Anchor> anchors, String token) {
    try {
      CompactJws jws = CompactJws.parse(token);
      String issuer =
          jws.unverifiedIssuer().isEmpty()
              ? SpiffeId.parse(jws.unverifiedSubject()).map(SpiffeId::trustDomain).orElse("")
              : jws.unverifiedIssuer();
      return anchors.stream().filter(anchor -> anchor.issuer().equals(issuer)).findFirst();
    } catch (MalformedJsonException malformed) {
      return Optional.empty();
    }
  }

  private static Anchor anchor(Installation installation, String name) {
    return installation.sts().anchors().stream()
        .filter(anchor -> anchor.name().equals(name))
        .findFirst()
        .orElseThrow(() ->
            new ConfigException(
                List.of(
                    "there is no trust anchor of that name; there are "
                        + installation.sts().anchors().stream().map(Anchor::name).toList())));
  }

  /// What only the signature shows: whether the keys at the anchor's address made it.
  private static Optional<Finding> verified(
      Anchor anchor, String token, InstantSource clock, List<Finding> before) {
    if (anchor.keys().place() instanceof IssuerKeys.Place.None) {
      return Optional.empty();
    }
    var troubles = new ArrayList<String>();
    KeySource keys = anchor.keys().source(anchor.issuer(), troubles::add, clock);
    return switch (new JwtVerifier(anchor.form(), keys, clock).verify(token)) {
      case JwtCheck.Verified _ -> Optional.empty();
      case JwtCheck.Unavailable _ ->
          Optional.of(
              new Finding(
                  Finding.Severity.PROBLEM,
                  Code.AWAY,
                  "the issuer's keys were not fetched: " + String.join("; ", troubles)));
      case JwtCheck.Rejected(String reason) -> {
        Code code = Errors.of(OAuthError.INVALID_REQUEST, reason);
        yield before.stream().anyMatch(finding -> finding.code() == code)
            ? Optional.empty()
            : Optional.of(new Finding(Finding.Severity.PROBLEM, code, reason));
      }
    };
  }

  private static Optional<IssuerDoctor.Published> fetch(Wire wire, String address) {
    try {
      var answer = wire.get(URI.create(address), Map.of("Accept", "application/json"), PATIENCE);
      return Optional.of(new IssuerDoctor.Published(answer.status(), answer.text()));
    } catch (UnavailableException | IllegalArgumentException away) {
      return Optional.empty();
    }
  }

  // The first problem is the cause; the others mostly follow from it.
  private static int report(List<Finding> findings, String fine) {
    Optional<Finding> first =
        findings.stream()
            .filter(finding -> finding.severity() == Finding.Severity.PROBLEM)
            .findFirst();
    first.ifPresent(finding ->
        System.out.println(
            "\nMend this first: " + finding.seen() + "\n" + CodesPage.explain(finding.code())));
    for (Finding finding : findings) {
      if (!first.filter(finding::equals).isPresent()) {
        boolean isProblem = finding.severity() == Finding.Severity.PROBLEM;
        System.out.println(
            (isProblem ? "then  " : "note  ")
                + finding.code().text()
                + "  "
                + finding.code().what()
                + ": "
                + finding.seen()
                + "; "
                + finding.code().fix());
      }
    }
    if (first.isEmpty()) {
      System.out.println(fine);
    }
    return first.isEmpty() ? 0 : 1;
  }

  // At a terminal without echo, so that the token is not left on the screen.
  private static String read() {
    Optional<Console> terminal = Optional.ofNullable(System.console()).filter(Console::isTerminal);
    if (terminal.isPresent()) {
      char[] pasted =
          terminal.get().readPassword("Paste the token (it is not shown), then Enter: ");
      return pasted == null ? "" : new String(pasted).strip();
    }
    try {
      return new String(System.in.readNBytes(LARGEST), StandardCharsets.UTF_8).strip();
    } catch (IOException failed) {
      throw new UncheckedIOException("standard input cannot be read", failed);
    }
  }
}
