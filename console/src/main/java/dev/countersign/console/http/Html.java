package dev.countersign.console.http;

import dev.countersign.console.Redaction;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Puts values into markup: every text is redacted and escaped here and nowhere else.
final class Html {
  private static final int MOST_ROWS = 200;

  /// The same as in `chat.js`.
  private static final Pattern HIDING =
      Pattern.compile("[\\p{Cf}\\p{Cc}\\u115f\\u1160\\u2028\\u2029\\u3164\\uffa0&&[^\\n\\t]]");

  private Html() {}

  /// A text, safe between tags and in quoted attributes; what hides or turns the direction of text
  /// is shown as a mark, since it can make one thing look like another.
  static String text(String value) {
    return exact(shown(value));
  }

  /// The same for what is markup already.
  static String shown(String value) {
    return HIDING.matcher(Redaction.redact(value)).replaceAll("\uFFFD");
  }

  /// A value that is not shown but sent: safe in quoted attributes, and otherwise as it is.
  static String exact(String value) {
    return value
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }

  /// A JSON value for people: objects as lists of terms, lists of objects as tables.
  static String value(JsonNode value) {
    return switch (value) {
      case ObjectNode object when object.isEmpty() -> "<span class=\"soft\">nothing</span>";
      case ObjectNode object -> terms(object);
      case ArrayNode array when array.isEmpty() -> "<span class=\"soft\">none</span>";
      case ArrayNode array -> isTable(array) ? table(array) : list(array);
      default -> "<span class=\"value\">" + text(scalar(value)) + "</span>";
    };
  }

  /// A value in one line, for tables of many things.
  static String line(JsonNode value) {
    return text(value.isContainer() ? value.toString() : scalar(value));
  }

  private static String scalar(JsonNode value) {
    return value.isNull() ? "–" : value.asString("");
  }

  private static String terms(ObjectNode object) {
    var html = new StringBuilder("<dl>");
    for (Map.Entry<String, JsonNode> member : object.properties()) {
      html.append("<dt>")
          .append(text(member.getKey()))
          .append("</dt><dd>")
          .append(value(member.getValue()))
          .append("</dd>");
    }
    return html.append("</dl>").toString();
  }

  private static String list(ArrayNode array) {
    var html = new StringBuilder("<ul>");
    array.forEach(element -> html.append("<li>").append(value(element)).append("</li>"));
    return html.append("</ul>").toString();
  }

  private static boolean isTable(ArrayNode array) {
    for (JsonNode element : array) {
      if (!(element instanceof ObjectNode object)
          || object.properties().stream().anyMatch(member -> member.getValue().isContainer())) {
        return false;
      }
    }
    return true;
  }

  private static String table(ArrayNode array) {
    var columns = new LinkedHashSet<String>();
    array.forEach(row -> columns.addAll(((ObjectNode) row).propertyNames()));
    var html = new StringBuilder("<div class=\"wide\" tabindex=\"0\"><table><thead><tr>");
    columns.forEach(
        column -> html.append("<th scope=\"col\">").append(text(column)).append("</th>"));
    html.append("</tr></thead><tbody>");
    int shown = 0;
    for (JsonNode row : array) {
      if (shown++ == MOST_ROWS) {
        break;
      }
      html.append("<tr>");
      columns.forEach(column -> html.append("<td>").append(line(row.path(column))).append("</td>"));
      html.append("</tr>");
    }
    html.append("</tbody></table></div>");
    if (array.size() > MOST_ROWS) {
      html.append("<p class=\"soft\">and ").append(array.size() - MOST_ROWS).append(" more</p>");
    }
    return html.toString();
  }
}
