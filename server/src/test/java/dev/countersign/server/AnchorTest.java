package dev.countersign.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import dev.countersign.box.BoxServer;
import dev.countersign.box.Health;
import dev.countersign.box.Http;
import dev.countersign.box.Listener;
import dev.countersign.box.Metrics;
import dev.countersign.ledger.Checkpoint;
import dev.countersign.protocol.JwtSigner;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AnchorTest {
  private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");

  private static Checkpoint first() throws JOSEException {
    var signer = new JwtSigner(new ECKeyGenerator(Curve.P_256).keyID("k").generate());
    return Checkpoint.sign(null, NOON, Checkpoint.Kind.HEADS, List.of(), signer);
  }

  private static Checkpoint after(Checkpoint before) throws JOSEException {
    var signer = new JwtSigner(new ECKeyGenerator(Curve.P_256).keyID("k").generate());
    return Checkpoint.sign(before, NOON.plusSeconds(60), Checkpoint.Kind.HEADS, List.of(), signer);
  }

  @Test
  void appendsEachStatementToAFile(@TempDir Path folder) throws IOException, JOSEException {
    Path file = folder.resolve("anchor");
    var anchor = new Anchor(file.toUri());
    Checkpoint first = first();
    Checkpoint second = after(first);

    anchor.send(first);
    anchor.send(second);

    assertThat(Files.readAllLines(file)).containsExactly(first.statement(), second.statement());
  }

  @Test
  void sendsWhatCouldNotBeSentBeforeTheNextOne() throws IOException, JOSEException {
    var taken = new CopyOnWriteArrayList<String>();
    var status = new AtomicInteger(503);
    try (BoxServer place =
        BoxServer.start(
            BoxServer.Settings.of("anchor", Listener.loopback(0), new Health(), new Metrics()),
            routes ->
                routes.put(
                    "/kept/{number}",
                    (request, response) -> {
                      if (status.get() == 201) {
                        taken.add(
                            request.path().pathParameters().get("number")
                                + " "
                                + new String(Http.body(request), StandardCharsets.UTF_8));
                      }
                      Http.empty(response, status.get());
                    }))) {
      var anchor = new Anchor(URI.create(place.baseUri() + "/kept"));
      Checkpoint first = first();
      Checkpoint second = after(first);

      assertThatThrownBy(() -> anchor.send(first)).hasMessageContaining("503");
      status.set(201);
      anchor.send(second);

      assertThat(taken).containsExactly("1 " + first.statement(), "2 " + second.statement());
    }
  }
}
