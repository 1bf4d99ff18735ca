package dev.countersign.idp.entra;

/// The errors of Entra's sign-in service that are shown here, by their `AADSTS` number.
///
/// @see <a href="https://learn.microsoft.com/entra/identity-platform/reference-error-codes">error
///   codes</a>
enum AadError {
  MISSING_PARAMETER(
      900144, "invalid_request", 400, "The request body must contain the following parameter: "),
  MALFORMED(9002313, "invalid_request", 400, "Invalid request. Request is malformed or invalid."),
  UNKNOWN_APPLICATION(
      700016,
      "unauthorized_client",
      400,
      "Application with the given identifier was not found in the directory. Check the client_id"
          + " and the tenant."),
  WRONG_REPLY_ADDRESS(
      50011,
      "invalid_request",
      400,
      "The redirect URI specified in the request does not match the redirect URIs configured for"
          + " the application."),
  REPLY_ADDRESS_DIFFERS(
      500112,
      "invalid_client",
      400,
      "The reply address does not match the reply address provided when requesting Authorization"
          + " code."),
  UNSUPPORTED_RESPONSE_TYPE(
      700054,
      "unsupported_response_type",
      400,
      "The response_type is not enabled for the application: only code is."),
  UNSUPPORTED_RESPONSE_MODE(
      90023, "invalid_request", 400, "Unsupported response_mode: use query or fragment."),
  PKCE_REQUIRED(
      9002325,
      "invalid_request",
      400,
      "Proof Key for Code Exchange is required for cross-origin authorization code redemption."),
  PKCE_METHOD(
      501491,
      "invalid_request",
      400,
      "Invalid code_challenge or code_challenge_method: S256 is required here."),
  PKCE_MISMATCH(
      501481,
      "invalid_grant",
      400,
      "The Code_Verifier does not match the code_challenge supplied in the authorization"
          + " request."),
  SEVERAL_RESOURCES(
      700022,
      "invalid_request",
      400,
      "Provided value for the input parameter scope is not valid because it contains more than"
          + " one resource."),
  UNKNOWN_RESOURCE(
      500011,
      "invalid_resource",
      400,
      "The resource principal named in scope was not found in the tenant."),
  UNKNOWN_SCOPE(
      65005,
      "invalid_client",
      400,
      "The application asked for a scope that does not exist on the resource."),
  MALFORMED_SCOPE(
      70011,
      "invalid_scope",
      400,
      "The provided value for the input parameter 'scope' is not valid."),
  DEFAULT_SCOPE_ONLY(
      1002012,
      "invalid_scope",
      400,
      "The provided value for scope is not valid. Client credential flows must have a scope value"
          + " with /.default suffixed to the resource identifier."),
  UNSUPPORTED_GRANT_TYPE(
      70003, "unsupported_grant_type", 400, "The app requested an unsupported grant type."),
  INVALID_CODE(
      70000,
      "invalid_grant",
      400,
      "The provided value for the 'code' or 'refresh_token' parameter is not valid."),
  CODE_EXPIRED(
      70008,
      "invalid_grant",
      400,
      "The provided authorization code or refresh token has expired due to inactivity."),
  CODE_REDEEMED(54005, "invalid_grant", 400, "OAuth2 Authorization code was already redeemed."),
  GRANT_REVOKED(
      50173,
      "invalid_grant",
      400,
      "The provided grant has expired due to it being revoked, a fresh auth token is needed. "),
  CLIENT_IS_PUBLIC(
      700025,
      "invalid_client",
      401,
      "Client is public so neither 'client_assertion' nor 'client_secret' should be presented."),
  INVALID_CLIENT_SECRET(7000215, "invalid_client", 401, "Invalid client secret provided."),
  CLIENT_SECRET_MISSING(
      7000218,
      "invalid_client",
      401,
      "The request body must contain the following parameter: 'client_assertion' or"
          + " 'client_secret'."),
  SIGN_IN_NEEDED(
      50058, "login_required", 400, "Session information is not sufficient for single-sign-on."),
  WRONG_PASSWORD(
      50126,
      "access_denied",
      400,
      "Error validating credentials due to invalid username or password."),
  FORM_EXPIRED(
      165004,
      "invalid_request",
      400,
      "The sign-in form has expired or belongs to another browser."),
  TENANT_NOT_FOUND(90002, "invalid_request", 400, "Tenant not found.");

  private final int number;
  private final String error;
  private final int status;
  private final String text;

  AadError(int number, String error, int status, String text) {
    this.number = number;
    this.error = error;
    this.status = status;
    this.text = text;
  }

  int number() {
    return number;
  }

  /// OAuth's code.
  String error() {
    return error;
  }

  int status() {
    return status;
  }

  String code() {
    return "AADSTS" + number;
  }

  String text() {
    return text;
  }
}
