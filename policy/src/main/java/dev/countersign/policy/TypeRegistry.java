package dev.countersign.policy;

import static dev.countersign.protocol.OAuthError.INVALID_AUTHORIZATION_DETAILS;

import dev.countersign.config.ConfigException;
import dev.countersign.config.ConfigFile;
import dev.countersign.config.Problems;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.Digest;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TypeVersions;
import dev.countersign.protocol.WireException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// The types of authorization details that this installation knows: what an element of each type
/// must be like, exactly, and the sentence that a person reads about it.
///
/// A type nobody registered, a member nobody declared and a number that is not an integer are
/// refused. Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc9396#section-5 RFC 9396 §5 error response
public final class TypeRegistry {
  private final SortedMap<String, RegisteredType> types;
  private final ObjectNode definitions;
  private final String version;

  /// @param definitions the file's content in one spelling, with every schema in it
  TypeRegistry(SortedMap<String, RegisteredType> types, ObjectNode definitions) {
    this.types = Collections.unmodifiableSortedMap(new TreeMap<>(types));
    this.definitions = definitions;
    this.version = Digest.sha256(StrictJson.canonical(definitions));
  }

  /// Reads the types of a file; `vault:path_access` is always among them.
  ///
  /// @throws ConfigException naming every problem
  public static TypeRegistry load(Path file) {
    var problems = new Problems();
    TypeRegistry registry = new TypeReader(problems).read(ConfigFile.read(file, problems));
    problems.throwIfAny();
    return registry;
  }

  /// The files of schemas that a types file names, also where something else in it is wrong.
  public static List<Path> schemaFiles(Path file) {
    try {
      return ConfigFile.read(file, new Problems()).sections("types").stream()
          .filter(type -> type.tree("schema").isString())
          .map(type -> type.path("schema"))
          .distinct()
          .toList();
    } catch (ConfigException unreadable) {
      return List.of();
    }
  }

  /// The versions of the types of these details, for the token that carries them.
  public TypeVersions versions(AuthorizationDetails details) {
    var later = new TreeMap<String, Integer>();
    for (AuthorizationDetails.Element element : details.elements()) {
      int version = registered(element).version();
      if (version != TypeVersions.FIRST) {
        later.put(element.type(), version);
      }
    }
    return later.isEmpty() ? TypeVersions.FIRST_OF_ALL : new TypeVersions(later);
  }

  /// The names of the types, sorted: `authorization_details_types_supported`.
  public Set<String> types() {
    return types.keySet();
  }

  /// Digest of all definitions, whatever the spelling of their file.
  public String version() {
    return version;
  }

  /// The content of the types file in one spelling, with every schema in it.
  ObjectNode definitions() {
    return definitions.deepCopy();
  }

  /// An element made of what a decision request says: its members, and the action and id where the
  /// type has a member for them (`action` or `operationDetails.action`, and `id`).
  ///
  /// @throws WireException `invalid_authorization_details` if the type is unknown, a member says
  ///   otherwise, or the type knows no action
  public ObjectNode element(String type, ObjectNode members, String action, String id) {
    RegisteredType registered =
        find(type).orElseThrow(() -> refused("the type of the resource is not known here"));
    ObjectNode element = members.deepCopy();
    put(element, "type", type);
    Shape.Members shape = registered.shape();
    if (shape.shapes().containsKey("id")) {
      put(element, "id", id);
    }
    if (shape.shapes().containsKey("action")) {
      put(element, "action", action);
    } else if (shape.find("/operationDetails/action").isPresent()) {
      if (!element.path("operationDetails").isObject()) {
        element.putObject("operationDetails");
      }
      put((ObjectNode) element.path("operationDetails"), "action", action);
    } else {
      throw refused("the type of the resource knows no action");
    }
    return element;
  }

  private static void put(ObjectNode object, String name, String value) {
    if (object.has(name) && !value.equals(object.path(name).asString(""))) {
      throw refused("`" + name + "` in the properties says something else");
    }
    object.put(name, value);
  }

  /// Accepts details in which every element is of a registered type and exactly as that type says.
  ///
  /// @throws WireException `invalid_authorization_details` naming element, member and rule, never
  ///   the value
  public void check(AuthorizationDetails details) {
    List<AuthorizationDetails.Element> elements = details.elements();
    for (int i = 0; i < elements.size(); i++) {
      AuthorizationDetails.Element element = elements.get(i);
      String where = "authorization_details[" + i + "]";
      Optional<RegisteredType> type = find(element.type());
      if (type.isEmpty()) {
        throw refused(where + ".type is not a type that is known here");
      }
      Optional<String> problem = type.get().schema().problem(element.json(), where);
      if (problem.isPresent()) {
        throw refused(problem.get());
      }
    }
  }

  /// Whether details that come from the ledger are right, apart from what is not in them.
  boolean accepts(AuthorizationDetails recorded) {
    return recorded.elements().stream()
        .allMatch(element ->
            find(element.type())
                .filter(type -> type.schema().accepts(element.json(), type.redaction()))
                .isPresent());
  }

  /// Whether details ask for nothing that others do not allow: each of their elements is within an
  /// element of its own there, by the rule of its type.
  public boolean isWithin(AuthorizationDetails narrower, AuthorizationDetails wider) {
    List<AuthorizationDetails.Element> asked = narrower.elements();
    List<AuthorizationDetails.Element> held = wider.elements();
    int[] takenBy = new int[held.size()];
    Arrays.fill(takenBy, -1);
    for (int i = 0; i < asked.size(); i++) {
      if (!findsItsOwn(i, asked, held, takenBy, new boolean[held.size()])) {
        return false;
      }
    }
    return true;
  }

  // Whoever came first moves to another element if it can: a small request must not keep the only
  // element that is large enough for another.
  private boolean findsItsOwn(
      int i,
      List<AuthorizationDetails.Element> asked,
      List<AuthorizationDetails.Element> held,
      int[] takenBy,
      boolean[] tried) {
    for (int j = 0; j < held.size(); j++) {
      if (tried[j] || !isWithin(asked.get(i), held.get(j))) {
        continue;
      }
      tried[j] = true;
      if (takenBy[j] < 0 || findsItsOwn(takenBy[j], asked, held, takenBy, tried)) {
        takenBy[j] = i;
        return true;
      }
    }
    return false;
  }

  private boolean isWithin(
      AuthorizationDetails.Element narrower, AuthorizationDetails.Element wider) {
    return narrower.type().equals(wider.type())
        && find(narrower.type())
            .filter(type -> type.narrowing().isWithin(narrower.json(), wider.json()))
            .isPresent();
  }

  /// A copy of details as the ledger keeps them: what a type marks with `redact` is not in it.
  public ArrayNode forAudit(AuthorizationDetails details) {
    ArrayNode kept = StrictJson.array();
    for (AuthorizationDetails.Element element : details.elements()) {
      kept.add(registered(element).redaction().element(element.json()));
    }
    return kept;
  }

  /// A match with its values as the ledger keeps it.
  ///
  /// @param details what the match is about
  public ObjectNode forAudit(Match match, AuthorizationDetails details) {
    ObjectNode kept = match.json();
    if (match.element() < 0) {
      return kept;
    }
    ObjectNode values = (ObjectNode) kept.path("values");
    Redaction redaction = registered(details.elements().get(match.element())).redaction();
    match.values().keySet().stream()
        .filter(redaction::covers)
        .forEach(path -> values.put(path, Redaction.MARK));
    return kept;
  }

  /// What a person reads about an element, such as `Refund 80.00 USD to case R-884-2233`: one line,
  /// made of typed members only, every character visible. Not escaped for HTML.
  ///
  /// @throws WireException `invalid_authorization_details` if the type is unknown
  public String sentence(AuthorizationDetails.Element element) {
    return registered(element).sentence().write(element.json());
  }

  /// The amount of an element, such as `80.00 USD`, where its type has one.
  ///
  /// @throws WireException `invalid_authorization_details` if the type is unknown
  public Optional<String> amountLine(AuthorizationDetails.Element element) {
    return registered(element).sentence().amount(element.json());
  }

  /// The scalar members that an element of a type may have, by their path, such as
  /// `operationDetails.instructedAmount.amount`; empty if the type is unknown.
  public List<Member> members(String type) {
    return find(type).map(found -> Member.of(found.shape())).orElse(List.of());
  }

  Optional<RegisteredType> find(String name) {
    return Optional.ofNullable(types.get(name));
  }

  private RegisteredType registered(AuthorizationDetails.Element element) {
    return find(element.type())
        .orElseThrow(() -> refused("authorization_details: a type is not known here"));
  }

  private static WireException refused(String description) {
    return new WireException(INVALID_AUTHORIZATION_DETAILS, description);
  }
}
