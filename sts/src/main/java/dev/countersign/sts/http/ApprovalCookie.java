package dev.countersign.sts.http;

import dev.countersign.box.Http;
import dev.countersign.protocol.Ids;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.Optional;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// Ties a form to the browser that was shown it: a random cookie that other sites cannot send, and
/// in the form a keyed digest of it and the approval. Any replica can check it. Threads may share
/// it.
final class ApprovalCookie {
  private static final String NAME = "countersign_approval";
  private static final Pattern SHAPE = Pattern.compile("[A-Za-z0-9_-]{20,64}");

  private final SecretKeySpec key;
  private final boolean secure;

  /// @param key 32 secret bytes, the same at every replica
  /// @param secure whether browsers reach us by TLS
  ApprovalCookie(byte[] key, boolean secure) {
    this.key = new SecretKeySpec(key, "HmacSHA256");
    this.secure = secure;
  }

  /// The form's token for this browser, which gets a cookie if it has none.
  String token(ServerRequest request, ServerResponse response, String approval) {
    Optional<String> known = known(request);
    String cookie = known.orElseGet(Ids::random);
    if (known.isEmpty()) {
      response.header(
          "Set-Cookie",
          NAME
              + "="
              + cookie
              + "; Path=/approve; HttpOnly; SameSite=Strict"
              + (secure ? "; Secure" : ""));
    }
    return digest(approval, cookie);
  }

  /// Whether a form comes from the browser that it was shown to, for this approval.
  boolean matches(ServerRequest request, String approval, String token) {
    Optional<String> cookie = known(request);
    byte[] right = digest(approval, cookie.orElse("")).getBytes(StandardCharsets.US_ASCII);
    return MessageDigest.isEqual(right, token.getBytes(StandardCharsets.UTF_8))
        && cookie.isPresent();
  }

  private static Optional<String> known(ServerRequest request) {
    return Http.cookie(request, NAME).filter(value -> SHAPE.matcher(value).matches());
  }

  private String digest(String approval, String cookie) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(key);
      return Base64.getUrlEncoder()
          .withoutPadding()
          .encodeToString(mac.doFinal((approval + "\n" + cookie).getBytes(StandardCharsets.UTF_8)));
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException("every Java platform has HMAC-SHA-256", impossible);
    }
  }
}
