package dev.countersign.signals.act;

import dev.countersign.signals.MalformedEventException;
import dev.countersign.signals.Members;
import dev.countersign.signals.SubjectId;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The people of somebody else's transmitter, always of its one anchor. A complex subject stands
/// for its `user`, whichever session or device it names: all of the person's agents end. An
/// address, a number, a device or a tenant alone stands for nobody.
///
/// @spec https://openid.net/specs/openid-sharedsignals-framework-1_0-final.html#section-3 SSF 1.0
///   §3
record TheirPeople(Inbound from) implements Whom {
  private static final Pattern STABLE_ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._@:-]{0,127}");
  private static final Set<String> COMPLEX =
      Set.of("format", "user", "device", "session", "application", "tenant", "org_unit", "group");
  private static final int MOST_ALIASES = 16;

  @Override
  public Answer of(SubjectId subject) {
    try {
      return whom(subject, true);
    } catch (MalformedEventException malformed) {
      return new Answer.Refused(
          new SetError(SetError.Code.INVALID_REQUEST, malformed.description()));
    }
  }

  private Answer whom(SubjectId subject, boolean isOuter) {
    return switch (subject) {
      case SubjectId.IssuerAndSubject(String iss, String sub) ->
          iss.equals(from.subjectIssuer())
              ? named(sub)
              : new Answer.Refused(
                  new SetError(
                      SetError.Code.ACCESS_DENIED,
                      "the transmitter may not speak about subjects of this `iss`"));
      case SubjectId.Opaque(String id) ->
          from.takesOpaqueIds()
              ? named(id)
              : new Answer.Nobody("an opaque id names nobody of this transmitter");
      case SubjectId.Other(String format, ObjectNode json) ->
          switch (format) {
            case "complex" -> {
              if (!isOuter) {
                throw Members.wrong("user", "must not be a complex subject");
              }
              yield complex(json);
            }
            case "aliases" -> aliases(json);
            default -> new Answer.Nobody("a subject of this `format` names nobody here");
          };
    };
  }

  private Answer named(String id) {
    return STABLE_ID.matcher(id).matches()
        ? new Answer.Known(from.anchor() + "|" + id)
        : new Answer.Nobody("the id is not one that a person can have");
  }

  /// What is not understood may narrow the subject to somebody else, so it stands for nobody.
  private Answer complex(ObjectNode json) {
    for (String name : json.propertyNames()) {
      if (!COMPLEX.contains(name)) {
        return new Answer.Nobody("the subject has a member that is not understood");
      }
    }
    return json.has("user")
        ? whom(SubjectId.parseAny(json.path("user")), false)
        : new Answer.Nobody("the subject has no `user`");
  }

  private Answer aliases(ObjectNode json) {
    JsonNode identifiers = json.path("identifiers");
    if (!identifiers.isArray() || identifiers.isEmpty() || identifiers.size() > MOST_ALIASES) {
      throw Members.wrong("identifiers", "must be an array of 1 to 16 subjects");
    }
    var people = new TreeSet<String>();
    for (JsonNode one : identifiers) {
      SubjectId subject = SubjectId.parseAny(one);
      if (subject instanceof SubjectId.Other(String format, _)
          && (format.equals("aliases") || format.equals("complex"))) {
        throw Members.wrong("identifiers", "must not hold aliases or complex subjects");
      }
      switch (whom(subject, false)) {
        case Answer.Known(String person) -> people.add(person);
        case Answer.Nobody _ -> {}
        case Answer.Refused refused -> {
          return refused;
        }
      }
    }
    return people.size() == 1
        ? new Answer.Known(people.first())
        : new Answer.Nobody(
            people.isEmpty() ? "no alias names a person" : "the aliases name several people");
  }
}
