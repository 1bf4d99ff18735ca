package dev.countersign.signals.transmit;

import dev.countersign.signals.Members;
import dev.countersign.signals.SecurityEventToken;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// A receiver's poll.
///
/// @param mostEvents how many to send at most; 0 to acknowledge only
/// @param acknowledged ids of tokens that the receiver keeps
/// @param errors by id, what is wrong with tokens that it cannot read
/// @spec https://www.rfc-editor.org/rfc/rfc8936#section-2.2 RFC 8936 §2.2
public record PollRequest(
    int mostEvents,
    boolean returnImmediately,
    List<String> acknowledged,
    Map<String, String> errors) {
  private static final int MOST_EVENTS = 100;
  private static final int MOST_IDS = 1000;
  private static final int MAX_ERROR = 64;

  public PollRequest {
    acknowledged = List.copyOf(acknowledged);
    errors = Map.copyOf(errors);
  }

  /// Reads the body of a poll. Members that RFC 8936 does not name are ignored.
  ///
  /// @throws dev.countersign.signals.MalformedEventException naming the member that is wrong
  public static PollRequest parse(ObjectNode body) {
    return new PollRequest(
        mostEvents(body.path("maxEvents")),
        flag(body.path("returnImmediately")),
        acknowledged(body.path("ack")),
        errors(body.path("setErrs")));
  }

  private static int mostEvents(JsonNode value) {
    if (value.isMissingNode()) {
      return MOST_EVENTS;
    }
    if (!value.isIntegralNumber() || value.decimalValue().signum() < 0) {
      throw Members.wrong("maxEvents", "must be a whole number from 0");
    }
    return value.canConvertToInt() ? Math.min(MOST_EVENTS, value.intValue()) : MOST_EVENTS;
  }

  private static boolean flag(JsonNode value) {
    if (!value.isMissingNode() && !value.isBoolean()) {
      throw Members.wrong("returnImmediately", "must be true or false");
    }
    return value.asBoolean(false);
  }

  private static List<String> acknowledged(JsonNode value) {
    var ids = new ArrayList<String>();
    if (value.isMissingNode()) {
      return ids;
    }
    if (!value.isArray() || value.size() > MOST_IDS) {
      throw Members.wrong("ack", "must be an array of at most 1000 ids");
    }
    for (JsonNode id : value) {
      if (!id.isString() || !Members.isPlain(id.stringValue(), SecurityEventToken.MAX_ID)) {
        throw Members.wrong("ack", "must hold ids of 1 to 128 characters");
      }
      ids.add(id.stringValue());
    }
    return ids;
  }

  private static Map<String, String> errors(JsonNode value) {
    var errors = new TreeMap<String, String>();
    if (value.isMissingNode()) {
      return errors;
    }
    if (!(value instanceof ObjectNode object) || object.size() > MOST_IDS) {
      throw Members.wrong("setErrs", "must be an object of at most 1000 members");
    }
    for (Map.Entry<String, JsonNode> error : object.properties()) {
      if (!(error.getValue() instanceof ObjectNode said)) {
        throw Members.wrong("setErrs", "must hold an object for each id");
      }
      errors.put(error.getKey(), Members.text(said, "err", MAX_ERROR));
    }
    return errors;
  }
}
