package dev.countersign.protocol;

import static dev.countersign.protocol.OAuthError.INVALID_AUTHORIZATION_DETAILS;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// A rich authorization request, parsed once and exactly: a JSON array of one to sixteen objects,
/// each with a `type`.
///
/// What is signed, digested and compared is the canonical form of the parsed value, never the
/// caller's text. The trees handed out are copies; threads may share the value.
///
/// @spec https://www.rfc-editor.org/rfc/rfc9396#section-2 RFC 9396 §2 authorization_details
public final class AuthorizationDetails {
  private static final int MAX_ELEMENTS = 16;
  private static final int MAX_LENGTH = 32 * 1024;

  private final ArrayNode value;
  private final String canonical;
  private final String digest;

  /// @param value with its members in canonical order: where all numbers are integers, which the
  ///   registry of types sees to, what is signed is what is digested
  private AuthorizationDetails(ArrayNode value) {
    this.value = value;
    this.canonical = StrictJson.canonical(value);
    this.digest = Digest.sha256(canonical);
  }

  /// Reads the text of the form parameter.
  ///
  /// @throws WireException `invalid_authorization_details`
  public static AuthorizationDetails parse(String text) {
    if (text.length() > MAX_LENGTH) {
      throw refused("authorization_details is longer than 32 KiB");
    }
    try {
      return of(StrictJson.parse(text));
    } catch (MalformedJsonException malformed) {
      throw refused("authorization_details: " + malformed.getMessage());
    }
  }

  /// Reads a parsed value, such as the claim of a token.
  ///
  /// @throws WireException `invalid_authorization_details`
  public static AuthorizationDetails of(JsonNode value) {
    if (!(value instanceof ArrayNode array) || array.isEmpty()) {
      throw refused("authorization_details must be a JSON array with at least one object");
    }
    if (array.size() > MAX_ELEMENTS) {
      throw refused("authorization_details has more than 16 elements");
    }
    for (JsonNode element : array) {
      if (!element.isObject()) {
        throw refused("every element of authorization_details must be an object");
      }
      if (!element.path("type").isString() || element.path("type").stringValue().isEmpty()) {
        throw refused("every element of authorization_details needs a type, a string");
      }
    }
    return new AuthorizationDetails((ArrayNode) StrictJson.ordered(array));
  }

  /// The elements, in the order they came.
  public List<Element> elements() {
    var elements = new ArrayList<Element>();
    for (JsonNode element : value) {
      elements.add(
          new Element(element.path("type").stringValue(), ((ObjectNode) element).deepCopy()));
    }
    return List.copyOf(elements);
  }

  /// A copy of the value, for a claim or an answer.
  public ArrayNode json() {
    return value.deepCopy();
  }

  /// The canonical form.
  ///
  /// @see StrictJson#canonical
  public String canonical() {
    return canonical;
  }

  /// SHA-256 of the canonical form, base64url: what an approval is bound to.
  public String digest() {
    return digest;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof AuthorizationDetails details && details.canonical.equals(canonical);
  }

  @Override
  public int hashCode() {
    return canonical.hashCode();
  }

  @Override
  public String toString() {
    return "AuthorizationDetails[" + digest + "]";
  }

  private static WireException refused(String description) {
    return new WireException(INVALID_AUTHORIZATION_DETAILS, description);
  }

  /// One requested operation.
  ///
  /// @param type the registered type, such as `urn:smt:agent:refund`
  /// @param json the whole element, `type` included; the caller's own copy
  public record Element(String type, ObjectNode json) {

    /// The `operationDetails.action`, the second half of a role mapping's key; empty if there is
    /// none.
    public String action() {
      JsonNode action = json.path("operationDetails").path("action");
      return action.isString() ? action.stringValue() : "";
    }
  }
}
