package dev.countersign.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.config.Problems;
import dev.countersign.gateway.box.ToolsFile;
import dev.countersign.gateway.postgres.PgPins;
import dev.countersign.gateway.tools.Tools;
import dev.countersign.gateway.upstream.Definition;
import dev.countersign.gateway.upstream.Pins;
import dev.countersign.protocol.StrictJson;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/// Streams that tell of a changed list of tools, in both eras.
class ListeningTest {
  private static final ServerStandIn BEHIND = new ServerStandIn(ServerStandIn.Manner.MODERN, false);
  private static Stage stage;
  private static Pins pins;

  @BeforeAll
  static void open(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("tools.yaml");
    Files.writeString(
        file,
        """
        servers:
          modern:
            url: %s
            credential: {kind: none}
            tools: {echo: {rar: [{type: "urn:smt:agent:echo"}], scope: echo}}
        """
            .formatted(BEHIND.address()));
    var problems = new Problems();
    Tools tools = ToolsFile.read(file, Set.of(), problems);
    problems.throwIfAny();
    stage = new Stage(tools);
    pins = new PgPins(stage.state, InstantSource.system());
    Stage.await("the server's list", () -> !pins.all().isEmpty());
  }

  @BeforeEach
  void reset() {
    stage.reset();
    pins.withdraw("modern", "echo");
    Stage.await("no tool", () -> !listed().contains("modern__echo"));
  }

  @AfterAll
  static void close() {
    stage.close();
    BEHIND.close();
  }

  private static String listed() {
    return stage.modern("tools/list", StrictJson.object()).send().text();
  }

  private static void approve() {
    Pins.Pin pin =
        pins.all().stream().filter(one -> one.tool().equals("echo")).findFirst().orElseThrow();
    Definition seen = pin.seen().orElseThrow();
    assertThat(pins.approve("modern", "echo", seen.digest(), "test")).isTrue();
  }

  /// A stream that is read on a thread of its own.
  private static final class Stream implements AutoCloseable {
    private final Socket socket;
    private final List<String> lines = new CopyOnWriteArrayList<>();
    private final Thread reader;

    Stream(Stage.Request request) throws IOException {
      socket = request.sendAndWait();
      reader = Thread.ofVirtual().start(this::read);
    }

    private void read() {
      try {
        var input =
            new BufferedReader(
                new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
          lines.add(line);
          if (line.equals("0")) {
            return; // the last chunk
          }
        }
      } catch (IOException closed) {
        return;
      }
    }

    boolean has(String text) {
      return lines.stream().anyMatch(line -> line.contains(text));
    }

    boolean hasEnded() {
      return !reader.isAlive();
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  private static Stage.Request listen(String wanted) {
    ObjectNode params = StrictJson.object();
    params.set("notifications", StrictJson.parseObject(wanted));
    return stage.modern("subscriptions/listen", params);
  }

  private static Stage.Request get() {
    return stage.legacy("2025-11-25", "", StrictJson.object()).method("GET").body("");
  }

  private static Stage.Request of(String era) {
    return era.equals("modern") ? listen("{\"toolsListChanged\": true}") : get();
  }

  @ParameterizedTest
  @ValueSource(strings = {"modern", "older"})
  void tellsThatTheListOfToolsHasChanged(String era) throws IOException {
    try (var stream = new Stream(of(era))) {
      Stage.await("the first line", () -> stream.has(":"));
      assertThat(stream.has("list_changed")).isFalse();

      approve();
      Stage.await("the news", () -> stream.has("notifications/tools/list_changed"));

      assertThat(listed()).contains("modern__echo");
    }
  }

  @Test
  void acknowledgesFirstAndOnlyWhatItWillTell() throws IOException {
    try (var stream =
        new Stream(listen("{\"toolsListChanged\": true, \"promptsListChanged\": true}"))) {
      Stage.await("the acknowledgement", () -> stream.has("acknowledged"));

      String first =
          stream.lines.stream().filter(line -> line.startsWith("data:")).findFirst().orElseThrow();
      ObjectNode message = StrictJson.parseObject(first.substring(5));
      assertThat(message.path("params").path("notifications").toString())
          .isEqualTo("{\"toolsListChanged\":true}");
      assertThat(
              message
                  .path("params")
                  .path("_meta")
                  .path("io.modelcontextprotocol/subscriptionId")
                  .asInt(0))
          .isEqualTo(7);
    }
  }

  @Test
  void tellsNothingThatNobodyAskedFor() throws IOException {
    try (var quiet = new Stream(listen("{}"));
        var stream = new Stream(of("modern"))) {
      Stage.await("both", () -> quiet.has("acknowledged") && stream.has("acknowledged"));
      approve();
      Stage.await("the news", () -> stream.has("list_changed"));
      int seen = quiet.lines.size();
      Stage.await("another tick", () -> quiet.lines.size() > seen);

      assertThat(quiet.has("list_changed")).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"modern", "older"})
  void endsWithThePersonsSessions(String era) throws IOException {
    try (var stream = new Stream(of(era))) {
      Stage.await("the first line", () -> stream.has(":"));
      stage.sts.killed = true;
      Stage.await("the end", stream::hasEnded);

      assertThat(stream.has("\"resultType\":\"complete\"")).isEqualTo(era.equals("modern"));
      assertThat(of(era).send().status()).isEqualTo(401);
    }
  }

  @Test
  void opensNoMoreThanEightOfOnePerson() throws IOException {
    var open = new ArrayList<Stream>();
    try {
      for (int i = 0; i < 8; i++) {
        var stream = new Stream(i % 2 == 0 ? of("modern") : get());
        open.add(stream);
        Stage.await("stream " + i, () -> stream.has(": ") && stream.has("event-stream"));
      }

      assertThat(of("modern").send().errorCode()).isEqualTo(-31001);
      assertThat(get().send().status()).isEqualTo(405);
    } finally {
      for (Stream stream : open) {
        stream.close();
      }
    }
    Stage.await(
        "a free place",
        () -> {
          try (var stream = new Stream(of("modern"))) {
            Stage.await(
                "an answer", () -> stream.has("acknowledged") || stream.has("application/json"));
            return stream.has("acknowledged");
          } catch (IOException failed) {
            return false;
          }
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "not-a-token"})
  void I07_opensNoStreamWithoutAPersonsToken(String token) {
    assertThat(of("older").with("Authorization", "Bearer " + token).send().status()).isIn(400, 401);
    assertThat(of("modern").with("Authorization", "Bearer " + token).send().status())
        .isIn(400, 401);
  }

  @Test
  void I11_givesNoEventAnIdAndResumesNoStream() throws IOException {
    try (var stream = new Stream(get().header("Last-Event-ID", "1"))) {
      Stage.await("the first line", () -> stream.has(":"));
      approve();
      Stage.await("the news", () -> stream.has("list_changed"));

      assertThat(stream.lines).noneMatch(line -> line.startsWith("id:"));
    }
    try (var resumed = new Stream(get().header("Last-Event-ID", "1"))) {
      Stage.await("a tick", () -> resumed.lines.stream().filter(": "::equals).count() > 1);

      assertThat(resumed.has("list_changed")).isFalse();
    }
  }
}
