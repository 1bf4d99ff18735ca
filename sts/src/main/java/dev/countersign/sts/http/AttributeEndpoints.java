package dev.countersign.sts.http;

import dev.countersign.box.Http;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.AttributeDesk;
import dev.countersign.sts.AttributeStore;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// `/admin/v1/people/{subject}/attributes` and `/admin/v1/attributes`, for the workloads that may:
/// they prove themselves by a single-use assertion.
final class AttributeEndpoints {
  private static final String PERSON = "/admin/v1/people/{subject}/attributes";
  private static final String ONE = PERSON + "/{name}";
  private static final String BULK = "/admin/v1/attributes";

  private final AttributeDesk desk;
  private final PresenterAssertion.Checker admins;

  AttributeEndpoints(AttributeDesk desk, PresenterAssertion.Checker admins) {
    this.desk = desk;
    this.admins = admins;
  }

  void install(HttpRouting.Builder routing) {
    routing
        .get(PERSON, this::list)
        .get(ONE, this::show)
        .put(ONE, this::put)
        .delete(ONE, this::delete)
        .post(BULK, this::bulk);
  }

  private void list(ServerRequest request, ServerResponse response) {
    String by = admin(request);
    ObjectNode body = StrictJson.object();
    ObjectNode attributes = body.put("subject", subject(by, request)).putObject("attributes");
    desk.of(subject(by, request))
        .forEach((name, attribute) ->
            attributes
                .putObject(name)
                .put("source", attribute.source())
                .put("at", attribute.at().toString())
                .set("value", attribute.value()));
    Http.json(response, 200, body);
  }

  private void show(ServerRequest request, ServerResponse response) {
    String by = admin(request);
    var found = desk.of(subject(by, request)).get(parameter(request, "name"));
    if (found == null) {
      Http.empty(response, 404);
      return;
    }
    ObjectNode body =
        StrictJson.object().put("source", found.source()).put("at", found.at().toString());
    body.set("value", found.value());
    Http.json(response, 200, body);
  }

  /// `{"value": 5000}`.
  private void put(ServerRequest request, ServerResponse response) {
    String by = admin(request);
    JsonNode value = Http.jsonBody(request).path("value");
    if (value.isMissingNode() || value.isNull()) {
      throw desk.refused(by, "value is missing");
    }
    change(by, request, value);
    Http.empty(response, 204);
  }

  private void delete(ServerRequest request, ServerResponse response) {
    change(admin(request), request, null);
    Http.empty(response, 204);
  }

  /// `{"attributes": [{"subject": "okta|00u1", "name": "refund_limit", "value": 5000}]}`; a `value`
  /// of null deletes.
  private void bulk(ServerRequest request, ServerResponse response) {
    String by = admin(request);
    JsonNode list = Http.jsonBody(request).path("attributes");
    if (!list.isArray()) {
      throw desk.refused(by, "attributes must be a list of 1 to 1000 changes");
    }
    var changes = new ArrayList<AttributeStore.Change>();
    for (JsonNode one : list) {
      if (!one.has("value") || one.size() != 3) {
        throw desk.refused(
            by, "attributes[" + changes.size() + "] must have subject, name and value, no other");
      }
      JsonNode value = one.path("value");
      changes.add(
          new AttributeStore.Change(
              one.path("subject").asString(""),
              one.path("name").asString(""),
              value.isNull() ? null : value));
    }
    desk.change(by, changes);
    Http.json(response, 200, StrictJson.object().put("changed", changes.size()));
  }

  private void change(String by, ServerRequest request, @Nullable JsonNode value) {
    desk.change(
        by,
        List.of(
            new AttributeStore.Change(subject(by, request), parameter(request, "name"), value)));
  }

  private String admin(ServerRequest request) {
    String assertion = Http.header(request, PresenterAssertion.HEADER).orElse("");
    return switch (admins.check(assertion)) {
      case PresenterAssertion.Result.Presenter(String name) -> name;
      case PresenterAssertion.Result.Refused(String reason) -> throw desk.refused("", reason);
    };
  }

  private String subject(String by, ServerRequest request) {
    String subject = parameter(request, "subject");
    if (!AttributeStore.isKey(subject)) {
      throw desk.refused(by, "the path must name anchor|id, or thing:key");
    }
    return subject;
  }

  private static String parameter(ServerRequest request, String name) {
    return request.path().pathParameters().get(name);
  }
}
