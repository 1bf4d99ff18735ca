package dev.countersign.gateway.tools;

import dev.countersign.protocol.StrictJson;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.node.ObjectNode;

/// The address of a resource, exact or with variables: `refunds://cases/{case_id}`.
///
/// Scheme and host are always the operator's words, and a variable holds one part of a path at
/// most: no slash, no leading dot, nothing escaped. So nobody reads elsewhere than was declared.
///
/// @param text as declared
/// @param variables in order
/// @spec https://www.rfc-editor.org/rfc/rfc6570#section-1.2 RFC 6570 §1.2 Level 1
public record UriTemplate(String text, List<String> variables) {
  private static final Pattern VARIABLE = Pattern.compile("\\{([A-Za-z_][A-Za-z0-9_]{0,63})}");
  private static final Pattern LITERAL = Pattern.compile("[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]*");
  private static final Pattern START =
      Pattern.compile("[a-z][a-z0-9+.-]{0,31}:(//[A-Za-z0-9._~:\\[\\]-]*(/.*)?|[^/{].*)");
  private static final String VALUE = "([A-Za-z0-9_~-][A-Za-z0-9._~-]{0,127})";
  private static final int MAX_LENGTH = 512;

  public UriTemplate {
    variables = List.copyOf(variables);
  }

  /// Reads one, telling every problem.
  static UriTemplate read(String text, Consumer<String> problem) {
    var variables = new ArrayList<String>();
    Matcher variable = VARIABLE.matcher(text);
    while (variable.find()) {
      if (variables.contains(variable.group(1))) {
        problem.accept("names the variable `" + variable.group(1) + "` twice");
      }
      variables.add(variable.group(1));
    }
    String literal = VARIABLE.matcher(text).replaceAll("");
    if (text.length() > MAX_LENGTH || !LITERAL.matcher(literal).matches()) {
      problem.accept("must be a URI of at most 512 characters with variables like `{case_id}`");
    }
    if (!START.matcher(text).matches()) {
      problem.accept("must begin with a scheme and, after `//`, a host; neither may vary");
    }
    if (text.contains("}{") || literal.contains("..")) {
      problem.accept("needs something between two variables, and no `..`");
    }
    return new UriTemplate(text, variables);
  }

  public boolean isExact() {
    return variables.isEmpty();
  }

  /// The variables of an address that fits; empty if it does not.
  public Optional<ObjectNode> match(String uri) {
    Matcher matcher = pattern().matcher(uri);
    if (uri.length() > MAX_LENGTH || !matcher.matches()) {
      return Optional.empty();
    }
    ObjectNode values = StrictJson.object();
    for (int i = 0; i < variables.size(); i++) {
      values.put(variables.get(i), matcher.group(i + 1));
    }
    return Optional.of(values);
  }

  /// The address with these values, each of which was in an address that fits.
  public String expand(ObjectNode values) {
    return VARIABLE
        .matcher(text)
        .replaceAll(found -> Matcher.quoteReplacement(values.path(found.group(1)).asString("")));
  }

  private Pattern pattern() {
    var pattern = new StringBuilder();
    Matcher variable = VARIABLE.matcher(text);
    int from = 0;
    while (variable.find()) {
      pattern.append(Pattern.quote(text.substring(from, variable.start()))).append(VALUE);
      from = variable.end();
    }
    return Pattern.compile(pattern.append(Pattern.quote(text.substring(from))).toString());
  }
}
