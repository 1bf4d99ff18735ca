package dev.countersign.broker.http;

import dev.countersign.box.Http;
import dev.countersign.broker.Refusal;
import dev.countersign.broker.UnsafeTargetException;
import dev.countersign.broker.vault.DefinitionStore.Kind;
import dev.countersign.broker.vault.Definitions;
import dev.countersign.protocol.StrictJson;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// Databases and roles as Vault's own clients write and read them, for operators. `database` and
/// `verify-rar` name the same ones.
final class DefinitionRoutes {
  private final Definitions definitions;
  private final Requests requests;
  private final Answers answers;

  DefinitionRoutes(Definitions definitions, Requests requests, Answers answers) {
    this.definitions = definitions;
    this.requests = requests;
    this.answers = answers;
  }

  void install(HttpRouting.Builder routing) {
    for (String mount : List.of("/v1/database/", "/v1/verify-rar/")) {
      install(routing, mount + "config", Kind.DATABASE, definitions::writeDatabase);
      install(routing, mount + "roles", Kind.ROLE, definitions::writeRole);
    }
  }

  private void install(HttpRouting.Builder routing, String folder, Kind kind, Write write) {
    String one = folder + "/{name}";
    Paths.write(routing, one, (request, response) -> write(request, response, folder + "/", write));
    Paths.read(routing, one, (request, response) -> read(request, response, folder + "/", kind));
    routing.delete(one, (request, response) -> remove(request, response, folder + "/", kind));
    Paths.list(routing, folder, (request, response) -> list(request, response, kind));
    Paths.list(routing, folder + "/", (request, response) -> list(request, response, kind));
    Paths.nothingElse(routing, one, folder, folder + "/");
  }

  private void write(ServerRequest request, ServerResponse response, String before, Write write) {
    String operator = requests.operator("write", request);
    ObjectNode body = requests.read("write", () -> requests.body(request));
    String inPath = requests.read("write", () -> Paths.name(request, before));
    // The plugin's own clients write a database at `config/db` and name it in the body.
    String name = body.path("name").asString(inPath);
    try {
      write.write(name, body, operator);
    } catch (IllegalArgumentException malformed) {
      throw malformed("write", malformed);
    } catch (UnsafeTargetException unsafe) {
      throw malformed("write", unsafe);
    }
    requests.count("write", "ok");
    Http.empty(response, 204);
  }

  private void read(ServerRequest request, ServerResponse response, String before, Kind kind) {
    requests.operator("read", request);
    String name = requests.read("read", () -> Paths.name(request, before));
    ObjectNode told = definitions.read(kind, name).orElseThrow(VaultRefusal::empty);
    requests.count("read", "ok");
    answers.send(request, response, VaultAnswer.data(told));
  }

  private void remove(ServerRequest request, ServerResponse response, String before, Kind kind) {
    String operator = requests.operator("remove", request);
    String name = requests.read("remove", () -> Paths.name(request, before));
    try {
      definitions.remove(kind, name, operator);
    } catch (IllegalArgumentException refused) {
      throw malformed("remove", refused);
    }
    requests.count("remove", "ok");
    Http.empty(response, 204);
  }

  private void list(ServerRequest request, ServerResponse response, Kind kind) {
    requests.operator("list", request);
    List<String> names = definitions.names(kind);
    if (names.isEmpty()) {
      throw VaultRefusal.empty();
    }
    ObjectNode data = StrictJson.object();
    var keys = data.putArray("keys");
    names.forEach(keys::add);
    requests.count("list", "ok");
    answers.send(request, response, VaultAnswer.data(data));
  }

  private VaultRefusal malformed(String operation, RuntimeException why) {
    String reason = String.valueOf(why.getMessage());
    requests.refused(operation, Refusal.MALFORMED, reason);
    return VaultRefusal.malformed(reason);
  }

  @FunctionalInterface
  private interface Write {
    void write(String name, ObjectNode body, String by);
  }
}
