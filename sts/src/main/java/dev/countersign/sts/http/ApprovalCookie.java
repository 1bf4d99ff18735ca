package dev.countersign.sts.http;

import dev.countersign.box.Http;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// Knows a browser again by a random cookie, and ties a form to the browser that was shown it: the
/// form holds a keyed digest of the cookie and of what the form is for. Any replica can check it.
/// Threads may share it.
///
/// The cookie also comes with links from elsewhere (`Lax`), as the way back from the identity
/// provider needs it; it never comes with another site's POST.
final class ApprovalCookie {
  private static final String NAME = "countersign_approval";
  private static final Pattern SHAPE = Pattern.compile("[A-Za-z0-9_-]{20,64}");
  private static final Set<String> OWN_SITES = Set.of("same-origin", "none");

  private final SecretKeySpec key;
  private final boolean secure;

  /// @param key 32 secret bytes, the same at every replica
  /// @param secure whether browsers reach us by TLS
  ApprovalCookie(byte[] key, boolean secure) {
    this.key = new SecretKeySpec(key, "HmacSHA256");
    this.secure = secure;
  }

  /// The browser, if it has been here.
  Optional<Secret> known(ServerRequest request) {
    return Http.cookie(request, NAME)
        .filter(value -> SHAPE.matcher(value).matches())
        .map(Secret::new);
  }

  /// The browser, which gets a cookie if it has none.
  Secret ensure(ServerRequest request, ServerResponse response) {
    return known(request).orElseGet(() -> renew(response));
  }

  /// A new cookie, so that one that was there before a sign-in is worth nothing after it.
  Secret renew(ServerResponse response) {
    String cookie = Ids.random();
    response.header(
        "Set-Cookie",
        NAME
            + "="
            + cookie
            + "; Path=/approve; HttpOnly; SameSite=Lax"
            + (secure ? "; Secure" : ""));
    return new Secret(cookie);
  }

  /// The token of a form for this browser.
  String token(Secret browser, String purpose) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(digest(browser, purpose));
  }

  /// The token's bytes, unguessable for whoever does not see the page.
  byte[] digest(Secret browser, String purpose) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(key);
      return mac.doFinal((purpose + "\n" + browser.reveal()).getBytes(StandardCharsets.UTF_8));
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException("every Java platform has HMAC-SHA-256", impossible);
    }
  }

  /// The browser that a form comes from, if it is the one that the form was shown to, for this
  /// purpose, and the form was sent from our own page.
  Optional<Secret> sender(ServerRequest request, String purpose, String token) {
    boolean isOwn = Http.header(request, "Sec-Fetch-Site").map(OWN_SITES::contains).orElse(true);
    return known(request)
        .filter(browser ->
            MessageDigest.isEqual(
                token(browser, purpose).getBytes(StandardCharsets.US_ASCII),
                token.getBytes(StandardCharsets.UTF_8)))
        .filter(_ -> isOwn);
  }
}
