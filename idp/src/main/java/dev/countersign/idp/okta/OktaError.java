package dev.countersign.idp.okta;

/// The errors of Okta's OAuth endpoints that are shown here.
enum OktaError {
  UNKNOWN_CLIENT("invalid_client", 401, "Invalid value for 'client_id' parameter."),
  CLIENT_MISSING("invalid_client", 401, "A client_id must be provided in the request."),
  CLIENT_IS_PUBLIC(
      "invalid_client",
      401,
      "Client authentication failed. The client is public and holds no secret."),
  WRONG_REDIRECT_URI(
      "invalid_request",
      400,
      "The 'redirect_uri' parameter must be a Login redirect URI in the client app settings."),
  UNSUPPORTED_RESPONSE_TYPE(
      "unsupported_response_type",
      400,
      "The response type is not supported by the authorization server."),
  UNSUPPORTED_RESPONSE_MODE(
      "invalid_request", 400, "The response mode is not supported: use query or fragment."),
  STATE_MISSING(
      "invalid_request", 400, "The authentication request has an invalid 'state' parameter."),
  PKCE_REQUIRED(
      "invalid_request",
      400,
      "PKCE code challenge is required when the token endpoint authentication method is 'NONE'."),
  PKCE_METHOD(
      "invalid_request", 400, "The PKCE code challenge is not valid: the method must be S256."),
  SCOPES_MISSING(
      "invalid_scope",
      400,
      "The authentication request has no scopes, and the authorization server has no default"
          + " scopes."),
  CUSTOM_SCOPES("invalid_scope", 400, "Custom scopes are not allowed for this request."),
  UNKNOWN_SCOPE(
      "invalid_scope",
      400,
      "One or more scopes are not configured for the authorization server resource."),
  WIDER_SCOPE("invalid_scope", 400, "The requested scopes must be among those originally granted."),
  UNSUPPORTED_GRANT_TYPE(
      "unsupported_grant_type",
      400,
      "The authorization grant type is not supported by the authorization server."),
  INVALID_CODE("invalid_grant", 400, "The authorization code is invalid or has expired."),
  WRONG_CODE_REDIRECT_URI(
      "invalid_grant",
      400,
      "The 'redirect_uri' does not match the redirection URI used in the authorization request."),
  PKCE_FAILED("invalid_grant", 400, "PKCE verification failed."),
  VERIFIER_MISSING("invalid_request", 400, "PKCE code verifier is required."),
  INVALID_REFRESH_TOKEN("invalid_grant", 400, "The refresh token is invalid or expired."),
  PARAMETER_MISSING("invalid_request", 400, "The request is missing a required parameter."),
  SIGN_IN_NEEDED(
      "login_required", 400, "The client specified not to prompt, but the user is not logged in.");

  private final String error;
  private final int status;
  private final String text;

  OktaError(String error, int status, String text) {
    this.error = error;
    this.status = status;
    this.text = text;
  }

  String error() {
    return error;
  }

  int status() {
    return status;
  }

  String text() {
    return text;
  }
}
