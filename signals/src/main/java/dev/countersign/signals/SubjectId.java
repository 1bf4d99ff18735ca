package dev.countersign.signals;

import dev.countersign.protocol.StrictJson;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Whom an event is about. A subject that we cannot name exactly must not decide whose sessions
/// end.
///
/// @spec https://www.rfc-editor.org/rfc/rfc9493#section-3 RFC 9493 §3
public sealed interface SubjectId {
  int MAX_LENGTH = 255;

  /// `{"format":"iss_sub","iss":…,"sub":…}`: a person.
  ///
  /// @param iss the issuer whose subject this is
  /// @param sub at our own STS `anchor|stable id`
  record IssuerAndSubject(String iss, String sub) implements SubjectId {
    @Override
    public ObjectNode json() {
      return StrictJson.object().put("format", "iss_sub").put("iss", iss).put("sub", sub);
    }
  }

  /// `{"format":"opaque","id":…}`: a stream, in the framework's own events.
  record Opaque(String id) implements SubjectId {
    @Override
    public ObjectNode json() {
      return StrictJson.object().put("format", "opaque").put("id", id);
    }
  }

  /// A subject in a form that names nobody to us by itself: an address, a device, or several
  /// members. Kept as it came.
  record Other(String format, ObjectNode json) implements SubjectId {
    public Other {
      json = json.deepCopy();
    }
  }

  /// The value of `sub_id`.
  ObjectNode json();

  /// Reads the value of `sub_id` of somebody else's token: any form that a standard has.
  ///
  /// @throws MalformedEventException naming the member that is missing, malformed or too much
  static SubjectId parseAny(JsonNode value) {
    if (!(value instanceof ObjectNode object)) {
      throw Members.wrong("sub_id", "must be an object");
    }
    String format = Members.text(object, "format", MAX_LENGTH);
    return switch (format) {
      case "iss_sub", "opaque" -> parse(value);
      default -> new Other(format, object);
    };
  }

  /// Reads the value of `sub_id`.
  ///
  /// @throws MalformedEventException naming the member that is missing, malformed or too much
  static SubjectId parse(JsonNode value) {
    return parse(value, "sub_id");
  }

  /// Reads a subject that stands in a member of another name.
  ///
  /// @throws MalformedEventException naming the member that is missing, malformed or too much
  static SubjectId parse(JsonNode value, String where) {
    if (!(value instanceof ObjectNode object)) {
      throw Members.wrong(where, "must be an object");
    }
    return switch (object.path("format").asString("")) {
      case "iss_sub" -> {
        Members.onlyKnown(object, Set.of("format", "iss", "sub"), "`" + where + "`");
        yield new IssuerAndSubject(
            Members.text(object, "iss", MAX_LENGTH), Members.text(object, "sub", MAX_LENGTH));
      }
      case "opaque" -> {
        Members.onlyKnown(object, Set.of("format", "id"), "`" + where + "`");
        yield new Opaque(Members.text(object, "id", MAX_LENGTH));
      }
      default ->
          throw new MalformedEventException(
              "the `format` of `"
                  + where
                  + "` must be `iss_sub`; other formats are not accepted here");
    };
  }
}
