package dev.countersign.box;

import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.OAuthError;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.WireException;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.HttpException;
import io.helidon.http.Status;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Reads requests strictly and writes answers safely, for the handlers of every box.
public final class Http {
  private static final int MAX_FIELDS = 64;
  private static final String CONTENT_SECURITY_POLICY =
      "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
          + " form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
  private static final Pattern BEARER =
      Pattern.compile("bearer +([A-Za-z0-9._~+/-]+=*)", Pattern.CASE_INSENSITIVE);

  private Http() {}

  /// Answers with JSON that nobody may cache.
  public static void json(ServerResponse response, int status, JsonNode body) {
    secure(response, status, "application/json");
    response.send(StrictJson.write(body).getBytes(StandardCharsets.UTF_8));
  }

  /// Answers with JSON that is written already and that nobody may cache.
  public static void jsonText(ServerResponse response, int status, String json) {
    secure(response, status, "application/json");
    response.send(json.getBytes(StandardCharsets.UTF_8));
  }

  /// Answers with a page that may neither be framed nor run scripts, and that nobody may cache.
  public static void html(ServerResponse response, int status, String html) {
    html(response, status, html, CONTENT_SECURITY_POLICY);
  }

  /// Answers with a page under a policy of its own, such as one that allows its own scripts.
  public static void html(
      ServerResponse response, int status, String html, String contentSecurityPolicy) {
    secure(response, status, "text/html; charset=utf-8");
    response.header("Content-Security-Policy", contentSecurityPolicy);
    response.header("X-Frame-Options", "DENY");
    response.send(html.getBytes(StandardCharsets.UTF_8));
  }

  /// Answers with text or another form that the caller names, uncached.
  public static void text(ServerResponse response, int status, String contentType, String text) {
    secure(response, status, contentType);
    response.send(text.getBytes(StandardCharsets.UTF_8));
  }

  /// Answers without a body, such as 204.
  public static void empty(ServerResponse response, int status) {
    response.status(status);
    response.header("Cache-Control", "no-store");
    response.send();
  }

  /// Sends the browser elsewhere with GET: 303, so that a form's fields do not travel on.
  public static void redirect(ServerResponse response, String location) {
    response.status(303);
    response.header("Cache-Control", "no-store");
    response.header("Referrer-Policy", "no-referrer");
    response.header("Location", location);
    response.send();
  }

  private static void secure(ServerResponse response, int status, String contentType) {
    response.status(status);
    response.header("Content-Type", contentType);
    response.header("Cache-Control", "no-store");
    response.header("X-Content-Type-Options", "nosniff");
    response.header("Referrer-Policy", "no-referrer");
  }

  /// The fields of an `application/x-www-form-urlencoded` body. A field with an empty value counts
  /// as absent (RFC 6749 §3.2).
  ///
  /// @throws WireException if a field occurs twice or the body is not that of a form
  /// @throws HttpException 415 for any other content type
  public static Map<String, String> form(ServerRequest request) {
    return form(request, Map.of());
  }

  /// The fields of a form, with an error of its own for some fields that occur twice.
  ///
  /// @param whenTwice the error by the field's name; `invalid_request` for all others
  public static Map<String, String> form(ServerRequest request, Map<String, OAuthError> whenTwice) {
    requireType(request, "application/x-www-form-urlencoded");
    return fields(strictText(body(request), "the form"), "the form", whenTwice);
  }

  /// The parameters of the query. An empty value counts as absent.
  ///
  /// @throws WireException if a parameter occurs twice or is badly escaped
  public static Map<String, String> query(ServerRequest request) {
    return fields(request.query().rawValue(), "the query", Map.of());
  }

  private static Map<String, String> fields(
      String encoded, String where, Map<String, OAuthError> whenTwice) {
    var fields = new LinkedHashMap<String, String>();
    if (encoded.isEmpty()) {
      return fields;
    }
    String[] pairs = encoded.split("&", -1);
    if (pairs.length > MAX_FIELDS) {
      throw malformed(where + " has too many fields");
    }
    for (String pair : pairs) {
      int equals = pair.indexOf('=');
      String name = decode(equals < 0 ? pair : pair.substring(0, equals), where);
      String value = equals < 0 ? "" : decode(pair.substring(equals + 1), where);
      if (fields.put(name, value) != null) {
        throw new WireException(
            whenTwice.getOrDefault(name, OAuthError.INVALID_REQUEST),
            "a field of " + where + " occurs twice" + named(name));
      }
    }
    fields.values().removeIf(String::isEmpty);
    return fields;
  }

  // The name comes from the caller, so only a plain one is repeated.
  private static String named(String name) {
    return name.matches("[a-z_]{1,40}") ? ": `" + name + "`" : "";
  }

  private static String decode(String text, String where) {
    return isPlain(text) ? text : unescaped(text, where);
  }

  /// Whether a text stands for itself, as tokens do.
  private static boolean isPlain(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '%' || c == '+' || c == 0 || c >= 0x80) {
        return false;
      }
    }
    return true;
  }

  private static String unescaped(String text, String where) {
    byte[] bytes = new byte[text.length()];
    int length = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '%') {
        int high = i + 2 < text.length() ? Character.digit(text.charAt(i + 1), 16) : -1;
        int low = i + 2 < text.length() ? Character.digit(text.charAt(i + 2), 16) : -1;
        if (high < 0 || low < 0) {
          throw malformed(where + " is badly escaped");
        }
        bytes[length++] = (byte) (high << 4 | low);
        i += 2;
      } else if (c >= 0x80) {
        throw malformed(where + " has characters that must be escaped");
      } else {
        bytes[length++] = (byte) (c == '+' ? ' ' : c);
      }
    }
    return strictText(Arrays.copyOf(bytes, length), where);
  }

  private static String strictText(byte[] bytes, String where) {
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException notUtf8) {
      throw malformed(where + " is not UTF-8");
    }
    if (text.indexOf('\0') >= 0) {
      throw malformed(where + " holds a control character");
    }
    return text;
  }

  /// The JSON object in an `application/json` body.
  ///
  /// @throws WireException if it is not strict JSON or not an object
  /// @throws HttpException 415 for any other content type
  public static ObjectNode jsonBody(ServerRequest request) {
    requireType(request, "application/json");
    try {
      return StrictJson.parseObject(body(request));
    } catch (MalformedJsonException malformed) {
      throw malformed("the body: " + malformed.getMessage());
    }
  }

  /// The body's bytes; at most as many as the box accepts, else 413.
  public static byte[] body(ServerRequest request) {
    if (!request.content().hasEntity()) {
      return new byte[0];
    }
    return request
        .context()
        .get(BodyLimit.class)
        .map(limit -> limit.read(request))
        .orElseGet(() -> request.content().as(byte[].class));
  }

  private static void requireType(ServerRequest request, String type) {
    List<String> sent = request.headers().values(HeaderNames.CONTENT_TYPE);
    boolean asked = sent.size() == 1 && isType(sent.getFirst(), type);
    if (!asked) {
      throw new HttpException(
          "the content type must be " + type, Status.UNSUPPORTED_MEDIA_TYPE_415);
    }
  }

  // Of the parameters only `charset` has a meaning here, and only one value of it.
  private static boolean isType(String header, String type) {
    String[] parts = header.split(";", -1);
    if (!parts[0].strip().equalsIgnoreCase(type)) {
      return false;
    }
    for (int i = 1; i < parts.length; i++) {
      String parameter = parts[i].strip().replace("\"", "").toLowerCase(Locale.ROOT);
      if (parameter.startsWith("charset") && !parameter.equals("charset=utf-8")) {
        return false;
      }
    }
    return true;
  }

  /// The token of `Authorization: Bearer`, or empty where that header is missing or has another
  /// scheme.
  ///
  /// @spec https://www.rfc-editor.org/rfc/rfc6750#section-2.1 RFC 6750 §2.1
  /// @throws WireException if the header occurs twice or its token is malformed
  public static Optional<Secret> bearer(ServerRequest request) {
    Optional<String> authorization = header(request, "Authorization");
    if (authorization.isEmpty()
        || !authorization.get().regionMatches(true, 0, "bearer", 0, "bearer".length())) {
      return Optional.empty();
    }
    var match = BEARER.matcher(authorization.get());
    if (!match.matches()) {
      throw malformed("the bearer token in `Authorization` is malformed");
    }
    return Optional.of(new Secret(match.group(1)));
  }

  /// Whether a header is there, however often.
  public static boolean has(ServerRequest request, String name) {
    return request.headers().contains(HeaderNames.create(name));
  }

  /// The one value of a header, or empty.
  ///
  /// @throws WireException if the header occurs twice
  public static Optional<String> header(ServerRequest request, String name) {
    HeaderName header = HeaderNames.create(name);
    List<String> values = request.headers().values(header);
    if (values.size() > 1) {
      throw malformed("the header `" + name + "` occurs twice");
    }
    return values.stream().findFirst().filter(value -> !value.isEmpty());
  }

  /// The value of a cookie, or empty also where it occurs twice.
  public static Optional<String> cookie(ServerRequest request, String name) {
    var cookies = request.headers().cookies();
    return cookies.contains(name) && cookies.all(name).size() == 1
        ? Optional.of(cookies.get(name))
        : Optional.empty();
  }

  private static WireException malformed(String description) {
    return new WireException(OAuthError.INVALID_REQUEST, description);
  }
}
