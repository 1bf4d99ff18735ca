package dev.countersign.gateway.tools;

import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.WireException;
import java.util.regex.Pattern;
import tools.jackson.databind.node.ObjectNode;

/// One tool: what agents see of it, what a call of it asks for, and what it runs. Threads may share
/// it.
public final class Tool {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.-]{1,128}");

  private final String name;
  private final ObjectNode definition;
  private final ArgumentSchema arguments;
  private final RarTemplate details;
  private final Grant grant;
  private final Statement statement;
  private final ResultMapping result;

  Tool(
      String name,
      ObjectNode definition,
      ArgumentSchema arguments,
      RarTemplate details,
      Grant grant,
      Statement statement,
      ResultMapping result) {
    if (!isName(name)) {
      throw new IllegalArgumentException("a tool's name must have 1 to 128 of [A-Za-z0-9_.-]");
    }
    this.name = name;
    this.definition = definition.deepCopy();
    this.arguments = arguments;
    this.details = details;
    this.grant = grant;
    this.statement = statement;
    this.result = result;
  }

  /// Whether a text may be a tool's name.
  public static boolean isName(String text) {
    return NAME.matcher(text).matches();
  }

  public String name() {
    return name;
  }

  /// What `tools/list` publishes: name, title, description, input schema, annotations. A copy.
  public ObjectNode definition() {
    return definition.deepCopy();
  }

  /// Checks what a caller sent and fills in the schema's defaults.
  public ArgumentCheck check(ObjectNode sent) {
    return arguments.check(sent);
  }

  /// What a call with these checked arguments asks for.
  ///
  /// @throws WireException if the arguments give no usable authorization details
  public AuthorizationDetails details(ObjectNode checked) {
    return details.build(checked);
  }

  public Grant grant() {
    return grant;
  }

  public Statement statement() {
    return statement;
  }

  public ResultMapping result() {
    return result;
  }

  @Override
  public String toString() {
    return "Tool[" + name + "]";
  }

  /// What a call needs from the other boxes.
  ///
  /// @param scope asked for at the STS
  /// @param role the broker's role whose login runs the statement
  public record Grant(String scope, String role) {}
}
