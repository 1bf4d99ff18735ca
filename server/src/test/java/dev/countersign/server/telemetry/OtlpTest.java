package dev.countersign.server.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.agent.CallOutcome;
import dev.countersign.agent.McpClient;
import dev.countersign.agent.Transport;
import dev.countersign.agent.http.HttpTransport;
import dev.countersign.box.postgres.EmbeddedPostgres;
import dev.countersign.ledger.LedgerRecord;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TraceContext;
import dev.countersign.server.House;
import dev.countersign.server.demo.DevelopmentSignIn;
import dev.countersign.server.telemetry.Collector.Reported;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

/// What a collector gets of one guarded call through a whole installation, and what its absence
/// costs.
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class OtlpTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String PERSON = "tomas@contoso.example";
  private static final String CASE = "R-884-2233";

  @TempDir static Path folder = Path.of("");

  private static @Nullable House house;
  private static @Nullable Collector collector;

  @BeforeAll
  static void open() throws IOException {
    collector = new Collector();
    Path config = House.copyOfTheExample(folder.resolve("example"));
    Files.writeString(
        config,
        Files.readString(config)
            + "\ntelemetry:\n  otlp:\n    endpoint: %s\n".formatted(collector().address()));
    house = House.rehearsal(config, folder.resolve("data"), InstantSource.system(), Map.of());
  }

  @AfterAll
  static void close() {
    house().close();
    collector().close();
    EmbeddedPostgres.delete(folder.resolve("data")); // as root the cluster lies elsewhere
  }

  private static House house() {
    return Objects.requireNonNull(house);
  }

  private static Collector collector() {
    return Objects.requireNonNull(collector);
  }

  @Test
  @Order(1)
  void oneGuardedCallIsOneTraceOfAllItsBoxesWithTheIdsOfTheLedger() {
    String trace = digits(16);
    String caller = digits(8);

    call(new WithHeader("00-" + trace + "-" + caller + "-01"));

    List<Reported> spans =
        await(trace, seen -> seen.stream().anyMatch(span -> span.parent().equals(caller)));
    Reported entry = one(spans, "gateway", "POST /mcp");
    Reported exchange = one(spans, "gateway", "exchange");
    Reported token = one(spans, "sts", "POST /oauth2/token");
    Reported mint = one(spans, "gateway", "mint");
    Reported creds =
        spans.stream()
            .filter(span -> span.parent().equals(mint.spanId()))
            .findFirst()
            .orElseThrow();
    Reported statement = one(spans, "gateway", "statement");
    assertThat(entry.parent()).isEqualTo(caller);
    assertThat(List.of(exchange.parent(), mint.parent(), statement.parent()))
        .containsOnly(entry.spanId());
    assertThat(token.parent()).isEqualTo(exchange.spanId());
    assertThat(creds.service()).isEqualTo("broker");
    String jti = entry.attributes().getOrDefault("countersign.jti", "");
    assertThat(List.of(token, creds, statement))
        .allSatisfy(span -> assertThat(span.attributes()).containsEntry("countersign.jti", jti));
    List<LedgerRecord> story = house().ledger().trace(jti);
    assertThat(story)
        .isNotEmpty()
        .allSatisfy(record -> assertThat(record.traceId()).isEqualTo(trace));
    String lease =
        story.stream()
            .filter(record -> record.event().equals("lease-minted"))
            .map(record -> record.data().path("lease_id").stringValue())
            .findFirst()
            .orElseThrow();
    assertThat(List.of(creds, statement))
        .allSatisfy(
            span -> assertThat(span.attributes()).containsEntry("countersign.lease_id", lease));
  }

  @Test
  @Order(2)
  void aTraceThatTheMessageAloneNamesIsContinued() {
    String trace = digits(16);
    String caller = digits(8);

    call(new WithMeta("00-" + trace + "-" + caller + "-01"));

    List<Reported> spans =
        await(trace, seen -> seen.stream().anyMatch(span -> span.parent().equals(caller)));
    assertThat(one(spans, "gateway", "tools/call").parent()).isEqualTo(caller);
    assertThat(spans).extracting(Reported::service).contains("gateway", "sts", "broker");
  }

  @Test
  @Order(3)
  void aCallerThatDoesNotRecordIsNotRecordedHere() {
    String quiet = digits(16);
    String recorded = digits(16);

    call(new WithHeader("00-" + quiet + "-" + digits(8) + "-00"));
    call(new WithHeader("00-" + recorded + "-" + digits(8) + "-01"));

    await(recorded, seen -> !seen.isEmpty());
    assertThat(collector().spans(quiet)).isEmpty();
  }

  @Test
  @Order(4)
  void noSpanHoldsAPersonAnArgumentOrAToken() {
    assertThat(collector().holds("countersign.jti")).isTrue();
    assertThat(List.of(PERSON, "Tomas", CASE, "eyJ", "entra|"))
        .allSatisfy(text -> assertThat(collector().holds(text)).as(text).isFalse());
  }

  @Test
  @Order(5)
  void aCollectorThatIsAwayCostsSpansAndNothingElse() {
    collector().close();

    for (int i = 0; i < 3; i++) {
      call(new WithHeader("00-" + digits(16) + "-" + digits(8) + "-01"));
    }
  }

  private static void call(Transport transport) {
    Secret bearer = DevelopmentSignIn.bearer(house().installation(), PERSON).orElseThrow();
    ObjectNode arguments = StrictJson.object().put("case_id", CASE);
    CallOutcome outcome = new McpClient(transport).callTool(bearer, "find_case", arguments);
    assertThat(outcome).isInstanceOf(CallOutcome.Done.class);
  }

  private static List<Reported> await(String trace, Predicate<List<Reported>> complete) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!complete.test(collector().spans(trace))) {
      assertThat(System.nanoTime()).as("spans came").isLessThan(end);
      LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
    }
    return collector().spans(trace);
  }

  private static Reported one(List<Reported> spans, String service, String name) {
    List<Reported> found =
        spans.stream()
            .filter(span -> span.service().equals(service) && span.name().equals(name))
            .toList();
    assertThat(found).as(service + " " + name + " in " + spans).hasSize(1);
    return found.getFirst();
  }

  private static String digits(int bytes) {
    byte[] random = Ids.bytes(bytes);
    random[0] |= 1;
    return HexFormat.of().formatHex(random);
  }

  private static Transport gateway() {
    return new HttpTransport(house().installation().gateway().resource());
  }

  /// A client whose HTTP library names the trace.
  private record WithHeader(String traceparent) implements Transport {
    @Override
    public Answer post(Secret bearer, Map<String, String> headers, String body) {
      var all = new HashMap<>(headers);
      all.put(TraceContext.HEADER, traceparent);
      return gateway().post(bearer, all, body);
    }
  }

  /// A client that names it in the message.
  private record WithMeta(String traceparent) implements Transport {
    @Override
    public Answer post(Secret bearer, Map<String, String> headers, String body) {
      ObjectNode message = StrictJson.parseObject(body);
      message.withObject("/params/_meta").put(TraceContext.HEADER, traceparent);
      return gateway().post(bearer, headers, StrictJson.write(message));
    }
  }
}
