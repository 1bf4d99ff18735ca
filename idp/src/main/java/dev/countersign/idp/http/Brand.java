package dev.countersign.idp.http;

/// How one provider's pages look and what its cookies are called. The names differ, since browsers
/// share cookies between the ports of one host.
///
/// @param accent a CSS colour with enough contrast to white text
record Brand(
    String name,
    String organisation,
    String usernameLabel,
    String accent,
    String sessionCookie,
    String formCookie) {

  static Brand entra() {
    return new Brand(
        "Entra-shaped sign-in",
        "Contoso",
        "User name",
        "#0a58b8",
        "dev_entra_session",
        "dev_entra_form");
  }

  static Brand okta() {
    return new Brand(
        "Okta-shaped sign-in",
        "Fabrikam",
        "User name",
        "#00455e",
        "dev_okta_session",
        "dev_okta_form");
  }
}
