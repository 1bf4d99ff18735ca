package dev.countersign.server;

import com.nimbusds.jose.jwk.ECKey;
import dev.countersign.box.Database;
import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.KeyFiles;
import dev.countersign.box.Logs;
import dev.countersign.config.ConfigException;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.ledger.postgres.Checkpoints;
import dev.countersign.ledger.postgres.PgLedger;
import dev.countersign.ledger.postgres.PgLedgerReader;
import dev.countersign.protocol.Digest;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.VerificationKeys;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.server.config.Installation;
import dev.countersign.server.prove.AllProperties;
import dev.countersign.server.prove.Copy;
import dev.countersign.server.prove.HtmlReport;
import dev.countersign.server.prove.Inside;
import dev.countersign.server.prove.Proof;
import dev.countersign.server.prove.Property;
import dev.countersign.server.prove.Report;
import dev.countersign.server.prove.Result;
import dev.countersign.server.prove.SignedReport;
import dev.countersign.server.prove.Tenant;
import dev.countersign.server.prove.TextReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.node.ObjectNode;

/// `countersign prove`: the security properties as attacks on a running installation.
@Command(
    name = "prove",
    mixinStandardHelpOptions = true,
    description = {
      "Plays attacks on a running installation, in its test tenant, and reports what refused each.",
      "The test tenant is the section `prove` of the configuration; nothing else is touched."
    },
    footer = {
      "",
      "Exit code 0: everything was refused as claimed. 1: something was not. 2: the configuration",
      "must be mended. 3: nothing went through, but some attacks could not be tried here."
    })
final class ProveCommand implements Callable<Integer> {
  private static final int NOT_ALL_TRIED = 3;
  private static final String KEY = "proof";

  @Mixin private ConfigOption config = new ConfigOption();

  @Option(
      names = "--only",
      split = ",",
      paramLabel = "<property>",
      description = "only these properties; --list names them")
  private List<String> only = List.of();

  @Option(names = "--list", description = "list the properties and play nothing")
  private boolean list;

  @Option(
      names = "--report",
      paramLabel = "<file>",
      description = "writes the signed report as JSON, for prove verify")
  private @Nullable Path report;

  @Option(
      names = "--html",
      paramLabel = "<file>",
      description = "writes the report as a page for people")
  private @Nullable Path html;

  @Option(
      names = "--no-faults",
      description =
          "start no copy of the example; attacks that take a part away are not tried then")
  private boolean noFaults;

  @Option(
      names = "--against",
      paramLabel = "<file>",
      description = "an installation that is somewhere else: its addresses, keys and a bearer")
  private @Nullable Path against;

  @Override
  public Integer call() throws IOException {
    Logs.configure(Logs.Format.HUMAN);
    InstantSource clock = InstantSource.system();
    return against == null ? here(clock) : elsewhere(against, clock);
  }

  private int here(InstantSource clock) throws IOException {
    Installation read = Installation.read(config.file(), config.variables());
    try (var state = StateAccess.open(read);
        Database auditor = Database.open("prove", state.auditor(), 2)) {
      Installation installation = read.located(config.file(), config.variables(), state::mintLogin);
      var wire = new WireClient();
      Tenant tenant =
          ProveTenant.of(
              installation, Optional.of(inside(installation, state, auditor, clock)), wire, clock);
      Optional<Report> found =
          played(
              tenant,
              described(installation),
              Optional.of(new PgLedgerReader(auditor.dataSource())),
              wire,
              clock);
      if (found.isEmpty()) {
        return 0;
      }
      ObjectNode signed = SignedReport.sign(found.get(), installation.keys().own(KEY));
      note(state, found.get(), SignedReport.digest((ObjectNode) signed.path("report")));
      return told(found.get(), signed);
    }
  }

  private int elsewhere(Path file, InstantSource clock) throws IOException {
    var wire = new WireClient();
    ProveAgainst known = ProveAgainst.read(file, wire, clock);
    Optional<Report> found =
        played(known.tenant(), known.installation(), Optional.empty(), wire, clock);
    return found.isEmpty()
        ? 0
        : told(
            found.get(), SignedReport.sign(found.get(), KeyFiles.loadOrCreate(known.signingKey())));
  }

  /// Plays what was chosen; empty where it was only listed.
  private Optional<Report> played(
      Tenant tenant,
      Report.Installation installation,
      Optional<PgLedgerReader> ledger,
      WireClient wire,
      InstantSource clock) {
    List<Property> properties = AllProperties.of(tenant, () -> copy(clock), wire, clock, only);
    if (list) {
      properties.forEach(one -> System.out.println(one.name() + "\n    " + one.claim()));
      return Optional.empty();
    }
    var text = new TextReport(Progress.isTerminal());
    return Optional.of(
        new Proof(installation, ledger, clock, property -> System.out.print(text.of(property)))
            .run(properties));
  }

  private int told(Report found, ObjectNode signed) throws IOException {
    write(found, signed);
    System.out.println(new TextReport(Progress.isTerminal()).verdict(found));
    return exitCode(found.verdict());
  }

  private Optional<Copy> copy(InstantSource clock) {
    return noFaults || !ConfigOption.hasExample()
        ? Optional.empty()
        : Optional.of(ProveCopy.start(clock));
  }

  private static Inside inside(
      Installation installation, StateAccess state, Database auditor, InstantSource clock) {
    Path keys = installation.data().resolve("keys");
    var boxKeys = new TreeMap<String, ECKey>();
    var boxLogins = new TreeMap<String, DatabaseSettings>();
    for (String box : Installation.BOXES) {
      Path key = keys.resolve(box + ".jwk");
      if (Files.isRegularFile(key)) {
        boxKeys.put(box, KeyFiles.loadOrCreate(key));
      }
      boxLogins.put(box, state.box(box));
    }
    ECKey ledger = installation.keys().own("ledger");
    return new Inside(
        boxKeys,
        boxLogins,
        auditor.dataSource(),
        installation.keys().publicSet("ledger"),
        new Checkpoints(
            auditor.dataSource(),
            new JwtSigner(ledger),
            VerificationKeys.of(List.of(ledger)),
            clock));
  }

  private static int exitCode(Result verdict) {
    return switch (verdict) {
      case HELD -> 0;
      case BROKEN -> 1;
      case UNTRIED -> NOT_ALL_TRIED;
    };
  }

  private Report.Installation described(Installation installation) throws IOException {
    return new Report.Installation(
        installation.sts().issuer().toString(),
        installation.broker().map(broker -> broker.baseUri().toString()).orElse(""),
        installation.gateway().resource().toString(),
        Countersign.VERSION,
        Digest.sha256(Files.readAllBytes(config.file())),
        installation.policy().version());
  }

  private void write(Report found, ObjectNode signed) throws IOException {
    Path file = report;
    if (file != null) {
      Files.writeString(file, StrictJson.write(signed) + "\n");
      System.out.println("The signed report is " + file.toAbsolutePath());
    }
    Path page = html;
    if (page != null) {
      Files.writeString(page, HtmlReport.of(found, signed));
      System.out.println("The page is " + page.toAbsolutePath());
    }
  }

  // The ledger knows the report by its digest, so that one that was made up is found.
  private static void note(StateAccess state, Report found, String digest) {
    try (Database box = Database.open("prove-note", state.box("sts"), 1);
        var ledger = new PgLedger("sts", box.dataSource(), InstantSource.system())) {
      ObjectNode data = StrictJson.object().put("digest", digest);
      data.put("verdict", found.verdict().wireName());
      data.put("by", "command line, " + System.getProperty("user.name", "unknown"));
      ledger.append(new LedgerEntry(LedgerEvent.PROOF_SIGNED, found.run(), "", data));
    }
  }

  @Command(
      name = "verify",
      mixinStandardHelpOptions = true,
      description = {
        "Checks the signature of a report and that its results follow from its attacks; offline.",
        "Exit code 0: it is genuine, whatever its verdict. 1: it is not."
      })
  int verify(
      @Parameters(index = "0", paramLabel = "<report>", description = "the signed JSON") Path file,
      @Option(
              names = "--key",
              paramLabel = "<file>",
              description =
                  "JWK or JWK Set that signs reports, as prove key prints it; default: the key in"
                      + " the report, which is named for comparison")
          @Nullable Path key,
      @Option(
              names = "--html",
              paramLabel = "<file>",
              description = "writes the verified report as a page for people")
          @Nullable Path page)
      throws IOException {
    Logs.configure(Logs.Format.HUMAN);
    if (!Files.isReadable(file)) {
      throw new IllegalStateException("the report cannot be read");
    }
    Report found;
    ObjectNode signed;
    try {
      signed = StrictJson.parseObject(Files.readAllBytes(file));
      found = SignedReport.verified(signed, trusted(signed, key));
    } catch (MalformedJsonException malformed) {
      System.out.println("NOT GENUINE: " + malformed.getMessage());
      return 1;
    }
    if (page != null) {
      Files.writeString(page, HtmlReport.of(found, signed));
    }
    System.out.println(
        "The report is genuine: of "
            + found.ended()
            + ", about "
            + found.installation().sts()
            + ", run "
            + found.run()
            + ".");
    System.out.println(new TextReport(Progress.isTerminal()).verdict(found));
    return 0;
  }

  private static VerificationKeys trusted(ObjectNode signed, @Nullable Path key) {
    if (key != null) {
      return KeyFiles.publicKeys(key);
    }
    signed
        .path("keys")
        .forEach(one ->
            System.out.println(
                "It is checked with the key "
                    + one.path("kid").asString("?")
                    + ", which is the report's own; compare it, or name yours with --key."));
    return VerificationKeys.parse(StrictJson.object().set("keys", signed.path("keys")));
  }

  @Command(
      name = "key",
      mixinStandardHelpOptions = true,
      description = "Prints the public key that signs reports, as a JWK Set, to be published.")
  int key(@Mixin ConfigOption installation) {
    Logs.configure(Logs.Format.HUMAN);
    Installation read = Installation.read(installation.file(), installation.variables());
    System.out.println(StrictJson.write(read.keys().publicSet(KEY)));
    return 0;
  }

  /// Said where there is no test tenant.
  static ConfigException noTenant() {
    return new ConfigException(
        List.of("there is no section `prove`: docs/how-to/prove-it.md shows the test tenant"));
  }
}
