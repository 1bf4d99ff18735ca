package dev.countersign.console.http;

import dev.countersign.protocol.Secret;
import java.net.URI;

/// The page where an operator ends sessions.
final class EndMarkup {
  /// The page's own script besides the usual style, and nothing from elsewhere.
  static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self';"
          + " img-src 'self' data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none';"
          + " require-trusted-types-for 'script'; trusted-types 'none'";

  private EndMarkup() {}

  /// @param csrf the token that each act must bring
  /// @param issuer the token service, for which the operator signs
  static String page(Secret csrf, URI issuer) {
    return Layout.page(
        "End sessions",
        LedgerMarkup.BAR,
        """
        <meta name="csrf" content="%s"><meta name="audience" content="%s">
        <script type="module" src="%s"></script>
        <h1>End sessions</h1>
        <p class="soft">Ends what agents may do for a person: tokens, leases, database sessions, and the sign-ins at the identity provider. With a client, only what that client does.</p>
        <p id="result" role="status" hidden></p>
        <form id="end" class="card">
        <label for="person">Person</label><input id="person" name="person" type="text" autocomplete="off" spellcheck="false" maxlength="512" aria-describedby="person-hint">
        <p class="hint" id="person-hint">The subject key: anchor, |, id there. Only with a client may it be empty; then it is about everybody.</p>
        <label for="client">Client (optional)</label><input id="client" name="client" type="text" autocomplete="off" spellcheck="false" maxlength="128">
        <label for="reason">Reason</label><input id="reason" name="reason" type="text" autocomplete="off" maxlength="500" required aria-describedby="reason-hint">
        <p class="hint" id="reason-hint">One sentence; it goes into the event and the ledger.</p>
        <label for="name">Operator</label><input id="name" name="name" type="text" autocomplete="off" spellcheck="false" value="operator" required>
        <label for="key">Your key</label><input id="key" name="key" type="file" accept=".jwk,.json" required aria-describedby="key-hint">
        <p class="hint" id="key-hint">It signs in this browser and is not sent anywhere; the console has none.</p>
        <div class="actions"><button type="submit" value="kills">End sessions</button><button type="submit" class="plain" value="openings">Let in again</button></div>
        </form>
        <noscript><p class="note bad">Your key signs by script. Without scripts use <code>./countersign kill</code>.</p></noscript>
        """
            .formatted(
                Html.exact(csrf.reveal()),
                Html.exact(issuer.toString()),
                Assets.OPERATOR_SCRIPT.path()));
  }
}
