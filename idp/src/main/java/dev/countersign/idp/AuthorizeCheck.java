package dev.countersign.idp;

/// How the check of an authorization request ended.
public sealed interface AuthorizeCheck {
  /// The person may sign in for it.
  record Accepted(AuthorizationRequest request) implements AuthorizeCheck {}

  /// Nobody may be redirected, since client or address are not known; the person sees a page.
  ///
  /// @param code such as `AADSTS50011`
  record Shown(String code, String text) implements AuthorizeCheck {}

  /// The client hears of it at its own address.
  ///
  /// @param error OAuth's code
  record Returned(AuthorizationRequest.Reply reply, String error, String description)
      implements AuthorizeCheck {}
}
