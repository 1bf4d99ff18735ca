package dev.countersign.server.demo;

import dev.countersign.box.FreePort;
import dev.countersign.box.Listener;
import dev.countersign.box.postgres.EmbeddedPostgres;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.server.House;
import dev.countersign.server.rehearsal.RehearsalModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// A whole installation with a rehearsal model that records everything it is ever sent, people who
/// sign in and approve, and recorders that collect every token and password of the run.
final class AgentScene implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final Pattern PASSWORD = Pattern.compile("\"password\"\\s*:\\s*\"([^\"]+)\"");
  private static final Pattern TOKEN =
      Pattern.compile("eyJ[A-Za-z0-9_-]{10,}\\.[A-Za-z0-9_-]{10,}\\.[A-Za-z0-9_-]{10,}");

  private final TappedExample example;
  private final House house;
  private final ConcurrentLinkedQueue<String> sent = new ConcurrentLinkedQueue<>();
  private final RehearsalModel model;
  private final List<String> bearers = new ArrayList<>();

  AgentScene(Path folder, String mode) {
    this.example = new TappedExample(folder, text -> text);
    this.house = example.open(InstantSource.system(), Map.of("MCP_AUTH_MODE", mode));
    this.model = RehearsalModel.start(Listener.loopback(0), true, sent::add);
  }

  House house() {
    return house;
  }

  Cast entra() {
    return Performance.entra(house);
  }

  /// A person's token.
  Secret bearer(Cast cast, Cast.Someone person) {
    Secret bearer = DevelopmentSignIn.bearer(house.installation(), person.username()).orElseThrow();
    bearers.add(bearer.reveal());
    return bearer;
  }

  /// The variables of every example agent.
  Map<String, String> environment(Secret bearer) {
    var installation = house.installation();
    var variables = new HashMap<String, String>();
    variables.put("COUNTERSIGN_BEARER", bearer.reveal());
    variables.put("MCP_URL", installation.gateway().resource().toString());
    variables.put("STS_ISSUER", installation.sts().issuer().toString());
    variables.put("CLIENT_ID", "agent");
    variables.put("CLIENT_KEY", example.data().resolve("keys").resolve("agent.jwk").toString());
    variables.put("OPENAI_BASE_URL", model.baseUri().toString());
    variables.put("OPENAI_API_KEY", "none");
    variables.put("MODEL", "rehearsal");
    return variables;
  }

  /// The same with a model behind Anthropic's API.
  Map<String, String> anthropic(Secret bearer) {
    Map<String, String> variables = environment(bearer);
    variables.remove("OPENAI_BASE_URL");
    variables.put(
        "ANTHROPIC_BASE_URL", model.baseUri().resolve("/").toString().replaceAll("/$", ""));
    variables.put("ANTHROPIC_API_KEY", "none");
    variables.put("MODEL", "anthropic:rehearsal");
    return variables;
  }

  /// The same with a model that is away.
  static Map<String, String> away(Map<String, String> environment) {
    var variables = new HashMap<>(environment);
    variables.put("OPENAI_BASE_URL", "http://127.0.0.1:" + FreePort.any() + "/v1");
    return variables;
  }

  /// The person signs in to the page, reads the mail and types its code.
  void approve(Cast cast, Cast.Someone person, String page) {
    URI address = URI.create(page);
    Mailbox mailbox = house.mailbox().orElseThrow();
    long end = System.nanoTime() + PATIENCE.toNanos();
    Matcher code = Mailbox.CODE.matcher("");
    while (!code.reset(mailbox.newest(person.mail(), 0).map(Mailbox.Mail::text).orElse(""))
        .find()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("no mail with a code came");
      }
      LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
    }
    var browser = new Browser();
    String id = address.getPath().substring(address.getPath().lastIndexOf('/') + 1);
    Browser.Page login =
        browser.open(address.resolve("/approve/sign-in/" + cast.anchor() + "?to=" + id), "");
    Browser.Page approval =
        browser.submit(
            login, Map.of("username", person.username(), "password", cast.password().reveal()), "");
    browser.submit(approval, Map.of("code", code.group(1), "action", "approve"), "");
  }

  /// Writes something into a case that the agent will read.
  void plant(String caseId, String product) {
    var settings = house.embeddedSuperuser().database("refunds");
    try (Connection connection =
            DriverManager.getConnection(
                settings.url(), settings.user(), settings.password().reveal());
        PreparedStatement update =
            connection.prepareStatement("UPDATE refunds.cases SET product = ? WHERE case_id = ?")) {
      update.setString(1, product);
      update.setString(2, caseId);
      update.executeUpdate();
    } catch (SQLException failed) {
      throw new IllegalStateException(failed);
    }
  }

  /// Whether the ledger soon has one more cancelled call than so many.
  boolean hasMoreCancelledThan(long before) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (cancelled() <= before) {
      if (System.nanoTime() > end) {
        return false;
      }
      LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
    }
    return true;
  }

  /// How many calls were cancelled, and not merely cut off by a limit.
  long cancelled() {
    return house.ledger().recent(10_000).stream()
        .filter(record -> record.toString().contains("cancelled_by"))
        .count();
  }

  /// Everything that was ever sent to the model, headers included.
  String sentToTheModel() {
    return String.join("\n", sent);
  }

  /// How many tokens and passwords the recorders have collected.
  int collected() {
    return onTheWire().size();
  }

  /// What of the run's secrets stands in a text: raw, as base64, URL-encoded, or in part.
  List<String> leaks(String text) {
    var found = new ArrayList<String>();
    if (TOKEN.matcher(text).find()) {
      found.add("something shaped like a token");
    }
    secrets()
        .forEach((name, secret) -> {
          if (Spellings.isIn(text, secret)) {
            found.add(name + ", or a part of it");
          }
        });
    for (String code : house.mailbox().orElseThrow().codes()) {
      for (Pattern spelling : Spellings.ofCode(code)) {
        if (spelling.matcher(text).find()) {
          found.add("a code");
        }
      }
    }
    return found;
  }

  private Map<String, String> secrets() {
    var secrets = new HashMap<String, String>(onTheWire());
    bearers.forEach(bearer -> addToken(secrets, bearer));
    try (Stream<Path> generated = Files.list(example.data().resolve("secrets"));
        Stream<Path> keys = Files.list(example.data().resolve("keys"))) {
      for (Path file : Stream.concat(generated, keys).filter(Files::isRegularFile).toList()) {
        String text = Files.readString(file).strip();
        if (!text.startsWith("{")) {
          secrets.put(file.getFileName().toString(), text);
        } else if (StrictJson.parseObject(text).path("d").isString()) {
          String key = StrictJson.parseObject(text).path("d").stringValue();
          secrets.put(file.getFileName().toString(), key);
        }
      }
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    return secrets;
  }

  /// What token service and broker handed out, to whomever: tokens for single calls, challenges,
  /// assertions, passwords of logins.
  private Map<String, String> onTheWire() {
    var secrets = new HashMap<String, String>();
    String wire = example.tokens().programs() + "\n" + example.logins().programs();
    TOKEN.matcher(wire).results().forEach(found -> addToken(secrets, found.group()));
    PASSWORD
        .matcher(example.logins().programs())
        .results()
        .forEach(found -> secrets.put("password " + secrets.size(), found.group(1)));
    return secrets;
  }

  /// Without its header, which is the same for all tokens of a key, and public.
  private static void addToken(Map<String, String> secrets, String token) {
    String[] parts = token.split("\\.", -1);
    secrets.put("claims of the token that ends in " + last(token), parts[1]);
    secrets.put("signature of the token that ends in " + last(token), parts[2]);
  }

  private static String last(String token) {
    return token.substring(token.length() - 8);
  }

  @Override
  public void close() {
    model.close();
    house.close();
    example.close();
    EmbeddedPostgres.delete(example.data()); // as root the cluster lies outside of the folder
  }
}
