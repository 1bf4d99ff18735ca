package dev.countersign.idp;

/// One authorization server as its sign-in page sees it: which requests it accepts, and how it says
/// no.
public interface AuthorizationServer {

  /// Checks an authorization request.
  AuthorizeCheck check(AuthorizationParameters parameters);

  /// The answer when a person must sign in but the client asked for no page.
  AuthorizeCheck signInNeeded(AuthorizationRequest request);
}
