package dev.countersign.box;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.protocol.http.WireClient;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// The guarded client against servers that do not mean well.
class GuardedWireTest {
  private static final Duration GENEROUS = Duration.ofSeconds(30);
  private static final Duration SHORT = Duration.ofMillis(300);
  private final GuardedWire wire =
      new GuardedWire(new AddressGuard(Set.of("127.0.0.1")), Optional.empty());
  private Hostile server = new Hostile(_ -> {});

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void readsAnAnswer() {
    serve("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");

    WireClient.Answer answer = wire.get(server.address(), Map.of("Accept", "*/*"), GENEROUS);

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.text()).isEqualTo("{}");
    assertThat(answer.header("content-type")).contains("application/json");
  }

  @Test
  void B04_opensNoConnectionToAnInsideHostThatIsNotNamed() {
    serve("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    var strict = new GuardedWire(new AddressGuard(Set.of("other.example")), Optional.empty());
    URI secure = URI.create(server.address().toString().replace("http:", "https:"));

    assertThatThrownBy(() -> strict.get(server.address(), Map.of(), GENEROUS))
        .hasMessageContaining("internal-hosts");
    assertThatThrownBy(() -> strict.get(secure, Map.of(), GENEROUS))
        .isInstanceOf(WireClient.WireFailure.class)
        .hasMessageContaining("internal-hosts");
    assertThat(server.connections.get()).isZero();
  }

  @Test
  void B05_connectsToTheAddressThatWasCheckedAndLooksItUpOnce() throws IOException {
    serve("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    var lookups = new AtomicInteger();
    InetAddress checked = InetAddress.getLoopbackAddress();
    InetAddress metadata = InetAddress.getByName("169.254.169.254");
    var guard =
        new AddressGuard(
            Set.of("rebinding.example"),
            _ -> new InetAddress[] {lookups.getAndIncrement() == 0 ? checked : metadata});
    var rebound = new GuardedWire(guard, Optional.empty());
    URI address = URI.create("http://rebinding.example:" + server.address().getPort() + "/keys");

    assertThat(rebound.get(address, Map.of(), GENEROUS).status()).isEqualTo(200);
    assertThat(lookups.get()).isEqualTo(1);
    assertThatThrownBy(() -> rebound.get(address, Map.of(), GENEROUS))
        .isInstanceOf(WireClient.WireFailure.class);
    assertThat(server.connections.get()).isEqualTo(1);
  }

  @Test
  void B06_followsNoRedirect() {
    serve(
        "HTTP/1.1 302 Found\r\nLocation: "
            + "http://127.0.0.1:1/latest/meta-data\r\nContent-Length: 0\r\n\r\n");

    assertThat(wire.get(server.address(), Map.of(), GENEROUS).status()).isEqualTo(302);
    assertThat(server.connections.get()).isEqualTo(1);
  }

  @Test
  void B07_readsNoMoreThanAMebibyte() {
    server =
        new Hostile(out -> {
          text(out, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
          while (true) {
            text(out, "2000\r\n" + "x".repeat(0x2000) + "\r\n");
          }
        });

    assertThatThrownBy(() -> wire.get(server.address(), Map.of(), GENEROUS))
        .isInstanceOf(WireClient.WireFailure.class)
        .hasMessageContaining("longer than 1 MiB");
  }

  @Test
  void B07_doesNotWaitForABodyThatNeverEnds() {
    server =
        new Hostile(out -> {
          text(out, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
          out.flush();
        });

    assertThatThrownBy(() -> wire.get(server.address(), Map.of(), SHORT))
        .isInstanceOf(WireClient.WireFailure.class);
  }

  @Test
  void B07_doesNotUnpackWhatIsCompressed() {
    serve("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nbomb");

    assertThatThrownBy(
            () -> {
              WireClient.Answer answer = wire.get(server.address(), Map.of(), GENEROUS);
              assertThat(answer.text()).isEqualTo("bomb");
              throw new WireClient.WireFailure("as it came", new IOException());
            })
        .isInstanceOf(WireClient.WireFailure.class);
  }

  @Test
  void doesNotWaitForAServerThatSaysNothing() {
    server = new Hostile(OutputStream::flush);

    assertThatThrownBy(() -> wire.get(server.address(), Map.of(), SHORT))
        .isInstanceOf(WireClient.WireFailure.class)
        .hasMessageNotContaining("secret");
  }

  private void serve(String answer) {
    server = new Hostile(out -> text(out, answer));
  }

  private static void text(OutputStream out, String text) throws IOException {
    out.write(text.getBytes(StandardCharsets.US_ASCII));
  }

  /// What a server does once it has a request.
  private interface Behaviour {
    void answer(OutputStream out) throws IOException;
  }

  /// A server that answers each connection as the test says, and then keeps it open.
  private static final class Hostile implements AutoCloseable {
    final AtomicInteger connections = new AtomicInteger();
    private final ServerSocket socket;

    Hostile(Behaviour behaviour) {
      try {
        socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
      } catch (IOException failed) {
        throw new UncheckedIOException(failed);
      }
      Thread.ofVirtual().start(() -> accept(behaviour));
    }

    private void accept(Behaviour behaviour) {
      while (!socket.isClosed()) {
        try {
          Socket connection = socket.accept();
          connections.incrementAndGet();
          Thread.ofVirtual()
              .start(() -> {
                try {
                  connection.getInputStream().read(new byte[4096]);
                  behaviour.answer(connection.getOutputStream());
                } catch (IOException gone) {
                  // the client has had enough
                  return;
                }
              });
        } catch (IOException closed) {
          return;
        }
      }
    }

    URI address() {
      return URI.create("http://127.0.0.1:" + socket.getLocalPort() + "/keys");
    }

    @Override
    public void close() {
      try {
        socket.close();
      } catch (IOException failed) {
        throw new UncheckedIOException(failed);
      }
    }
  }
}
