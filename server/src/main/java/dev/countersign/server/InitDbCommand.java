package dev.countersign.server;

import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.Logs;
import dev.countersign.broker.BrokerConfig;
import dev.countersign.broker.SqlName;
import dev.countersign.broker.postgres.InitTarget;
import dev.countersign.config.ConfigException;
import dev.countersign.protocol.Secret;
import dev.countersign.server.config.Installation;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `countersign init-db`: prepares a business database of your own for minted logins.
@Command(
    name = "init-db",
    mixinStandardHelpOptions = true,
    description =
        "Prepares a business database for minted logins: the broker's CREATEROLE login, the group"
            + " roles of its role mappings, and the schema countersign. Running it again changes"
            + " nothing but the broker's password.",
    footer = {
      "",
      "The database is named under broker.databases with url, user and password: the login that the"
          + " broker will use. The owner's password is read from the variable named by"
          + " --owner-password-variable, never from the command line."
    })
final class InitDbCommand implements Callable<Integer> {
  @Mixin private ConfigOption config = new ConfigOption();

  @Parameters(
      index = "0",
      paramLabel = "<database>",
      description = "its name under broker.databases")
  private String database = "";

  @Option(
      names = "--owner",
      required = true,
      paramLabel = "<user>",
      description = "the database's owner with CREATEROLE, or a superuser")
  private String owner = "";

  @Option(
      names = "--owner-password-variable",
      paramLabel = "<name>",
      description = "default: ${DEFAULT-VALUE}")
  private String passwordVariable = "COUNTERSIGN_OWNER_PASSWORD";

  @Option(
      names = "--table-owner",
      paramLabel = "<role>",
      description =
          "a role that owns business tables and writes policies; made NOLOGIN if missing; may repeat")
  private List<String> tableOwners = List.of();

  @Override
  public Integer call() {
    Logs.configure(Logs.Format.HUMAN);
    BrokerConfig broker =
        Installation.read(config.file(), config.variables())
            .broker()
            .orElseThrow(() -> problem(Installation.NO_BROKER));
    BrokerConfig.Target target =
        broker.databases().stream()
            .filter(candidate -> candidate.name().equals(database))
            .findFirst()
            .orElseThrow(() -> problem("broker.databases names no " + database));
    String password = System.getenv(passwordVariable);
    if (password == null) {
      throw problem("the variable " + passwordVariable + " is not set");
    }
    Set<SqlName> groups =
        broker.roles().stream()
            .filter(role -> role.database().equals(database))
            .flatMap(role -> role.mappings().stream())
            .flatMap(mapping -> mapping.groups().stream())
            .collect(Collectors.toSet());
    DatabaseSettings mint = target.mint();
    List<String> remarks =
        InitTarget.run(
            mint.as(owner, new Secret(password)),
            new InitTarget.Plan(
                new SqlName(mint.user()),
                mint.password(),
                groups,
                tableOwners.stream().map(SqlName::new).collect(Collectors.toSet())));
    System.out.println(
        database + " is ready: logins are minted by " + mint.user() + ", into " + names(groups));
    remarks.forEach(remark -> System.out.println("note: " + remark));
    return 0;
  }

  private static String names(Set<SqlName> groups) {
    return groups.stream().map(SqlName::text).sorted().collect(Collectors.joining(", "));
  }

  private static ConfigException problem(String text) {
    return new ConfigException(List.of(text));
  }
}
