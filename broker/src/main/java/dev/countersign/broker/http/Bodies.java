package dev.countersign.broker.http;

import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import java.net.URLDecoder;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import tools.jackson.databind.node.ObjectNode;

/// Bodies as Vault's own command line and curl send them: JSON without a content type, JSON that is
/// called a form, and forms.
final class Bodies {
  private static final int MOST_FIELDS = 64;

  private Bodies() {}

  /// @throws VaultRefusal if it is neither strict JSON nor a form without repeated fields
  static ObjectNode read(byte[] bytes) {
    String text = text(bytes);
    String start = text.strip();
    if (start.isEmpty() || start.equals("null")) { // so the command line spells no body
      return StrictJson.object();
    }
    return start.startsWith("{") ? json(text) : form(text);
  }

  private static ObjectNode json(String text) {
    try {
      return StrictJson.parseObject(text);
    } catch (MalformedJsonException malformed) {
      throw VaultRefusal.malformed("the body: " + malformed.getMessage());
    }
  }

  private static ObjectNode form(String text) {
    ObjectNode fields = StrictJson.object();
    String[] pairs = text.split("&", -1);
    if (pairs.length > MOST_FIELDS) {
      throw VaultRefusal.malformed("the form has too many fields");
    }
    for (String pair : pairs) {
      int equals = pair.indexOf('=');
      if (equals < 1) {
        throw VaultRefusal.malformed("the body is neither a JSON object nor a form");
      }
      String name = decoded(pair.substring(0, equals));
      if (fields.has(name)) {
        throw VaultRefusal.malformed("a field of the form occurs twice");
      }
      fields.put(name, decoded(pair.substring(equals + 1)));
    }
    return fields;
  }

  private static String decoded(String text) {
    try {
      String decoded = URLDecoder.decode(text, StandardCharsets.UTF_8);
      if (decoded.indexOf('\uFFFD') >= 0 || decoded.chars().anyMatch(Character::isISOControl)) {
        throw VaultRefusal.malformed("the form is badly escaped");
      }
      return decoded;
    } catch (IllegalArgumentException malformed) {
      throw VaultRefusal.malformed("the form is badly escaped");
    }
  }

  private static String text(byte[] bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException notUtf8) {
      throw VaultRefusal.malformed("the body is not UTF-8");
    }
  }
}
