package dev.countersign.server;

import com.nimbusds.jose.jwk.ECKey;
import dev.countersign.box.KeyFiles;
import dev.countersign.config.ConfigException;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.server.config.Installation;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import tools.jackson.databind.node.ObjectNode;

/// An operator's call to the token service, proven with the operator's own key.
final class OperatorCall {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  @Option(
      names = "--as",
      paramLabel = "<name>",
      description = "the operator, as sts.operators names it; default: ${DEFAULT-VALUE}",
      defaultValue = "operator")
  private String name = "operator";

  @Option(
      names = "--key",
      paramLabel = "<file>",
      description = "the operator's private key; default: <data>/keys/<name>.jwk")
  private @Nullable Path key;

  /// Sends what an operator wants done to a person.
  ///
  /// @return the transaction under which the ledger has it
  /// @throws ConfigException telling what to mend here
  /// @throws IllegalStateException telling what the token service says against it
  String send(Installation installation, String path, String person, String reason) {
    return send(installation, path, person, "", reason);
  }

  /// The same, for one client only.
  ///
  /// @param person empty for everybody, where a client is named
  /// @param client the client's id; empty for all
  String send(Installation installation, String path, String person, String client, String reason) {
    if (!installation.sts().operators().containsKey(name)) {
      throw problem("sts.operators does not name `" + name + "`; add it and restart the sts");
    }
    Path given = key;
    Path file = given == null ? installation.data().resolve("keys").resolve(name + ".jwk") : given;
    if (!Files.isRegularFile(file)) {
      throw problem("the operator's key is not at " + file + "; name it with --key");
    }
    ECKey own = KeyFiles.loadOrCreate(file);
    URI sts = installation.sts().issuer();
    ObjectNode body = StrictJson.object().put("reason", reason);
    if (!person.isEmpty() || client.isEmpty()) {
      body.put("sub", person);
    }
    if (!client.isEmpty()) {
      body.put("client_id", client);
    }
    WireClient.Answer answer =
        new WireClient()
            .send(
                "POST",
                URI.create(sts + path),
                Map.of(
                    PresenterAssertion.HEADER,
                    new PresenterAssertion.Maker(name, own, InstantSource.system())
                        .assertion(sts.toString()),
                    "Content-Type",
                    "application/json"),
                StrictJson.write(body),
                TIMEOUT);
    ObjectNode said = said(answer);
    if (answer.status() != 201) {
      throw new IllegalStateException(
          "the sts answers "
              + answer.status()
              + ": "
              + said.path("error_description").asString("no reason given"));
    }
    return said.path("txn").asString("");
  }

  private static ObjectNode said(WireClient.Answer answer) {
    try {
      return StrictJson.parseObject(answer.body());
    } catch (MalformedJsonException malformed) {
      return StrictJson.object();
    }
  }

  private static ConfigException problem(String text) {
    return new ConfigException(List.of(text));
  }
}
