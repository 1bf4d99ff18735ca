package dev.countersign.sts.http;

import dev.countersign.box.Http;
import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.Digest;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.stepup.Approval;
import dev.countersign.sts.stepup.PageVisits;
import dev.countersign.sts.stepup.PasskeyFactor;
import dev.countersign.sts.stepup.Passkeys;
import dev.countersign.sts.stepup.WebAuthn;
import dev.countersign.sts.stepup.Words;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// `/approve/passkeys`: where people who have just signed in add and remove their passkeys.
final class PasskeyPage {
  /// Who changes passkeys must have authenticated this recently.
  private static final Duration FRESH = Duration.ofMinutes(5);

  private static final int MOST_KEYS = 10;
  private static final int MAX_LABEL = 40;
  private static final int TIMEOUT_MILLIS = 120_000;

  private final @Nullable WebAuthn webAuthn;
  private final Passkeys passkeys;
  private final PageDoor door;
  private final ApprovalCookie cookie;
  private final Ledger ledger;
  private final InstantSource clock;
  private final String script = script();

  /// @param webAuthn null where passkeys are not set up
  PasskeyPage(
      @Nullable WebAuthn webAuthn,
      Passkeys passkeys,
      PageDoor door,
      ApprovalCookie cookie,
      Ledger ledger,
      InstantSource clock) {
    this.webAuthn = webAuthn;
    this.passkeys = passkeys;
    this.door = door;
    this.cookie = cookie;
    this.ledger = ledger;
    this.clock = clock;
  }

  private static String script() {
    try (InputStream file = PasskeyPage.class.getResourceAsStream("passkey.js")) {
      if (file == null) {
        throw new IllegalStateException("passkey.js is missing from the class path");
      }
      return new String(file.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  /// `GET /approve/passkey.js`
  void script(ServerRequest request, ServerResponse response) {
    Http.text(response, 200, "text/javascript; charset=utf-8", script);
  }

  boolean isOffered() {
    return webAuthn != null;
  }

  void show(ServerRequest request, ServerResponse response) {
    visitor(request, response).ifPresent(visitor -> show(request, response, visitor, 200, ""));
  }

  /// Who is here with a fresh authentication; everybody else is shown the way to one.
  private Optional<PageVisits.Visit> visitor(ServerRequest request, ServerResponse response) {
    if (webAuthn == null) {
      door.unknown(response);
      return Optional.empty();
    }
    Optional<PageVisits.Visit> visitor = door.visitor(request);
    if (visitor.isEmpty()) {
      door.show(response, PageDoor.PASSKEYS);
      return visitor;
    }
    Instant last = visitor.get().authenticatedAt();
    if (last == null || last.isBefore(clock.instant().minus(FRESH))) {
      String anchor = visitor.get().subject().split("\\|", 2)[0];
      door.page(response, 403, SignInMarkup.signInAgain(anchor, last != null));
      return Optional.empty();
    }
    return visitor;
  }

  void change(ServerRequest request, ServerResponse response) {
    Map<String, String> form = Http.form(request);
    Optional<Secret> browser =
        cookie.sender(request, PageDoor.PASSKEYS, form.getOrDefault("csrf", ""));
    if (browser.isEmpty()) {
      door.page(
          response,
          403,
          PageFrame.message(
              "Please open the page again",
              "This form did not come from a page that was shown to this browser."));
      return;
    }
    Optional<PageVisits.Visit> visitor = visitor(request, response);
    if (visitor.isEmpty()) {
      return;
    }
    switch (form.getOrDefault("action", "")) {
      case "passkey" -> add(request, response, visitor.get(), browser.get(), form);
      case "remove" -> {
        String credential = form.getOrDefault("credential", "");
        boolean removed = passkeys.remove(visitor.get().subject(), credential);
        if (removed) {
          note(LedgerEvent.PASSKEY_REMOVED, visitor.get(), credential);
        }
        show(
            request,
            response,
            visitor.get(),
            200,
            removed ? "The passkey was removed." : "There is no such passkey.");
      }
      default -> door.unknown(response);
    }
  }

  private void add(
      ServerRequest request,
      ServerResponse response,
      PageVisits.Visit visitor,
      Secret browser,
      Map<String, String> form) {
    String label = Words.plain(form.getOrDefault("label", "").strip());
    if (label.isEmpty() || label.length() > MAX_LABEL) {
      show(
          request, response, visitor, 400, "Please give the passkey a name of 1 to 40 characters.");
      return;
    }
    if (passkeys.of(visitor.subject()).size() >= MOST_KEYS) {
      show(request, response, visitor, 400, "You have ten passkeys already. Remove one first.");
      return;
    }
    WebAuthn checks = webAuthn;
    Optional<Passkeys.Passkey> passkey =
        checks == null
            ? Optional.empty()
            : checks.register(
                cookie.digest(browser, PageDoor.PASSKEYS),
                form.getOrDefault("response", ""),
                label,
                clock.instant());
    boolean added = passkey.isPresent() && passkeys.add(visitor.subject(), passkey.get());
    if (added) {
      note(LedgerEvent.PASSKEY_REGISTERED, visitor, passkey.get().credentialId());
    }
    show(
        request,
        response,
        visitor,
        added ? 200 : 400,
        added
            ? "The passkey was added. You can approve with it from now on."
            : "The passkey was not accepted. Please try again.");
  }

  private void note(LedgerEvent event, PageVisits.Visit visitor, String credential) {
    ledger.append(
        new LedgerEntry(
            event, "", visitor.subject(), StrictJson.object().put("credential", credential)));
  }

  private void show(
      ServerRequest request,
      ServerResponse response,
      PageVisits.Visit visitor,
      int status,
      String note) {
    Secret browser = cookie.ensure(request, response);
    List<Passkeys.Passkey> known = passkeys.of(visitor.subject());
    door.page(
        response,
        status,
        SignInMarkup.passkeys(
            visitor.name(),
            known,
            creationOptions(visitor, browser, known),
            cookie.token(browser, PageDoor.PASSKEYS),
            note));
  }

  private String creationOptions(
      PageVisits.Visit visitor, Secret browser, List<Passkeys.Passkey> known) {
    ObjectNode options = options(cookie.digest(browser, PageDoor.PASSKEYS));
    options.putObject("rp").put("name", "Countersign").put("id", relyingParty());
    // The handle is no name, so that a lost device tells nobody whose it was.
    options
        .putObject("user")
        .put("id", Digest.sha256("passkey user " + visitor.subject()))
        .put("name", visitor.name())
        .put("displayName", visitor.name());
    ArrayNode algorithms = options.putArray("pubKeyCredParams");
    for (int algorithm : new int[] {-7, -8, -257}) {
      algorithms.addObject().put("type", "public-key").put("alg", algorithm);
    }
    options
        .putObject("authenticatorSelection")
        .put("residentKey", "preferred")
        .put("userVerification", "required");
    options.put("attestation", "none");
    credentials(options.putArray("excludeCredentials"), known);
    return StrictJson.write(options);
  }

  /// What an authenticator is asked to sign for an approval.
  String assertionOptions(Approval approval, String subject) {
    ObjectNode options = options(PasskeyFactor.challenge(approval));
    options.put("rpId", relyingParty()).put("userVerification", "required");
    credentials(options.putArray("allowCredentials"), passkeys.of(subject));
    return StrictJson.write(options);
  }

  private String relyingParty() {
    return webAuthn == null ? "" : webAuthn.relyingParty();
  }

  private static ObjectNode options(byte[] challenge) {
    return StrictJson.object()
        .put("challenge", Base64.getUrlEncoder().withoutPadding().encodeToString(challenge))
        .put("timeout", TIMEOUT_MILLIS);
  }

  private static void credentials(ArrayNode list, List<Passkeys.Passkey> known) {
    known.forEach(
        passkey -> list.addObject().put("type", "public-key").put("id", passkey.credentialId()));
  }
}
